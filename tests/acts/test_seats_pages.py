"""Added seats and papers as people reach them: forms on the page of a case's acts, and what others do not see."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from tests.kernel.checking import sound, state_of
from tests.kernel.sample_stage import APPROVERS, AT, BUREAUS, REVIEWERS, STAGE, Sample, settle_in
from workflow import clock, lifecycle
from workflow.accounts import sessions
from workflow.attempt import Actor, Attempt, Case
from workflow.db import reading, writing
from workflow.forms import DecisionForm
from workflow.machines import STAGES
from workflow.model import attachments, cases
from workflow.pages import round_words
from workflow.rounds import every_round


@pytest.fixture
def engine(app: Flask, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    monkeypatch.setitem(sys.modules, "workflow.sample.views", ModuleType("workflow.sample.views"))
    found: Engine = app.extensions["gongzhi.engine"]
    return found


@pytest.fixture
def sample(engine: Engine) -> Iterator[Sample]:
    STAGES["sample"] = replace(STAGE, forms={"decide": DecisionForm})
    yield settle_in(engine)
    del STAGES["sample"]


@pytest.fixture
def case_id(sample: Sample) -> int:
    found = sample.open_case("under_review")
    sample.opine(found)
    sample.decide(found, BUREAUS[1:])
    return found


def enter(app: Flask, actor: Actor) -> FlaskClient:
    with writing(app.extensions["gongzhi.engine"]) as connection:
        clock.set_demo_clock(connection, AT)
        token = sessions.open_session(connection, actor.person_id or 0, clock.real_now())
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
    return client


def do(client: FlaskClient, case_id: int, verb: str, **typed: Any) -> None:
    """Open the page of acts, fill the form that is there, send it."""
    page = client.get(f"/sample/{case_id}/acts").text
    form = re.search(rf'<details class="offer[^>]*id="act-{verb}".*?</details>', page, re.S)
    assert form is not None, verb
    names = r"csrf_token|_key|_seen|decided-\d-key|decided-\d-label"
    hidden = dict(re.findall(rf'name="({names})"[^>]*value="([^"]*)"', form[0]))
    assert "csrf_token" in hidden, form[0]
    answer = client.post(f"/sample/{case_id}/acts/{verb}", data={**hidden, **typed}, content_type="multipart/form-data")
    assert answer.status_code == 302, answer.text


def test_a_seat_is_added_heard_and_counted_from_the_pages(app: Flask, sample: Sample, case_id: int) -> None:
    head, colleague = enter(app, sample.actor(APPROVERS[0])), sample.actor(REVIEWERS[0], 1)
    do(head, case_id, "add_seat", person=str(colleague.seat_id), place="after", reason="请核对口径")
    asked = enter(app, colleague)
    assert "须等" in asked.get(f"/sample/{case_id}/acts").text
    sample.decide(case_id, BUREAUS[:1])
    assert f"/sample/{case_id}/acts#act-added_opinion" in asked.get("/").text
    do(asked, case_id, "added_opinion", verdict="abstain", opinion="口径无异议")
    assert state_of(sample.engine, case_id).state == "agreed"
    sound(sample.engine)


def test_whom_an_office_asks_is_its_own_until_the_round_is_over(app: Flask, sample: Sample, case_id: int) -> None:
    colleague = sample.actor(REVIEWERS[0], 1)
    do(
        enter(app, sample.actor(APPROVERS[0])), case_id, "add_seat", person=str(colleague.seat_id), place="beside",
        reason="请核对口径",
    )  # fmt: skip
    with reading(sample.engine) as connection:
        case = Case(*connection.execute(select(cases).where(cases.c.id == case_id)).one())
        (one,) = every_round(Attempt(connection, case, lifecycle.SYSTEM, AT))
        assert round_words.asked(one, BUREAUS[0], False) == []
        (shown,) = round_words.asked(one, BUREAUS[0], True)
        assert colleague.name in shown.label and str(shown.status) == "待出具"
        assert [seat.seat_key for seat in one.seats] == sorted(BUREAUS)


def test_a_paper_is_registered_and_confirmed_from_the_pages(app: Flask, sample: Sample, case_id: int) -> None:
    registrar, second = enter(app, sample.actor(REVIEWERS[0], 1)), enter(app, sample.actor(REVIEWERS[0]))
    now = state_of(sample.engine, case_id)
    assert now.subject_hash in registrar.get(f"/check?hash={now.subject_hash[:16]}").text
    do(
        registrar, case_id, "register_paper", document_number="样函3号", signed_on="2026-03-02",
        content=now.subject_hash[:16].upper(), scan=(io.BytesIO(b"%PDF-1.4 scan"), "scan.pdf"),
        **{"decided-0-signer": str(sample.actor(APPROVERS[0]).seat_id), "decided-0-verdict": "agree"},
    )  # fmt: skip
    with reading(sample.engine) as connection:
        scan = connection.scalar(select(attachments.c.sha256).where(attachments.c.case_id == case_id))
        number = connection.execute(select(attachments.c.id)).first()
    assert number and "样函3号" in second.get(f"/sample/{case_id}/acts").text
    other = enter(app, sample.actor(REVIEWERS[1]))
    assert "样函3号" not in other.get(f"/sample/{case_id}/acts").text
    assert [one.get(f"/files/{case_id}/{scan}").status_code for one in (second, other)] == [200, 404]
    assert f"/files/{case_id}/{scan}" not in other.get(f"/check?hash={scan}").text
    paper = re.search(r'<option[^>]*value="(\d+)"[^>]*>样函3号', second.get(f"/sample/{case_id}/acts").text)
    assert paper is not None
    do(second, case_id, "confirm_paper", paper=paper[1], said="confirm", reason="")
    assert state_of(sample.engine, case_id).state == "agreed"
