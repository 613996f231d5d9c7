"""Several cases decided from a list: each on its own, with every reason why not, and no other affected."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.acts.acting import outsider
from tests.kernel.sample_stage import AT, STAGE, Sample, settle_in
from workflow import clock, stages
from workflow.accounts import sessions
from workflow.attempt import Actor, Case
from workflow.db import reading, writing
from workflow.forms import AgreeForm, DecisionForm, OpinionForm, ReasonForm
from workflow.kernel_forms import stage_form
from workflow.machines import STAGES
from workflow.model import cases, decisions
from workflow.pages import bulk_page

URL = "/bulk/sample/opine"
PLAIN_FORMS = (AgreeForm, DecisionForm, OpinionForm, ReasonForm)


@pytest.fixture
def engine(app: Flask) -> Engine:
    found: Engine = app.extensions["gongzhi.engine"]
    return found


@pytest.fixture
def sample(engine: Engine) -> Iterator[Sample]:
    """The sample stage with opinions that may be given for several cases at once."""
    steps = tuple(dataclasses.replace(one, bulk=one.trigger == "opine") for one in STAGE.steps)
    STAGES["sample"] = dataclasses.replace(STAGE, steps=steps, forms={"opine": DecisionForm})
    yield settle_in(engine)
    del STAGES["sample"]


def enter(app: Flask, actor: Actor) -> FlaskClient:
    """A browser in which ``actor`` has signed in, on the day of the tests."""
    assert actor.person_id is not None
    with writing(app.extensions["gongzhi.engine"]) as connection:
        clock.set_demo_clock(connection, AT)
        token = sessions.open_session(connection, actor.person_id, clock.real_now())
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
    return client


def item(sample: Sample, case_id: int) -> str:
    """A case as a list draws it now."""
    with reading(sample.engine) as connection:
        return f"{case_id}@{Case(*connection.execute(select(cases).where(cases.c.id == case_id)).one()).seen}"


def opened(client: FlaskClient, *items: str) -> dict[str, list[str] | str]:
    """The form of the page for these items, ready to be sent."""
    answer = client.get(URL, query_string={"item": list(items)})
    assert answer.status_code == 200, answer.text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.text)
    assert token is not None
    return {"item": re.findall(r'name="item" value="([^"]+)"', answer.text), "csrf_token": token[1]}


def given(sample: Sample) -> dict[int, list[str]]:
    """The verdicts of every case, in the order in which they were given."""
    found: dict[int, list[str]] = {}
    with reading(sample.engine) as connection:
        for row in connection.execute(select(decisions).order_by(decisions.c.id)):
            found.setdefault(row.case_id, []).append(f"{row.seat_key} {row.verdict} {row.opinion}")
    return found


def test_each_is_decided_on_its_own_and_what_changed_is_refused(app: Flask, sample: Sample) -> None:
    reviewer, colleague = sample.actor(Role.CITY_HEALTH_REVIEWER), sample.actor(Role.CITY_HEALTH_REVIEWER, 1)
    fine, changed, taken, last = (sample.open_case("under_review") for _ in range(4))
    client = enter(app, reviewer)
    form = opened(client, *(item(sample, one) for one in (fine, changed, taken, last)))
    sample.take(changed, "amend", sample.actor(Role.LEAD_CLERK), data={"amount_fen": 7_00})
    sample.take(taken, "opine", colleague, data={"verdict": "agree"})
    answer = client.post(URL, data=form | {"verdict": "agree", "opinion": "同意"})
    assert answer.status_code == 200
    assert given(sample) == {
        taken: ["city_health agree "], fine: ["city_health agree 同意"], last: ["city_health agree 同意"],
    }  # fmt: skip
    assert "办成 2 件，未办 2 件" in answer.text
    assert "已经有了变化" in answer.text and "已经作出决定，不能重复" in answer.text


def test_a_disagreement_without_an_opinion_decides_nothing(app: Flask, sample: Sample) -> None:
    case_id = sample.open_case("under_review")
    client = enter(app, sample.actor(Role.CITY_HEALTH_REVIEWER))
    form = opened(client, item(sample, case_id))
    answer = client.post(URL, data=form | {"verdict": "disagree", "opinion": ""})
    assert answer.status_code == 422 and "须写明意见" in answer.text
    assert form["item"] == re.findall(r'name="item" value="([^"]+)"', answer.text)
    assert given(sample) == {}


def test_sent_twice_it_is_done_once(app: Flask, sample: Sample) -> None:
    numbers = [sample.open_case("under_review") for _ in range(2)]
    client = enter(app, sample.actor(Role.CITY_HEALTH_REVIEWER))
    form = opened(client, *(item(sample, one) for one in numbers))
    for _ in range(2):
        answer = client.post(URL, data=form | {"verdict": "agree", "opinion": "同意"})
        assert "办成 2 件，未办 0 件" in answer.text
    assert [len(one) for one in given(sample).values()] == [1, 1]
    other = client.post(URL, data=form | {"verdict": "return", "opinion": "退"})
    assert "已用另一份意见提交过" in other.text and "办成 0 件，未办 2 件" in other.text
    assert [len(one) for one in given(sample).values()] == [1, 1]


def test_what_one_may_not_see_is_told_nothing_of(app: Flask, sample: Sample) -> None:
    case_id = sample.open_case("under_review", fen=12_345_67)
    stranger = enter(app, outsider(sample, place="demo-suixi", kind="city_health"))
    line = item(sample, case_id)
    shown = stranger.get(URL, query_string={"item": [line]})
    assert shown.status_code == 200 and "找不到这一件" in shown.text
    assert "12,345.67" not in shown.text and "样例县人民医院医共体" not in shown.text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', shown.text)
    assert token is not None
    data = {"item": [line], "verdict": "agree", "opinion": "", "csrf_token": token[1]}
    answer = stranger.post(URL, data=data)
    assert "办成 0 件" in answer.text and given(sample) == {}


def test_only_steps_that_allow_it_and_only_who_takes_them(app: Flask, sample: Sample) -> None:
    reviewer = enter(app, sample.actor(Role.CITY_HEALTH_REVIEWER))
    assert reviewer.get(URL).status_code == 200
    for path in ("/bulk/sample/nothing", "/bulk/nothing/opine"):
        assert reviewer.get(path).status_code == 404
    assert enter(app, sample.actor(Role.CITY_HEALTH_APPROVER)).get("/bulk/sample/decide").status_code == 404
    assert enter(app, sample.actor(Role.LEAD_CLERK)).get(URL).status_code == 404


def test_nothing_and_too_much_are_refused(app: Flask, sample: Sample) -> None:
    client = enter(app, sample.actor(Role.CITY_HEALTH_REVIEWER))
    many = [f"{number}@1:{'0' * 16}" for number in range(1, bulk_page.MOST + 2)]
    assert "一次最多办理" in client.get(URL, query_string={"item": many}).text
    nothing = client.get(URL, query_string={"item": ["x", "1@1", "0@1:" + "0" * 16, "1@1:zz"]})
    assert "没有选中要办理的事项" in nothing.text


def test_a_case_picked_twice_is_one(sample: Sample) -> None:
    line = f"7@1:{'a' * 16}"
    assert [one.case_id for one in bulk_page.items_of([line, line, f"7@2:{'b' * 16}"])] == [7]


def test_the_steps_that_allow_it_ask_for_nothing_but_an_opinion() -> None:
    stages.load()
    bulk = [(stage, one) for stage in STAGES.values() for one in stage.steps if one.bulk]
    found = {(stage.name, one.trigger): stage_form(stage, one) for stage, one in bulk}
    levels = {("settlement", "pass_section"), ("settlement", "pass_division")}
    assert found.keys() == {("settlement", "review"), ("settlement", "approve"), *levels}
    assert set(found.values()) <= set(PLAIN_FORMS)
