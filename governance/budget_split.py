"""Splitting a package between consortia: by stated amounts, or by factors and the weights a place enacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from governance import facts as fact
from governance.facts import Field, MapOf, Number, Record, Text, Whole
from governance.money import apportion
from governance.refusal import Refusal, Refused
from governance.worksheet import BookLike, Lines

CONSORTIUM = Record({
    "consortium": Field(Text(), "医共体", "consortium"),
    "amount_fen": Field(Whole(0), "核定金额", "stated amount", optional=True),
    "factors": Field(MapOf(Number("0")), "因素", "factors", optional=True, default={}),
})


def split_package(
    lines: Lines, package_fen: int, consortia: Sequence[Mapping[str, Any]], book: BookLike,
) -> dict[str, int]:
    """A county's package by ``budget.split``: ``amounts`` as stated, which must add up, or ``weights``; in fen."""
    rule = book.rule("budget.split")
    if rule.value != "amounts":
        return split_by_factors(lines, package_fen, consortia, book.rule("budget.split_weights"))
    for index, one in enumerate(consortia):
        if one["amount_fen"] is None:
            fact.refuse(f"consortia[{index}].amount_fen", "缺少核定金额", "missing: stated amount")
    total_fen = sum(one["amount_fen"] for one in consortia)
    if total_fen != package_fen:
        fact.refuse("consortia", f"各医共体核定金额合计 {total_fen} 与总额 {package_fen} 不符",
                    f"the stated amounts' {total_fen} is not the package's {package_fen}")
    return {one["consortium"]: _line(lines, one["consortium"], one["amount_fen"], "as stated", rule, {})
            for one in consortia}


def split_by_factors(
    lines: Lines, total_fen: int, consortia: Sequence[Mapping[str, Any]], rule: Any,
) -> dict[str, int]:
    """``total_fen`` by weighted factors: each consortium's share of a factor times its weight, summed; in fen.

    Raises Refused when the weights do not sum to 1, or a factor is missing or zero everywhere.
    """
    weights = {name: Decimal(weight) for name, weight in rule.value.items()}
    if sum(weights.values()) != 1:
        raise Refused(Refusal(
            reason=f"因素权重之和应为 1，现为 {sum(weights.values())}（{rule.rule}）",
            reason_en=f"The weights must sum to 1, not {sum(weights.values())} ({rule.rule})",
            who="规则管理", who_en="Rules officer", rule=rule.rule))
    for index, one in enumerate(consortia):
        for name in weights:
            if name not in one["factors"]:
                fact.refuse(f"consortia[{index}].factors.{name}", "缺少这项因素", "missing factor")
        for name in one["factors"]:
            if name not in weights:
                fact.refuse(f"consortia[{index}].factors.{name}", "规则中没有这项因素", "the rule has no such factor")
    shares = [Fraction(0) for _ in consortia]
    for name, weight in weights.items():
        whole = sum(Fraction(one["factors"][name]) for one in consortia)
        if not whole and weight:
            fact.refuse(f"consortia.factors.{name}", "各医共体这项因素都是零", "this factor is zero everywhere")
        for index, one in enumerate(consortia):
            shares[index] += Fraction(weight) * Fraction(one["factors"][name]) / (whole or 1)
    return {
        one["consortium"]: _line(lines, one["consortium"], part_fen, "total × Σ weight × factor ÷ Σ factor", rule,
                                 {"total_fen": total_fen} | one["factors"])
        for one, part_fen in zip(consortia, apportion(total_fen, shares), strict=True)
    }


def _line(lines: Lines, name: str, amount_fen: int, formula: str, rule: Any, used: Mapping[str, object]) -> int:
    return lines.amount(f"consortia.{name}", f"切分：{name}", f"Split: {name}", amount_fen, formula, provision=rule,
                        parts=used)
