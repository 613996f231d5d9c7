"""What a consortium keeps of a surplus, and what it gets back of its deposit, by rule and assessment score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from governance import facts as fact
from governance.money import plain, round_fen, share


@dataclass(frozen=True, slots=True)
class Retention:
    """A surplus divided, in fen: retained + deferred + returned_to_pool is the whole surplus."""

    ratio: Decimal | None
    gross_fen: int
    retained_fen: int
    deferred_fen: int
    returned_to_pool_fen: int
    formula: str


def retain(
    *, surplus_fen: int, budget_fen: int, rule: Mapping[str, Any], score: Decimal | None, failed: bool,
) -> Retention:
    """Divide a surplus by the rule ``clearing.retention``; amounts in fen, rounded once after the cap.

    ``ratio`` is None without a surplus or when the bands are read marginally. Raises Refused, naming ``score``, when
    the rule reads a score that is not there.
    """
    if surplus_fen <= 0:
        return Retention(None, 0, 0, 0, 0, "surplus = 0")
    fails = failed or _below_passing(rule, score)
    marginal = rule["by"] == "surplus_rate" and rule.get("reading") == "marginal"
    ratio = Decimal(0) if fails else None if marginal else _whole_ratio(rule, surplus_fen, budget_fen, score)
    exact = Fraction(ratio) * surplus_fen if ratio is not None else _marginal(rule["bands"], surplus_fen, budget_fen)
    formula = "surplus × retention_ratio" if ratio is not None else "Σ part of the surplus in each band × its ratio"
    if "cap" in rule:
        exact = min(exact, Fraction(rule["cap"]["of_budget"]) * budget_fen)
        formula = f"min({formula}, {rule['cap']['of_budget']} × budget)"
    if fails:
        formula = "0: assessment failed"
    elif "gate" in rule and surplus_fen < Fraction(rule["gate"]["min_surplus_rate"]) * budget_fen:
        exact, formula = Fraction(0), f"0: surplus below {rule['gate']['min_surplus_rate']} × budget"
    return _divided(surplus_fen, round_fen(exact), rule.get("withhold"), None if marginal else ratio, formula)


def _divided(
    surplus_fen: int, gross_fen: int, withhold: Mapping[str, str] | None, ratio: Decimal | None, formula: str,
) -> Retention:
    held_back_fen = share(gross_fen, Decimal(withhold["ratio"])) if withhold else 0
    deferred_fen = held_back_fen if withhold and withhold["then"] == "deferred" else 0
    retained_fen = gross_fen - held_back_fen
    return Retention(ratio, gross_fen, retained_fen, deferred_fen, surplus_fen - retained_fen - deferred_fen, formula)


def _below_passing(rule: Mapping[str, Any], score: Decimal | None) -> bool:
    return "fails_below" in rule and score_needed(score) < Decimal(rule["fails_below"])


def _whole_ratio(rule: Mapping[str, Any], surplus_fen: int, budget_fen: int, score: Decimal | None) -> Decimal:
    if rule["by"] == "flat":
        return Decimal(rule["ratio"])
    reached = Fraction(score_needed(score)) if rule["by"] == "score" else Fraction(surplus_fen, budget_fen)
    band = band_of(rule["bands"], reached)
    return Decimal(band["ratio"]) if band else Decimal(0)


def _marginal(bands: Sequence[Mapping[str, str]], surplus_fen: int, budget_fen: int) -> Fraction:
    """Each band's ratio of the part of the surplus that lies in it; nothing of the part below the lowest."""
    kept = Fraction(0)
    edges = [Fraction(band["from"]) * budget_fen for band in bands]
    for index, band in enumerate(bands):
        top = min(Fraction(surplus_fen), edges[index + 1]) if index + 1 < len(bands) else Fraction(surplus_fen)
        kept += max(top - edges[index], Fraction(0)) * Fraction(band["ratio"])
    return kept


def band_of(bands: Sequence[Mapping[str, str]], reached: Fraction) -> Mapping[str, str] | None:
    """The band ``[from, next)`` that holds the value; None below the lowest, the highest has no end."""
    found = None
    for band in bands:
        if Fraction(band["from"]) <= reached:
            found = band
    return found


def score_needed(score: Decimal | None) -> Decimal:
    """The score a rule reads; raises Refused when the assessment has none."""
    if score is None:
        fact.refuse("score", "规则按考核得分计算，但成效考核尚无最终得分", "the rule reads the final assessment score")
    return score


def deposit_return_ratio(bands: Sequence[Mapping[str, str]], score: Decimal) -> Decimal:
    """The share of the deposit returned at a score: a band's ratio, or its ratio less so much per point below its top.

    Fractional points count; nothing is returned below the lowest band.
    """
    band = band_of(bands, Fraction(score))
    if band is None:
        return Decimal(0)
    if "ratio" in band:
        return Decimal(band["ratio"])
    points_below = max(Decimal(band["top"]) - score, Decimal(0))
    ratio = Decimal(band["ratio_at_top"]) - points_below * Decimal(band["less_per_point"])
    return min(max(ratio, Decimal(0)), Decimal(1))


def deposit_returned(withheld_fen: int, bands: Sequence[Mapping[str, str]], score: Decimal) -> tuple[int, str]:
    """What is returned of a deposit, in fen, and the ratio in words."""
    ratio = deposit_return_ratio(bands, score)
    return share(withheld_fen, ratio), plain(ratio)
