"""The table of calendar days: what the State Council announced, and a provisional view of the years it has not.

Announced years come from ``chinesecalendar`` (the yearly notices, swapped weekends included) and are confirmed.
Later years are weekdays less the statutory holidays of ``holidays`` and are not, until a notice is imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import chinese_calendar
from holidays import country_holidays
from sqlalchemy import Connection, select

from governance.workdays import Calendar
from workflow.model import calendar_days

ANNOUNCED_YEARS = range(2019, 2027)
PROVISIONAL_YEARS = range(2027, 2029)
ANNOUNCED_SOURCE = "国务院办公厅放假通知（chinesecalendar 1.11.0）"
PROVISIONAL_SOURCE = "暂定：周一至周五减法定节假日（holidays 0.109），待国务院办公厅通知"
_SATURDAY = 5

_calendars: dict[str, Calendar] = {}


def days_of(years: range) -> Iterator[date]:
    """Every day of ``years``, in order."""
    day = date(years.start, 1, 1)
    while day.year < years.stop:
        yield day
        day += timedelta(days=1)


def statutory_workday(day: date, statutory: Any) -> bool:
    """Whether ``day`` is a weekday and no statutory holiday; swapped weekends are not known to it."""
    return day.weekday() < _SATURDAY and day not in statutory


def seed_calendar(connection: Connection) -> None:
    """Add the days that the table lacks; a day that is there stays as it is, so that an imported notice wins."""
    if connection.scalar(select(calendar_days.c.day).where(calendar_days.c.day == _last_seeded())) is not None:
        return
    present = set(connection.scalars(select(calendar_days.c.day)))
    statutory = country_holidays("CN", years=PROVISIONAL_YEARS)
    rows = [
        {"day": day, "workday": chinese_calendar.is_workday(day), "source": ANNOUNCED_SOURCE, "confirmed": True}
        for day in days_of(ANNOUNCED_YEARS)
    ] + [
        {"day": day, "workday": statutory_workday(day, statutory), "source": PROVISIONAL_SOURCE, "confirmed": False}
        for day in days_of(PROVISIONAL_YEARS)
    ]
    connection.execute(calendar_days.insert(), [row for row in rows if row["day"] not in present])
    forget_calendar(connection)


def _last_seeded() -> date:
    return date(PROVISIONAL_YEARS.stop - 1, 12, 31)


def load_calendar(connection: Connection) -> Calendar:
    """The calendar of this database; read once per process and database, until ``forget_calendar``."""
    url = str(connection.engine.url)
    if url not in _calendars:
        columns = calendar_days.c
        rows = connection.execute(select(columns.day, columns.workday, columns.confirmed)).all()
        unsure = {row.day.year for row in rows if not row.confirmed}
        _calendars[url] = Calendar({row.day: row.workday for row in rows}, {row.day.year for row in rows} - unsure)
    return _calendars[url]


def forget_calendar(connection: Connection | None = None) -> None:
    """Read the calendar anew next time, of this database or of all; to be called after its days have changed."""
    if connection is None:
        _calendars.clear()
    else:
        _calendars.pop(str(connection.engine.url), None)
