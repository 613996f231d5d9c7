"""Scheduled work of plans: they open when a clearing closes, and consultations end with their deadline."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, literal, select

from workflow import lifecycle
from workflow.attempt import SYSTEM
from workflow.clock import day_of
from workflow.i18n import lazy as _
from workflow.model import cases, clocks, occurrences
from workflow.occurrences import Due, Job
from workflow.surplus_plan.model import State
from workflow.surplus_plan.opening import open_for

OPEN = "open_surplus_plan"
done = occurrences.alias("done")


def due_openings(connection: Connection, at: datetime) -> list[Due]:
    """Closed clearings that have not been looked at yet."""
    query = (
        select(cases.c.id, cases.c.period)
        .outerjoin(
            done,
            and_(
                done.c.job == literal(OPEN), done.c.scope == cases.c.id, done.c.period == cases.c.period,
                done.c.status.in_(("done", "resolved")),
            ),
        )
        .where(cases.c.stage == "clearing", cases.c.state == "closed", done.c.id.is_(None))
    )
    return [Due(row.id, row.period, at) for row in connection.execute(query)]


def open_due(connection: Connection, due: Due, at: datetime) -> None:
    """Open what one clearing asks for, where there is something to share or to wait for."""
    open_for(connection, due.scope, at=at)


def due_ends(connection: Connection, at: datetime) -> list[Due]:
    """Consultations whose last day has passed."""
    query = (
        select(cases.c.id, clocks.c.serial)
        .join(clocks, clocks.c.case_id == cases.c.id)
        .where(
            cases.c.stage == "surplus_plan",
            cases.c.state == str(State.CONSULTATION),
            clocks.c.name == "opinion",
            clocks.c.stopped_on.is_(None),
            clocks.c.deadline < day_of(at),
        )
    )
    return [Due(row.id, f"opinion:{row.serial}", at) for row in connection.execute(query)]


def end_consultation(connection: Connection, due: Due, at: datetime) -> None:
    """End one consultation."""
    lifecycle.take(connection, due.scope, "close_consultation", actor=SYSTEM, at=at)


JOBS = [
    Job(OPEN, _("分配方案立案"), due_openings, open_due),
    Job("end_consultation", _("征求意见到期"), due_ends, end_consultation),
]
