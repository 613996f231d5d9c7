"""Which decisions a place may let be signed on paper: what its rule ``decision.paper_allowed`` can name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from governance.chains import BALLOTS
from governance.roles import BETWEEN

RULE = "decision.paper_allowed"
# The steps of each vote or round of opinions, besides those of the levels between reviewer and head.
_OWN: dict[str, tuple[str, ...]] = {
    "takeover.takeover": ("check", "confirm"), "self_assessment.signature": ("sign",),
    "self_assessment.endorsement": ("opine", "endorse"), "city_ruling.ruling": ("opine", "decide"),
    "city_ruling.conference": ("opine", "decide"), "agreement.lead": ("lead_sign",),
    "agreement.agency": ("review", "sign"), "agreement.supplement": ("countersign",),
    "budget.approval": ("opine", "decide"), "settlement.settlement": ("review", "approve"),
    "prepayment.agency": ("review", "approve"), "prepayment.consent": ("opine", "decide"),
    "assessment.final": ("finalise",), "clearing.approval": ("review", "decide"),
    "surplus_plan.committee": ("vote",), "surplus_plan.filing": ("check_filing", "approve_filing"),
    "rule_change.enactment": ("opine", "decide"),
}  # fmt: skip
STEPS: dict[str, tuple[str, ...]] = {
    ballot: (*steps, *(f"pass_{level}" for level in BETWEEN if ballot in BALLOTS)) for ballot, steps in _OWN.items()
}
NAMES = frozenset(f"{ballot}.{step}" for ballot, steps in STEPS.items() for step in steps)
SHORT_NAMES = frozenset(name.partition(".")[2] for name in NAMES)


def paper_faults(value: Any) -> Iterator[tuple[str, str]]:
    """What is wrong with a value of the rule: no list, or an entry that names no step of any decision."""
    if not isinstance(value, list):
        yield "应为若干“[<环节>.]<决定>.<步骤>”的列表", "must be a list of [<stage>.]<ballot>.<step>"
        return
    for name in value:
        if name not in NAMES and name not in SHORT_NAMES:
            yield (
                f"没有“{name}”这一步，应写成 [<环节>.]<决定>.<步骤>，如 city_ruling.ruling.decide",
                f"no such step: {name}; write [<stage>.]<ballot>.<step>, as city_ruling.ruling.decide",
            )
