"""Scheduled work of clearings: they open in January for every year that has months, and calculate themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, exists, func, literal, or_, select

from workflow import lifecycle
from workflow.agreement.model import RUNNING
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.clearing.commands import open_for
from workflow.clearing.leaving import OPEN_EXIT, due_exits, open_exit
from workflow.clearing.model import EXIT, State
from workflow.clock import day_of
from workflow.db import moment_text
from workflow.i18n import lazy as _
from workflow.model import cases, occurrences
from workflow.occurrences import Due, Job

CALCULATE = "calculate_clearing"
opened, assessed, month = cases.alias("opened"), cases.alias("assessed"), cases.alias("month")
agreed = cases.alias("agreed")


def due_openings(connection: Connection, at: datetime) -> list[Due]:
    """Consortia, pools and past years with months but without a clearing."""
    year = func.substr(cases.c.period, 1, 4)
    query = (
        select(func.max(cases.c.id).label("last"), year.label("year"))
        .outerjoin(
            opened,
            and_(
                opened.c.consortium_id == cases.c.consortium_id, opened.c.pool == cases.c.pool,
                opened.c.stage == literal("clearing"), opened.c.period == year,
            ),
        )
        .where(cases.c.stage == "settlement", cases.c.period < f"{day_of(at).year}-01", opened.c.id.is_(None))
        .group_by(cases.c.consortium_id, cases.c.pool, year)
    )
    return [Due(row.last, row.year, at) for row in (*connection.execute(query), *_exited(connection, at))]


def _exited(connection: Connection, at: datetime) -> list[Any]:
    """Months of this year under an agreement that was terminated and that no other follows."""
    year, going = str(day_of(at).year), cases.alias("going")
    query = (
        select(func.max(cases.c.id).label("last"), literal(year).label("year"))
        .join(
            agreed,
            and_(
                agreed.c.consortium_id == cases.c.consortium_id, agreed.c.stage == literal("agreement"),
                agreed.c.state == literal("terminated"), agreed.c.progress.contains(f'"terminated_on":"{year}-'),
            ),
        )
        .outerjoin(
            opened,
            and_(
                opened.c.consortium_id == cases.c.consortium_id, opened.c.pool == cases.c.pool,
                opened.c.stage == literal("clearing"), opened.c.period == literal(year),
            ),
        )
        .where(
            cases.c.stage == "settlement", cases.c.period.startswith(f"{year}-"), opened.c.id.is_(None),
            ~exists().where(
                going.c.consortium_id == cases.c.consortium_id, going.c.stage == literal("agreement"),
                going.c.state.in_([str(state) for state in RUNNING]),
            ),
        )
        .group_by(cases.c.consortium_id, cases.c.pool)
    )
    return list(connection.execute(query))


def open_due(connection: Connection, due: Due, at: datetime) -> None:
    """Open one clearing."""
    month = connection.execute(select(cases.c.consortium_id, cases.c.pool).where(cases.c.id == due.scope)).one()
    open_for(connection, month.consortium_id, month.pool, int(due.period), at=at, follows=due.scope)


def due_calculations(connection: Connection, at: datetime) -> list[Due]:
    """Clearings whose requirements have come together, and calculated ones whose months have moved since."""
    found = []
    has_score = exists().where(
        assessed.c.stage == literal("assessment"), assessed.c.consortium_id == cases.c.consortium_id,
        assessed.c.period == cases.c.period + "-fund", assessed.c.state == literal("final"),
    )  # fmt: skip
    waiting = select(cases).where(
        cases.c.stage == "clearing", cases.c.state == str(State.OPEN),
        or_(has_score, cases.c.period.contains(EXIT))
    )
    for row in connection.execute(waiting).all():
        if _ready(connection, Case(*row), at):
            found.append(Due(row.id, f"revision:{row.revision}", at))
    return found + _moved(connection, at)


def _ready(connection: Connection, case: Case, at: datetime) -> bool:
    """Whether everything that a calculation requires is there."""
    attempt = Attempt(connection, case, SYSTEM, at)
    step = attempt.stage.step_from(case.state, "calculate")
    return step is not None and not lifecycle.guard_refusals(attempt, step)


def _moved(connection: Connection, at: datetime) -> list[Due]:
    """Calculated clearings of which a month has changed its state since."""
    found = []
    moved = (
        select(cases.c.id, func.max(month.c.since).label("since"))
        .join(
            month,
            and_(
                month.c.stage == literal("settlement"), month.c.consortium_id == cases.c.consortium_id,
                month.c.pool == cases.c.pool, func.substr(month.c.period, 1, 4) == func.substr(cases.c.period, 1, 4),
                month.c.since > cases.c.since,
            ),
        )
        .where(cases.c.stage == "clearing", cases.c.state == str(State.CALCULATED))
        .group_by(cases.c.id)
    )
    for row in connection.execute(moved).all():
        period = f"months:{moment_text(row.since)}"
        case = Case(*connection.execute(select(cases).where(cases.c.id == row.id)).one())
        if not _done(connection, row.id, period) and _ready(connection, case, at):
            found.append(Due(row.id, period, at))
    return found


def _done(connection: Connection, case_id: int, period: str) -> bool:
    query = select(occurrences.c.id).where(
        occurrences.c.job == CALCULATE, occurrences.c.scope == case_id, occurrences.c.period == period,
        occurrences.c.status == "done",
    )
    return connection.scalar(query) is not None


def calculate_due(connection: Connection, due: Due, at: datetime) -> None:
    """Calculate one clearing."""
    lifecycle.take(connection, due.scope, "calculate", actor=SYSTEM, at=at)


JOBS = [
    Job("open_clearing", _("年度清算立案"), due_openings, open_due),
    Job(OPEN_EXIT, _("成员退出清算立案"), due_exits, open_exit),
    Job(CALCULATE, _("年度清算计算"), due_calculations, calculate_due),
]
