"""Statutory clocks: they start, pause for as many working days as the pause lasts, stop, and are flagged when over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from governance.roles import Role
from governance.rulebook import Provision
from governance.workdays import workdays_between
from tests.kernel.checking import sound, state_of
from tests.kernel.sample_stage import Sample
from workflow import clocks, jobs, lifecycle, tasks
from workflow.attempt import SYSTEM, Attempt
from workflow.calendar_days import load_calendar
from workflow.clock import moment
from workflow.db import reading, writing
from workflow.model import clocks as clock_rows
from workflow.model import notices, records
from workflow.model import tasks as open_tasks

MONDAY = date(2026, 3, 2)


@contextmanager
def on(sample: Sample, case_id: int, day: date) -> Iterator[Attempt]:
    """The case on ``day``, its tasks brought up to date at the end."""
    with writing(sample.engine) as connection:
        attempt = Attempt(connection, lifecycle.lock(connection, case_id), SYSTEM, moment(day))
        yield attempt
        tasks.refresh(attempt)


def provision(value: str, unit: str) -> Provision:
    return Provision(rule="sample.within", place="demo-hunan-beihe", since=date(2024, 1, 1), value=value, unit=unit)


def started(sample: Sample, value: str = "10", unit: str = "working_days") -> int:
    case_id = sample.open_case("submitted")
    with on(sample, case_id, MONDAY) as attempt:
        clocks.start(attempt, "within", provision(value, unit), Role.AGENCY_CLERK)
    return case_id


def row(sample: Sample, case_id: int) -> object:
    with reading(sample.engine) as connection:
        return connection.execute(select(clock_rows).where(clock_rows.c.case_id == case_id)).one()


def deadlines(sample: Sample, case_id: int) -> set[str]:
    with reading(sample.engine) as connection:
        return set(connection.scalars(select(open_tasks.c.deadline).where(open_tasks.c.case_id == case_id)))


@pytest.mark.parametrize(
    ("value", "unit", "deadline"),
    [
        ("10", "working_days", date(2026, 3, 16)),
        ("10", "days", date(2026, 3, 12)),
        ("1", "months", date(2026, 4, 2)),
        ("12", "months", date(2027, 3, 2)),
    ],
)
def test_a_clock_runs_from_the_day_after(sample: Sample, value: str, unit: str, deadline: date) -> None:
    case_id = started(sample, value, unit)
    assert row(sample, case_id).deadline == deadline
    assert deadlines(sample, case_id) == {deadline.isoformat()}


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2025, 12, 31), 2, date(2026, 2, 28)),
        (date(2025, 11, 30), 1, date(2025, 12, 30)),
        (date(2025, 12, 1), 1, date(2026, 1, 1)),
        (date(2026, 3, 31), 36, date(2029, 3, 31)),
    ],
)
def test_months_end_on_the_same_day_or_the_last(start: date, months: int, end: date) -> None:
    assert clocks.months_after(start, months) == end


@pytest.mark.parametrize("paused_days", [0, 1, 4, 5, 30])
def test_a_pause_moves_the_deadline_by_its_working_days(sample: Sample, paused_days: int) -> None:
    case_id = started(sample)
    with on(sample, case_id, MONDAY + timedelta(days=3)) as attempt:
        clocks.pause(attempt, "within")
    assert deadlines(sample, case_id) == {tasks.NO_DEADLINE}
    back = MONDAY + timedelta(days=3 + paused_days)
    with on(sample, case_id, back) as attempt:
        clocks.resume(attempt, "within")
        clocks.resume(attempt, "within")
        calendar = load_calendar(attempt.connection)
    found = row(sample, case_id)
    paused = workdays_between(MONDAY + timedelta(days=3), back, calendar)
    assert (found.paused_on, found.paused_days) == (None, paused)
    assert workdays_between(MONDAY, found.deadline, calendar) == 10 + paused
    assert deadlines(sample, case_id) == {found.deadline.isoformat()}


def test_a_clock_of_calendar_days_keeps_its_unit_over_a_pause(sample: Sample) -> None:
    case_id = sample.open_case("submitted")
    with on(sample, case_id, MONDAY) as attempt:
        rule = attempt.rule("agreement.suspension_max_days")
        assert rule.unit == "days"
        clocks.start(attempt, "within", rule, Role.AGENCY_CLERK)
    with on(sample, case_id, MONDAY + timedelta(days=4)) as attempt:
        clocks.pause(attempt, "within")
    with on(sample, case_id, MONDAY + timedelta(days=11)) as attempt:
        clocks.resume(attempt, "within")
    assert row(sample, case_id).deadline == MONDAY + timedelta(days=rule.integer + 7)


def test_a_clock_that_runs_on_after_it_was_overdue_is_flagged_again(sample: Sample) -> None:
    """Sent back when it was late already: the pause moves its last day on, and that day may be missed as well."""
    case_id = started(sample)
    late = date(2026, 3, 17)
    with on(sample, case_id, late) as attempt:
        (due,) = jobs.overdue_clocks(attempt.connection, moment(late))
        jobs.flag_overdue(attempt.connection, due, moment(late))
        clocks.pause(attempt, "within")
    with on(sample, case_id, date(2026, 3, 24)) as attempt:
        clocks.resume(attempt, "within")
    assert (row(sample, case_id).deadline, row(sample, case_id).overdue_on) == (date(2026, 3, 23), late)
    again = started(sample)
    with on(sample, again, date(2026, 3, 13)) as attempt:
        attempt.connection.execute(
            clock_rows.update().where(clock_rows.c.case_id == again).values(overdue_on=date(2026, 3, 13))
        )
        clocks.pause(attempt, "within")
    with on(sample, again, date(2026, 3, 20)) as attempt:
        clocks.resume(attempt, "within")
    assert (row(sample, again).deadline, row(sample, again).overdue_on) == (date(2026, 3, 23), None)
    with reading(sample.engine) as connection:
        assert [one.scope for one in jobs.overdue_clocks(connection, moment(date(2026, 3, 24)))] == [again]


def test_a_stopped_clock_is_never_overdue(sample: Sample) -> None:
    case_id = started(sample)
    with on(sample, case_id, MONDAY) as attempt:
        clocks.stop(attempt, "within")
        clocks.stop(attempt, "no such clock")
    assert deadlines(sample, case_id) == {tasks.NO_DEADLINE}
    with reading(sample.engine) as connection:
        assert jobs.overdue_clocks(connection, moment(date(2026, 12, 1))) == []


def test_a_case_that_is_over_stops_its_clocks(sample: Sample) -> None:
    case_id = sample.open_case("under_review")
    with on(sample, case_id, MONDAY) as attempt:
        clocks.start(attempt, "within", provision("10", "days"), Role.CITY_HEALTH_APPROVER)
    sample.opine(case_id)
    sample.decide(case_id, verdict="disagree", kinds=("city_health",))
    assert state_of(sample.engine, case_id).state == "refused"
    assert row(sample, case_id).stopped_on is not None


def test_a_clock_is_flagged_the_day_after_its_last_day_and_once(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "stage_jobs", list)
    monkeypatch.setattr(jobs, "daily_jobs", lambda: [jobs.FLAG_OVERDUE])
    case_id = started(sample)
    deadline = row(sample, case_id).deadline
    assert jobs.tick(sample.engine, moment(deadline, 23)) == []
    late = moment(deadline + timedelta(days=1), 0, 1)
    assert [one.job for one in jobs.tick(sample.engine, late)] == ["flag_overdue"]
    assert jobs.tick(sample.engine, late) == []
    with reading(sample.engine) as connection:
        assert [one.verb for one in connection.execute(select(records).order_by(records.c.seq))] == ["open", "overdue"]
        (told,) = connection.execute(select(notices)).all()
    assert (told.role, told.kind) == ("agency_clerk", "overdue")
    sound(sample.engine)
