"""Scheduled reminders: one digest a working day for each holder, and one word to the head when a delay goes on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from governance.roles import ROLE_NAMES, Role
from workflow import clock, clocks, lifecycle
from workflow.attempt import Attempt, Case
from workflow.calendar_days import load_calendar
from workflow.i18n import lazy as _
from workflow.machines import PASSING_ON, STAGES
from workflow.model import cases, notices, tasks
from workflow.model import clocks as clock_rows
from workflow.occurrences import Due, Job
from workflow.organisations.model import consortia, organisations, persons, seats
from workflow.pages import words
from workflow.reminders.seats import head_of
from workflow.rules import book_at

DIGEST, DIGEST_HOUR = "send_digest", 8
SOON_WORKING_DAYS = 5
LISTED = 8
ESCALATE_AFTER = "clocks.escalate_after"


def due_digests(connection: Connection, at: datetime) -> list[Due]:
    """One for each holder with something due within five working days or overdue, on working days from eight o'clock.

    A day that was missed is not made up for: today's digest holds all that is still open.
    """
    day = clock.day_of(at)
    calendar = load_calendar(connection)
    if day.year not in calendar.known_years or not calendar.is_workday(day) or at < clock.moment(day, DIGEST_HOUR):
        return []
    until = clocks.soon(connection, day, SOON_WORKING_DAYS).isoformat()
    query = (
        select(tasks.c.organisation_id, tasks.c.role)
        .where(tasks.c.deadline <= until)
        .distinct()
        .order_by(tasks.c.organisation_id, tasks.c.role)
    )
    # Negative, because a positive scope is a case, which a failed run would block.
    return [
        Due(-row.organisation_id, f"{row.role}:{day.isoformat()}", clock.moment(day, DIGEST_HOUR))
        for row in connection.execute(query)
    ]


def send_digest(connection: Connection, due: Due, at: datetime) -> None:
    """Tell a holder in one notice what is due soon and what is overdue; each case once, only while it is its turn."""
    role, _colon, _day = due.period.partition(":")
    today = clock.day_of(at)
    until = clocks.soon(connection, today, SOON_WORKING_DAYS).isoformat()
    query = (
        select(
            tasks.c.trigger, tasks.c.deadline, cases.c.id, cases.c.stage, cases.c.state, cases.c.period,
            consortia.c.name,
        )
        .join(cases, cases.c.id == tasks.c.case_id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .where(tasks.c.organisation_id == -due.scope, tasks.c.role == role, tasks.c.deadline <= until)
        .order_by(tasks.c.deadline, tasks.c.case_id, tasks.c.id)
    )  # fmt: skip
    rows = list({row.id: row for row in reversed(list(connection.execute(query)))}.values())[::-1]
    if not rows:
        return
    late = [row for row in rows if row.deadline < today.isoformat()]
    body = f"{len(rows) - len(late)} 件将在 5 个工作日内到期，{len(late)} 件已超期：" + "；".join(_lines(rows))
    connection.execute(
        notices.insert().values(
            case_id=None, organisation_id=-due.scope, role=role, kind="digest", body=body, at=at
        )
    )


def _lines(rows: list[Any]) -> Iterable[str]:
    for row in rows[:LISTED]:
        stage = STAGES[row.stage]
        step = stage.step_from(row.state, row.trigger)
        label = step.label if step else words.verb_label(row.trigger)
        period = words.period_label(row.period)
        yield f"{row.name} {period} {stage.label}“{label}”，{row.deadline} 到期".replace("  ", " ")
    if len(rows) > LISTED:
        yield f"另有 {len(rows) - LISTED} 件"


def due_escalations(connection: Connection, at: datetime) -> list[Due]:
    """Clocks that were flagged overdue and have run on for more working days than the place's rule bears."""
    columns, day = clock_rows.c, clock.day_of(at)
    query = (
        select(clock_rows, cases.c.place)
        .join(cases, cases.c.id == columns.case_id)
        .where(columns.overdue_on.isnot(None), columns.stopped_on.is_(None), columns.paused_on.is_(None))
        .order_by(columns.case_id, columns.name)
    )
    found = []
    for row in connection.execute(query):
        rule = book_at(connection, row.place, day).find(ESCALATE_AFTER)
        over = clocks.working_days_left(connection, day, row.deadline)
        if rule is not None and over is not None and -over >= rule.integer:
            found.append(Due(row.case_id, f"{row.name}:{row.serial}:{row.deadline}", at))
    return found


def escalate(connection: Connection, due: Due, at: datetime) -> None:
    """Name the delay to the head of whoever holds the days, once, and record whom it was named to."""
    name, serial, _deadline = due.period.split(":")
    day = clock.day_of(at)
    row = connection.execute(
        select(clock_rows).where(
            clock_rows.c.case_id == due.scope, clock_rows.c.name == name, clock_rows.c.serial == int(serial)
        )
    ).one()
    case = Case(*connection.execute(select(cases).where(cases.c.id == due.scope)).one())
    attempt = Attempt(connection, case, lifecycle.SYSTEM, at)
    head = head_of(Role(row.holder_role))
    bodies = _holding(attempt, row.holder_role) or list(attempt.parties.of(head))
    over = -(clocks.working_days_left(connection, day, row.deadline) or 0)
    label = words.CLOCKS.get(name, name)
    said = f"“{label}”期限 {row.deadline.isoformat()} 已超 {over} 个工作日，由{ROLE_NAMES[row.holder_role][0]}办理"
    said += f"{_at_level(attempt)}，请督办"
    told = {
        "clock": name, "deadline": row.deadline.isoformat(), "holder": row.holder_role, "days_over": over,
        "to": str(head), "organisations": bodies, "people": _people(connection, head, bodies, day), "note": said,
    }  # fmt: skip
    lifecycle.note(connection, due.scope, "escalated", at=at, data=told)
    for organisation in bodies:
        attempt.notify(head, "escalated", said, organisation)


def _holding(attempt: Attempt, role: str) -> list[int]:
    """The organisations that the case waits for in the holder's role now."""
    query = select(tasks.c.organisation_id).where(tasks.c.case_id == attempt.case.id, tasks.c.role == role)
    return sorted(set(attempt.connection.scalars(query)))


def _at_level(attempt: Attempt) -> str:
    """Between reviewer and head: whom the case waits for there now; else nothing."""
    query = (
        select(organisations.c.name, tasks.c.role)
        .join(organisations, organisations.c.id == tasks.c.organisation_id)
        .where(tasks.c.case_id == attempt.case.id, tasks.c.role.in_([one for one in Role if one.endswith(PASSING_ON)]))
        .order_by(organisations.c.id, tasks.c.role)
    )
    named = [words.holder(row.name, row.role) for row in attempt.connection.execute(query)]
    return f"，现待{'、'.join(dict.fromkeys(named))}审核" if named else ""


def _people(connection: Connection, head: Role, bodies: list[int], day: Any) -> list[str]:
    query = (
        select(persons.c.name)
        .join(seats, seats.c.person_id == persons.c.id)
        .where(seats.c.role == str(head), seats.c.organisation_id.in_(bodies), seats.c.since <= day)
        .where(seats.c.until.is_(None) | (seats.c.until >= day), persons.c.disabled_at.is_(None))
        .order_by(persons.c.id)
    )
    return list(connection.scalars(query))


JOBS = [
    Job(DIGEST, _("每日待办提醒"), due_digests, send_digest),
    Job("escalate_overdue", _("超期上报负责人"), due_escalations, escalate),
]
