"""Rows of the lists: open tasks, notices, consortia with their stages, and the cases of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, func, or_, select, tuple_

from workflow import clocks, scope
from workflow.attempt import Case
from workflow.machines import STAGES
from workflow.model import cases, notices, tasks
from workflow.organisations.model import consortia, organisations
from workflow.pages import words
from workflow.tasks import NO_DEADLINE

PAGE_ROWS = 50
SOON_WORKING_DAYS = 5


def case_title(stage: str, consortium: str, period: str) -> str:
    """What a case is called in lists and heads."""
    return f"{consortium} {case_subject(stage, period)}"


def case_subject(stage: str, period: str) -> str:
    """What a case is called where its consortium is named beside it."""
    named = period.endswith(("-fund", "-contribution"))
    return " ".join(str(part) for part in (words.period_label(period), "" if named else STAGES[stage].label) if part)


def case_url(stage: str, case_id: int) -> str:
    """Where a case is shown."""
    return f"/{stage}/{case_id}"


def _held(viewer: Any) -> list[tuple[int, str]]:
    return [(seat.organisation_id, str(seat.role)) for seat in viewer.seats]


def open_tasks(connection: Connection, viewer: Any, today: date, limit: int = PAGE_ROWS) -> list[Any]:
    """What waits for the viewer, the nearest deadline first, what has none last."""
    held = _held(viewer)
    if not held:
        return []
    query = (
        select(
            tasks.c.trigger, tasks.c.since, tasks.c.deadline, cases.c.id, cases.c.stage, cases.c.period,
            cases.c.state, cases.c.pool, consortia.c.name, consortia.c.name_en,
        )
        .join(cases, cases.c.id == tasks.c.case_id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .where(tuple_(tasks.c.organisation_id, tasks.c.role).in_(held))
        .order_by(tasks.c.deadline, tasks.c.id)
        .limit(limit)
    )
    return [_task_row(connection, row, today) for row in connection.execute(query)]


def _task_row(connection: Connection, row: Any, today: date) -> SimpleNamespace:
    stage = STAGES[row.stage]
    step = stage.step_from(row.state, row.trigger)
    name = words.pick(row.name, row.name_en)
    deadline = None if row.deadline == NO_DEADLINE else date.fromisoformat(row.deadline)
    left = None if deadline is None else clocks.working_days_left(connection, today, deadline)
    return SimpleNamespace(
        url=case_url(row.stage, row.id) + f"#step-{row.trigger}",
        case_title=case_title(row.stage, name, row.period),
        subject=case_subject(row.stage, row.period),
        stage=row.stage,
        step_label=step.label if step else row.trigger,
        consortium=name,
        pool_label=words.POOLS[row.pool],
        since=row.since,
        deadline=deadline,
        left_working_days=left,
        overdue=deadline is not None and deadline < today,
        provisional=deadline is not None and clocks.is_unsure(connection, today, deadline),
        blocked=[],
    )


def task_counts(connection: Connection, viewer: Any, today: date) -> dict[str, int]:
    """How many tasks wait for the viewer: all, overdue, within five working days, later."""
    held = _held(viewer)
    counts = {"all": 0, "overdue": 0, "soon": 0, "later": 0}
    if not held:
        return counts
    soon = clocks.soon(connection, today, SOON_WORKING_DAYS)
    query = (
        select(tasks.c.deadline, func.count())
        .where(tuple_(tasks.c.organisation_id, tasks.c.role).in_(held))
        .group_by(tasks.c.deadline)
    )
    for deadline, number in connection.execute(query):
        counts["all"] += number
        key = "overdue" if deadline < today.isoformat() else "soon" if deadline <= soon.isoformat() else "later"
        counts[key] += number
    return counts


def notice_count(connection: Connection, viewer: Any) -> int:
    """How many notices the viewer's seats have received."""
    held = _held(viewer)
    if not held:
        return 0
    query = select(func.count()).where(tuple_(notices.c.organisation_id, notices.c.role).in_(held))
    return int(connection.scalar(query) or 0)


def notices_of(connection: Connection, viewer: Any, limit: int = PAGE_ROWS) -> list[SimpleNamespace]:
    """The newest notices to the viewer's seats."""
    held = _held(viewer)
    if not held:
        return []
    query = (
        select(notices, cases.c.stage, cases.c.period, consortia.c.name, consortia.c.name_en)
        .outerjoin(cases, cases.c.id == notices.c.case_id)
        .outerjoin(consortia, consortia.c.id == cases.c.consortium_id)
        .where(tuple_(notices.c.organisation_id, notices.c.role).in_(held))
        .order_by(notices.c.id.desc())
        .limit(limit)
    )
    return [_notice_row(row) for row in connection.execute(query)]


def _notice_row(row: Any) -> SimpleNamespace:
    """A notice as it is listed; one that is of no case leads to the page of its kind."""
    if row.case_id is None:
        title, url = words.NOTICES.get(row.kind, ("", "/"))
    else:
        title = case_title(row.stage, words.pick(row.name, row.name_en), row.period)
        url = case_url(row.stage, row.case_id)
    return SimpleNamespace(url=url, case_title=title, body=row.body, at=row.at)


def running_elsewhere(connection: Connection, viewer: Any, today: date, limit: int = 12) -> list[SimpleNamespace]:
    """Cases of the viewer's scope that others hold now, the nearest deadline first."""
    visible = scope.visible_consortia(connection, viewer.seats)
    held = _held(viewer)
    if not visible:
        return []
    query = (
        select(
            cases.c.id, cases.c.stage, cases.c.period, cases.c.state, tasks.c.deadline, consortia.c.name,
            consortia.c.name_en, organisations.c.name.label("holder"), organisations.c.name_en.label("holder_en"),
        )
        .join(tasks, tasks.c.case_id == cases.c.id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .join(organisations, organisations.c.id == tasks.c.organisation_id)
        .where(cases.c.consortium_id.in_(visible), cases.c.closed_at.is_(None))
        .where(tuple_(tasks.c.organisation_id, tasks.c.role).notin_(held))
        .order_by(tasks.c.deadline, cases.c.id, tasks.c.id)
        .limit(limit * 6)
    )
    found: dict[int, SimpleNamespace] = {}
    for row in connection.execute(query):
        holder = words.pick(row.holder, row.holder_en)
        if row.id in found:
            if holder not in found[row.id].holder.split("、"):
                found[row.id].holder += f"、{holder}"
            continue
        found[row.id] = SimpleNamespace(
            url=case_url(row.stage, row.id),
            title=case_title(row.stage, words.pick(row.name, row.name_en), row.period),
            state_label=STAGES[row.stage].state_labels[row.state],
            holder=holder,
            deadline=None if row.deadline == NO_DEADLINE else date.fromisoformat(row.deadline),
            overdue=row.deadline < today.isoformat(),
        )
    return list(found.values())[:limit]


def cases_by_consortium(connection: Connection, visible: Iterable[int]) -> dict[int, list[Case]]:
    """Every case of the given consortia, newest last."""
    found: dict[int, list[Case]] = defaultdict(list)
    query = select(cases).where(cases.c.consortium_id.in_(set(visible))).order_by(cases.c.id)
    for row in connection.execute(query):
        found[row.consortium_id].append(Case(*row))
    return found


def holders(connection: Connection, case_id: int) -> list[str]:
    """The organisations a case waits for."""
    query = (
        select(organisations.c.name, organisations.c.name_en)
        .join(tasks, tasks.c.organisation_id == organisations.c.id)
        .where(tasks.c.case_id == case_id)
        .distinct()
        .order_by(organisations.c.name)
    )
    return [words.pick(row.name, row.name_en) for row in connection.execute(query)]


def deadlines(connection: Connection, case_ids: Iterable[int]) -> dict[int, date]:
    """The nearest deadline of each case that has one."""
    query = (
        select(tasks.c.case_id, func.min(tasks.c.deadline))
        .where(tasks.c.case_id.in_(list(case_ids)), or_(tasks.c.deadline != NO_DEADLINE))
        .group_by(tasks.c.case_id)
    )
    return {row[0]: date.fromisoformat(row[1]) for row in connection.execute(query)}
