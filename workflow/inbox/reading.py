"""Notices that have been read: each as its link is followed, or all that a page showed at once.

Only the reader's own marks are kept: whoever acts for another reads for themselves. Nothing that was not there to be
seen is marked: a number given to a notice may become visible later than a higher one, so that "this one and all
before" is said only of what is an hour old, and what is newer is marked one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, literal, or_, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from workflow.acts.model import notice_marks
from workflow.inbox.boxes import COPY
from workflow.inbox.posts import Desk, Post, any_of
from workflow.model import notices

SETTLED = timedelta(hours=1)
_MARKS = notice_marks.c


def unread_of(connection: Connection, desk: Desk, numbers: Sequence[int]) -> set[int]:
    """Which of these notices the viewer has not read."""
    if not numbers:
        return set()
    fresh = any_of(post.unread() for post in desk.posts)
    return set(connection.scalars(select(notices.c.id).where(notices.c.id.in_(numbers), fresh)))


def read_one(connection: Connection, desk: Desk, number: int) -> bool:
    """Mark one notice as read; whether it is one that reaches the viewer."""
    if not desk.posts:
        return False
    mine = select(notices.c.id).where(notices.c.id == number, any_of(post.notices() for post in desk.posts))
    if connection.scalar(mine) is None:
        return False
    _mark(connection, desk.person_id, mine, all_before=0)
    return True


def read_all(connection: Connection, desk: Desk, newest: int, at: datetime) -> None:
    """Mark as read, in every post of the viewer, what came no later than the notice ``newest``; copies have no mark."""
    for post in desk.posts:
        if post.whole:
            _up_to(connection, desk, post, newest, at)
        rest = select(notices.c.id).where(post.unread(), notices.c.kind != COPY, notices.c.id <= newest)
        _mark(connection, desk.person_id, rest, all_before=0)


def _up_to(connection: Connection, desk: Desk, post: Post, newest: int, at: datetime) -> None:
    """One mark in place of many: the last settled notice of the post, and all before it."""
    settled = (post.notices(), notices.c.kind != COPY, notices.c.id <= newest, notices.c.at <= at - SETTLED)
    last = connection.scalar(select(notices.c.id).where(*settled).order_by(notices.c.id.desc()).limit(1))
    if last is None:
        return
    _mark(connection, desk.person_id, select(notices.c.id).where(notices.c.id == last), all_before=1)
    covered = exists().where(notices.c.id == _MARKS.notice_id, post.notices())
    older = or_(_MARKS.notice_id < last, (_MARKS.notice_id == last) & (_MARKS.all_before == 0))
    connection.execute(notice_marks.delete().where(_MARKS.person_id == desk.person_id, older, covered))


def _mark(connection: Connection, person_id: int, numbers: Any, *, all_before: int) -> None:
    """A mark for each of the notices that has none."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    rows = numbers.add_columns(literal(person_id), literal(all_before))
    columns = ["notice_id", "person_id", "all_before"]
    connection.execute(insert(notice_marks).from_select(columns, rows).on_conflict_do_nothing())
