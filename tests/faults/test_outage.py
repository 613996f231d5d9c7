"""The scheduler is out for two days over a month's end, then two of them start at once: nothing is lost or doubled."""

from __future__ import annotations

import json
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from tests.kernel.checking import problems
from tests.settlement.months import moment, prepare
from workflow import jobs
from workflow.db import make_engine, reading
from workflow.model import cases, clocks, occurrences, records

FIRST, LAST = moment("2025-03-29"), moment("2025-04-04")
OUT_FROM, OUT_UNTIL = moment("2025-03-31") - timedelta(hours=4), moment("2025-04-02")
EVERY = timedelta(hours=6)
# A digest tells what is open on its day: one that was missed is not made up for, the next holds all that is open.
# One run writes out every seal that the files lack: the lines are compared, not the runs.
COMPARED_OTHERWISE = ("send_digest", "write_seals")


@pytest.fixture(autouse=True)
def own_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    monkeypatch.setenv("GONGZHI_CLAIMS", str(tmp_path / "claims"))


@pytest.fixture
def steady_engine(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    """A database beside the test's own, in which the scheduler never stops."""
    engine = make_engine(f"sqlite:///{shutil.copyfile(sqlite_template, tmp_path / 'steady.sqlite')}")
    yield engine
    engine.dispose()


def ticks(engine: Engine, first: datetime, last: datetime) -> None:
    """The scheduler works from ``first`` until just before ``last``."""
    at = first
    while at < last:
        jobs.tick(engine, at)
        at += EVERY


def two_start_at_once(engine: Engine, at: datetime) -> None:
    """Two schedulers come back at the same moment."""
    failed: list[BaseException] = []

    def start() -> None:
        try:
            jobs.tick(engine, at)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=start) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def outcome(engine: Engine) -> dict[str, Any]:
    """What the scheduled work has brought about, whatever moment it came at."""
    with reading(engine) as connection:
        assert problems(connection) == []
        rows = connection.execute(
            select(cases.c.stage, cases.c.period, cases.c.pool, records.c.verb, records.c.to_state).join(
                records, records.c.case_id == cases.c.id
            )
        )
        runs = connection.execute(select(occurrences.c.job, occurrences.c.scope, occurrences.c.period))
        running = connection.execute(select(clocks.c.case_id, clocks.c.name, clocks.c.deadline, clocks.c.overdue_on))
        return {
            "records": Counter(tuple(row) for row in rows),
            "clocks": Counter((row.case_id, row.name, row.deadline) for row in running),
            "runs": Counter(tuple(row) for row in runs if row.job not in COMPARED_OTHERWISE),
        }


def test_two_days_without_a_scheduler_over_a_months_end(
    engine: Engine, steady_engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for one in (engine, steady_engine):
        prepare(one, pools=["resident", "employee"])
    monkeypatch.setenv("GONGZHI_SEALS", str(tmp_path / "steady"))
    ticks(steady_engine, FIRST, LAST)
    monkeypatch.setenv("GONGZHI_SEALS", str(tmp_path / "broken"))
    ticks(engine, FIRST, OUT_FROM)
    two_start_at_once(engine, OUT_UNTIL)
    ticks(engine, OUT_UNTIL, LAST)
    steady, broken = outcome(steady_engine), outcome(engine)
    assert {key[:3] for key in steady["records"]} >= {
        ("settlement", "2025-03", "resident"), ("settlement", "2025-03", "employee"),
    }  # fmt: skip
    assert broken == steady
    assert sealed(tmp_path / "broken") == sealed(tmp_path / "steady") != []


def sealed(folder: Path) -> list[str]:
    """The days whose seals lie outside the database, as often as they do."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line)["day"] for line in lines]
