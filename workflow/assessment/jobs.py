"""Scheduled work of assessments: they open on 1 January for the past year, and ask again every quarter."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, literal, select

from workflow import lifecycle
from workflow.assessment.commands import open_for
from workflow.assessment.model import SCHEMES, State, months_in_force
from workflow.attempt import SYSTEM, Attempt
from workflow.clock import day_of
from workflow.i18n import lazy as _
from workflow.model import cases, occurrences
from workflow.occurrences import Due, Job
from workflow.tasks import awaited

REMIND = "remind_assessment"
OPEN = "open_assessment"
QUARTER_MONTHS = 3
opened, done = cases.alias("opened"), occurrences.alias("done")


def due_openings(connection: Connection, at: datetime) -> list[Due]:
    """Consortia with an agreement in the past year whose assessments of that year are not open yet."""
    year = day_of(at).year - 1
    found = []
    for scheme in SCHEMES:
        agreed = (
            select(cases.c.consortium_id, cases.c.id)
            .outerjoin(
                opened,
                and_(
                    opened.c.consortium_id == cases.c.consortium_id,
                    opened.c.stage == literal("assessment"),
                    opened.c.period == f"{year}-{scheme}",
                ),
            )
            .where(cases.c.stage == "agreement", cases.c.period <= str(year), opened.c.id.is_(None))
            .order_by(cases.c.consortium_id, cases.c.id)
        )
        latest = {row.consortium_id: row.id for row in connection.execute(agreed)}
        found += [
            Due(agreement, f"{year}-{scheme}", at)
            for consortium, agreement in latest.items()
            if months_in_force(connection, consortium, year)
        ]
    return found


def open_due(connection: Connection, due: Due, at: datetime) -> None:
    """Open one assessment."""
    consortium = connection.execute(select(cases.c.consortium_id).where(cases.c.id == due.scope)).scalar_one()
    year, _dash, scheme = due.period.partition("-")
    open_for(connection, consortium, scheme, int(year), at=at, follows=due.scope)


def due_reminders(connection: Connection, at: datetime) -> list[Due]:
    """Assessments that still collect when a new quarter has begun."""
    day = day_of(at)
    quarter = f"{day.year}-Q{(day.month - 1) // QUARTER_MONTHS + 1}"
    query = (
        select(cases.c.id)
        .outerjoin(
            done,
            and_(
                done.c.scope == cases.c.id, done.c.job == REMIND, done.c.period == quarter, done.c.status == "done"
            ),
        )
        .where(
            cases.c.stage == "assessment",
            cases.c.state == str(State.COLLECTING),
            cases.c.since <= at - timedelta(days=30),
            done.c.id.is_(None),
        )
    )
    return [Due(row.id, quarter, at) for row in connection.execute(query)]


def remind(connection: Connection, due: Due, at: datetime) -> None:
    """Ask whoever collects for what is missing."""
    attempt = Attempt(connection, lifecycle.lock(connection, due.scope), SYSTEM, at)
    lifecycle.note(connection, due.scope, "remind", at=at, data={"note": due.period})
    for step in awaited(attempt).values():
        for role in step.by:
            if attempt.parties.of(role):
                attempt.notify(role, "remind", "考核指标尚未收集齐全，请尽快填报")


JOBS = [
    Job(OPEN, _("考核立案"), due_openings, open_due),
    Job(REMIND, _("季度收集提醒"), due_reminders, remind),
]
