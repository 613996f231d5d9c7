"""Scheduled work of the self-assessment: reminders of one that has been lying for a month."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from workflow import lifecycle
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.db import moment_text
from workflow.i18n import lazy as _
from workflow.model import cases, occurrences
from workflow.occurrences import Due, Job
from workflow.self_assessment.model import STATE_LABELS, State
from workflow.tasks import awaited

REMIND_EVERY_DAYS = 30
REMIND = "remind_self_assessment"


def due_reminders(connection: Connection, at: datetime) -> list[Due]:
    """Self-assessments that have lain in one state for another full month."""
    query = select(cases.c.id, cases.c.since).where(
        cases.c.stage == "self_assessment",
        cases.c.state != str(State.FILED),
        cases.c.since <= at - timedelta(days=REMIND_EVERY_DAYS),
    )
    rows = connection.execute(query).all()
    if not rows:
        return []
    done = select(occurrences.c.scope, occurrences.c.period).where(
        occurrences.c.job == REMIND, occurrences.c.status == "done", occurrences.c.scope.in_([row.id for row in rows])
    )
    known = {(row.scope, row.period) for row in connection.execute(done)}
    found = []
    for row in rows:
        times = (at - row.since) // timedelta(days=REMIND_EVERY_DAYS)
        period = f"{moment_text(row.since)}#{times}"
        if (row.id, period) not in known:
            found.append(Due(row.id, period, row.since + times * timedelta(days=REMIND_EVERY_DAYS)))
    return found


def remind(connection: Connection, due: Due, at: datetime) -> None:
    """Tell whoever the self-assessment waits for how long it has been lying."""
    case = Case(*connection.execute(select(cases).where(cases.c.id == due.scope)).one())
    attempt = Attempt(connection, case, SYSTEM, at)
    days = (at - case.since).days
    waited = sorted({(step.by[0], organisation) for (_t, organisation, _r), step in awaited(attempt).items()})
    lifecycle.note(connection, case.id, "remind", at=at, data={"days": days})
    for role, organisation in waited:
        attempt.notify(role, "remind", f"自评“{STATE_LABELS[State(case.state)]}”已 {days} 天，请尽快办理", organisation)


JOBS = [Job(REMIND, _("提醒自评"), due_reminders, remind)]
