"""``kill -9`` in the middle of scheduled work, and two schedulers at once: each run happens once, and none is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from tests.faults.test_crashes import wait_for_backends
from tests.kernel.checking import problems
from tests.kernel.sample_stage import AT, Sample, registered, settle_in
from workflow import lifecycle, occurrences
from workflow.attempt import SYSTEM
from workflow.db import make_engine, reading, writing
from workflow.model import cases, records
from workflow.model import occurrences as rows
from workflow.occurrences import Due, Job, run_due

CASES = 6


@pytest.fixture
def sample(engine: Engine) -> Iterator[Sample]:
    with registered():
        yield settle_in(engine)


def waiting(connection: Connection, at: datetime) -> list[Due]:
    """Submitted cases, and every day of the last three on which a word is due about each."""
    query = select(cases.c.id).where(cases.c.stage == "sample", cases.c.state == "submitted").order_by(cases.c.id)
    return [Due(number, "", at) for number in connection.scalars(query)]


def admit(connection: Connection, due: Due, at: datetime) -> None:
    lifecycle.take(connection, due.scope, "admit", actor=SYSTEM, at=at)


def days_missed(connection: Connection, at: datetime) -> list[Due]:
    """A word about every case for each of three days, whether or not one was said; the runs know what is done."""
    numbers = list(connection.scalars(select(cases.c.id).where(cases.c.stage == "sample").order_by(cases.c.id)))
    days = [at - timedelta(days=back) for back in (2, 1, 0)]
    return [Due(number, day.date().isoformat(), day) for day in days for number in numbers]


def word(connection: Connection, due: Due, at: datetime) -> None:
    lifecycle.note(connection, due.scope, "word", at=at, data={"day": due.period})


JOBS = (Job("admit", "转入评定", waiting, admit), Job("word", "每日一句", days_missed, word))


def killed(number: int, moment: str) -> tuple[Job, ...]:
    """The jobs in a process that kills itself in the ``number``-th run: before its effect, after it, or at its end."""
    done = iter(range(1, 1000))

    def dying(run: Callable[[Connection, Due, datetime], None]) -> Callable[[Connection, Due, datetime], None]:
        def one(connection: Connection, due: Due, at: datetime) -> None:
            here = next(done) == number
            if here and moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            run(connection, due, at)
            if here:
                os.kill(os.getpid(), signal.SIGKILL)

        return one

    return tuple(Job(job.name, job.label, job.due, dying(job.run)) for job in JOBS)


def in_a_process(url: str, work: Callable[[Engine], Any]) -> int:
    """Fork a scheduler of its own; its number."""
    child = os.fork()
    if child == 0:
        try:
            work(make_engine(url))
            os._exit(0)
        finally:
            os._exit(1)
    return child


def ended(child: int) -> int:
    """How the process ended: 0, or the signal that killed it."""
    _pid, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def sound(sample: Sample) -> None:
    """Every case was admitted once and has its word of each day once; every run is done; the chains are sound."""
    with reading(sample.engine) as connection:
        assert problems(connection) == []
        told = connection.execute(select(records.c.case_id, records.c.verb, records.c.body)).all()
        runs = connection.execute(select(rows.c.job, rows.c.scope, rows.c.period, rows.c.status)).all()
        numbers = list(connection.scalars(select(cases.c.id)))
    for number in numbers:
        mine = [row.verb for row in told if row.case_id == number]
        assert (mine.count("admit"), mine.count("word")) == (1, 3)
    assert {row.status for row in runs} == {"done"}
    assert len(runs) == len({tuple(row[:3]) for row in runs}) == 4 * CASES


def filled(sample: Sample) -> str:
    for _case in range(CASES):
        sample.open_case("submitted")
    url = sample.engine.url.render_as_string(hide_password=False)
    sample.engine.dispose()
    return url


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_in_the_middle_of_a_run_the_next_scheduler_does_the_rest(sample: Sample, moment: str) -> None:
    url = filled(sample)
    for number in (1, 3, 5, 4):
        dying = killed(number, moment)
        assert ended(in_a_process(url, lambda engine, dying=dying: run_due(engine, AT, dying))) == signal.SIGKILL
        wait_for_backends(sample.engine)
    while run_due(sample.engine, AT, JOBS):
        pass
    sound(sample)


def test_two_schedulers_at_once_of_which_one_is_killed(sample: Sample) -> None:
    url = filled(sample)
    dying = killed(7, "after")
    children = [
        in_a_process(url, lambda engine: run_due(engine, AT, JOBS)),
        in_a_process(url, lambda engine: run_due(engine, AT, dying)),
        in_a_process(url, lambda engine: run_due(engine, AT, JOBS)),
    ]
    assert {ended(one) for one in children} <= {0, signal.SIGKILL}
    wait_for_backends(sample.engine)
    while run_due(sample.engine, AT, JOBS):
        pass
    sound(sample)


def test_a_scheduler_that_hangs_in_a_run_holds_up_no_other(sample: Sample) -> None:
    """The other one leaves that run alone and does the rest; waiting for it would end as a failure here."""
    url = filled(sample)
    if not url.startswith("postgresql"):
        return  # SQLite has one writer, whoever it is
    impatient = make_engine(f"{url}{'&' if '?' in url else '?'}options=-c%20lock_timeout%3D1000")
    with reading(sample.engine) as connection:
        first = waiting(connection, AT)[0]
    with writing(sample.engine) as hanging:
        assert occurrences._claim(hanging, "admit", first) is not None
        ran = run_due(impatient, AT, JOBS[:1])
        assert [one.status for one in ran] == ["done"] * (CASES - 1)
        assert first not in [one.due for one in ran]
    while run_due(sample.engine, AT, JOBS):
        pass
    sound(sample)
    impatient.dispose()


def test_mutant_that_marks_before_it_acts_loses_a_run(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run marked as done in a transaction of its own is lost with the process: the check above sees it."""
    claim = occurrences._claim

    def early(connection: Connection, name: str, due: Due) -> Any:
        row = claim(connection, name, due)
        if row is not None and row.status == "waiting":
            connection.execute(rows.update().where(rows.c.id == row.id).values(status="done"))
            connection.exec_driver_sql("COMMIT")
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
        return row

    url = filled(sample)
    monkeypatch.setattr(occurrences, "_claim", early)
    dying = killed(3, "before")
    ended(in_a_process(url, lambda engine: run_due(engine, AT, dying)))
    monkeypatch.undo()
    wait_for_backends(sample.engine)
    while run_due(sample.engine, AT, JOBS):
        pass
    with pytest.raises(AssertionError):
        sound(sample)


def test_a_job_that_cannot_say_what_is_due_fails_alone_and_comes_back(sample: Sample) -> None:
    broken = {"now": True}

    def due(connection: Connection, at: datetime) -> list[Due]:
        if broken["now"]:
            connection.exec_driver_sql("SELECT nothing FROM nowhere")
        return waiting(connection, at)

    filled(sample)
    found = run_due(sample.engine, AT, (Job("lost", "查不出", due, admit), *JOBS))
    assert [(one.job, one.status) for one in found if one.status != "done"] == [("lost", "failed")]
    assert len(found) == 1 + 4 * CASES
    assert run_due(sample.engine, AT, (Job("lost", "查不出", due, admit),)) == [], "it waits for its next try"
    broken["now"] = False
    with writing(sample.engine) as connection:
        kept = connection.execute(select(rows).where(rows.c.job == "lost")).one()
    again = occurrences.run_one(
        sample.engine, Job("lost", "查不出", due, admit), Due(kept.scope, kept.period, AT), AT, forced=True
    )
    assert again is not None
    assert again.status == "done"


def test_the_commands_list_run_and_tell_what_is_due(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from workflow import create_app, jobs

    monkeypatch.setenv("GONGZHI_SEALS", str(tmp_path))
    app = create_app({"DATABASE_URL": sqlite_url, "TESTING": True, "SECRET_KEY": "test"})
    engine = app.extensions["gongzhi.engine"]
    with registered():
        held = settle_in(engine)
        number = held.open_case("submitted")
        monkeypatch.setattr(jobs, "all_jobs", lambda: list(JOBS))
        monkeypatch.setattr(jobs, "stage_jobs", lambda: JOBS)
        monkeypatch.setattr(jobs, "daily_jobs", list)
        run = app.test_cli_runner().invoke
        assert run(args=["jobs", "list"]).output.splitlines() == ["admit\t转入评定", "word\t每日一句"]
        assert f"admit\t{number}\t" in run(args=["jobs", "due"]).output.splitlines()
        assert f"admit\t{number}\t\tdone\t" in run(args=["jobs", "run"]).output.splitlines()
        assert "admit" not in run(args=["jobs", "due"]).output
    engine.dispose()
