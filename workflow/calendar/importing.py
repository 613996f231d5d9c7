"""Importing a notice: the year becomes confirmed, and every open deadline that reaches it is computed anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from governance.refusal import Refusal, Refused
from governance.roles import Role
from governance.workdays import Calendar, add_workdays, workdays_between
from workflow import clock, clocks, lifecycle, tasks
from workflow.attempt import SYSTEM, Actor, Attempt, Case
from workflow.calendar.notice import Notice
from workflow.calendar_days import keep_year, load_calendar
from workflow.db import canonical, moment_text
from workflow.i18n import lazy as _
from workflow.model import cases
from workflow.model import clocks as clock_rows
from workflow.organisations import office
from workflow.organisations.model import admin_records
from workflow.rules import book_at

VERB = "import_calendar"
# Where a stage keeps the last day of its clock beside the clock itself, for its pages and checks.
COPIES: Mapping[str, tuple[str, ...]] = {
    "opinion": ("opinion_until",), "notice": ("notice", "until"), "objection": ("objection_until",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Move:
    """What a new calendar makes of one open clock."""

    case_id: int
    name: str
    serial: int
    holder: str
    before: date
    after: date
    was_provisional: bool
    provisional: bool
    paused_days: int

    @property
    def moved(self) -> bool:
        """Whether the last day itself changes, not only how sure it is."""
        return self.before != self.after


def announced(connection: Connection, notice: Notice) -> Calendar:
    """The calendar as it would stand with ``notice`` in it."""
    present = load_calendar(connection)
    return Calendar({**present.kinds, **notice.kinds}, {*present.confirmed_years, notice.year})


def check_year(connection: Connection, notice: Notice, *, replace: bool, reason: str) -> None:
    """Raises ``Refused`` for a year that is confirmed already, unless it is to be replaced for a reason."""
    if notice.year not in load_calendar(connection).confirmed_years:
        return
    if not replace:
        said = _("%(year)s 年的安排已经确定；确需更正的，请选择替换并写明原因", year=notice.year)
        raise Refused(Refusal(reason=said, who=_("规则管理"), field="replace", fact="calendar"))
    if not reason.strip():
        raise Refused(Refusal(reason=_("替换须写明原因"), who=_("规则管理"), field="reason", fact="calendar"))


def moves(connection: Connection, calendar: Calendar, year: int) -> list[Move]:
    """What ``calendar`` makes of the open clocks that count working days and reach ``year``; only what changes."""
    columns = clock_rows.c
    first, last = date(year, 1, 1), date(year, 12, 31)
    reaching = (columns.deadline >= first) & (columns.started_on <= last)
    query = (
        select(clock_rows, cases.c.place)
        .join(cases, cases.c.id == columns.case_id)
        .where(columns.stopped_on.is_(None), or_(columns.provisional == 1, reaching))
        .order_by(columns.case_id, columns.name, columns.serial)
    )
    rows = [row for row in connection.execute(query) if row.provisional or _counts_working_days(connection, row)]
    pauses = clocks.pauses(connection, {row.case_id for row in rows if row.paused_days})
    found = (_recomputed(row, pauses.get((row.case_id, row.name, row.serial), []), calendar) for row in rows)
    return [one for one in found if one.moved or one.provisional != one.was_provisional]


def _counts_working_days(connection: Connection, row: Any) -> bool:
    provision = book_at(connection, row.place, row.started_on).find(row.rule)
    return provision is not None and provision.unit == "working_days"


def _recomputed(row: Any, pauses: list[clocks.Pause], calendar: Calendar) -> Move:
    paused = sum(workdays_between(one.since, one.until, calendar) for one in pauses) if pauses else row.paused_days
    after, provisional = add_workdays(row.started_on, row.days + paused, calendar)
    return Move(
        row.case_id, row.name, row.serial, row.holder_role, row.deadline, after, bool(row.provisional), provisional,
        paused,
    )  # fmt: skip


def import_notice(
    connection: Connection, notice: Notice, *, actor: Actor, at: datetime, replace: bool = False, reason: str = ""
) -> list[Move]:
    """Keep the year as announced, recompute what reaches it, record and tell; everything in the caller's transaction.

    Returns what changed. Raises ``Refused`` for a year that is confirmed already, unless ``replace`` with a ``reason``.
    """
    office.begin(connection)
    check_year(connection, notice, replace=replace, reason=reason)
    body = {
        "year": notice.year, "source": notice.source, "reason": reason.strip(), "replaced": replace,
        "days": [[one.day.isoformat(), one.workday, one.name] for one in notice.named],
    }  # fmt: skip
    found = moves(connection, announced(connection, notice), notice.year)
    version = f"{moment_text(at)} {hashlib.sha256(canonical(body).encode()).hexdigest()}"
    keep_year(connection, notice.kinds, notice.source, version)
    office.record(connection, office.Office(actor.person_id, None), at, VERB, body)
    for move in found:
        apply(connection, move, actor, at, notice)
    return found


def apply(connection: Connection, move: Move, actor: Actor, at: datetime, notice: Notice) -> None:
    """Move one clock, the copy of its day and the tasks; leave a record, and tell who holds it."""
    key = (
        clock_rows.c.case_id == move.case_id,
        clock_rows.c.name == move.name,
        clock_rows.c.serial == move.serial,
    )
    values: dict[str, Any] = {
        "deadline": move.after, "provisional": move.provisional, "paused_days": move.paused_days,
    }  # fmt: skip
    if move.after >= clock.day_of(at):
        values["overdue_on"] = None
    connection.execute(clock_rows.update().where(*key).values(**values))
    case = lifecycle.lock(connection, move.case_id)
    _copy(connection, case, move)
    told = {
        "clock": move.name, "serial": move.serial, "before": move.before.isoformat(), "after": move.after.isoformat(),
        "provisional": move.provisional, "source": notice.source, "note": _told(move, notice),
    }  # fmt: skip
    verb = "deadline_moved" if move.moved else "deadline_confirmed"
    lifecycle.note(connection, move.case_id, verb, at=at, data=told, actor=actor)
    attempt = Attempt(connection, lifecycle.lock(connection, move.case_id), SYSTEM, at)
    tasks.refresh(attempt)
    if move.moved:
        attempt.notify(Role(move.holder), "deadline_moved", _told(move, notice))


def _told(move: Move, notice: Notice) -> str:
    sure = "，仍为暂定" if move.provisional else ""
    if not move.moved:
        return f"{notice.year} 年放假安排已导入（{notice.source}），期限 {move.after.isoformat()} 确定"
    return (
        f"{notice.year} 年放假安排已导入（{notice.source}），期限由 {move.before.isoformat()}"
        f" 改为 {move.after.isoformat()}{sure}"
    )


def _copy(connection: Connection, case: Case, move: Move) -> None:
    """Move the date that the stage keeps in its progress, where it is the clock's own."""
    path = COPIES.get(move.name)
    progress = json.loads(case.progress)
    held = progress
    for key in (path or ())[:-1]:
        held = held.get(key) or {}
    if path is None or held.get(path[-1]) != move.before.isoformat():
        return
    held[path[-1]] = move.after.isoformat()
    connection.execute(cases.update().where(cases.c.id == case.id).values(progress=canonical(progress)))


def names_of(connection: Connection, year: int) -> dict[date, str]:
    """The holidays' names that the newest import of ``year`` gave."""
    query = select(admin_records.c.body).where(admin_records.c.verb == VERB).order_by(admin_records.c.id.desc())
    for body in connection.scalars(query):
        told = json.loads(body)
        if told["year"] == year:
            return {date.fromisoformat(day): name for day, _worked, name in told["days"] if name}
    return {}
