"""The pages of the first stages over HTTP: what they show to whom, and what comes back when a form is wrong."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from werkzeug.test import TestResponse

from governance.roles import Role
from tests.city_ruling.ruling import ALL_MET, approver, in_notice, opine, rule_all, under_review
from tests.conftest import app_on
from tests.people import County
from tests.self_assessment.filing import AT, begun, county_on, signed
from tests.takeover.proposing import proposed
from workflow import clock
from workflow.accounts import passwords
from workflow.attempt import Actor, dossier_of, newest_case
from workflow.db import make_engine, reading, writing
from workflow.organisations.model import persons

PASSWORD = "样例 口令 一二三"


@pytest.fixture
def engine(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """SQLite only: pages do not depend on the database."""
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    engine = make_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def app(engine: Engine) -> Iterator[Flask]:
    """The app, with the demo clock on the day of the tests."""
    with app_on(str(engine.url)) as app:
        yield app


def enter(app: Flask, engine: Engine, actor: Actor) -> FlaskClient:
    """A browser in which the actor has signed in."""
    with writing(engine) as connection:
        clock.set_demo_clock(connection, AT)
        login = connection.scalar(select(persons.c.login).where(persons.c.id == actor.person_id))
        connection.execute(
            persons.update().where(persons.c.id == actor.person_id).values(
                password_hash=passwords.hash_password(PASSWORD)
            )
        )
    client = app.test_client()
    answer = send(client, "/login", login=str(login), password=PASSWORD)
    assert answer.status_code == 303, answer.text
    return client


def send(client: FlaskClient, path: str, page: str = "", **data: object) -> TestResponse:
    """Post a form as the page gave it: token, key and version included."""
    shown = client.get(page or path).text
    form = shown.split(f'action="{path}"', 1)[-1] if page else shown
    hidden = dict(re.findall(r'name="(csrf_token|_key|_seen)" value="([^"]*)"', form.split("</form>", 1)[0]))
    return client.post(path, data={**hidden, **data}, headers={"Referer": f"http://localhost{page or path}"})


def test_a_clerk_begins_and_grades_with_an_uploaded_file(app: Flask, engine: Engine) -> None:
    county = county_on(engine)
    client = enter(app, engine, county.actor(Role.LEAD_CLERK))
    answer = send(client, "/self_assessment/new", consortium=county.code, total_payment="y")
    assert answer.status_code == 302, answer.text
    page = str(answer.location)
    assert "资源统一管理" in client.get(page).text
    assert "还没有自评" in client.get(page).text
    evidence = (io.BytesIO(b"%PDF-1.4 sample"), "证明.pdf")
    answer = send(client, f"{page}/grade", page, criterion="Q11", grade="met", explanation="已经统一", files=evidence)
    assert answer.status_code == 302, answer.text
    assert "证明.pdf" in client.get(page).text
    with reading(engine) as connection:
        case = newest_case(connection, "self_assessment", county.consortium_id)
        assert case is not None
        filled = dossier_of(connection, case)["grades"]["Q11"]
    assert (filled["grade"], filled["evidence"][0]["name"]) == ("met", "证明.pdf")


def test_a_wrong_form_comes_back_with_what_is_wrong(app: Flask, engine: Engine) -> None:
    county = county_on(engine)
    case_id = begun(engine, county)
    client = enter(app, engine, county.actor(Role.LEAD_CLERK))
    page = f"/self_assessment/{case_id}"
    answer = send(client, f"{page}/grade", page, criterion="Q11", grade="met", explanation="")
    assert answer.status_code == 422
    assert "请写明情况" in answer.text


def test_a_member_reads_and_is_offered_nothing(app: Flask, engine: Engine) -> None:
    county = county_on(engine)
    case_id = signed(engine, county)
    client = enter(app, engine, county.actor(Role.MEMBER_CLERK, "tcm"))
    answer = client.get(f"/self_assessment/{case_id}")
    assert answer.status_code == 200
    assert "/opine" not in answer.text


def test_a_bureau_does_not_see_anothers_draft_or_decision(app: Flask, engine: Engine) -> None:
    county = county_on(engine)
    case_id = under_review(engine, county)
    differing = ALL_MET | {"grades": ALL_MET["grades"] | {"Q12": "not_met"}, "reasons": {"Q12": "章程没有备案"}}
    opine(engine, county, case_id, "city_health", verdict="disagree", opinion="章程不全", details=differing)
    own = enter(app, engine, approver(county, "city_health")).get(f"/city_ruling/{case_id}").text
    other = enter(app, engine, approver(county, "city_finance")).get(f"/city_ruling/{case_id}").text
    assert "章程没有备案" in own
    assert "章程不全" in own
    assert "章程不全" not in other
    assert "章程没有备案" not in other
    assert "本轮结束后可见" in other


def test_once_the_round_is_over_all_see_all(app: Flask, engine: Engine) -> None:
    county = county_on(engine)
    case_id = under_review(engine, county)
    assert rule_all(engine, county, case_id, "agree", "disagree", "agree") == "conference"
    shown = enter(app, engine, approver(county, "city_finance")).get(f"/city_ruling/{case_id}").text
    assert "city_health 的意见" in shown
    assert "本轮结束后可见" not in shown


def test_a_bureau_grades_on_the_page(app: Flask, engine: Engine) -> None:
    county = county_on(engine)
    case_id = under_review(engine, county)
    client = enter(app, engine, county.actor(Role.CITY_HEALTH_REVIEWER))
    page = f"/city_ruling/{case_id}"
    rows = {}
    for number, key in enumerate(("Q11", "Q12", "Q13")):
        rows |= {f"grades-{number}-criterion": key, f"grades-{number}-grade": "met"}
    answer = send(client, f"{page}/opine", page, verdict="agree", substantive="yes", **rows)
    assert answer.status_code == 302, answer.text
    again = send(client, f"{page}/opine", page, verdict="agree", substantive="yes", **rows)
    assert again.status_code == 422


def test_the_notice_and_the_document_form_are_on_the_page(app: Flask, engine: Engine) -> None:
    county = county_on(engine)
    case_id = in_notice(engine, county)
    shown = enter(app, engine, county.actor(Role.CITY_INSURANCE_REVIEWER)).get(f"/city_ruling/{case_id}").text
    assert "市医保局网站" in shown
    assert "公示期还没有结束" in shown


def test_the_agency_takes_over_on_the_page(app: Flask, engine: Engine) -> None:
    county: County = county_on(engine)
    client = enter(app, engine, county.actor(Role.AGENCY_CLERK))
    given = {
        "consortium": county.code, "effective": "2025-01-01", "recognition_document": "样医保发〔2023〕8号",
        "recognition_date": "2023-12-20", "agreement_number": "样协", "agreement_start": "2025-01-01",
        "agreement_end": "2025-12-31", "deposit_ratio": "0.05", "overrun_tiers": "0.05 0.6\n以上 0",
        "pools": "resident", "resident-prepayment_fen": "5000.00", "resident-deposit_fen": "0",
        "resident-budget_used_fen": "0", "resident-carry": "town-1 1.20",
    }
    wrong = send(client, "/takeover/new", **(given | {"resident-deposit_fen": "1,000"}))
    assert wrong.status_code == 422
    answer = send(client, "/takeover/new", **given)
    assert answer.status_code == 302, answer.text
    shown = client.get(str(answer.location)).text
    assert "5,000.00" in shown
    assert "1.20" in shown
    with reading(engine) as connection:
        case = newest_case(connection, "takeover", county.consortium_id)
        assert case is not None
        body = dossier_of(connection, case)
    assert body["opening"]["resident"] == {
        "prepayment_fen": 500000, "deposit_fen": 0, "budget_used_fen": 0, "carry": {"town-1": 120}
    }
    assert body["agreement"]["answers"]["clearing.overrun"]["tiers"][1] == {"upto": None, "fund": "0"}


def test_another_citys_agency_finds_nothing(app: Flask, engine: Engine) -> None:
    county = county_on(engine)
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE organisations SET place = 'demo-suixi' WHERE kind = 'agency'")
    case_id = proposed_by_hand(engine, county)
    client = enter(app, engine, county.actor(Role.AGENCY_CLERK))
    assert client.get(f"/takeover/{case_id}").status_code == 404


def proposed_by_hand(engine: Engine, county: County) -> int:
    """A proposal made while the agency still stood in the city."""
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE organisations SET place = 'demo-hunan-city' WHERE kind = 'agency'")
    case_id = proposed(engine, county)
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE organisations SET place = 'demo-suixi' WHERE kind = 'agency'")
    return case_id
