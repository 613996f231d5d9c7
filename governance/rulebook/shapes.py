"""The shape a rule's value must have: bands and tiers without gap or overlap, shares that are shares, known keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from governance.chains import RULE, chain_faults

from .choices import choice_faults
from .faults import (
    ONE,
    ZERO,
    Fault,
    bad_edges,
    bad_fraction,
    bad_numbers,
    bad_part,
    bad_ratios_inside,
    bad_shares,
    closed_top,
    no_rows,
    not_one_of,
    number,
    rows_of,
    unknown_keys,
)
from .health_shapes import LEVELS, health_faults
from .monitoring import indicator_set_faults, milestone_faults, mode_faults, price_faults
from .schemes import scheme_faults


def shape_faults(rule: str, value: Any) -> list[Fault]:
    """What is wrong with a value of this rule, in Chinese and English; empty when nothing is."""
    for faults in (health_faults, choice_faults):
        found = faults(rule, value)
        if found is not None:
            return found
    check = _SHAPES.get(rule) or (scheme_faults if rule.endswith(".scheme") else None)
    if check is None:
        return []
    if not isinstance(value, dict):
        return [("应为若干“项目: 内容”", "must be a mapping")]
    return list(check(value))


def _retention(value: Mapping[str, Any]) -> Iterator[Fault]:
    yield from unknown_keys(value, {"by", "ratio", "bands", "reading", "gate", "cap", "withhold", "fails_below"})
    yield from not_one_of(value, "by", ("score", "surplus_rate", "flat"))
    if value.get("by") == "flat":
        yield from bad_numbers(value, "", "ratio", most=ONE)
        for key in sorted({"bands", "reading"} & value.keys()):
            yield f"统一比例不应再有 {key}", f"a flat ratio takes no {key}"
    else:
        yield from _retention_bands(value)
    if "gate" in value:
        yield from bad_part(value, "gate", {"min_surplus_rate"})
        yield from bad_ratios_inside(value, "gate", "min_surplus_rate")
    if "cap" in value:
        yield from bad_part(value, "cap", {"of_budget"})
        yield from bad_ratios_inside(value, "cap", "of_budget")
    if "withhold" in value:
        yield from bad_part(value, "withhold", {"ratio", "then"})
        yield from bad_ratios_inside(value, "withhold", "ratio")
        if isinstance(value["withhold"], dict):
            yield from not_one_of(value["withhold"], "then", ("deferred", "returned"), "withhold：")
    if "fails_below" in value:
        yield from bad_numbers(value, "", "fails_below")


def _retention_bands(value: Mapping[str, Any]) -> Iterator[Fault]:
    if "ratio" in value:
        yield "分档时不应再有统一的 ratio", "bands take no flat ratio"
    if value.get("by") == "surplus_rate" or "reading" in value:
        yield from not_one_of(value, "reading", ("whole", "marginal"))
    if value.get("by") == "score" and value.get("reading") == "marginal":
        yield "按分数分档不能分段累计", "bands by score cannot be read marginally"
    rows = rows_of(value, "bands")
    if rows is None:
        yield from no_rows("bands")
        return
    highest = ONE if value.get("by") == "surplus_rate" else None
    for index, row in enumerate(rows, 1):
        yield from unknown_keys(row, {"from", "to", "ratio"}, f"bands 第 {index} 档：")
        yield from bad_numbers(row, f"bands 第 {index} 档：", "from", most=highest)
        yield from bad_numbers(row, f"bands 第 {index} 档：", "ratio", most=ONE)
    yield from bad_edges(rows, "from", "to")
    yield from closed_top(rows, "to")


def _overrun(value: Mapping[str, Any]) -> Iterator[Fault]:
    yield from unknown_keys(value, {"kind", "tiers", "cap", "causes", "ceiling", "none_if", "gate"})
    kind = value.get("kind", "tiers")
    yield from not_one_of({"kind": kind}, "kind", ("tiers", "agreement", "none"))
    if kind == "none" and "tiers" in value:
        yield "不分担时不应有 tiers", "no sharing takes no tiers"
    if kind == "tiers" or "tiers" in value:
        yield from tier_faults(value)
    if "cap" in value:
        yield from not_one_of(value, "cap", ("risk_fund",))
    causes = value.get("causes", "any")
    if causes != "any" and not (isinstance(causes, list) and causes and all(isinstance(one, str) for one in causes)):
        yield f"causes 应为 any 或原因列表：{causes}", f"causes must be any or a list: {causes}"
    if "ceiling" in value:
        yield from bad_numbers(value, "", "ceiling", most=ONE)
    for one in value.get("none_if") or ():
        if one not in ("failed", "fund_deficit"):
            yield f"none_if 不认识：{one}", f"none_if does not know: {one}"
    if "gate" in value:
        yield from bad_part(value, "gate", {"min_overrun_rate", "below"})
        yield from bad_ratios_inside(value, "gate", "min_overrun_rate")
        if isinstance(value["gate"], dict):
            yield from not_one_of(value["gate"], "below", ("fund", "own"), "gate：")


def tier_faults(value: Mapping[str, Any]) -> Iterator[Fault]:
    """Tiers of an overrun ascend from zero by ``upto``; only the last may be open (null)."""
    rows = rows_of(value, "tiers")
    if rows is None:
        yield from no_rows("tiers")
        return
    before = ZERO
    for index, row in enumerate(rows, 1):
        part = f"tiers 第 {index} 档："
        yield from unknown_keys(row, {"upto", "fund"}, part)
        yield from bad_numbers(row, part, "fund", most=ONE)
        if row.get("upto") is None and "upto" in row and index == len(rows):
            continue
        upto = number(row.get("upto"))
        if upto is None:
            zh, en = "upto 应是加引号的数字（只有最后一档可为空）", "upto must be a number (only the last may be null)"
            yield f"{part}{zh}", f"{part}{en}"
        elif upto <= before:
            yield f"{part}upto 须从低到高：{before} 之后是 {upto}", f"{part}upto must ascend: {before} then {upto}"
        else:
            before = upto


def _deposit_return(value: Mapping[str, Any]) -> Iterator[Fault]:
    yield from unknown_keys(value, {"bands"})
    rows = rows_of(value, "bands")
    if rows is None:
        yield from no_rows("bands")
        return
    for index, row in enumerate(rows, 1):
        part = f"bands 第 {index} 档："
        yield from bad_numbers(row, part, "from")
        if "ratio" in row:
            yield from unknown_keys(row, {"from", "to", "ratio"}, part)
            yield from bad_numbers(row, part, "ratio", most=ONE)
        else:
            yield from _sloped(row, part)
    yield from bad_edges(rows, "from", "to")
    yield from bad_edges(rows, "from", "top")
    yield from closed_top(rows, "to")


def _sloped(row: Mapping[str, Any], part: str) -> Iterator[Fault]:
    yield from unknown_keys(row, {"from", "top", "ratio_at_top", "less_per_point"}, part)
    yield from bad_numbers(row, part, "top", "less_per_point")
    yield from bad_numbers(row, part, "ratio_at_top", most=ONE)
    low, top = number(row.get("from")), number(row.get("top"))
    ratio, less = number(row.get("ratio_at_top")), number(row.get("less_per_point"))
    if low is None or top is None or ratio is None or less is None:
        return
    if ratio - (top - low) * less < 0:
        yield f"{part}在 {low} 分时比例小于零", f"{part}the ratio falls below zero at {low}"


def _tier_ratios(value: Mapping[str, Any]) -> Iterator[Fault]:
    yield from unknown_keys(value, set(LEVELS))
    yield from bad_shares(value)


def _weights(value: Mapping[str, Any]) -> Iterator[Fault]:
    yield from bad_shares(value)
    total = sum((number(weight) or ZERO for weight in value.values()), ZERO)
    if total != ONE:
        yield f"权重之和应为 1，现为 {total}", f"weights must sum to 1, not {total}"


def _halves(value: Mapping[str, Any]) -> Iterator[Fault]:
    yield from unknown_keys(value, {"public_benefit", "operating"})
    for key in sorted({"public_benefit", "operating"} - value.keys()):
        yield f"缺少 {key}", f"missing: {key}"
    yield from _weights(value)


def _public_health(value: Mapping[str, Any]) -> Iterator[Fault]:
    yield from unknown_keys(value, {"ratio", "split"})
    yield from bad_numbers(value, "", "ratio", most=ONE)
    split = value.get("split")
    if isinstance(split, dict) and split:
        yield from bad_shares(split)
    else:
        yield "缺少 split", "missing: split"


def _quorum(value: Mapping[str, Any]) -> Iterator[Fault]:
    yield from unknown_keys(value, {"present", "ordinary", "major", "notice_days", "proxies_each"})
    yield from bad_fraction(value.get("present"), "present")
    for key in ("ordinary", "major"):
        inner = value.get(key)
        if not isinstance(inner, dict):
            yield f"缺少 {key}", f"missing: {key}"
            continue
        yield from unknown_keys(inner, {"of", "more_than", "at_least"}, f"{key}：")
        yield from not_one_of(inner, "of", ("all", "present"), f"{key}：")
        if ("more_than" in inner) == ("at_least" in inner):
            yield f"{key}：more_than 与 at_least 恰取其一", f"{key}: exactly one of more_than, at_least"
        yield from bad_fraction(inner.get("more_than", inner.get("at_least")), key)


_SHAPES: dict[str, Callable[[Mapping[str, Any]], Iterator[Fault]]] = {
    RULE: chain_faults,
    "clearing.retention": _retention,
    "clearing.overrun": _overrun,
    "clearing.deposit_return": _deposit_return,
    "surplus.tier_ratios": _tier_ratios,
    "surplus.chronic_tier_ratios": _tier_ratios,
    "surplus.unit_tier_ratios": _tier_ratios,
    "surplus.public_health_share": _public_health,
    "overrun.tier_ratios": _tier_ratios,
    "budget.weights": _weights,
    "budget.split_weights": _weights,
    "committee.quorum": _quorum,
    "payment_modes.modes": mode_faults,
    "unit_accounts.score_weights": _halves,
    "unit_accounts.prices": price_faults,
    "indicators.national": indicator_set_faults,
    "indicators.local": indicator_set_faults,
    "indicators.milestones": milestone_faults,
}
