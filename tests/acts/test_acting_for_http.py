"""A seat held for another, over HTTP: the step is offered and taken from it, and both people are named."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.acts.giving import give
from tests.kernel.sample_stage import APPROVERS, BUREAUS, REVIEWERS, Sample
from workflow.accounts import sessions
from workflow.attempt import Actor
from workflow.clock import day_of, real_now
from workflow.db import reading, writing
from workflow.model import decisions


@pytest.fixture
def engine(app: Flask) -> Engine:
    found: Engine = app.extensions["gongzhi.engine"]
    return found


@pytest.fixture
def sample(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> Sample:
    nothing_more = SimpleNamespace(facts=lambda page: [], sections=lambda page: [])
    monkeypatch.setitem(sys.modules, "workflow.sample.views", nothing_more)
    return sample


def browser(app: Flask, engine: Engine, actor: Actor) -> FlaskClient:
    """A browser in which ``actor`` has signed in."""
    with writing(engine) as connection:
        token = sessions.open_session(connection, actor.person_id or 0, real_now())
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
    return client


def send(client: FlaskClient, page: str, path: str, **data: str) -> int:
    """Post what the page's form holds."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    words = {"csrf_token": found[1], **data}
    return client.post(path, data=words, headers={"Referer": "http://localhost/"}).status_code


def test_a_step_is_offered_and_taken_from_the_seat_that_was_given(app: Flask, engine: Engine, sample: Sample) -> None:
    approver, taker = sample.actor(APPROVERS[0]), sample.actor(REVIEWERS[0], 1)
    case_id = sample.open_case("under_review")
    sample.opine(case_id, BUREAUS[:1])
    client, today = browser(app, engine, taker), day_of(real_now())
    assert f"/sample/{case_id}/decide" not in client.get(f"/sample/{case_id}").text
    week = {"since": today.isoformat(), "until": (today + timedelta(days=6)).isoformat()}
    give(engine, approver, taker, at=real_now(), **week)
    page = client.get(f"/sample/{case_id}").text
    assert f"/sample/{case_id}/decide?seat={approver.seat_id}" in page
    assert send(client, page, f"/sample/{case_id}/decide?seat=999", verdict="agree") == 403
    assert send(client, page, f"/sample/{case_id}/decide?seat={approver.seat_id}", verdict="agree") == 302
    with reading(engine) as connection:
        row = connection.execute(select(decisions).where(decisions.c.link == "approve")).one()
    assert (row.person_id, row.for_person_id) == (taker.person_id, approver.person_id)
    page = client.get(f"/sample/{case_id}").text
    assert f"{taker.name} 代 {approver.name}" in page and f"代 {approver.name}" in page
    auditor = browser(app, engine, next(iter(sample.county.actors["audit", "auditor"])))
    assert f"代 {approver.name}" in auditor.get("/trail").text


def test_an_intervention_stands_apart_in_the_trail(app: Flask, engine: Engine, sample: Sample) -> None:
    from tests.acts.acting import act
    from tests.acts.giving import end_seat, seat

    first = sample.county.actors["platform", "administrator"][0]
    case_id = sample.open_case("under_review")
    for one in sample.county.actors["city_health", "city_health_approver"]:
        end_seat(engine, one)
    page = browser(app, engine, first).get(f"/sample/{case_id}").text
    assert "先为" in browser(app, engine, first).get(f"/sample/{case_id}/acts").text
    seat(engine, sample.actor(Role.CENTRE_HEAD), "city_health_approver", one.organisation_id)
    assert "没有可以作出决定的人" in page and 'class="intervention"' not in page
    assert "提出管理干预" in browser(app, engine, first).get(f"/sample/{case_id}/acts").text
    act(engine, case_id, "intervention_propose", first, target="reseat:ruling", reason="均已离岗")
    for path in (f"/sample/{case_id}", "/trail"):
        assert 'class="intervention"' in browser(app, engine, first).get(path).text, path
    assert "均已离岗" in browser(app, engine, first).get(f"/sample/{case_id}/acts").text
