"""Acting for another 授权代签: who gives a seat of theirs to whom, for which days and stage, and how it ends."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, or_, select

from governance.roles import ROLE_NAMES, Role
from workflow import rules
from workflow.acts.model import delegations
from workflow.attempt import refuse
from workflow.clock import day_of
from workflow.i18n import lazy as _
from workflow.lifecycle import NotFound
from workflow.machines import STAGES
from workflow.organisations.model import organisations, persons, seats
from workflow.organisations.office import Office, begin, parse_day, record
from workflow.organisations.posts import OVERSEEING, excludes

MAX_DAYS = "decision.acting_for_max_days"
# A member of the committee votes in person or by written proxy, which the session registers with its document.
BY_PROXY = (Role.COMMITTEE_CHAIR, Role.COMMITTEE_MEMBER)
LONGEST_REASON = 500


def grant(
    connection: Connection, *, office: Office, at: datetime, seat: int, person: int, since: str, until: str,
    reason: str, stage: str = "",
) -> int:  # fmt: skip
    """Give one's own seat to a colleague; the grant's number. Raises ``Refused`` with what forbids it.

    Nobody gives what they hold for another, nobody gets a seat whose post excludes one of their own, and a seat is
    given to one person at a time, for no longer than the place's rule allows.
    """
    begin(connection)
    first, last = parse_day(since, "since"), parse_day(until, "until")
    given = _seat_to_give(connection, office, int(seat), first)
    _check_term(connection, given, first, last, day_of(at))
    if stage and stage not in STAGES:
        raise refuse(_("没有“%(stage)s”这个事项", stage=stage), field="stage")
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise refuse(_("请写明授权原因，不超过 %(most)s 个字", most=LONGEST_REASON), field="reason")
    _check_delegate(connection, given, int(person), first)
    columns = delegations.c
    same = (columns.seat_id == given.id) & columns.revoked_at.is_(None)
    if connection.execute(select(columns.id).where(same, columns.since <= last, columns.until >= first)).first():
        raise refuse(_("这个席位在这段时间已有授权；请先收回，或改选日期"), field="since")
    row = {
        "seat_id": given.id, "person_id": int(person), "since": first, "until": last, "stage": stage,
        "reason": reason.strip(), "granted_by": office.person_id, "at": at,
    }  # fmt: skip
    number: int = connection.execute(delegations.insert().values(**row).returning(columns.id)).scalar_one()
    told = {"delegation": number, "seat": given.id, "person": int(person), "since": since, "until": until}
    record(connection, office, at, "grant_acting_for", told | {"stage": stage, "reason": reason.strip()})
    return number


def _seat_to_give(connection: Connection, office: Office, seat: int, first: date) -> Any:
    """The granter's own seat; raises ``Refused`` for one they only hold for another, ``NotFound`` for any other."""
    body, held = organisations.c, seats.c
    row = connection.execute(
        select(seats, body.place, body.name).join(organisations, body.id == held.organisation_id).where(held.id == seat)
    ).one_or_none()
    if row is None or row.person_id != office.person_id:
        columns = delegations.c
        mine = select(columns.id).where(columns.seat_id == seat, columns.person_id == office.person_id)
        if row is not None and connection.execute(mine).first():
            raise refuse(_("代他人办理的席位不能再授权给别人"), who=_("席位本人"), field="seat")
        raise NotFound()
    if row.role in OVERSEEING:
        raise refuse(_("%(role)s的席位不能授权他人", role=ROLE_NAMES[row.role][0]), field="seat")
    if row.role in BY_PROXY:
        raise refuse(_("管委会委员以书面委托代为表决，由秘书在会议中登记"), who=_("管委会秘书"), field="seat")
    if row.since > first or (row.until is not None and row.until < first):
        raise refuse(_("这个席位在 %(day)s 不由您担任", day=first.isoformat()), field="seat")
    return row


def _check_term(connection: Connection, given: Any, first: date, last: date, today: date) -> None:
    if first < today:
        raise refuse(_("授权不能从过去的日子开始，最早从今天 %(day)s", day=today.isoformat()), field="since")
    if last < first:
        raise refuse(
            _("截止日 %(until)s 早于起始日 %(since)s", until=last.isoformat(), since=first.isoformat()), field="until"
        )
    most = rules.book_at(connection, given.place, first).rule(MAX_DAYS).integer
    if (last - first).days + 1 > most:
        raise refuse(_("一次授权最长 %(most)s 天", most=most), field="until")


def _check_delegate(connection: Connection, given: Any, person: int, first: date) -> None:
    """The delegate works, sits in the same organisation, and holds no post that excludes the one given."""
    if person == given.person_id:
        raise refuse(_("不能授权给自己"), field="person")
    if person == given.granted_by:
        raise refuse(_("这个席位由受权人授予；授予席位的人不能代用这个席位"), field="person")
    held = connection.execute(
        select(seats.c.organisation_id, seats.c.role, persons.c.disabled_at)
        .join(persons, persons.c.id == seats.c.person_id)
        .where(seats.c.person_id == person, seats.c.since <= first)
        .where(or_(seats.c.until.is_(None), seats.c.until >= first))
    ).all()
    if not any(row.organisation_id == given.organisation_id and row.disabled_at is None for row in held):
        raise refuse(_("受权人须是同一单位在岗、账号可用的人"), field="person")
    for row in held:
        if excludes(row.role, given.role, same_organisation=False):
            said = {"held": ROLE_NAMES[row.role][0], "role": ROLE_NAMES[given.role][0]}
            raise refuse(_("岗位不相容：受权人是%(held)s，不能代%(role)s办理", **said), field="person")


def revoke(connection: Connection, *, office: Office, at: datetime, delegation: int) -> int:
    """End a grant at once: by who gave it, by who got it, or by an administrator of the place."""
    begin(connection)
    row = next((one for one in grants(connection) if one.id == int(delegation)), None)
    if row is None or not (office.person_id in (row.granted_by, row.person_id) or office.covers(row.place)):
        raise office.unknown(_("没有这份授权"), "delegation")
    if row.revoked_at is not None:
        raise refuse(_("这份授权已经收回"))
    ended = {"revoked_at": at, "revoked_by": office.person_id}
    connection.execute(delegations.update().where(delegations.c.id == row.id).values(**ended))
    record(connection, office, at, "revoke_acting_for", {"delegation": row.id, "seat": row.seat_id})
    return int(row.id)


def grants(connection: Connection, people: Collection[int] = (), places: Collection[str] | None = None) -> list[Any]:
    """Grants, newest first: all, or those given or received by ``people``, or of organisations in ``places``."""
    giver, taker, body = persons.alias("giver"), persons.alias("taker"), organisations.c
    query = (
        select(delegations, seats.c.role, seats.c.until.label("seat_until"), body.name, body.name_en, body.place)
        .add_columns(giver.c.name.label("giver"), taker.c.name.label("taker"))
        .add_columns(giver.c.disabled_at.label("giver_out"), taker.c.disabled_at.label("taker_out"))
        .join_from(delegations, seats, seats.c.id == delegations.c.seat_id)
        .join(organisations, body.id == seats.c.organisation_id)
        .join(giver, giver.c.id == delegations.c.granted_by)
        .join(taker, taker.c.id == delegations.c.person_id)
        .order_by(delegations.c.id.desc())
    )
    if people:
        query = query.where(delegations.c.granted_by.in_(people) | delegations.c.person_id.in_(people))
    if places is not None:
        query = query.where(body.place.in_(places))
    return list(connection.execute(query))


def state_of(row: Any, today: date) -> str:
    """How a grant stands on a day: ``revoked``, ``ended``, ``coming`` or ``running``."""
    if row.revoked_at is not None:
        return "revoked"
    seat_over = row.seat_until is not None and row.seat_until < today
    if row.until < today or seat_over or row.giver_out is not None or row.taker_out is not None:
        return "ended"
    return "coming" if row.since > today else "running"


def colleagues(connection: Connection, bodies: Collection[int], person_id: int, today: date) -> list[SimpleNamespace]:
    """Who could be given a seat: everyone else who sits in one of these organisations and whose account works."""
    query = (
        select(persons.c.id, persons.c.name)
        .join(seats, seats.c.person_id == persons.c.id)
        .where(seats.c.organisation_id.in_(bodies), persons.c.disabled_at.is_(None), persons.c.id != person_id)
        .where(seats.c.since <= today, or_(seats.c.until.is_(None), seats.c.until >= today))
        .distinct()
        .order_by(persons.c.id)
    )
    return [SimpleNamespace(id=row.id, name=row.name) for row in connection.execute(query)]
