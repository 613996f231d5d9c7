"""The table of calendar days: complete, sourced, and the same as a second source for every announced year."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import chinese_calendar
import pytest
from holidays import country_holidays
from sqlalchemy import Engine, func, select

from governance.workdays import add_workdays
from workflow.calendar_days import (
    ANNOUNCED_SOURCE,
    ANNOUNCED_YEARS,
    PROVISIONAL_YEARS,
    days_of,
    forget_calendar,
    load_calendar,
    seed_calendar,
)
from workflow.db import reading, writing
from workflow.model import calendar_days


def test_every_day_is_there_once_with_its_source(engine: Engine) -> None:
    with reading(engine) as connection:
        rows = {row.day: row for row in connection.execute(select(calendar_days))}
    assert sorted(rows) == [*days_of(ANNOUNCED_YEARS), *days_of(PROVISIONAL_YEARS)]
    assert {day.year for day, row in rows.items() if row.confirmed} == set(ANNOUNCED_YEARS)
    assert {row.source for row in rows.values() if row.confirmed} == {ANNOUNCED_SOURCE}
    assert all("暂定" in row.source for row in rows.values() if not row.confirmed)


def test_seeding_again_keeps_what_was_imported(engine: Engine) -> None:
    day = date(2027, 5, 4)
    last = date(2028, 12, 31)
    with writing(engine) as connection:
        count = connection.scalar(select(func.count()).select_from(calendar_days))
        connection.execute(calendar_days.delete().where(calendar_days.c.day == last))
        connection.execute(
            calendar_days.update().where(calendar_days.c.day == day).values(workday=True, source="通知", confirmed=True)
        )
        seed_calendar(connection)
        seed_calendar(connection)
        assert connection.scalar(select(func.count()).select_from(calendar_days)) == count
        kept = connection.execute(select(calendar_days).where(calendar_days.c.day == day)).one()
    assert (kept.workday, kept.source, kept.confirmed) == (True, "通知", True)


def test_the_calendar_is_kept_until_it_is_forgotten(engine: Engine) -> None:
    day = date(2026, 3, 2)
    with writing(engine) as connection:
        first = load_calendar(connection)
        assert load_calendar(connection) is first
        assert first.is_workday(day)
        connection.execute(calendar_days.update().where(calendar_days.c.day == day).values(workday=False))
        assert load_calendar(connection) is first
        forget_calendar(connection)
        assert not load_calendar(connection).is_workday(day)
    forget_calendar()


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 1, 20), date(2026, 3, 9)),
        (date(2025, 9, 15), date(2025, 10, 31)),
        (date(2024, 9, 10), date(2024, 10, 28)),
        (date(2026, 1, 12), date(2026, 2, 28)),
    ],
)
def test_thirty_working_days_over_the_long_holidays(engine: Engine, start: date, end: date) -> None:
    with reading(engine) as connection:
        assert add_workdays(start, 30, load_calendar(connection)) == (end, False)


def test_a_deadline_in_an_unannounced_year_is_provisional(engine: Engine) -> None:
    with reading(engine) as connection:
        calendar = load_calendar(connection)
    day, provisional = add_workdays(date(2026, 12, 21), 30, calendar)
    assert provisional
    assert day > date(2027, 1, 31)
    assert not calendar.is_workday(date(2027, 10, 1))
    assert calendar.confirmed_years == set(ANNOUNCED_YEARS)


def test_two_sources_agree_on_every_announced_day() -> None:
    """``holidays`` lists the days off, swapped weekdays included; worked weekends it knows as its own category."""
    free = country_holidays("CN", years=ANNOUNCED_YEARS)
    worked = country_holidays("CN", years=ANNOUNCED_YEARS).weekend_workdays
    differing = [
        day
        for day in days_of(ANNOUNCED_YEARS)
        if chinese_calendar.is_workday(day) != (day in worked or (day.weekday() < 5 and day not in free))
    ]
    assert differing == []


@pytest.mark.parametrize(
    ("start", "last"),
    [
        ("2026-01-20", "2026-03-09"), ("2025-09-15", "2025-10-31"), ("2024-09-10", "2024-10-28"),
        ("2026-01-12", "2026-02-28"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("url", ["sqlite_url", "nowhere"])
def test_the_command_counts_thirty_working_days(
    start: str, last: str, url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """On the database's own calendar, and before there is one on the calendar as shipped."""
    from workflow import create_app

    place = f"sqlite:///{tmp_path}/nowhere.sqlite" if url == "nowhere" else request.getfixturevalue(url)
    app = create_app({"DATABASE_URL": place, "TESTING": True, "SECRET_KEY": "test"})
    run = app.test_cli_runner().invoke
    options = ["workdays", "--from", start, "--days", "30"]
    found = run(args=[*options, "--json"])
    assert found.exit_code == 0, (found.output, found.exception)
    assert json.loads(found.output) == {"date": last, "provisional": False}
    assert run(args=options).output.strip() == last
    app.extensions["gongzhi.engine"].dispose()
