"""Telling those whom a rule binds: the leads and agencies of the place, and the bureaus that answer for them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import Connection, or_, select

from governance.roles import OrganisationKind, Role
from workflow.attempt import Attempt
from workflow.model import notices
from workflow.organisations.model import consortia, organisations, seats
from workflow.rule_change.model import PLACE, places_under
from workflow.rules import place_chain

KIND = "rule"
TOLD = {
    OrganisationKind.AGENCY: Role.AGENCY_REVIEWER, OrganisationKind.COUNTY_INSURANCE: Role.COUNTY_INSURANCE_REVIEWER,
    OrganisationKind.CITY_INSURANCE: Role.CITY_INSURANCE_REVIEWER, OrganisationKind.PLATFORM: Role.RULES_OFFICER,
}  # fmt: skip


def tell_those_bound(attempt: Attempt, body: str) -> None:
    """A notice of no case to the leads of every consortium under the case's place and to the bodies around it."""
    place = attempt.case.place
    under = places_under(place)
    leads = select(consortia.c.lead_id).where(consortia.c.place.in_(under), consortia.c.kind != PLACE)
    told = [(number, Role.LEAD_FINANCE) for number in attempt.connection.scalars(leads.distinct())]
    bodies = select(organisations.c.id, organisations.c.kind).where(
        organisations.c.kind.in_([str(kind) for kind in TOLD]), organisations.c.place.in_({*under, *place_chain(place)})
    )
    told += [(row.id, TOLD[OrganisationKind(row.kind)]) for row in attempt.connection.execute(bodies)]
    _tell(attempt.connection, sorted(told), body, attempt.at)


def tell_rules_officers(connection: Connection, place: str, day: date, at: datetime, body: str) -> None:
    """A notice to the rules officers of the place, of those above it and of those that its rules bind."""
    held, own = seats.c, organisations.c
    query = (
        select(own.id)
        .join(seats, held.organisation_id == own.id)
        .where(
            held.role == str(Role.RULES_OFFICER), held.since <= day, or_(held.until.is_(None), held.until >= day),
            own.place.in_({*places_under(place), *place_chain(place)}),
        )
        .distinct()
        .order_by(own.id)
    )
    _tell(connection, [(number, Role.RULES_OFFICER) for number in connection.scalars(query)], body, at)


def _tell(connection: Connection, told: Iterable[tuple[int, Role]], body: str, at: datetime) -> None:
    rows = [{"organisation_id": number, "role": str(role), "kind": KIND, "body": body, "at": at, "case_id": None}
            for number, role in told]  # fmt: skip
    if rows:
        connection.execute(notices.insert(), rows)
