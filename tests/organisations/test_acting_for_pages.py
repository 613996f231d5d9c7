"""The page of acting for another, over HTTP and from the command line."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.organisations.conftest import ADMINISTRATOR, COUNTY_ADMINISTRATOR, Hall
from tests.people import County
from workflow import stages
from workflow.accounts import sessions
from workflow.acts.model import delegations
from workflow.clock import day_of, real_now
from workflow.db import reading, writing
from workflow.organisations.model import admin_records

GIVER, TAKER = "city_health.city_health_approver.0", "city_health.city_health_reviewer.1"
TODAY = day_of(real_now())


@pytest.fixture(autouse=True)
def known_stages() -> None:
    stages.load()


def form(county: County, **changed: object) -> dict[str, object]:
    """A grant from today for a week, as it is typed."""
    giver, taker = county.actor(Role.CITY_HEALTH_APPROVER), county.actor(Role.CITY_HEALTH_REVIEWER, n=1)
    week = {"since": TODAY.isoformat(), "until": (TODAY + timedelta(days=6)).isoformat()}
    return {"seat": giver.seat_id, "person": taker.person_id, "stage": "", "reason": "外出开会", **week, **changed}


def seen(engine: Engine, county: County) -> list[sessions.SeatView]:
    """The seats of whoever was given one, as pages see them."""
    taker = county.actor(Role.CITY_HEALTH_REVIEWER, n=1)
    with writing(engine) as connection:
        token = sessions.open_session(connection, taker.person_id or 0, real_now())
        viewer = sessions.viewer_at(connection, token, real_now())
    assert viewer is not None and not viewer.has_role(Role.CITY_HEALTH_APPROVER)
    return list(viewer.seats)


def test_given_seen_and_taken_back(hall: Hall, engine: Engine, county: County) -> None:
    giver, taker = hall.enter(GIVER), hall.enter(TAKER)
    assert giver.post("/acting-for", **form(county)).status_code == 303
    page = taker.get("/acting-for").text
    assert f"样例{TAKER} 代 样例{GIVER}" in page and "生效中" in page and f"（代 样例{GIVER}）" in page
    own, given = seen(engine, county)
    assert (own.for_person_id, given.for_person, given.role) == (None, f"样例{GIVER}", "city_health_approver")
    with reading(engine) as connection:
        number = connection.scalar(select(delegations.c.id))
    assert hall.enter("lead.lead_clerk.0").post(f"/acting-for/{number}/revoke").status_code == 404
    assert hall.enter(COUNTY_ADMINISTRATOR).post(f"/acting-for/{number}/revoke").status_code == 404
    assert giver.post(f"/acting-for/{number}/revoke").status_code == 303
    assert "已收回" in giver.get("/acting-for").text
    assert len(seen(engine, county)) == 1
    with reading(engine) as connection:
        assert list(connection.scalars(select(admin_records.c.verb))) == ["grant_acting_for", "revoke_acting_for"]


def test_what_is_wrong_is_said_beside_its_field(hall: Hall, county: County) -> None:
    giver = hall.enter(GIVER)
    late = (TODAY + timedelta(days=90)).isoformat()
    answer = giver.post("/acting-for", **form(county, until=late))
    assert answer.status_code == 422 and "一次授权最长 90 天" in answer.text
    oneself = county.actor(Role.CITY_HEALTH_APPROVER).person_id
    assert giver.post("/acting-for", **form(county, person=oneself)).status_code == 422
    other = county.actor(Role.CITY_FINANCE_APPROVER).seat_id
    assert giver.post("/acting-for", **form(county, seat=other)).status_code == 404


def test_administrators_see_and_end_those_of_their_places(hall: Hall, engine: Engine, county: County) -> None:
    hall.enter(GIVER).post("/acting-for", **form(county))
    assert f"样例{TAKER} 代" in hall.enter(ADMINISTRATOR).get("/acting-for").text
    assert f"样例{TAKER} 代" not in hall.enter(COUNTY_ADMINISTRATOR).get("/acting-for").text
    with reading(engine) as connection:
        number = connection.scalar(select(delegations.c.id))
    assert hall.enter(ADMINISTRATOR).post(f"/acting-for/{number}/revoke").status_code == 303
    assert len(seen(engine, county)) == 1


@pytest.mark.parametrize("days", [-1, 7])
def test_a_seat_is_held_on_its_days_only(hall: Hall, engine: Engine, county: County, days: int) -> None:
    hall.enter(GIVER).post("/acting-for", **form(county))
    assert len(seen(engine, county)) == 2
    with writing(engine) as connection:
        shifted = TODAY + timedelta(days=-days)
        last = shifted + timedelta(days=0 if days < 0 else 6)
        connection.execute(delegations.update().values(since=shifted, until=last))
    assert len(seen(engine, county)) == 1


def test_the_command_line_lists_and_ends(app: Flask, hall: Hall, county: County) -> None:
    hall.enter(GIVER).post("/acting-for", **form(county))
    run = app.test_cli_runner()
    listed = run.invoke(args=("person", "acting-for", "list"))
    assert f"样例{TAKER} 代 样例{GIVER}" in listed.output and "生效中" in listed.output
    number = listed.output.split("\t")[0]
    assert "已收回授权" in run.invoke(args=("person", "acting-for", "revoke", number)).output
    assert run.invoke(args=("person", "acting-for", "list")).output == ""
    assert "已收回" in run.invoke(args=("person", "acting-for", "list", "--all")).output
    assert run.invoke(args=("person", "acting-for", "revoke", "999")).exit_code == 3
