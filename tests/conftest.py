"""What every test may ask for: a fresh database of either kind, the app on it, a client, a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from hypothesis import settings

from tests import browsers, databases

# The tests of governance/ run without the web, so the app is imported only by the fixtures that need it.
if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

settings.register_profile("gongzhi", deadline=None, print_blob=True)
settings.load_profile("gongzhi")


def pytest_configure() -> None:
    """Lets ``tmp_path`` lie where the databases of tests do."""
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(databases.quick_folder()))
    os.environ["GONGZHI_BANK_KEYS"] = "dGVzdHMgb25seTogbm8gYWNjb3VudCBpcyByZWFsISE="


def not_here(reason: str) -> NoReturn:
    """Skips what cannot run on this machine; on the build machine that is a failure."""
    if databases.must_not_be_missing():
        pytest.fail(reason)
    pytest.skip(reason)


def absences() -> list[str]:
    """What is missing here, in words."""
    reasons = [] if databases.postgresql_binaries() else [databases.MISSING]
    return reasons if browsers.chromium() else [*reasons, browsers.MISSING]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says once more, where it is read, which tests could not run."""
    for reason in absences():
        terminalreporter.write_line(reason, red=True, bold=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for a page is a browser test."""
    for item in items:
        if "page" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


def migrated(url: str) -> None:
    """Brings the empty database at ``url`` to the newest migration and lets go of it."""
    from workflow.db import make_engine, upgrade

    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that every test copies."""
    path = tmp_path_factory.mktemp("template") / "gongzhi.sqlite"
    migrated(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_cluster() -> Iterator[databases.Cluster]:
    """The PostgreSQL server that the tests share."""
    binaries = databases.postgresql_binaries()
    if binaries is None:
        not_here(databases.MISSING)
    cluster = databases.Cluster(binaries)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()


@pytest.fixture(scope="session")
def postgresql_spares(postgresql_cluster: databases.Cluster) -> Iterator[databases.Spares]:
    """Copies of a migrated PostgreSQL database, made ahead of the tests that take them."""
    template = postgresql_cluster.create()
    migrated(postgresql_cluster.url(template))
    spares = databases.Spares(postgresql_cluster, template)
    yield spares
    spares.close()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh migrated SQLite database."""
    path = shutil.copyfile(sqlite_template, tmp_path / "gongzhi.sqlite")
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgresql_spares: databases.Spares) -> Iterator[str]:
    """A fresh migrated PostgreSQL database."""
    database = postgresql_spares.take()
    yield postgresql_spares.cluster.url(database)
    postgresql_spares.give_back(database)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh migrated database: the test runs once on each kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on the test's database, beside the app's own."""
    from workflow.db import make_engine

    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@contextmanager
def app_on(database_url: str) -> Iterator[Flask]:
    """The app on a database, its connections closed at the end."""
    from workflow import create_app

    app = create_app({"DATABASE_URL": database_url, "TESTING": True, "SECRET_KEY": "test"})
    yield app
    app.extensions["gongzhi.engine"].dispose()


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The app on the test's database."""
    with app_on(database_url) as app:
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the app, signed in as nobody."""
    return app.test_client()


@pytest.fixture
def site(sqlite_url: str) -> Iterator[str]:
    """The address of the app served on loopback for a browser, on SQLite."""
    with app_on(sqlite_url) as app, browsers.serving(app) as address:
        yield address


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's own Chromium, headless and without a word to anyone outside."""
    chromium = browsers.chromium()
    if chromium is None:
        not_here(browsers.MISSING)
    return {**browser_type_launch_args, "executable_path": chromium, "headless": True, "args": browsers.ARGUMENTS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A clerk's screen in a county office."""
    return {
        **browser_context_args,
        "viewport": {"width": 1366, "height": 768},
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
    }
