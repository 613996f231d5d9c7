"""What happens to budgets by date: opened on signing and each autumn, closed once their year is cleared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from workflow import clock, lifecycle, rules
from workflow.agreement.model import RUNNING
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.budget.machine import PREPARERS, leading_kind
from workflow.budget.model import State, working_day
from workflow.i18n import lazy as _
from workflow.model import cases, dossiers
from workflow.occurrences import Due, Job
from workflow.organisations.model import consortia

AUTUMN_MONTH = 10
clearing = cases.alias("clearing")


def missing(connection: Connection, at: datetime) -> list[Due]:
    """Pools and years of running agreements for which no budget was opened: this year's, and in autumn the next's."""
    day = clock.day_of(at)
    there = {
        (row.consortium_id, row.pool, row.period)
        for row in connection.execute(
            select(cases.c.consortium_id, cases.c.pool, cases.c.period).where(cases.c.stage == "budget")
        )
    }
    found = []
    for row in connection.execute(_running()):
        agreed = json.loads(row.body)
        for year in _years(agreed, day):
            for pool in _pools(connection, row.place, year, day):
                key = (row.consortium_id, pool, str(year))
                if pool in agreed["pools"] and key not in there:
                    there.add(key)
                    found.append(Due(row.id, f"{year}:{pool}", at))
    return found


def _running() -> Select[Any]:
    return (
        select(cases.c.id, cases.c.consortium_id, cases.c.place, dossiers.c.body)
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version))
        .where(cases.c.stage == "agreement", cases.c.state.in_([str(state) for state in RUNNING]))
        .order_by(cases.c.id)
    )


def _years(agreed: Mapping[str, Any], day: date) -> list[int]:
    """The years of an agreement up to this one, not before a takeover; from October on the year that follows too."""
    first = int(max(agreed["start"], agreed.get("takeover", {}).get("effective", ""))[:4])
    years = list(range(first, min(int(agreed["end"][:4]), day.year) + 1))
    if day.month >= AUTUMN_MONTH and first <= day.year + 1:
        years.append(day.year + 1)
    return years


def _pools(connection: Connection, place: str, year: int, day: date) -> list[str]:
    """The pools that the budget covers here."""
    provision = rules.book_at(connection, place, working_day(year, day)).find("budget.pools")
    return list(provision.value) if provision else []


def open_budget(connection: Connection, due: Due, at: datetime) -> None:
    """Open the budget of one pool and year, and tell the bureau that prepares it."""
    year, pool = due.period.split(":")
    agreement = _case(connection, due.scope)
    code = connection.scalar(select(consortia.c.code).where(consortia.c.id == agreement.consortium_id))
    opened = lifecycle.open_case(
        connection, "budget", agreement.consortium_id, actor=SYSTEM, at=at, place=agreement.place, pool=pool,
        period=year, dossier={"consortium": code}, follows=agreement.id,
    )
    attempt = Attempt(connection, _case(connection, opened), SYSTEM, at)
    for role in PREPARERS:
        if role.startswith(leading_kind(attempt)):
            attempt.notify(role, "opened", f"请编制 {year} 年总额预算")


def cleared(connection: Connection, at: datetime) -> list[Due]:
    """Issued budgets whose year has been cleared."""
    query = (
        select(cases.c.id)
        .join(
            clearing,
            (clearing.c.stage == "clearing")
            & (clearing.c.consortium_id == cases.c.consortium_id)
            & (clearing.c.pool == cases.c.pool)
            & (clearing.c.period == cases.c.period),
        )
        .where(cases.c.stage == "budget", cases.c.state == str(State.ISSUED), clearing.c.state == "closed")
    )
    return [Due(number, "", at) for number in connection.scalars(query)]


def close_budget(connection: Connection, due: Due, at: datetime) -> None:
    """Nothing more happens to the budget of a cleared year."""
    lifecycle.take(connection, due.scope, "close", actor=SYSTEM, at=at)


def _case(connection: Connection, case_id: int) -> Case:
    return Case(*connection.execute(select(cases).where(cases.c.id == case_id)).one())


JOBS = [
    Job("open_budget", _("编制年度总额预算"), missing, open_budget),
    Job("close_budget", _("清算后结束预算"), cleared, close_budget),
]
