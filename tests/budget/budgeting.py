"""A budget taken as far as a test needs it."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from typing import Any

from sqlalchemy import Engine, select

from governance.roles import Role
from tests.agreement.signing import DRAFT, at_day, look, take, tick
from tests.people import County
from workflow import lifecycle
from workflow.attempt import SYSTEM, Case
from workflow.budget import jobs
from workflow.db import reading, writing
from workflow.model import cases

import_module("workflow.budget.machine")

AT = at_day("2025-01-06")
POOL_BUDGET_FEN = 300_000_000_00
FACTORS = {"service_volume": "100", "prior_payments": "100", "function": "100", "risk": "100"}
FACTS: dict[str, Any] = {
    "basis": "expenditure",
    "pool_budget_fen": POOL_BUDGET_FEN,
    "consortia": [{"consortium": "sample-a", "factors": FACTORS}],
    "carve_outs": [{"name": "家庭医生签约", "amount_fen": 1_000_000_00}],
}
RECORD = {"on": "2025-01-06", "participants": "医保局、牵头医院", "summary": "无异议"}
ROLES = {
    "city": (Role.CITY_INSURANCE_REVIEWER, Role.CITY_INSURANCE_APPROVER, Role.CITY_FINANCE_REVIEWER,
             Role.CITY_FINANCE_APPROVER),
    "county": (Role.COUNTY_INSURANCE_REVIEWER, Role.COUNTY_INSURANCE_APPROVER, Role.COUNTY_FINANCE_REVIEWER,
               Role.COUNTY_FINANCE_APPROVER),
}


def agreed(engine: Engine, county: County, at: datetime = AT, **instead: Any) -> int:
    """An agreement in force, as it stands after both signatures."""
    terms = {name: DRAFT[name] for name in ("number", "start", "end", "answers", "prepayment_fen", "pools")}
    body = terms | {"consortium": county.code} | instead
    with writing(engine) as connection:
        return lifecycle.open_case(
            connection, "agreement", county.consortium_id, actor=SYSTEM, at=at, place=county.place,
            period=body["start"][:4], state="in_force", dossier=body,
        )


def budgets(engine: Engine, consortium_id: int) -> list[Case]:
    """All budgets of a consortium, oldest first."""
    with reading(engine) as connection:
        rows = connection.execute(
            select(cases).where(cases.c.stage == "budget", cases.c.consortium_id == consortium_id).order_by(cases.c.id)
        )
        return [Case(*row) for row in rows]


def opened(engine: Engine, county: County) -> int:
    """The resident pool's budget that an agreement opens by itself."""
    agreed(engine, county)
    tick(engine, AT, jobs.JOBS)
    return budgets(engine, county.consortium_id)[0].id


def calculated(engine: Engine, county: County, level: str = "city", **instead: Any) -> int:
    """Calculated on ``FACTS``; ``instead`` replaces some."""
    case_id = opened(engine, county)
    take(engine, case_id, "calculate", county.actor(ROLES[level][0]), facts=FACTS | instead)
    return case_id


def consulted(engine: Engine, county: County, level: str = "city", **instead: Any) -> int:
    """Negotiated, before the bureaus."""
    case_id = calculated(engine, county, level, **instead)
    take(engine, case_id, "consult", county.actor(ROLES[level][0]), **RECORD)
    return case_id


def decide(engine: Engine, county: County, case_id: int, level: str = "city", at: datetime = AT) -> str:
    """Every party agrees, the reviewers being others than who prepared."""
    insurance, insurance_head, finance, finance_head = ROLES[level]
    for reviewer, head in ((county.actor(insurance, n=1), insurance_head), (county.actor(finance), finance_head)):
        take(engine, case_id, "opine", reviewer, at, verdict="agree")
        take(engine, case_id, "decide", county.actor(head), at, verdict="agree")
    return look(engine, case_id)[0]


def issued(engine: Engine, county: County, level: str = "city", **instead: Any) -> int:
    """Approved by every party and issued."""
    case_id = consulted(engine, county, level, **instead)
    assert decide(engine, county, case_id, level) == "approved"
    issuer = county.actor(ROLES[level][1])
    assert take(engine, case_id, "issue", issuer, document_number="样医保〔2025〕3号") == "issued"
    return case_id
