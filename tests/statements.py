"""The statements a piece of work sends to the database, counted by SQLite itself: none is sent past it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

ASIDE = ("BEGIN", "ROLLBACK", "COMMIT", "PRAGMA")


@contextmanager
def counting(connection: Connection) -> Iterator[list[str]]:
    """The statements that one connection was asked inside."""
    asked: list[str] = []
    connection.exec_driver_sql("SELECT 1")
    driver: Any = connection.connection.driver_connection
    driver.set_trace_callback(asked.append)
    try:
        yield asked
    finally:
        driver.set_trace_callback(None)


@contextmanager
def counting_all(engine: Engine) -> Iterator[list[str]]:
    """The statements that all connections of an engine are asked inside, without the bounds of transactions."""
    asked: list[str] = []

    def keep(statement: str) -> None:
        if not statement.startswith(ASIDE):
            asked.append(statement)

    def watch(driver: Any, _record: Any) -> None:
        driver.set_trace_callback(keep)

    engine.dispose()
    event.listen(engine, "connect", watch)
    try:
        yield asked
    finally:
        event.remove(engine, "connect", watch)
        engine.dispose()
