"""Statutory deadlines on the State Council's calendar, and what is provisional."""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.workdays import Calendar, add_workdays, workdays_between

CONFIRMED = frozenset(range(2023, 2027))
NEW_YEAR_2027 = date(2027, 1, 1)


def announced() -> Calendar:
    first, last = date(2023, 1, 1), date(2026, 12, 31)
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return Calendar({day: chinese_calendar.is_workday(day) for day in days} | {NEW_YEAR_2027: False}, CONFIRMED)


CALENDAR = announced()


@pytest.mark.parametrize(
    "start,n,end,provisional",
    [
        (date(2026, 1, 20), 30, date(2026, 3, 9), False),
        (date(2025, 9, 15), 30, date(2025, 10, 31), False),
        (date(2024, 9, 10), 30, date(2024, 10, 28), False),
        (date(2026, 1, 12), 30, date(2026, 2, 28), False),
        (date(2026, 11, 19), 30, date(2026, 12, 31), False),
        (date(2026, 11, 20), 30, date(2027, 1, 4), True),
        (date(2026, 1, 20), 0, date(2026, 1, 20), False),
    ],
)
def test_deadlines(start: date, n: int, end: date, provisional: bool) -> None:
    assert add_workdays(start, n, CALENDAR) == (end, provisional)
    assert workdays_between(start, end, CALENDAR) == n


def test_a_worked_saturday_counts() -> None:
    assert CALENDAR.is_workday(date(2026, 2, 28))
    assert add_workdays(date(2026, 2, 27), 1, CALENDAR) == (date(2026, 2, 28), False)


def test_negative_days_are_an_error() -> None:
    with pytest.raises(ValueError, match="negative"):
        add_workdays(date(2026, 1, 1), -1, CALENDAR)


@given(st.dates(date(2023, 1, 1), date(2025, 12, 31)), st.integers(1, 120))
def test_the_nth_working_day_is_a_working_day_n_away(start: date, n: int) -> None:
    end, _ = add_workdays(start, n, CALENDAR)
    assert CALENDAR.is_workday(end)
    assert workdays_between(start, end, CALENDAR) == n
    assert workdays_between(end, start, CALENDAR) == -n
