"""The rows of a box as they are shown, read for one page alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, select

from workflow import clock, clocks
from workflow.acts.registry import ACTS
from workflow.inbox.boxes import Days, keys_of, page_of
from workflow.inbox.counts import WORDED
from workflow.inbox.filters import Filters
from workflow.inbox.keyset import PAGE_ROWS, Page, Position, cut
from workflow.inbox.posts import Desk
from workflow.inbox.reading import unread_of
from workflow.machines import STAGES
from workflow.model import cases, notices, records, tasks
from workflow.organisations.model import consortia, organisations, persons
from workflow.pages import lists, words
from workflow.tasks import NO_DEADLINE

_CASE = (
    cases.c.id.label("case_id"), cases.c.stage, cases.c.period, cases.c.state, cases.c.pool, cases.c.closed_at,
    consortia.c.name, consortia.c.name_en,
)  # fmt: skip


def read(
    connection: Connection, desk: Desk, filters: Filters, days: Days, position: Position, limit: int = PAGE_ROWS
) -> Page:
    """One page of a box; ``keys`` of its rows are what the next page begins behind."""
    keys = _worded(desk, filters, days, position, limit)
    if keys is None:
        return Page()
    asked = {"todo": _tasks, "done": _acted, "started": _acted}.get(filters.box, _notices)
    found, key = asked(connection, keys, position)
    page = cut(found, position, key, limit)
    return Page(_drawn(connection, desk, filters.box, page.rows, days), _kept, page.earlier, page.later)


@lru_cache(maxsize=WORDED)
def _worded(desk: Desk, filters: Filters, days: Days, position: Position, limit: int) -> Any:
    return page_of(keys_of(desk, filters, days), position, limit)


def _kept(row: Any) -> tuple[Any, ...]:
    found: tuple[Any, ...] = row.keys
    return found


def _drawn(connection: Connection, desk: Desk, box: str, rows: list[Any], days: Days) -> list[SimpleNamespace]:
    if box == "todo":
        mine = {claim.person_id for post in desk.posts for claim in post.claims}
        return [_task(connection, row, days.today, row.person_id in mine) for row in rows]
    if box in ("copies", "notices"):
        fresh = unread_of(connection, desk, [row.notice_id for row in rows]) if box == "notices" else set()
        return [_notice(row, row.notice_id in fresh) for row in rows]
    held = holders(connection, [row.case_id for row in rows if row.closed_at is None])
    return [_case(connection, row, held.get(row.case_id, []), days.today) for row in rows]


def _tasks(connection: Connection, keys: Any, position: Position) -> tuple[list[Any], Any]:
    falls = position.back
    query = (
        select(tasks.c.id.label("task_id"), tasks.c.trigger, tasks.c.since, tasks.c.deadline, tasks.c.person_id)
        .add_columns(*_CASE, cases.c.revision, cases.c.subject_hash, cases.c.amount_fen, persons.c.name.label("person"))
        .join_from(keys, tasks, tasks.c.id == keys.c.id)
        .join(cases, cases.c.id == tasks.c.case_id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .outerjoin(persons, persons.c.id == tasks.c.person_id)
        .order_by(*(one.desc() if falls else one.asc() for one in (keys.c.deadline, keys.c.id)))
    )
    return list(connection.execute(query)), lambda row: (row.deadline, row.task_id)


def _notices(connection: Connection, keys: Any, position: Position) -> tuple[list[Any], Any]:
    query = (
        select(notices.c.id.label("notice_id"), notices.c.kind, notices.c.body, notices.c.at, *_CASE)
        .join_from(keys, notices, notices.c.id == keys.c.id)
        .outerjoin(cases, cases.c.id == notices.c.case_id)
        .outerjoin(consortia, consortia.c.id == cases.c.consortium_id)
        .order_by(keys.c.id.asc() if position.back else keys.c.id.desc())
    )
    return list(connection.execute(query)), lambda row: (row.notice_id,)


def address_of(connection: Connection, number: int) -> str:
    """Where a notice leads."""
    query = (
        select(notices.c.kind, *_CASE)
        .join_from(notices, cases, cases.c.id == notices.c.case_id, isouter=True)
        .outerjoin(consortia, consortia.c.id == cases.c.consortium_id)
        .where(notices.c.id == number)
    )
    return str(_notice_head(connection.execute(query).one())["url"])


def _acted(connection: Connection, keys: Any, position: Position) -> tuple[list[Any], Any]:
    by = (keys.c.at, keys.c.case_id)
    query = (
        select(records.c.at, records.c.verb, records.c.seq, *_CASE)
        .join_from(keys, records, (records.c.case_id == keys.c.case_id) & (records.c.seq == keys.c.seq))
        .join(cases, cases.c.id == records.c.case_id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .order_by(*(one.asc() if position.back else one.desc() for one in by))
    )
    return list(connection.execute(query)), lambda row: (row.at, row.case_id)


def holders(connection: Connection, case_ids: Sequence[int]) -> dict[int, list[Any]]:
    """The open tasks of each case: whom it waits for, and by when, the nearest first."""
    found: dict[int, list[Any]] = defaultdict(list)
    if not case_ids:
        return found
    query = (
        select(tasks.c.case_id, tasks.c.deadline, tasks.c.organisation_id, organisations.c.name)
        .add_columns(organisations.c.name_en, tasks.c.role)
        .join(organisations, organisations.c.id == tasks.c.organisation_id)
        .where(tasks.c.case_id.in_(case_ids))
        .order_by(tasks.c.deadline, tasks.c.id)
    )
    for row in connection.execute(query):
        found[row.case_id].append(row)
    return found


def deadline_of(connection: Connection, text: str, today: date) -> dict[str, Any]:
    """A task's deadline as rows show it: the day, working days left, whether it has passed, whether provisional."""
    day = None if text == NO_DEADLINE else date.fromisoformat(text)
    return {
        "deadline": day,
        "left_working_days": None if day is None else clocks.working_days_left(connection, today, day),
        "overdue": day is not None and day < today,
        "provisional": day is not None and clocks.is_unsure(connection, today, day),
    }


def _head(row: Any) -> dict[str, Any]:
    name = words.pick(row.name, row.name_en)
    return {
        "url": lists.case_url(row.stage, row.case_id),
        "case_title": lists.case_title(row.stage, name, row.period),
        "subject": lists.case_subject(row.stage, row.period),
        "stage": row.stage,
        "consortium": name,
        "pool_label": words.POOLS[row.pool],
    }


def _task(connection: Connection, row: Any, today: date, mine: bool) -> SimpleNamespace:
    step = STAGES[row.stage].step_from(row.state, row.trigger)
    head = _head(row)
    place = f"#step-{row.trigger}" if step or row.trigger not in ACTS else f"/acts#act-{row.trigger}"
    return SimpleNamespace(
        **head | {"url": head["url"] + place},
        **deadline_of(connection, row.deadline, today),
        keys=(row.deadline, row.task_id),
        id=row.task_id,
        trigger=row.trigger,
        step_label=step.label if step else words.verb_label(row.trigger),
        bulk=f"{row.stage}-{row.trigger}" if step and step.bulk else "",
        item=f"{row.case_id}@{row.revision}:{row.subject_hash[:16]}",
        assigned=row.person if mine and row.person_id is not None else "",
        since=row.since,
        amount_fen=row.amount_fen,
        blocked=[],
    )


def _notice(row: Any, unread: bool = False) -> SimpleNamespace:
    """A notice as it is listed."""
    head = _notice_head(row)
    return SimpleNamespace(**head, keys=(row.notice_id,), id=row.notice_id, body=row.body, at=row.at, unread=unread)


def _notice_head(row: Any) -> dict[str, Any]:
    """What a notice is about, and where it leads; one that is of no case leads to the page of its kind."""
    if row.case_id is None:
        title, url = words.NOTICES.get(row.kind, ("", "/"))
        return {"case_title": title, "url": url}
    head = _head(row)
    if row.kind == "changed":
        head["url"] += "/differences"
    return head


def _case(connection: Connection, row: Any, held: list[Any], today: date) -> SimpleNamespace:
    stage = STAGES[row.stage]
    names = dict.fromkeys(words.holder(words.pick(one.name, one.name_en), one.role) for one in held)
    return SimpleNamespace(
        **_head(row),
        **deadline_of(connection, held[0].deadline if held else NO_DEADLINE, today),
        keys=(row.at.isoformat(), row.case_id),
        id=row.case_id,
        at=row.at,
        did=stage.verb_label(row.verb) or words.VERBS.get(row.verb, row.verb),
        state_label=stage.state_labels.get(row.state, row.state),
        closed=row.closed_at is not None,
        closed_on=clock.day_of(row.closed_at) if row.closed_at else None,
        holder="、".join(names),
    )
