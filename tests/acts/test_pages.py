"""Acts from the page of a real case: the nudge beside a name, the copy, the mention, and what an old page is told."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine

from governance.roles import Role
from tests.acts.entering import enter, send
from tests.city_ruling.ruling import AT, reviewer, under_review
from tests.pages.binding import with_paths
from tests.people import County
from tests.self_assessment.filing import county_on
from workflow import lifecycle
from workflow.attempt import SYSTEM
from workflow.db import writing

LATER = AT + timedelta(days=2)


@pytest.fixture
def engine(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    found: Engine = app.extensions["gongzhi.engine"]
    return found


@pytest.fixture
def county(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> County:
    with_paths("city_ruling", "under_review", monkeypatch)
    return county_on(engine)


def test_whoever_waits_nudges_from_the_page_once(app: Flask, engine: Engine, county: County) -> None:
    page = f"/city_ruling/{under_review(engine, county)}"
    clerk = enter(app, county.actor(Role.LEAD_CLERK), LATER)
    health = county.organisations["city_health"]
    button = f'name="organisation_id" value="{health}"'
    assert button in clerk.get(page).text
    answer = send(clerk, page, f"{page}/acts/nudge", organisation_id=str(health))
    assert answer.status_code == 302, answer.text
    shown = clerk.get(page).text
    assert "已催办 1 次" in shown and button not in shown
    bureau = enter(app, reviewer(county, "city_health"), LATER)
    assert button not in bureau.get(page).text
    assert "催办，请尽快办理" in bureau.get("/inbox?box=notices").text
    again = send(clerk, page, f"{page}/acts/nudge", organisation_id=str(health))
    assert again.status_code == 422 and "已经催办过" in again.text


def test_a_copy_lies_in_the_box_of_copies(app: Flask, engine: Engine, county: County) -> None:
    page = f"/city_ruling/{under_review(engine, county)}"
    clerk = enter(app, county.actor(Role.LEAD_CLERK), LATER)
    town = county.actor(Role.MEMBER_HEAD, "town-1")
    post = f"{town.organisation_id}:{town.role}"
    answer = send(clerk, f"{page}/acts", f"{page}/acts/notify", to=[post], remark="请知悉评定进度")
    assert answer.status_code == 302, answer.text
    assert "已送阅知" in clerk.get(f"{page}/acts").text and "请知悉评定进度" in clerk.get(page).text
    assert "请知悉评定进度" in enter(app, town, LATER).get("/inbox?box=copies").text
    again = send(clerk, f"{page}/acts", f"{page}/acts/notify", to=[post])
    assert again.status_code == 422 and "今天已经送过" in again.text


def test_a_mention_reaches_whoever_is_called_in(app: Flask, engine: Engine, county: County) -> None:
    page = f"/city_ruling/{under_review(engine, county)}"
    called = reviewer(county, "city_health")
    clerk = enter(app, county.actor(Role.LEAD_CLERK), LATER)
    sent = {"body": "请核对第 11 条", "audience": "all", "mentions": [str(called.seat_id)]}
    assert send(clerk, f"{page}/acts", f"{page}/acts/comment", **sent).status_code == 302
    reader = enter(app, called, LATER)
    box = reader.get("/inbox?box=notices").text
    notice = re.search(r'name="id" value="([0-9]+)"', box)
    assert "在留言中提到了" in box and notice is not None
    followed = send(reader, "/inbox?box=notices", "/inbox/notices", id=notice[1])
    assert (followed.status_code, followed.location) == (302, page)
    assert "请核对第 11 条" in reader.get(f"{page}/acts").text


def test_an_old_page_is_told_where_to_read_what_changed(app: Flask, engine: Engine, county: County) -> None:
    case_id = under_review(engine, county)
    page = f"/city_ruling/{case_id}"
    finance = enter(app, county.actor(Role.CITY_INSURANCE_REVIEWER), LATER)
    seen = re.search(r'name="_seen" value="([^"]+)"', finance.get(page).text)
    assert seen is not None
    with writing(engine) as connection:
        lifecycle.take(
            connection, case_id, "recalculated_by_a_job", actor=SYSTEM, at=LATER + timedelta(hours=1),
            data={"key": "members"},
        )
    action = f"{page}/withdraw"
    lead = enter(app, county.actor(Role.LEAD_HEAD), LATER + timedelta(hours=2))
    answer = send(lead, page, action, _seen=seen[1], reason="样例")
    assert answer.status_code == 409, answer.text
    link = re.search(r'href="([^"]+/differences\?seen=[0-9a-f]{16})"', answer.text)
    assert link is not None
    told = lead.get(link[1])
    assert told.status_code == 200
    assert "成员单位" in told.text and "系统任务" in told.text and "因内容改变作废的轮次" in told.text
