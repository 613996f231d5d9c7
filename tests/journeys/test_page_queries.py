"""The page of every case of the story is opened within a fixed number of questions to the database, by whoever may."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, select

from governance.roles import Role
from tests.statements import counting_all
from workflow import clock
from workflow.accounts import sessions
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.db import reading, writing
from workflow.model import cases
from workflow.organisations.model import seats

MOST = 15


@pytest.fixture
def engine(story_app: Flask) -> Engine:
    found: Engine = story_app.extensions["gongzhi.engine"]
    return found


def _first_in(connection: Connection, role: Role, organisations: tuple[int, ...]) -> int | None:
    """The first person who holds ``role`` in one of the organisations."""
    query = select(seats.c.person_id).where(seats.c.role == str(role), seats.c.organisation_id.in_(organisations))
    found: int | None = connection.scalar(query.order_by(seats.c.id).limit(1))
    return found


def _visits(connection: Connection) -> Iterator[tuple[Case, int]]:
    """Each case with the first person of every role that may act in its state, or else may read it."""
    at = clock.now(connection)
    for row in connection.execute(select(cases).order_by(cases.c.id)).all():
        attempt = Attempt(connection, Case(*row), SYSTEM, at)
        roles = {role for step in attempt.stage.steps_from(attempt.case.state) for role in step.by}
        roles |= {Role.AUDITOR, Role.LEAD_CLERK, Role.AGENCY_CLERK}
        people = {_first_in(connection, role, attempt.parties.of(role)) for role in roles - {Role.SYSTEM}}
        yield from ((attempt.case, person) for person in sorted(people - {None}))


def test_every_page_of_the_story_is_opened_within_the_limit(story_app: Flask, engine: Engine) -> None:
    with reading(engine) as connection:
        visits = list(_visits(connection))
    clients, slow = {}, []
    with writing(engine) as connection:
        for person in {person for _case, person in visits}:
            token = sessions.open_session(connection, person, clock.real_now())
            clients[person] = story_app.test_client()
            with clients[person].session_transaction() as cookie:
                cookie["_user_id"] = token
    with counting_all(engine) as asked:
        for case, person in visits:
            url = f"/{case.stage}/{case.id}"
            asked.clear()
            assert clients[person].get(url).status_code == 200, url
            if len(asked) > MOST:
                slow.append(f"{url} {case.state} {person}: {len(asked)}\n" + "\n".join(asked))
    assert len(visits) > len({case.id for case, _person in visits})
    assert not slow, "\n\n".join(slow[:5])
