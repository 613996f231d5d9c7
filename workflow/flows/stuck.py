"""Where cases get stuck: how many working days states take, in whose hands, read from the trail in one question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Text, case, func, or_, select, type_coerce

from governance.roles import Role
from workflow import clock
from workflow.calendar_days import load_calendar
from workflow.flows.durations import WorkingDays, median, ninetieth
from workflow.machines import STAGES
from workflow.mending import MENDED
from workflow.model import cases, records, tasks
from workflow.organisations.model import consortia, organisations
from workflow.pages import lists, words

LONGEST = 30
HOUR_CHARACTERS = len("2026-11-27T09")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the report is about: a stage or all, and states left in a span of days."""

    stage: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """How long one state takes in one holder's hands, in working days."""

    stage: str
    state: str
    stage_label: Any
    state_label: Any
    holder: str
    number: int
    median_days: int
    ninetieth_days: int
    most_days: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case that is open: since when it stands in its state, and for whom it waits."""

    case_id: int
    url: str
    title: str
    state_label: Any
    holders: str
    since: date
    days: int


def taken(connection: Connection, visible: Collection[int], filters: Filters) -> list[Taken]:
    """Median, ninetieth percentile and longest stay by stage, state and holder; the slowest first, the system's last.

    A stay ends with the record that leaves the state, and its holder is the role that took that step.
    """
    count = WorkingDays(load_calendar(connection))
    spans: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    days: dict[str, date] = {}
    for row in connection.execute(_stays(visible, filters)):
        since, left = (days.get(hour) or days.setdefault(hour, _day_of(hour)) for hour in (row.since, row.left_at))
        if (filters.since is None or left >= filters.since) and (filters.until is None or left <= filters.until):
            spans[row.stage, row.to_state, row.role] += [count.between(since, left)] * row.number
    rows = [_taken(*key, sorted(found)) for key, found in spans.items()]
    system = words.role_name(str(Role.SYSTEM))
    return sorted(
        rows,
        key=lambda one: (one.holder == system, -one.median_days, -one.ninetieth_days, one.stage, one.state, one.holder),
    )


def _stays(visible: Collection[int], filters: Filters) -> Any:
    """Each record that enters a state beside the one that leaves it; acts within a state are passed over.

    A step that the system takes in the moment of someone's decision is that decision's outcome, and theirs; so is the
    one it takes once somebody has handed back what was returned to them.
    """
    columns = records.c
    window: dict[str, Any] = {"partition_by": columns.case_id, "order_by": columns.seq}
    told = (
        select(
            columns.case_id, columns.seq, cases.c.stage, columns.from_state, columns.to_state, columns.at, columns.role,
            func.lag(columns.at).over(**window).label("before_at"),
            func.lag(columns.role).over(**window).label("before_role"),
            func.lag(columns.verb).over(**window).label("before_verb"),
        )
        .join(cases, cases.c.id == columns.case_id)
        .where(cases.c.consortium_id.in_(visible))
    )  # fmt: skip
    if filters.stage:
        told = told.where(cases.c.stage == filters.stage)
    one = told.subquery().c
    outcome = (one.role == str(Role.SYSTEM)) & ((one.before_at == one.at) | (one.before_verb == MENDED))
    role = case((outcome, one.before_role), else_=one.role)
    window = {"partition_by": one.case_id, "order_by": one.seq}
    stays = (
        select(one.stage, one.to_state, one.at)
        .add_columns(
            func.lead(one.at, type_=columns.at.type).over(**window).label("left_at"),
            func.lead(role).over(**window).label("role"),
        )
        .where(or_(one.seq == 1, one.from_state != one.to_state))
        .subquery()
    ).c
    hours = (_hour(stays.at).label("since"), _hour(stays.left_at).label("left_at"))
    spans = (stays.stage, stays.to_state, stays.role, *hours)
    query = select(*spans, func.count().label("number")).where(stays.left_at.isnot(None)).group_by(*spans)
    return query.where(stays.left_at >= clock.moment(filters.since, 0)) if filters.since else query


def _hour(column: Any) -> Any:
    """The hour of a moment as text: enough to tell its day in Shanghai, and few enough to count by."""
    return func.substr(type_coerce(column, Text), 1, HOUR_CHARACTERS)


def _day_of(hour: str) -> date:
    return clock.day_of(datetime.fromisoformat(f"{hour}:00:00Z"))


def _taken(stage: str, state: str, role: str, days: list[int]) -> Taken:
    table = STAGES[stage]
    return Taken(
        stage, state, table.label, table.state_labels.get(state, state), words.role_name(role), len(days),
        median(days), ninetieth(days), days[-1],
    )  # fmt: skip


def longest(connection: Connection, visible: Collection[int], filters: Filters, today: date) -> list[Waiting]:
    """The open cases that have stood longest in their state."""
    query = (
        select(
            cases.c.id, cases.c.stage, cases.c.period, cases.c.state, cases.c.since, consortia.c.name,
            consortia.c.name_en,
        )
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .where(cases.c.closed_at.is_(None), cases.c.consortium_id.in_(visible))
        .where(cases.c.id.in_(select(tasks.c.case_id)))
        .order_by(cases.c.since, cases.c.id)
        .limit(LONGEST)
    )  # fmt: skip
    if filters.stage:
        query = query.where(cases.c.stage == filters.stage)
    rows = connection.execute(query).all()
    holders = _holders(connection, [row.id for row in rows])
    count = WorkingDays(load_calendar(connection))
    return [
        Waiting(
            row.id,
            lists.case_url(row.stage, row.id),
            lists.case_title(row.stage, words.pick(row.name, row.name_en), row.period),
            STAGES[row.stage].state_labels.get(row.state, row.state),
            "、".join(holders.get(row.id, [])),
            clock.day_of(row.since),
            count.between(clock.day_of(row.since), today),
        )
        for row in rows
    ]


def _holders(connection: Connection, case_ids: list[int]) -> dict[int, list[str]]:
    query = (
        select(tasks.c.case_id, organisations.c.name, organisations.c.name_en, tasks.c.role)
        .join(organisations, organisations.c.id == tasks.c.organisation_id)
        .where(tasks.c.case_id.in_(case_ids))
        .distinct()
        .order_by(tasks.c.case_id, organisations.c.name, tasks.c.role)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.case_id].append(words.holder(words.pick(row.name, row.name_en), row.role))
    return {number: list(dict.fromkeys(names)) for number, names in found.items()}
