"""Boxes as one person sees them: every row, page by page, forwards and back, and the counts beside them."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection

from workflow import clock
from workflow.attempt import Actor
from workflow.inbox.counts import count_of, counts, days_of
from workflow.inbox.filters import Filters
from workflow.inbox.keyset import START, Position
from workflow.inbox.posts import desk_of
from workflow.inbox.rows import read

ALL_WAITING = Filters()


def viewer(*actors: Actor, **more: Any) -> SimpleNamespace:
    """The person of ``actors``, with the seats they act from; ``more`` are properties of every seat."""
    seats = [
        SimpleNamespace(
            seat_id=one.seat_id, organisation_id=one.organisation_id, role=str(one.role), place="demo-hunan-city",
            kind="county_health", **more,
        )
        for one in actors
    ]
    return SimpleNamespace(person_id=actors[0].person_id, name=actors[0].name, seats=seats)


def today(connection: Connection) -> date:
    """The day this database lives in."""
    return clock.day_of(clock.now(connection))


def pages(
    connection: Connection, looking: Any, filters: Filters, limit: int = 50, day: date | None = None
) -> list[list[Any]]:
    """Every page of a box, forwards; going back from the last one gives the same."""
    days, desk = days_of(connection, day or today(connection)), desk_of(looking)
    found, position = [], START
    while True:
        page = read(connection, desk, filters, days, position, limit)
        found.append(page.rows)
        if not page.later:
            break
        position = Position(page.last)
    back = [page.rows]
    while page.earlier:
        page = read(connection, desk, filters, days, Position(page.first, back=True), limit)
        back.append(page.rows)
    told = [[row.keys for row in one] for one in reversed(back)]
    assert told == [[row.keys for row in one] for one in found], "back is not the way there"
    return found


def rows(connection: Connection, looking: Any, filters: Filters = ALL_WAITING, **options: Any) -> list[Any]:
    """Every row of a box."""
    return [row for page in pages(connection, looking, filters, **options) for row in page]


def counted(connection: Connection, looking: Any, day: date | None = None) -> dict[str, int]:
    """The counts of every box and tile."""
    return counts(connection, desk_of(looking), days_of(connection, day or today(connection)))


def number(connection: Connection, looking: Any, filters: Filters, day: date | None = None) -> int:
    """The count beside a narrowed box."""
    return count_of(connection, desk_of(looking), filters, days_of(connection, day or today(connection)))
