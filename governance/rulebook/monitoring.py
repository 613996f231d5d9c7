"""The shape of rules that compare, price and monitor: ways of payment, internal prices, indicators, milestones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .faults import Fault, bad_numbers, no_rows, not_one_of, number, rows_of, unknown_keys

MODES = {"double_control", "drg_dip", "global_budget"}
TRADES = {"referral", "remote_consultation", "shared_centre", "lent_hours"}
UNITS = ("ratio", "per_10000", "fen", "multiple")
_DAY = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z", re.ASCII)
_MEASURE = {"key", "label", "label_en", "unit", "direction", "of", "per", "growth", "life_table", "inferred"}


def mode_faults(value: Mapping[str, Any]) -> Iterator[Fault]:
    """Each way of payment says what it prepays, what becomes of an excess, and who keeps a saving."""
    yield from unknown_keys(value, MODES)
    if not value:
        yield "至少要有一种方式", "at least one way is needed"
    for mode, how in value.items():
        part = f"{mode}："
        if not isinstance(how, dict):
            yield f"{part}应为若干“项目: 内容”", f"{part}must be a mapping"
            continue
        yield from unknown_keys(how, {"prepaid", "excess", "saving"}, part)
        yield from not_one_of(how, "prepaid", ("prior_in_county", "raised"), part)
        yield from not_one_of(how, "excess", ("deducted", "paid"), part)
        yield from not_one_of(how, "saving", ("carried_over", "retained"), part)


def price_faults(value: Mapping[str, Any]) -> Iterator[Fault]:
    """Each kind of internal trade has either a price each, in fen, or what is put on the cost."""
    yield from unknown_keys(value, TRADES)
    for kind, price in value.items():
        part = f"{kind}："
        if not isinstance(price, dict) or len(price) != 1 or not price.keys() <= {"each_fen", "cost_plus"}:
            yield f"{part}each_fen 与 cost_plus 恰取其一", f"{part}exactly one of each_fen, cost_plus"
            continue
        yield from bad_numbers(price, part, *price)
        each = number(price.get("each_fen"))
        if each is not None and each != each.to_integral_value():
            yield f"{part}each_fen 以分计，应为整数", f"{part}each_fen is in whole fen"


def indicator_set_faults(value: Mapping[str, Any]) -> Iterator[Fault]:
    """Dimensions of indicators; one is qualitative or has measures that say what is counted by what."""
    yield from unknown_keys(value, {"code", "name", "name_en", "dimensions"})
    rows = rows_of(value, "dimensions")
    if rows is None:
        yield from no_rows("dimensions")
        return
    seen: set[str] = set()
    for dimension in rows:
        indicators = rows_of(dimension, "indicators")
        if indicators is None:
            yield from no_rows(f"{dimension.get('key')} indicators")
            continue
        for one in indicators:
            measures = rows_of(one, "measures") or []
            for key in {str(row.get("key", "")) for row in (one, *measures)}:
                if not key or key in seen:
                    yield f"指标 key 缺少或重复：{key}", f"indicator key missing or repeated: {key}"
                seen.add(key)
            yield from _indicator_faults(one)


def _indicator_faults(one: Mapping[str, Any]) -> Iterator[Fault]:
    part = f"{one.get('key')}："
    yield from unknown_keys(one, {"key", "label", "label_en", "kind", "measures"}, part)
    yield from _labels(one, part)
    if one.get("kind") == "qualitative":
        if "measures" in one:
            yield f"{part}定性指标不应有 measures", f"{part}a qualitative indicator has no measures"
        return
    measures = rows_of(one, "measures")
    if measures is None:
        yield from no_rows(f"{part}measures")
        return
    for measure in measures:
        yield from _measure_faults(measure)


def _measure_faults(measure: Mapping[str, Any]) -> Iterator[Fault]:
    part = f"{measure.get('key')}："
    yield from unknown_keys(measure, _MEASURE, part)
    yield from _labels(measure, part)
    yield from not_one_of(measure, "unit", UNITS, part)
    yield from not_one_of(measure, "direction", ("up", "down"), part)
    counted = isinstance(measure.get("of"), str) and isinstance(measure.get("per"), str)
    if counted == ("life_table" in measure):
        yield f"{part}of 和 per，或 life_table，恰取其一", f"{part}either of and per, or life_table"
    if "life_table" in measure:
        yield from not_one_of(measure, "life_table", ("premature_deaths",), part)
    for flag in ("growth", "inferred"):
        if flag in measure:
            yield from not_one_of(measure, flag, ("true",), part)


def _labels(row: Mapping[str, Any], part: str) -> Iterator[Fault]:
    for key in ("label", "label_en"):
        if not isinstance(row.get(key), str) or not row[key].strip():
            yield f"{part}缺少 {key}", f"{part}missing: {key}"


def milestone_faults(value: Mapping[str, Any]) -> Iterator[Fault]:
    """Each milestone has a measure, a day, and a value to reach or not to exceed."""
    for key, row in value.items():
        part = f"{key}："
        if not isinstance(row, dict):
            yield f"{part}应为若干“项目: 内容”", f"{part}must be a mapping"
            continue
        yield from unknown_keys(row, {"measure", "label", "label_en", "at_least", "at_most", "by"}, part)
        yield from _labels(row, part)
        if not isinstance(row.get("measure"), str):
            yield f"{part}缺少 measure", f"{part}missing: measure"
        if not isinstance(row.get("by"), str) or not _DAY.match(row["by"]):
            yield f"{part}by 应写成 2025-12-31", f"{part}by reads 2025-12-31"
        if ("at_least" in row) == ("at_most" in row):
            yield f"{part}at_least 与 at_most 恰取其一", f"{part}exactly one of at_least, at_most"
        yield from bad_numbers(row, part, *({"at_least", "at_most"} & row.keys()))
