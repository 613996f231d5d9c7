"""Working days between any two days at once, and the two numbers that say how long something takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from governance.workdays import Calendar

NINE_TENTHS = 9, 10


class WorkingDays:
    """Working days counted once for every day the calendar knows, so that a span is one subtraction."""

    def __init__(self, calendar: Calendar) -> None:
        years = sorted(calendar.known_years)
        first, last = date(years[0], 1, 1), date(years[-1], 12, 31)
        self._first, self._counted = first.toordinal(), [0]
        day = first
        while day <= last:
            worked = day.year in calendar.known_years and calendar.is_workday(day)
            self._counted.append(self._counted[-1] + worked)
            day += timedelta(days=1)

    def between(self, start: date, end: date) -> int:
        """Working days after ``start`` up to and with ``end``; days beyond the calendar's years count for nothing."""
        return max(self._at(end) - self._at(start), 0)

    def _at(self, day: date) -> int:
        return self._counted[min(max(day.toordinal() - self._first + 1, 0), len(self._counted) - 1)]


def median(days: Sequence[int]) -> int:
    """The middle one of sorted ``days``; of two in the middle the lower."""
    return days[(len(days) - 1) // 2]


def ninetieth(days: Sequence[int]) -> int:
    """The number that nine tenths of sorted ``days`` do not exceed (nearest rank)."""
    part, whole = NINE_TENTHS
    return days[-(-len(days) * part // whole) - 1]
