"""Who is who for one consortium: its lead, its members, and the bodies of its county, city and province."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, and_, bindparam, or_, select

from governance.roles import OrganisationKind, Role
from workflow.organisations.model import consortia, memberships, organisations
from workflow.prepared import Prepared
from workflow.rules import place_chain

_MEMBER_KINDS = (OrganisationKind.HOSPITAL, OrganisationKind.TOWNSHIP, OrganisationKind.VILLAGE)
_OTHER_ROLES = {
    Role.AUDITOR: OrganisationKind.AUDIT,
    Role.RULES_OFFICER: OrganisationKind.PLATFORM,
    Role.ADMINISTRATOR: OrganisationKind.PLATFORM,
}


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a consortium on a day; ``level`` is county, township or village."""

    id: int
    code: str
    name: str
    name_en: str
    level: str
    declares: bool


@dataclass(frozen=True, slots=True)
class Consortium:
    """A consortium as cases see it."""

    id: int
    code: str
    name: str
    name_en: str
    place: str
    lead_id: int


@dataclass(frozen=True, slots=True)
class Parties:
    """The organisations that act for one consortium, by kind; at most one body of each kind, the nearest."""

    consortium: Consortium
    members: tuple[Member, ...]
    bodies: dict[str, int]
    names: dict[int, str]
    codes: dict[int, str]

    def of(self, role: Role) -> tuple[int, ...]:
        """The organisations in which ``role`` may act here."""
        if role.startswith("lead_"):
            return (self.consortium.lead_id,)
        if role.startswith("member_"):
            return tuple(member.id for member in self.members)
        body = self.bodies.get(_OTHER_ROLES.get(role) or role.rsplit("_", 1)[0])
        return () if body is None else (body,)

    def body(self, kind: str) -> int | None:
        """The nearest organisation of ``kind`` over this consortium, or ``None``."""
        return self.bodies.get(kind)

    def member(self, organisation_id: int) -> Member | None:
        """The member with this organisation's number, or ``None``."""
        return next((member for member in self.members if member.id == organisation_id), None)

    def member_by_code(self, code: str) -> Member | None:
        """The member with this organisation's code, or ``None``."""
        return next((member for member in self.members if member.code == code), None)


def consortium_of(connection: Connection, consortium_id: int) -> Consortium:
    """The consortium with this number; raises ``LookupError`` when there is none."""
    columns = consortia.c
    row = connection.execute(
        select(columns.id, columns.code, columns.name, columns.name_en, columns.place, columns.lead_id).where(
            columns.id == consortium_id
        )
    ).one_or_none()
    if row is None:
        raise LookupError(consortium_id)
    return Consortium(*row)


@dataclass(frozen=True, slots=True)
class Affiliations:
    """Every membership a consortium has had and the bodies over it, from which who acts on any day follows."""

    consortium: Consortium
    chain: tuple[str, ...]
    rows: tuple[Any, ...]

    def on(self, day: date) -> Parties:
        """Who acts for the consortium on ``day``; village clinics are members but declare through their townships."""
        bodies: dict[str, tuple[int, int]] = {}
        acting = [row for row in self.rows if row.level is None or _is_member(row, day)]
        for row in acting:
            if row.level is None:
                depth = self.chain.index(row.place)
                if row.kind not in bodies or bodies[row.kind][0] < depth:
                    bodies[row.kind] = (depth, row.id)
        return Parties(
            self.consortium,
            tuple(
                Member(row.id, row.code, row.name, row.name_en, row.level, row.level != "village")
                for row in acting
                if row.level is not None
            ),
            {kind: found for kind, (_depth, found) in bodies.items()},
            {row.id: row.name for row in acting},
            {row.id: row.code for row in acting},
        )

    def names_by_id(self) -> dict[int, str]:
        """The names, by number, of all who are or were members or bodies."""
        return {row.id: row.name for row in self.rows}

    def names(self) -> dict[str, tuple[str, str]]:
        """The Chinese and English names, by code, of the consortium and of all who are or were members or bodies."""
        found = {row.code: (row.name, row.name_en) for row in self.rows}
        return found | {self.consortium.code: (self.consortium.name, self.consortium.name_en)}


def _is_member(row: Any, day: date) -> bool:
    return bool(row.since <= day and (row.until is None or row.until >= day))


def affiliations_of(connection: Connection, consortium_id: int, place: str = "") -> Affiliations:
    """The consortium's memberships and bodies; ``place`` is where the caller takes it to be, and is asked for if not.

    Raises ``LookupError`` when there is no such consortium.
    """
    chain = place_chain(place or consortium_of(connection, consortium_id).place)
    asked: dict[str, Any] = {"consortium_id": consortium_id}
    asked |= {f"place_{number}": one for number, one in enumerate(chain)}
    rows = _affiliations_query(len(chain)).rows(connection, asked)
    consortium = Consortium(*rows[0][-6:]) if rows else consortium_of(connection, consortium_id)
    if consortium.place != chain[-1]:
        return affiliations_of(connection, consortium_id)
    return Affiliations(consortium, chain, tuple(rows))


def parties_of(connection: Connection, consortium_id: int, day: date, place: str = "") -> Parties:
    """Who acts for the consortium on ``day``."""
    return affiliations_of(connection, consortium_id, place).on(day)


@lru_cache
def _affiliations_query(depth: int) -> Prepared:
    """Every membership and the bodies of the ``depth`` places of a chain, each with the consortium."""
    columns, joined, own = organisations.c, memberships.c, consortia.c
    places = [bindparam(f"place_{number}") for number in range(depth)]
    return Prepared(
        select(columns.id, columns.code, columns.name, columns.name_en, columns.kind, columns.place, joined.level)
        .add_columns(
            joined.since, joined.until,
            own.id.label("consortium_id"), own.code.label("consortium_code"), own.name.label("consortium_name"),
            own.name_en.label("consortium_name_en"), own.place.label("consortium_place"),
            own.lead_id.label("consortium_lead_id"),
        )
        .select_from(
            organisations.join(consortia, own.id == bindparam("consortium_id")).outerjoin(
                memberships, (joined.organisation_id == columns.id) & (joined.consortium_id == own.id)
            )
        )
        .where(
            or_(
                joined.level.isnot(None),
                and_(*(columns.kind != kind for kind in _MEMBER_KINDS))
                & or_(*(columns.place == place for place in places)),
            )
        )
        .order_by(columns.id, joined.since)
    )  # fmt: skip
