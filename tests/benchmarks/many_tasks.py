"""A database with very many open tasks, made set by set: many cities, one of them ordinary and one that grew."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, Engine, text

from governance.roles import Role
from workflow import stages
from workflow.accounts import sessions
from workflow.db import writing
from workflow.machines import STAGES
from workflow.organisations.model import consortia, organisations, persons, seats
from workflow.parties import _OTHER_ROLES
from workflow.tasks import NO_DEADLINE

CITY_KINDS = ("agency", "city_health", "city_insurance", "city_finance", "audit", "platform")
COUNTY_KINDS = (
    "county_health", "county_insurance", "county_finance", "centre", "committee", "hospital", "township",
)  # fmt: skip
COUNTIES = 3
BODIES = len(CITY_KINDS) + COUNTIES * len(COUNTY_KINDS)
# The two cities that are looked at; their places are known to the rule books, the others' need not be.
PLACES = (("demo-hunan-city", "demo-hunan-beihe"), ("demo-suixi", "demo-suixi"))
OF_A_CITY = 1000
REVIEWERS = tuple(Role(f"{kind}_reviewer") for kind in ("city_health", "city_insurance", "city_finance"))
_SERIES = {
    "postgresql": "generate_series(1, {number}) AS s(i)",
    "sqlite": "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number})"
    " SELECT i FROM n) AS s",
}
SINCE = "2026-03-02T01:00:00.000000Z"


def fill(engine: Engine, number: int, today: date) -> None:
    """``number`` open tasks, and for each its case, a record, and for some a notice; reviewers in two of the cities.

    The first city has a thousand tasks whatever ``number`` is; the second a tenth of all, so that it grows with them.
    """
    stages.load()
    cities = max(10, number // OF_A_CITY)
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            # What is made here is sound; checking every reference would take most of the time.
            connection.execute(text("SET session_replication_role = replica"))
        _bodies(connection, cities)
        _variants(connection, today)
        series = _SERIES[engine.dialect.name].format(number=number)
        for statement in _STATEMENTS:
            # Not as a text clause, which takes the colons of a moment for parameters.
            said = statement.format(series=series, city=_city(number, cities), bodies=BODIES)
            connection.exec_driver_sql(said.replace("%", "%%") if engine.dialect.name == "postgresql" else said)
        for name in ("variants", "days", "made"):
            connection.execute(text(f"DROP TABLE {name}"))
    _tidy(engine)


def _tidy(engine: Engine) -> None:
    """Statistics and visibility as the database's own housekeeping leaves them."""
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        if engine.dialect.name == "postgresql":
            driver.autocommit = True
            driver.execute("VACUUM (ANALYZE)")
        else:
            driver.execute("ANALYZE")
        connection.invalidate()


def reviewer(connection: Connection, person: int) -> SimpleNamespace:
    """The person with this number as pages see them."""
    held = sessions.seats_of(connection, person)
    return SimpleNamespace(person_id=person, name="样例", seats=held)


def _city(number: int, cities: int) -> str:
    grown = OF_A_CITY + max(OF_A_CITY, number // 10)
    return f"CASE WHEN s.i <= {OF_A_CITY} THEN 0 WHEN s.i <= {grown} THEN 1 ELSE 2 + s.i % {cities - 2} END"


def _bodies(connection: Connection, cities: int) -> None:
    """The organisations and consortia of every city; one person in the first two with three seats each."""
    bodies, groups = [], []
    for city in range(cities):
        place, county_place = PLACES[city] if city < len(PLACES) else (f"city-{city}", f"city-{city}")
        kinds = [(kind, place) for kind in CITY_KINDS] + [(kind, county_place) for kind in COUNTY_KINDS] * COUNTIES
        for offset, (kind, where) in enumerate(kinds):
            one = city * BODIES + offset + 1
            bodies.append(
                {"id": one, "code": f"b{one}", "name": f"样例{kind}{one}", "name_en": "", "kind": kind, "place": where}
            )
        for county in range(COUNTIES):
            one = city * COUNTIES + county + 1
            lead = city * BODIES + len(CITY_KINDS) + county * len(COUNTY_KINDS) + COUNTY_KINDS.index("hospital") + 1
            groups.append(
                {"id": one, "code": f"c{one}", "name": f"样例医共体{one}", "name_en": "", "place": county_place,
                 "lead_id": lead}
            )  # fmt: skip
    connection.execute(organisations.insert(), bodies)
    connection.execute(consortia.insert(), groups)
    for city in range(len(PLACES)):
        row = {"id": city + 1, "login": f"reviewer-{city}", "name": "样例", "password_hash": "!", "demo": True}
        connection.execute(persons.insert(), row)
        for role in REVIEWERS:
            kind = str(role).removesuffix("_reviewer")
            body = city * BODIES + CITY_KINDS.index(kind) + 1
            row = {"person_id": city + 1, "organisation_id": body, "role": str(role), "since": date(2020, 1, 1)}
            connection.execute(seats.insert(), row)


def _variants(connection: Connection, today: date) -> None:
    """Every step of every stage that somebody is waited for with, and the bodies its roles sit in; sixty deadlines."""
    rows = []
    for stage in STAGES.values():
        for step in stage.steps:
            for role in step.by if step.task else ():
                kind = _OTHER_ROLES.get(role) or {"lead": "hospital", "member": "township"}.get(
                    role.split("_")[0], role.rsplit("_", 1)[0]
                )
                if kind not in (*CITY_KINDS, *COUNTY_KINDS):
                    continue
                in_city = kind in CITY_KINDS
                offset = CITY_KINDS.index(kind) if in_city else len(CITY_KINDS) + COUNTY_KINDS.index(kind)
                rows.append((stage.name, step.source[0], step.trigger, str(role), offset, 0 if in_city else 1))
    connection.execute(text(
        "CREATE TEMPORARY TABLE variants (v INTEGER, stage TEXT, state TEXT, trig TEXT, role TEXT,"
        " body INTEGER, county INTEGER)"
    ))
    connection.execute(
        text("INSERT INTO variants VALUES (:v, :stage, :state, :trig, :role, :body, :county)"),
        [dict(zip(("v", "stage", "state", "trig", "role", "body", "county"), (number, *row), strict=True))
         for number, row in enumerate(sorted(set(rows)))],
    )  # fmt: skip
    connection.execute(text("CREATE TEMPORARY TABLE days (d INTEGER, day TEXT)"))
    days = [(today + timedelta(days=number - 15)).isoformat() for number in range(59)]
    connection.execute(
        text("INSERT INTO days VALUES (:d, :day)"),
        [{"d": number, "day": day} for number, day in enumerate([*days, NO_DEADLINE])],
    )


_STATEMENTS = (
    "CREATE TEMPORARY TABLE made AS SELECT s.i AS i, {city} AS city, s.i % 3 AS county, variants.stage, variants.state,"
    " variants.trig, variants.role, variants.body, variants.county AS in_county, days.day"
    " FROM {series} JOIN variants ON variants.v = (s.i * 31) % (SELECT count(*) FROM variants)"
    " JOIN days ON days.d = (s.i * 37) % 60",
    "INSERT INTO cases (id, stage, consortium_id, place, pool, period, serial, state, revision, since, dossier_version,"
    " subject_hash, progress, record_seq, record_hash, opened_at)"
    f" SELECT i, stage, city * 3 + county + 1, '', 'resident', '2026-03', i, state, 1, '{SINCE}', 1, '',"
    " '{{}}', 1, '',"
    f" '{SINCE}' FROM made ORDER BY i",
    "INSERT INTO tasks (id, case_id, trigger, organisation_id, role, since, deadline)"
    f" SELECT i, i, trig, city * {{bodies}} + body + in_county * county * {len(COUNTY_KINDS)} + 1, role, '{SINCE}', day"
    " FROM made ORDER BY i",
    "INSERT INTO records (case_id, seq, at, person_id, role, verb, from_state, to_state, body, prev_hash, hash)"
    f" SELECT i, 1, '{SINCE}', CASE WHEN city < 2 THEN city + 1 END, 'system', 'open', state, state, '{{{{}}}}', '', ''"
    " FROM made ORDER BY i",
    "INSERT INTO notices (id, case_id, organisation_id, role, kind, body, at)"
    " SELECT i, i, city * {bodies} + 2, 'city_health_reviewer',"
    f" CASE WHEN i % 3 = 0 THEN 'copy' ELSE 'mention' END, '样例', '{SINCE}' FROM made WHERE i % 5 = 0 ORDER BY i",
)
