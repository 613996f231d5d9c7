"""What someone who moved money says of it: the bank's reference and the day, the same for every stage that pays."""

from __future__ import annotations

from datetime import date
from typing import Any

from workflow.attempt import Attempt, refuse
from workflow.i18n import lazy as _


def reference_of(written: str) -> str:
    """The bank's reference without blanks around it; raises ``Refused`` where there is none."""
    reference = written.strip()
    if not reference:
        raise refuse(_("请填写银行流水号"), field="bank_reference")
    return reference


def day_of(attempt: Attempt, written: str | None, field: str, *, not_before: str = "", what: Any = "") -> date:
    """The day written in the form field, else today.

    Raises ``Refused`` for what is no day, lies in the future or before ``not_before`` (ISO), the day of ``what``.
    """
    try:
        day = date.fromisoformat(written) if written else attempt.day
    except ValueError as error:
        raise refuse(_("请按 2026-11-23 的样子填写日期"), field=field) from error
    if day > attempt.day:
        raise refuse(_("日期 %(day)s 晚于今天", day=day.isoformat()), field=field)
    if day.isoformat() < not_before:
        said = _("日期 %(day)s 早于%(what)s的日期 %(since)s", day=day.isoformat(), what=what, since=not_before)
        raise refuse(said, field=field)
    return day


def transferred(attempt: Attempt, bank_reference: str, on: date, fen: int) -> dict[str, Any]:
    """The transfer of ``fen`` as a case keeps it; the record of the step tells the reference and the amount."""
    reference = reference_of(bank_reference)
    attempt.noted |= {"bank_reference": reference, "amount_fen": fen}
    return {"bank_reference": reference, "on": on.isoformat(), "fen": fen, "by": attempt.actor.name}
