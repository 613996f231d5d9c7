"""Statutory clocks of a case: started on a condition, paused, stopped, and found overdue the same day."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from governance.refusal import Refused
from governance.roles import Role
from governance.rulebook import Provision
from governance.workdays import add_workdays, workdays_between
from workflow.attempt import Attempt
from workflow.calendar_days import load_calendar
from workflow.model import clocks, records
from workflow.prepared import Prepared

_RUNNING = Prepared(
    select(clocks)
    .where(clocks.c.case_id == bindparam("case"), clocks.c.stopped_on.is_(None))
    .order_by(clocks.c.deadline, clocks.c.name)
)
_EVERY = Prepared(
    select(clocks).where(clocks.c.case_id == bindparam("case")).order_by(clocks.c.deadline, clocks.c.name)
)


def deadline_after(connection: Connection, start: date, provision: Provision) -> tuple[date, bool]:
    """The last day of a period of ``provision`` that begins on ``start`` (not counted), and whether provisional."""
    number = provision.integer
    if provision.unit == "working_days":
        return add_workdays(start, number, load_calendar(connection))
    if provision.unit == "months":
        return months_after(start, number), False
    return start + timedelta(days=number), False


def months_after(start: date, months: int) -> date:
    """The same day ``months`` later, or that month's last day where it is shorter."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(following - timedelta(days=1), date(year, month + 1, 1) + timedelta(days=start.day - 1))


def start(attempt: Attempt, name: str, provision: Provision, holder: Role, started_on: date | None = None) -> date:
    """Start clock ``name`` for the days ``provision`` gives; returns the deadline."""
    day = started_on or attempt.day
    deadline, provisional = deadline_after(attempt.connection, day, provision)
    serial = 1 + (
        attempt.connection.scalar(
            select(func.max(clocks.c.serial)).where(clocks.c.case_id == attempt.case.id, clocks.c.name == name)
        )
        or 0
    )
    attempt.connection.execute(
        clocks.insert(),
        {
            "case_id": attempt.case.id,
            "name": name,
            "serial": serial,
            "rule": provision.rule,
            "started_on": day,
            "days": provision.integer,
            "deadline": deadline,
            "provisional": provisional,
            "holder_role": str(holder),
            "paused_days": 0,
        },
    )
    attempt.noted.setdefault("clocks", {})[name] = deadline.isoformat()
    return deadline


def stop(attempt: Attempt, name: str, on: date | None = None) -> None:
    """Stop the running clock ``name`` of the case, if there is one."""
    attempt.connection.execute(
        clocks.update()
        .where(clocks.c.case_id == attempt.case.id, clocks.c.name == name, clocks.c.stopped_on.is_(None))
        .values(stopped_on=on or attempt.day)
    )


def stop_all(attempt: Attempt) -> None:
    """Stop every running clock of a case that is over."""
    attempt.connection.execute(
        clocks.update()
        .where(clocks.c.case_id == attempt.case.id, clocks.c.stopped_on.is_(None))
        .values(stopped_on=attempt.day)
    )


def pause(attempt: Attempt, name: str) -> None:
    """Pause the running clock ``name``: the days are in another party's hands."""
    attempt.connection.execute(
        clocks.update()
        .where(
            clocks.c.case_id == attempt.case.id,
            clocks.c.name == name,
            clocks.c.stopped_on.is_(None),
            clocks.c.paused_on.is_(None),
        )
        .values(paused_on=attempt.day)
    )


def resume(attempt: Attempt, name: str) -> None:
    """Resume a paused clock: its deadline moves on by the pause, counted in the days its rule counts in."""
    row = attempt.connection.execute(
        select(clocks).where(
            clocks.c.case_id == attempt.case.id,
            clocks.c.name == name,
            clocks.c.stopped_on.is_(None),
            clocks.c.paused_on.isnot(None),
        )
    ).one_or_none()
    if row is None:
        return
    provision = attempt.find_rule(row.rule, row.started_on)
    if provision is None or provision.unit == "working_days":
        calendar = load_calendar(attempt.connection)
        paused = row.paused_days + workdays_between(row.paused_on, attempt.day, calendar)
        deadline, provisional = add_workdays(row.started_on, row.days + paused, calendar)
    else:
        away = attempt.day - row.paused_on
        paused, deadline, provisional = row.paused_days + away.days, row.deadline + away, False
    overdue = row.overdue_on if deadline < attempt.day else None
    attempt.connection.execute(
        clocks.update()
        .where(clocks.c.case_id == row.case_id, clocks.c.name == name, clocks.c.serial == row.serial)
        .values(paused_on=None, paused_days=paused, deadline=deadline, provisional=provisional, overdue_on=overdue)
    )
    attempt.noted.setdefault("clocks", {})[name] = deadline.isoformat()
    attempt.noted.setdefault("paused", {})[name] = {
        "serial": row.serial, "from": row.paused_on.isoformat(), "to": attempt.day.isoformat(),
        "days": paused - row.paused_days, "hands": str(attempt.actor.role),
    }


@dataclass(frozen=True, slots=True)
class Pause:
    """Days that did not count: when, and in whose hands they were (the role that ended the pause by acting)."""

    name: str
    serial: int
    since: date
    until: date
    hands: str
    organisation_id: int | None


def pauses(connection: Connection, case_ids: Iterable[int]) -> dict[tuple[int, str, int], list[Pause]]:
    """The pauses that are over, by case, clock and its number, oldest first, as the trail tells them."""
    columns = records.c
    query = (
        select(columns.case_id, columns.body, columns.organisation_id)
        .where(columns.case_id.in_(set(case_ids)), columns.body.contains('"paused":{'))
        .order_by(columns.case_id, columns.seq)
    )
    return told_pauses(connection.execute(query))


def told_pauses(rows: Iterable[Any]) -> dict[tuple[int, str, int], list[Pause]]:
    """The pauses among records of cases, as ``pauses`` gives them."""
    found = defaultdict[tuple[int, str, int], list[Pause]](list)
    for row in rows:
        if '"paused":{' not in row.body:
            continue
        for name, told in json.loads(row.body)["data"].get("paused", {}).items():
            days = (date.fromisoformat(told["from"]), date.fromisoformat(told["to"]))
            one = Pause(name, told["serial"], *days, told["hands"], row.organisation_id)
            found[row.case_id, name, told["serial"]].append(one)
    return dict(found)


def of_case(connection: Connection, case_id: int) -> list[Any]:
    """Every clock of a case, running or not, the nearest deadline first."""
    return _EVERY.rows(connection, {"case": case_id})


def running(connection: Connection, case_id: int) -> list[Any]:
    """The clocks of a case that have not stopped, the nearest deadline first."""
    return _RUNNING.rows(connection, {"case": case_id})


def working_days_left(connection: Connection, today: date, deadline: date) -> int | None:
    """Working days from ``today`` to ``deadline``, negative once it has passed; ``None`` in a year not known yet."""
    calendar = load_calendar(connection)
    if not {today.year, deadline.year} <= calendar.known_years:
        return None
    if deadline >= today:
        return workdays_between(today, deadline, calendar)
    return -workdays_between(deadline, today, calendar)


def soon(connection: Connection, today: date, days: int) -> date:
    """The last day of the next ``days`` working days; as many days by the week where the calendar ends before."""
    try:
        return add_workdays(today, days, load_calendar(connection))[0]
    except Refused:
        return today + timedelta(days=days)


def is_unsure(connection: Connection, today: date, deadline: date) -> bool:
    """Whether ``deadline`` lies in a coming year that has not been announced."""
    return deadline.year > today.year and deadline.year not in load_calendar(connection).confirmed_years
