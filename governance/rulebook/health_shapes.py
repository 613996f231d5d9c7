"""The shape of the rules on public-health money, chronic packages and health-management units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .faults import ONE, ZERO, Fault, bad_numbers, bad_shares, no_rows, not_one_of, number, rows_of, unknown_keys

QUARTERS = 4
LEVELS = ("county", "township", "village")
TAKES_PART = ("fell_or_below_mean", "fell")


def health_faults(rule: str, value: Any) -> list[Fault] | None:
    """What is wrong with a value of one of these rules; None for any other rule."""
    check = _SHAPES.get(rule)
    return None if check is None else list(check(value))


def _mapping(check: Callable[[Mapping[str, Any]], Iterator[Fault]]) -> Callable[[Any], Iterator[Fault]]:
    def checked(value: Any) -> Iterator[Fault]:
        if isinstance(value, dict):
            yield from check(value)
        else:
            yield "应为若干“项目: 内容”", "must be a mapping"

    return checked


def _whole(value: Any) -> Iterator[Fault]:
    found = number(value)
    if found is None or found != found.to_integral_value():
        yield "应是加引号的整数（金额以分计），不得为负", "must be a quoted whole number (fen), not negative"


def _prepaid_ratio(value: Any) -> Iterator[Fault]:
    yield from bad_numbers({"ratio": value}, "", "ratio", most=ONE)


def _village_parts(value: Mapping[str, Any]) -> Iterator[Fault]:
    parts = ("process", "target", "result")
    yield from unknown_keys(value, set(parts))
    yield from bad_numbers(value, "", *parts, most=ONE)
    yield from _sums_to_one([value.get(part) for part in parts], "三部分之和", "the parts")


def _quarter_weights(value: Any) -> Iterator[Fault]:
    if not isinstance(value, list) or len(value) != QUARTERS:
        yield "应为四个季度的权重", "must be the weights of four quarters"
        return
    yield from bad_numbers({str(index): one for index, one in enumerate(value, 1)}, "第几季度：", "1", "2", "3", "4")
    yield from _sums_to_one(value, "四个季度权重之和", "the quarters' weights")


def _sums_to_one(written: list[Any], zh: str, en: str) -> Iterator[Fault]:
    total = sum((number(one) or ZERO for one in written), ZERO)
    if total != ONE:
        yield f"{zh}应为 1，现为 {total}", f"{en} must sum to 1, not {total}"


def _result_bands(value: Mapping[str, Any]) -> Iterator[Fault]:
    """Bands of a ranking, best first, each up to a part of the units; what is beyond the last gets nothing."""
    yield from unknown_keys(value, {"bands"})
    rows = rows_of(value, "bands")
    if rows is None:
        yield from no_rows("bands")
        return
    before = ZERO
    for index, row in enumerate(rows, 1):
        part = f"bands 第 {index} 档："
        yield from unknown_keys(row, {"upto", "ratio"}, part)
        yield from bad_numbers(row, part, "upto", "ratio", most=ONE)
        upto = number(row.get("upto")) or ZERO
        if upto <= before:
            yield f"{part}名次档位须从前到后：{before} 之后是 {upto}", f"{part}bands must ascend: {before} then {upto}"
        before = upto
    total = sum((number(row.get("ratio")) or ZERO for row in rows), ZERO)
    if total > ONE:
        yield f"各档比例之和不得大于 1，现为 {total}", f"the bands' ratios may not exceed 1, not {total}"


def _targets(value: Mapping[str, Any]) -> Iterator[Fault]:
    """Indicators with a target each; weights are stated for all of them, or for none and then equal."""
    yield from unknown_keys(value, {"indicators"})
    rows = rows_of(value, "indicators")
    if rows is None:
        yield from no_rows("indicators")
        return
    seen: set[str] = set()
    for row in rows:
        key = str(row.get("key", ""))
        part = f"{key}："
        if not key or key in seen:
            yield f"指标 key 缺少或重复：{key}", f"indicator key missing or repeated: {key}"
        seen.add(key)
        yield from unknown_keys(row, {"key", "label", "label_en", "target", "direction", "weight"}, part)
        yield from bad_numbers(row, part, "target")
        yield from not_one_of(row, "direction", ("up", "down"), part)
        if not row.get("label"):
            yield f"{part}缺少 label", f"{part}missing: label"
    weighted = [row for row in rows if "weight" in row]
    if weighted and len(weighted) < len(rows):
        yield "权重要么全填、要么全不填（等权）", "state the weight of every indicator, or of none"
    elif weighted:
        yield from bad_shares({str(row.get("key", "")): row["weight"] for row in rows})


def _team_ratios(value: Mapping[str, Any]) -> Iterator[Fault]:
    yield from unknown_keys(value, set(LEVELS))
    yield from bad_shares(value)


def _takes_part(value: Any) -> Iterator[Fault]:
    yield from not_one_of({"value": value}, "value", TAKES_PART)


_SHAPES: dict[str, Callable[[Any], Iterator[Fault]]] = {
    "chronic.disease_groups": _whole,
    "chronic.per_head": _whole,
    "chronic.signed_supplement": _whole,
    "public_health.per_head": _whole,
    "public_health.prepaid_ratio": _prepaid_ratio,
    "public_health.village_parts": _mapping(_village_parts),
    "public_health.quarter_weights": _quarter_weights,
    "public_health.result_bands": _mapping(_result_bands),
    "public_health.targets": _mapping(_targets),
    "health_unit.team_ratios": _mapping(_team_ratios),
    "health_unit.takes_part": _takes_part,
}
