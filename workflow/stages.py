"""All stages, in the order of the lifecycle."""

from __future__ import annotations

import importlib

from workflow.machines import STAGES, Stage

ORDER = (
    "takeover", "self_assessment", "city_ruling", "agreement", "budget", "settlement", "prepayment", "assessment",
    "clearing", "surplus_plan", "rule_change",
)
# Held by a place's own desk, not by a consortium: no part of a consortium's way.
OF_A_PLACE = ("rule_change",)
# Beside the way that every consortium goes.
ASIDE = ("prepayment",)
ACTS: tuple[str, ...] = (
    "comment", "nudge", "notify", "recusal", "reassignment", "intervention", "added_seats", "paper_forms",
    "paper_confirmed",
)  # fmt: skip
PAYMENTS = (
    "workflow.banking.acts", "workflow.settlement.bank", "workflow.prepayment.bank", "workflow.clearing.bank",
    "workflow.surplus_plan.bank",
)  # fmt: skip


def load() -> dict[str, Stage]:
    """Import every stage and every act, so that they register themselves; returns the stages in their order."""
    for name in ORDER:
        importlib.import_module(f"workflow.{name}.machine")
    for name in ACTS:
        importlib.import_module(f"workflow.acts.{name}")
    for name in PAYMENTS:
        importlib.import_module(name)
    return {name: STAGES[name] for name in ORDER}
