"""Seats given to others in the tests of acts, by the commands or by hand, and what is done from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from governance.refusal import Refused
from tests.acts.acting import moment
from workflow.acts import acting_for
from workflow.attempt import Actor
from workflow.db import writing
from workflow.lifecycle import NotFound
from workflow.organisations.model import persons, seats
from workflow.organisations.office import Office

NOON = moment("03-02")
WHOLE = {"since": "2026-03-02", "until": "2026-03-31", "reason": "外出开会"}


def office(actor: Actor, *places: str) -> Office:
    """From where someone gives a seat."""
    return Office(actor.person_id, frozenset(places))


def give(engine: Engine, giver: Actor, taker: Actor, at: datetime = NOON, **options: Any) -> int:
    """The number of a grant by the command, for March unless said otherwise."""
    data = {**WHOLE, "seat": giver.seat_id, "person": taker.person_id, **options}
    with writing(engine) as connection:
        return acting_for.grant(connection, office=office(giver), at=at, **data)


def not_given(engine: Engine, giver: Actor, taker: Actor, **options: Any) -> str:
    """Why a grant is refused, in words; or ``not found``."""
    with pytest.raises((Refused, NotFound)) as caught:
        give(engine, giver, taker, **options)
    if isinstance(caught.value, NotFound):
        return "not found"
    return "\n".join(str(one.reason) for one in caught.value.refusals)


def for_(giver: Actor, taker: Actor) -> Actor:
    """``taker`` acting from the seat of ``giver``."""
    return replace(giver, person_id=taker.person_id, name=taker.name, for_person_id=giver.person_id)


def seat(engine: Engine, actor: Actor, role: str, organisation_id: int | None, since: date = date(2020, 1, 1)) -> Actor:
    """Another seat for the same person."""
    row = {"person_id": actor.person_id, "organisation_id": organisation_id, "role": role, "since": since}
    with writing(engine) as connection:
        number = connection.execute(seats.insert().values(row).returning(seats.c.id)).scalar_one()
    return replace(actor, seat_id=number, organisation_id=organisation_id, role=type(actor.role)(role))


def end_seat(engine: Engine, actor: Actor, last: str = "2026-03-01") -> None:
    """The seat's last day."""
    with writing(engine) as connection:
        values = {"until": date.fromisoformat(last)}
        connection.execute(seats.update().where(seats.c.id == actor.seat_id).values(**values))


def disable(engine: Engine, actor: Actor) -> None:
    """The account is shut."""
    with writing(engine) as connection:
        connection.execute(persons.update().where(persons.c.id == actor.person_id).values(disabled_at=NOON))
