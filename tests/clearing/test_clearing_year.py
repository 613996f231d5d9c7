"""A year is cleared: facts, calculation, reconciliation, two bureaus, the bank, and what is booked."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from governance.refusal import Refused
from governance.roles import Role
from tests.clearing import preceding
from tests.clearing.clearings import NO_FACTS, Desk
from tests.clearing.preceding import at
from workflow import clocks, jobs, ledger, lifecycle, records
from workflow.attempt import SYSTEM
from workflow.clearing import figures
from workflow.clearing.jobs import JOBS
from workflow.clearing.model import closed
from workflow.db import reading, writing
from workflow.jobs import run_due


@pytest.fixture
def desk(engine: Engine) -> Desk:
    """A county with its year."""
    return Desk(engine)


def test_opens_once_in_january_with_the_statutory_clock(desk: Desk) -> None:
    assert desk.tick(at(12, 31, 2025)) == []
    assert [one.job for one in desk.tick(at(1, 1))] == ["open_clearing"]
    assert desk.tick(at(1, 2)) == []
    with reading(desk.engine) as connection:
        (running,) = clocks.running(connection, desk.case.id)
    assert (running.name, running.deadline.isoformat()) == ("clearing", "2026-05-31")


def test_a_year_is_cleared_to_the_fen(desk: Desk) -> None:
    desk.approved()
    results = desk.read(lambda attempt: attempt.results)
    own_fen = 12 * 54_500_001
    assert results["charged_fen"] == own_fen + 12 * preceding.AWAY_FEN
    assert results["surplus_fen"] == 800_000_000 - results["charged_fen"]
    assert results["retained_fen"] == (results["surplus_fen"] * 8 + 5) // 10
    assert results["identities"] == {"months": True, "budget": True, "bridge": True}
    members_fen = sum(one["due_fen"] for one in results["members"].values())
    assert members_fen + results["retained_fen"] == results["due_fen"]
    assert "流水号" in desk.refused("settle", Role.AGENCY_CLERK, at(1, 25), n=1, bank_reference=" ")
    assert "不相容" in desk.refused("settle", Role.AGENCY_CLERK, at(1, 25), bank_reference="B1")
    assert desk.take("settle", Role.AGENCY_CLERK, at(1, 25), n=1, bank_reference="B1") == "settled"
    desk.passed_on()
    with reading(desk.engine) as connection:
        found = closed(connection, desk.county.consortium_id, "resident", 2025)
        assert found is not None and found.retained_fen == results["retained_fen"]
        assert ledger.check_journals(connection) == []
        assert records.verify(connection) == []
        book = "sample-a/resident"
        assert ledger.balance(connection, account="deposit", book=book) == 0
        assert ledger.balance(connection, account="prepayment", book=book) == 0
        for account in ("custody", "owed", "held", "claim"):
            assert ledger.balance(connection, account=account, book=book) == 0
        assert ledger.balance(connection, account="bank", case_ids=[desk.case.id]) == -members_fen


@pytest.mark.parametrize(
    ("months", "budget_fen", "score", "said"),
    [
        (range(1, 12), 800_000_000, True, "2025-12"),
        (range(1, 13), None, True, "预算还没有下达"),
        (range(1, 13), 800_000_000, False, "成效考核还没有定论"),
    ],
)
def test_each_requirement_is_named_when_missing(
    engine: Engine, months: Any, budget_fen: int | None, score: bool, said: str
) -> None:
    desk = Desk(engine, months=months, budget_fen=budget_fen)
    if score:
        desk.assess()
    desk.tick(at(1, 10))
    desk.take("enter_facts", Role.AGENCY_CLERK, at(1, 12), **NO_FACTS)
    desk.take("confirm_facts", Role.CITY_FINANCE_REVIEWER, at(1, 13))
    assert desk.tick(at(1, 14)) == []
    with writing(engine) as connection, pytest.raises(Refused) as caught:
        lifecycle.take(connection, desk.case.id, "calculate", actor=SYSTEM, at=at(1, 14))
    assert [one for one in caught.value.refusals if said in str(one.reason)], caught.value.refusals
    assert len(caught.value.refusals) == 1


def test_a_carried_month_stays_out_and_is_named(engine: Engine) -> None:
    desk = Desk(engine, months=range(1, 12))
    with writing(engine) as connection:
        preceding.month(connection, desk.county, 12, state="carried")
    desk.calculated()
    assert desk.case.state == "calculated"
    with reading(engine) as connection:
        body = preceding.dossier(connection, desk.case)
    assert body["carried_months"] == ["2025-12"]
    assert "2025-12" not in body["months"] and len(body["months"]) == 11


def test_facts_are_confirmed_by_finance_and_only_as_they_are(desk: Desk) -> None:
    desk.assess()
    desk.tick(at(1, 10))
    assert "还没有登记" in desk.refused("confirm_facts", Role.CITY_FINANCE_REVIEWER, at(1, 12))
    desk.take("enter_facts", Role.AGENCY_CLERK, at(1, 12), **NO_FACTS)
    assert "由市财政局" in desk.refused("confirm_facts", Role.COUNTY_FINANCE_REVIEWER, at(1, 12))
    assert desk.tick(at(1, 12)) == []
    desk.take("confirm_facts", Role.CITY_FINANCE_REVIEWER, at(1, 13))
    desk.take("enter_facts", Role.AGENCY_CLERK, at(1, 13), fund_in_deficit=False, penalties={"town-1": 5})
    assert desk.tick(at(1, 13)) == []
    assert desk.take("return_facts", Role.CITY_FINANCE_REVIEWER, at(1, 13), reason="请核对违约金") == "open"
    desk.take("enter_facts", Role.AGENCY_CLERK, at(1, 13), fund_in_deficit=False, penalties={"town-1": 7})
    desk.take("confirm_facts", Role.CITY_FINANCE_REVIEWER, at(1, 14))
    assert [one.job for one in desk.tick(at(1, 14))] == ["calculate_clearing"]
    assert desk.read(lambda attempt: figures.gather(attempt)["penalties_fen"]) == 7


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"fund_in_deficit": "no"}, "是否赤字"),
        ({"fund_in_deficit": False, "overrun_causes": {"weather": 1}}, "weather"),
        ({"fund_in_deficit": False, "penalties": {"stranger": 1}}, "stranger"),
        ({"fund_in_deficit": False, "penalties": {"lead": -1}}, "不小于零"),
        ({"fund_in_deficit": False, "risk_fund_fen": -1}, "风险金"),
        ({**NO_FACTS, "adjustments": [{"kind": "own", "member": "lead", "fen": 5}]}, "原因"),
        ({**NO_FACTS, "adjustments": [{"kind": "away", "member": "lead", "fen": 5, "reason": "x"}]}, "成员"),
        ({**NO_FACTS, "adjustments": [{"kind": "own", "member": "lead", "fen": "5", "reason": "x"}]}, "以分计"),
    ],
)  # fmt: skip
def test_wrong_facts_are_refused(desk: Desk, wrong: dict[str, Any], said: str) -> None:
    desk.tick(at(1, 10))
    assert said in desk.refused("enter_facts", Role.AGENCY_CLERK, at(1, 12), **wrong)


def test_final_rates_move_the_member_and_the_whole(desk: Desk) -> None:
    desk.assess()
    desk.tick(at(1, 10))
    raised = [{"kind": "own", "member": "town-1", "fen": 1_234, "reason": "特例单议追加"},
              {"kind": "away", "member": "", "fen": 66, "reason": "异地清算"}]  # fmt: skip
    desk.take("enter_facts", Role.AGENCY_CLERK, at(1, 12), fund_in_deficit=False, adjustments=raised)
    desk.take("confirm_facts", Role.CITY_FINANCE_REVIEWER, at(1, 13))
    desk.tick(at(1, 14))
    results = desk.read(lambda attempt: attempt.results)
    assert results["charged_fen"] == 12 * 54_500_001 + 12 * preceding.AWAY_FEN + 1_300
    assert all(results["identities"].values())


def test_an_objection_goes_line_by_line_and_needs_an_answer(desk: Desk) -> None:
    desk.calculated()
    assert "没有“nothing”这一行" in desk.refused(
        "object_to", Role.LEAD_HEAD, at(1, 15), lines=[{"line": "nothing", "reason": "x"}]
    )
    assert "须写明原因" in desk.refused("object_to", Role.LEAD_HEAD, at(1, 15), lines=[{"line": "due_fen", "reason": ""}])
    assert "至少列出一行" in desk.refused("object_to", Role.LEAD_HEAD, at(1, 15), lines=[])
    assert desk.take("object_to", Role.LEAD_HEAD, at(1, 15), lines=[{"line": "town-1", "reason": "少计一例"}]) == "open"
    assert desk.tick(at(1, 16)) == []
    assert "写明答复" in desk.refused("enter_facts", Role.AGENCY_CLERK, at(1, 16), **NO_FACTS)
    desk.take("enter_facts", Role.AGENCY_CLERK, at(1, 16), **NO_FACTS, answer="已按明细核对，无差异")
    assert [one.job for one in desk.tick(at(1, 16))] == ["calculate_clearing"]
    assert desk.take("confirm", Role.LEAD_HEAD, at(1, 17)) == "reconciled"


def test_one_bureau_that_returns_sends_the_year_back(desk: Desk) -> None:
    desk.calculated()
    desk.take("confirm", Role.LEAD_HEAD, at(1, 20))
    assert "还缺" in desk.refused("decide", Role.CITY_INSURANCE_APPROVER, at(1, 21), verdict="agree")
    assert "不在本轮" in desk.refused("review", Role.COUNTY_INSURANCE_REVIEWER, at(1, 21), verdict="agree")
    desk.take("review", Role.CITY_INSURANCE_REVIEWER, at(1, 21), verdict="agree")
    desk.take("decide", Role.CITY_INSURANCE_APPROVER, at(1, 21), verdict="agree")
    assert "重复" in desk.refused("review", Role.CITY_INSURANCE_REVIEWER, at(1, 21), n=1, verdict="agree")
    desk.take("review", Role.CITY_FINANCE_REVIEWER, at(1, 21), verdict="return", opinion="风险金未列")
    state = desk.take("decide", Role.CITY_FINANCE_APPROVER, at(1, 22), verdict="return", opinion="风险金未列")
    assert state == "open"
    assert desk.tick(at(1, 22)) == []


def test_a_false_identity_is_an_incident(desk: Desk) -> None:
    desk.entered()
    with writing(desk.engine) as connection:
        ledger.post(
            connection, book="sample-a/resident", year=2025, biz_key="stray", case_id=desk.case.follows_id or 0,
            memo="错账", lines=[("carry", "town-1", 5), ("bank", "x", -5)], at=at(1, 14),
        )
    ran = run_due(desk.engine, at(1, 14), JOBS)
    assert [(one.status, "恒等式不成立" in one.error) for one in ran] == [("failed", True)]
    assert "没有完成" in desk.refused("enter_facts", Role.AGENCY_CLERK, at(1, 14), **NO_FACTS)
    assert desk.case.state == "open"


def test_an_overrun_is_shared_by_the_agreement(engine: Engine) -> None:
    desk = Desk(engine, budget_fen=700_000_000)
    desk.assess()
    desk.tick(at(1, 10))
    desk.take("enter_facts", Role.AGENCY_CLERK, at(1, 12), fund_in_deficit=False, overrun_causes={"policy": 10_000_000})
    desk.take("confirm_facts", Role.CITY_FINANCE_REVIEWER, at(1, 13))
    desk.tick(at(1, 14))
    results = desk.read(lambda attempt: attempt.results)
    overrun_fen = 12 * 59_500_001 - 100_000 - 700_000_000
    assert results["overrun_fen"] == overrun_fen
    assert results["fund_share_fen"] == 6_000_000
    assert results["own_share_fen"] == overrun_fen - 6_000_000


def test_jobs_know_these(desk: Desk) -> None:
    names = {job.name for job in jobs.all_jobs()}
    assert {"open_clearing", "calculate_clearing", "open_assessment", "open_surplus_plan"} <= names
