"""Filters a person has given a name: kept, listed and deleted by nobody but them."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace

from sqlalchemy import Connection, func, select

from governance.refusal import Refusal, Refused
from workflow.acts.model import saved_filters
from workflow.i18n import lazy as _
from workflow.inbox.filters import Filters, parse_query

LONGEST_NAME = 30
MOST_KEPT = 20


def saved_by(connection: Connection, person_id: int, now: Filters) -> list[SimpleNamespace]:
    """The filters of a person, by name; the one in use is marked. What no longer can be meant is left out."""
    columns = saved_filters.c
    query = select(columns.id, columns.name, columns.query).where(columns.person_id == person_id)
    found = []
    for row in connection.execute(query.order_by(columns.name)):
        try:
            filters = parse_query(row.query)
        except ValueError:
            continue
        found.append(SimpleNamespace(id=row.id, name=row.name, url=filters.url(), active=filters == now))
    return found


def save(connection: Connection, person_id: int, name: str, filters: Filters, at: datetime) -> None:
    """Keep ``filters`` under ``name``; raises ``Refused`` without a name, for a name twice, and for too many."""
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise _refused(_("请给筛选起一个名字，不超过 %(most)s 个字", most=LONGEST_NAME))
    columns = saved_filters.c
    own = columns.person_id == person_id
    if connection.scalar(select(columns.id).where(own, columns.name == name)) is not None:
        raise _refused(_("您已有叫“%(name)s”的筛选；请换一个名字，或者先删除原来的", name=name))
    if (connection.scalar(select(func.count()).where(own)) or 0) >= MOST_KEPT:
        raise _refused(_("最多保存 %(most)s 个筛选；请先删除不用的", most=MOST_KEPT))
    row = {"person_id": person_id, "name": name, "query": filters.query(), "at": at}
    connection.execute(saved_filters.insert(), row)


def delete(connection: Connection, person_id: int, number: int) -> bool:
    """Delete one of the person's filters; whether there was one."""
    columns = saved_filters.c
    gone = connection.execute(saved_filters.delete().where(columns.id == number, columns.person_id == person_id))
    return gone.rowcount == 1


def _refused(reason: str) -> Refused:
    return Refused(Refusal(reason=reason, who=_("本人"), field="name"))
