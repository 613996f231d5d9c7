"""Places whose rule asks for section heads and deputies, and people in those posts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import Connection, Engine, select

from governance.roles import Role
from tests.people import SINCE, County
from workflow import door, rules
from workflow.attempt import Actor
from workflow.db import reading, writing
from workflow.model import decisions, round_seats, tasks
from workflow.organisations.model import persons, seats

_keys = count()
SHIPPED = rules.shipped
CITY = "demo-hunan-city"
TEXT = """
decision.chain:
  values:
    2020-01-01:
      value: %s
      status: sample
      cite: {document: 样例：湖南示范市规则, clause: 逐级审核, says: 为测试而设}
"""


def rule_of_place(patch: Any, value: Mapping[str, Sequence[str]], place: str = CITY) -> None:
    """From now on the place's rule asks for these levels."""
    book = SHIPPED().plus(place, TEXT % json.dumps(value), "levels.yaml")
    patch.setattr(rules, "shipped", lambda: book)


def seated(engine: Engine, county: County, role: Role, code: str = "", name: str = "") -> Actor:
    """One more person in a post; the organisation is named by its code where the post's kind does not."""
    with writing(engine) as connection:
        return _seated(connection, county, role, code or role.rsplit("_", 1)[0], name or f"样例{role}")


def _seated(connection: Connection, county: County, role: Role, code: str, name: str) -> Actor:
    named = {"login": f"{code}.{name}", "name": name, "password_hash": "!", "demo": True}
    person = connection.execute(persons.insert().values(named).returning(persons.c.id)).scalar_one()
    return hold(connection, county, role, code, Actor(person, 0, 0, role, name))


def hold(connection: Connection, county: County, role: Role, code: str, known: Actor) -> Actor:
    """A second post of somebody who is known."""
    row = {"person_id": known.person_id, "organisation_id": county.organisations[code], "role": role, "since": SINCE}
    seat = connection.execute(seats.insert().values(row).returning(seats.c.id)).scalar_one()
    return Actor(known.person_id, seat, county.organisations[code], role, known.name)


def take(engine: Engine, case_id: int, trigger: str, actor: Actor, when: datetime, **data: Any) -> str:
    """A step through the door under a key of its own; returns the state."""
    key = f"level:{next(_keys)}"
    return str(door.take(engine, case_id, trigger, actor=actor, key=key, at=when, data=data)["state"])


def waits_for(engine: Engine, case_id: int) -> set[tuple[str, str]]:
    """The steps a case waits for and the posts they wait for."""
    with reading(engine) as connection:
        query = select(tasks.c.trigger, tasks.c.role).where(tasks.c.case_id == case_id)
        return {(row.trigger, row.role) for row in connection.execute(query)}


def given(engine: Engine, case_id: int) -> list[tuple[str, str, str]]:
    """Every decision of a case in its order: link, duty, verdict."""
    with reading(engine) as connection:
        query = select(decisions.c.link, decisions.c.duty, decisions.c.verdict).where(decisions.c.case_id == case_id)
        return [tuple(row) for row in connection.execute(query.order_by(decisions.c.id))]  # type: ignore[misc]


def frozen(engine: Engine, case_id: int) -> dict[tuple[int, str], str]:
    """The links that each seat of each round was opened with."""
    with reading(engine) as connection:
        columns = round_seats.c
        query = select(columns.round_no, columns.seat_key, columns.chain).where(columns.case_id == case_id)
        return {(row.round_no, row.seat_key): row.chain for row in connection.execute(query)}
