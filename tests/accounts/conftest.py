"""A small app with the sign-in pages and one page of each kind, on a fresh database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from flask import Flask, abort, redirect, request
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse
from werkzeug.wrappers import Response

from governance.roles import Role
from workflow import accounts, i18n, security
from workflow.accounts import passwords
from workflow.db import make_engine, writing
from workflow.organisations.model import organisations, persons, seats

PASSWORD = "正确的 密码 1"
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def add_person(engine: Engine, login: str, role: str = Role.LEAD_CLERK, *, demo: bool = False) -> int:
    """A person with the tests' password and one seat in the organisation of the tests, made when first needed."""
    with writing(engine) as connection:
        organisation = connection.scalar(organisations.select().with_only_columns(organisations.c.id))
        if organisation is None:
            organisation = connection.execute(
                organisations.insert()
                .values(code="x", name="样例县人民医院", name_en="Sample hospital", kind="hospital", place="cn-hunan")
                .returning(organisations.c.id)
            ).scalar_one()
        person = connection.execute(
            persons.insert()
            .values(login=login, name=f"样例{login}", password_hash=passwords.hash_password(PASSWORD), demo=demo)
            .returning(persons.c.id)
        ).scalar_one()
        connection.execute(
            seats.insert().values(person_id=person, organisation_id=organisation, role=role, since=date(2020, 1, 1))
        )
    return int(person)


def plain_app(engine: Engine, **config: object) -> Flask:
    """The guards and sign-in pages on ``engine``, with pages that answer, redirect, refuse and break."""
    app = Flask("workflow", template_folder=str(TEMPLATES))
    app.config.update({"SECRET_KEY": "k" * 40, "TESTING": True, "PROPAGATE_EXCEPTIONS": False, **config})
    app.extensions["gongzhi.engine"] = engine
    for part in (accounts, security, i18n):
        part.init_app(app)

    @app.get("/")
    @security.signed_in
    def home() -> str:
        return "home"

    @app.get("/cases/<path:name>")
    @security.signed_in
    def case(name: str) -> str:
        return name

    @app.post("/upload")
    @security.signed_in
    def upload() -> str:
        return str(len(request.form))

    @app.get("/away")
    @security.public
    def away() -> Response:
        return redirect("/login")

    @app.get("/broken/<int:code>")
    @security.public
    def broken(code: int) -> str:
        if code == 500:
            raise LookupError("secret detail")
        abort(code)

    security.check_access(app)
    return app


@pytest.fixture
def app(engine: Engine) -> Flask:
    return plain_app(engine)


@pytest.fixture
def quick_engine(sqlite_url: str) -> Iterator[Engine]:
    """An engine on SQLite, for what does not depend on the database."""
    engine = make_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def quick_app(quick_engine: Engine) -> Flask:
    return plain_app(quick_engine)


def token_of(client: FlaskClient) -> str:
    """The token that the page's forms carry."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/broken/404").text)
    assert found
    return found[1]


def post(client: FlaskClient, path: str, **data: str) -> TestResponse:
    """Post as a browser would, with the page's token."""
    headers = {"Referer": f"http://localhost{data.pop('came_from', '/login')}"}
    return client.post(path, data={"csrf_token": token_of(client), **data}, headers=headers)


def sign_in(client: FlaskClient, login: str, password: str = PASSWORD) -> TestResponse:
    """Fill in the form of the sign-in page."""
    return post(client, "/login", login=login, password=password)
