"""What the register shows: organisations, people with their seats, a consortium's members, all within an office."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, select

from workflow.organisations.model import (
    consortia,
    insured_counts,
    memberships,
    organisations,
    persons,
    seats,
)
from workflow.organisations.office import Office
from workflow.rules import rulebook


def places_of(office: Office) -> list[Any]:
    """The real places of an office, in the order of the rule books; books of models are no places."""
    return [place for code, place in rulebook().places.items() if place.kind != "model" and office.covers(code)]


def organisations_of(connection: Connection, office: Office) -> list[Any]:
    """The organisations of an office, place by place."""
    columns = organisations.c
    codes = [place.code for place in places_of(office)]
    query = select(organisations).where(columns.place.in_(codes)).order_by(columns.place, columns.kind, columns.code)
    return list(connection.execute(query))


def seats_by_person(connection: Connection, office: Office) -> dict[int, list[Any]]:
    """Every seat in an office's organisations, by person, newest last."""
    held, body = seats.c, organisations.c
    codes = [place.code for place in places_of(office)]
    query = (
        select(seats, body.code, body.name, body.name_en)
        .join_from(seats, organisations, body.id == held.organisation_id)
        .where(body.place.in_(codes))
        .order_by(held.person_id, held.since, held.id)
    )
    found: dict[int, list[Any]] = {}
    for row in connection.execute(query):
        found.setdefault(row.person_id, []).append(row)
    return found


def people_of(connection: Connection, office: Office, today: date) -> list[SimpleNamespace]:
    """The people who hold, held or will hold a seat in an office, with those seats."""
    held = seats_by_person(connection, office)
    columns = persons.c
    query = select(columns.id, columns.login, columns.name, columns.disabled_at).order_by(columns.login)
    return [
        SimpleNamespace(
            id=row.id, login=row.login, name=row.name, disabled_at=row.disabled_at,
            seats=[_seat(seat, today) for seat in held[row.id]],
        )
        for row in connection.execute(query)
        if row.id in held
    ]  # fmt: skip


def _seat(row: Any, today: date) -> SimpleNamespace:
    over = row.until is not None and row.until < today
    return SimpleNamespace(
        id=row.id, code=row.code, name=row.name, name_en=row.name_en, role=row.role, since=row.since, until=row.until,
        over=over,
    )  # fmt: skip


def consortium_in(connection: Connection, office: Office, number: int) -> Any | None:
    """The consortium with this number where an office reaches it, else ``None``."""
    row = connection.execute(select(consortia).where(consortia.c.id == number)).one_or_none()
    return row if row is not None and office.covers(row.place) else None


def members_of(connection: Connection, number: int) -> list[Any]:
    """Every membership of a consortium, also those that are over."""
    joined, body = memberships.c, organisations.c
    query = (
        select(memberships, body.code, body.name, body.name_en)
        .join_from(memberships, organisations, body.id == joined.organisation_id)
        .where(joined.consortium_id == number)
        .order_by(joined.level, body.code, joined.since)
    )
    return list(connection.execute(query))


def insured_of(connection: Connection, number: int) -> list[Any]:
    """The registered counts of a consortium, newest period first."""
    columns = insured_counts.c
    query = select(insured_counts).where(columns.consortium_id == number)
    return list(connection.execute(query.order_by(columns.period.desc(), columns.pool)))
