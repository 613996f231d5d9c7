"""An application taken as far as a test needs it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from governance.roles import Role
from tests.people import County
from tests.self_assessment.filing import AT, filed, paper, take
from workflow.city_ruling import commands
from workflow.db import writing

KINDS = ("city_insurance", "city_health", "city_finance")
ALL_MET = {"grades": {"Q11": "met", "Q12": "met", "Q13": "met"}, "reasons": {}, "substantive": True}
VISIT = {"day": "2025-03-04", "people": "张三、李四", "findings": "与申报一致"}
NOTICED = AT + timedelta(days=10)


def reviewer(county: County, kind: str) -> Any:
    """The bureau's first reviewer."""
    return county.actor(Role(f"{kind}_reviewer"))


def approver(county: County, kind: str) -> Any:
    """The bureau's first approver."""
    return county.actor(Role(f"{kind}_approver"))


def applied(engine: Engine, county: County, at: datetime = AT) -> int:
    """An application by hand on a filed self-assessment."""
    filed(engine, county, at)
    with writing(engine) as connection:
        return commands.begin(connection, actor=county.actor(Role.LEAD_CLERK), at=at)


def accepted(engine: Engine, county: County) -> int:
    """An application that is accepted and visited."""
    case_id = applied(engine, county)
    take(engine, case_id, "accept", reviewer(county, "city_insurance"))
    later = AT + timedelta(days=1)
    take(engine, case_id, "record_site_visit", reviewer(county, "city_health"), later, **VISIT)
    return case_id


def under_review(engine: Engine, county: County) -> int:
    """An application before the bureaus."""
    case_id = accepted(engine, county)
    take(engine, case_id, "start_review", reviewer(county, "city_insurance"), AT + timedelta(days=1))
    return case_id


def opine(engine: Engine, county: County, case_id: int, kind: str, at: datetime = AT + timedelta(days=2),
          **changed: Any) -> str:
    """A bureau's reviewer agrees, unless told otherwise."""
    data = {"verdict": "agree", "opinion": "", "details": ALL_MET} | changed
    return take(engine, case_id, "opine", reviewer(county, kind), at, **data)


def decide(engine: Engine, county: County, case_id: int, kind: str, verdict: str = "agree",
           at: datetime = AT + timedelta(days=3)) -> str:
    """A bureau's approver decides."""
    opinion = "" if verdict == "agree" else f"{kind} 的意见"
    return take(engine, case_id, "decide", approver(county, kind), at, verdict=verdict, opinion=opinion)


def rule_all(engine: Engine, county: County, case_id: int, *verdicts: str,
             at: datetime = AT + timedelta(days=3)) -> str:
    """All three bureaus opine and decide with these verdicts, agreeing where none is given."""
    for kind in KINDS:
        opine(engine, county, case_id, kind, at)
    state = ""
    for kind, verdict in zip(KINDS, verdicts or ("agree",) * 3, strict=True):
        state = decide(engine, county, case_id, kind, verdict, at)
    return state


def minutes(at: datetime = AT + timedelta(days=4)) -> dict[str, Any]:
    """The record of a conference in which every bureau took part."""
    return {
        "day": at.date().isoformat(), "present": list(KINDS), "summary": "讨论了分歧", "files": [paper("会商纪要.pdf")]
    }


def in_notice(engine: Engine, county: County) -> int:
    """An application ruled on and in public notice."""
    case_id = under_review(engine, county)
    rule_all(engine, county, case_id)
    take(engine, case_id, "publish", reviewer(county, "city_insurance"), AT + timedelta(days=4), where="市医保局网站")
    return case_id
