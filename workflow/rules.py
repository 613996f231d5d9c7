"""The rule books as the workflow reads them: loaded once, with what was enacted here, asked for a place and a day."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from governance.refusal import Refusal, Refused
from governance.rulebook import Book, RuleBook
from workflow import enacted
from workflow.model import settings

DEMO_MARK = "demo.mark"


@lru_cache(maxsize=1)
def shipped() -> RuleBook:
    """All rule books shipped, and those of ``GONGZHI_RULEBOOK`` (a folder) where that is set."""
    extra = os.environ.get("GONGZHI_RULEBOOK")
    return RuleBook.load([Path(extra)] if extra else [])


def rulebook(connection: Connection | None = None) -> RuleBook:
    """The rule books with what the connection's database has enacted; without one the shipped, for their places."""
    return shipped() if connection is None else enacted.book_of(connection, shipped())


def place_chain(place: str) -> tuple[str, ...]:
    """Nation to ``place``; raises ``Refused`` for a place nobody described."""
    return _chain(place)


@lru_cache(maxsize=4096)
def _chain(place: str) -> tuple[str, ...]:
    return tuple(rulebook().chain(place))


def book_at(connection: Connection, place: str, day: date, agreement: Mapping[str, Any] | None = None) -> Book:
    """The rule book in force at ``place`` on ``day``, with the agreement's answers where a rule asks for them."""
    return rulebook(connection).at(place).in_force(day, agreement=agreement or {})


def is_demo(connection: Connection) -> bool:
    """Whether this database carries the demo mark."""
    return connection.scalar(select(settings.c.value).where(settings.c.name == DEMO_MARK)) == "1"


def refuse_samples(connection: Connection, place: str) -> None:
    """Raises ``Refused`` when ``place`` lives on sample values and the database has no demo mark."""
    if rulebook().at(place) and rulebook().places[place].sample and not is_demo(connection):
        raise Refused(
            Refusal(
                reason=f"“{place}”只有样例规则，正式数据库不能使用；请选用已经配置规则的地区",
                reason_en=f"{place} has sample rules only, which a database without the demo mark refuses",
                who="规则管理",
                who_en="Rules officer",
                fact="place",
            )
        )
