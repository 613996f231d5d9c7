"""How much lies in each box, asked in one statement; a count stops at a thousand, and says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, select

from workflow import clocks
from workflow.inbox.boxes import BY_NUMBER, MOST_COUNTED, Days, counted, keys_of, told
from workflow.inbox.filters import UNREAD, Filters
from workflow.inbox.posts import Desk

SOON_WORKING_DAYS = 5
# How many desks' questions are kept in words: putting them into words takes longer than the database does.
WORDED = 512
_COUNTED = {
    "overdue": Filters("todo", "overdue"), "soon": Filters("todo", "soon"), "later": Filters("todo", "later"),
    "done": Filters("done"), "started": Filters("started"), "waiting": Filters("started", "waiting"),
    "copies": Filters("copies"), "notices": Filters("notices"),
}  # fmt: skip


def days_of(connection: Connection, today: date) -> Days:
    """Today and the last of the next five working days."""
    return Days(today, clocks.soon(connection, today, SOON_WORKING_DAYS))


def counts(connection: Connection, desk: Desk, days: Days) -> dict[str, int]:
    """Rows of every box and tile; ``MOST_COUNTED`` stands for that many or more, ``all`` for all to do."""
    found = dict(connection.execute(_counting(desk, days)).one()._mapping)
    todo = found["overdue"] + found["soon"] + found["later"]
    return found | {"all": min(todo, MOST_COUNTED), "todo": min(todo, MOST_COUNTED)}


@lru_cache(maxsize=WORDED)
def _counting(desk: Desk, days: Days) -> Any:
    asked = {name: counted(keys_of(desk, filters, days)) for name, filters in _COUNTED.items()}
    return select(*(one.label(name) for name, one in asked.items()))


def count_of(connection: Connection, desk: Desk, filters: Filters, days: Days) -> int:
    """Rows of one box narrowed by ``filters``, up to ``MOST_COUNTED``."""
    return int(connection.scalar(select(counted(keys_of(desk, filters, days)))) or 0)


@lru_cache(maxsize=WORDED)
def unread_count(desk: Desk) -> Any:
    """How many notices wait unread for the posts of a desk, up to ``MOST_COUNTED``, as one value in SQL."""
    return counted([(told(post, Filters("notices", UNREAD), copies=False), BY_NUMBER) for post in desk.posts])


def shown(found: Mapping[str, int]) -> dict[str, str]:
    """The counts as they are read: ``999+`` where there are more."""
    return {name: said(number) for name, number in found.items()}


def said(number: int) -> str:
    """A count as it is read."""
    return f"{MOST_COUNTED - 1}+" if number >= MOST_COUNTED else str(number)
