"""The trail as an object-centric event log, OCEL 2.0 in JSON, for process mining tools."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, select

from workflow.db import moment_text
from workflow.model import cases, records
from workflow.organisations.model import consortia, organisations

EVENT_ATTRIBUTES = (
    ("seq", "integer"), ("role", "string"), ("person", "string"), ("from", "string"), ("to", "string"),
    ("for", "string"), ("verdict", "string"), ("hash", "string"),
)  # fmt: skip
OBJECT_ATTRIBUTES: dict[str, tuple[tuple[str, str], ...]] = {
    "consortium": (("code", "string"), ("name", "string"), ("place", "string")),
    "organisation": (("code", "string"), ("name", "string"), ("kind", "string"), ("place", "string")),
    "case": (
        ("stage", "string"), ("pool", "string"), ("period", "string"), ("serial", "integer"), ("state", "string"),
    ),
}  # fmt: skip
ALWAYS = "1970-01-01T00:00:00Z"


def event_log(connection: Connection) -> dict[str, Any]:
    """Every record as an event of type ``stage.verb``, bound to its case, consortium and acting organisation.

    People appear by number only; a case's state is an attribute that changes with time.
    """
    stages = {row.id: (row.stage, row.consortium_id) for row in connection.execute(select(cases))}
    query = select(records).order_by(records.c.at, records.c.case_id, records.c.seq)
    events, states = [], dict[int, list[dict[str, Any]]]()
    for row in connection.execute(query):
        stage, consortium = stages[row.case_id]
        events.append(_event(row, stage, consortium))
        if row.from_state != row.to_state or row.seq == 1:
            moved = {"name": "state", "time": moment_text(row.at), "value": row.to_state}
            states.setdefault(row.case_id, []).append(moved)
    return {
        "objectTypes": [_type(name, attributes) for name, attributes in OBJECT_ATTRIBUTES.items()],
        "eventTypes": [_type(name, EVENT_ATTRIBUTES) for name in sorted({event["type"] for event in events})],
        "objects": _objects(connection, states),
        "events": events,
    }


def _type(name: str, attributes: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return {"name": name, "attributes": [{"name": one, "type": kind} for one, kind in attributes]}


def _event(row: Any, stage: str, consortium: int) -> dict[str, Any]:
    data = json.loads(row.body)["data"]
    told = {
        "seq": row.seq, "role": row.role, "from": row.from_state, "to": row.to_state, "hash": row.hash,
        "person": None if row.person_id is None else f"person:{row.person_id}",
        "for": f"person:{data['for']}" if "for" in data else None,
        "verdict": data.get("verdict"),
    }
    related = [_related("case", row.case_id, "case"), _related("consortium", consortium, "consortium")]
    if row.organisation_id is not None:
        related.append(_related("organisation", row.organisation_id, "acting"))
    return {
        "id": f"record:{row.case_id}:{row.seq}",
        "type": f"{stage}.{row.verb}",
        "time": moment_text(row.at),
        "attributes": [{"name": name, "value": value} for name, value in told.items() if value is not None],
        "relationships": related,
    }


def _related(kind: str, number: int, qualifier: str) -> dict[str, str]:
    return {"objectId": f"{kind}:{number}", "qualifier": qualifier}


def _objects(connection: Connection, states: dict[int, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    found = [
        _object("consortium", row, [_related("organisation", row.lead_id, "lead")])
        for row in connection.execute(select(consortia).order_by(consortia.c.id))
    ]
    found += [
        _object("organisation", row, [])
        for row in connection.execute(select(organisations).order_by(organisations.c.id))
    ]
    for row in connection.execute(select(cases).order_by(cases.c.id)):
        related = [_related("consortium", row.consortium_id, "of")]
        if row.follows_id is not None:
            related.append(_related("case", row.follows_id, "follows"))
        one = _object("case", row, related)
        one["attributes"] = [told for told in one["attributes"] if told["name"] != "state"] + states.get(row.id, [])
        found.append(one)
    return found


def _object(kind: str, row: Any, related: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "id": f"{kind}:{row.id}",
        "type": kind,
        "attributes": [
            {"name": name, "time": ALWAYS, "value": getattr(row, name)} for name, _kind in OBJECT_ATTRIBUTES[kind]
        ],
        "relationships": related,
    }
