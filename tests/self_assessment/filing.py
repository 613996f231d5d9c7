"""A self-assessment taken as far as a test needs it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import Engine

from governance.roles import Role
from tests.people import County, make_county
from workflow import door
from workflow.attempt import Actor
from workflow.calendar_days import seed_calendar
from workflow.city_ruling import machine as _ruling  # noqa: F401  (registers the stage)
from workflow.db import reading, writing
from workflow.model import cases
from workflow.self_assessment import commands
from workflow.takeover import machine as _takeover  # noqa: F401  (registers the stage)

AT = datetime.fromisoformat("2025-03-03T09:00:00+08:00")
_keys = count()


def county_on(engine: Engine, **options: Any) -> County:
    """The sample county in a fresh database with its calendar."""
    with writing(engine) as connection:
        seed_calendar(connection)
        return make_county(connection, **options)


def paper(name: str = "佐证.pdf") -> dict[str, Any]:
    """A kept file, as a command gets it."""
    return {
        "name": name, "sha256": hashlib.sha256(name.encode()).hexdigest(), "size": 10, "media_type": "application/pdf"
    }


def take(engine: Engine, case_id: int, trigger: str, actor: Actor, at: datetime = AT, **data: Any) -> str:
    """Take a step through the door; returns the state."""
    answer = door.take(engine, case_id, trigger, actor=actor, key=f"test:{next(_keys)}", at=at, data=data)
    return str(answer["state"])


def begun(engine: Engine, county: County, at: datetime = AT, **options: Any) -> int:
    """A self-assessment in draft."""
    with writing(engine) as connection:
        return commands.begin(connection, actor=county.actor(Role.LEAD_CLERK), at=at, **options)


def grade_all(engine: Engine, county: County, case_id: int, at: datetime = AT, **instead: dict[str, Any]) -> None:
    """Every criterion of 2024 met, with evidence; ``instead`` replaces what is sent for one."""
    for key in ("Q11", "Q12", "Q13"):
        filled = {"grade": "met", "explanation": f"{key} 已经落实", "files": [paper(f"{key}.pdf")]}
        filled |= instead.get(key, {})
        take(engine, case_id, "grade", county.actor(Role.LEAD_CLERK), at, criterion=key, **filled)


def signed(engine: Engine, county: County, at: datetime = AT, **options: Any) -> int:
    """A self-assessment signed by the lead's head."""
    case_id = begun(engine, county, at, **options)
    grade_all(engine, county, case_id, at)
    take(engine, case_id, "submit", county.actor(Role.LEAD_CLERK), at)
    take(engine, case_id, "sign", county.actor(Role.LEAD_HEAD), at)
    return case_id


def endorsed(engine: Engine, county: County, at: datetime = AT, **options: Any) -> int:
    """A self-assessment that the county health bureau has endorsed."""
    case_id = signed(engine, county, at, **options)
    take(engine, case_id, "opine", county.actor(Role.COUNTY_HEALTH_REVIEWER), at, verdict="agree")
    take(engine, case_id, "endorse", county.actor(Role.COUNTY_HEALTH_APPROVER), at, verdict="agree")
    return case_id


def filed(engine: Engine, county: County, at: datetime = AT, **options: Any) -> int:
    """A self-assessment on file."""
    case_id = endorsed(engine, county, at, **options)
    take(engine, case_id, "file", county.actor(Role.LEAD_CLERK), at)
    return case_id


def state_of(engine: Engine, case_id: int) -> str:
    """The state of a case as it is stored."""
    with reading(engine) as connection:
        return str(connection.scalar(cases.select().with_only_columns(cases.c.state).where(cases.c.id == case_id)))
