"""A part of a year: members that join or leave within it, and a consortium whose agreement ends within it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from governance.roles import Role
from tests.clearing import preceding
from tests.clearing.clearings import NO_FACTS, Desk
from tests.clearing.preceding import at
from workflow.attempt import Attempt
from workflow.clearing.exiting import EXIT_BUDGET, exit_budget_ruled
from workflow.clearing.figures import gather
from workflow.clearing.jobs import JOBS
from workflow.db import canonical, writing
from workflow.jobs import run_due
from workflow.model import cases
from workflow.organisations.model import memberships


def gone(desk: Desk, code: str, until: date) -> None:
    """A member leaves."""
    with writing(desk.engine) as connection:
        connection.execute(
            memberships.update()
            .where(memberships.c.organisation_id == desk.county.organisations[code])
            .values(until=until)
        )


@pytest.mark.parametrize("until", [date(2025, 6, 30), date(2025, 12, 31), date(2026, 1, 5)])
def test_who_left_is_cleared_and_all_are_the_whole(engine: Engine, until: date) -> None:
    desk = Desk(engine)
    gone(desk, "town-1", until)
    gone(desk, "tcm", until)
    desk.calculated({"fund_in_deficit": False, "penalties": {"town-1": 1_001}})
    results, facts = desk.read(lambda attempt: attempt.results), desk.read(gather)
    assert {"town-1", "tcm"} <= set(results["members"])
    for name in ("own_fen", "net_fen", "penalties_fen", "deposit_withheld_fen"):
        whole_fen = facts["months"]["net_fen"] if name == "net_fen" else facts[name]
        assert sum(one[name] for one in facts["members"]) == whole_fen
    dues_fen = sum(one["due_fen"] for one in results["members"].values())
    assert dues_fen + results["retained_fen"] - results["own_share_fen"] == results["due_fen"]


def test_who_left_before_the_year_is_no_part_of_it(engine: Engine) -> None:
    desk = Desk(engine)
    gone(desk, "town-1", date(2024, 12, 31))
    desk.tick(at(1, 10))
    assert "town-1" in desk.refused(
        "enter_facts", Role.AGENCY_CLERK, at(1, 12), fund_in_deficit=False, penalties={"town-1": 5}
    )


def exited(engine: Engine) -> Desk:
    """A consortium whose agreement ended in June, settled until then, with the facts of its exit."""
    desk = Desk(engine, months=range(1, 7))
    with writing(engine) as connection:
        connection.execute(
            cases.update().where(cases.c.stage == "agreement").values(
                state="terminated", progress=canonical({"terminated_on": "2025-06-30"})
            )
        )  # fmt: skip
        preceding.assessed(connection, desk.county, "fund")
    assert [one.job for one in desk.tick(at(7, 10, 2025))] == ["open_clearing"]
    desk.take("enter_facts", Role.AGENCY_CLERK, at(7, 11, 2025), **NO_FACTS)
    desk.take("confirm_facts", Role.CITY_FINANCE_REVIEWER, at(7, 11, 2025))
    return desk


def test_an_exit_opens_at_once_and_waits_for_the_rule_of_its_budget(engine: Engine) -> None:
    desk = exited(engine)
    assert run_due(engine, at(7, 12, 2025), JOBS) == [] and desk.case.state == "open"
    assert "尚未配置：年中退出时计入清算的总额预算" in desk.read(
        lambda attempt: "；".join(str(one.reason) for one in exit_budget_ruled(attempt))
    )


@pytest.mark.parametrize(("said", "budget_fen"), [("pro_rata", 400_000_000), ("full", 800_000_000)])
def test_an_exits_budget_is_what_the_rule_says(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, said: str, budget_fen: int
) -> None:
    rule = Attempt.rule

    def ruled(self: Attempt, key: str, on: date | None = None) -> Any:
        if key == EXIT_BUDGET:
            return replace(rule(self, "settlement.pay_members_within", on), rule=key, value=said)
        return rule(self, key, on)

    monkeypatch.setattr(Attempt, "rule", ruled)
    desk = exited(engine)
    assert [one.job for one in desk.tick(at(7, 12, 2025))] == ["calculate_clearing"]
    assert desk.read(gather)["budget_fen"] == budget_fen
