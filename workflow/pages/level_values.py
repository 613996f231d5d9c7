"""The levels between reviewer and head, as a place's rule gives them, in words: which decision, whose, and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.chains import BALLOTS, RULE
from governance.roles import BETWEEN_NAMES, KIND_NAMES
from workflow.machines import STAGES
from workflow.pages.words import pick


def levels_text(value: Mapping[str, Any]) -> str:
    """What ``decision.chain`` answers, decision by decision; two people where it names none."""
    if not value:
        return pick("经办、负责人两级", "reviewer and head only")
    said = [f"{_decision(key)}{pick('：', ': ')}{_levels(asked)}" for key, asked in value.items()]
    return pick("；", "; ").join(said)


def _decision(key: str) -> str:
    name, side = (key, "") if key in BALLOTS else key.rsplit(".", 1)
    stage, ballot = name.split(".")
    label = str(STAGES[stage].ballot(ballot).label) if stage in STAGES else name
    if not side:
        return label
    kind = pick(*KIND_NAMES.get(side, ("牵头医院", "lead hospital")))
    return pick(f"{label}（{kind}）", f"{label} ({kind})")


def _levels(asked: list[str]) -> str:
    between = [pick(*BETWEEN_NAMES[one]) for one in asked]
    return " → ".join([pick("经办", "reviewer"), *between, pick("负责人", "head")])


SAID = {RULE: levels_text}
