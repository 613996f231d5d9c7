"""Ways to say what is wrong with one value: unknown keys, bad numbers, words outside the list, unsorted rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .provisions import NUMBER

Fault = tuple[str, str]
ZERO, ONE = Decimal(0), Decimal(1)


def number(value: Any) -> Decimal | None:
    """The non-negative Decimal a quoted number stands for, or None."""
    if isinstance(value, str) and NUMBER.match(value) and not value.startswith("-"):
        return Decimal(value)
    return None


def unknown_keys(value: Mapping[str, Any], allowed: set[str], part: str = "") -> Iterator[Fault]:
    for key in sorted(value.keys() - allowed):
        yield f"{part}不认识的项目：{key}", f"{part}unknown key: {key}"


def bad_numbers(value: Mapping[str, Any], part: str, *keys: str, most: Decimal | None = None) -> Iterator[Fault]:
    for key in keys:
        found = number(value.get(key))
        if found is None:
            yield f"{part}{key} 应是加引号的非负数字", f"{part}{key} must be a quoted number, not negative"
        elif most is not None and found > most:
            yield f"{part}{key} 大于 {most}：{found}", f"{part}{key} is above {most}: {found}"


def not_one_of(value: Mapping[str, Any], key: str, allowed: tuple[str, ...], part: str = "") -> Iterator[Fault]:
    if value.get(key) not in allowed:
        listed = " | ".join(allowed)
        yield f"{part}{key} 应为 {listed}：{value.get(key)}", f"{part}{key} must be {listed}: {value.get(key)}"


def bad_part(value: Mapping[str, Any], key: str, allowed: set[str]) -> Iterator[Fault]:
    inner = value[key]
    if not isinstance(inner, dict):
        yield f"{key} 应为若干“项目: 内容”", f"{key} must be a mapping"
        return
    yield from unknown_keys(inner, allowed, f"{key}：")


def rows_of(value: Mapping[str, Any], key: str) -> list[dict[str, Any]] | None:
    rows = value.get(key)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        return None
    return rows


def no_rows(key: str) -> Iterator[Fault]:
    yield f"{key} 应为非空列表", f"{key} must be a list that is not empty"


def bad_edges(rows: list[dict[str, Any]], start: str, end: str) -> Iterator[Fault]:
    """Half-open rows: each starts above the one before, and an end, where written, is where the next one starts."""
    for above, row in zip(rows[1:], rows, strict=False):
        low, high = number(row.get(start)), number(above.get(start))
        if low is None or high is None:
            continue
        if high <= low:
            yield f"档位须从低到高：{low} 之后是 {high}", f"bands must ascend: {low} then {high}"
        edge = number(row.get(end))
        if edge is not None and edge < high:
            yield f"档位有空档：{edge} 到 {high}", f"gap between bands: {edge} to {high}"
        if edge is not None and edge > high:
            yield f"档位重叠：{high} 到 {edge}", f"bands overlap: {high} to {edge}"
    for row in rows:
        low, edge = number(row.get(start)), number(row.get(end))
        if low is not None and edge is not None and edge <= low:
            yield f"档位上沿不高于下沿：{low} 到 {edge}", f"a band ends at or below its start: {low} to {edge}"


def closed_top(rows: list[dict[str, Any]], end: str) -> Iterator[Fault]:
    """The highest band holds its start and all above it; an end would leave open what lies beyond."""
    if end in rows[-1]:
        yield f"最后一档含下沿及以上，不写 {end}", f"the last band holds all from its start on and takes no {end}"


def bad_ratios_inside(value: Mapping[str, Any], key: str, *names: str) -> Iterator[Fault]:
    if isinstance(value[key], dict):
        yield from bad_numbers(value[key], f"{key}：", *names, most=ONE)


def bad_shares(value: Mapping[str, Any]) -> Iterator[Fault]:
    yield from bad_numbers(value, "", *value)
    if not value or not any(number(share) for share in value.values()):
        yield "至少一份须大于零", "at least one share must be above zero"


def bad_fraction(written: Any, key: str) -> Iterator[Fault]:
    top, _, bottom = str(written).partition("/")
    if not (top.isascii() and top.isdigit() and bottom.isascii() and bottom.isdigit() and int(bottom) > 0):
        yield f"{key} 应写成分数，如 2/3：{written}", f"{key} must be a fraction such as 2/3: {written}"
    elif Fraction(int(top), int(bottom)) > 1:
        yield f"{key} 大于 1：{written}", f"{key} is above 1: {written}"
