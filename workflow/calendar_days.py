"""The table of calendar days: what the State Council announced, and a provisional view of the years it has not.

Announced years come from ``chinesecalendar`` (the yearly notices, swapped weekends included) and are confirmed.
Later years are weekdays less the statutory holidays of ``holidays`` and are not, until a notice is imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import chinese_calendar
from holidays import country_holidays
from sqlalchemy import Connection, bindparam, select

from governance.workdays import Calendar
from workflow.model import calendar_days, settings
from workflow.prepared import Prepared

ANNOUNCED_YEARS = range(2019, 2027)
PROVISIONAL_YEARS = range(2027, 2029)
ANNOUNCED_SOURCE = "国务院办公厅放假通知（chinesecalendar 1.11.0）"
PROVISIONAL_SOURCE = "暂定：周一至周五减法定节假日（holidays 0.109），待国务院办公厅通知"
CALENDAR_VERSION = "calendar.version"
_SATURDAY = 5
_VERSION = Prepared(select(settings.c.value).where(settings.c.name == bindparam("name")))

_calendars: dict[str, tuple[str, Calendar]] = {}
_compared: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


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
    """The calendar of this database, kept in the process until its days change, whichever process changes them.

    Once a transaction the stored version is compared; within it the calendar stays the same object.
    """
    url, transaction = str(connection.engine.url), connection.get_transaction()
    kept = _calendars.get(url)
    if kept is not None and transaction is not None and _compared.get(transaction) == kept[0]:
        return kept[1]
    version = _compared.get(transaction) if transaction is not None else None
    if version is None:
        stored = _VERSION.first(connection, {"name": CALENDAR_VERSION})
        version = stored.value if stored else ""
    if kept is None or kept[0] != version:
        kept = _calendars[url] = (version, _read(connection))
    transaction = connection.get_transaction()
    if transaction is not None:
        _compared[transaction] = version
    return kept[1]


def heed_version(connection: Connection, stored: str) -> None:
    """Take the stored version as told for this transaction, by whoever has read it along with other settings."""
    transaction = connection.get_transaction()
    if transaction is not None:
        _compared[transaction] = stored


def _read(connection: Connection) -> Calendar:
    columns = calendar_days.c
    rows = connection.execute(select(columns.day, columns.workday, columns.confirmed)).all()
    unsure = {row.day.year for row in rows if not row.confirmed}
    return Calendar({row.day: row.workday for row in rows}, {row.day.year for row in rows} - unsure)


def keep_year(connection: Connection, kinds: Mapping[date, bool], source: str, version: str) -> None:
    """Put the announced days ``kinds`` of a year into the table, confirmed, in place of what stood there.

    ``version`` names the change, so that every process reads the calendar anew.
    """
    (year,) = {day.year for day in kinds}
    columns = calendar_days.c
    first, last = date(year, 1, 1), date(year, 12, 31)
    connection.execute(calendar_days.delete().where(columns.day >= first, columns.day <= last))
    rows = [{"day": day, "workday": worked, "source": source, "confirmed": True} for day, worked in kinds.items()]
    connection.execute(calendar_days.insert(), rows)
    _renew(connection, version)


def provide_year(connection: Connection, year: int) -> None:
    """Add a provisional view of ``year`` where the table has nothing of it, marked as such."""
    if year in load_calendar(connection).known_years:
        return
    statutory = country_holidays("CN", years=year)
    days = days_of(range(year, year + 1))
    connection.execute(
        calendar_days.insert(),
        [
            {"day": day, "workday": statutory_workday(day, statutory), "source": PROVISIONAL_SOURCE, "confirmed": False}
            for day in days
        ],
    )
    _renew(connection, f"{year} provisional")


def _renew(connection: Connection, version: str) -> None:
    named = settings.c.name == CALENDAR_VERSION
    if connection.execute(settings.update().where(named).values(value=version)).rowcount == 0:
        connection.execute(settings.insert().values(name=CALENDAR_VERSION, value=version))
    forget_calendar(connection)


def forget_calendar(connection: Connection | None = None) -> None:
    """Read the calendar anew next time, of this database or of all; to be called after its days have changed."""
    _compared.clear()
    if connection is None:
        _calendars.clear()
    else:
        _calendars.pop(str(connection.engine.url), None)
