"""Sealing: one seal a day over the heads of all chains, every missed day caught up, in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from governance.refusal import Refused
from workflow import clock
from workflow.attempt import refuse
from workflow.db import moment_text
from workflow.i18n import lazy as _
from workflow.model import cases, records
from workflow.occurrences import Due
from workflow.trail import verifier
from workflow.trail.model import seal_heads, seals

ONE_DAY = timedelta(days=1)


def last_seal(connection: Connection) -> Any | None:
    """The newest seal, or ``None`` before the first."""
    return connection.execute(select(seals).order_by(seals.c.day.desc()).limit(1)).one_or_none()


def days_due(connection: Connection, at: datetime) -> list[Due]:
    """Every day that is over at ``at`` and has no seal yet, from the day of the first record on, oldest first."""
    last = last_seal(connection)
    if last is not None:
        day = last.day + ONE_DAY
    else:
        first = connection.scalar(select(func.min(records.c.at)))
        if first is None:
            return []
        day = clock.day_of(first)
    today, found = clock.day_of(at), []
    while day < today:
        found.append(Due(0, day.isoformat(), clock.moment(day + ONE_DAY, 0)))
        day += ONE_DAY
    return found


def seal_day(connection: Connection, due: Due, at: datetime) -> None:
    """Seal the day ``due.period``; a day that is sealed stays as it is. Raises ``Refused`` where one before is open.

    A record whose transaction ends after its day was sealed falls under the next seal.
    """
    day = date.fromisoformat(due.period)
    last = last_seal(connection)
    if last is not None and day <= last.day:
        return
    if last is not None and day != last.day + ONE_DAY:
        raise _not_yet(last.day)
    changed = moved_heads(connection, clock.moment(day + ONE_DAY, 0))
    sealed = sealed_heads(connection)
    numbers = {head[0]: head[1] for head in sealed}
    before, fresh = last.last if last else 0, sum(seq - numbers.get(case, 0) for case, seq, _digest in changed)
    tree = tree_of(sealed)
    seal = {
        "day": day.isoformat(), "at": moment_text(at), "first": before + 1, "last": before + fresh,
        "changes": verifier.sha256(verifier.canonical(changed)), "root": tree.seal(changed), "heads": len(tree.place),
        "prev": last.hash if last else "",
    }
    connection.execute(
        seals.insert().values(
            day=day, at=at, first=seal["first"], last=seal["last"], heads=seal["heads"], changes=seal["changes"],
            merkle_root=seal["root"], prev_seal_hash=seal["prev"], hash=verifier.seal_hash(seal),
        )
    )
    if changed:
        rows = [{"case_id": case, "seq": seq, "hash": digest, "day": day} for case, seq, digest in changed]
        connection.execute(seal_heads.insert(), rows)


def _not_yet(day: date) -> Refused:
    return refuse(_("须先封印 %(day)s 之后的一日", day=day.isoformat()), who=_("系统"))


def moved_heads(connection: Connection, end: datetime) -> list[verifier.Head]:
    """The newest record before ``end`` of every case that has one not sealed yet, in the order of the cases."""
    sealed = (
        select(seal_heads.c.case_id, func.max(seal_heads.c.seq).label("seq")).group_by(seal_heads.c.case_id).subquery()
    )
    moved = (
        select(records.c.case_id, func.max(records.c.seq).label("seq"))
        .join(cases, cases.c.id == records.c.case_id)
        .outerjoin(sealed, sealed.c.case_id == records.c.case_id)
        .where(cases.c.record_seq > func.coalesce(sealed.c.seq, 0))
        .where(records.c.seq > func.coalesce(sealed.c.seq, 0), records.c.at < end)
        .group_by(records.c.case_id)
        .subquery()
    )
    query = (
        select(records.c.case_id, records.c.seq, records.c.hash)
        .join(moved, (moved.c.case_id == records.c.case_id) & (moved.c.seq == records.c.seq))
        .order_by(records.c.case_id)
    )
    return [(row.case_id, row.seq, row.hash) for row in connection.execute(query)]


def sealed_heads(connection: Connection) -> list[verifier.Head]:
    """The newest sealed head of every case, in the order in which cases were first sealed."""
    columns = seal_heads.c
    newest = (
        select(columns.case_id, func.max(columns.seq).label("seq"), func.min(columns.day).label("first"))
        .group_by(columns.case_id)
        .subquery()
    )
    query = (
        select(columns.case_id, columns.seq, columns.hash)
        .join(newest, (newest.c.case_id == columns.case_id) & (newest.c.seq == columns.seq))
        .order_by(newest.c.first, columns.case_id)
    )
    return [(row.case_id, row.seq, row.hash) for row in connection.execute(query)]


def tree_of(heads: list[verifier.Head]) -> verifier.Tree:
    """The tree over ``heads``, in the order given."""
    tree = verifier.Tree()
    tree.place = {head[0]: place for place, head in enumerate(heads)}
    tree.levels = [[b""] * len(heads)]
    tree.seal(heads)
    return tree


def each_seal(connection: Connection, since: date | None = None, *, changes: bool = True) -> Iterator[dict[str, Any]]:
    """Every seal in order, as its line in a file: with the heads that moved, or without."""
    moved: dict[date, list[verifier.Head]] = {}
    heads = select(seal_heads).order_by(seal_heads.c.day, seal_heads.c.case_id)
    query = select(seals).order_by(seals.c.day)
    if since is not None:
        heads, query = heads.where(seal_heads.c.day >= since), query.where(seals.c.day >= since)
    if changes:
        for row in connection.execute(heads):
            moved.setdefault(row.day, []).append((row.case_id, row.seq, row.hash))
    for row in connection.execute(query):
        line = {
            "day": row.day.isoformat(), "at": moment_text(row.at), "first": row.first, "last": row.last,
            "heads": row.heads, "changes": row.changes, "root": row.merkle_root, "prev": row.prev_seal_hash,
            "hash": row.hash,
        }
        yield {**line, "changed": moved.get(row.day, [])} if changes else line
