"""Stored worksheets run again: the same bytes, whatever was enacted since; a changed text or fact is found."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from tests.faults.test_trail import drop_triggers
from tests.rule_change.changing import City, city_with_month
from workflow.attempt import sha256
from workflow.cli.recalculating import said
from workflow.db import canonical, reading, writing
from workflow.model import worksheets
from workflow.recalculating.again import Again, every


def checked(city: City) -> Again:
    with reading(city.engine) as connection:
        return next(found for _row, found in every(connection, city.held["month"].case_id))


def forged(city: City, **changed: Any) -> None:
    """Whoever owns the database writes over the stored worksheet."""
    with writing(city.engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ALTER TABLE worksheets DISABLE TRIGGER USER")
        else:
            drop_triggers(connection)
        mine = worksheets.c.case_id == city.held["month"].case_id
        held = connection.execute(select(worksheets).where(mine)).first()
        assert held is not None
        for name, change in changed.items():
            connection.execute(
                text(f"UPDATE worksheets SET {name} = :value WHERE case_id = :case AND version = :version"),
                {"value": change(getattr(held, name)), "case": held.case_id, "version": held.version},
            )


def another_amount(body: str) -> str:
    data = json.loads(body)
    line = next(one for one in data["lines"] if one["key"] == "net_to_lead_fen")
    line["amount_fen"] += 100
    return canonical(data)


def test_what_was_calculated_comes_out_the_same(engine: Engine) -> None:
    found = checked(city_with_month(engine))
    assert (found.same, found.intact, found.rules_found, found.lines, found.problem) == (True, True, True, [], "")


def test_rules_enacted_since_do_not_change_it(engine: Engine) -> None:
    city = city_with_month(engine)
    city.to_enacted(since="2025-03-01", backwards=True)
    assert checked(city).same


def test_a_changed_body_is_found_with_its_line(engine: Engine) -> None:
    city = city_with_month(engine)
    forged(city, body=another_amount)
    found = checked(city)
    assert not found.same and not found.intact
    assert [key for key, _was, _now in found.lines] == ["net_to_lead_fen"]
    assert "net_to_lead_fen" in said(found)


def test_a_changed_body_whose_hash_was_mended_is_found_too(engine: Engine) -> None:
    city = city_with_month(engine)
    with reading(engine) as connection:
        body = str(connection.scalar(select(worksheets.c.body)))
    forged(city, body=another_amount, sha256=lambda _old: sha256(another_amount(body)))
    found = checked(city)
    assert (found.same, found.intact) == (False, True) and found.lines


@pytest.mark.parametrize("facts", ["{}", "not json", '{"consortium": 1}'])
def test_changed_facts_are_found(engine: Engine, facts: str) -> None:
    city = city_with_month(engine)
    forged(city, facts=lambda _old: facts)
    found = checked(city)
    assert not found.same and (found.problem or found.lines)


def test_a_fact_changed_by_one_fen_is_found(engine: Engine) -> None:
    city = city_with_month(engine)

    def more(facts: str) -> str:
        data = json.loads(facts)
        data["away_fen"] += 1
        return canonical(data)

    forged(city, facts=more)
    assert "charged_fen" in [key for key, _was, _now in checked(city).lines]
