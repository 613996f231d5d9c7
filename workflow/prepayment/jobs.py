"""What happens to prepayments by date: a reminder ahead of the day to repay by, and the end once nothing is out."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from governance.prepayment import REPAY_BY, day_of_year
from workflow import clock, lifecycle
from workflow.attempt import SYSTEM
from workflow.i18n import lazy as _
from workflow.model import cases
from workflow.occurrences import Due, Job
from workflow.organisations.model import consortia
from workflow.prepayment.model import OUT, State, outstanding_fen
from workflow.rules import book_at


def _advanced(connection: Connection, *states: State) -> list[Any]:
    query = (
        select(cases.c.id, cases.c.place, cases.c.pool, cases.c.period, cases.c.progress, consortia.c.code)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .where(cases.c.stage == "prepayment", cases.c.state.in_([str(one) for one in states]))
        .order_by(cases.c.id)
    )
    return list(connection.execute(query))


def due_to_remind(connection: Connection, at: datetime) -> list[Due]:
    """Prepayments of which something is out, so many days before the day to repay by; each once."""
    day = clock.day_of(at)
    return [
        Due(row.id, row.period, at)
        for row in _advanced(connection, State.ADVANCED)
        if '"reminded":' not in row.progress
        and _reminder_day(connection, row) <= day
        and outstanding_fen(connection, row.code, row.pool, int(row.period)) > 0
    ]


def _reminder_day(connection: Connection, row: Any) -> date:
    year = int(row.period)
    book = book_at(connection, row.place, date(year, 1, 1))
    ahead = book.find("prepayment.remind_before")
    return day_of_year(str(book.rule(REPAY_BY).value), year) - timedelta(days=ahead.integer if ahead else 0)


def repaid(connection: Connection, at: datetime) -> list[Due]:
    """Prepayments of which nothing is out any more: set off by the months, repaid, or ended by the clearing."""
    return [
        Due(row.id, row.period, at)
        for row in _advanced(connection, *OUT)
        if outstanding_fen(connection, row.code, row.pool, int(row.period)) <= 0
    ]


def _taking(trigger: str) -> Any:
    def run(connection: Connection, due: Due, at: datetime) -> None:
        lifecycle.take(connection, due.scope, trigger, actor=SYSTEM, at=at)

    return run


JOBS = [
    Job("close_prepayment", _("预付金收回完毕"), repaid, _taking("close")),
    Job("remind_prepayment", _("提醒收回预付金"), due_to_remind, _taking("remind")),
]
