"""A State Council notice on holidays, in words or as CSV: read strictly, held against week and statutory days."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from holidays import country_holidays

from governance.refusal import Refusal, Refused
from workflow.calendar import wording
from workflow.calendar_days import days_of
from workflow.i18n import lazy as _

KINDS = {"holiday": False, "workday": True}
COLUMNS = (("date", "kind"), ("date", "kind", "name"))
# The notices for 2015 to 2026 made between 21 and 27 days differ from plain weeks.
FEWEST_DIFFERING, MOST_DIFFERING = 15, 40
MOST_FAULTS = 10
LONGEST_SOURCE = 120
LONGEST_FILE_CHARACTERS = 100_000
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Named:
    """One day a notice speaks of: worked or free, and the holiday's name where the file gives it."""

    day: date
    workday: bool
    name: str


@dataclass(frozen=True)
class Notice:
    """The notice for one year: its number, and the days it names."""

    year: int
    source: str
    named: tuple[Named, ...]

    @cached_property
    def kinds(self) -> dict[date, bool]:
        """Every day of the year, worked or not: as named, otherwise by the week."""
        said = {one.day: one.workday for one in self.named}
        return {day: said.get(day, day.weekday() < _SATURDAY) for day in days_of(range(self.year, self.year + 1))}

    @property
    def differing(self) -> list[Named]:
        """The named days that are not as a plain week has them: weekdays off and weekends worked."""
        return [one for one in self.named if one.workday != (one.day.weekday() < _SATURDAY)]

    @property
    def days_off(self) -> int:
        """How many days the notice names as holidays, weekends among them included."""
        return sum(not one.workday for one in self.named)

    @property
    def days_worked(self) -> int:
        """How many weekend days the notice makes working days."""
        return sum(one.workday for one in self.named)


def read_notice(text: str, year: int, source: str) -> Notice:
    """The notice for ``year`` as published in words, or in CSV (``date,kind[,name]``, kind ``holiday`` or ``workday``).

    Raises ``Refused`` with the faults (the first ten of many), each with its line: another year, a day twice, an
    unknown kind, a workday on a weekday, a statutory holiday that is worked, too few or too many days that differ.
    """
    faults: list[Refusal] = []
    named = tuple(_rows(_as_table(text.lstrip("\ufeff"), year, faults), year, faults))
    said = source.strip()
    if not said or len(said) > LONGEST_SOURCE:
        faults.append(_fault(_("请填写通知的文号，例如 国办发明电〔2026〕8号"), "source"))
    notice = Notice(year, said, tuple(sorted(named, key=lambda one: one.day)))
    if not faults:
        faults += _implausible(notice)
    if len(faults) > MOST_FAULTS:
        rest = len(faults) - MOST_FAULTS
        faults[MOST_FAULTS:] = [_fault(_("另有 %(rest)s 处类似的问题", rest=rest))]
    if faults:
        raise Refused(*faults)
    return notice


def _as_table(text: str, year: int, faults: list[Refusal]) -> str:
    if len(text) > LONGEST_FILE_CHARACTERS or not wording.in_words(text):
        return text
    wrong: list[Any] = []
    table = wording.rows(text, year, wrong)
    faults += [_fault(one) for one in wrong]
    return table


def _fault(reason: Any, field: str = "notice") -> Refusal:
    return Refusal(reason=reason, who=_("导入人"), field=field, fact="calendar")


def _rows(text: str, year: int, faults: list[Refusal]) -> Iterator[Named]:
    if len(text) > LONGEST_FILE_CHARACTERS:
        faults.append(_fault(_("文件过大，一年的通知不过几十行")))
        return
    lines = csv.reader(io.StringIO(text))
    head = tuple(cell.strip() for cell in next(lines, []))
    if head not in COLUMNS:
        faults.append(_fault(_("看不懂：请粘贴通知里“一、元旦：……放假……”各条，或用第一行为 date,kind,name 的 CSV")))
        return
    seen: set[date] = set()
    for number, cells in enumerate(lines, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        one = _row([cell.strip() for cell in cells], len(head), number, year, faults)
        if one is None:
            continue
        if one.day in seen:
            faults.append(_fault(_("第 %(number)s 行：%(day)s 重复", number=number, day=one.day.isoformat())))
        seen.add(one.day)
        yield one


def _row(cells: list[str], width: int, number: int, year: int, faults: list[Refusal]) -> Named | None:
    if len(cells) != width:
        faults.append(_fault(_("第 %(number)s 行应有 %(width)s 列", number=number, width=width)))
        return None
    try:
        day = date.fromisoformat(cells[0])
    except ValueError:
        day = None
    if day is None or day.isoformat() != cells[0]:
        said = _("第 %(number)s 行：日期“%(text)s”不对，请按 2026-11-23 的样子填写", number=number, text=cells[0])
        faults.append(_fault(said))
        return None
    if cells[1] not in KINDS:
        said = _("第 %(number)s 行：kind 只能是 holiday 或 workday，不能是“%(text)s”", number=number, text=cells[1])
        faults.append(_fault(said))
        return None
    if day.year != year:
        said = _("第 %(number)s 行：%(day)s 不在 %(year)s 年", number=number, day=day.isoformat(), year=year)
        faults.append(_fault(said))
    if KINDS[cells[1]] and day.weekday() < _SATURDAY:
        said = _("第 %(number)s 行：%(day)s 本来就是工作日，上班日只能是周末", number=number, day=day.isoformat())
        faults.append(_fault(said))
    return Named(day, KINDS[cells[1]], cells[2] if width > len(COLUMNS[0]) else "")


def _implausible(notice: Notice) -> Iterator[Refusal]:
    """What makes a well-formed notice impossible: worked statutory holidays, too few or too many differing days."""
    statutory = {
        day
        for day, name in country_holidays("CN", years=notice.year, language="en_US").items()
        if "observed" not in name and "substituted" not in name
    }
    worked = sorted(day.isoformat() for day in statutory if notice.kinds[day])
    if worked:
        yield _fault(_("法定节假日不能是工作日：%(days)s", days="、".join(worked)))
    number = len(notice.differing)
    if not FEWEST_DIFFERING <= number <= MOST_DIFFERING:
        yield _fault(
            _(
                "与平常周末不同的有 %(number)s 天，历年通知在 21 至 27 天之间；请核对文件是否完整", number=number
            )
        )
