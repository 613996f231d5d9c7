"""What the fund bears of an overrun: who may share, what is shareable, the tiers, and the risk fund that caps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from governance import facts as fact
from governance.money import round_fen
from governance.refusal import Refusal, Refused


@dataclass(frozen=True, slots=True)
class OverrunFacts:
    """An overrun and its circumstances; amounts in fen, None where nobody has said."""

    overrun_fen: int
    budget_fen: int
    failed: bool | None
    fund_in_deficit: bool | None
    causes_fen: Mapping[str, int]
    risk_fund_fen: int | None


@dataclass(frozen=True, slots=True)
class OverrunShare:
    """What the fund bears, what was shareable at all (both fen), and why."""

    fund_share_fen: int
    shareable_fen: int
    formula: str


def share_overrun(facts: OverrunFacts, rule: Mapping[str, Any]) -> OverrunShare:
    """The fund's share of an overrun by the rule ``clearing.overrun``, rounded once after the cap.

    Exclusions are asked first, then the gate; tiers are marginal and counted from the bottom of what is shareable.
    Raises Refused when a fact the rule reads is missing or the agreement states no tiers.
    """
    excluded = _excluded(facts, rule)
    if excluded:
        return OverrunShare(0, 0, f"0: {excluded}")
    if rule.get("kind", "tiers") == "none":
        return OverrunShare(0, 0, "0: the consortium bears all")
    shareable = _shareable(facts, rule)
    gate = rule.get("gate")
    if gate and facts.overrun_fen < Fraction(gate["min_overrun_rate"]) * facts.budget_fen:
        borne = Fraction(facts.overrun_fen) if gate["below"] == "fund" else Fraction(0)
        formula = f"below {gate['min_overrun_rate']} × budget: borne by {gate['below']}"
    else:
        borne = _tiered(shareable, facts.budget_fen, _tiers(rule))
        formula = "Σ part of the shareable overrun in each tier × its fund share"
    if rule.get("cap") == "risk_fund":
        if facts.risk_fund_fen is None:
            fact.refuse("risk_fund_fen", "超支分担以当年风险金为限，但未填风险金", "sharing is capped by the risk fund")
        borne, formula = min(borne, Fraction(facts.risk_fund_fen)), f"min({formula}, risk_fund)"
    return OverrunShare(round_fen(borne), round_fen(shareable), formula)


def _excluded(facts: OverrunFacts, rule: Mapping[str, Any]) -> str:
    reasons = rule.get("none_if") or ()
    if "failed" in reasons:
        if facts.failed is None:
            fact.refuse("failed", "须说明年度考核是否不合格", "says whether the yearly assessment failed")
        if facts.failed:
            return "assessment failed"
    if "fund_deficit" in reasons:
        if facts.fund_in_deficit is None:
            fact.refuse("fund_in_deficit", "须说明县级基金当期是否赤字", "says whether the county's fund is in deficit")
        if facts.fund_in_deficit:
            return "the county's fund is in deficit"
    return ""


def _shareable(facts: OverrunFacts, rule: Mapping[str, Any]) -> Fraction:
    """The least of the overrun, the ceiling and the recognised causes, in fen."""
    bounds = [Fraction(facts.overrun_fen)]
    if rule.get("ceiling") is not None:
        bounds.append(Fraction(rule["ceiling"]) * facts.budget_fen)
    causes = rule.get("causes", "any")
    if causes != "any":
        bounds.append(Fraction(sum(facts.causes_fen.get(cause, 0) for cause in causes)))
    return min(bounds)


def _tiers(rule: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    tiers = rule.get("tiers")
    if isinstance(tiers, list) and tiers:
        return tiers
    raise Refused(Refusal(
        reason="协议未约定超支分担比例（clearing.overrun），由医保经办机构与牵头医院在协议中约定",
        reason_en="The agreement states no overrun shares (clearing.overrun); the agency and the lead agree on them",
        who="医保经办机构与牵头医院", who_en="the agency and the lead hospital", rule="clearing.overrun"))


def _tiered(shareable: Fraction, budget_fen: int, tiers: Sequence[Mapping[str, Any]]) -> Fraction:
    borne, low = Fraction(0), Fraction(0)
    for tier in tiers:
        high = shareable if tier["upto"] is None else min(shareable, Fraction(tier["upto"]) * budget_fen)
        borne += max(high - low, Fraction(0)) * Fraction(tier["fund"])
        low = max(low, high)
    return borne
