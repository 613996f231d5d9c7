"""A bureau's whole opinion on paper, from the pages: entered field by field, seen by the second person, taken."""

from __future__ import annotations

import html
import io
import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.acts.paper_roads import OWED
from tests.returns.roads import Road
from workflow import clock, rules, stages
from workflow.accounts import sessions
from workflow.attempt import Actor, Attempt
from workflow.db import reading, writing
from workflow.model import cases, decisions

REVIEWER = Role.CITY_HEALTH_REVIEWER


@pytest.fixture
def road(app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Road:
    """An application before the bureaus, whose place lets opinions be signed on paper."""
    stages.load()
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    engine: Engine = app.extensions["gongzhi.engine"]
    found = OWED["city_ruling", "ruling", "opine"](engine)
    ruled = Attempt.find_rule

    def find_rule(self: Attempt, key: str, on: Any = None) -> Any:
        rules.refuse_samples(self.connection, self.case.place)
        named = type("Allowed", (), {"value": ["ruling.opine", "ruling.decide"]})
        return named if key == "decision.paper_allowed" else ruled(self, key, on)

    monkeypatch.setattr(Attempt, "find_rule", find_rule)
    return found


def enter(app: Flask, road: Road, actor: Actor) -> FlaskClient:
    with writing(road.engine) as connection:
        clock.set_demo_clock(connection, road.when)
        token = sessions.open_session(connection, actor.person_id or 0, clock.real_now())
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
    return client


def offered(client: FlaskClient, road: Road, verb: str) -> str:
    """The part of the page of acts that offers ``verb``."""
    page = client.get(f"/city_ruling/{road.case_id}/acts").text
    found = re.search(rf'<details class="offer[^>]*id="act-{verb}".*?</details>', page, re.S)
    assert found is not None, page
    return html.unescape(found[0])


def hidden(part: str) -> dict[str, str]:
    """What the form sends besides what is typed."""
    found = {}
    for one in re.findall(r"<input[^>]*>", part):
        name, value = re.search(r'name="([^"]*)"', one), re.search(r'value="([^"]*)"', one)
        if name and value and re.search(r'type="hidden"|readonly', one):
            found[name[1]] = value[1]
    return found


def typed(road: Road, part: str, signer: Actor, **changed: str) -> dict[str, Any]:
    """The paper as the registrar types it: everything met but the second criterion, with the reason."""
    with reading(road.engine) as connection:
        digest = str(connection.scalar(select(cases.c.subject_hash).where(cases.c.id == road.case_id)))
    count = len(re.findall(r'name="whole-0-grades-\d+-grade"', part))
    assert count >= 3
    grades = {f"whole-0-grades-{number}-grade": "not_met" if number == 1 else "met" for number in range(count)}
    return {
        **hidden(part), **grades, "whole-0-grades-1-reason": "制度未成文", "whole-0-substantive": "yes",
        "whole-0-verdict": "disagree", "whole-0-opinion": "第二条不符合", "signer-0": str(signer.seat_id),
        "document_number": "样卫〔2025〕12号", "signed_on": clock.day_of(road.when).isoformat(), "content": digest[:16],
        "scan": (io.BytesIO(b"%PDF-1.4 scan"), "scan.pdf"), **changed,
    }  # fmt: skip


def test_the_whole_form_is_entered_seen_and_taken(app: Flask, road: Road) -> None:
    registrar, signer, second = (road.county.actor(*one) for one in (
        (REVIEWER,), (REVIEWER, None, 1), (Role.CITY_HEALTH_APPROVER,),
    ))  # fmt: skip
    clerk = enter(app, road, registrar)
    part = offered(clerk, road, "register_paper")
    assert "逐条评判" in part and signer.name in part and registrar.name not in part
    address = f"/city_ruling/{road.case_id}/acts"
    given = typed(road, part, signer, **{"whole-0-verdict": "return", "whole-0-opinion": " "})
    answer = clerk.post(f"{address}/register_paper", data=given, content_type="multipart/form-data")
    assert answer.status_code == 422 and "不是“同意”时须写明意见" in html.unescape(answer.text)
    assert "制度未成文" in answer.text
    answer = clerk.post(
        f"{address}/register_paper", data=typed(road, part, signer), content_type="multipart/form-data"
    )
    assert answer.status_code == 302, answer.text
    assert "登记人不能确认" in offered(clerk, road, "confirm_paper")
    colleague = enter(app, road, second)
    sheet = offered(colleague, road, "confirm_paper")
    for said in ("样卫〔2025〕12号", "不同意", "第二条不符合", "制度未成文", "不符合", signer.name, registrar.name):
        assert said in sheet, said
    option = re.search(r'<option[^>]*value="\d+"[^>]*>(样卫[^<]*)', sheet)
    assert option is not None and re.fullmatch(r"样卫〔2025〕12号：\S+ 出具经办意见", option[1].strip()), option
    listed = re.search(r"<td>样卫〔2025〕12号</td><td>([^<]*)</td>", colleague.get(address).text)
    assert listed is not None and listed[1] == "出具经办意见"
    number = re.search(r'<option[^>]*value="(\d+)"[^>]*>样卫', sheet)
    assert number is not None
    given = {**hidden(sheet), "paper": number[1], "said": "confirm", "reason": ""}
    answer = colleague.post(f"{address}/confirm_paper", data=given)
    assert answer.status_code == 302, answer.text
    with reading(road.engine) as connection:
        cast = connection.execute(select(decisions).where(decisions.c.case_id == road.case_id)).one()
    details = json.loads(cast.details)
    assert (cast.person_id, cast.verdict, cast.opinion) == (signer.person_id, "disagree", "第二条不符合")
    assert sorted(details["grades"].values())[-1] == "not_met" and list(details["reasons"].values()) == ["制度未成文"]
    assert details["substantive"] is True


def test_the_print_says_what_else_the_paper_has_to_say(app: Flask, road: Road) -> None:
    page = enter(app, road, road.county.actor(REVIEWER)).get(f"/city_ruling/{road.case_id}/print/ruling").text
    assert "经办意见还须写明：逐条评判、是否实质运行。" in page
    assert "负责人决定还须写明" not in page


def test_nothing_is_asked_of_a_form_that_nobody_signed(app: Flask, road: Road) -> None:
    """Left out, the whole form is not looked at; then the paper holds nobody's decision, and says so."""
    clerk = enter(app, road, road.county.actor(REVIEWER))
    part = offered(clerk, road, "register_paper")
    given = typed(road, part, road.county.actor(REVIEWER, n=1), **{"signer-0": "0", "whole-0-verdict": ""})
    address = f"/city_ruling/{road.case_id}/acts/register_paper"
    answer = clerk.post(address, data=given, content_type="multipart/form-data")
    assert answer.status_code == 422 and "请至少填写一个席位的决定" in answer.text
    assert "请选择决定" not in answer.text


def test_who_may_not_have_signed_cannot_be_named(app: Flask, road: Road) -> None:
    registrar = road.county.actor(REVIEWER)
    clerk = enter(app, road, registrar)
    part = offered(clerk, road, "register_paper")
    address = f"/city_ruling/{road.case_id}/acts/register_paper"
    for who in (registrar, road.county.actor(Role.CITY_FINANCE_REVIEWER)):
        answer = clerk.post(address, data=typed(road, part, who), content_type="multipart/form-data")
        assert answer.status_code == 422, who.name
    with reading(road.engine) as connection:
        assert connection.execute(select(decisions).where(decisions.c.case_id == road.case_id)).all() == []
