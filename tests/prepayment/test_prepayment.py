"""A prepayment: who applies for what, each condition of the place, who decides, and every fen until it is back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from tests.agreement.signing import at_day, look, tick
from tests.prepayment.prepaying import (
    AGREED_FEN,
    ASKED,
    AT,
    FOUND,
    advanced,
    applied,
    approved,
    checked,
    consent,
    county_in,
    out_fen,
    set_off,
    take,
)
from tests.settlement.months import agree
from workflow import ledger, lifecycle
from workflow.agreement.guards import prepayment_due
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.db import reading, writing
from workflow.jobs import FLAG_OVERDUE
from workflow.model import cases, clocks, notices, tasks
from workflow.prepayment import jobs
from workflow.reminders import jobs as reminders


def refused(engine: Engine, case_id: int, trigger: str, actor: Any, at: Any = AT, **data: Any) -> list[Any]:
    with pytest.raises(Refused) as caught:
        take(engine, case_id, trigger, actor, at, **data)
    return list(caught.value.refusals)


def waiting(engine: Engine, case_id: int) -> set[tuple[str, str]]:
    with reading(engine) as connection:
        rows = connection.execute(select(tasks.c.trigger, tasks.c.role).where(tasks.c.case_id == case_id))
        return {(row.trigger, row.role) for row in rows}


def test_it_is_applied_for_checked_approved_consented_and_paid_by_different_people(engine: Engine) -> None:
    county = county_in(engine)
    case_id = advanced(engine, county)
    state, dossier, progress = look(engine, case_id)
    assert state == "advanced" and out_fen(engine, county) == FOUND["amount_fen"]
    assert [one["key"] for one in dossier["check"]["conditions"]] == [
        "agreed", "within_base", "reserve", "no_deficit", "standing", "uses", "prior_repaid", "not_excluded",
        "applied_in_time",
    ]
    assert all(one["document"] and one["clause"] and one["status"] for one in dossier["check"]["conditions"])
    assert progress["paid"]["bank_reference"] == "Y-1"
    with reading(engine) as connection:
        assert ledger.check_journals(connection) == []
        query = select(clocks.c.name, clocks.c.deadline).where(clocks.c.case_id == case_id)
        ends = dict(connection.execute(query).all())
    assert {name: day.isoformat() for name, day in ends.items()} == {"prepay": "2026-03-31", "repay": "2026-12-31"}
    assert waiting(engine, case_id) == set()
    assert refused(engine, case_id, "demand", county.actor(Role.AGENCY_REVIEWER), reason="x", clause="y")


@pytest.mark.parametrize(
    ("instead", "words"),
    [
        ({"amount_fen": AGREED_FEN + 1}, "协议约定"), ({"amount_fen": 0}, "大于 0"), ({"uses": []}, "用途"),
        ({"uses": ["salaries"]}, "用途"), ({"undertaking": False}, "承诺"), ({"pool": "employee"}, "没有生效的协议"),
    ],
)  # fmt: skip
def test_what_may_not_be_applied_for(engine: Engine, instead: dict[str, Any], words: str) -> None:
    county = county_in(engine)
    with pytest.raises(Refused, match=words):
        applied(engine, county, **instead)


def test_once_a_year_by_the_lead_only_and_where_the_place_asks_for_it(engine: Engine) -> None:
    county = county_in(engine)
    with pytest.raises(Refused, match="不用申请"):
        applied(engine, county, at_day("2025-12-30"))
    applied(engine, county)
    with pytest.raises(Refused, match="已经申请"):
        applied(engine, county)
    from workflow.prepayment.beginning import begin

    with pytest.raises(lifecycle.NotFound), writing(engine) as connection:
        begin(connection, actor=county.actor(Role.MEMBER_CLERK, "tcm"), at=AT, **ASKED)


def test_where_it_is_applied_for_the_agreement_does_not_pay_it(engine: Engine) -> None:
    county = county_in(engine)
    with reading(engine) as connection:
        row = connection.execute(select(cases).where(cases.c.stage == "agreement")).one()
        said = {
            at: prepayment_due(Attempt(connection, Case(*row), SYSTEM, at_day(at)))
            for at in ("2025-12-31", "2026-01-05")
        }
    assert said["2025-12-31"] is None
    assert said["2026-01-05"] is not None and "须由牵头医院申请" in str(said["2026-01-05"].reason)
    clerk = county.actor(Role.AGENCY_CLERK)
    paid = {"pool": "resident", "amount_fen": AGREED_FEN, "bank_reference": "A-1"}
    assert "预付金" in str(refused(engine, row.id, "pay_prepayment", clerk, **paid)[0].reason)


@pytest.mark.parametrize(
    ("instead", "key"),
    [
        ({"base_fen": 7_999_999_99}, "within_base"), ({"reserve_months": "5.9"}, "reserve"),
        ({"deficit_last_year": True}, "no_deficit"), ({"deficit_forecast": True}, "no_deficit"),
        ({"standing": ["agreement_performed", "accounts_sound"]}, "standing"),
    ],
)  # fmt: skip
def test_a_condition_that_is_not_met_bars_it_and_the_head_refuses(
    engine: Engine, instead: dict[str, Any], key: str
) -> None:
    county = county_in(engine)
    case_id = checked(engine, county, **instead)
    reviewer, head = county.actor(Role.AGENCY_REVIEWER), county.actor(Role.AGENCY_HEAD)
    assert [one.fact for one in refused(engine, case_id, "review", reviewer, verdict="agree")] == [f"check.{key}"]
    assert waiting(engine, case_id) == {("refuse_prepayment", "agency_head")}
    assert take(engine, case_id, "refuse_prepayment", head, reason="样例：条件不符合") == "refused"
    applied(engine, county)


def test_the_bounds_of_the_conditions_are_met(engine: Engine) -> None:
    county = county_in(engine)
    case_id = checked(engine, county, base_fen=8_000_000_00, reserve_months="6")
    assert take(engine, case_id, "review", county.actor(Role.AGENCY_REVIEWER), verdict="agree") == "reviewed"
    head = county.actor(Role.AGENCY_HEAD)
    assert "各项条件都符合" in str(refused(engine, case_id, "refuse_prepayment", head, reason="x")[0].reason)


def test_a_late_application_says_why(engine: Engine) -> None:
    county = county_in(engine)
    late = at_day("2026-02-03")
    case_id = checked(engine, county, late)
    reviewer = county.actor(Role.AGENCY_REVIEWER)
    facts = [one.fact for one in refused(engine, case_id, "review", reviewer, late, verdict="agree")]
    assert facts == ["check.applied_in_time"]
    take(engine, case_id, "check", county.actor(Role.AGENCY_CLERK), late, **(FOUND | {"late_reason": "协议二月签订"}))
    assert take(engine, case_id, "review", reviewer, late, verdict="agree") == "reviewed"


def test_what_is_left_of_the_year_before_bars_the_check_and_the_payment(engine: Engine) -> None:
    county = county_in(engine)
    with writing(engine) as connection:
        old = agree(connection, county, "2025-01-01", "2025-12-31")
    set_off(engine, county, old, -5_000, 2025)
    case_id = checked(engine, county)
    reviewer = county.actor(Role.AGENCY_REVIEWER)
    assert [one.fact for one in refused(engine, case_id, "review", reviewer, verdict="agree")] == ["check.prior_repaid"]
    set_off(engine, county, old, 5_000, 2025)
    take(engine, case_id, "check", county.actor(Role.AGENCY_CLERK), **FOUND)
    take(engine, case_id, "review", reviewer, verdict="agree")
    take(engine, case_id, "approve", county.actor(Role.AGENCY_HEAD), verdict="agree")
    consent(engine, county, case_id)
    set_off(engine, county, old, -1, 2025)
    payer = county.actor(Role.AGENCY_CLERK, n=1)
    assert [one.fact for one in refused(engine, case_id, "pay", payer, bank_reference="Y")] == ["prior"]


def test_reviewer_approver_and_payer_differ(engine: Engine) -> None:
    county = county_in(engine)
    case_id = checked(engine, county)
    take(engine, case_id, "review", county.actor(Role.AGENCY_REVIEWER), verdict="agree")
    take(engine, case_id, "approve", county.actor(Role.AGENCY_HEAD), verdict="agree")
    consent(engine, county, case_id)
    same = county.actor(Role.AGENCY_CLERK)
    assert "不相容岗位" in str(refused(engine, case_id, "pay", same, bank_reference="Y")[0].reason)


@pytest.mark.parametrize(("verdict", "state"), [("disagree", "refused"), ("return", "checked")])
def test_a_bureau_that_does_not_consent_stops_it(engine: Engine, verdict: str, state: str) -> None:
    county = county_in(engine)
    case_id = approved(engine, county)
    assert consent(engine, county, case_id, verdict) == state
    if state == "checked":
        assert waiting(engine, case_id) == {("check", "agency_clerk")}
        reviewer = county.actor(Role.AGENCY_REVIEWER)
        assert refused(engine, case_id, "review", reviewer, verdict="agree")[0].fact == "check"


def test_sent_back_to_the_lead_it_is_mended_and_checked_anew(engine: Engine) -> None:
    county = county_in(engine)
    case_id = checked(engine, county)
    said = {"reason": "请压减金额", "to": "applied", "sections": ["application"], "way": "in_order"}
    reviewer = county.actor(Role.AGENCY_REVIEWER)
    take(engine, case_id, "send_back", reviewer, **said)
    assert waiting(engine, case_id) == {("revise", "lead_clerk"), ("revise", "lead_finance")}
    clerk = county.actor(Role.AGENCY_CLERK)
    assert refused(engine, case_id, "check", clerk, **FOUND)[0].fact == "returned"
    given = {name: value for name, value in ASKED.items() if name != "pool"}
    take(engine, case_id, "revise", county.actor(Role.LEAD_FINANCE), **(given | {"amount_fen": 7_000_000_00}))
    assert "拟预付金额" in str(refused(engine, case_id, "check", clerk, **FOUND)[0].reason)
    assert take(engine, case_id, "check", clerk, **(FOUND | {"amount_fen": 7_000_000_00})) == "checked"


def test_it_is_set_off_repaid_and_closed_and_never_below_zero(engine: Engine) -> None:
    county = county_in(engine)
    case_id = advanced(engine, county)
    set_off(engine, county, case_id, 5_000_000_00)
    lead, clerk = county.actor(Role.LEAD_FINANCE), county.actor(Role.AGENCY_CLERK, n=1)
    at = at_day("2026-11-20")
    said = {"bank_reference": "T-1", "repaid_on": "2026-11-19"}
    assert "不超过" in str(refused(engine, case_id, "repay", lead, at, amount_fen=3_000_000_01, **said)[0].reason)
    take(engine, case_id, "repay", lead, at, amount_fen=3_000_000_00, **said)
    assert waiting(engine, case_id) == {("confirm_repayment", "agency_clerk")}
    assert refused(engine, case_id, "repay", lead, at, amount_fen=1, **said)[0].fact == "repayment"
    set_off(engine, county, case_id, 1_000_000_00)
    assert "多于应退" in str(refused(engine, case_id, "confirm_repayment", clerk, at, received=True)[0].reason)
    assert "写明" in str(refused(engine, case_id, "confirm_repayment", clerk, at, received=False)[0].reason)
    take(engine, case_id, "confirm_repayment", clerk, at, received=False, opinion="金额不符，已退")
    take(engine, case_id, "repay", lead, at, amount_fen=2_000_000_00, **said)
    assert take(engine, case_id, "confirm_repayment", clerk, at, received=True) == "repaid"
    assert out_fen(engine, county) == 0
    with reading(engine) as connection:
        assert ledger.balance(connection, account="bank", party=county.code) == -8_000_000_00 + 2_000_000_00


def test_months_alone_close_it_and_jobs_do_it_once(engine: Engine) -> None:
    county = county_in(engine)
    case_id = advanced(engine, county)
    assert tick(engine, at_day("2026-06-01"), jobs.JOBS) == []
    set_off(engine, county, case_id, 8_000_000_00)
    assert [one.job for one in tick(engine, at_day("2026-06-02"), jobs.JOBS)] == ["close_prepayment"]
    assert look(engine, case_id)[0] == "repaid" and tick(engine, at_day("2026-06-03"), jobs.JOBS) == []


def test_the_lead_is_reminded_sixty_days_ahead_and_the_delay_is_flagged(engine: Engine) -> None:
    county = county_in(engine)
    case_id = advanced(engine, county)
    assert tick(engine, at_day("2026-10-31"), jobs.JOBS) == []
    assert [one.job for one in tick(engine, at_day("2026-11-01"), jobs.JOBS)] == ["remind_prepayment"]
    assert tick(engine, at_day("2026-11-02"), jobs.JOBS) == []
    assert waiting(engine, case_id) == {("repay", "lead_finance")}
    with reading(engine) as connection:
        deadline = connection.scalar(select(tasks.c.deadline).where(tasks.c.case_id == case_id))
        told = set(connection.scalars(select(notices.c.role).where(notices.c.kind == "repay_soon")))
    assert str(deadline) == "2026-12-31" and told == {"lead_clerk", "lead_finance", "agency_clerk"}
    digests = [one.period.partition(":")[0] for one in _due(engine, "2026-12-28")]
    assert "lead_finance" in digests
    assert [one.job for one in tick(engine, at_day("2027-01-01"), [FLAG_OVERDUE])] == ["flag_overdue"]


def _due(engine: Engine, day: str) -> list[Any]:
    with reading(engine) as connection:
        return reminders.due_digests(connection, at_day(day))


def test_what_was_misused_is_demanded_back_and_bars_the_next_year(engine: Engine) -> None:
    county = county_in(engine)
    case_id = advanced(engine, county)
    head, at = county.actor(Role.AGENCY_HEAD), at_day("2026-05-11")
    assert refused(engine, case_id, "demand", head, at, reason="挪作他用", clause=" ")[0].field == "clause"
    state = take(engine, case_id, "demand", head, at, reason="挪作他用", clause="医保办函〔2024〕101号")
    assert state == "recovering" and waiting(engine, case_id) == {("repay", "lead_finance")}
    lead, clerk = county.actor(Role.LEAD_FINANCE), county.actor(Role.AGENCY_CLERK, n=1)
    take(engine, case_id, "repay", lead, at, amount_fen=8_000_000_00, bank_reference="T-2")
    assert take(engine, case_id, "confirm_repayment", clerk, at, received=True) == "repaid"
    with writing(engine) as connection:
        agree(connection, county, "2027-01-01", "2027-12-31", prepayment_fen={"resident": AGREED_FEN})
    after = at_day("2027-01-06")
    again = checked(engine, county, after)
    reviewer = county.actor(Role.AGENCY_REVIEWER)
    facts = [one.fact for one in refused(engine, again, "review", reviewer, after, verdict="agree")]
    assert facts == ["check.not_excluded"]


def test_it_is_not_paid_once_it_was_to_be_back_nor_repaid_once_the_year_is_cleared(engine: Engine) -> None:
    county = county_in(engine)
    case_id = approved(engine, county)
    consent(engine, county, case_id)
    payer = county.actor(Role.AGENCY_CLERK, n=1)
    facts = [one.fact for one in refused(engine, case_id, "pay", payer, at_day("2026-12-31"), bank_reference="Y")]
    assert facts == ["repay_by"]
    take(engine, case_id, "pay", payer, at_day("2026-12-30"), bank_reference="Y")
    with writing(engine) as connection:
        lifecycle.open_case(
            connection, "clearing", county.consortium_id, actor=SYSTEM, at=at_day("2027-03-01"), place=county.place,
            pool="resident", period="2026", state="reconciled", dossier={"consortium": county.code},
        )  # fmt: skip
    at, lead = at_day("2027-03-02"), county.actor(Role.LEAD_FINANCE)
    assert [one.fact for one in refused(engine, case_id, "repay", lead, at, amount_fen=1, bank_reference="T")] == [
        "clearing"
    ]
