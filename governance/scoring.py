"""The four ways an indicator is scored: threshold, linear, deduction, ranking; each gives the share of its weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from governance import facts as fact


def indicator_ratio(
    indicator: Mapping[str, Any], value: Any, standing: tuple[int, int] | None, named: str,
) -> tuple[Fraction, str]:
    """The share (0 to 1) of an indicator's weight that its value earns, and the formula.

    ``value`` is a number, or ``{rank, of}`` for a ranking; ``standing`` is the (rank, of) found among the members.
    Raises Refused naming the fact when the value does not fit the kind of scoring.
    """
    scoring = indicator["scoring"]
    kind, down = scoring["kind"], indicator.get("direction", "up") == "down"
    if kind == "ranking":
        return _ranking(scoring, value, standing, named)
    if not isinstance(value, Decimal):
        fact.refuse(named, "这项指标应填数值", "this indicator takes a number")
    if kind == "threshold":
        return _threshold(scoring, value, down)
    if kind == "linear":
        return _linear(scoring, value, down)
    return _deduction(scoring, Fraction(indicator["weight"]), value, named)


def _threshold(scoring: Mapping[str, str], value: Decimal, down: bool) -> tuple[Fraction, str]:
    """Met → full; else the partial share, from ``partial_from`` on where the scheme says so; else nothing."""

    def reaches(edge: str) -> bool:
        return value <= Decimal(edge) if down else value >= Decimal(edge)

    formula = f"value {'≤' if down else '≥'} {scoring['target']} → weight"
    if reaches(scoring["target"]):
        return Fraction(1), formula
    if "partial" in scoring and ("partial_from" not in scoring or reaches(scoring["partial_from"])):
        return Fraction(scoring["partial"]), f"{formula}, else weight × {scoring['partial']}"
    return Fraction(0), f"{formula}, else 0"


def _linear(scoring: Mapping[str, str], value: Decimal, down: bool) -> tuple[Fraction, str]:
    floor, target = Fraction(scoring["floor"]), Fraction(scoring["target"])
    if floor == target:
        return _threshold(scoring, value, down)
    ratio = (Fraction(value) - floor) / (target - floor)
    formula = f"weight × (value − {scoring['floor']}) ÷ ({scoring['target']} − {scoring['floor']}), within 0 and weight"
    return min(max(ratio, Fraction(0)), Fraction(1)), formula


def _deduction(scoring: Mapping[str, str], weight: Fraction, value: Decimal, named: str) -> tuple[Fraction, str]:
    if value < 0 or value != value.to_integral_value():
        fact.refuse(named, "扣分项应填次数（不小于 0 的整数）", "a deduction takes a count, an integer from 0")
    formula = f"max(weight − {scoring['per_event']} × events, 0)"
    if not weight:
        return Fraction(0), formula
    return max(weight - Fraction(scoring["per_event"]) * Fraction(value), Fraction(0)) / weight, formula


def _ranking(
    scoring: Mapping[str, Any], value: Any, standing: tuple[int, int] | None, named: str,
) -> tuple[Fraction, str]:
    if isinstance(value, dict):
        standing = (value["rank"], value["of"])
    if standing is None:
        fact.refuse(named, "排名项应填名次和参评数", "a ranking takes rank and of")
    rank, count = standing
    if rank > count:
        fact.refuse(named, "名次不得大于参评数", "the rank may not exceed how many were ranked")
    for quantile in scoring["quantiles"]:
        if Fraction(rank, count) <= Fraction(quantile["upto"]):
            return Fraction(quantile["ratio"]), f"rank {rank} of {count}: weight × {quantile['ratio']}"
    return Fraction(0), f"rank {rank} of {count}: 0"


def ranks(values: Sequence[Any], direction: str) -> list[int]:
    """The rank of each value, 1 is best, ties share the better rank; empty when not every value is a number."""
    numbers = [value for value in values if isinstance(value, Decimal)]
    if len(numbers) != len(values):
        return []
    if direction == "down":
        return [1 + sum(other < value for other in numbers) for value in numbers]
    return [1 + sum(other > value for other in numbers) for value in numbers]
