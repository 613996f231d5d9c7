"""The register's pages on a small sample county, with people who can sign in."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from tests.people import County, make_county
from workflow import accounts, cli, i18n, inbox, organisations, pages, security
from workflow.accounts import sessions
from workflow.clock import real_now
from workflow.db import writing
from workflow.organisations.model import organisations as bodies
from workflow.organisations.model import persons, seats

ADMINISTRATOR, COUNTY_ADMINISTRATOR = "platform.administrator.0", "desk.administrator"
STRONG = "Sample-2026"


@dataclass
class Hall:
    """The app, its county, and its browsers."""

    app: Flask
    engine: Engine
    county: County

    def enter(self, login: str) -> Visitor:
        """A browser in which ``login`` has signed in."""
        with writing(self.engine) as connection:
            number = connection.scalar(persons.select().with_only_columns(persons.c.id).where(persons.c.login == login))
            token = sessions.open_session(connection, number, real_now())
        client = self.app.test_client()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = token
        return Visitor(client)

    def number(self, login: str) -> int:
        """The number of the person with this login."""
        with writing(self.engine) as connection:
            found = connection.scalar(persons.select().with_only_columns(persons.c.id).where(persons.c.login == login))
        assert found is not None
        return int(found)


@dataclass
class Visitor:
    """A signed-in browser that fills in forms with the page's token and a key of their own."""

    client: FlaskClient

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, *, key: str = "", **data: str) -> TestResponse:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get("/inbox").text)
        assert found
        words = {"csrf_token": found[1], "_key": key or secrets.token_urlsafe(9), **data}
        return self.client.post(path, data=words, headers={"Referer": "http://localhost/"})


@pytest.fixture
def county(engine: Engine) -> County:
    """The sample county, and beside it a desk with an administrator for the county alone."""
    with writing(engine) as connection:
        county = make_county(connection)
        desk = {"code": "desk", "name": "样例县平台", "name_en": "", "kind": "platform", "place": county.place}
        number = connection.execute(bodies.insert().values(**desk).returning(bodies.c.id)).scalar_one()
        person = connection.execute(
            persons.insert()
            .values(login=COUNTY_ADMINISTRATOR, name="样例县管理员", password_hash="!", demo=True)
            .returning(persons.c.id)
        ).scalar_one()
        row = {"person_id": person, "organisation_id": number, "role": "administrator", "since": date(2020, 1, 1)}
        connection.execute(seats.insert().values(**row))
    return county


@pytest.fixture
def app(engine: Engine) -> Flask:
    """The pages that the register needs, without the stages."""
    app = Flask("workflow", template_folder=str(organisations_templates()))
    app.config.update({"SECRET_KEY": "k" * 40, "TESTING": True, "DATABASE_URL": "", "SESSION_COOKIE_SECURE": False})
    app.extensions["gongzhi.engine"] = engine
    for part in (i18n, security, accounts, pages, inbox, organisations, cli):
        part.init_app(app)
    security.check_access(app)
    return app


def organisations_templates() -> str:
    from workflow import TOP

    return str(TOP / "templates")


@pytest.fixture
def hall(app: Flask, engine: Engine, county: County) -> Hall:
    return Hall(app, engine, county)
