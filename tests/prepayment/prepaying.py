"""A prepayment taken as far as a test needs it, in a place that asks for an application."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from governance.roles import Role
from tests.agreement import signing
from tests.agreement.signing import at_day
from tests.people import County, make_county
from tests.settlement.months import agree
from workflow import ledger, stages
from workflow.attempt import Actor
from workflow.db import reading, writing
from workflow.prepayment.beginning import begin
from workflow.prepayment.model import outstanding_fen

AGREED_FEN = 9_000_000_00
ASKED: dict[str, Any] = {
    "pool": "resident", "amount_fen": AGREED_FEN, "uses": ["drugs", "consumables"], "undertaking": True,
    "statement": "年初集中采购药品", "attached": [],
}
FOUND: dict[str, Any] = {
    "amount_fen": 8_000_000_00, "base_fen": 8_500_000_00, "base_source": "基金台账 2025 年月均", "reserve_months": "7.5",
    "deficit_last_year": False, "deficit_forecast": False, "evidence": "样例：2025 年基金决算报表",
    "standing": ["agreement_performed", "accounts_sound", "no_serious_violation"], "late_reason": "", "attached": [],
}
AT = at_day("2026-01-08")
CITY = ("city_insurance", "city_finance")


def take(engine: Engine, case_id: int, trigger: str, actor: Actor, at: datetime = AT, **data: Any) -> str:
    """Take a step in January 2026; the state it leads to."""
    return signing.take(engine, case_id, trigger, actor, at, **data)


def county_in(engine: Engine, **terms: Any) -> County:
    """The sample county in 2026, its agreement in force with a prepayment."""
    stages.load()
    with writing(engine) as connection:
        county = make_county(connection)
        agree(
            connection, county, "2026-01-01", "2026-12-31",
            **({"prepayment_fen": {"resident": AGREED_FEN}} | terms),
        )
    return county


def applied(engine: Engine, county: County, at: Any = AT, **instead: Any) -> int:
    """An application by the lead's clerk."""
    with writing(engine) as connection:
        return begin(connection, actor=county.actor(Role.LEAD_CLERK), at=at, **(ASKED | instead))


def checked(engine: Engine, county: County, at: Any = AT, **instead: Any) -> int:
    """Applied for and checked."""
    case_id = applied(engine, county, at)
    take(engine, case_id, "check", county.actor(Role.AGENCY_CLERK), at, **(FOUND | instead))
    return case_id


def approved(engine: Engine, county: County, at: Any = AT) -> int:
    """Reviewed and approved by the agency; the bureaus are asked."""
    case_id = checked(engine, county, at)
    take(engine, case_id, "review", county.actor(Role.AGENCY_REVIEWER), at, verdict="agree")
    assert take(engine, case_id, "approve", county.actor(Role.AGENCY_HEAD), at, verdict="agree") == "consenting"
    return case_id


def consent(engine: Engine, county: County, case_id: int, verdict: str = "agree", at: Any = AT) -> str:
    """Each bureau of the rule decides; the last with ``verdict``."""
    state = ""
    for kind in CITY:
        said = {"verdict": verdict if kind == CITY[-1] else "agree", "opinion": "样例意见"}
        take(engine, case_id, "opine", county.actor(Role(f"{kind}_reviewer")), at, **said)
        state = take(engine, case_id, "decide", county.actor(Role(f"{kind}_approver")), at, **said)
    return state


def advanced(engine: Engine, county: County, at: Any = AT) -> int:
    """Consented to and paid, by another clerk than the one who checked."""
    case_id = approved(engine, county, at)
    assert consent(engine, county, case_id, at=at) == "consented"
    clerk = county.actor(Role.AGENCY_CLERK, n=1)
    assert take(engine, case_id, "pay", clerk, at, bank_reference="Y-1", paid_on="2026-01-08") == "advanced"
    return case_id


def out_fen(engine: Engine, county: County) -> int:
    """What stands out of the year's prepayment."""
    with reading(engine) as connection:
        return outstanding_fen(connection, county.code, "resident", 2026)


def set_off(engine: Engine, county: County, case_id: int, fen: int, year: int = 2026) -> None:
    """Set off as a month does."""
    with writing(engine) as connection:
        ledger.post(
            connection, book=f"{county.code}/resident", year=year, biz_key=f"test:set-off:{year}:{fen}",
            case_id=case_id, memo="冲抵", at=AT, lines=[("prepayment", county.code, -fen), ("payable", "lead", fen)],
        )  # fmt: skip

