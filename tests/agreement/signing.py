"""An agreement taken as far as a test needs it."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from typing import Any

from sqlalchemy import Engine, select

from governance.roles import Role
from tests.people import County, make_county
from workflow import door, lifecycle, occurrences
from workflow.agreement import jobs
from workflow.agreement.model import TERM_LABELS
from workflow.attempt import SYSTEM, Actor, Attempt, Case
from workflow.db import reading, writing
from workflow.model import cases

for stage in ("takeover", "self_assessment", "city_ruling", "agreement"):
    import_module(f"workflow.{stage}.machine")

AT = datetime.fromisoformat("2025-01-06T09:00:00+08:00")
TIERS = {"tiers": [{"upto": "0.05", "fund": "0.6"}, {"upto": None, "fund": "0"}]}
PREPAYMENT_FEN = 500_000_00
DRAFT: dict[str, Any] = {
    "number": "样协2025-1",
    "start": "2025-01-01",
    "end": "2025-12-31",
    "pools": ["resident"],
    "answers": {"settlement.deposit_ratio": "0.05", "clearing.overrun": TIERS},
    "overrun_circumstances": ["医保政策调整", "重大疫情"],
    "prepayment_fen": {"resident": PREPAYMENT_FEN},
    "terms": dict.fromkeys(TERM_LABELS, "按规定执行"),
}
AUTHORISE = ("tcm", "town-1")
RULING = {
    "document": {"number": "样医保发〔2024〕9号", "effective": "2024-12-01"},
    "standard": {"value": {"code": "STD-2020"}},
}
COUNT = iter(range(1_000_000))


def at_day(day: str, hour: int = 9) -> datetime:
    """A moment of ``day`` in Shanghai."""
    return datetime.fromisoformat(f"{day}T{hour:02d}:00:00+08:00")


def take(engine: Engine, case_id: int, trigger: str, actor: Actor, at: datetime = AT, **data: Any) -> str:
    """Take a step; the state it leads to."""
    key = f"test:{next(COUNT)}"
    return str(door.take(engine, case_id, trigger, actor=actor, key=key, at=at, data=data)["state"])


def tick(engine: Engine, at: datetime, which: Any = None) -> list[occurrences.Ran]:
    """Run the jobs of the stage until nothing is due."""
    ran: list[occurrences.Ran] = []
    while fresh := occurrences.run_due(engine, at, which or jobs.JOBS):
        assert [one for one in fresh if one.status != "done"] == []
        ran += fresh
    return ran


def county_of(engine: Engine, **options: Any) -> County:
    """The sample county."""
    with writing(engine) as connection:
        return make_county(connection, **options)


def recognised(engine: Engine, county: County, at: datetime = AT) -> int:
    """A confirmed ruling."""
    with writing(engine) as connection:
        return lifecycle.open_case(
            connection, "city_ruling", county.consortium_id, actor=SYSTEM, at=at, place=county.place,
            state="confirmed", dossier={"consortium": county.code, **RULING},
        )


def agreements(engine: Engine, consortium_id: int) -> list[Case]:
    """All agreements of a consortium, oldest first."""
    with reading(engine) as connection:
        found = select(cases).where(cases.c.stage == "agreement", cases.c.consortium_id == consortium_id)
        rows = connection.execute(found.order_by(cases.c.id))
        return [Case(*row) for row in rows]


def opened(engine: Engine, county: County, at: datetime = AT) -> int:
    """The agreement that a ruling opens by itself."""
    recognised(engine, county, at)
    tick(engine, at)
    return agreements(engine, county.consortium_id)[-1].id


def drafted(engine: Engine, county: County, **instead: Any) -> int:
    """A draft with the terms of ``DRAFT``; ``instead`` replaces some."""
    case_id = opened(engine, county)
    take(engine, case_id, "draft", county.actor(Role.AGENCY_CLERK), **(DRAFT | instead))
    return case_id


def proposed(engine: Engine, county: County, **instead: Any) -> int:
    """A draft laid before the members; two of three authorise."""
    case_id = drafted(engine, county, **instead)
    take(engine, case_id, "propose", county.actor(Role.AGENCY_CLERK))
    for code in AUTHORISE:
        take(engine, case_id, "authorise", county.actor(Role.MEMBER_HEAD, code))
    return case_id


def lead_signed(engine: Engine, county: County, **instead: Any) -> int:
    """Signed by the lead."""
    case_id = proposed(engine, county, **instead)
    take(engine, case_id, "lead_sign", county.actor(Role.LEAD_HEAD), verdict="agree")
    return case_id


def signed(engine: Engine, county: County, **instead: Any) -> int:
    """Signed by both, in force."""
    case_id = lead_signed(engine, county, **instead)
    take(engine, case_id, "review", county.actor(Role.AGENCY_REVIEWER), verdict="agree")
    assert take(engine, case_id, "sign", county.actor(Role.AGENCY_HEAD), verdict="agree") == "in_force"
    return case_id


def look(engine: Engine, case_id: int) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """State, dossier and progress of a case."""
    with reading(engine) as connection:
        case = Case(*connection.execute(select(cases).where(cases.c.id == case_id)).one())
        attempt = Attempt(connection, case, SYSTEM, AT)
        return case.state, attempt.dossier, attempt.progress
