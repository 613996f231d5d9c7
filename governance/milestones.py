"""A place's own targets with their days, how far off they are, and when the next meeting and review fall due."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from governance.money import plain
from governance.worksheet import BookLike, Lines


def last_day(period: str) -> date:
    """The last day of a year (``2025``) or a quarter (``2025-Q3``)."""
    year, _, quarter = period.partition("-Q")
    return months_later(date(int(year) - 1, 12, 31), 3 * int(quarter) if quarter else 12)


def months_later(month_end: date, months: int) -> date:
    """The last day of the month so many months later."""
    years, month = divmod(month_end.month - 1 + months, 12)
    year = month_end.year + years
    return date(year, month + 1, calendar.monthrange(year, month + 1)[1])


def milestone_lines(
    lines: Lines, book: BookLike, found: Mapping[str, Mapping[str, Any]], end: date,
) -> dict[str, dict[str, Any]]:
    """Each milestone of ``indicators.milestones`` whose measure was reported: met, not yet, or missed; and the gap.

    A milestone is missed when the period ends on its day or later and the value does not reach it.
    """
    rule = book.find("indicators.milestones")
    results: dict[str, dict[str, Any]] = {}
    for key, milestone in (rule.value if rule is not None else {}).items():
        reported = found.get(milestone["measure"])
        if reported is None or reported["value"] is None:
            continue
        value, by = Decimal(reported["value"]), date.fromisoformat(milestone["by"])
        edge = milestone.get("at_least", milestone.get("at_most"))
        gap = Decimal(edge) - value if "at_least" in milestone else value - Decimal(edge)
        gap = max(gap, Decimal(0))
        status = "reached" if not gap else "missed" if end >= by else "not_yet"
        label = f"{milestone['label']}（{by.isoformat()} 前）"
        unit = reported["unit"]
        lines.value(f"milestones.{key}", label, f"{milestone['label_en']} (by {by.isoformat()})", status, "choice",
                    "value ≥ target" if "at_least" in milestone else "value ≤ target", provision=rule, value=value,
                    target=Decimal(edge))
        if gap:
            lines.value(f"milestones.{key}.gap", f"{label}：差距", f"{milestone['label_en']}: gap", gap, unit,
                        "target − value" if "at_least" in milestone else "value − target", provision=rule,
                        value=value, target=Decimal(edge))
        results[key] = {"measure": milestone["measure"], "target": edge, "by": milestone["by"], "status": status,
                        "gap": plain(gap)}
    return results


def due_dates(lines: Lines, book: BookLike, period: str) -> dict[str, str | None]:
    """The next dispatch meeting and the next review, where the place says how often; ISO days."""
    end = last_day(period)
    year_end = end if end.month == 12 else date(end.year - 1, 12, 31)
    results: dict[str, str | None] = {}
    for key, rule_key, start, zh, en in (
        ("next_dispatch", "indicators.dispatch_months", end, "下次调度", "Next dispatch meeting"),
        ("next_review", "indicators.review_months", year_end, "下次年度评估", "Next yearly review"),
    ):
        rule = book.find(rule_key)
        results[key] = None if rule is None else months_later(start, rule.integer).isoformat()
        if rule is not None:
            lines.value(key, zh, en, results[key], "date", "period_end + interval", provision=rule,
                        period_end=start.isoformat(), interval=rule.integer)
    return results
