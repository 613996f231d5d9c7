"""Scheduled work of the joint ruling: applications that open by themselves, notices that end, yearly re-checks."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, exists, select

from workflow import clock, clocks, lifecycle, rules
from workflow.attempt import SYSTEM, Case
from workflow.city_ruling.applying import open_application, why_not_apply
from workflow.city_ruling.model import State, case_of
from workflow.db import moment_text
from workflow.i18n import lazy as _
from workflow.model import cases, occurrences
from workflow.model import clocks as clock_rows
from workflow.occurrences import Due, Job
from workflow.self_assessment.commands import open_for
from workflow.self_assessment.model import State as AssessmentState
from workflow.self_assessment.model import under_way

RECHECK = "open_recheck"
ruling = cases.alias("ruling")


def due_applications(connection: Connection, at: datetime) -> list[Due]:
    """Self-assessments filed with the intent to apply, on which no application has been opened since."""
    query = (
        select(cases.c.id, cases.c.consortium_id, cases.c.since)
        .where(
            cases.c.stage == "self_assessment",
            cases.c.state == str(AssessmentState.FILED),
            cases.c.progress.contains('"applies":true', autoescape=True),
            ~exists().where(
                ruling.c.stage == "city_ruling",
                ruling.c.consortium_id == cases.c.consortium_id,
                ruling.c.opened_at >= cases.c.since,
            ),
        )
        .order_by(cases.c.id)
    )
    day = clock.day_of(at)
    return [
        Due(row.id, moment_text(row.since), row.since)
        for row in connection.execute(query).all()
        if not why_not_apply(connection, row.consortium_id, day)
    ]


def open_due_application(connection: Connection, due: Due, at: datetime) -> None:
    """Open the application of one filed self-assessment."""
    filed = case_of(connection, due.scope)
    open_application(connection, filed.consortium_id, actor=SYSTEM, at=at)


def due_notices(connection: Connection, at: datetime) -> list[Due]:
    """Public notices whose last day has passed."""
    query = (
        select(clock_rows.c.case_id, clock_rows.c.serial, clock_rows.c.deadline)
        .join(cases, cases.c.id == clock_rows.c.case_id)
        .where(
            cases.c.stage == "city_ruling",
            cases.c.state == str(State.PUBLIC_NOTICE),
            clock_rows.c.name == "notice",
            clock_rows.c.stopped_on.is_(None),
            clock_rows.c.deadline < clock.day_of(at),
        )
    )
    return [Due(row.case_id, f"notice:{row.serial}", at) for row in connection.execute(query)]


def end_notice(connection: Connection, due: Due, at: datetime) -> None:
    """End one public notice."""
    lifecycle.take(connection, due.scope, "close_notice", actor=SYSTEM, at=at)


def due_rechecks(connection: Connection, at: datetime) -> list[Due]:
    """Recognised consortia whose last anniversary has passed and has not been taken up."""
    day = clock.day_of(at)
    done = select(occurrences.c.scope, occurrences.c.period).where(
        occurrences.c.job == RECHECK, occurrences.c.status == "done"
    )
    known = {(row.scope, row.period) for row in connection.execute(done)}
    found = []
    for row, since in _recognised(connection, day):
        anniversary = last_anniversary(connection, since, day, row.place)
        if anniversary is not None and (row.id, anniversary.isoformat()) not in known:
            found.append(Due(row.id, anniversary.isoformat(), clock.moment(anniversary)))
    return found


def _recognised(connection: Connection, day: date) -> list[tuple[Any, date]]:
    """Each consortium's recognition on ``day``, as its case and the day it counts from; a ruling before a takeover."""
    query = (
        select(cases.c.id, cases.c.consortium_id, cases.c.place, cases.c.progress)
        .where(cases.c.stage.in_(("takeover", "city_ruling")), cases.c.state == str(State.CONFIRMED))
        .order_by(cases.c.stage.desc(), cases.c.id)
    )
    newest: dict[int, tuple[Any, date]] = {}
    for row in connection.execute(query):
        since = date.fromisoformat(json.loads(row.progress)["recognised_since"])
        if since <= day:
            newest[row.consortium_id] = (row, since)
    return list(newest.values())


def last_anniversary(connection: Connection, since: date, day: date, place: str) -> date | None:
    """The last day up to ``day`` on which a re-check was due, by the place's interval; ``None`` before the first."""
    provision = rules.book_at(connection, place, day).find("qualification.recheck_months")
    if provision is None:
        return None
    months = provision.integer
    times = ((day.year - since.year) * 12 + day.month - since.month) // months
    while times > 0 and clocks.months_after(since, times * months) > day:
        times -= 1
    return clocks.months_after(since, times * months) if times > 0 else None


def open_due_recheck(connection: Connection, due: Due, at: datetime) -> None:
    """Open the re-check of one recognition; a self-assessment that is already under way serves as one."""
    recognised: Case = case_of(connection, due.scope)
    if under_way(connection, recognised.consortium_id) is None:
        open_for(
            connection, recognised.consortium_id, actor=SYSTEM, at=at, total_payment=False, recheck_of=recognised.id
        )


JOBS = [
    Job("open_city_ruling", _("自评提交后开始申请"), due_applications, open_due_application),
    Job("end_public_notice", _("公示期满"), due_notices, end_notice),
    Job(RECHECK, _("开始年度复核自评"), due_rechecks, open_due_recheck),
]
