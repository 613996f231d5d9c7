"""Each guard of a clearing refuses where it must, asked alone, whatever another guard or the command would say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.clearing.clearings import NO_FACTS, Desk
from tests.clearing.preceding import at
from tests.clearing.test_clearing_supplementary import first_closed
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.banking.standing import bank_lines_resolved
from workflow.clearing import conditions, machine
from workflow.db import reading
from workflow.model import cases

READY = ("every_month_closed_or_carried", "fund_assessment_final", "budget_issued", "facts_entered", "facts_confirmed")


def asked(desk: Desk, guard: Any, actor: Any = SYSTEM, progress: dict[str, Any] | None = None) -> Any:
    """What one guard says of the newest clearing."""
    with reading(desk.engine) as connection:
        row = connection.execute(select(cases).where(cases.c.stage == "clearing").order_by(cases.c.id.desc())).first()
        assert row is not None
        attempt = Attempt(connection, Case(*row), actor, at(3, 1))
        if progress is not None:
            attempt.progress = progress
        return guard(attempt)


@pytest.mark.parametrize("name", READY)
def test_nothing_is_ready_of_a_year_just_opened(engine: Engine, name: str) -> None:
    desk = Desk(engine, months=range(1, 12), budget_fen=None)
    desk.tick(at(1, 10))
    assert asked(desk, getattr(machine, name))


@pytest.mark.parametrize("name", [*READY, "objections_answered", "exit_budget_ruled", "every_exit_fixed",
                                  "exit_deposit_ruled", "every_bureau_is_there"])
def test_all_is_ready_of_a_year_that_is_calculated(engine: Engine, name: str) -> None:
    desk = Desk(engine)
    desk.calculated()
    assert not asked(desk, getattr(machine, name))


def test_facts_that_changed_are_not_confirmed_and_returned_ones_not_entered(engine: Engine) -> None:
    desk = Desk(engine)
    desk.calculated()
    desk.take("enter_facts", Role.AGENCY_CLERK, at(1, 15), **NO_FACTS, risk_fund_fen=5)
    assert asked(desk, machine.facts_confirmed) and not asked(desk, machine.facts_entered)
    desk.take("return_facts", Role.CITY_FINANCE_REVIEWER, at(1, 16), reason="风险金有误")
    assert asked(desk, machine.facts_entered)


def test_an_objection_waits_for_its_answer(engine: Engine) -> None:
    desk = Desk(engine)
    desk.calculated()
    desk.take("object_to", Role.LEAD_HEAD, at(1, 15), lines=[{"line": "due_fen", "reason": "少计一月"}])
    assert asked(desk, machine.objections_answered) and "还没有答复" in str(asked(desk, machine.objections_answered).reason)


def test_only_the_finance_bureau_of_the_rule_confirms(engine: Engine) -> None:
    desk = Desk(engine)
    desk.tick(at(1, 10))
    county = desk.county
    assert asked(desk, machine.confirmed_by_the_rules_bureau, county.actor(Role.COUNTY_FINANCE_REVIEWER))
    assert asked(desk, machine.confirmed_by_the_rules_bureau, county.actor(Role.CITY_FINANCE_REVIEWER)) is None


def test_a_bureau_that_is_not_there_is_named(engine: Engine) -> None:
    desk = Desk(engine)
    desk.tick(at(1, 10))

    def without(attempt: Attempt) -> Any:
        parties = SimpleNamespace(body=lambda kind: None if kind == "city_finance" else 1)
        here: Any = SimpleNamespace(rule=attempt.rule, parties=parties)
        return machine.every_bureau_is_there(here)

    [refusal] = asked(desk, without)
    assert refusal.fact == "city_finance"


def test_on_the_way_of_the_money_each_guard_says_what_is_open(engine: Engine) -> None:
    desk = Desk(engine)
    desk.approved()
    member = desk.county.actor(Role.MEMBER_CLERK, "tcm")
    assert asked(desk, conditions.every_member_has_its_due) and asked(desk, conditions.money_out) is None
    assert asked(desk, conditions.own_money_open, member) is None
    assert asked(desk, conditions.own_money_open, desk.county.actor(Role.LEAD_HEAD)) is not None
    assert asked(desk, conditions.something_to_recover) is not None and asked(desk, conditions.claims_stand) is not None


def test_once_all_have_their_money_nothing_more_is_open(engine: Engine) -> None:
    desk = first_closed(engine)
    member = desk.county.actor(Role.MEMBER_CLERK, "tcm")
    assert asked(desk, conditions.every_member_has_its_due) == []
    assert asked(desk, conditions.money_out) is not None and asked(desk, conditions.own_money_open, member) is not None


def test_an_open_line_of_the_bank_is_named(engine: Engine) -> None:
    desk = Desk(engine)
    desk.tick(at(1, 10))
    line = {"ref": "L1", "key": "k", "party": "lead", "name": "县医院", "fen": 5, "again": False}
    reply = {"batch": "P1", "rows": [{"ref": "L1", "status": "failed", "fen": 5}]}
    book = {"batches": [{"no": "P1", "kind": "lead", "lines": [line]}], "replies": [reply]}
    [refusal] = asked(desk, bank_lines_resolved, progress={"bank": book})
    assert "L1" in str(refusal.reason)
    assert asked(desk, bank_lines_resolved, progress={"bank": {**book, "replies": []}}) == []
