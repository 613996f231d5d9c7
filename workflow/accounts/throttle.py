"""Slowing down guesses: failed attempts are counted in the database, so that the limit holds across all workers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import ColumnElement, Connection, Engine, func, select

from workflow.accounts.model import login_attempts
from workflow.db import writing

WINDOW = timedelta(minutes=15)
KNOWN_FOR = timedelta(days=30)
FAILURES_PER_LOGIN = 5
FAILURES_PER_ADDRESS = 30
_FAILED, _SUCCEEDED = "0", "1"


class TooManyAttempts(Exception):
    """Raised before the password is looked at; ``wait_minutes`` says when to come back."""

    def __init__(self, wait_minutes: int) -> None:
        super().__init__(f"wait {wait_minutes} minutes")
        self.wait_minutes = wait_minutes


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that may go on; ``left`` is how many more there will be if it fails."""

    id: int
    left: int


def begin_attempt(engine: Engine, login: str, address: str, at: datetime) -> Attempt:
    """Count an attempt as failed before it is made, so that parallel guesses cannot slip past the limit.

    From an address where this login has succeeded within 30 days only that address's failures since then count: whoever
    guesses from elsewhere cannot keep the real user out. Raises ``TooManyAttempts``.
    """
    key = login.casefold()
    columns = login_attempts.c
    with writing(engine) as connection:
        _one_at_a_time(connection)
        succeeded_at = connection.scalar(
            select(func.max(columns.at)).where(
                columns.login == key,
                columns.address == address,
                columns.succeeded == _SUCCEEDED,
                columns.at > at - KNOWN_FOR,
            )
        )
        since = max(at - WINDOW, succeeded_at) if succeeded_at else at - WINDOW
        here = [columns.address == address] if succeeded_at else []
        left = min(
            _left(connection, at, FAILURES_PER_LOGIN, columns.login == key, columns.at > since, *here),
            _left(connection, at, FAILURES_PER_ADDRESS, columns.address == address, columns.at > at - WINDOW),
        )
        values = {"login": key, "address": address, "succeeded": _FAILED, "at": at}
        number = connection.execute(login_attempts.insert().values(values).returning(columns.id)).scalar_one()
        return Attempt(number, left - 1)


def note_success(engine: Engine, attempt: Attempt) -> None:
    """Count ``attempt`` as a success after all."""
    with writing(engine) as connection:
        connection.execute(
            login_attempts.update().where(login_attempts.c.id == attempt.id).values(succeeded=_SUCCEEDED)
        )


def _left(connection: Connection, at: datetime, limit: int, *which: ColumnElement[bool]) -> int:
    columns = login_attempts.c
    latest = select(columns.at).where(columns.succeeded == _FAILED, *which).order_by(columns.at.desc()).limit(limit)
    failures = connection.scalars(latest).all()
    if len(failures) == limit:
        raise TooManyAttempts(max(1, ceil((failures[-1] + WINDOW - at).total_seconds() / 60)))
    return limit - len(failures)


def _one_at_a_time(connection: Connection) -> None:
    # SQLite's writing transactions come one at a time already.
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE login_attempts IN SHARE ROW EXCLUSIVE MODE")
