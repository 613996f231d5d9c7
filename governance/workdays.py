"""Working days counted on a calendar of our own, so that a statutory deadline is the same on every machine."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import date, timedelta

from governance.refusal import Refusal, Refused

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are worked. ``kinds`` says it of single days (True: worked); any other day goes by the week.

    ``confirmed_years`` are the years whose State Council notice is in ``kinds``; in every other year ``kinds`` holds
    the statutory holidays only, and what is counted there is provisional (暂定). A year of which ``kinds`` says
    nothing is not known at all (``known_years``), and nothing is counted in it.
    """

    kinds: Mapping[date, bool]
    confirmed_years: Set[int] = field(default_factory=frozenset)
    known_years: Set[int] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        known = frozenset({day.year for day in self.kinds} | self.confirmed_years)
        object.__setattr__(self, "known_years", known)

    def is_workday(self, day: date) -> bool:
        """Whether ``day`` is worked: as announced, otherwise Monday to Friday; raises Refused for an unknown year."""
        known = self.kinds.get(day)
        if known is None and day.year not in self.known_years:
            raise Refused(_unknown(day.year))
        return day.weekday() < SATURDAY if known is None else known

    def is_confirmed(self, day: date) -> bool:
        """Whether the year of ``day`` has been announced."""
        return day.year in self.confirmed_years


def _unknown(year: int) -> Refusal:
    return Refusal(
        reason=f"工作日历里没有 {year} 年，不能推算到该年的期限；请先导入该年的放假通知",
        reason_en=f"The calendar holds nothing for {year}: no deadline can reach it; import that year's notice first",
        who="规则管理",
        who_en="Rules officer",
        link=f"/calendar?year={year}",
        fact="calendar",
    )


def add_workdays(start: date, n: int, calendar: Calendar) -> tuple[date, bool]:
    """The ``n``-th working day after ``start``, which is not counted itself, and whether the date is provisional.

    It is provisional when a day it counted lies in a year that has not been announced. ``n`` of 0 gives ``start``.
    Raises ValueError for a negative ``n``, Refused when it would count in a year the calendar does not know.
    """
    if n < 0:
        raise ValueError(f"working days cannot be negative: {n}")
    day, provisional = start, False
    while n:
        day += timedelta(days=1)
        provisional = provisional or not calendar.is_confirmed(day)
        n -= calendar.is_workday(day)
    return day, provisional


def workdays_between(start: date, end: date, calendar: Calendar) -> int:
    """Working days after ``start`` up to and with ``end``; negative, counted back, when ``end`` is before ``start``."""
    if end < start:
        return -workdays_between(end, start, calendar)
    days = (start + timedelta(days=offset) for offset in range(1, (end - start).days + 1))
    return sum(1 for day in days if calendar.is_workday(day))
