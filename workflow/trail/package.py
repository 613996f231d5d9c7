"""The evidence package (证据包) of a case: everything it was decided on, in one file that verifies without this house."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select

from workflow import files
from workflow.attempt import Case
from workflow.db import canonical
from workflow.model import (
    attachments,
    case_actors,
    clocks,
    decisions,
    dossiers,
    journals,
    postings,
    records,
    round_seats,
    rounds,
    worksheets,
)
from workflow.organisations.model import organisations, persons
from workflow.parties import consortium_of
from workflow.rules import rulebook
from workflow.trail import export, verifier

FORMAT = "gongzhi-evidence/1"
FIRST_MOMENT = (1980, 1, 1, 0, 0, 0)
README = Path(__file__).with_name("package_readme.md")


def evidence(connection: Connection, case: Case) -> bytes:
    """The package as a zip file; the same content of the case gives the same bytes."""
    parts: dict[str, bytes] = {
        "records.jsonl": "".join(export.lines(connection, case=case.id)).encode(),
        "case.json": _pretty(_about(connection, case)),
        "decisions.json": _pretty(_decided(connection, case)),
        "journals.json": _pretty(_booked(connection, case)),
        "rules.json": _pretty(_rules(connection, case)),
        "verifier.py": Path(verifier.__file__).read_bytes(),
        "README.md": README.read_bytes(),
    }
    for row in _of_case(connection, dossiers, case):
        parts[f"dossiers/{row.version:04}.json"] = row.body.encode()
    for row in _of_case(connection, worksheets, case):
        parts[f"worksheets/{row.version:04}.json"] = row.body.encode()
        parts[f"worksheets/{row.version:04}.facts.json"] = row.facts.encode()
        parts[f"worksheets/{row.version:04}.agreement.json"] = row.agreement.encode()
    listed, missing = _attach(connection, case, parts)
    parts["attachments.json"] = _pretty(listed)
    named = {name: {"sha256": _digest(content), "size": len(content)} for name, content in parts.items()}
    manifest = {"package": FORMAT, "case": case.id, "files": named, "missing": missing}
    return _zipped({**parts, "manifest.json": _pretty(manifest)})


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _pretty(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, default=str) + "\n").encode()


def _of_case(connection: Connection, table: Table, case: Case) -> Iterable[Any]:
    return connection.execute(select(table).where(table.c.case_id == case.id).order_by(*table.primary_key)).all()


def _plain(row: Any, *parsed: str) -> dict[str, Any]:
    return {name: json.loads(value) if name in parsed else value for name, value in row._mapping.items()}


def _about(connection: Connection, case: Case) -> dict[str, Any]:
    consortium = consortium_of(connection, case.consortium_id)
    told = _of_case(connection, records, case)
    people = {row.person_id for row in told if row.person_id}
    people |= {json.loads(row.body)["data"]["for"] for row in told if '"for":' in row.body}
    bodies = {row.organisation_id for row in told if row.organisation_id}
    head = {"stage": case.stage, "pool": case.pool, "period": case.period, "serial": case.serial}
    return {
        "subject": {"stage": case.stage, "case": head},
        "case": {name: getattr(case, name) for name in Case.__slots__},
        "consortium": {"code": consortium.code, "name": consortium.name, "place": consortium.place},
        "persons": dict(connection.execute(select(persons.c.id, persons.c.name).where(persons.c.id.in_(people))).all()),
        "organisations": {
            row.id: {"code": row.code, "name": row.name, "kind": row.kind, "place": row.place}
            for row in connection.execute(select(organisations).where(organisations.c.id.in_(bodies)))
        },
        "duties": [_plain(row) for row in _of_case(connection, case_actors, case)],
        "deadlines": [_plain(row) for row in _of_case(connection, clocks, case)],
    }


def _decided(connection: Connection, case: Case) -> dict[str, Any]:
    return {
        "rounds": [_plain(row) for row in _of_case(connection, rounds, case)],
        "seats": [_plain(row, "eligible") for row in _of_case(connection, round_seats, case)],
        "decisions": [_plain(row, "details") for row in _of_case(connection, decisions, case)],
    }


def _booked(connection: Connection, case: Case) -> list[dict[str, Any]]:
    lines = select(postings).join(journals).where(journals.c.case_id == case.id).order_by(*postings.primary_key)
    found: dict[int, list[dict[str, Any]]] = {}
    for row in connection.execute(lines):
        found.setdefault(row.journal_id, []).append({"account": row.account, "party": row.party, "fen": row.fen})
    return [{**_plain(row), "lines": found.get(row.id, [])} for row in _of_case(connection, journals, case)]


def _rules(connection: Connection, case: Case) -> dict[str, Any]:
    """The provisions that the case's worksheets and deadlines stand on, each once, with its clause."""
    used: dict[str, Mapping[str, Any]] = {}
    digests = set()
    for row in _of_case(connection, worksheets, case):
        digests.add(row.book_digest)
        for line in json.loads(row.body)["lines"]:
            if line["provision"]:
                used.setdefault(canonical(line["provision"]), line["provision"])
    for row in _of_case(connection, clocks, case):
        provision = rulebook(connection).at(case.place).in_force(row.started_on).find(row.rule)
        if provision is not None:
            data = provision.as_data()
            used.setdefault(canonical(data), data)
    return {"book_digests": sorted(digests), "provisions": [used[key] for key in sorted(used)]}


def _attach(connection: Connection, case: Case, parts: dict[str, bytes]) -> tuple[list[dict[str, Any]], list[str]]:
    listed, missing = [], []
    for row in _of_case(connection, attachments, case):
        name = f"attachments/{row.sha256}.{row.name.rsplit('.', 1)[-1].lower()}"
        try:
            parts[name] = files.open_bytes(row.sha256)
        except FileNotFoundError:
            missing.append(name)
        listed.append({**_plain(row), "file": name})
    return listed, missing


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(parts):
            entry = zipfile.ZipInfo(name, FIRST_MOMENT)
            entry.create_system, entry.external_attr, entry.compress_type = 3, 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, parts[name])
    return packed.getvalue()
