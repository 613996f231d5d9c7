"""Statements that every step needs: put into words by SQLAlchemy once, then sent through the driver's own cursor.

A step sends sixteen statements. Compiling, wrapping and unwrapping them anew took three times as long as the database.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.base import Executable
from sqlalchemy.types import TypeDecorator

Convert = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class _Words:
    """A statement in the words of one kind of database, and what its values and columns are converted by."""

    text: str
    fixed: dict[str, Any]
    order: list[str] | None
    sent: list[tuple[str, Convert]]
    received: list[tuple[int, Convert]]
    row: Callable[[Any], Any]


class Prepared:
    """One statement; its values are given by name, its rows read by name, as with ``execute``."""

    def __init__(self, statement: Executable) -> None:
        self.statement = statement
        self._words: dict[tuple[str, ...], _Words] = {}

    def run(self, connection: Connection, values: dict[str, Any]) -> None:
        """Send an insert, update or delete, in the connection's transaction."""
        self._send(connection, values)

    def rows(self, connection: Connection, values: dict[str, Any]) -> list[Any]:
        """Every row of the result."""
        words, cursor = self._send(connection, values)
        found = cursor.fetchall()
        if not words.received:
            return [words.row(one) for one in found]
        return [words.row(_converted(one, words.received, connection.dialect)) for one in found]

    def first(self, connection: Connection, values: dict[str, Any]) -> Any | None:
        """The first row, or ``None``; for statements that find one at most."""
        found = self.rows(connection, values)
        return found[0] if found else None

    def _send(self, connection: Connection, values: dict[str, Any]) -> tuple[_Words, Any]:
        dialect = connection.dialect
        shape = (dialect.name, *values)
        words = self._words.get(shape) or self._put_into_words(connection, shape)
        sent = words.fixed | values
        for name, convert in words.sent:
            sent[name] = convert(sent[name], dialect)
        given = sent if words.order is None else [sent[name] for name in words.order]
        if not connection.in_transaction():
            connection.begin()
        cursor = connection.connection.cursor()
        try:
            cursor.execute(words.text, given)
        except dialect.loaded_dbapi.Error as error:
            raise DBAPIError.instance(words.text, given, error, dialect.loaded_dbapi.Error, dialect=dialect) from error
        return words, cursor

    def _put_into_words(self, connection: Connection, shape: tuple[str, ...]) -> _Words:
        statement: Any = self.statement
        compiled = statement.compile(dialect=connection.dialect, column_keys=list(shape[1:]))
        returned = statement.exported_columns if statement.is_select else getattr(statement, "_returning", ())
        columns = list(returned)
        binds = ((name, bound.type) for name, bound in compiled.binds.items())
        self._words[shape] = _Words(
            str(compiled),
            {name: value for name, value in compiled.params.items() if name not in shape},
            compiled.positiontup,
            [(name, kind.process_bind_param) for name, kind in binds if isinstance(kind, TypeDecorator)],
            [
                (number, column.type.process_result_value)
                for number, column in enumerate(columns)
                if isinstance(column.type, TypeDecorator)
            ],
            namedtuple("Row", [column.key for column in columns])._make,
        )
        return self._words[shape]


def _converted(row: Any, received: list[tuple[int, Convert]], dialect: Any) -> list[Any]:
    values = list(row)
    for number, convert in received:
        values[number] = convert(values[number], dialect)
    return values
