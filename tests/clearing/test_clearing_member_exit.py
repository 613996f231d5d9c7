"""A member that leaves while its consortium goes on: cleared to its last day, and fixed for what comes later."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from governance.roles import Role
from tests.agreement.drawing import drawn
from tests.clearing import preceding
from tests.clearing.clearings import NO_FACTS, Desk
from tests.clearing.preceding import at
from workflow import ledger
from workflow.clearing.dues import member_dues, settled_now_fen
from workflow.clearing.exit_facts import gather_exit
from workflow.clearing.figures import gather
from workflow.clearing.leaving import EXIT_DEPOSIT, Exit, every_exit_fixed, exit_deposit_ruled
from workflow.db import reading, writing
from workflow.model import cases
from workflow.organisations.model import memberships

BOOK, TOWN = "sample-a/resident", "town-1"
LEAVING = {"kind": "leave", "member": TOWN, "effective": "2025-07-01", "reason": "划归另一医共体", "document": ""}
TOLD: dict[str, Any] = {
    "fund_in_deficit": False, "penalties": {TOWN: 1_001},
    "adjustments": [{"kind": "own", "member": TOWN, "fen": 250_000, "reason": "最后几日的费用"}],
}
GROSS_FEN, MONTHS = 8_000_000, 6


def left(engine: Engine, *, effective: str = "2025-07-01", months: int = MONTHS, **agreement: Any) -> Desk:
    """A county of which a township left in the middle of the year, by a supplement."""
    supplements = [{**LEAVING, "effective": effective}]
    desk = Desk(engine, months=range(1, months + 1), agreement={"supplements": supplements, **agreement})
    with writing(engine) as connection:
        connection.execute(
            memberships.update().where(memberships.c.organisation_id == desk.county.organisations[TOWN])
            .values(until=date(2025, 6, 30))
        )  # fmt: skip
    return desk


def told(desk: Desk, facts: dict[str, Any] | None = None) -> None:
    """The exit is open, its facts are entered, confirmed and calculated."""
    assert [one.job for one in desk.tick(at(7, 2, 2025))] == ["open_member_exit"]
    desk.take("enter_facts", Role.AGENCY_CLERK, at(7, 3, 2025), **(facts or TOLD))
    desk.take("confirm_facts", Role.CITY_FINANCE_REVIEWER, at(7, 4, 2025))
    assert [one.job for one in desk.tick(at(7, 5, 2025))] == ["calculate_clearing"]


def approved(desk: Desk, month: int, year: int) -> None:
    """Reconciled and approved by both bureaus."""
    desk.take("confirm", Role.LEAD_HEAD, at(month, 7, year))
    for bureau in ("CITY_INSURANCE", "CITY_FINANCE"):
        desk.take("review", Role[f"{bureau}_REVIEWER"], at(month, 8, year), verdict="agree")
        desk.take("decide", Role[f"{bureau}_APPROVER"], at(month, 9, year), verdict="agree")


def settled(desk: Desk) -> str:
    """The exit's money has gone through the lead to the member that left; returns the state."""
    approved(desk, 7, 2025)
    desk.take("settle", Role.AGENCY_CLERK, at(7, 10, 2025), n=1, bank_reference="B1")
    desk.take("distribute", Role.LEAD_FINANCE, at(7, 11, 2025), bank_reference="D1")
    return desk.take("bank_proof", Role.LEAD_FINANCE, at(7, 12, 2025), bank_reference="R1")


def the_rest_of_the_year(desk: Desk) -> None:
    """The months without it, the assessment, and the year's own clearing calculated."""
    with writing(desk.engine) as connection:
        for number in range(MONTHS + 1, 13):
            preceding.month(connection, desk.county, number, without={TOWN})
    desk.calculated()


def balances(desk: Desk, *accounts: str, **of: Any) -> list[int]:
    with reading(desk.engine) as connection:
        return [ledger.balance(connection, account=account, book=BOOK, **of) for account in accounts]


def test_it_is_cleared_to_its_last_day_and_paid(engine: Engine) -> None:
    desk = left(engine)
    told(desk)
    assert (desk.case.period, desk.case.state) == (f"2025-exit-{TOWN}", "calculated")
    results, facts = desk.read(lambda attempt: attempt.results), desk.read(gather_exit)
    assert all(results["identities"].values()) and list(results["members"]) == [TOWN]
    assert facts["own_fen"] == MONTHS * GROSS_FEN + 250_000 and facts["months"]["gross_fen"] == MONTHS * GROSS_FEN
    withheld_fen = facts["deposit_withheld_fen"]
    assert withheld_fen == MONTHS * GROSS_FEN // 20 == results["deposit_returned_fen"]
    assert results["due_fen"] == withheld_fen + 250_000 - 1_001 == desk.case.amount_fen
    assert results["retained_fen"] == results["own_share_fen"] == results["surplus_fen"] == 0
    assert settled(desk) == "closed"
    assert balances(desk, "deposit", "owed", party=TOWN) == [0, 0]
    assert balances(desk, "custody", party="lead") == [0]
    with reading(engine) as connection:
        assert ledger.balance(connection, account="bank", case_ids=[desk.case.id]) == -results["due_fen"]
        assert ledger.check_journals(connection) == []
    assert desk.tick(at(7, 20, 2025)) == []


def test_the_years_clearing_counts_it_as_paid_and_moves_nothing_more_of_it(engine: Engine) -> None:
    desk = left(engine)
    told(desk)
    exit_fen = desk.case.amount_fen
    settled(desk)
    the_rest_of_the_year(desk)
    assert desk.case.period == "2025"
    results, facts = desk.read(lambda attempt: attempt.results), desk.read(gather)
    assert all(results["identities"].values())
    assert results["members"][TOWN]["due_fen"] == 0 and results["members"][TOWN]["exit_paid_fen"] == exit_fen
    assert (facts["exit_paid_fen"], facts["penalties_fen"]) == (exit_fen, 1_001)
    dues_fen = sum(one["due_fen"] for one in results["members"].values())
    assert dues_fen + results["retained_fen"] == results["due_fen"]
    assert sum(one["deposit_returned_fen"] for one in results["members"].values()) == results["deposit_returned_fen"]
    text, _forms = drawn(engine, desk.county, desk.case.id, desk.county.actor(Role.LEAD_HEAD), at(1, 15))
    assert "年中退出的成员" in text and f"2025-exit-{TOWN}" not in text
    approved(desk, 2, 2026)
    assert TOWN not in desk.read(member_dues)
    desk.take("settle", Role.AGENCY_CLERK, at(2, 25), n=1, bank_reference="B2")
    desk.take("distribute", Role.LEAD_FINANCE, at(2, 26), bank_reference="D2")
    assert desk.take("bank_proof", Role.LEAD_FINANCE, at(2, 27), bank_reference="R2") == "closed"
    assert balances(desk, "deposit", "carry", "prepayment", "owed", "custody") == [0] * 5


def test_the_years_score_does_not_reach_it(engine: Engine) -> None:
    desk = left(engine)
    told(desk)
    settled(desk)
    with writing(engine) as connection:
        for number in range(MONTHS + 1, 13):
            preceding.month(connection, desk.county, number, without={TOWN})
    desk.assess(score="60")
    desk.tick(at(1, 10))
    desk.take("enter_facts", Role.AGENCY_CLERK, at(1, 12), **NO_FACTS)
    desk.take("confirm_facts", Role.CITY_FINANCE_REVIEWER, at(1, 13))
    desk.tick(at(1, 14))
    members = desk.read(lambda attempt: attempt.results)["members"]
    assert members[TOWN]["deposit_forfeited_fen"] == 0 == members[TOWN]["due_fen"]
    assert all(one["deposit_forfeited_fen"] > 0 for code, one in members.items() if code != TOWN)


def test_the_year_waits_for_an_exit_that_is_not_approved(engine: Engine) -> None:
    desk = left(engine)
    told(desk)
    exit_case = desk.case.id
    with writing(engine) as connection:
        for number in range(MONTHS + 1, 13):
            preceding.month(connection, desk.county, number, without={TOWN})
    desk.entered()
    assert desk.tick(at(1, 14)) == [] and desk.case.period == "2025"
    [refusal] = desk.read(every_exit_fixed)
    assert "年中退出的清算还没有审批" in str(refusal.reason) and refusal.link == f"/clearing/{exit_case}"
    text, _forms = drawn(engine, desk.county, desk.case.id, desk.county.actor(Role.LEAD_HEAD), at(1, 15))
    assert "未审批" in text and f"/clearing/{exit_case}" in text


def test_it_waits_for_its_own_months_only(engine: Engine) -> None:
    desk = left(engine, months=5)
    desk.tick(at(7, 2, 2025))
    desk.take("enter_facts", Role.AGENCY_CLERK, at(7, 3, 2025), **TOLD)
    desk.take("confirm_facts", Role.CITY_FINANCE_REVIEWER, at(7, 4, 2025))
    assert desk.tick(at(7, 5, 2025)) == []
    with writing(engine) as connection:
        preceding.month(connection, desk.county, 6)
        preceding.month(connection, desk.county, 7, state="declaring", without={TOWN})
    assert [one.job for one in desk.tick(at(7, 6, 2025))] == ["calculate_clearing"]


def test_without_the_places_rule_of_its_deposit_it_waits(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflow.clearing.leaving.EXIT_DEPOSIT", "clearing.exit_budget")
    desk = left(engine)
    desk.tick(at(7, 2, 2025))
    desk.take("enter_facts", Role.AGENCY_CLERK, at(7, 3, 2025), **TOLD)
    desk.take("confirm_facts", Role.CITY_FINANCE_REVIEWER, at(7, 4, 2025))
    assert desk.tick(at(7, 5, 2025)) == [] and EXIT_DEPOSIT == "clearing.member_exit_deposit"
    assert ["尚未配置" in str(one.reason) for one in desk.read(exit_deposit_ruled)] == [True]


@pytest.mark.parametrize(("fen", "way"), [(-9_000_000, "recover"), (-9_000_000, "claim")])
def test_what_it_owes_is_recovered_or_stands_as_a_claim(engine: Engine, fen: int, way: str) -> None:
    desk = left(engine)
    told(desk, {"fund_in_deficit": False, "adjustments": [
        {"kind": "own", "member": TOWN, "fen": fen, "reason": "冲正"}]})  # fmt: skip
    approved(desk, 7, 2025)
    assert desk.read(settled_now_fen) == fen + MONTHS * GROSS_FEN // 20
    desk.take("settle", Role.AGENCY_CLERK, at(7, 10, 2025), n=1, bank_reference="B1")
    if way == "recover":
        assert desk.take("recover", Role.LEAD_FINANCE, at(7, 11, 2025), bank_reference="R1") == "closed"
    else:
        assert desk.take("carry_claim", Role.LEAD_HEAD, at(7, 11, 2025), member=TOWN, reason="无力退回") == "closed"
        assert balances(desk, "claim", party=TOWN) == [-desk.case.amount_fen]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"penalties": {"town-2": 5}}, "town-2"),
        ({"adjustments": [{"kind": "own", "member": "tcm", "fen": 1, "reason": "错"}]}, "哪个成员单位"),
        ({"adjustments": [{"kind": "away", "member": "", "fen": 1, "reason": "错"}]}, "县域外"),
    ],
)
def test_only_the_member_itself_is_entered(engine: Engine, wrong: dict[str, Any], says: str) -> None:
    desk = left(engine)
    desk.tick(at(7, 2, 2025))
    assert says in desk.refused("enter_facts", Role.AGENCY_CLERK, at(7, 3, 2025), fund_in_deficit=False, **wrong)


def test_what_its_exit_counted_is_not_entered_again_for_the_year(engine: Engine) -> None:
    desk = left(engine)
    told(desk)
    settled(desk)
    with writing(engine) as connection:
        for number in range(MONTHS + 1, 13):
            preceding.month(connection, desk.county, number, without={TOWN})
    desk.assess()
    desk.tick(at(1, 10))
    said = desk.refused("enter_facts", Role.AGENCY_CLERK, at(1, 12), **{**TOLD, "penalties": {}})
    assert "退出清算时已计入" in said


@pytest.mark.parametrize("effective", ["2026-01-01", "2025-08-01"])
def test_none_opens_at_the_years_end_or_before_the_day(engine: Engine, effective: str) -> None:
    agreement = {"end": "2026-12-31"}
    desk = left(engine, effective=effective, **agreement)
    moment = at(1, 5) if effective.startswith("2026") else at(7, 2, 2025)
    assert "open_member_exit" not in {one.job for one in desk.tick(moment)} or effective.startswith("2026")
    with reading(engine) as connection:
        periods = connection.scalars(select(cases.c.period).where(cases.c.stage == "clearing")).all()
    assert f"2025-exit-{TOWN}" not in periods


def test_an_unsigned_supplement_opens_nothing(engine: Engine) -> None:
    desk = left(engine)
    with writing(engine) as connection:
        connection.execute(update(cases).where(cases.c.stage == "agreement").values(state="supplementing"))
    assert desk.tick(at(7, 2, 2025)) == []


def test_the_agreement_leads_to_the_exit(engine: Engine) -> None:
    desk = left(engine)
    told(desk)
    with reading(engine) as connection:
        agreement = connection.scalar(select(cases.c.id).where(cases.c.stage == "agreement"))
    assert agreement is not None and desk.case.follows_id == agreement
    text, _forms = drawn(engine, desk.county, agreement, desk.county.actor(Role.LEAD_HEAD), at(7, 6, 2025))
    assert f'href="/clearing/{desk.case.id}"' in text
    text, _forms = drawn(engine, desk.county, desk.case.id, desk.county.actor(Role.LEAD_HEAD), at(7, 6, 2025))
    assert "80,000.00" in text and "565,000.01" not in text, "the months tell what the member's came to"
    assert "退出后的年度清算不再变动" in text and f'href="/agreement/{agreement}"' in text


@pytest.mark.parametrize(("now_fen", "returned_fen"), [(100, 80), (200, 160), (0, 0), (1, 1)])
def test_a_later_correction_of_a_month_returns_in_the_same_proportion(now_fen: int, returned_fen: int) -> None:
    one = Exit(1, TOWN, date(2025, 6, 30), "closed", 0, 100, 80, {})
    assert one.returned_of_fen(now_fen) == returned_fen
    assert Exit(1, TOWN, date(2025, 6, 30), "closed", 0, 0, 0, {}).returned_of_fen(now_fen) == now_fen
