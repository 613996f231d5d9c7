"""Acts done in the tests of acts: through the door, at a moment, and what they leave behind."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from tests.kernel.sample_stage import Sample
from tests.people import SINCE
from workflow import door
from workflow.attempt import Actor
from workflow.db import reading, writing
from workflow.model import notices, records
from workflow.organisations.model import organisations, persons, seats

_NUMBERS = count(1)


def moment(day: str, hour: int = 9) -> datetime:
    """An hour of a day in Shanghai, ``MM-DD`` of 2026 or a whole date."""
    text = day if len(day) > 5 else f"2026-{day}"
    return datetime.fromisoformat(f"{text}T{hour:02d}:00:00+08:00").astimezone(UTC)


def act(engine: Engine, case_id: int, verb: str, actor: Actor, day: str = "03-02", **data: Any) -> dict[str, Any]:
    """One act through the door, with a key of its own."""
    key = f"act:{next(_NUMBERS)}"
    return door.act(engine, case_id, verb, actor=actor, key=key, at=moment(day), data=data)


def refused(engine: Engine, case_id: int, verb: str, actor: Actor, day: str = "03-02", **data: Any) -> str:
    """Why an act is refused, in words; nothing is left behind."""
    before = left(engine, case_id), told(engine, case_id)
    with pytest.raises(Refused) as caught:
        act(engine, case_id, verb, actor, day, **data)
    assert (left(engine, case_id), told(engine, case_id)) == before
    return "\n".join(str(one.reason) for one in caught.value.refusals)


def left(engine: Engine, case_id: int, verb: str = "") -> list[dict[str, Any]]:
    """The bodies of the case's records, of one verb where given."""
    query = select(records.c.verb, records.c.body).where(records.c.case_id == case_id).order_by(records.c.seq)
    with reading(engine) as connection:
        return [json.loads(row.body) for row in connection.execute(query) if verb in ("", row.verb)]


def told(engine: Engine, case_id: int, kind: str = "") -> list[tuple[int, str, str]]:
    """Whom the notices of the case went to, by organisation and role, with their words."""
    query = select(notices).where(notices.c.case_id == case_id).order_by(notices.c.id)
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    return [(row.organisation_id, row.role, row.body) for row in rows if kind in ("", row.kind)]


def outsider(sample: Sample, place: str = "demo-hunan-qingxi", kind: str = "county_health") -> Actor:
    """Somebody with a seat in a body of another place, who does not see the sample county's cases."""
    names = {"name": "样例外县单位", "name_en": "Sample body elsewhere"}
    row = {"code": f"{place}-{kind}", "kind": kind, "place": place, **names}
    role = Role(f"{kind}_reviewer")
    with writing(sample.engine) as connection:
        body = connection.execute(organisations.insert().values(row).returning(organisations.c.id)).scalar_one()
        named = {"login": row["code"], "name": "样例外县人", "password_hash": "!", "demo": True}
        person = connection.execute(persons.insert().values(named).returning(persons.c.id)).scalar_one()
        held = {"person_id": person, "organisation_id": body, "role": str(role), "since": SINCE}
        seat = connection.execute(seats.insert().values(held).returning(seats.c.id)).scalar_one()
    return Actor(person, seat, body, role, "样例外县人")
