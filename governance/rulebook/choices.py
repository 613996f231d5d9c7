"""Rules that choose among what is known: a word nobody knows would be taken for one of them, or name nothing."""

from __future__ import annotations

from typing import Any

from governance.paper import RULE as ON_PAPER
from governance.paper import paper_faults

from .faults import Fault, not_one_of

CHOICES: dict[str, tuple[str, ...]] = {
    "budget.method": ("per_capita_package", "growth", "factor_share", "prior_year"),
    "budget.split": ("amounts", "weights"),
    "scope.cross_consortium": ("insured", "provider"),
    "settlement.prepayment_offset_by": ("available", "receipt", "recipients"),
}


def choice_faults(rule: str, value: Any) -> list[Fault] | None:
    """What is wrong with the choice a rule makes; None for a rule that is no such choice."""
    if rule == ON_PAPER:
        return list(paper_faults(value))
    allowed = CHOICES.get(rule)
    return None if allowed is None else list(not_one_of({"value": value}, "value", allowed))
