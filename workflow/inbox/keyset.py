"""Pages by key: the next page begins after a row, not after a number of rows, so that nothing is skipped or twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import ColumnElement, literal, tuple_

from workflow.db import Moment
from workflow.i18n import lazy as _

PAGE_ROWS = 50
LONGEST_MARK = 400


class BadAddress(ValueError):
    """What stands in the address was not written by this site; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: behind the row of these keys, or before it when going back."""

    keys: tuple[Any, ...] = ()
    back: bool = False


START = Position()


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by, unique in the end; ``down`` shows the highest first."""

    columns: tuple[Any, ...]
    down: bool = False

    def at(self, position: Position) -> list[ColumnElement[bool]]:
        """The condition that a row lies beyond ``position``; none at the start."""
        if not position.keys:
            return []
        here = tuple_(*self.columns)
        keys = tuple_(*(_typed(key, column) for key, column in zip(position.keys, self.columns, strict=True)))
        return [here < keys if self.down != position.back else here > keys]

    def by(self, position: Position) -> list[Any]:
        """The order in which rows are read, reversed when going back."""
        return [column.desc() if self.down != position.back else column.asc() for column in self.columns]


def _typed(key: Any, column: Any) -> Any:
    """A key as its column holds it; a moment stands in an address as text."""
    moment = isinstance(column.type, Moment) and isinstance(key, str)
    return literal(datetime.fromisoformat(key) if moment else key, column.type)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the order in which they are shown, and whether there are more on either side."""

    rows: list[Any] = field(default_factory=list)
    keys: Callable[[Any], tuple[Any, ...]] = tuple
    earlier: bool = False
    later: bool = False

    @property
    def first(self) -> tuple[Any, ...]:
        """The keys of the first row."""
        return self.keys(self.rows[0])

    @property
    def last(self) -> tuple[Any, ...]:
        """The keys of the last row."""
        return self.keys(self.rows[-1])


def cut(read: Sequence[Any], position: Position, keys: Callable[[Any], tuple[Any, ...]], limit: int) -> Page:
    """A page from ``read``, which holds one row more than ``limit`` where there are more."""
    rows, more = list(read[:limit]), len(read) > limit
    if position.back:
        return Page(rows[::-1], keys, earlier=more, later=bool(rows))
    return Page(rows, keys, earlier=bool(position.keys) and bool(rows), later=more)


def mark(kind: str, keys: tuple[Any, ...]) -> str:
    """``keys`` as they stand in an address, signed for lists of one ``kind``."""
    return str(_serializer(kind).dumps(list(keys)))


def position(kind: str, after: str, before: str) -> Position:
    """The position an address names; raises ``BadAddress`` for one that this site did not write."""
    if after and before:
        raise BadAddress(_("地址里同时写了上一页和下一页的位置"))
    text = after or before
    if not text:
        return START
    try:
        if len(text) > LONGEST_MARK:
            raise BadData("too long")
        keys = _serializer(kind).loads(text)
    except BadData as error:
        raise BadAddress(_("翻页位置不是本系统给出的，或者已被改动")) from error
    return Position(tuple(keys), back=bool(before))


def _serializer(kind: str) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=f"inbox page {kind}")
