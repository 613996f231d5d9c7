"""Overdue deadlines counted by stage and by whose days they were."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, or_, select

from workflow.calendar_days import load_calendar
from workflow.flows.durations import WorkingDays
from workflow.jobs import WINDOWS
from workflow.machines import STAGES
from workflow.model import cases, tasks
from workflow.model import clocks as clock_rows
from workflow.organisations.model import consortia, organisations
from workflow.pages import words
from workflow.rules import place_chain


@dataclass(frozen=True, slots=True)
class Overdue:
    """One holder's delays in one stage; ``days_over`` are working days, of all of them together."""

    stage: str
    stage_label: str
    role: str
    organisation: str
    holder: str
    number: int
    still_open: int
    days_over: int
    most_over: int

    def as_data(self) -> dict[str, Any]:
        """The row as plain data."""
        return asdict(self)


def statistics(connection: Connection, today: date, visible: Collection[int] | None = None) -> list[Overdue]:
    """Every deadline that has passed while it ran, grouped; the most days first. ``visible`` limits the consortia.

    A clock that stopped in time does not count, nor one that is paused now, nor the end of a window for others.
    """
    columns = clock_rows.c
    query = (
        select(
            columns.case_id, columns.holder_role, columns.deadline, columns.stopped_on, cases.c.stage,
            consortia.c.place, consortia.c.lead_id,
        )
        .join(cases, cases.c.id == columns.case_id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .where(columns.name.notin_(WINDOWS), or_(columns.stopped_on.isnot(None), columns.paused_on.is_(None)))
        .where(columns.deadline < today, or_(columns.stopped_on.is_(None), columns.stopped_on > columns.deadline))
    )  # fmt: skip
    if visible is not None:
        query = query.where(cases.c.consortium_id.in_(visible))
    holders = Holders(connection)
    count = WorkingDays(load_calendar(connection))
    found: dict[tuple[str, str, str], list[tuple[int, bool]]] = {}
    for row in connection.execute(query):
        over = count.between(row.deadline, row.stopped_on or today)
        name = holders.name(row.holder_role, row.place, row.lead_id, row.case_id)
        found.setdefault((row.stage, row.holder_role, name), []).append((over, row.stopped_on is None))
    rows = [_row(stage, role, name, spans) for (stage, role, name), spans in found.items()]
    return sorted(rows, key=lambda one: (-one.days_over, one.stage, one.role, one.organisation))


def _row(stage: str, role: str, name: str, spans: list[tuple[int, bool]]) -> Overdue:
    days = [over for over, _open in spans]
    role_name = words.role_name(role)
    return Overdue(
        stage, str(STAGES[stage].label), role, name, f"{name} {role_name}".strip(), len(spans),
        sum(still_open for _over, still_open in spans), sum(days), max(days),
    )  # fmt: skip


class Holders:
    """Which organisation a role means in a case, found without asking for each."""

    def __init__(self, connection: Connection) -> None:
        columns = organisations.c
        rows = connection.execute(
            select(columns.id, columns.name, columns.name_en, columns.kind, columns.place)
        ).all()
        self._names: dict[int, str] = {row.id: words.pick(row.name, row.name_en) for row in rows}
        self._bodies = {(row.kind, row.place): row.id for row in rows}
        self._waiting: dict[tuple[int, str], list[int]] = {}
        for task in connection.execute(select(tasks.c.case_id, tasks.c.role, tasks.c.organisation_id).distinct()):
            self._waiting.setdefault((task.case_id, task.role), []).append(task.organisation_id)

    def name(self, role: str, place: str, lead_id: int, case_id: int) -> str:
        """The organisation's name: whoever the case waits for in ``role``, else the body the role belongs to."""
        waiting = self._waiting.get((case_id, role))
        if role.startswith("member_"):
            return "、".join(sorted(self._names[one] for one in waiting or ()))
        if role.startswith("lead_"):
            return self._names[lead_id]
        kind = role.rpartition("_")[0]
        found = next(
            (self._bodies[kind, one] for one in reversed(place_chain(place)) if (kind, one) in self._bodies), None
        )
        return self._names[found] if found else ""
