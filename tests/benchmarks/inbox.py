"""The inbox with ten thousand and with a million open tasks, side by side: what a page asks, and the page itself.

Two people look: one whose own work stays the same while everybody else's grows, and one whose own work grows with it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine

from tests import databases
from tests.benchmarks.many_tasks import fill, reviewer
from tests.benchmarks.steps import DISK
from workflow import clock, create_app
from workflow.accounts import sessions
from workflow.db import make_engine, upgrade, writing
from workflow.inbox.counts import counts, days_of
from workflow.inbox.filters import Filters
from workflow.inbox.keyset import START, Position
from workflow.inbox.posts import desk_of
from workflow.inbox.rows import read

FEW, MANY = 10_000, 1_000_000
ASKED, VISITS, WARM_UP, DEEP_PAGES = 100, 30, 5, 12
TODAY = date(2026, 3, 2)
PEOPLE = {1: "own work as before", 2: "own work grown as well"}
PAGES = {"inbox": "/inbox", "home": "/"}
Act = Callable[[], Any]


def p95(seconds: list[float]) -> float:
    """The time that nineteen of twenty stay under, in milliseconds."""
    return sorted(seconds)[int(len(seconds) * 0.95)] * 1000


def side_by_side(few: Act, many: Act, times: int) -> tuple[float, float]:
    """The p95 of both, one after the other in turn, whoever is first changing each time."""
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(times + WARM_UP):
        for side in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            (few, many)[side]()
            if number >= WARM_UP:
                took[side].append(time.perf_counter() - began)
    return p95(took[0]), p95(took[1])


def asking(connection: Connection, person: int, *, deep: bool = False) -> Act:
    """What the page of the inbox asks: a page of rows, and every count; ``deep`` begins some pages further on."""
    looking = reviewer(connection, person)
    days, position = days_of(connection, TODAY), START
    for _page in range(DEEP_PAGES if deep else 0):
        page = read(connection, desk_of(looking), Filters(), days, position)
        position = Position(page.last) if page.later else position

    def ask() -> Any:
        found = counts(connection, desk_of(looking), days)
        rows = read(connection, desk_of(looking), Filters(), days, position)
        connection.rollback()
        return found, rows

    return ask


def visiting(app: Flask, engine: Engine, person: int, path: str) -> Act:
    """The whole page over HTTP, signed in."""
    with writing(engine) as connection:
        token = sessions.open_session(connection, person, clock.real_now())
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token

    def visit() -> None:
        assert client.get(path).status_code == 200

    return visit


def measure(few: Engine, many: Engine, numbers: tuple[int, int] = (FEW, MANY), times: int = ASKED) -> dict[str, Any]:
    """Fill both databases and look at them in turn; the value is the p95 with many, the ratio the worse person's."""
    for engine, number in zip((few, many), numbers, strict=True):
        fill(engine, number, TODAY)
        with writing(engine) as connection:
            clock.set_demo_clock(connection, clock.moment(TODAY))
    found: dict[str, list[float]] = {}
    with few.connect() as left, many.connect() as right:
        for person, said in PEOPLE.items():
            for deep in (False, True):
                both = side_by_side(asking(left, person, deep=deep), asking(right, person, deep=deep), times)
                found[f"{'page further on' if deep else 'rows and counts'}, {said}"] = list(both)
    apps = [create_app({"DATABASE_URL": _url(one), "TESTING": True, "SECRET_KEY": "bench"}) for one in (few, many)]
    for person, said in PEOPLE.items():
        for name, path in PAGES.items():
            visits = [visiting(app, one, person, path) for app, one in zip(apps, (few, many), strict=True)]
            found[f"HTTP {name}, {said}"] = list(side_by_side(visits[0], visits[1], VISITS))
    for app in apps:
        app.extensions["gongzhi.engine"].dispose()
    return _told(found, numbers)


def _url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def _told(found: dict[str, list[float]], numbers: tuple[int, int]) -> dict[str, Any]:
    """The table of all that was measured is printed; the worse of the two people is what counts."""
    for name, (few, many) in found.items():
        both = f"p95 {few:.2f} ms at {numbers[0]:,}, {many:.2f} ms at {numbers[1]:,} tasks"
        print(f"  {name}: {both}: {many / few:.2f} ×")
    few, many = max((found[f"rows and counts, {said}"] for said in PEOPLE.values()), key=lambda both: both[1] / both[0])
    return {
        "value": round(many, 2), "unit": "ms p95", "ratio": round(many / few, 2),
        "ratio_to": f"the same with {numbers[0]:,} tasks instead of {numbers[1]:,}",
        "measured": {name: [round(one, 2) for one in both] for name, both in found.items()},
    }  # fmt: skip


@contextmanager
def on_disk(number: int) -> Iterator[list[Engine] | None]:
    """That many empty databases of PostgreSQL on disk; ``None`` where there is no PostgreSQL."""
    binaries = databases.postgresql_binaries()
    if binaries is None:
        yield None
        return
    cluster = databases.Cluster(binaries, under=DISK)
    with ExitStack() as stack:
        stack.callback(cluster.remove)
        cluster.start()
        engines = [make_engine(cluster.url(cluster.create())) for _ in range(number)]
        for engine in engines:
            stack.callback(engine.dispose)
            upgrade(engine)
        yield engines


def growth_on_postgresql() -> dict[str, Any] | None:
    """Growth by a hundred on PostgreSQL; ``None`` where there is none."""
    with on_disk(2) as engines:
        return measure(*engines) if engines else None


def growth_on_sqlite() -> dict[str, Any]:
    """Growth by a hundred on SQLite."""
    with tempfile.TemporaryDirectory(dir=DISK) as folder, ExitStack() as stack:
        engines = [make_engine(f"sqlite:///{folder}/{name}.sqlite") for name in ("few", "many")]
        for engine in engines:
            stack.callback(engine.dispose)
            upgrade(engine)
        return measure(*engines)
