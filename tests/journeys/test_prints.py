"""Prints for signature and the check of a paper, over the whole story: the hash, the QR code, and nobody's secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import segno
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from governance.roles import Role
from workflow import clock
from workflow.accounts import sessions
from workflow.db import reading, writing
from workflow.documents import prints
from workflow.model import cases, rounds
from workflow.organisations.model import seats
from workflow.pages.case_page import OUTCOMES


@pytest.fixture
def engine(story_app: Flask) -> Engine:
    found: Engine = story_app.extensions["gongzhi.engine"]
    return found


def clients_of(app: Flask, engine: Engine, role: Role) -> list[FlaskClient]:
    """Everybody who holds ``role``, signed in."""
    found = []
    with writing(engine) as connection:
        people = connection.scalars(select(seats.c.person_id).where(seats.c.role == str(role)).order_by(seats.c.id))
        tokens = [sessions.open_session(connection, person, clock.real_now()) for person in list(people)]
    for token in tokens:
        found.append(app.test_client())
        with found[-1].session_transaction() as cookie:
            cookie["_user_id"] = token
    return found


def client_of(app: Flask, engine: Engine, role: Role) -> FlaskClient:
    """Somebody who holds ``role``, signed in."""
    return clients_of(app, engine, role)[0]


@pytest.fixture
def auditor(story_app: Flask, engine: Engine) -> FlaskClient:
    """The auditor of the city in which the story's first cases lie."""
    row = next(decided(engine))
    every = clients_of(story_app, engine, Role.AUDITOR)
    return next(one for one in every if one.get(f"/{row.stage}/{row.id}").status_code == 200)


def decided(engine: Engine) -> Iterator[Any]:
    """Every round of the story, with its case."""
    query = select(rounds.c.ballot, rounds.c.outcome, cases.c.id, cases.c.stage, cases.c.subject_hash)
    with reading(engine) as connection:
        yield from connection.execute(query.join(cases, cases.c.id == rounds.c.case_id).order_by(cases.c.id)).all()


def test_every_ballot_of_the_story_prints_with_its_whole_hash_and_code(engine: Engine, auditor: FlaskClient) -> None:
    seen = set()
    for row in decided(engine):
        if (row.stage, row.ballot) in seen:
            continue
        address = f"/{row.stage}/{row.id}"
        if auditor.get(address).status_code == 404:
            continue
        seen.add((row.stage, row.ballot))
        answer = auditor.get(f"{address}/print/{row.ballot}")
        assert answer.status_code == 200, address
        assert row.subject_hash in answer.text and row.subject_hash[:16] in answer.text.split("<footer")[1]
        text = f"http://localhost/check?hash={row.subject_hash}&case=%2F{row.stage}%2F{row.id}"
        assert str(prints.qr(text)) in answer.text, address
        assert " style=" not in answer.text and "<script" not in answer.text
    assert len(seen) >= 6


def test_the_code_is_a_code_of_the_text() -> None:
    text = "http://localhost/check?hash=" + "a" * 64
    drawn = segno.make(text, micro=False, error="m")
    assert str(prints.qr(text)).count("<svg") == 1
    assert drawn.symbol_size(2, 2)[0] == int(re.search(r'width="(\d+)"', str(prints.qr(text))).group(1))
    assert prints.qr(text) != prints.qr(text[:-1] + "b")


def test_an_unknown_ballot_and_a_foreign_case_are_not_found(
    story_app: Flask, engine: Engine, auditor: FlaskClient
) -> None:
    row = next(decided(engine))
    assert auditor.get(f"/{row.stage}/{row.id}/print/nothing").status_code == 404
    with reading(engine) as connection:
        stages = {one.id: one.stage for one in connection.execute(select(cases.c.id, cases.c.stage))}
    member = client_of(story_app, engine, Role.MEMBER_CLERK)
    foreign = [number for number, stage in stages.items() if member.get(f"/{stage}/{number}").status_code == 404]
    assert foreign
    for number in foreign[:5]:
        for ballot in ("settlement", "ruling", "approval", "committee"):
            assert member.get(f"/{stages[number]}/{number}/print/{ballot}").status_code == 404


def test_a_hash_tells_its_case_version_and_decision_within_the_scope(
    story_app: Flask, engine: Engine, auditor: FlaskClient
) -> None:
    passed = [row for row in decided(engine) if row.outcome == "passed"]
    row = passed[0]
    for typed in (row.subject_hash[:8], row.subject_hash, row.subject_hash[:16].upper()):
        found = auditor.get(f"/check?hash={typed}").text
        assert f'href="/{row.stage}/{row.id}"' in found and OUTCOMES["passed"] in found
    outside = client_of(story_app, engine, Role.MEMBER_CLERK)
    hidden = next(one for one in passed if outside.get(f"/{one.stage}/{one.id}").status_code == 404)
    answer = outside.get(f"/check?hash={hidden.subject_hash}").text
    assert f'href="/{hidden.stage}/{hidden.id}"' not in answer and "没有这个校验码" in answer


@pytest.mark.parametrize("typed", ["abc", "z" * 64, "a" * 65, "%27%20or%201=1", "ａ" * 10])
def test_what_is_no_hash_is_said_so(auditor: FlaskClient, typed: str) -> None:
    answer = auditor.get(f"/check?hash={typed}")
    assert answer.status_code == 422 and "8 至 64 位" in answer.text


def test_nothing_typed_is_a_form(auditor: FlaskClient) -> None:
    answer = auditor.get("/check")
    assert answer.status_code == 200 and 'name="hash"' in answer.text
