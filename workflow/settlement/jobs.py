"""Scheduled work of settlement: months open on the 1st, declared months are calculated, budgets are watched."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, case, exists, func, select

from governance.roles import Role
from workflow import clock, lifecycle, mending
from workflow.agreement.model import SIGNED
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.db import moment_text
from workflow.i18n import lazy as _
from workflow.model import cases, occurrences
from workflow.occurrences import Due, Job
from workflow.parties import consortium_of
from workflow.settlement.burn import THRESHOLDS, budget_of_year, burnt_by
from workflow.settlement.model import (
    BEFORE_APPROVAL,
    SETTLED,
    State,
    first_day,
    period_of,
    periods_between,
    terms_of_month,
)
from workflow.takeover.model import confirmed

OPEN, WATCH = "open_months", "watch_budget"
WATCHED_DAYS = 62
LATE = timedelta(days=92)
opened = cases.alias("opened")
earlier = cases.alias("earlier")


def months_to_open(connection: Connection, at: datetime) -> list[Due]:
    """Every month that has ended with an agreement in force and is not open yet, for each consortium.

    Whose agreements all ended longer ago than an outage may last has had its months opened.
    """
    still_open = cases.c.closed_at.is_(None)
    last = period_of(clock.day_of(at).replace(day=1) - timedelta(days=1))
    behind = (
        select(cases.c.consortium_id, func.min(cases.c.opened_at))
        .where(
            cases.c.stage == "agreement",
            cases.c.state.in_([str(state) for state in SIGNED]),
            ~exists().where(
                opened.c.stage == "settlement",
                opened.c.consortium_id == cases.c.consortium_id,
                opened.c.period >= last,
            ),
        )
        .group_by(cases.c.consortium_id)
        .having(func.max(case((still_open | (cases.c.closed_at >= at - LATE), 1), else_=0)) == 1)
    )
    found = [
        Due(terms.case_id, period, at)
        for consortium_id, since in connection.execute(behind)
        for period in periods_between(_first_month(connection, consortium_id, clock.day_of(since)), last)
        if (terms := terms_of_month(connection, consortium_id, period))
    ]
    failed = select(occurrences.c.scope, occurrences.c.period).where(
        occurrences.c.status == "failed", occurrences.c.job == OPEN
    )
    return found + [Due(row.scope, row.period, at) for row in connection.execute(failed)]


def _first_month(connection: Connection, consortium_id: int, agreed: date) -> str:
    """The month after the last one opened; before any, that of the takeover or of the agreement's first day."""
    last: str | None = connection.scalar(
        select(func.max(cases.c.period)).where(cases.c.stage == "settlement", cases.c.consortium_id == consortium_id)
    )
    if last is not None:
        return period_of(first_day(last) + timedelta(days=31))
    taken_over = confirmed(connection, consortium_id)
    if taken_over:
        return str(taken_over["effective"])[:7]
    terms = terms_of_month(connection, consortium_id, period_of(agreed))
    return period_of(terms.start if terms else agreed)


def open_months(connection: Connection, due: Due, at: datetime) -> None:
    """Open one month for every pool of its agreement, and start the days to declare."""
    agreement = Case(*connection.execute(select(cases).where(cases.c.id == due.scope)).one())
    terms = terms_of_month(connection, agreement.consortium_id, due.period)
    held = set(
        connection.scalars(
            select(cases.c.pool).where(
                cases.c.stage == "settlement",
                cases.c.consortium_id == agreement.consortium_id,
                cases.c.period == due.period,
            )
        )
    )
    code = consortium_of(connection, agreement.consortium_id).code
    for pool in terms.pools if terms else ():
        if terms is None or pool in held:
            continue
        dossier = {
            "consortium": code, "pool": pool, "period": due.period, "agreement": terms.number, "declarations": {},
            "claims": [], "deductions": [],
        }  # fmt: skip
        case_id = lifecycle.open_case(
            connection, "settlement", agreement.consortium_id, actor=SYSTEM, at=at, place=agreement.place, pool=pool,
            period=due.period, dossier=dossier, follows=terms.case_id,
        )  # fmt: skip
        lifecycle.take(connection, case_id, "begin_declaring", actor=SYSTEM, at=at)


def months_to_calculate(connection: Connection, at: datetime) -> list[Due]:
    """Months declared by everyone, whose earlier months are approved or carried.

    Supplements are worked out by hand, and a month that was sent back waits for who mends it.
    """
    query = select(cases.c.id, cases.c.since).where(
        cases.c.stage == "settlement",
        cases.c.state == str(State.DECLARED),
        cases.c.serial == 1,
        mending.not_mending(),
        ~exists().where(
            earlier.c.stage == "settlement",
            earlier.c.consortium_id == cases.c.consortium_id,
            earlier.c.pool == cases.c.pool,
            earlier.c.period < cases.c.period,
            earlier.c.serial == 1,
            earlier.c.state.in_(BEFORE_APPROVAL),
        ),
    )
    return [Due(row.id, moment_text(row.since), at) for row in connection.execute(query)]


def calculate_month(connection: Connection, due: Due, at: datetime) -> None:
    """Calculate one month."""
    lifecycle.take(connection, due.scope, "calculate", actor=SYSTEM, at=at)


def _not_watched() -> ColumnElement[bool]:
    return ~exists().where(occurrences.c.job == WATCH, occurrences.c.scope == cases.c.id)


def months_to_watch(connection: Connection, at: datetime) -> list[Due]:
    """Months approved lately that have not been held against the year's budget."""
    query = select(cases.c.id, cases.c.period).where(
        cases.c.stage == "settlement",
        cases.c.state.in_(SETTLED),
        cases.c.since >= at - timedelta(days=WATCHED_DAYS),
        _not_watched(),
    )
    return [Due(row.id, row.period, at) for row in connection.execute(query)]


def watch_budget(connection: Connection, due: Due, at: datetime) -> None:
    """Warn the lead and the agency when a month takes the year's budget past 80 or 100 per cent."""
    case = Case(*connection.execute(select(cases).where(cases.c.id == due.scope)).one())
    budget_fen = budget_of_year(connection, case.consortium_id, case.pool, int(case.period[:4]))
    if not budget_fen:
        return
    before_fen, after_fen = burnt_by(connection, case)
    for percent in THRESHOLDS:
        if before_fen * 100 < budget_fen * percent <= after_fen * 100:
            said = {"percent": percent, "charged_fen": after_fen, "budget_fen": budget_fen}
            lifecycle.note(connection, case.id, "budget_burn", at=at, data=said)
            attempt = Attempt(connection, case, SYSTEM, at)
            for role in (Role.LEAD_HEAD, Role.LEAD_FINANCE, Role.AGENCY_HEAD):
                attempt.notify(role, "budget_burn", f"{case.period} 结算后，年度总额预算已使用 {percent}% 以上")


JOBS = [
    Job(OPEN, _("开始月度结算"), months_to_open, open_months),
    Job("calculate_settlement", _("计算月度结算"), months_to_calculate, calculate_month),
    Job(WATCH, _("总额预算使用预警"), months_to_watch, watch_budget),
]
