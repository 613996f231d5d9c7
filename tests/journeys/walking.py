"""Walking through the story's end over HTTP: people who sign in, forms with their tokens, and whether all stayed."""

from __future__ import annotations

import html
import re
import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, select
from werkzeug.test import TestResponse

from governance.roles import Role
from workflow.accounts import sessions
from workflow.clock import real_now
from workflow.db import reading, writing
from workflow.machines import PASSING_ON
from workflow.model import cases
from workflow.organisations.model import consortia, organisations, persons, seats
from workflow.organisations.posts import fits
from workflow.story.cast import body_code

CITY, BEIHE = "demo-hunan-city", "demo-hunan-beihe"
_TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')
_CHANGING = re.compile(r'(value|content)="[\w.+-]{16,}"')


def post_of(role: str, lead: str = "beihe-a-lead", member: str = "beihe-a-town-1", county: str = BEIHE) -> str:
    """The organisation of the sample viewer who holds ``role``."""
    if role.startswith(("lead_", "member_")):
        return lead if role.startswith("lead_") else member
    if role in ("administrator", "rules_officer", "auditor"):
        return f"audit-{CITY}" if role == "auditor" else f"platform-{CITY}"
    kind = role.rsplit("_", 1)[0]
    return body_code(kind, county if kind.startswith(("county", "committee", "centre")) else CITY)


def plain(answer: TestResponse) -> str:
    """The text of a page without what differs from one drawing to the next: tokens and keys."""
    return _CHANGING.sub("", answer.text)


def token_in(page: str) -> str:
    """The token of the first form on a page."""
    found = _TOKEN.search(page)
    assert found
    return found[1]


@dataclass
class Walk:
    """The app on a story's end, and its engine for looking behind the pages."""

    app: Flask

    @property
    def engine(self) -> Engine:
        """The app's engine."""
        engine: Engine = self.app.extensions["gongzhi.engine"]
        return engine

    def person(self, code: str, role: str, number: int = 0) -> int:
        """The ``number``-th person with ``role`` in the organisation with this code."""
        query = (
            select(persons.c.id)
            .join(seats, seats.c.person_id == persons.c.id)
            .join(organisations, organisations.c.id == seats.c.organisation_id)
            .where(organisations.c.code == code, seats.c.role == str(role))
            .order_by(seats.c.id)
        )
        with reading(self.engine) as connection:
            return int(connection.scalars(query).all()[number])

    def visitor(self, code: str, role: str | Role, number: int = 0) -> Visitor:
        """A browser in which that person has just signed in."""
        person = self.person(code, str(role), number)
        with writing(self.engine) as connection:
            token = sessions.open_session(connection, person, real_now())
        client = self.app.test_client()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = token
        return Visitor(client)

    def case(self, code: str, stage: str, period: str) -> Any:
        """The case of a consortium's stage and period."""
        query = select(cases).join(consortia, consortia.c.id == cases.c.consortium_id)
        where = (consortia.c.code == code, cases.c.stage == stage, cases.c.period == period)
        with reading(self.engine) as connection:
            return connection.execute(query.where(*where)).one()


def with_levels(walk: Walk) -> Walk:
    """Section heads and deputies in every organisation that may have them; the story's places ask for none."""
    with writing(walk.engine) as connection:
        bodies = connection.execute(select(organisations.c.id, organisations.c.code, organisations.c.kind)).all()
        for body in bodies:
            for role in (one for one in Role if one.endswith(PASSING_ON) and fits(body.kind, one)):
                named = {"login": f"{body.code}.{role}.1", "name": f"{role}样例", "password_hash": "!", "demo": True}
                person = connection.execute(persons.insert().values(named).returning(persons.c.id)).scalar_one()
                held = {"person_id": person, "organisation_id": body.id, "role": role, "since": date(2023, 1, 1)}
                connection.execute(seats.insert().values(held))
    return walk


@dataclass
class Visitor:
    """A signed-in browser that sends forms with the page's token, a key of its own, and the version it saw."""

    client: FlaskClient
    token: str = ""

    def get(self, path: str) -> TestResponse:
        """A page."""
        return self.client.get(path, buffered=True)

    def post(self, path: str, data: dict[str, Any] | None = None, **headers: str) -> TestResponse:
        """A form with a valid token; ``data`` may bring ``_key`` and ``_seen``."""
        if not self.token:
            self.token = token_in(self.get("/inbox").text)
        words = {"csrf_token": self.token, "_key": secrets.token_urlsafe(9), **(data or {})}
        said = {"Referer": "http://localhost/", **headers}
        return self.client.post(
            path, data=words, headers=said, content_type="multipart/form-data", buffered=True
        )


@dataclass
class Watch:
    """Sees whether anybody has changed the database: SQLite counts the commits of others that changed something."""

    connection: Connection
    seen: int = 0

    def reset(self) -> None:
        """Count from here."""
        self.seen = self._version()

    def _version(self) -> int:
        return int(self.connection.exec_driver_sql("PRAGMA data_version").scalar_one())

    def unchanged(self) -> bool:
        """Whether nothing was written since the last reset."""
        return self._version() == self.seen


def said(page: str) -> str:
    """What a page says is wrong: its error lists and its messages."""
    found = re.findall(r'<div class="errors".*?</div>|<p class="err".*?</p>|<p class="flash.*?</p>', page, re.S)
    return html.unescape(re.sub(r"<[^>]+>|\s+", " ", " ".join(found)))


def refused(watch: Watch, visitor: Visitor, path: str, data: dict[str, Any], status: int = 422) -> str:
    """Post; the status is ``status``, nothing was written, and what the page says is given back."""
    visitor.get("/inbox")
    watch.reset()
    answer = visitor.post(path, data)
    assert answer.status_code == status, (path, data, answer.status_code, said(answer.text))
    assert watch.unchanged(), (path, data)
    words = said(answer.text)
    assert re.search(r"[\u4e00-\u9fff]{4}", words), (path, data, answer.text[:500])
    return words
