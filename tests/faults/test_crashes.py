"""``kill -9`` while steps are taken: what was answered is there, what was not is there whole or not at all.

The child is forked, takes steps as fast as it can and is killed after a random 4 to 120 ms; then the database is opened
anew and looked through. ``FAULTS=deep`` kills ten thousand times. The seed of a run is in its failure.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text

from governance.roles import Role
from tests.kernel.checking import problems
from tests.kernel.sample_stage import Sample, registered, settle_in
from workflow import keeping
from workflow.db import make_engine, reading
from workflow.model import answers, cases, journals, records

KILLS = 10_000 if os.environ.get("FAULTS") == "deep" else 40
MUTANT_KILLS = 60
SEED = int(os.environ.get("FAULTS_SEED", "20260302"))


@pytest.fixture
def sample(engine: Engine) -> Iterator[Sample]:
    with registered():
        yield settle_in(engine)


def steps_without_end(sample: Sample, generation: int, said: int) -> None:
    """Whole ways of cases, one after the other; the key of every answer is written to ``said`` once it is here."""
    numbers = count(generation * 1_000_000)
    sample.numbers = numbers

    def take(case_id: int, trigger: str, role: Role, **data: Any) -> None:
        key = f"g{generation}:{next(numbers)}"
        sample.take(case_id, trigger, sample.actor(role), key=key, data=data)
        os.write(said, f"{key}\n".encode())

    while True:
        case_id = sample.open_case()
        take(case_id, "edit", Role.LEAD_CLERK, amount_fen=generation + 5)
        take(case_id, "submit_urgent", Role.LEAD_HEAD)
        for kind in ("city_health", "city_insurance", "city_finance"):
            take(case_id, "opine", Role(f"{kind}_reviewer"), verdict="agree")
        for kind in ("city_finance", "city_health", "city_insurance"):
            take(case_id, "decide", Role(f"{kind}_approver"), verdict="agree")
        take(case_id, "pay", Role.AGENCY_HEAD)
        os.write(said, b"warm\n")


def killed_child(sample: Sample, generation: int, after_seconds: float, mutate: Callable[[], None]) -> list[str]:
    """Fork, let the child take one case all the way and go on, kill it; the keys it had answers for."""
    url = sample.engine.url.render_as_string(hide_password=False)
    sample.engine.dispose()
    hear, said = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            mutate()
            sample.engine = make_engine(url)
            steps_without_end(sample, generation, said)
        finally:
            os._exit(1)
    os.close(said)
    with os.fdopen(hear) as lines:
        early = []
        while (line := lines.readline()) not in ("warm\n", ""):
            early.append(line)
        time.sleep(after_seconds)
        os.kill(child, signal.SIGKILL)
        _pid, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL, "the child stopped by itself"
        late = lines.read()
    return [line.strip() for line in [*early, *late.splitlines()] if line.strip() != "warm"]


def wait_for_backends(engine: Engine) -> None:
    """A PostgreSQL backend may still commit after its client is dead: wait until it has noticed."""
    if engine.dialect.name == "sqlite":
        return
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    for _try in range(500):
        with reading(engine) as connection:
            if not connection.scalar(others):
                return
        time.sleep(0.01)
    raise AssertionError("a backend of the killed process is still there")


def left_behind(sample: Sample, known: int, acknowledged: list[str]) -> list[str]:
    """What is wrong after a kill: half-written steps, and answers given that are not in the database."""
    wait_for_backends(sample.engine)
    with reading(sample.engine) as connection:
        found = problems(connection, after=known)
        kept = set(connection.scalars(select(answers.c.key).where(answers.c.answer != "")))
        steps = connection.scalar(select(func.count()).select_from(answers))
        told = connection.scalar(
            select(func.count())
            .select_from(records)
            .where(records.c.verb.notin_(["open", "admit", "agree", "refuse", "hand_back"]))
        )
        twice = select(journals.c.case_id).group_by(journals.c.case_id).having(func.count() > 1)
        found += [f"case {number} is paid twice" for number in connection.scalars(twice)]
    if steps != told:
        found.append(f"{steps} steps were answered and {told} recorded")
    return found + [f"{key} was answered and is lost" for key in acknowledged if key not in kept]


def newest(sample: Sample) -> int:
    with reading(sample.engine) as connection:
        return connection.scalar(select(func.max(cases.c.id))) or 0


def nothing() -> None:
    """The program as it is."""


def test_a_killed_process_leaves_no_half_written_step(sample: Sample) -> None:
    chance, acknowledged = random.Random(SEED), 0
    for generation in range(1, KILLS + 1):
        known = newest(sample)
        done = killed_child(sample, generation, chance.uniform(0.004, 0.120), nothing)
        acknowledged += len(done)
        assert left_behind(sample, known, done) == [], f"seed {SEED}, kill {generation}"
    assert acknowledged > 10 * KILLS


def two_transactions() -> None:
    """The mutant: what was written so far is committed before the case's row is."""
    whole = keeping.keep_case

    def halved(attempt: Any) -> None:
        attempt.connection.exec_driver_sql("COMMIT")
        if attempt.connection.dialect.name == "sqlite":
            attempt.connection.exec_driver_sql("BEGIN IMMEDIATE")
        whole(attempt)

    keeping.keep_case = halved  # type: ignore[assignment]


def test_mutant_with_two_transactions_is_caught(sample: Sample) -> None:
    chance = random.Random(SEED)
    for generation in range(1, MUTANT_KILLS + 1):
        known = newest(sample)
        done = killed_child(sample, generation, chance.uniform(0.004, 0.120), two_transactions)
        if left_behind(sample, known, done):
            return
    pytest.fail(f"{MUTANT_KILLS} kills between two transactions of one step were not noticed, seed {SEED}")


def test_a_database_file_copied_after_a_kill_opens_sound(sqlite_url: str, tmp_path: Path) -> None:
    """The file and its log, as they lie after the kill, are all that is needed."""
    engine = make_engine(sqlite_url)
    with registered():
        sample = settle_in(engine)
        killed_child(sample, 1, 0.08, nothing)
        origin, copy = Path(sqlite_url.removeprefix("sqlite:///")), tmp_path / "copy.sqlite"
        for ending in ("", "-wal"):
            copy.with_name(copy.name + ending).write_bytes(origin.with_name(origin.name + ending).read_bytes())
        sample.engine = make_engine(f"sqlite:///{copy}")
        assert left_behind(sample, 0, []) == []
        assert newest(sample) > 0
        sample.engine.dispose()
    engine.dispose()
