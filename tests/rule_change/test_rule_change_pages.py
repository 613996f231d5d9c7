"""The pages of a rule change: begun by the rules officer, read by the bodies of the city, enacted for everybody."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from tests.calendar.test_calendar_page import enter
from tests.rule_change.changing import CITY, HEAD, RATIO, REVIEWER, SCAN, City, city_with_month
from workflow.db import reading, writing
from workflow.model import cases
from workflow.organisations.model import consortia, organisations


@pytest.fixture
def engine(app: Flask) -> Engine:
    found: Engine = app.extensions["gongzhi.engine"]
    return found


@pytest.fixture
def city(engine: Engine) -> City:
    return city_with_month(engine)


def typed(page: str, **changes: Any) -> dict[str, Any]:
    """The form filled in, with its token and key."""
    hidden = dict(re.findall(r'name="(csrf_token|_key)"[^>]*value="([^"]+)"', page))
    return {
        **hidden, "place": CITY, "rule": RATIO, "value": "0.03", "since": "2099-01-01", "status": "official",
        "document_number": "样例〔2025〕7号", "document_title": "通知", "issuer": "样例市医保局", "issued_on": "2025-04-10",
        "clause": "二", "says": "按百分之三预留", "scan": (io.BytesIO(SCAN), "通知.pdf"), **changes,
    }  # fmt: skip


def officer(app: Flask, city: City) -> FlaskClient:
    return enter(app, city.engine, "platform.rules_officer.0")


def test_a_rules_officer_begins_one(app: Flask, city: City) -> None:
    client = officer(app, city)
    page = client.get("/rule_change/new").text
    assert "质量保证金比例（settlement.deposit_ratio）" in page
    wrong = client.post("/rule_change/new", data=typed(page, value="{a: 1, a: 2}"))
    assert wrong.status_code == 422 and "写了两次" in wrong.text
    late = client.post("/rule_change/new", data=typed(page, since="2025-01-01"))
    assert late.status_code == 422 and "已经开始" in late.text
    loose = client.post("/rule_change/new", data=typed(page, value="0.5"))
    assert loose.status_code == 422 and "超出 cn-hunan" in loose.text
    done = client.post("/rule_change/new", data=typed(page))
    assert done.status_code == 302, done.text
    with reading(city.engine) as connection:
        case = connection.execute(select(cases).where(cases.c.stage == "rule_change")).one()
    assert (case.place, case.state) == (CITY, "proposed")
    assert "按百分之三预留" in client.get(done.location).text
    assert enter(app, city.engine, "lead.lead_clerk.0").get("/rule_change/new").status_code == 404


def test_the_impact_is_read_by_the_city_and_by_nobody_below(app: Flask, city: City) -> None:
    city.to_shown()
    url = f"/rule_change/{city.case_id}"
    text = enter(app, city.engine, "city_insurance.city_insurance_reviewer.0").get(url).text
    assert "1 张用到这项规则，1 张结果不同" in text and "19,600.02" in text
    assert "931,000" not in text and "930,999.99" in text and "3%" in text
    assert "由协议约定" in text
    for login in ("lead.lead_head.0", "county_insurance.county_insurance_approver.0", "town-1.member_head.0"):
        assert enter(app, city.engine, login).get(url).status_code == 404
    scan = city.content()[0]["scan"]
    assert enter(app, city.engine, "lead.lead_head.0").get(f"/files/{city.case_id}/{scan}").status_code == 404


def test_what_is_enacted_stands_on_the_page_of_rules(app: Flask, city: City) -> None:
    city.to_enacted()
    for login, linked in (("platform.rules_officer.0", True), ("lead.lead_finance.0", False)):
        client = enter(app, city.engine, login)
        text = client.get(f"/rules?place={city.county.place}&on=2025-06-01").text
        assert "样例医保发〔2025〕7号" in text and "本地发布的规则" in text and "2025-04-16" in text
        assert (f'href="/rule_change/{city.case_id}"' in text) is linked
        answer = client.get("/rules/enacted/1/scan")
        assert (answer.status_code, answer.data) == (200, SCAN)
        assert "attachment" in answer.headers["Content-Disposition"]
        assert client.get("/rules/enacted/2/scan").status_code == 404
    with writing(city.engine) as connection:
        lead = city.county.organisations["lead"]
        moved = {"place": "demo-suixi"}
        connection.execute(consortia.update().where(consortia.c.id == city.county.consortium_id).values(**moved))
        connection.execute(organisations.update().where(organisations.c.id == lead).values(**moved))
    assert client.get("/rules/enacted/1/scan").status_code == 404
    with writing(city.engine) as connection:
        back = {"place": city.county.place}
        connection.execute(consortia.update().where(consortia.c.id == city.county.consortium_id).values(**back))
        connection.execute(organisations.update().where(organisations.c.id == lead).values(**back))
    before = client.get(f"/rules?place={city.county.place}&on=2025-04-30").text
    assert "尚未生效" in before


def test_a_desk_is_no_consortium(app: Flask, city: City) -> None:
    city.to_shown()
    client = officer(app, city)
    assert "湖南示范市规则" not in client.get("/consortia").text
    with reading(city.engine) as connection:
        desk = connection.scalar(select(cases.c.consortium_id).where(cases.c.id == city.case_id))
    assert client.get(f"/consortia/{desk}").status_code == 200


def test_the_commands_name_case_document_and_scan(app: Flask, city: City) -> None:
    city.to_enacted()
    run = app.test_cli_runner().invoke
    shown = run(args=["policy", "show", RATIO, "--place", city.county.place, "--on", "2025-06-01"])
    assert shown.exit_code == 0 and "3%" in shown.output, shown.output
    assert f"/rule_change/{city.case_id}" in shown.output and city.content()[0]["scan"][:12] in shown.output
    listed = run(args=["policy", "enacted", "--place", city.county.place])
    assert "样例医保发〔2025〕7号 第二条" in listed.output and "1 条已发布规则" in listed.output
    assert run(args=["policy", "enacted", "--place", "demo-suixi", "--json"]).output.strip() == "[]"


def test_the_steps_are_taken_from_the_page(app: Flask, city: City) -> None:
    city.to_shown(since="2099-01-01")
    url = f"/rule_change/{city.case_id}"
    for role, trigger in ((REVIEWER, "opine"), (HEAD, "decide"), (HEAD, "enact")):
        client = enter(app, city.engine, f"city_insurance.{role}.0")
        form = re.search(rf'<form[^>]*action="{url}/{trigger}".*?</form>', client.get(url).text, re.S)
        assert form, trigger
        hidden = dict(re.findall(r'name="(csrf_token|_key|_seen)"[^>]*value="([^"]+)"', form[0]))
        answer = client.post(f"{url}/{trigger}", data={**hidden, "verdict": "agree", "opinion": ""})
        assert answer.status_code == 302, answer.text
    assert city.case.state == "enacted"
