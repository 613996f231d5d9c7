"""An agreement in force: prepayment, supplements, suspension, renewal, end."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from tests.agreement.signing import (
    DRAFT,
    PREPAYMENT_FEN,
    agreements,
    at_day,
    county_of,
    drafted,
    look,
    signed,
    take,
    tick,
)
from tests.people import County
from workflow import ledger, lifecycle
from workflow.agreement.model import Terms, terms_in_force
from workflow.attempt import SYSTEM
from workflow.db import reading, writing
from workflow.model import journals, notices, tasks
from workflow.organisations.model import memberships, organisations
from workflow.parties import parties_of

PAYMENT = {"pool": "resident", "amount_fen": PREPAYMENT_FEN, "bank_reference": "回单-77"}


def fields_of(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {one.field or one.fact or one.rule for one in refused.value.refusals}


def terms(engine: Engine, county: County, day: str) -> Terms | None:
    with reading(engine) as connection:
        return terms_in_force(connection, county.consortium_id, at_day(day).date())


def test_the_prepayment_is_paid_once_in_the_amount_agreed_with_the_banks_reference(engine: Engine) -> None:
    county = county_of(engine)
    case_id = signed(engine, county)
    payer = county.actor(Role.AGENCY_CLERK, n=1)
    for wrong in ({"pool": "employee"}, {"amount_fen": PREPAYMENT_FEN - 1}, {"bank_reference": " "},
                  {"paid_on": "2025-02-01"}, {"paid_on": "x"}):
        with pytest.raises(Refused) as refused:
            take(engine, case_id, "pay_prepayment", payer, **(PAYMENT | wrong))
        assert fields_of(refused) == set(wrong)
    take(engine, case_id, "pay_prepayment", payer, **PAYMENT)
    with pytest.raises(Refused, match="没有待拨付"):
        take(engine, case_id, "pay_prepayment", payer, **PAYMENT)
    with reading(engine) as connection:
        book = f"{county.code}/resident"
        assert ledger.balance(connection, account="prepayment", party=county.code, book=book) == PREPAYMENT_FEN
        assert ledger.balance(connection, account="bank", book=book) == -PREPAYMENT_FEN
        assert connection.scalar(select(journals.c.year)) == 2025
        assert ledger.check_journals(connection) == []
        assert list(connection.scalars(select(tasks.c.trigger).where(tasks.c.case_id == case_id))) == []


def test_whoever_drafted_does_not_pay(engine: Engine) -> None:
    county = county_of(engine)
    case_id = signed(engine, county)
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "pay_prepayment", county.actor(Role.AGENCY_CLERK), **PAYMENT)
    assert fields_of(refused) == {"duty"}


def test_without_a_prepayment_none_is_paid(engine: Engine) -> None:
    county = county_of(engine)
    case_id = signed(engine, county, prepayment_fen={"resident": 0})
    with pytest.raises(Refused, match="没有待拨付"):
        take(engine, case_id, "pay_prepayment", county.actor(Role.AGENCY_CLERK, n=1), **PAYMENT)


def supplemented(engine: Engine, county: County, **instead: str) -> int:
    case_id = signed(engine, county)
    given = {"kind": "leave", "member": "town-2", "effective": "2025-07-01", "reason": "并入城关"} | instead
    take(engine, case_id, "supplement", county.actor(Role.AGENCY_CLERK), **given)
    return case_id


def members(engine: Engine, county: County, day: str) -> list[str]:
    with reading(engine) as connection:
        return [one.code for one in parties_of(connection, county.consortium_id, at_day(day).date()).members]


def test_a_supplement_takes_both_signatures_and_moves_the_register(engine: Engine) -> None:
    county = county_of(engine)
    case_id = supplemented(engine, county)
    assert terms(engine, county, "2025-02-01") is not None
    assert take(engine, case_id, "countersign", county.actor(Role.LEAD_HEAD), verdict="agree") == "supplementing"
    with pytest.raises(Refused):
        take(engine, case_id, "countersign", county.actor(Role.LEAD_HEAD, n=1), verdict="agree")
    assert "town-2" in members(engine, county, "2025-07-01")
    assert take(engine, case_id, "countersign", county.actor(Role.AGENCY_HEAD), verdict="agree") == "in_force"
    assert "town-2" in members(engine, county, "2025-06-30")
    assert "town-2" not in members(engine, county, "2025-07-01")
    assert look(engine, case_id)[1]["supplements"][0]["member"] == "town-2"


def test_a_supplement_one_side_refuses_falls(engine: Engine) -> None:
    county = county_of(engine)
    case_id = supplemented(engine, county)
    refusing = {"verdict": "disagree", "opinion": "不同意退出"}
    assert take(engine, case_id, "countersign", county.actor(Role.AGENCY_HEAD), **refusing) == "in_force"
    assert "supplements" not in look(engine, case_id)[1]
    assert "town-2" in members(engine, county, "2025-07-01")


def test_a_new_member_joins_by_supplement(engine: Engine) -> None:
    county = county_of(engine)
    with writing(engine) as connection:
        connection.execute(organisations.insert().values(
            code="town-3", name="样例乡", name_en="Town 3", kind="township", place=county.place
        ))
    case_id = supplemented(engine, county, kind="join", member="town-3")
    take(engine, case_id, "countersign", county.actor(Role.AGENCY_HEAD), verdict="agree")
    take(engine, case_id, "countersign", county.actor(Role.LEAD_HEAD), verdict="agree")
    assert "town-3" in members(engine, county, "2025-07-01")
    assert "town-3" not in members(engine, county, "2025-06-30")
    with reading(engine) as connection:
        since = memberships.c.since == at_day("2025-07-01").date()
        levels = set(connection.scalars(select(memberships.c.level).where(since)))
    assert levels == {"township"}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "marry"}, "kind"),
        ({"member": "nobody"}, "member"),
        ({"member": "agency"}, "member"),
        ({"member": "lead"}, "member"),
        ({"kind": "join", "member": "town-1"}, "member"),
        ({"effective": "2026-01-01"}, "effective"),
        ({"effective": ""}, "effective"),
        ({"reason": " "}, "reason"),
    ],
)
def test_a_supplement_that_is_wrong_is_refused(engine: Engine, wrong: dict[str, str], field: str) -> None:
    county = county_of(engine)
    with pytest.raises(Refused) as refused:
        supplemented(engine, county, **wrong)
    assert fields_of(refused) == {field}


def test_suspension_counts_no_days_and_is_bounded(engine: Engine) -> None:
    county = county_of(engine)
    case_id = signed(engine, county)
    head, at = county.actor(Role.AGENCY_HEAD), at_day("2025-03-01")
    for wrong in ({"until": "2025-08-28"}, {"until": "2025-02-28"}, {"until": ""}, {"since": "2024-12-31"},
                  {"reason": ""}):
        given = {"since": "2025-03-01", "until": "2025-03-31", "reason": "系统整改"} | wrong
        with pytest.raises(Refused) as refused:
            take(engine, case_id, "suspend", head, at, **given)
        assert fields_of(refused) == set(wrong)
    given = {"since": "2025-03-01", "until": "2025-08-27", "reason": "系统整改"}
    assert take(engine, case_id, "suspend", head, at, **given) == "suspended"
    assert terms(engine, county, "2025-02-28") is not None
    assert terms(engine, county, "2025-03-01") is None
    later = at_day("2025-04-10")
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "resume", head, later, reason="整改完成", on="2025-04-11")
    assert fields_of(refused) == {"on"}
    assert take(engine, case_id, "resume", head, later, reason="整改完成") == "in_force"
    assert terms(engine, county, "2025-04-09") is None
    assert terms(engine, county, "2025-04-10") is not None


def test_a_suspension_nobody_lifts_ends_the_agreement(engine: Engine) -> None:
    county = county_of(engine)
    case_id = signed(engine, county)
    take(engine, case_id, "suspend", county.actor(Role.AGENCY_HEAD), at_day("2025-03-01"), until="2025-03-31",
         reason="整改")
    assert tick(engine, at_day("2025-08-27")) == []
    assert [one.job for one in tick(engine, at_day("2025-08-28"))] == ["lapse_suspended"]
    assert look(engine, case_id)[0] == "terminated"
    assert terms(engine, county, "2025-09-01") is None


def test_termination_needs_reason_and_document_and_counts_from_its_day(engine: Engine) -> None:
    county = county_of(engine)
    case_id = signed(engine, county)
    head, at = county.actor(Role.AGENCY_HEAD), at_day("2025-05-20")
    for wrong in ({"reason": ""}, {"document_number": ""}, {"on": "2026-01-01"}):
        given = {"reason": "骗保", "document_number": "样解〔2025〕1号", "on": "2025-05-20"} | wrong
        with pytest.raises(Refused) as refused:
            take(engine, case_id, "terminate", head, at, **given)
        assert fields_of(refused) == set(wrong)
    assert take(engine, case_id, "terminate", head, at, reason="骗保", document_number="样解〔2025〕1号") == "terminated"
    assert terms(engine, county, "2025-05-19") is not None
    assert terms(engine, county, "2025-05-20") is None
    assert tick(engine, at_day("2025-12-01")) == []


def test_a_public_lead_cannot_end_it(engine: Engine) -> None:
    county = county_of(engine)
    case_id = signed(engine, county)
    asking = {"reason": "经营困难", "on": "2025-12-01"}
    with pytest.raises(Refused, match="公立医疗机构不得主动提出"):
        take(engine, case_id, "ask_to_end", county.actor(Role.LEAD_HEAD), **asking)
    with writing(engine) as connection:
        connection.execute(
            organisations.update().where(organisations.c.code == "lead").values(kind="private_hospital")
        )
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "ask_to_end", county.actor(Role.LEAD_HEAD), **(asking | {"on": "2025-04-05"}))
    assert fields_of(refused) == {"on"}
    take(engine, case_id, "ask_to_end", county.actor(Role.LEAD_HEAD), **asking)
    assert look(engine, case_id)[2]["ending_asked"]["on"] == "2025-12-01"


def test_three_months_ahead_the_renewal_opens_and_then_takes_over(engine: Engine) -> None:
    county = county_of(engine)
    first = signed(engine, county)
    assert tick(engine, at_day("2025-09-30")) == []
    assert [one.job for one in tick(engine, at_day("2025-10-01"))] == ["open_renewal"]
    assert tick(engine, at_day("2025-10-02")) == []
    second = agreements(engine, county.consortium_id)[-1]
    assert (second.period, second.serial, second.follows_id) == ("2026", 1, first)
    state, body, _progress = look(engine, second.id)
    assert (state, body["start"], body["end"], body["number"]) == ("drafting", "2026-01-01", "2026-12-31", "")
    with reading(engine) as connection:
        assert "expiring" in set(connection.scalars(select(notices.c.kind).where(notices.c.case_id == first)))
    at = at_day("2025-12-10")
    clerk = county.actor(Role.AGENCY_CLERK)
    following = DRAFT | {"number": "样协2026-1", "start": "2026-01-01", "end": "2026-12-31"}
    take(engine, second.id, "draft", clerk, at, **following)
    take(engine, second.id, "propose", clerk, at)
    take(engine, second.id, "lead_sign", county.actor(Role.LEAD_HEAD), at, verdict="agree")
    take(engine, second.id, "review", county.actor(Role.AGENCY_REVIEWER), at, verdict="agree")
    take(engine, second.id, "sign", county.actor(Role.AGENCY_HEAD), at, verdict="agree")
    assert tick(engine, at_day("2025-12-31")) == []
    assert [one.job for one in tick(engine, at_day("2026-01-01"))] == ["close_renewed"]
    assert (look(engine, first)[0], look(engine, second.id)[0]) == ("renewed", "in_force")
    old, new = terms(engine, county, "2025-12-31"), terms(engine, county, "2026-01-01")
    assert old is not None
    assert new is not None
    assert (old.number, new.number) == ("样协2025-1", "样协2026-1")


def test_without_a_renewal_it_expires(engine: Engine) -> None:
    county = county_of(engine)
    first = signed(engine, county)
    jobs = [one.job for one in tick(engine, at_day("2026-01-01"))]
    assert jobs == ["open_renewal", "expire_agreement"]
    assert look(engine, first)[0] == "expired"
    assert terms(engine, county, "2025-12-31") is not None
    assert terms(engine, county, "2026-01-01") is None


def test_a_takeover_brings_its_agreement_in_force(engine: Engine) -> None:
    county = county_of(engine)
    agreed = {name: DRAFT[name] for name in ("number", "start", "end", "answers", "prepayment_fen")}
    with writing(engine) as connection:
        lifecycle.open_case(
            connection, "takeover", county.consortium_id, actor=SYSTEM, at=at_day("2025-01-06"), place=county.place,
            state="confirmed", dossier={
                "consortium": county.code, "effective": "2025-01-01", "pools": ["resident"], "members": ["lead", "tcm"],
                "recognition": {"document": "样8号", "date": "2023-12-20"}, "agreement": agreed,
            },
        )
    assert [one.job for one in tick(engine, at_day("2025-01-06"))] == ["adopt_agreement"]
    assert tick(engine, at_day("2025-01-07")) == []
    (case,) = agreements(engine, county.consortium_id)
    assert (case.state, case.period) == ("in_force", "2025")
    found = terms(engine, county, "2025-03-01")
    assert found is not None
    assert found.prepayment_fen == {"resident": PREPAYMENT_FEN}
    with pytest.raises(Refused, match="没有待拨付"):
        take(engine, case.id, "pay_prepayment", county.actor(Role.AGENCY_CLERK), **PAYMENT)


def test_members_outside_and_strangers_are_kept_out(engine: Engine) -> None:
    county = county_of(engine)
    case_id = drafted(engine, county)
    for role in (Role.LEAD_CLERK, Role.AGENCY_HEAD, Role.CITY_INSURANCE_APPROVER):
        with pytest.raises(Refused) as refused:
            take(engine, case_id, "draft", county.actor(role), **DRAFT)
        assert fields_of(refused) == {"role"}
