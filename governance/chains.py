"""How many people of one organisation a decision passes through: 经办, 科室负责人, 分管负责人, 主要负责人.

Reviewer and head are always two people. What a place's rule ``decision.chain`` adds lies between them, so that no
rule makes a chain shorter than that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from governance.roles import BETWEEN, Role

RULE = "decision.chain"
# Every decision that is taken inside organisations, as <stage>.<ballot>.
BALLOTS = (
    "takeover.takeover", "self_assessment.signature", "self_assessment.endorsement", "city_ruling.ruling",
    "city_ruling.conference", "agreement.lead", "agreement.agency", "agreement.supplement", "budget.approval",
    "settlement.settlement", "prepayment.agency", "prepayment.consent", "assessment.final", "clearing.approval",
    "surplus_plan.filing", "rule_change.enactment",
)  # fmt: skip
SIDES = tuple(role.removesuffix("_section") for role in Role if role.endswith("_section"))


def links_asked(value: Mapping[str, Any], ballot: str, side: str) -> tuple[str, ...]:
    """The links that the rule's ``value`` asks for in a ballot's seats of ``side``, in their order.

    What names the organisation (``city_ruling.ruling.city_health``) comes before what names the decision alone.
    """
    asked = value.get(f"{ballot}.{side}", value.get(ballot, ()))
    return tuple(link for link in BETWEEN if link in asked)


def chain_faults(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with a value of the rule: an unknown decision or organisation, an unknown link, or their order."""
    for key, asked in value.items():
        ballot, side = key, ""
        if key.count(".") == 2:
            ballot, side = key.rsplit(".", 1)
        if ballot not in BALLOTS:
            yield f"没有“{ballot}”这项决定", f"no such decision: {ballot}"
        if side and side not in SIDES:
            yield f"{key}：没有“{side}”这类单位", f"{key}: no such organisation: {side}"
        if not isinstance(asked, list) or asked != [link for link in BETWEEN if link in asked]:
            listed = "、".join(BETWEEN)
            yield (
                f"{key} 应为 {listed} 中要求的各级，从低到高、不重复：{asked}",
                f"{key} must list some of {', '.join(BETWEEN)}, lowest first, each once: {asked}",
            )
