"""Each fact that a step of a prepayment stands on, taken away on its own."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from tests.agreement.signing import at_day
from tests.people import County, make_county
from tests.prepayment.prepaying import AGREED_FEN, AT, advanced, approved, checked, consent, county_in, set_off, take
from tests.settlement.months import agree
from workflow import lifecycle, stages
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.db import reading, writing
from workflow.model import cases
from workflow.organisations.model import organisations
from workflow.prepayment.conditions import approval_stands


def facts(engine: Engine, case_id: int, trigger: str, actor: Any, at: Any = AT, **data: Any) -> list[str]:
    with pytest.raises(Refused) as caught:
        take(engine, case_id, trigger, actor, at, **data)
    return [str(one.fact) for one in caught.value.refusals]


def test_a_bureau_that_is_not_registered_is_named_before_anybody_decides(engine: Engine) -> None:
    county = county_in(engine)
    with writing(engine) as connection:
        connection.execute(
            organisations.update().where(organisations.c.code == "city_finance").values(kind="audit")
        )
    case_id = checked(engine, county)
    reviewer = county.actor(Role.AGENCY_REVIEWER)
    assert facts(engine, case_id, "review", reviewer, verdict="agree") == ["parties.city_finance"]


def test_nothing_is_paid_once_the_agreement_is_over(engine: Engine) -> None:
    stages.load()
    with writing(engine) as connection:
        county: County = make_county(connection)
        agree(connection, county, "2026-01-01", "2026-02-28", prepayment_fen={"resident": AGREED_FEN})
    case_id = approved(engine, county)
    consent(engine, county, case_id)
    payer = county.actor(Role.AGENCY_CLERK, n=1)
    assert facts(engine, case_id, "pay", payer, at_day("2026-03-02"), bank_reference="Y") == ["agreement"]


def test_what_was_approved_is_what_is_paid(engine: Engine) -> None:
    county = county_in(engine)
    case_id = approved(engine, county)
    with reading(engine) as connection:
        case = Case(*connection.execute(select(cases).where(cases.c.id == case_id)).one())
        assert approval_stands(Attempt(connection, case, SYSTEM, AT)) is None
        case.subject_hash = "0" * 64
        held = approval_stands(Attempt(connection, case, SYSTEM, AT))
    assert held is not None and held.fact == "round"


def test_nothing_is_demanded_repaid_or_closed_against_the_books(engine: Engine) -> None:
    county = county_in(engine)
    case_id = advanced(engine, county)
    clerk, lead, head = (county.actor(role) for role in (Role.AGENCY_CLERK, Role.LEAD_FINANCE, Role.AGENCY_HEAD))
    at = at_day("2026-06-01")
    assert facts(engine, case_id, "confirm_repayment", clerk, at, received=True) == ["repayment"]
    with pytest.raises(Refused, match="没有收回"), writing(engine) as connection:
        lifecycle.take(connection, case_id, "close", actor=SYSTEM, at=at)
    set_off(engine, county, case_id, 8_000_000_00)
    assert facts(engine, case_id, "repay", lead, at, amount_fen=1, bank_reference="T") == ["outstanding"]
    assert facts(engine, case_id, "demand", head, at, reason="x", clause="y") == ["outstanding"]
