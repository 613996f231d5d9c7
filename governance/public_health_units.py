"""What each health-management unit gets of the village's public-health money: by process, target and result."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from math import ceil
from typing import Any

from governance import facts as fact
from governance.facts import Field, ListOf, MapOf, Number, Record, Text, Whole, fen
from governance.money import apportion, round_fen
from governance.worksheet import BookLike, Lines

Row = dict[str, Any]

UNIT = Record({
    "unit": Field(Text(), "健康管理单元", "health-management unit"),
    "heads": Field(Whole(1), "服务人数", "people it serves"),
    "quarter_scores": Field(ListOf(Number("0", "100"), 4), "四个季度考核得分", "scores of the four quarters"),
    "values": Field(MapOf(Number("0")), "目标指标值", "value of each target indicator"),
    "spending_fen": fen("年度医疗总支出", "total medical spending of the year"),
})


def paid_by_process(
    lines: Lines, units: Sequence[Mapping[str, Any]], process_fen: int, rows: Mapping[str, Row], book: BookLike,
) -> None:
    """Each unit's part by heads, times its yearly score of the four quarters; writes ``score`` and ``process_fen``."""
    rule = book.rule("public_health.quarter_weights")
    weights = [Decimal(weight) for weight in rule.value]
    quotas = _quotas(lines, units, "process", "过程评价额度", "process part", process_fen)
    for index, (unit, quota_fen) in enumerate(zip(units, quotas, strict=True)):
        name, scores = unit["unit"], unit["quarter_scores"]
        if len(scores) != len(weights):
            fact.refuse(f"units[{index}].quarter_scores", f"应为 {len(weights)} 个季度的得分",
                        f"must be the scores of {len(weights)} quarters")
        with localcontext(prec=60):
            score = sum((one * weight for one, weight in zip(scores, weights, strict=True)), Decimal(0))
        lines.value(
            f"units.{name}.score", f"{name} 年度绩效得分", f"{name} Score of the year", score, "points",
            "Σ quarter score × quarter weight", provision=rule, first_quarter=scores[0], second_quarter=scores[1],
            third_quarter=scores[2], fourth_quarter=scores[3])
        rows[name]["score"] = score
        rows[name]["process_fen"] = lines.amount(
            f"units.{name}.process_fen", f"{name} 过程评价实付", f"{name} Process part paid",
            round_fen(quota_fen * Fraction(score) / 100), "unit_quota × score ÷ 100",
            unit_quota_fen=quota_fen, score=score)


def paid_by_target(
    lines: Lines, units: Sequence[Mapping[str, Any]], target_fen: int, rows: Mapping[str, Row], book: BookLike,
) -> None:
    """Each unit's part by heads, then by indicator: met is paid in full, not met nothing; writes ``target_fen``."""
    rule = book.rule("public_health.targets")
    indicators = rule.value["indicators"]
    weights = [Decimal(one.get("weight", "1")) for one in indicators]
    quotas = _quotas(lines, units, "target", "目标评价额度", "target part", target_fen)
    for index, (unit, quota_fen) in enumerate(zip(units, quotas, strict=True)):
        name = unit["unit"]
        _refuse_unfit(unit["values"], indicators, f"units[{index}].values")
        parts = apportion(quota_fen, weights)
        met = [_met(one, unit["values"][one["key"]]) for one in indicators]
        rows[name]["unmet"] = [one["key"] for one, reached in zip(indicators, met, strict=True) if not reached]
        rows[name]["target_fen"] = lines.amount(
            f"units.{name}.target_fen", f"{name} 目标评价实付", f"{name} Target part paid",
            sum(part for part, reached in zip(parts, met, strict=True) if reached), "Σ quota of each indicator met",
            provision=rule, unit_quota_fen=quota_fen, indicator_count=len(indicators), indicators_met=sum(met))


def _quotas(
    lines: Lines, units: Sequence[Mapping[str, Any]], part: str, label: str, label_en: str, part_fen: int,
) -> list[int]:
    heads = [unit["heads"] for unit in units]
    whole, quotas = sum(heads), apportion(part_fen, heads)
    for unit, quota_fen in zip(units, quotas, strict=True):
        name = unit["unit"]
        lines.amount(f"units.{name}.{part}_quota_fen", f"{name} {label}", f"{name} Its {label_en}", quota_fen,
                     "part_money × heads ÷ all_heads, largest remainder", part_money_fen=part_fen,
                     heads=unit["heads"], all_heads=whole)
    return quotas


def _refuse_unfit(values: Mapping[str, Decimal], indicators: Sequence[Mapping[str, str]], named: str) -> None:
    known = {one["key"] for one in indicators}
    for one in indicators:
        if one["key"] not in values:
            fact.refuse(f"{named}.{one['key']}", f"缺少指标“{one['label']}”", f"missing indicator: {one['key']}")
    for key in values:
        if key not in known:
            fact.refuse(f"{named}.{key}", "目标评价中没有这项指标", "is not an indicator of the target part")


def _met(indicator: Mapping[str, str], value: Decimal) -> bool:
    target = Decimal(indicator["target"])
    return value <= target if indicator["direction"] == "down" else value >= target


def band_of(rank: int, count: int, bands: Sequence[Mapping[str, str]]) -> str | None:
    """The letter of the band of ``rank`` among ``count`` units, None beyond the last; edges are ceil(count × upto)."""
    for index, band in enumerate(bands):
        if rank <= ceil(count * Fraction(band["upto"])):
            return _letter(index)
    return None


def place_units(lines: Lines, units: Sequence[Mapping[str, Any]], rows: Mapping[str, Row], rule: Any) -> None:
    """The rank of each unit by spending per head, lowest first, and its band; units that tie share the better rank."""
    per_head = [Fraction(unit["spending_fen"], unit["heads"]) for unit in units]
    ordered = sorted(per_head)
    for unit, spent in zip(units, per_head, strict=True):
        name, rank = unit["unit"], bisect_left(ordered, spent) + 1
        band = band_of(rank, len(units), rule.value["bands"])
        spent_fen = lines.amount(
            f"units.{name}.per_head_fen", f"{name} 人均医疗总支出", f"{name} Spending per head", round_fen(spent),
            "medical_spending ÷ heads", medical_spending_fen=unit["spending_fen"], heads=unit["heads"])
        lines.value(f"units.{name}.rank", f"{name} 名次", f"{name} Rank", rank, "rank",
                    "place by spending per head before rounding", unit_count=len(units))
        lines.value(f"units.{name}.band", f"{name} 档次", f"{name} Band", band, "choice",
                    "first band whose edge the rank reaches", provision=rule, rank=rank, unit_count=len(units))
        rows[name].update(per_head_fen=spent_fen, rank=rank, band=band)


def paid_by_band(
    lines: Lines, units: Sequence[Mapping[str, Any]], pool_fen: int, rows: Mapping[str, Row], rule: Any,
) -> Row:
    """The result money by band, in a band by heads; a band without units, and what no band has, is undistributed.

    Writes ``result_fen`` and ``total_fen`` of each unit; without units only the bands' amounts are known.
    """
    ratios = [Decimal(band["ratio"]) for band in rule.value["bands"]]
    bands, left_fen = {}, pool_fen
    for index, amount_fen in enumerate(apportion(pool_fen, [*ratios, 1 - sum(ratios)])[:-1]):
        letter = _letter(index)
        bands[letter] = lines.amount(
            f"bands.{letter}", f"{letter} 档资金", f"Band {letter}", amount_fen, "result_pool × ratio, largest remainder",
            provision=rule, result_pool_fen=pool_fen, ratio=ratios[index])
        left_fen -= _inside_band(lines, [unit for unit in units if rows[unit["unit"]]["band"] == letter], amount_fen,
                                 rows)
    if not units:
        return {"bands": bands, "result_paid_fen": None, "undistributed_fen": None}
    for name, row in rows.items():
        row.setdefault("result_fen", 0)
        row["total_fen"] = lines.amount(
            f"units.{name}.total_fen", f"{name} 合计", f"{name} Total", row["process_fen"] + row["target_fen"]
            + row["result_fen"], "process_paid + target_paid + result_paid", process_paid_fen=row["process_fen"],
            target_paid_fen=row["target_fen"], result_paid_fen=row["result_fen"])
    lines.amount("result_paid_fen", "结果评价实付", "Result part paid", pool_fen - left_fen, "Σ units")
    lines.amount("undistributed_fen", "空档未分配", "Not distributed", left_fen, "result_pool − result_paid",
                 result_pool_fen=pool_fen, result_paid_fen=pool_fen - left_fen)
    return {"bands": bands, "result_paid_fen": pool_fen - left_fen, "undistributed_fen": left_fen}


def _inside_band(lines: Lines, inside: Sequence[Mapping[str, Any]], amount_fen: int, rows: Mapping[str, Row]) -> int:
    """A band's amount to its units by heads; how much was given, nothing where the band is empty."""
    if not inside:
        return 0
    heads = [unit["heads"] for unit in inside]
    for unit, part_fen in zip(inside, apportion(amount_fen, heads), strict=True):
        name = unit["unit"]
        rows[name]["result_fen"] = lines.amount(
            f"units.{name}.result_fen", f"{name} 结果评价实付", f"{name} Result part paid", part_fen,
            "band_money × heads ÷ band_heads, largest remainder", band_money_fen=amount_fen, heads=unit["heads"],
            band_heads=sum(heads))
    return amount_fen


def _letter(index: int) -> str:
    return chr(ord("A") + index)
