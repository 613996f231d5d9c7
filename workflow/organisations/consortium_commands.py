"""Consortia, who belongs to them from when to when, and how many insured people they care for."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from governance.roles import KIND_NAMES, OrganisationKind
from workflow.attempt import refuse
from workflow.clock import day_of
from workflow.i18n import lazy as _
from workflow.organisations.commands import find_organisation
from workflow.organisations.model import consortia, insured_counts, memberships
from workflow.organisations.office import (
    Office,
    begin,
    parse_day,
    parse_term,
    record,
    require_code,
    require_name,
    require_place,
)
from workflow.organisations.posts import LEVEL_OF
from workflow.rules import place_chain, refuse_samples

POOLS = ("resident", "employee")
LEVELS = ("county", "township", "village")
MOST_HEADS = 99_999_999
_PERIOD = re.compile(r"20\d\d(-(0[1-9]|1[0-2]))?")


def add_consortium(
    connection: Connection,
    *,
    office: Office,
    at: datetime,
    code: str,
    name: str,
    place: str,
    lead: str,
    name_en: str = "",
    since: str | None = None,
) -> int:
    """A new consortium's number; its lead is its first member from ``since`` on, which is today where left out."""
    begin(connection)
    where = require_place(office, place)
    if where.kind != "county":
        raise refuse(_("医共体建在县级地区，“%(place)s”不是", place=where.name), field="place")
    refuse_samples(connection, place)
    require_code(code)
    require_name(name)
    if name_en:
        require_name(name_en, "name_en")
    if connection.scalar(select(consortia.c.id).where(consortia.c.code == code)) is not None:
        raise refuse(_("医共体代码 %(code)s 已被使用", code=code), field="code")
    body = find_organisation(connection, office, lead, "lead")
    if body.kind != OrganisationKind.HOSPITAL:
        raise refuse(
            _("牵头单位须是县级医院，“%(name)s”是%(kind)s", name=body.name, kind=KIND_NAMES[body.kind][0]), field="lead"
        )
    row = {"code": code, "name": name, "name_en": name_en, "place": place, "lead_id": body.id}
    number: int = connection.execute(consortia.insert().values(**row).returning(consortia.c.id)).scalar_one()
    record(connection, office, at, "add_consortium", {"consortium": number, **row})
    first = since or day_of(at).isoformat()
    join_member(
        connection, office=office, at=at, consortium=code, organisation=lead, level=LEVEL_OF[body.kind], since=first
    )
    return number


def join_member(
    connection: Connection,
    *,
    office: Office,
    at: datetime,
    consortium: str,
    organisation: str,
    level: str,
    since: str,
    until: str | None = None,
) -> int:
    """An organisation joins; it belongs to one consortium at a time, in the county where it stands."""
    begin(connection)
    joined = find_consortium(connection, office, consortium)
    body = find_organisation(connection, office, organisation)
    if level not in LEVELS:
        raise refuse(_("级别只能是 county、township 或 village，不能是“%(level)s”", level=level), field="level")
    if LEVEL_OF.get(body.kind) != level:
        raise refuse(
            _("“%(name)s”是%(kind)s，不能作为这一级的成员", name=body.name, kind=KIND_NAMES[body.kind][0]),
            field="level",
        )
    if joined.place not in place_chain(body.place):
        raise refuse(_("“%(name)s”不在医共体所在的县", name=body.name), field="organisation")
    first, last = parse_term(since, until)
    held, name = memberships.c, consortia.c.name
    query = (
        select(name)
        .join_from(memberships, consortia, consortia.c.id == held.consortium_id)
        .where(held.organisation_id == body.id, held.until.is_(None) | (held.until >= first))
    )
    other = connection.scalar(query if last is None else query.where(held.since <= last))
    if other is not None:
        raise refuse(_("“%(name)s”这段时间已是“%(other)s”的成员", name=body.name, other=other), field="since")
    row = {"consortium_id": joined.id, "organisation_id": body.id, "level": level, "since": first, "until": last}
    connection.execute(memberships.insert().values(**row))
    told = {"consortium": consortium, "organisation": organisation, "level": level}
    record(connection, office, at, "join_member", {**told, "since": since, "until": until or None})
    return int(body.id)


def leave_member(
    connection: Connection, *, office: Office, at: datetime, consortium: str, organisation: str, until: str
) -> int:
    """Set the last day of a running membership; the lead stays as long as there is a consortium."""
    begin(connection)
    left = find_consortium(connection, office, consortium)
    body = find_organisation(connection, office, organisation)
    if body.id == left.lead_id:
        raise refuse(_("“%(name)s”是牵头单位，不能退出", name=body.name), field="organisation")
    columns = memberships.c
    own = (columns.consortium_id == left.id) & (columns.organisation_id == body.id)
    held = connection.execute(
        select(memberships).where(own, columns.until.is_(None)).order_by(columns.since.desc())
    ).first()
    if held is None:
        raise office.unknown(_("“%(name)s”不是现有成员，或者已经登记退出", name=body.name), "organisation")
    last = parse_day(until, "until")
    if last < held.since:
        raise refuse(
            _("截止日 %(until)s 早于起始日 %(since)s", until=until, since=held.since.isoformat()), field="until"
        )
    connection.execute(memberships.update().where(own, columns.since == held.since).values(until=last))
    told = {"consortium": consortium, "organisation": organisation, "since": held.since.isoformat(), "until": until}
    record(connection, office, at, "leave_member", told)
    return int(body.id)


def set_insured(
    connection: Connection,
    *,
    office: Office,
    at: datetime,
    consortium: str,
    pool: str,
    period: str,
    heads: int | str,
    source: str,
) -> int:
    """Register or correct how many people a pool insures in a period; the record keeps what stood before."""
    begin(connection)
    where = find_consortium(connection, office, consortium)
    if pool not in POOLS:
        raise refuse(_("基金只能是 resident（城乡居民）或 employee（职工），不能是“%(pool)s”", pool=pool), field="pool")
    if not _PERIOD.fullmatch(period):
        raise refuse(_("期间“%(period)s”不对，请写成 2026 或 2026-03", period=period), field="period")
    number = _heads(heads)
    require_name(source, "source")
    columns = insured_counts.c
    own = (columns.consortium_id == where.id) & (columns.pool == pool) & (columns.period == period)
    before = connection.execute(select(columns.heads, columns.source).where(own)).one_or_none()
    values = {"heads": number, "source": source}
    if before is None:
        values |= {"consortium_id": where.id, "pool": pool, "period": period}
        connection.execute(insured_counts.insert().values(**values))
    else:
        connection.execute(insured_counts.update().where(own).values(**values))
    told: dict[str, Any] = {"consortium": consortium, "pool": pool, "period": period, "heads": number}
    told |= {"source": source, "before": list(before) if before else None}
    record(connection, office, at, "set_insured", told)
    return number


def _heads(heads: int | str) -> int:
    text = str(heads)
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(MOST_HEADS)):
        raise refuse(
            _("人数“%(text)s”不对，须是 0 到 %(most)s 的整数，不带逗号", text=text[:40], most=MOST_HEADS), field="heads"
        )
    return int(text)


def find_consortium(connection: Connection, office: Office, code: str) -> Any:
    """The consortium with this code, in scope; raises what ``office.unknown`` says."""
    row = connection.execute(select(consortia).where(consortia.c.code == code)).one_or_none()
    if row is None or not office.covers(row.place):
        raise office.unknown(_("没有代码为“%(code)s”的医共体", code=code), "consortium")
    return row
