"""The shape of an assessment scheme: indicators with weight, source, direction and one of four kinds of scoring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .faults import ONE, ZERO, Fault, bad_numbers, no_rows, not_one_of, number, rows_of, unknown_keys

_SCORING = {
    "threshold": {"kind", "target", "partial", "partial_from"},
    "linear": {"kind", "floor", "target"},
    "deduction": {"kind", "per_event"},
    "ranking": {"kind", "quantiles"},
}
_INDICATOR_KEYS = {"key", "label", "label_en", "unit", "weight", "source", "direction", "scoring"}


def scheme_faults(value: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with a scheme; its weights sum to 100, ``daily`` is the daily checks' part of the score."""
    yield from unknown_keys(value, {"name", "name_en", "indicators", "pass", "daily", "tilt"})
    yield from bad_numbers(value, "", "pass")
    if "daily" in value:
        yield from bad_numbers(value, "", "daily", most=ONE)
    rows = rows_of(value, "indicators")
    if rows is None:
        yield from no_rows("indicators")
        return
    seen: set[str] = set()
    for row in rows:
        key = str(row.get("key", ""))
        if not key or key in seen:
            yield f"指标 key 缺少或重复：{key}", f"indicator key missing or repeated: {key}"
        seen.add(key)
        yield from _indicator_faults(row, f"{key}：")
    total = sum((number(row.get("weight")) or ZERO for row in rows), ZERO)
    if total != 100:
        yield f"指标权重之和应为 100，现为 {total}", f"indicator weights must sum to 100, not {total}"


def _indicator_faults(row: Mapping[str, Any], part: str) -> Iterator[Fault]:
    yield from unknown_keys(row, _INDICATOR_KEYS, part)
    yield from bad_numbers(row, part, "weight")
    yield from not_one_of(row, "direction", ("up", "down"), part)
    if not row.get("label"):
        yield f"{part}缺少 label", f"{part}missing: label"
    scoring = row.get("scoring")
    if not isinstance(scoring, dict) or scoring.get("kind") not in _SCORING:
        yield f"{part}不认识的计分方式", f"{part}unknown kind of scoring"
        return
    kind = scoring["kind"]
    yield from unknown_keys(scoring, _SCORING[kind], part)
    if kind == "ranking":
        yield from _quantile_faults(scoring, part)
    elif kind == "deduction":
        yield from bad_numbers(scoring, part, "per_event")
    else:
        yield from _signed(scoring, part, "target", *(("floor",) if kind == "linear" else ()))
    if "partial" in scoring:
        yield from bad_numbers(scoring, part, "partial", most=ONE)


def _signed(value: Mapping[str, Any], part: str, *keys: str) -> Iterator[Fault]:
    """A growth rate may be negative, so its target may."""
    for key in keys:
        written = value.get(key)
        if number(written.removeprefix("-") if isinstance(written, str) else written) is None:
            yield f"{part}{key} 应是加引号的数字", f"{part}{key} must be a quoted number"


def _quantile_faults(scoring: Mapping[str, Any], part: str) -> Iterator[Fault]:
    rows = rows_of(scoring, "quantiles")
    if rows is None:
        yield from no_rows("quantiles")
        return
    before = ZERO
    for row in rows:
        yield from unknown_keys(row, {"upto", "ratio"}, part)
        yield from bad_numbers(row, part, "upto", "ratio", most=ONE)
        upto = number(row.get("upto")) or ZERO
        if upto <= before:
            yield f"{part}名次档位须从前到后", f"{part}quantiles must ascend"
        before = upto
