"""Scheduled work of the calendar: warn that next year is missing, provide a provisional year, settle stragglers."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import Connection, or_, select

from governance.roles import Role
from workflow import clock
from workflow.attempt import SYSTEM
from workflow.calendar import importing
from workflow.calendar.notice import Notice
from workflow.calendar_days import load_calendar, provide_year
from workflow.i18n import lazy as _
from workflow.model import calendar_days, notices
from workflow.model import clocks as clock_rows
from workflow.occurrences import Due, Job
from workflow.organisations.model import seats

WARN_FROM_MONTH = 11
YEARS_AHEAD = 2


def missing_year(connection: Connection, day: date) -> int | None:
    """The year whose notice should be here on ``day`` and is not: this year's, from 1 November next year's."""
    confirmed = load_calendar(connection).confirmed_years
    years = (day.year, day.year + 1) if day.month >= WARN_FROM_MONTH else (day.year,)
    return next((year for year in years if year not in confirmed), None)


def due_warnings(connection: Connection, at: datetime) -> list[Due]:
    """One warning a week, from 1 November until the year is imported."""
    day = clock.day_of(at)
    year = missing_year(connection, day)
    if year is None:
        return []
    monday = day - timedelta(days=day.weekday())
    return [Due(-year, f"{year}:{max(monday, date(day.year, 1, 1)).isoformat()}", at)]


def warn(connection: Connection, due: Due, at: datetime) -> None:
    """Tell every rules officer which year is missing and what that means."""
    day, year = clock.day_of(at), -due.scope
    holding = select(seats.c.organisation_id).where(
        seats.c.role == str(Role.RULES_OFFICER),
        seats.c.since <= day,
        or_(seats.c.until.is_(None), seats.c.until >= day),
    )
    body = f"{year} 年放假调休安排还没有导入，到该年的期限按法定节假日暂估；请在国务院办公厅通知发布后导入"
    for organisation in connection.scalars(holding.distinct().order_by(seats.c.organisation_id)):
        told = {"organisation_id": organisation, "role": str(Role.RULES_OFFICER), "kind": "calendar", "body": body}
        connection.execute(notices.insert().values(case_id=None, at=at, **told))


def due_years(connection: Connection, at: datetime) -> list[Due]:
    """Years ahead that the calendar does not know at all."""
    known, year = load_calendar(connection).known_years, clock.day_of(at).year
    return [Due(-one, str(one), at) for one in range(year, year + YEARS_AHEAD + 1) if one not in known]


def provide(connection: Connection, due: Due, at: datetime) -> None:
    """Lay out a year ahead as provisional, so that long deadlines can be told and are marked as such."""
    provide_year(connection, -due.scope)


def due_settlements(connection: Connection, at: datetime) -> list[Due]:
    """Deadlines still marked provisional though their year is announced: started while the notice was imported."""
    columns = clock_rows.c
    query = (
        select(columns.case_id, columns.name, columns.serial, columns.deadline)
        .where(columns.stopped_on.is_(None), columns.provisional == 1)
        .order_by(columns.case_id)
    )
    confirmed = load_calendar(connection).confirmed_years
    return [
        Due(row.case_id, f"{row.name}:{row.serial}:{row.deadline}", at)
        for row in connection.execute(query)
        if row.deadline.year in confirmed
    ]


def settle(connection: Connection, due: Due, at: datetime) -> None:
    """Compute such a deadline anew by the calendar as it is announced now."""
    name, serial, deadline = due.period.split(":")
    year = date.fromisoformat(deadline).year
    source = connection.scalar(select(calendar_days.c.source).where(calendar_days.c.day == date(year, 1, 1)))
    notice = Notice(year, source or "", ())
    for move in importing.moves(connection, load_calendar(connection), year):
        if (move.case_id, move.name, move.serial) == (due.scope, name, int(serial)):
            importing.apply(connection, move, SYSTEM, at, notice)


JOBS = [
    Job("provide_calendar", _("补充暂定日历"), due_years, provide),
    Job("warn_calendar", _("提醒导入放假通知"), due_warnings, warn),
    Job("settle_deadlines", _("暂定期限转为确定"), due_settlements, settle),
]
