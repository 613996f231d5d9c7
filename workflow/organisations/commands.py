"""What administrators do with organisations, people and seats; each act is refused in words or leaves its record."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, or_, select

from governance.roles import KIND_NAMES, ROLE_NAMES, Role
from workflow import clock
from workflow.accounts.passwords import hash_password
from workflow.accounts.sessions import end_sessions_of
from workflow.attempt import refuse
from workflow.clock import day_of, real_now
from workflow.i18n import lazy as _
from workflow.organisations.model import organisations, persons, seats
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
from workflow.organisations.posts import LEVEL_OF, conflict, fits, may_stand
from workflow.organisations.strength import require_strength


def add_organisation(
    connection: Connection,
    *,
    office: Office,
    at: datetime,
    code: str,
    name: str,
    kind: str,
    place: str,
    name_en: str = "",
) -> int:
    """A new organisation's number; of each kind of body a place has one, because a case looks for the nearest."""
    begin(connection)
    where = require_place(office, place)
    require_code(code)
    require_name(name)
    if name_en:
        require_name(name_en, "name_en")
    if kind not in KIND_NAMES:
        raise refuse(_("没有“%(kind)s”这种机构；可用：%(known)s", kind=kind, known="、".join(KIND_NAMES)), field="kind")
    if not may_stand(kind, where.kind):
        raise refuse(_("%(kind)s不设在“%(place)s”这一级", kind=KIND_NAMES[kind][0], place=where.name), field="place")
    columns = organisations.c
    if connection.scalar(select(columns.id).where(columns.code == code)) is not None:
        raise refuse(_("机构代码 %(code)s 已被使用", code=code), field="code")
    same = select(columns.name).where(columns.kind == kind, columns.place == place)
    other = None if kind in LEVEL_OF else connection.scalar(same)
    if other is not None:
        raise refuse(
            _("“%(place)s”已有一个%(kind)s：%(other)s", place=where.name, kind=KIND_NAMES[kind][0], other=other),
            field="kind",
        )
    row = {"code": code, "name": name, "name_en": name_en, "kind": kind, "place": place}
    number: int = connection.execute(organisations.insert().values(**row).returning(columns.id)).scalar_one()
    record(connection, office, at, "add_organisation", {"organisation": number, **row})
    return number


def add_person(connection: Connection, *, office: Office, at: datetime, login: str, name: str, password: str) -> int:
    """A new person's number; without a seat nobody can do or see anything."""
    begin(connection)
    require_code(login, "login")
    require_name(name)
    require_strength(password, login)
    columns = persons.c
    if connection.scalar(select(columns.id).where(func.lower(columns.login) == login)) is not None:
        raise refuse(_("登录名 %(login)s 已被使用", login=login), field="login")
    row = {"login": login, "name": name, "password_hash": hash_password(password), "demo": False}
    number: int = connection.execute(persons.insert().values(**row).returning(columns.id)).scalar_one()
    record(connection, office, at, "add_person", {"person": number, "login": login, "name": name})
    return number


def add_seated_person(
    connection: Connection,
    *,
    office: Office,
    at: datetime,
    login: str,
    name: str,
    password: str,
    organisation: str,
    role: str,
    since: str,
    until: str | None = None,
) -> int:
    """A new person with a first seat, both or neither."""
    number = add_person(connection, office=office, at=at, login=login, name=name, password=password)
    _seat(connection, office, at, number, organisation, role, since, until)
    return number


def set_password(connection: Connection, *, office: Office, at: datetime, login: str, password: str) -> int:
    """Give a person another password, which ends every session of theirs."""
    person = _whole_person(connection, office, login)
    require_strength(password, login)
    values = {"password_hash": hash_password(password)}
    connection.execute(persons.update().where(persons.c.id == person.id).values(**values))
    end_sessions_of(connection, person.id, real_now())
    record(connection, office, at, "set_password", {"person": person.id, "login": login})
    return int(person.id)


def disable_person(connection: Connection, *, office: Office, at: datetime, login: str) -> int:
    """Shut a person out from the very next request, in every browser."""
    person = _whole_person(connection, office, login)
    if person.id == office.person_id:
        raise refuse(_("不能停用自己的账号；请由另一位系统管理员办理"))
    if person.disabled_at is not None:
        raise refuse(_("%(name)s 的账号已经停用", name=person.name))
    connection.execute(persons.update().where(persons.c.id == person.id).values(disabled_at=at))
    end_sessions_of(connection, person.id, real_now())
    record(connection, office, at, "disable_person", {"person": person.id, "login": login})
    return int(person.id)


def grant_seat(
    connection: Connection,
    *,
    office: Office,
    at: datetime,
    login: str,
    organisation: str,
    role: str,
    since: str,
    until: str | None = None,
) -> int:
    """A seat's number; nobody grants to themselves, and posts that exclude each other are refused (岗位权限办法 Art.16)."""
    person = _person(connection, office, login)
    if person.disabled_at is not None:
        raise refuse(_("%(name)s 的账号已经停用，不能再授予席位", name=person.name), field="login")
    return _seat(connection, office, at, person.id, organisation, role, since, until)


def _seat(
    connection: Connection, office: Office, at: datetime, person_id: int, organisation: str, role: str, since: str,
    until: str | None,
) -> int:  # fmt: skip
    if person_id == office.person_id:
        raise refuse(_("不能给自己授予席位；请由另一位系统管理员办理"))
    body = find_organisation(connection, office, organisation)
    if role not in ROLE_NAMES or role == Role.SYSTEM:
        raise refuse(_("没有“%(role)s”这个岗位", role=role), field="role")
    if not fits(body.kind, role):
        raise refuse(
            _("“%(role)s”不是%(kind)s的岗位", role=ROLE_NAMES[role][0], kind=KIND_NAMES[body.kind][0]), field="role"
        )
    first, last = parse_term(since, until)
    _refuse_conflicts(connection, person_id, body.id, role, first, last)
    held = {"person_id": person_id, "organisation_id": body.id, "role": role, "since": first, "until": last}
    values = {**held, "granted_by": office.person_id}
    number: int = connection.execute(seats.insert().values(**values).returning(seats.c.id)).scalar_one()
    told = {"seat": number, "person": person_id, "organisation": organisation, "role": role}
    record(connection, office, at, "grant_seat", {**told, "since": since, "until": until or None})
    return number


def _refuse_conflicts(
    connection: Connection, person_id: int, organisation_id: int, role: str, first: date, last: date | None
) -> None:
    """Raises ``Refused`` where a seat held on one of the same days is the same, or excludes the new one."""
    held, body = seats.c, organisations.c
    query = (
        select(held.organisation_id, held.role, body.name)
        .join_from(seats, organisations, body.id == held.organisation_id)
        .where(held.person_id == person_id, held.until.is_(None) | (held.until >= first))
        .order_by(held.id)
    )
    for seat in connection.execute(query if last is None else query.where(held.since <= last)):
        same = seat.organisation_id == organisation_id
        said = {"organisation": seat.name, "held": ROLE_NAMES[seat.role][0], "role": ROLE_NAMES[role][0]}
        if same and seat.role == role:
            raise refuse(_("此人这段时间已有同一席位：%(organisation)s %(held)s", **said), field="since")
        if row := conflict(seat.role, role, same_organisation=same):
            raise refuse(
                _("岗位不相容：此人这段时间是%(organisation)s的%(held)s，不能兼任%(role)s", **said),
                who=row.reason, field="role",
            )  # fmt: skip


def end_seat(
    connection: Connection,
    *,
    office: Office,
    at: datetime,
    login: str,
    organisation: str,
    role: str,
    until: str | None = None,
) -> int:
    """Set the last day of a seat; without ``until`` it is over now. What was decided from it stays."""
    person = _person(connection, office, login)
    body = find_organisation(connection, office, organisation)
    yesterday = day_of(at) - timedelta(days=1)
    last = parse_day(until, "until") if until else yesterday
    if last < yesterday:
        raise refuse(_("席位不能在过去的日子终止，最早到昨天 %(day)s 为止", day=yesterday.isoformat()), field="until")
    columns = seats.c
    own = (columns.person_id == person.id) & (columns.organisation_id == body.id) & (columns.role == role)
    running = columns.until.is_(None) | (columns.until > last)
    held = connection.execute(select(seats).where(own, running).order_by(columns.since)).first()
    if held is None:
        raise office.unknown(_("%(name)s 没有这个席位，或者它已经终止", name=person.name))
    # A seat that had not begun, or began today, ends on the day before it began: it is held on no day at all.
    last = max(last, held.since - timedelta(days=1))
    connection.execute(seats.update().where(columns.id == held.id).values(until=last))
    told = {"seat": held.id, "person": person.id, "organisation": organisation, "role": role}
    record(connection, office, at, "end_seat", {**told, "until": last.isoformat()})
    return int(held.id)


def find_organisation(connection: Connection, office: Office, code: str, field: str = "organisation") -> Any:
    """The organisation with this code, in scope; raises what ``office.unknown`` says."""
    row = connection.execute(select(organisations).where(organisations.c.code == code)).one_or_none()
    if row is None or not office.covers(row.place):
        raise office.unknown(_("没有代码为“%(code)s”的机构", code=code), field)
    return row


def _person(connection: Connection, office: Office, login: str) -> Any:
    """The person with this login, of whose seats one at least was ever in scope."""
    begin(connection)
    row = connection.execute(select(persons).where(persons.c.login == login)).one_or_none()
    if row is None or not in_reach(connection, office, row.id):
        raise office.unknown(_("没有登录名为“%(login)s”的人", login=login), "login")
    return row


def in_reach(connection: Connection, office: Office, person_id: int) -> bool:
    """Whether a seat the person holds, held or will hold lies in the office's places."""
    return office.places is None or any(office.covers(place) for place in _places(connection, person_id))


def _whole_person(connection: Connection, office: Office, login: str) -> Any:
    """The person, all of whose running seats are in scope: an account is not shut or taken over from below."""
    person = _person(connection, office, login)
    today = day_of(clock.now(connection))
    if not all(office.covers(place) for place in _places(connection, person.id, seats.c.until >= today)):
        raise refuse(_("%(name)s 在您的管理范围之外还有席位；请由上级系统管理员办理", name=person.name))
    return person


def _places(connection: Connection, person_id: int, *running: Any) -> list[str]:
    query = (
        select(organisations.c.place)
        .join_from(seats, organisations, organisations.c.id == seats.c.organisation_id)
        .where(seats.c.person_id == person_id)
    )
    return list(connection.scalars(query.where(or_(seats.c.until.is_(None), *running)) if running else query))
