"""The one reader of the clock: moments in UTC, days of Asia/Shanghai; a demo database keeps a clock of its own."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from workflow.db import moment_text
from workflow.model import settings
from workflow.prepared import Prepared

SHANGHAI = ZoneInfo("Asia/Shanghai")
DEMO_CLOCK = "demo.clock"
_DEMO_CLOCK = Prepared(select(settings.c.value).where(settings.c.name == DEMO_CLOCK))


def now(connection: Connection) -> datetime:
    """The moment that counts in this database: the stored demo clock where there is one, else the machine's."""
    stored = _DEMO_CLOCK.first(connection, {})
    return moment_told(stored.value if stored else None)


def moment_told(demo_clock: str | None) -> datetime:
    """The moment that the text of a stored demo clock tells, else the machine's."""
    return datetime.fromisoformat(demo_clock) if demo_clock else datetime.now(UTC)


def set_demo_clock(connection: Connection, at: datetime) -> None:
    """Move the demo clock forward to ``at``; an earlier moment leaves it, so that time never runs backwards."""
    stored = connection.scalar(select(settings.c.value).where(settings.c.name == DEMO_CLOCK))
    if stored is None:
        connection.execute(settings.insert().values(name=DEMO_CLOCK, value=moment_text(at)))
    elif stored < moment_text(at):
        connection.execute(settings.update().where(settings.c.name == DEMO_CLOCK).values(value=moment_text(at)))


def real_now() -> datetime:
    """The machine's own moment, for sessions and throttles, which no demo clock may stretch."""
    return datetime.now(UTC)


def day_of(at: datetime) -> date:
    """The day in Shanghai on which ``at`` falls."""
    return at.astimezone(SHANGHAI).date()


def moment(day: date, hour: int = 9, minute: int = 0) -> datetime:
    """The moment in UTC of ``hour:minute`` in Shanghai on ``day``."""
    return datetime.combine(day, time(hour, minute), SHANGHAI).astimezone(UTC)
