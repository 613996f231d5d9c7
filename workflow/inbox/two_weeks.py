"""The sheet of an office: everything it owes within ten working days or owes already, whoever of it holds it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, select, union_all

from governance.roles import ROLE_NAMES, Role
from workflow import clock, clocks, lifecycle
from workflow.attempt import Actor, Attempt, Case
from workflow.inbox.rows import deadline_of
from workflow.machines import STAGES
from workflow.model import cases, tasks
from workflow.organisations.model import consortia, organisations, persons
from workflow.organisations.posts import fits
from workflow.pages import lists, words
from workflow.pages.case_reading import read_case

WORKING_DAYS = 10
MOST_ROWS = 200
# The papers of so many cases are looked into, the nearest deadlines first; each takes some questions of its own.
MOST_LOOKED_INTO = 40
LINES_A_PAGE = 30
CHARACTERS_A_LINE = {"case": 16, "what": 12, "missing": 24}


def offices(
    connection: Connection, organisation_ids: Iterable[int], at: datetime, *, demo: bool = False
) -> list[SimpleNamespace]:
    """A sheet for each organisation, cut into pages; one that owes nothing has a page that says so."""
    today = clock.day_of(at)
    until = clocks.soon(connection, today, WORKING_DAYS)
    numbers = sorted(set(organisation_ids))
    named = connection.execute(select(organisations).where(organisations.c.id.in_(numbers))) if numbers else ()
    known = {row.id: row for row in named}
    names = {row.id: words.pick(row.name, row.name_en) for row in known.values()}
    looked: dict[int, Attempt] = {}
    found = []
    for number in numbers:
        read = _due(connection, number, known[number].kind, until)
        rows = [_row(connection, row, today) for row in read[:MOST_ROWS]]
        for row, drawn in zip(read, rows, strict=False):
            drawn.missing = _missing(connection, row, looked, at, demo=demo)
        found.append(SimpleNamespace(name=names[number], until=until, pages=paged(rows), more=len(read) > MOST_ROWS))
    return found


def _due(connection: Connection, organisation_id: int, kind: str, until: date) -> list[Any]:
    """The open tasks of every role of an organisation, by deadline; asked role by role, as the index has them."""
    first = [
        select(
            select(tasks.c.id, tasks.c.deadline)
            .where(tasks.c.organisation_id == organisation_id, tasks.c.role == str(role))
            .where(tasks.c.deadline <= until.isoformat())
            .order_by(tasks.c.deadline, tasks.c.id)
            .limit(MOST_ROWS + 1)
            .subquery()
        )
        for role in Role
        if fits(kind, role)
    ]
    together = union_all(*first).subquery()
    keys = select(together).order_by(together.c.deadline, together.c.id).limit(MOST_ROWS + 1).subquery()
    query = (
        select(cases, tasks.c.trigger, tasks.c.organisation_id, tasks.c.role, tasks.c.deadline)
        .add_columns(persons.c.name.label("person"), consortia.c.name, consortia.c.name_en)
        .join_from(keys, tasks, tasks.c.id == keys.c.id)
        .join(cases, cases.c.id == tasks.c.case_id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .outerjoin(persons, persons.c.id == tasks.c.person_id)
        .order_by(keys.c.deadline, keys.c.id)
    )
    return list(connection.execute(query))


def _row(connection: Connection, row: Any, today: date) -> SimpleNamespace:
    step = STAGES[row.stage].step_from(row.state, row.trigger)
    return SimpleNamespace(
        **deadline_of(connection, row.deadline, today),
        holder=words.pick(*ROLE_NAMES[row.role]),
        person=row.person or "",
        consortium=words.pick(row.name, row.name_en),
        subject=lists.case_subject(row.stage, row.period),
        pool_label=words.POOLS[row.pool],
        stage=STAGES[row.stage].label,
        what=step.label if step else row.trigger,
        missing=[],
    )


def _missing(connection: Connection, row: Any, looked: dict[int, Attempt], at: datetime, *, demo: bool) -> list[str]:
    """What the awaited step still lacks, in the words its guards would refuse whoever holds it with."""
    step = STAGES[row.stage].step_from(row.state, row.trigger)
    if step is None:
        return []
    if row.id not in looked:
        if len(looked) >= MOST_LOOKED_INTO:
            return [str(words.pick("未逐件核对，见办件页面", "Not looked into; see the page of the case"))]
        case = Case(*row[: len(Case.__slots__)])
        looked[row.id] = read_case(connection, case, at, demo=demo).attempt
    holder = Actor(None, None, row.organisation_id, Role(row.role))
    refusals = lifecycle.guard_refusals(looked[row.id].by(holder), step)
    return list(dict.fromkeys(str(words.shown(one).reason) for one in refusals))


def paged(rows: Sequence[Any]) -> list[list[Any]]:
    """``rows`` cut so that each part fits a sheet of A4 across, by the lines their longest cell takes."""
    found: list[list[Any]] = [[]]
    room = LINES_A_PAGE
    for row in rows:
        lines = _lines(row)
        if lines > room and found[-1]:
            found.append([])
            room = LINES_A_PAGE
        found[-1].append(row)
        room -= lines
    return found


def _lines(row: Any) -> int:
    texts = {
        "case": [f"{row.consortium}{row.subject}{row.pool_label}"], "what": [str(row.what)],
        "missing": [str(one) for one in row.missing],
    }  # fmt: skip
    return max(
        2, *(sum(-(-len(one) // CHARACTERS_A_LINE[name]) for one in shown) for name, shown in texts.items())
    )
