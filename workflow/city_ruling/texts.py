"""Texts and days as people type them into an application, refused in words when they will not do."""

from __future__ import annotations

from datetime import date
from typing import Any

from workflow.attempt import refuse
from workflow.i18n import lazy as _

LONGEST_TEXT = 4000


def text(given: str | None, field: str, missing: Any) -> str:
    """The text without blanks around it; raises ``Refused`` with ``missing`` when empty, or when it is too long."""
    said = (given or "").strip()
    if not said:
        raise refuse(missing, field=field)
    if len(said) > LONGEST_TEXT:
        raise refuse(_("文字过长，最多 %(most)s 字", most=LONGEST_TEXT), field=field)
    return said


def day(given: str | None, field: str) -> date:
    """The day of an ISO text; raises ``Refused`` for anything else."""
    try:
        return date.fromisoformat((given or "").strip())
    except ValueError as error:
        raise refuse(_("请按 2026-11-23 的样子填写日期"), field=field) from error


def day_not_after(given: str | None, last: date, field: str) -> str:
    """The ISO text of a day no later than ``last``; raises ``Refused`` otherwise."""
    found = day(given, field)
    if found > last:
        raise refuse(_("日期 %(day)s 还没有到", day=found), field=field)
    return found.isoformat()
