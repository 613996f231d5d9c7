"""Sessions: a random token in the cookie, a row with its hash on the server, and the person it stands for."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from flask_login import UserMixin
from sqlalchemy import Connection, Engine, select

from governance.roles import ROLE_NAMES, Role, levels_of
from workflow import clock
from workflow.accounts.model import auth_sessions
from workflow.acts.model import delegations
from workflow.db import reading, writing
from workflow.model import settings
from workflow.organisations.model import organisations, persons, seats

IDLE = timedelta(minutes=30)
IDLE_ADMINISTRATOR = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=8)
SEEN_EVERY = timedelta(minutes=1)
_JOB_ROLES = (
    Role.ADMINISTRATOR, Role.RULES_OFFICER, Role.AUDITOR, Role.AGENCY_CLERK, Role.AGENCY_REVIEWER, Role.AGENCY_HEAD,
    *levels_of("agency"),
)  # fmt: skip
DELAY_ROLES = (
    Role.CITY_INSURANCE_REVIEWER, Role.CITY_INSURANCE_APPROVER, Role.CITY_HEALTH_REVIEWER, Role.CITY_HEALTH_APPROVER,
    Role.CITY_FINANCE_REVIEWER, Role.CITY_FINANCE_APPROVER, Role.AGENCY_CLERK, Role.AGENCY_REVIEWER, Role.AGENCY_HEAD,
    Role.AUDITOR, *levels_of("city_insurance", "city_health", "city_finance", "agency"),
)  # fmt: skip
YEAR_ROLES = (
    Role.CITY_INSURANCE_REVIEWER, Role.CITY_INSURANCE_APPROVER, Role.CITY_FINANCE_REVIEWER, Role.CITY_FINANCE_APPROVER,
    Role.COUNTY_FINANCE_REVIEWER, Role.COUNTY_FINANCE_APPROVER, Role.AGENCY_HEAD, Role.AUDITOR,
    *levels_of("city_insurance", "city_finance", "county_finance"),
)  # fmt: skip

_SEAT = (
    seats.c.id.label("seat_id"), seats.c.organisation_id, seats.c.role, seats.c.since, seats.c.until,
    seats.c.person_id.label("holder_id"),
    organisations.c.name, organisations.c.name_en, organisations.c.kind, organisations.c.place,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SeatView:
    """A seat held today: the post in an organisation, named in the reader's language.

    A seat held for another names whose it is, and the one stage it may be used in, where it was given for one only.
    """

    seat_id: int
    organisation_id: int
    organisation: str
    kind: str
    place: str
    role: str
    role_name: str
    for_person_id: int | None = None
    for_person: str = ""
    for_stage: str = ""


@dataclass(frozen=True, eq=False)
class Viewer(UserMixin):
    """The signed-in person as pages see them: who it is and the seats held today, first the own, then others'."""

    id: int
    name: str
    seats: tuple[SeatView, ...]
    token: str
    last_seen_at: datetime

    @property
    def person_id(self) -> int:
        """The person's number."""
        return self.id

    @property
    def own_seats(self) -> tuple[SeatView, ...]:
        """The seats that are this person's own: what is kept beside cases is never kept for another."""
        return tuple(seat for seat in self.seats if seat.for_person_id is None)

    @property
    def organisation(self) -> str:
        """The organisation of the first seat, or nothing where no seat is held today."""
        return self.seats[0].organisation if self.seats else ""

    @property
    def may_see_jobs(self) -> bool:
        """Whether the page of periodic jobs concerns this person."""
        return self.has_role(*_JOB_ROLES)

    @property
    def may_see_delays(self) -> bool:
        """Whether this person stands above the organisations that the report of delays compares."""
        return self.has_role(*DELAY_ROLES)

    @property
    def may_read_years(self) -> bool:
        """Whether the year's tables of a place are open to this person."""
        return self.has_role(*YEAR_ROLES)

    @property
    def may_keep_calendar(self) -> bool:
        """Whether this person imports the yearly notices on holidays."""
        return self.has_role(Role.RULES_OFFICER)

    @property
    def may_audit(self) -> bool:
        """Whether the trail of the scope is open to this person, to read."""
        return self.has_role(Role.AUDITOR, Role.RULES_OFFICER, Role.ADMINISTRATOR)

    @property
    def may_administer(self) -> bool:
        """Whether this person keeps the register of organisations, people and seats."""
        return self.has_role(Role.ADMINISTRATOR)

    @property
    def may_register(self) -> bool:
        """Whether this person keeps the register of consortia, members and insured people."""
        return self.has_role(Role.ADMINISTRATOR, Role.COUNTY_HEALTH_REVIEWER)

    def has_role(self, *roles: str) -> bool:
        """Whether an own seat held today gives one of ``roles``."""
        return any(seat.role in roles for seat in self.own_seats)

    def get_id(self) -> str:
        """What goes into the cookie: the session's token, never the person's number."""
        return self.token


def open_session(connection: Connection, person_id: int, at: datetime, address: str = "", agent: str = "") -> str:
    """Start a session for a person and return its token, of which only the hash is kept."""
    token = secrets.token_urlsafe(32)
    connection.execute(
        auth_sessions.insert().values(
            token_hash=_hash(token),
            person_id=person_id,
            created_at=at,
            last_seen_at=at,
            address=address[:64],
            agent=_printable(agent)[:200],
        )
    )
    return token


def end_session(connection: Connection, token: str, at: datetime) -> None:
    """End the session of ``token``; a copy of the cookie is worth nothing from now on."""
    columns = auth_sessions.c
    connection.execute(
        auth_sessions.update()
        .where(columns.token_hash == _hash(token), columns.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def end_sessions_of(connection: Connection, person_id: int, at: datetime) -> None:
    """End every session of a person, in all browsers: for a new password, a leave, a lost machine."""
    columns = auth_sessions.c
    connection.execute(
        auth_sessions.update()
        .where(columns.person_id == person_id, columns.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def load_viewer(engine: Engine, token: str, at: datetime, language: str = "zh") -> Viewer | None:
    """The person whose session ``token`` names, read afresh, or ``None`` when the session is over at ``at``.

    Notes at most once a minute that the session is in use.
    """
    with reading(engine) as connection:
        viewer = viewer_at(connection, token, at, language)
    if viewer and at - viewer.last_seen_at >= SEEN_EVERY:
        columns = auth_sessions.c
        with writing(engine) as connection:
            connection.execute(
                auth_sessions.update()
                .where(columns.token_hash == _hash(token), columns.last_seen_at < at)
                .values(last_seen_at=at)
            )
    return viewer


def viewer_at(connection: Connection, token: str, at: datetime, language: str = "zh") -> Viewer | None:
    """The person of a session that is neither ended, nor idle, nor too old at ``at``, and who is not disabled."""
    session, person = auth_sessions.c, persons.c
    demo_clock = select(settings.c.value).where(settings.c.name == clock.DEMO_CLOCK).scalar_subquery()
    given, principal = delegations.c, persons.alias("principal")
    rows = connection.execute(
        select(person.id, person.name.label("person"), session.created_at, session.last_seen_at, *_SEAT)
        .add_columns(demo_clock.label("demo_clock"), principal.c.name.label("holder"), principal.c.disabled_at)
        .add_columns(given.since.label("given_since"), given.until.label("given_until"), given.stage, given.granted_by)
        .join_from(auth_sessions, persons, person.id == session.person_id)
        .outerjoin(delegations, (given.person_id == person.id) & given.revoked_at.is_(None))
        .outerjoin(seats, (seats.c.person_id == person.id) | (seats.c.id == given.seat_id))
        .outerjoin(principal, principal.c.id == seats.c.person_id)
        .outerjoin(organisations, organisations.c.id == seats.c.organisation_id)
        .where(session.token_hash == _hash(token), session.revoked_at.is_(None), person.disabled_at.is_(None))
        .order_by(seats.c.id)
    ).all()
    if not rows or at - rows[0].created_at > ABSOLUTE:
        return None
    first = rows[0]
    today = clock.day_of(clock.moment_told(first.demo_clock))
    held = _held(first.id, [row for row in rows if row.seat_id and _holds(row, today)], today, language)
    viewer = Viewer(first.id, first.person, held, token, first.last_seen_at)
    idle = IDLE_ADMINISTRATOR if viewer.has_role(Role.ADMINISTRATOR) else IDLE
    return viewer if at - first.last_seen_at <= idle else None


def _held(person_id: int, rows: Sequence[Any], today: date, language: str) -> tuple[SeatView, ...]:
    """The own seats, and after them those given by their holders to someone of the same organisation."""
    own = {row.seat_id: row for row in rows if row.holder_id == person_id}
    bodies = {row.organisation_id for row in own.values()}
    given = {
        row.seat_id: row
        for row in rows
        if row.holder_id not in (person_id, None) and row.holder_id == row.granted_by and row.disabled_at is None
        and row.given_since <= today <= row.given_until and row.organisation_id in bodies
    }  # fmt: skip
    return (
        *(_seat_view(row, language) for row in own.values()),
        *(
            replace(_seat_view(row, language), for_person_id=row.holder_id, for_person=row.holder, for_stage=row.stage)
            for row in given.values()
        ),
    )


def seats_of(connection: Connection, person_id: int, language: str = "zh") -> tuple[SeatView, ...]:
    """The seats a person holds today, on the day this database lives in, oldest first."""
    today = clock.day_of(clock.now(connection))
    rows = connection.execute(
        select(*_SEAT)
        .join_from(seats, organisations, organisations.c.id == seats.c.organisation_id)
        .where(seats.c.person_id == person_id)
        .order_by(seats.c.id)
    )
    return tuple(_seat_view(row, language) for row in rows if _holds(row, today))


def _holds(row: Any, day: date) -> bool:
    return bool(row.since <= day and (row.until is None or row.until >= day))


def _seat_view(row: Any, language: str) -> SeatView:
    english = language == "en"
    return SeatView(
        seat_id=row.seat_id,
        organisation_id=row.organisation_id,
        organisation=(row.name_en or row.name) if english else row.name,
        kind=row.kind,
        place=row.place,
        role=row.role,
        role_name=ROLE_NAMES.get(row.role, (row.role, row.role))[english],
    )


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
