"""Sessions end at once, in time, and everywhere; the demo's entry is the demo's only."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.accounts.conftest import add_person, post, sign_in, token_of
from workflow import clock
from workflow.accounts import sessions
from workflow.accounts.model import auth_sessions
from workflow.db import reading, writing
from workflow.model import settings
from workflow.organisations.model import persons, seats
from workflow.rules import DEMO_MARK

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def mark(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(settings.insert().values(name=DEMO_MARK, value="1"))


def opened(engine: Engine, role: str = Role.LEAD_CLERK) -> str:
    person = add_person(engine, "wang", role)
    with writing(engine) as connection:
        return sessions.open_session(connection, person, AT)


def test_a_copied_cookie_is_worth_nothing_after_logout(app: Flask, engine: Engine) -> None:
    add_person(engine, "wang")
    client, thief = app.test_client(), app.test_client()
    sign_in(client, "wang")
    copied = client.get_cookie("sid")
    assert copied is not None
    thief.set_cookie("sid", copied.value)
    assert thief.get("/").status_code == 200
    assert post(client, "/logout").location == "/login"
    assert client.get("/").status_code == 303
    thief.set_cookie("sid", copied.value)
    assert thief.get("/").status_code == 303


def test_signing_in_again_ends_the_session_before(quick_app: Flask, quick_engine: Engine) -> None:
    add_person(quick_engine, "wang")
    client = quick_app.test_client()
    sign_in(client, "wang")
    token_of(client)
    with client.session_transaction() as cookie:
        before, csrf_before = cookie["_user_id"], cookie["csrf_token"]
    sign_in(client, "wang")
    with client.session_transaction() as cookie:
        assert cookie["_user_id"] != before and cookie.get("csrf_token") != csrf_before
    assert sessions.load_viewer(quick_engine, before, clock.real_now()) is None


def test_a_disabled_person_is_out_on_the_next_request(app: Flask, engine: Engine) -> None:
    person = add_person(engine, "wang")
    client = app.test_client()
    sign_in(client, "wang")
    with writing(engine) as connection:
        connection.execute(persons.update().where(persons.c.id == person).values(disabled_at=AT))
    assert client.get("/").location == "/login"
    assert "登录已失效，请重新登录" in client.get("/login").text
    assert sign_in(client, "wang").status_code == 422


def test_ending_all_sessions_of_a_person(quick_engine: Engine) -> None:
    token = opened(quick_engine)
    with writing(quick_engine) as connection:
        sessions.end_sessions_of(connection, 1, AT)
    assert sessions.load_viewer(quick_engine, token, AT) is None


@pytest.mark.parametrize(("role", "minutes"), [(Role.LEAD_CLERK, 30), (Role.ADMINISTRATOR, 15)])
def test_an_idle_session_is_over(quick_engine: Engine, role: Role, minutes: int) -> None:
    token, limit = opened(quick_engine, role), AT + timedelta(minutes=minutes)
    assert sessions.load_viewer(quick_engine, token, limit + SECOND) is None
    assert sessions.load_viewer(quick_engine, token, limit) is not None
    assert sessions.load_viewer(quick_engine, token, limit + SECOND) is not None


def test_a_session_in_use_ends_after_eight_hours(quick_engine: Engine) -> None:
    token = opened(quick_engine)
    for minutes in range(10, 8 * 60 + 1, 10):
        assert sessions.load_viewer(quick_engine, token, AT + timedelta(minutes=minutes)) is not None
    assert sessions.load_viewer(quick_engine, token, AT + timedelta(hours=8) + SECOND) is None


def test_use_is_noted_once_a_minute(quick_engine: Engine) -> None:
    token = opened(quick_engine)

    def seen() -> datetime:
        with reading(quick_engine) as connection:
            return connection.execute(select(auth_sessions.c.last_seen_at)).scalar_one()

    sessions.load_viewer(quick_engine, token, AT + timedelta(seconds=59))
    assert seen() == AT
    sessions.load_viewer(quick_engine, token, AT + timedelta(seconds=60))
    assert seen() == AT + timedelta(seconds=60)


def test_an_idle_browser_is_asked_to_sign_in(app: Flask, engine: Engine) -> None:
    add_person(engine, "wang")
    client = app.test_client()
    sign_in(client, "wang")
    with writing(engine) as connection:
        connection.execute(auth_sessions.update().values(last_seen_at=clock.real_now() - timedelta(minutes=31)))
    assert client.get("/").status_code == 303


def test_seats_count_on_the_day_the_database_lives_in(quick_engine: Engine) -> None:
    token = opened(quick_engine, Role.AGENCY_CLERK)
    viewer = sessions.load_viewer(quick_engine, token, AT)
    assert viewer is not None and viewer.may_see_jobs and viewer.organisation == "样例县人民医院"
    english = sessions.load_viewer(quick_engine, token, AT, "en")
    assert english is not None
    assert (english.seats[0].role_name, english.organisation) == ("Agency clerk", "Sample hospital")
    with writing(quick_engine) as connection:
        clock.set_demo_clock(connection, clock.moment(date(2030, 1, 2)))
        connection.execute(seats.update().values(until=date(2030, 1, 1)))
    later = sessions.load_viewer(quick_engine, token, AT)
    assert later is not None and not later.has_role(Role.AGENCY_CLERK)
    assert (later.seats, later.organisation) == ((), "")


def test_the_demo_is_entered_by_one_click(app: Flask, engine: Engine) -> None:
    mark(engine)
    person, outsider = add_person(engine, "wang", demo=True), add_person(engine, "li")
    client = app.test_client()
    page = client.get("/demo")
    assert page.status_code == 200
    assert "样例wang" in page.text and "样例li" not in page.text and "牵头医院经办" in page.text
    assert post(client, f"/demo/enter/{outsider}").status_code == 404
    assert post(client, f"/demo/enter/{person}").location == "/"
    assert client.get("/").text == "home"


def test_without_the_mark_there_is_no_demo(app: Flask, engine: Engine) -> None:
    person = add_person(engine, "wang", demo=True)
    client = app.test_client()
    assert client.get("/demo").status_code == 404
    assert post(client, f"/demo/enter/{person}").status_code == 404
    assert client.get("/").status_code == 303
