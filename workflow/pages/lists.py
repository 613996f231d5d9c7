"""What cases are called and where they lie; cases others hold; the cases of consortia and their deadlines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, func, or_, select, tuple_, union_all

from workflow import scope
from workflow.attempt import Case
from workflow.machines import STAGES
from workflow.model import cases, tasks
from workflow.organisations.model import consortia, organisations
from workflow.pages import words
from workflow.tasks import NO_DEADLINE

NEWEST, MOST_CONSORTIA = 60, 40


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


def running_elsewhere(connection: Connection, viewer: Any, today: date, limit: int = 12) -> list[SimpleNamespace]:
    """Cases of the viewer's scope that others hold now, the nearest deadline first.

    Looked for among the newest ``NEWEST`` open cases of each consortium and in the first ``MOST_CONSORTIA`` of them:
    enough for any city, and no more work where a consortium has very many.
    """
    visible = sorted(scope.visible_consortia(connection, viewer.seats))[:MOST_CONSORTIA]
    held = _held(viewer)
    if not visible:
        return []
    # Asked first, so that the numbers of few cases, and no guess at how many they are, lead to their tasks.
    newest = list(connection.scalars(union_all(*(select(_newest(one).subquery()) for one in visible))))
    query = (
        select(
            cases.c.id, cases.c.stage, cases.c.period, cases.c.state, tasks.c.deadline, consortia.c.name, tasks.c.role,
            consortia.c.name_en, organisations.c.name.label("holder"), organisations.c.name_en.label("holder_en"),
        )
        .join(tasks, tasks.c.case_id == cases.c.id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .join(organisations, organisations.c.id == tasks.c.organisation_id)
        .where(cases.c.id.in_(newest), tuple_(tasks.c.organisation_id, tasks.c.role).notin_(held))
        .order_by(tasks.c.deadline, cases.c.id, tasks.c.id)
        .limit(limit * 6)
    )
    found: dict[int, SimpleNamespace] = {}
    for row in connection.execute(query):
        holder = words.holder(words.pick(row.holder, row.holder_en), row.role)
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


def _newest(consortium_id: int) -> Any:
    """The newest open cases of one consortium, ordered as its index is; else a database may walk through all cases."""
    own = (cases.c.consortium_id == consortium_id, cases.c.closed_at.is_(None))
    order = (cases.c.consortium_id.desc(), cases.c.closed_at.desc(), cases.c.id.desc())
    return select(cases.c.id).where(*own).order_by(*order).limit(NEWEST)


def cases_by_consortium(connection: Connection, visible: Iterable[int]) -> dict[int, list[Case]]:
    """Every case of the given consortia, newest last."""
    found: dict[int, list[Case]] = defaultdict(list)
    query = select(cases).where(cases.c.consortium_id.in_(set(visible))).order_by(cases.c.id)
    for row in connection.execute(query):
        found[row.consortium_id].append(Case(*row))
    return found


def holders(connection: Connection, case_id: int) -> list[str]:
    """The organisations a case waits for, each with its post where that lies between reviewer and head."""
    query = (
        select(organisations.c.name, organisations.c.name_en, tasks.c.role)
        .join(tasks, tasks.c.organisation_id == organisations.c.id)
        .where(tasks.c.case_id == case_id)
        .distinct()
        .order_by(organisations.c.name, tasks.c.role)
    )
    rows = connection.execute(query)
    return list(dict.fromkeys(words.holder(words.pick(row.name, row.name_en), row.role) for row in rows))


def deadlines(connection: Connection, case_ids: Iterable[int]) -> dict[int, date]:
    """The nearest deadline of each case that has one."""
    query = (
        select(tasks.c.case_id, func.min(tasks.c.deadline))
        .where(tasks.c.case_id.in_(list(case_ids)), or_(tasks.c.deadline != NO_DEADLINE))
        .group_by(tasks.c.case_id)
    )
    return {row[0]: date.fromisoformat(row[1]) for row in connection.execute(query)}
