"""Taking a step through the door, against the bare driver doing the same reads and writes in the same database."""

from __future__ import annotations

import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, select

from tests import databases
from tests.benchmarks import raw_step
from tests.kernel.sample_stage import REVIEWERS, Sample, registered, settle_in
from workflow import door, records, standing
from workflow.attempt import Actor
from workflow.db import canonical, make_engine, metadata, reading, upgrade
from workflow.model import answers
from workflow.rules import place_chain

ROUNDS = 15
CASES_A_ROUND = 12
LEFT = ("cases", "tasks", "decisions", "case_actors", "records", "rounds", "round_seats", "dossiers", "clocks")
# What differs between two cases because they are two, or were worked on at two moments.
OF_EACH = {
    "id", "case_id", "serial", "at", "since", "opened_at", "hash", "prev_hash", "record_hash", "subject_hash", "sha256",
}  # fmt: skip
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
    """Both ways left a case as the other: every row with every column, the same bytes in each, sound chains."""
    with reading(engine) as connection:
        assert records.verify(connection) == []
        for table in LEFT:
            told = [_rows(connection, case_id, table) for case_id in (ours, raw)]
            assert told[0] == told[1], table
        assert _answers(connection, "ours", ours) == _answers(connection, "raw", raw)


def _rows(connection: Connection, case_id: int, table: str) -> list[Any]:
    kept = metadata.tables[table]
    mine = kept.c.id if table == "cases" else kept.c.case_id
    found = []
    for row in connection.execute(select(kept).where(mine == case_id)).mappings():
        found.append({name: value for name, value in row.items() if name not in OF_EACH and name != "body"})
        found[-1]["body"] = _body(row["body"], case_id) if table == "records" else row.get("body")
        found[-1]["lengths"] = {name: len(row[name]) for name in OF_EACH & row.keys() if isinstance(row[name], str)}
    return sorted(found, key=str)


def _body(text: str, case_id: int) -> str:
    """A record's text without what is its own: its moment, its case and the hash of its content."""
    told = json.loads(text)
    assert told["case"] == case_id
    told["data"] = {name: value for name, value in told["data"].items() if name != "subject"} | {"subject": ""}
    return canonical(told | {"at": "", "case": 0})


def _answers(connection: Connection, kind: str, case_id: int) -> list[Any]:
    """What was answered for a case: its record and state, and the length of what the request is known by."""
    rows = connection.execute(select(answers).where(answers.c.key.startswith(f"{kind}:"))).all()
    told = [(json.loads(row.answer), len(row.body_hash)) for row in rows]
    return sorted((one["record"], one["state"], size) for one, size in told if one["case"] == case_id)


def same_standing(engine: Engine, driver: Any, case_id: int, actor: Actor) -> None:
    """Whether an actor may act is read by both with the same row, column for column."""
    day = "2026-03-02"
    given = {
        "seat": actor.seat_id, "person": actor.person_id, "holder": actor.holder_id, "role": str(actor.role),
        "organisation": actor.organisation_id, "day": date.fromisoformat(day), "stage": "sample", "case": case_id,
        "trigger": "opine",
    }  # fmt: skip
    with reading(engine) as connection:
        ours = standing._STANDING.first(connection, given)
    asked = raw_step.asked_of(actor, case_id, "opine", "sample", day)
    with driver.transaction():
        raw = driver.run(raw_step.STANDING, asked).fetchone()
    assert ours is not None
    assert list(map(_plain, ours)) == list(map(_plain, raw))


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


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
    same_standing(engine, driver, *raw[0])
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
