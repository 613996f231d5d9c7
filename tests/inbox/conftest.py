"""A sample county whose cases have gone every which way."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from tests.kernel.sample_stage import AT, STEPS, Sample, registered, settle_in
from workflow import clock
from workflow.accounts import sessions
from workflow.attempt import Actor
from workflow.db import writing
from workflow.lifecycle import NotFound
from workflow.model import cases, notices, tasks

DEADLINES = ("2026-02-20", "2026-03-02", "2026-03-04", "2026-03-09", "2026-03-10", "2026-06-30", "9999-12-31")
DATA: dict[str, dict[str, Any]] = {
    "opine": {"verdict": "agree"}, "decide": {"verdict": "agree"}, "amend": {"amount_fen": 7_00},
    "edit": {"amount_fen": 9_00},
}  # fmt: skip


@pytest.fixture
def engine(app: Flask) -> Engine:
    """The app's own engine, so that pages and tests see one database."""
    found: Engine = app.extensions["gongzhi.engine"]
    return found


@pytest.fixture
def sample(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sample]:
    """A county with the sample stage, whose pages have nothing of their own."""
    views = SimpleNamespace(facts=lambda page: [], sections=lambda page: [])
    monkeypatch.setitem(sys.modules, "workflow.sample.views", views)
    with registered():
        yield settle_in(engine)


Visit = Callable[[Actor], FlaskClient]


@pytest.fixture
def visit(app: Flask, engine: Engine) -> Visit:
    """A browser in which somebody has signed in."""

    def come_in(actor: Actor) -> FlaskClient:
        assert actor.person_id is not None
        with writing(engine) as connection:
            token = sessions.open_session(connection, actor.person_id, clock.real_now())
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = token
        return client

    return come_in


def everyone(sample: Sample) -> list[Actor]:
    """One seat of everybody in the county."""
    return [actor for people in sample.county.actors.values() for actor in people]


def random_steps(sample: Sample, seed: int, number: int) -> int:
    """Take ``number`` steps at random, most of them refused, from a few seats; how many were taken."""
    chosen, taken = random.Random(seed), 0
    roles = {role for one in STEPS for role in one.by} - {Role.SYSTEM}
    actors = [sample.actor(role, n) for role in roles for n in (0, 1)]
    actors.sort(key=lambda one: one.seat_id or 0)
    known = [sample.open_case(chosen.choice(("drafting", "submitted", "under_review", "agreed"))) for _ in range(12)]
    for _ in range(number):
        step, case_id = chosen.choice(STEPS), chosen.choice(known)
        fitting = [one for one in actors if one.role in step.by]
        if not fitting:
            continue
        try:
            sample.take(case_id, step.trigger, chosen.choice(fitting), data=DATA.get(step.trigger))
            taken += 1
        except (Refused, NotFound):
            continue
    _scatter(sample, chosen)
    return taken


def _scatter(sample: Sample, chosen: random.Random) -> None:
    """Deadlines of every kind, some tasks given to one person by name, and notices to all sorts of posts."""
    with writing(sample.engine) as connection:
        for row in connection.execute(select(tasks)).all():
            post = (row.organisation_id, row.role)
            people = [one.person_id for one in everyone(sample) if (one.organisation_id, one.role) == post]
            person = chosen.choice([None, None, *people])
            values = {"deadline": chosen.choice(DEADLINES), "person_id": person}
            connection.execute(tasks.update().where(tasks.c.id == row.id).values(values))
        numbers = list(connection.scalars(select(cases.c.id)))
        for _ in range(60):
            to = chosen.choice(everyone(sample))
            connection.execute(
                notices.insert().values(
                    case_id=chosen.choice([*numbers, None]), organisation_id=to.organisation_id, role=str(to.role),
                    kind=chosen.choice(("copy", "mention", "digest")), body="样例", at=AT,
                )
            )

