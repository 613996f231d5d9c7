"""From where an administrative act is done: a person's places, or the machine's own command line; and its record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from workflow.attempt import refuse
from workflow.db import canonical
from workflow.i18n import lazy as _
from workflow.lifecycle import NotFound
from workflow.organisations.model import admin_records
from workflow.rules import place_chain, rulebook

_CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,47}")
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Office:
    """Who acts, and over which places; ``places`` is ``None`` for whoever works on the machine itself."""

    person_id: int | None
    places: frozenset[str] | None

    def covers(self, place: str) -> bool:
        """Whether ``place`` is one of the office's places or lies below one."""
        if self.places is None:
            return True
        return place in rulebook().places and bool(self.places & set(place_chain(place)))

    def unknown(self, reason: Any, field: str = "") -> Exception:
        """What to raise for something that is not there, or not in scope: outside the machine the two look alike."""
        return refuse(reason, field=field) if self.places is None else NotFound()


OPERATOR = Office(None, None)


def begin(connection: Connection) -> None:
    """Administrative acts come one at a time, so that no two of them overlook each other."""
    # SQLite's writing transactions come one at a time already.
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE admin_records IN SHARE ROW EXCLUSIVE MODE")


def record(connection: Connection, office: Office, at: datetime, verb: str, body: Mapping[str, Any]) -> None:
    """Leave the append-only row of an act; ``body`` is plain data and holds no password."""
    connection.execute(
        admin_records.insert().values(at=at, person_id=office.person_id, verb=verb, body=canonical(dict(body)))
    )


def parse_day(text: str | None, field: str) -> date:
    """The day written ``2026-11-23``; raises ``Refused`` for anything else."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        day = None
    if day is None or day.isoformat() != text or not 1990 <= day.year <= 2100:
        raise refuse(_("日期“%(text)s”不对，请按 2026-11-23 的样子填写", text=text or ""), field=field)
    return day


def parse_term(since: str | None, until: str | None) -> tuple[date, date | None]:
    """First and last day of a term, without a last day where none is given; raises ``Refused`` when reversed."""
    first = parse_day(since, "since")
    last = parse_day(until, "until") if until else None
    if last is not None and last < first:
        raise refuse(_("截止日 %(until)s 早于起始日 %(since)s", until=until, since=since), field="until")
    return first, last


def require_code(code: str, field: str = "code") -> str:
    """A code as it may stand in addresses and files; raises ``Refused``."""
    if not _CODE.fullmatch(code):
        raise refuse(_("代码“%(code)s”不对：只用小写字母、数字、点和连字符，不超过 48 个", code=code), field=field)
    return code


def require_name(name: str, field: str = "name") -> str:
    """A name people read: something printable, without blanks at its ends; raises ``Refused``."""
    if not name or name != name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise refuse(_("名称须是 1 到 %(most)s 个可显示的字，首尾没有空格", most=LONGEST_NAME), field=field)
    return name


def require_place(office: Office, place: str) -> Any:
    """The place with this code, in the office's scope; raises ``Refused`` when unknown, ``NotFound`` when beyond."""
    found = rulebook().places.get(place)
    if found is None:
        raise refuse(_("没有代码为“%(place)s”的地区；地区在规则簿的 places.yaml 里登记", place=place), field="place")
    if not office.covers(place):
        raise NotFound()
    return found
