"""A case page asks the database for few things, and for no more of them when the case has a long history.

The whole request, for every case of the story, is counted in ``tests/journeys/test_page_queries.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.kernel.sample_stage import AT, BUREAUS, Sample, registered, settle_in
from tests.statements import counting
from workflow import incidents
from workflow.attempt import SYSTEM, Actor, Attempt, Case
from workflow.db import reading, writing
from workflow.model import cases, occurrences
from workflow.pages import case_page
from workflow.pages.case_reading import read_case

MOST = 15


@pytest.fixture
def app(sqlite_url: str) -> Iterator[Flask]:
    from tests.conftest import app_on

    with app_on(sqlite_url) as app:
        yield app


@pytest.fixture
def engine(app: Flask) -> Engine:
    found: Engine = app.extensions["gongzhi.engine"]
    return found


@pytest.fixture
def sample(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sample]:
    nothing_more = SimpleNamespace(facts=lambda page: [], sections=lambda page: [])
    monkeypatch.setitem(sys.modules, "workflow.sample.views", nothing_more)
    with registered():
        yield settle_in(engine)


def queries(app: Flask, engine: Engine, case_id: int, actors: list[Actor]) -> int:
    """How many statements the page of a case takes for someone who holds all these seats."""
    seats = [
        SimpleNamespace(
            seat_id=one.seat_id, organisation_id=one.organisation_id, role=str(one.role),
            kind=str(one.role).rsplit("_", 1)[0],
        )
        for one in actors
    ]
    viewer = SimpleNamespace(person_id=actors[0].person_id, name=actors[0].name, seats=seats)
    with app.test_request_context(), reading(engine) as connection:
        case = Case(*connection.execute(select(cases).where(cases.c.id == case_id)).one())
        case_page.build(connection, case, viewer, AT)  # what a process reads once, it has read
        with counting(connection) as asked:
            case_page.build(connection, case, viewer, AT)
    assert len(asked) <= MOST, "\n".join(asked)
    return len(asked)


def test_a_long_history_takes_no_more_than_a_short_one(app: Flask, sample: Sample) -> None:
    everyone = [people[0] for people in sample.county.actors.values()]
    short, long = sample.open_case("under_review"), sample.open_case("under_review")
    for number in range(40):
        sample.opine(long, BUREAUS[:2])
        sample.take(long, "amend", sample.actor(Role.LEAD_CLERK), data={"amount_fen": 1000 + number})
    sample.opine(short, BUREAUS[:2])
    assert queries(app, sample.engine, long, everyone) <= queries(app, sample.engine, short, everyone)


@pytest.mark.parametrize("state", ["drafting", "submitted", "under_review", "agreed", "refused", "paid"])
def test_every_state_is_shown_within_the_limit(app: Flask, sample: Sample, state: str) -> None:
    everyone = [people[0] for people in sample.county.actors.values()]
    assert queries(app, sample.engine, sample.open_case(state), everyone) > 0


def test_a_month_is_shown_within_the_limit(
    app: Flask, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    from tests.settlement.months import prepare

    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    monkeypatch.setenv("GONGZHI_CLAIMS", str(tmp_path / "claims"))
    month = prepare(engine).open()
    someone = [people[0] for people in month.county.actors.values()]
    assert queries(app, engine, month.case_id, someone) > 0
    month.to_approved()
    assert queries(app, engine, month.case_id, someone) > 0


def test_failed_runs_are_told_without_a_question_of_their_own(app: Flask, sample: Sample) -> None:
    everyone = [people[0] for people in sample.county.actors.values()]
    sound, broken = sample.open_case("agreed"), sample.open_case("agreed")
    row = {"scope": broken, "period": "", "due_at": AT, "status": "failed", "attempts": 1, "error": "坏了", "note": ""}
    with writing(sample.engine) as connection:
        connection.execute(occurrences.insert(), [row | {"job": "first"}, row | {"job": "second"}])
    assert queries(app, sample.engine, broken, everyone) == queries(app, sample.engine, sound, everyone)
    with reading(sample.engine) as connection:
        attempt = read_case(connection, Case(*connection.execute(select(cases).where(cases.c.id == broken)).one()), AT)
        blocked = incidents.blocking(attempt.attempt.by(everyone[0]))
    said = "系统的“定时任务”没有完成，完成之前本件不能往下办；已列入定时任务页，系统管理员可见"
    assert [str(one.reason) for one in blocked] == [said, said]


def test_only_a_page_keeps_what_was_read(sample: Sample) -> None:
    """A step reads anew after each of its writes; a page, which writes nothing, does not ask twice."""
    number = sample.open_case("drafting")
    with reading(sample.engine) as connection:
        case = Case(*connection.execute(select(cases).where(cases.c.id == number)).one())
        step, page = Attempt(connection, case, SYSTEM, AT), read_case(connection, case, AT).attempt
        answers = iter(range(10))
        assert [step.once("key", lambda: next(answers)) for _again in range(2)] == [0, 1]
        assert [page.once("key", lambda: next(answers)) for _again in range(2)] == [2, 2]
        assert page.by(SYSTEM).once("key", lambda: next(answers)) == 2
