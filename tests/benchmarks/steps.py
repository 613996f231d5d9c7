"""Taking a step through the door, against the bare driver doing the same reads and writes in the same database."""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine

from tests import databases
from tests.benchmarks import raw_step
from tests.kernel.sample_stage import REVIEWERS, Sample, registered, settle_in
from workflow import door, records
from workflow.attempt import Actor
from workflow.db import make_engine, reading, upgrade
from workflow.rules import place_chain

ROUNDS = 15
CASES_A_ROUND = 12
LEFT = (
    ("tasks", "trigger, organisation_id, role, deadline"),
    ("decisions", "seat_key, link, person_id, verdict, duty, details"),
    ("case_actors", "person_id, duty"),
    ("records", "seq, verb, role, person_id, to_state"),
)
DISK = Path("/var/tmp") if Path("/var/tmp").is_dir() else Path(tempfile.gettempdir())
PRAGMAS = (
    "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON", "trusted_schema=OFF",
    "busy_timeout=15000",
)  # fmt: skip


class OnSqlite:
    """The bare ``sqlite3`` module on an own connection, set up as ours are."""

    def __init__(self, url: str) -> None:
        self.connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, cached_statements=512)
        for pragma in PRAGMAS:
            self.connection.execute(f"PRAGMA {pragma}")
        self.texts: dict[str, str] = {}

    def run(self, statement: str, values: Any) -> sqlite3.Cursor:
        text = self.texts.setdefault(statement, statement.replace(" FOR UPDATE", ""))
        return self.connection.execute(text, values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        yield
        self.connection.execute("COMMIT")


class OnPostgresql:
    """The bare ``psycopg`` on an own connection; it prepares what is repeated, as it does for ours."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url)
        self.texts: dict[str, str] = {}

    def run(self, statement: str, values: Any) -> psycopg.Cursor[Any]:
        text = self.texts.setdefault(statement, statement.replace("?", "%s"))
        return self.connection.execute(text, values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield
        self.connection.commit()


def _ours(engine: Engine, work: list[tuple[int, Actor]], keys: Iterator[int]) -> float:
    began = time.perf_counter()
    for case_id, actor in work:
        door.take(engine, case_id, "opine", actor=actor, key=f"ours:{next(keys)}", data={"verdict": "agree"})
    return time.perf_counter() - began


def _raw(driver: Any, chain: Any, work: list[tuple[int, Actor]], keys: Iterator[int]) -> float:
    began = time.perf_counter()
    for case_id, actor in work:
        with driver.transaction():
            raw_step.opine(driver.run, chain, case_id, actor, f"raw:{next(keys)}")
    return time.perf_counter() - began


def _work(sample: Sample) -> list[tuple[int, Actor]]:
    actors = [sample.actor(role) for role in REVIEWERS]
    return [(case_id, actor) for case_id in [sample.open_case("under_review") for _ in range(CASES_A_ROUND)]
            for actor in actors]  # fmt: skip


def _same_rows(engine: Engine, ours: int, raw: int) -> None:
    """Both ways left a case as the other: the same tasks, the same decisions, sound chains."""
    with reading(engine) as connection:
        assert records.verify(connection) == []
        told = [[_rows(connection, case_id, *one) for one in LEFT] for case_id in (ours, raw)]
    assert told[0] == told[1]


def _rows(connection: Connection, case_id: int, table: str, columns: str) -> list[Any]:
    query = f"SELECT {columns} FROM {table} WHERE case_id = {case_id} ORDER BY {columns}"
    return [tuple(row) for row in connection.exec_driver_sql(query)]


def measure(engine: Engine, driver: Any, rounds: int = ROUNDS) -> dict[str, Any]:
    """Interleaved rounds of both; steps a second of ours, and the median ratio of the times of a round."""
    keys, ratios, seconds = count(1), [], []
    sample = settle_in(engine)
    chain = place_chain(sample.county.place)
    for number in range(rounds + 1):
        ours, raw = _work(sample), _work(sample)
        if number % 2:
            took_raw, took_ours = _raw(driver, chain, raw, keys), _ours(engine, ours, keys)
        else:
            took_ours, took_raw = _ours(engine, ours, keys), _raw(driver, chain, raw, keys)
        if number:  # the first round warms both up
            ratios.append(took_ours / took_raw)
            seconds.append(took_ours / len(ours))
    _same_rows(engine, ours[0][0], raw[0][0])
    return {
        "value": round(1 / statistics.median(seconds)), "unit": "steps/s",
        "ratio_to": "the bare driver doing the same reads and writes", "ratio": round(statistics.median(ratios), 2),
    }  # fmt: skip


def on_sqlite(rounds: int = ROUNDS) -> dict[str, Any]:
    """A step on SQLite, on disk."""
    with tempfile.TemporaryDirectory(dir=DISK) as folder, registered():
        url = f"sqlite:///{folder}/bench.sqlite"
        engine = make_engine(url)
        upgrade(engine)
        driver = OnSqlite(url)
        try:
            return measure(engine, driver, rounds)
        finally:
            driver.connection.close()
            engine.dispose()


def on_postgresql(rounds: int = ROUNDS) -> dict[str, Any] | None:
    """A step on PostgreSQL, on disk; ``None`` where there is no PostgreSQL."""
    binaries = databases.postgresql_binaries()
    if binaries is None:
        return None
    cluster = databases.Cluster(binaries, under=DISK)
    try:
        cluster.start()
        name = cluster.create()
        engine = make_engine(cluster.url(name))
        upgrade(engine)
        driver = OnPostgresql(cluster.url(name, driver=""))
        try:
            with registered():
                return measure(engine, driver, rounds)
        finally:
            driver.connection.close()
            engine.dispose()
    finally:
        cluster.remove()
