"""The event log keeps to the structure of OCEL 2.0 in JSON, as published at ocel-standard.org, written out by hand."""

from __future__ import annotations

import json
from collections.abc import Set
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from tests.kernel.sample_stage import Sample
from workflow.db import reading
from workflow.model import records
from workflow.trail.ocel import event_log

KINDS: dict[str, type | tuple[type, ...]] = {
    "string": str, "time": str, "integer": int, "float": (int, float), "boolean": bool,
}  # fmt: skip


def keys(value: dict[str, Any], required: set[str], allowed: Set[str] = frozenset()) -> None:
    assert required <= value.keys() <= required | allowed, value


def is_time(text: Any) -> bool:
    return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None


def types(declared: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    found = {}
    for one in declared:
        keys(one, {"name", "attributes"})
        for attribute in one["attributes"]:
            keys(attribute, {"name", "type"})
            assert attribute["type"] in KINDS
        assert one["name"] not in found
        found[one["name"]] = {attribute["name"]: attribute["type"] for attribute in one["attributes"]}
    return found


def check_relationships(related: list[dict[str, Any]], known: set[str]) -> None:
    for one in related:
        keys(one, {"objectId", "qualifier"})
        assert one["objectId"] in known
        assert one["qualifier"] and isinstance(one["qualifier"], str)


def check_values(one: dict[str, Any], declared: dict[str, str], *, timed: bool) -> None:
    for attribute in one["attributes"]:
        keys(attribute, {"name", "value", "time"} if timed else {"name", "value"})
        assert isinstance(attribute["value"], KINDS[declared[attribute["name"]]]), attribute
        assert not timed or is_time(attribute["time"])


def check_conformity(log: dict[str, Any]) -> None:
    """Every rule of the published structure that a log can break."""
    keys(log, {"objectTypes", "eventTypes", "objects", "events"})
    object_types, event_types = types(log["objectTypes"]), types(log["eventTypes"])
    known = {one["id"] for one in log["objects"]}
    assert len(known) == len(log["objects"])
    assert len({one["id"] for one in log["events"]}) == len(log["events"])
    for one in log["objects"]:
        keys(one, {"id", "type"}, {"attributes", "relationships"})
        check_values(one, object_types[one["type"]], timed=True)
        check_relationships(one["relationships"], known)
    for one in log["events"]:
        keys(one, {"id", "type", "time"}, {"attributes", "relationships"})
        assert is_time(one["time"])
        check_values(one, event_types[one["type"]], timed=False)
        check_relationships(one["relationships"], known)


def test_every_record_is_an_event_of_a_conforming_log(lived: Sample) -> None:
    number = lived.open_case("under_review")
    lived.opine(number)
    lived.decide(number)
    with reading(lived.engine) as connection:
        log = json.loads(json.dumps(event_log(connection), ensure_ascii=False))
        count = connection.scalar(select(func.count()).select_from(records))
    check_conformity(log)
    assert len(log["events"]) == count
    named = {one["name"] for one in log["eventTypes"]}
    assert {"sample.open", "sample.opine", "sample.decide", "sample.agree"} <= named
    case = next(one for one in log["objects"] if one["id"] == f"case:{number}")
    states = [one["value"] for one in case["attributes"] if one["name"] == "state"]
    assert states == ["under_review", "agreed"]


def test_people_are_in_it_by_number_only(lived: Sample) -> None:
    with reading(lived.engine) as connection:
        told = json.dumps(event_log(connection), ensure_ascii=False)
    names = {actor.name for people in lived.county.actors.values() for actor in people}
    assert names and not any(f'"{name}"' in told for name in names)


def test_a_log_that_breaks_the_structure_is_told_apart(lived: Sample) -> None:
    with reading(lived.engine) as connection:
        log = event_log(connection)
    for broken in (
        {**log, "more": []},
        {**log, "objects": log["objects"][1:]},
        {**log, "events": [{**log["events"][0], "time": "2026-03-02T01:00:00"}]},
        {**log, "eventTypes": []},
    ):
        try:
            check_conformity(broken)
        except (AssertionError, KeyError):
            continue
        raise AssertionError("a broken log passed")
