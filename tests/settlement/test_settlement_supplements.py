"""Red-letter supplements: a closed month stays as it is, and its difference goes the way of a month."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import insert, select

from governance.refusal import Refused
from governance.roles import Role
from tests.settlement.months import Month, moment
from workflow import files, ledger, lifecycle
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.db import reading, writing
from workflow.model import attachments, cases, clocks, dossiers, journals, postings, records, rounds, worksheets
from workflow.reconciliation.figures import figures as figures_of
from workflow.settlement import supplements
from workflow.settlement.burn import burnt_by, burnt_fen
from workflow.settlement.model import months

EVIDENCE = ("医保局复查意见".encode(), "recheck.txt")


@pytest.fixture
def closed(month: Month) -> Month:
    """March 2025, closed."""
    month.to_distributing()
    month.take("bank_proof", Role.LEAD_FINANCE, on="2025-04-15", bank_reference="R-1")
    assert month.case.state == "closed"
    return month


def begin(month: Month, on: str = "2025-06-03", case_id: int | None = None, **changes: Any) -> int:
    """Open a supplement and look at it from here on."""
    given = {
        "actor": month.actor(Role.AGENCY_CLERK), "at": moment(on), "month": case_id or month.case_id,
        "reason": "结算清单漏报", "evidence": files.keep(*EVIDENCE), **changes,
    }  # fmt: skip
    with writing(month.engine) as connection:
        month.case_id = supplements.begin(connection, **given)
    return month.case_id


def correct(month: Month, on: str = "2025-06-03", **line: Any) -> None:
    month.take("correct", Role.AGENCY_CLERK, on=on, note="漏报一例", **line)


def approve(month: Month, on: str = "2025-06-04") -> None:
    month.take("review", Role.AGENCY_REVIEWER, on=on, verdict="agree", opinion="")
    month.take("approve", Role.AGENCY_HEAD, on=on, verdict="agree", opinion="")


def pay(month: Month) -> None:
    month.take("fund", Role.CITY_FINANCE_APPROVER, on="2025-06-05", document="样例用款〔2025〕6号")
    month.take("pay_to_lead", Role.AGENCY_CLERK, on="2025-06-06", bank_reference="B-2", paid_on="2025-06-06")
    month.take("distribute", Role.LEAD_FINANCE, on="2025-06-09", bank_reference="D-2")
    if month.case.state != "closed":
        month.take("bank_proof", Role.LEAD_FINANCE, on="2025-06-10", bank_reference="R-2")


def everything_of(month: Month, case_id: int) -> list[Any]:
    """Every row that is about a case, as it stands."""
    found: list[Any] = []
    with reading(month.engine) as connection:
        found += connection.execute(select(cases).where(cases.c.id == case_id)).all()
        for held in (dossiers, worksheets, records, attachments, clocks, rounds, journals):
            found += connection.execute(select(held).where(held.c.case_id == case_id)).all()
        found += connection.execute(
            select(postings).join(journals).where(journals.c.case_id == case_id).order_by(postings.c.line)
        ).all()
    return [tuple(row) for row in found]


def figures(month: Month) -> list[Any]:
    with reading(month.engine) as connection:
        return months(connection, month.county.consortium_id, "resident", 2025)


def test_more_is_paid_and_the_closed_month_stays_as_it_was(closed: Month) -> None:
    first, before = closed.case_id, everything_of(closed, closed.case_id)
    payable_fen = closed.balance("cost", "town-1")
    begin(closed)
    assert (closed.case.serial, closed.case.state, closed.case.follows_id) == (2, "declared", first)
    correct(closed, what="own", member="town-1", category="item", amount_fen=200_000)
    correct(closed, what="rejected_inflow", member="town-1", amount_fen=100_000)
    assert closed.case.state == "calculated"
    difference = closed.content()[0]["difference"]
    wanted = {"gross_fen": 200_000, "audit_deduction_fen": 100_000, "deposit_fen": 5_000, "net_fen": 95_000}
    town = difference["results"]["members"]["town-1"]
    assert {name: town[name] for name in wanted} == wanted
    assert closed.case.amount_fen == difference["results"]["net_to_lead_fen"] == 95_000
    lines = {line["key"]: line for line in difference["lines"]}
    line = lines["members.town-1.gross_fen"]
    assert line["right_fen"] - line["decided_fen"] == line["difference_fen"] == 200_000
    assert not any(key.startswith("members.lead.") for key in lines)
    assert [one["difference_fen"] for one in difference["parts"]] == [200_000]
    approve(closed)
    assert closed.balance("cost", "town-1") - payable_fen == 200_000
    pay(closed)
    assert closed.case.state == "closed"
    assert everything_of(closed, first) == before
    assert closed.balance("payable") == closed.balance("owed") == closed.balance("custody") == 0
    with reading(closed.engine) as connection:
        assert ledger.check_journals(connection) == []


def test_the_year_counts_the_supplement_once(closed: Month) -> None:
    before = figures(closed)
    begin(closed)
    correct(closed, what="own", member="lead", category="drg", amount_fen=-300_000)
    correct(closed, what="rejected_own", member="lead", amount_fen=50_000)
    correct(closed, what="away", amount_fen=7_000)
    approve(closed)
    assert closed.case.state == "closed"
    assert closed.balance("carry", "lead") == 350_000 - 17_500
    after = figures(closed)
    assert [one.period for one in after] == ["2025-03", "2025-03"]
    assert sum(one.results["gross_fen"] for one in after) - before[0].results["gross_fen"] == -300_000
    assert sum(one.own_fen for one in after) - before[0].own_fen == -300_000
    assert sum(one.away_fen for one in after) - before[0].away_fen == 7_000
    assert sum(one.rejected_own_fen for one in after) == 50_000
    with reading(closed.engine) as connection:
        _less, burnt = burnt_fen(connection, closed.county.consortium_id, "resident", "2025-03")
    assert burnt - before[0].results["charged_fen"] == 7_000 - 300_000
    settled = sum(one.results["gross_fen"] - one.results["audit_deduction_fen"] for one in after)
    kept = sum(
        one.results[name] for one in after for name in ("deposit_fen", "prepayment_offset_fen", "net_to_lead_fen")
    )
    assert settled == kept - closed.balance("carry")


def test_less_is_taken_from_the_members_next_month(closed: Month) -> None:
    begin(closed)
    correct(closed, what="own", member="town-1", category="drg", amount_fen=-100_000)
    approve(closed)
    assert closed.case.state == "closed" and closed.case.amount_fen == 0
    closed.open("2025-05", "2025-06-05")
    closed.open("2025-04", "2025-06-05")
    closed.import_sample(on="2025-06-06")
    closed.reconcile_all("2025-06-06")
    closed.jobs("2025-06-06")
    assert closed.case.state == "calculated"
    facts = worksheet_facts(closed)
    assert {one["member"]: one["carried_in_fen"] for one in facts["members"]}["town-1"] == 95_000


def worksheet_facts(month: Month) -> dict[str, Any]:
    with reading(month.engine) as connection:
        return dict(json.loads(connection.scalar(
            select(worksheets.c.facts)
            .where(worksheets.c.case_id == month.case_id)
            .order_by(worksheets.c.version.desc())
        )))  # fmt: skip


def test_a_second_supplement_follows_the_first(closed: Month) -> None:
    first = closed.case_id
    second = begin(closed)
    correct(closed, what="own", member="town-1", category="item", amount_fen=200_000)
    with pytest.raises(Refused, match="已有补记"):
        begin(closed, case_id=first)
    closed.case_id = second
    with pytest.raises(Refused, match="还没有办结"):
        begin(closed, case_id=second)
    approve(closed)
    pay(closed)
    begin(closed, case_id=second)
    correct(closed, what="own", member="town-1", category="item", amount_fen=-200_000)
    assert closed.content()[0]["difference"]["results"]["gross_fen"] == -200_000
    approve(closed)
    assert sum(one.results["gross_fen"] for one in figures(closed)) == figures(closed)[0].results["gross_fen"]


def test_what_was_withdrawn_counts_for_nothing(closed: Month) -> None:
    first = closed.case_id
    begin(closed)
    correct(closed, what="own", member="town-1", category="item", amount_fen=200_000)
    closed.take("withdraw", Role.AGENCY_CLERK, on="2025-06-04", reason="依据有误")
    assert closed.case.state == "withdrawn" and len(figures(closed)) == 1
    begin(closed, case_id=first)
    assert closed.case.serial == 3


def test_reviewer_and_approver_differ_and_corrections_void_the_review(closed: Month) -> None:
    begin(closed)
    correct(closed, what="own", member="town-1", category="item", amount_fen=200_000)
    closed.take("review", Role.AGENCY_REVIEWER, on="2025-06-04", verdict="agree", opinion="")
    closed.take(
        "send_back", Role.AGENCY_HEAD, on="2025-06-04", reason="补依据", to="declared", sections=[], way="in_order"
    )
    closed.take("work_out", Role.AGENCY_CLERK, on="2025-06-04")
    closed.take("drop_correction", Role.AGENCY_CLERK, on="2025-06-04", number=1, reason="另立")
    assert closed.case.state == "declared" and closed.case.amount_fen is None
    assert "difference" not in closed.content()[0]
    with pytest.raises(Refused, match="没有差别"):
        closed.take("work_out", Role.AGENCY_CLERK, on="2025-06-04")


@pytest.mark.parametrize(("line", "said"), [
    ({"what": "own", "member": "town-1", "category": "item", "amount_fen": -90_000_000_000}, "更正后小于零"),
    ({"what": "own", "member": "nobody", "category": "item", "amount_fen": 1}, "哪个成员单位"),
    ({"what": "away", "member": "town-1", "amount_fen": 1}, "哪个成员单位"),
    ({"what": "own", "member": "town-1", "amount_fen": 1}, "支付类别"),
    ({"what": "rejected_own", "member": "town-1", "category": "item", "amount_fen": 1}, "支付类别"),
    ({"what": "rejected_own", "member": "town-1", "amount_fen": -1}, "多于已拒付"),
    ({"what": "own", "member": "town-1", "category": "item", "amount_fen": 0}, "不为零"),
])  # fmt: skip
def test_corrections_that_are_refused(closed: Month, line: dict[str, Any], said: str) -> None:
    begin(closed)
    with pytest.raises(Refused, match=said):
        correct(closed, **line)


def test_reason_and_evidence_are_asked(closed: Month) -> None:
    for changes in ({"reason": " "}, {"evidence": None}):
        with pytest.raises(Refused, match="附上依据"):
            begin(closed, **changes)
    with pytest.raises(lifecycle.NotFound):
        begin(closed, actor=closed.actor(Role.LEAD_CLERK, "lead"))


def test_the_steps_of_a_month_and_of_a_supplement_are_apart(closed: Month) -> None:
    begin(closed)
    with pytest.raises(Refused, match="补记只办更正"):
        closed.take(
            "deduct", Role.AGENCY_CLERK, on="2025-06-04", member="lead", amount_fen=1, decision_number="1", reason="x"
        )
    with pytest.raises(Refused, match="补记只办更正"):
        closed.take("ask_offset", Role.AGENCY_CLERK, on="2025-06-04", amount_fen=1, reason="x")
    closed.open("2025-04", "2025-05-01")
    closed.import_sample(on="2025-05-06")
    closed.reconcile_all("2025-05-06")
    with pytest.raises(Refused, match="本件不是补记"):
        correct(closed, what="own", member="town-1", category="item", amount_fen=200_000)


def test_a_cleared_year_takes_no_supplement(closed: Month) -> None:
    case = closed.case
    row = {name: getattr(case, name) for name in Case.__slots__ if name != "id"}
    row |= {"stage": "clearing", "period": "2025", "state": "calculated", "follows_id": None}
    with writing(closed.engine) as connection:
        connection.execute(insert(cases).values(**row))
    begin(closed)
    closed.take("withdraw", Role.AGENCY_CLERK, on="2025-06-04", reason="另立")
    with writing(closed.engine) as connection:
        connection.execute(insert(cases).values(**row | {"serial": 2, "state": "reconciled"}))
    with pytest.raises(Refused, match="年度清算已经确认"):
        begin(closed, case_id=case.id)


def test_the_budget_is_watched_with_everything_else_before_it(closed: Month) -> None:
    with reading(closed.engine) as connection:
        _before, year = burnt_by(connection, closed.case)
    begin(closed)
    correct(closed, what="own", member="town-1", category="item", amount_fen=200_000)
    approve(closed)
    with reading(closed.engine) as connection:
        assert burnt_by(connection, closed.case) == (year, year + 200_000)


def test_a_supplement_is_reconciled_by_its_difference(closed: Month) -> None:
    begin(closed)
    correct(closed, what="own", member="town-1", category="item", amount_fen=200_000)
    with reading(closed.engine) as connection:
        attempt = Attempt(connection, closed.case, SYSTEM, moment("2025-06-04"))
        lines = {one.key: one.ours for one in figures_of(attempt)}
    assert (lines["town-1|item"], lines["town-1|own"], lines["*|gross"], lines["*|net"]) == (
        200_000, 200_000, 200_000, 190_000,
    )  # fmt: skip
