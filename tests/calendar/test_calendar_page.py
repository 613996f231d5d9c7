"""The calendar's page: everybody reads it, a rules officer previews and imports, nobody else finds the import."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select

from tests.calendar.notices import SOURCE, csv_2027
from tests.people import make_county
from workflow.accounts import sessions
from workflow.calendar_days import load_calendar
from workflow.clock import real_now
from workflow.db import reading, writing
from workflow.organisations.model import admin_records, persons


@pytest.fixture
def engine(app: Flask) -> Iterator[Engine]:
    found: Engine = app.extensions["gongzhi.engine"]
    with writing(found) as connection:
        make_county(connection)
    yield found


def enter(app: Flask, engine: Engine, login: str) -> FlaskClient:
    """A browser in which ``login`` has signed in."""
    with writing(engine) as connection:
        number = connection.scalar(select(persons.c.id).where(persons.c.login == login))
        assert number
        token = sessions.open_session(connection, number, real_now())
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
    return client


def post(client: FlaskClient, **data: Any) -> Any:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/").text)
    assert found
    given = {"csrf_token": found[1], "year": "2027", "source": SOURCE, "notice": csv_2027(), **data}
    return client.post("/calendar", data=given, headers={"Referer": "http://localhost/calendar"})


def confirmed(engine: Engine) -> bool:
    with reading(engine) as connection:
        return 2027 in load_calendar(connection).confirmed_years


def test_a_year_is_shown_with_its_sources(app: Flask, engine: Engine) -> None:
    client = enter(app, engine, "platform.rules_officer.0")
    assert "chinesecalendar" in client.get("/calendar?year=2026").text
    provisional = client.get("/calendar?year=2027").text
    assert "暂定：周一至周五减法定节假日" in provisional
    assert "确认导入" not in provisional
    assert "工作日历里没有 2040 年" in client.get("/calendar?year=2040").text
    assert {client.get(f"/calendar?year={year}").status_code for year in ("", "x", "1999", "２０２６")} == {404}


def test_an_officer_previews_and_then_imports(app: Flask, engine: Engine) -> None:
    client = enter(app, engine, "platform.rules_officer.0")
    preview = post(client, act="preview")
    assert preview.status_code == 200
    assert "预览，尚未导入" in preview.text
    assert "放假 28 天，周末上班 5 天，与平常周末不同 23 天" in preview.text
    assert not confirmed(engine)
    done = post(client, act="import")
    assert "2027 年已导入" in done.text
    assert confirmed(engine)
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(admin_records)) == 1
    again = post(client, act="import")
    assert (again.status_code, "已经确定" in again.text) == (422, True)
    replaced = post(client, act="import", replace="y")
    assert (replaced.status_code, "替换须写明原因" in replaced.text) == (422, True)
    assert post(client, act="import", replace="y", reason="国务院更正").status_code == 200


def test_a_file_is_read_as_well_and_a_wrong_one_refused(app: Flask, engine: Engine) -> None:
    client = enter(app, engine, "platform.rules_officer.0")
    file = (io.BytesIO(csv_2027().encode("utf-8-sig")), "2027.csv")
    preview = post(client, notice="", file=file, act="preview")
    assert "2027-02-20,workday," in preview.text
    wrong = post(client, notice="", file=(io.BytesIO("中文".encode("gbk")), "2027.csv"))
    assert (wrong.status_code, "UTF-8" in wrong.text) == (422, True)
    assert post(client, source="").status_code == 422
    assert post(client, notice="date,kind\n2026-01-01,holiday").status_code == 422


@pytest.mark.parametrize("login", ["platform.administrator.0", "agency.agency_head.0", "lead.lead_clerk.0"])
def test_others_read_and_do_not_import(app: Flask, engine: Engine, login: str) -> None:
    client = enter(app, engine, login)
    page = client.get("/calendar?year=2027")
    assert (page.status_code, "导入放假通知" in page.text) == (200, False)
    assert post(client, act="import").status_code == 404
    assert not confirmed(engine)
