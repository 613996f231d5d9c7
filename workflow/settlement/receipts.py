"""Receipts: which members have their money, by their own word or by the bank's record that the lead brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from workflow import files
from workflow.attempt import Attempt, refuse
from workflow.i18n import lazy as _


def received(
    attempt: Attempt, codes: Sequence[str], amounts: Mapping[str, int], how: str, on: date, **said: Any
) -> None:
    """Write down that the members ``codes`` have their amounts in fen, how that is known and since when."""
    receipts = attempt.progress.setdefault("receipts", {})
    for code in codes:
        receipts[code] = {"how": how, "on": on.isoformat(), "by": attempt.actor.name, "fen": amounts[code], **said}


def prove(
    attempt: Attempt, still_open: Sequence[str], amounts: Mapping[str, int], *, bank_reference: str,
    members: Sequence[str], proof: dict[str, Any] | None,
) -> None:
    """The bank's record stands for the receipts of ``members``, or of all that are ``still_open`` when none is named.

    Raises ``Refused`` for a member that is not waited for, and without a bank reference.
    """
    if not set(members) <= set(still_open):
        raise refuse(_("所列成员单位中有不待确认的"), who=_("牵头医院财务"), field="members")
    reference = bank_reference.strip()
    if not reference:
        raise refuse(_("请填写银行回单号"), who=_("牵头医院财务"), field="bank_reference")
    digest = files.attach(attempt, "bank_proof", proof) if proof else ""
    codes = list(members) or still_open
    received(attempt, codes, amounts, "proven", attempt.day, bank_reference=reference, proof=digest)
