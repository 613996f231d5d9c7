"""What the rule defers waits on its own account until it is released by two people, and is then paid like the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from governance.roles import Role
from tests.clearing.preceding import at
from tests.surplus_plan.plans import Desk
from workflow import clocks, ledger
from workflow.attempt import Attempt
from workflow.db import reading, writing
from workflow.surplus_plan.opening import DEFERRED_AFTER

BOOK = "sample-a/resident"
DEFERRED_FEN = 20_000_000
ASKED = {"outcome": "release", "reason": "次年复核合格", "document": "样例复核〔2026〕1号"}


def due_after(monkeypatch: pytest.MonkeyPatch, months: str) -> None:
    """A deferred part falls due so many months after the clearing."""
    rule, find_rule = Attempt.rule, Attempt.find_rule

    def asked(found: Any) -> Any:
        def answer(self: Attempt, key: str, on: date | None = None) -> Any:
            if key != DEFERRED_AFTER:
                return found(self, key, on)
            like = rule(self, "settlement.pay_members_within", on)
            return replace(like, rule=key, value=months, unit="months")

        return answer

    monkeypatch.setattr(Attempt, "rule", asked(rule))
    monkeypatch.setattr(Attempt, "find_rule", asked(find_rule))


@pytest.fixture
def desk(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A closed clearing of which a part is deferred, as it is booked."""
    due_after(monkeypatch, "1")
    return booked(engine)


def booked(engine: Engine) -> Desk:
    """The same where the place may say nothing of when it falls due."""
    desk = Desk(engine, deferred_fen=DEFERRED_FEN)
    with writing(engine) as connection:
        ledger.post(
            connection, book=BOOK, year=2025, biz_key="clearing:deferred", case_id=desk.cleared, memo="年度清算审批",
            lines=[("deferred", "sample-a", -DEFERRED_FEN), ("clearing", "sample-a", DEFERRED_FEN)], at=at(3, 2),
        )  # fmt: skip
    return desk


def deferred_fen(desk: Desk) -> int:
    """What stands on the account of deferred surplus."""
    with reading(desk.engine) as connection:
        return ledger.balance(connection, account="deferred", book=BOOK)


def test_it_waits_for_its_day_and_the_clerk_is_reminded(desk: Desk) -> None:
    assert desk.case.state == "deferred"
    with reading(desk.engine) as connection:
        (running,) = clocks.running(connection, desk.case.id)
    assert (running.name, running.holder_role, str(running.deadline)) == ("release", "agency_clerk", "2026-04-02")
    assert "2026-04-02 到期" in desk.refused("propose_release", Role.AGENCY_CLERK, at(4, 1), **ASKED)
    assert "没有提出“发放”" in desk.refused("release", Role.AGENCY_HEAD, at(4, 2))


def test_it_is_released_by_a_second_person_and_paid_like_what_is_retained(desk: Desk) -> None:
    assert "请选择" in desk.refused("propose_release", Role.AGENCY_CLERK, at(4, 2), **ASKED | {"outcome": "x"})
    assert "依据文件" in desk.refused("propose_release", Role.AGENCY_CLERK, at(4, 2), **ASKED | {"document": " "})
    desk.take("propose_release", Role.AGENCY_CLERK, at(4, 2), **ASKED)
    assert "已提出" in desk.refused("propose_release", Role.AGENCY_CLERK, at(4, 2), **ASKED)
    assert "没有提出" in desk.refused("forfeit", Role.AGENCY_HEAD, at(4, 2))
    desk.take("return_release", Role.AGENCY_HEAD, at(4, 2), reason="请附复核结果")
    desk.take("propose_release", Role.AGENCY_CLERK, at(4, 2), **ASKED)
    assert deferred_fen(desk) == -DEFERRED_FEN
    assert desk.take("release", Role.AGENCY_HEAD, at(4, 3)) == "drafting"
    desk.take("draft", Role.LEAD_FINANCE, at(4, 3))
    assert desk.read(lambda attempt: sum(attempt.results["members"].values())) == DEFERRED_FEN


def test_what_is_filed_comes_off_the_deferred_account(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    due_after(monkeypatch, "0")
    desk = booked(engine)
    desk.take("propose_release", Role.AGENCY_CLERK, at(3, 2), **ASKED)
    desk.take("release", Role.AGENCY_HEAD, at(3, 2))
    desk.deductions = {}
    desk.filed()
    assert desk.case.state == "filed" and deferred_fen(desk) == 0
    assert desk.take("pay_retained", Role.AGENCY_CLERK, at(3, 18), n=1, bank_reference="B-1") == "paying"
    with reading(desk.engine) as connection:
        assert ledger.balance(connection, account="bank", case_ids=[desk.case.id]) == -DEFERRED_FEN


def test_what_is_not_released_stays_in_the_pool(desk: Desk) -> None:
    desk.take("propose_release", Role.AGENCY_CLERK, at(4, 2), **ASKED | {"outcome": "forfeit"})
    assert "没有提出" in desk.refused("release", Role.AGENCY_HEAD, at(4, 2))
    assert desk.take("forfeit", Role.AGENCY_HEAD, at(4, 2)) == "completed"
    assert deferred_fen(desk) == 0


def test_without_a_rule_it_is_said_who_has_to_set_it(engine: Engine) -> None:
    desk = booked(engine)
    with reading(engine) as connection:
        assert clocks.running(connection, desk.case.id) == []
    assert "尚未配置" in desk.refused("propose_release", Role.AGENCY_CLERK, at(4, 2), **ASKED)
