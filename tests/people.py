"""A small sample county for tests: one consortium, its bodies, and people with seats in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from governance.roles import KIND_NAMES, Role
from workflow.attempt import Actor
from workflow.model import settings
from workflow.organisations.model import consortia, insured_counts, memberships, organisations, persons, seats
from workflow.rules import DEMO_MARK

SINCE = date(2020, 1, 1)
POSTS = {
    "county": ("reviewer", "approver"),
    "city": ("reviewer", "approver"),
    "agency": ("clerk", "reviewer", "head"),
    "centre": ("clerk", "head"),
}


@dataclass
class County:
    """The sample county: organisation numbers by code, actors by organisation and role."""

    consortium_id: int = 0
    code: str = "sample-a"
    place: str = "demo-hunan-beihe"
    city: str = "demo-hunan-city"
    organisations: dict[str, int] = field(default_factory=dict)
    actors: dict[tuple[str, str], list[Actor]] = field(default_factory=dict)

    def actor(self, role: Role, organisation_code: str | None = None, n: int = 0) -> Actor:
        """The ``n``-th person holding ``role`` (in that organisation where a code is given)."""
        found = [
            one
            for (code, held), people in self.actors.items()
            if held == role and organisation_code in (None, code)
            for one in people
        ]
        return found[n]


def _organisation(connection: Connection, county: County, code: str, kind: str, place: str) -> int:
    name = f"样例{KIND_NAMES[kind][0]}（{code}）"
    row = {"code": code, "name": name, "name_en": f"Sample {code}", "kind": kind, "place": place}
    number = connection.execute(organisations.insert().values(**row).returning(organisations.c.id)).scalar_one()
    county.organisations[code] = number
    return number


def _people(connection: Connection, county: County, code: str, roles: Iterable[str], each: int = 2) -> None:
    for role in roles:
        for number in range(each):
            login = f"{code}.{role}.{number}"
            person = connection.execute(
                persons.insert()
                .values(login=login, name=f"样例{login}", password_hash="!", demo=True)
                .returning(persons.c.id)
            ).scalar_one()
            organisation = county.organisations[code]
            seat = connection.execute(
                seats.insert()
                .values(person_id=person, organisation_id=organisation, role=role, since=SINCE)
                .returning(seats.c.id)
            ).scalar_one()
            actor = Actor(person, seat, organisation, Role(role), f"样例{login}")
            county.actors.setdefault((code, role), []).append(actor)


def make_county(
    connection: Connection,
    *,
    place: str = "demo-hunan-beihe",
    city: str = "demo-hunan-city",
    code: str = "sample-a",
    demo: bool = True,
) -> County:
    """Create the county: lead, a second county hospital, two townships, a village, all bodies and their people."""
    county = County(code=code, place=place, city=city)
    if demo:
        connection.execute(settings.insert().values(name=DEMO_MARK, value="1"))
    for member, kind in (
        ("lead", "hospital"), ("tcm", "hospital"), ("town-1", "township"), ("town-2", "township"),
        ("village-1", "village"),
    ):
        _organisation(connection, county, member, kind, place)
        _people(connection, county, member, ("member_clerk", "member_head"))
    _people(connection, county, "lead", ("lead_clerk", "lead_finance", "lead_head"))
    for kind in ("county_health", "county_insurance", "county_finance", "centre", "committee"):
        _organisation(connection, county, kind, kind, place)
    for kind in ("city_health", "city_insurance", "city_finance", "agency", "audit", "platform"):
        _organisation(connection, county, kind, kind, city)
    for kind in tuple(county.organisations):
        posts = POSTS.get(kind.split("_", 1)[0], ())
        _people(connection, county, kind, [f"{kind}_{post}" for post in posts])
    _people(connection, county, "committee", ("committee_member",), each=7)
    _people(connection, county, "committee", ("committee_chair", "committee_secretary"), each=1)
    _people(connection, county, "audit", ("auditor",))
    _people(connection, county, "platform", ("administrator", "rules_officer"))
    county.consortium_id = _consortium(connection, county)
    return county


def _consortium(connection: Connection, county: County) -> int:
    number = connection.execute(
        consortia.insert()
        .values(
            code=county.code, name="样例县人民医院医共体", name_en="Sample consortium", place=county.place,
            lead_id=county.organisations["lead"],
        )
        .returning(consortia.c.id)
    ).scalar_one()
    for code, level in (
        ("lead", "county"), ("tcm", "county"), ("town-1", "township"), ("town-2", "township"),
        ("village-1", "village"),
    ):
        connection.execute(
            memberships.insert(),
            {
                "consortium_id": number, "organisation_id": county.organisations[code], "level": level,
                "since": SINCE,
            },
        )
    for year in ("2024", "2025", "2026"):
        connection.execute(
            insured_counts.insert(),
            {"consortium_id": number, "pool": "resident", "period": year, "heads": 300000, "source": "样例"},
        )
    return number
