"""A holiday notice in the words in which it is published, such as “一、元旦：1月1日（周四）至3日（周六）放假，共3天。”"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from workflow.i18n import lazy as _

_ITEM = re.compile(r"\s*[一二三四五六七八九十]+、\s*([^：:。]{1,20})[：:]")
_WEEK = r"(?:[（(][^（）()]*?(?:周|星期)([一二三四五六日天])[）)])?"
_DAYS = re.compile(
    rf"(?:(\d{{4}})年)?(\d{{1,2}})月(\d{{1,2}})日{_WEEK}"
    rf"(?:\s*[至—－~-]+\s*(?:(\d{{4}})年)?(?:(\d{{1,2}})月)?(\d{{1,2}})日{_WEEK})?"
)
_COUNT = re.compile(r"共\s*(\d+)\s*天")
_WEEKDAYS = "一二三四五六日"


def in_words(text: str) -> bool:
    """Whether a text tells days off in words, and is no table."""
    return "放假" in text and _DAYS.search(text) is not None


def rows(text: str, year: int, faults: list[Any]) -> str:
    """The days of a notice in words as CSV; ``faults`` gets what does not add up, each with its line.

    Days of the year before that a new year's holiday begins on are left out: they are weekends or that year's own.
    """
    found = ["date,kind,name"]
    for number, line in enumerate(text.splitlines(), start=1):
        item = _ITEM.match(line)
        name = item[1].strip().replace(",", "、") if item else ""
        for clause in line[item.end() if item else 0 :].split("。"):
            found += [f"{day},{kind},{name}" for day, kind in _days(clause, year, number, faults) if day.year >= year]
    return "\n".join(found)


def _days(clause: str, year: int, number: int, faults: list[Any]) -> Iterator[tuple[date, str]]:
    if "放假" not in clause and "上班" not in clause:
        return
    kind = "workday" if "上班" in clause else "holiday"
    days = [day for found in _DAYS.finditer(clause) for day in _span(found, year, number, faults)]
    told = _COUNT.search(clause)
    if told and int(told[1]) != len(days):
        faults.append(
            _("第 %(number)s 行：写的是共 %(told)s 天，所列日期是 %(days)s 天", number=number, told=told[1], days=len(days))
        )
    yield from ((day, kind) for day in days)


def _span(found: re.Match[str], year: int, number: int, faults: list[Any]) -> list[date]:
    first_year, month, first, weekday, last_year, last_month, last, last_weekday = found.groups()
    try:
        begin = date(int(first_year or year), int(month), int(first))
        end = date(int(last_year or year), int(last_month or month), int(last)) if last else begin
    except ValueError:
        faults.append(_("第 %(number)s 行：没有“%(text)s”这样的日期", number=number, text=found[0]))
        return []
    for day, said in ((begin, weekday), (end, last_weekday)):
        if said and _WEEKDAYS[day.weekday()] != said.replace("天", "日"):
            faults.append(
                _("第 %(number)s 行：%(day)s 不是周%(said)s，请核对年份和日期", number=number, day=day.isoformat(), said=said)
            )
    return [begin + timedelta(one) for one in range((end - begin).days + 1)]
