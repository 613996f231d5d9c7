"""What lies in each box of a desk: the keys of its rows in order, cut by key, and how many there are.

Every question starts from an index that begins with the person or the post and is cut off after a page or after
``MOST_COUNTED`` rows, so that it takes no longer when others, or the person, have a hundred times as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, literal, select, union_all

from workflow import scope
from workflow.inbox.filters import UNREAD, Filters, held_by, of_case
from workflow.inbox.keyset import Order, Position
from workflow.inbox.posts import Desk, Post, any_of
from workflow.model import cases, notices, records, tasks
from workflow.organisations.model import consortia

MOST_COUNTED = 1000
COPY = "copy"
BY_DEADLINE = Order((tasks.c.deadline, tasks.c.id))
BY_NUMBER = Order((notices.c.id,), down=True)
BY_MOMENT = Order((records.c.at, records.c.case_id), down=True)


@dataclass(frozen=True, slots=True)
class Days:
    """Today, and the last day that counts as soon."""

    today: date
    soon: date


def keys_of(desk: Desk, filters: Filters, days: Days) -> list[tuple[Any, Order]]:
    """The questions whose rows together are the box, each in its order and not yet cut."""
    if not desk.posts:
        return []
    if filters.box == "todo":
        return [(todo(post, filters, days), BY_DEADLINE) for post in desk.posts]
    if filters.box in ("copies", "notices"):
        return [(told(post, filters, copies=filters.box == "copies"), BY_NUMBER) for post in desk.posts]
    return [(done(desk, filters) if filters.box == "done" else started(desk, filters), BY_MOMENT)]


def todo(post: Post, filters: Filters, days: Days) -> Select[Any]:
    """The open tasks of one post."""
    query = select(tasks.c.deadline, tasks.c.id).where(post.tasks(), *_due(filters.show, days))
    if filters.role and filters.role != post.role:
        return query.where(literal(1) == 0)
    if filters.about_cases:
        query = query.join(cases, cases.c.id == tasks.c.case_id)
        query = query.join(consortia, consortia.c.id == cases.c.consortium_id)
        query = query.where(*of_case(filters, tasks.c.trigger))
    return query


def _due(show: str, days: Days) -> list[ColumnElement[bool]]:
    """Tasks without a deadline stand with those that still have time."""
    today, soon = days.today.isoformat(), days.soon.isoformat()
    if show == "overdue":
        return [tasks.c.deadline < today]
    if show == "soon":
        return [tasks.c.deadline >= today, tasks.c.deadline <= soon]
    return [tasks.c.deadline > soon] if show == "later" else []


def told(post: Post, filters: Filters, *, copies: bool) -> Select[Any]:
    """What one post was told: copies of cases, or everything else."""
    kind = notices.c.kind == COPY if copies else notices.c.kind != COPY
    query = select(notices.c.id).where(post.unread() if filters.show == UNREAD else post.notices(), kind)
    if filters.role and filters.role != post.role:
        return query.where(literal(1) == 0)
    if filters.about_cases:
        query = query.join(cases, cases.c.id == notices.c.case_id)
        query = query.join(consortia, consortia.c.id == cases.c.consortium_id)
        query = query.where(*of_case(filters))
    return query


def done(desk: Desk, filters: Filters) -> Select[Any]:
    """The cases the viewer acted in and may still read, each by their last record in it."""
    later = records.alias("later")
    last = exists().where(
        later.c.case_id == records.c.case_id, later.c.person_id == desk.person_id, later.c.seq > records.c.seq
    )
    return _cases(desk, filters).where(records.c.person_id == desk.person_id, ~last)


def started(desk: Desk, filters: Filters) -> Select[Any]:
    """The cases the viewer began and may still read."""
    query = _cases(desk, filters).where(records.c.person_id == desk.person_id, records.c.seq == 1)
    if filters.show == "waiting":
        query = query.where(cases.c.closed_at.is_(None), ~waits_for(desk.posts))
    return query


def waits_for(posts: Sequence[Post]) -> ColumnElement[bool]:
    """Whether a case waits for one of the posts."""
    return select(tasks.c.id).where(tasks.c.case_id == cases.c.id, any_of(post.tasks() for post in posts)).exists()


def _cases(desk: Desk, filters: Filters) -> Select[Any]:
    query = (
        select(records.c.at, records.c.case_id, records.c.seq)
        .join(cases, cases.c.id == records.c.case_id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .where(scope.visible(desk.seats), *of_case(filters))
    )
    if filters.show == "open":
        query = query.where(cases.c.closed_at.is_(None))
    if filters.show == "closed":
        query = query.where(cases.c.closed_at.isnot(None))
    return query.where(held_by(filters.role)) if filters.role else query


def page_of(asked: Sequence[tuple[Any, Order]], position: Position, limit: int) -> Any:
    """The keys of one page and one row more, from all the questions together; ``None`` where there are none."""
    if not asked:
        return None
    cut = [query.where(*order.at(position)).order_by(*order.by(position)).limit(limit + 1) for query, order in asked]
    if len(cut) == 1:
        return cut[0].subquery("page")
    parts = [select(one.subquery()) for one in cut]
    together = union_all(*parts).subquery("together")
    order = asked[0][1]
    falls = order.down != position.back
    by = [together.c[column.key].desc() if falls else together.c[column.key].asc() for column in order.columns]
    return select(together).order_by(*by).limit(limit + 1).subquery("page")


def counted(asked: Sequence[tuple[Any, Order]]) -> Any:
    """How many rows the questions have together, no more than ``MOST_COUNTED`` of them counted, as one value in SQL."""
    if not asked:
        return literal(0)
    ones = [
        select(query.with_only_columns(literal(1).label("one")).limit(MOST_COUNTED).subquery().c.one)
        for query, _order in asked
    ]
    rows = union_all(*ones).limit(MOST_COUNTED).subquery() if len(ones) > 1 else ones[0].subquery()
    return select(func.count()).select_from(rows).scalar_subquery()

