"""The score of a unit: public benefit and operation by their weights, what excellence earns, when a unit must mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from governance import facts as fact
from governance.assessment import VALUES, two_decimals
from governance.facts import Field, Whole
from governance.money import apportion, plain, share
from governance.scoring import indicator_ratio, ranks
from governance.worksheet import BookLike, Lines

HALVES: dict[str, tuple[str, str]] = {"public_benefit": ("公益性", "public benefit"), "operating": ("经营性", "operating")}
# Calculated from the statement itself, never typed in.
MARGIN = "cost_margin"

SCORES: dict[str, Field] = {
    "public_benefit_values": Field(VALUES, "公益性指标值", "values of the public-benefit indicators", optional=True),
    "operating_values": Field(VALUES, "经营性指标值", "values of the operating indicators", optional=True),
    "failures_before": Field(Whole(0, 100), "此前连续不达标次数", "failures in a row before", optional=True, default=0),
}


def score_units(
    lines: Lines, units: Sequence[Mapping[str, Any]], results: Mapping[str, dict[str, Any]], book: BookLike,
) -> None:
    """Score the units that state values; writes halves, score, passed and must mend into ``results``.

    Each half has a scheme of its own (``unit_accounts.public_benefit.scheme``, ``….operating.scheme``) and its pass
    mark; a unit passes when both halves do. Raises Refused for a missing indicator or rule.
    """
    scored = [(index, unit) for index, unit in enumerate(units) if _has_values(unit, index)]
    if not scored:
        return
    weights = book.rule("unit_accounts.score_weights")
    schemes = {half: book.rule(f"unit_accounts.{half}.scheme") for half in HALVES}
    values = {half: [_values(unit, index, half, results[unit["unit"]]) for index, unit in scored] for half in HALVES}
    standings = {half: _standings(schemes[half].value, values[half]) for half in HALVES}
    for row, (index, unit) in enumerate(scored):
        found = results[unit["unit"]]
        halves = {
            half: _half(lines, unit["unit"], half, schemes[half], values[half][row], standings[half][row],
                        f"units[{index}].{half}_values")
            for half in HALVES}
        score = two_decimals(sum((Fraction(weights.value[half]) * Fraction(halves[half]) for half in HALVES),
                                 Fraction(0)))
        lines.value(f"units.{unit['unit']}.score", f"{unit['unit']} 考核得分", f"{unit['unit']} score", score, "points",
                    "public_benefit_score × public_benefit_weight + operating_score × operating_weight",
                    provision=weights, public_benefit_score=halves["public_benefit"],
                    operating_score=halves["operating"],
                    public_benefit_weight=weights.value["public_benefit"], operating_weight=weights.value["operating"])
        found |= {f"{half}_score": plain(points) for half, points in halves.items()} | {"score": plain(score)}
        passed = all(points >= Decimal(schemes[half].value["pass"]) for half, points in halves.items())
        _outcome(lines, unit, passed, found, book)


def _has_values(unit: Mapping[str, Any], index: int) -> bool:
    given = [unit[f"{half}_values"] is not None for half in HALVES]
    if any(given) and not all(given):
        missing = f"units[{index}].{'operating' if given[0] else 'public_benefit'}_values"
        fact.refuse(missing, "公益性与经营性指标须同时填报", "public-benefit and operating values come together")
    return all(given)


def _values(unit: Mapping[str, Any], index: int, half: str, statement: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed in, with the margin on costs that the statement gives."""
    values = dict(unit[f"{half}_values"])
    if MARGIN in values:
        fact.refuse(f"units[{index}].{half}_values.{MARGIN}", "成本利润率由报表算出，不填报",
                    "the margin on costs comes from the statement and is not typed in")
    if half == "operating" and statement[MARGIN] is not None:
        values[MARGIN] = Decimal(statement[MARGIN])
    return values


def _standings(scheme: Mapping[str, Any], values: Sequence[Mapping[str, Any]]) -> list[dict[str, tuple[int, int]]]:
    """For each unit its rank in the indicators that are scored by rank."""
    found: list[dict[str, tuple[int, int]]] = [{} for _ in values]
    for one in scheme["indicators"]:
        if one["scoring"]["kind"] != "ranking":
            continue
        for row, rank in enumerate(ranks([unit.get(one["key"]) for unit in values], one.get("direction", "up"))):
            found[row][one["key"]] = (rank, len(values))
    return found


def _half(
    lines: Lines, unit: str, half: str, scheme: Any, values: Mapping[str, Any],
    standing: Mapping[str, tuple[int, int]], named: str,
) -> Decimal:
    known = {one["key"] for one in scheme.value["indicators"]}
    for key in values.keys() - known - {MARGIN}:
        fact.refuse(f"{named}.{key}", "考核办法中没有这项指标", "the scheme has no such indicator")
    total = Decimal(0)
    for one in scheme.value["indicators"]:
        key, weight = one["key"], Decimal(one["weight"])
        if key not in values:
            fact.refuse(f"{named}.{key}", f"缺少指标“{one['label']}”", f"missing indicator: {key}")
        earned, formula = indicator_ratio(one, values[key], standing.get(key), f"{named}.{key}")
        points = two_decimals(earned * Fraction(weight))
        value = f"{values[key]['rank']}/{values[key]['of']}" if isinstance(values[key], dict) else values[key]
        lines.value(f"units.{unit}.points.{half}.{key}", f"{unit} {one['label']}",
                    f"{unit} {one.get('label_en') or key}", points, "points", formula, provision=scheme, value=value,
                    weight=weight)
        total += points
    zh, en = HALVES[half]
    lines.value(f"units.{unit}.{half}_score", f"{unit} {zh}得分", f"{unit} {en} score", total, "points", "Σ indicators",
                provision=scheme)
    return total


def _outcome(lines: Lines, unit: Mapping[str, Any], passed: bool, found: dict[str, Any], book: BookLike) -> None:
    """Passed or not; failing as often in a row as the rule says opens a rectification."""
    name = unit["unit"]
    lines.value(f"units.{name}.passed", f"{name} 是否达标", f"{name} passed", passed, "flag",
                "each half reaches the pass mark of its scheme")
    failures = 0 if passed else unit["failures_before"] + 1
    found |= {"passed": passed, "failures": failures, "rectification": False}
    if passed:
        return
    rule = book.rule("unit_accounts.failures_to_rectify")
    found["rectification"] = failures >= rule.integer
    lines.value(f"units.{name}.rectification", f"{name} 须整改", f"{name} must rectify", found["rectification"], "flag",
                "failures_in_a_row ≥ failures_to_rectify", provision=rule, failures_in_a_row=failures,
                failures_to_rectify=rule.integer)


def reward_units(lines: Lines, results: Mapping[str, dict[str, Any]], surplus_fen: int, book: BookLike) -> None:
    """What excellent units get of the surplus, in fen, by their scores; ``unit_accounts.excellent_from`` is optional.

    Raises Refused when a unit is excellent, there is a surplus, and ``unit_accounts.reward_ratio`` has no value.
    """
    bar = book.find("unit_accounts.excellent_from") if any("score" in unit for unit in results.values()) else None
    if bar is None:
        return
    for unit in results.values():
        if "score" in unit:
            unit |= {"excellent": unit["passed"] and Decimal(unit["score"]) >= bar.decimal, "reward_fen": 0}
    excellent = {name: Decimal(unit["score"]) for name, unit in results.items() if unit.get("excellent")}
    if not excellent or not surplus_fen:
        return
    rule = book.rule("unit_accounts.reward_ratio")
    pool_fen = lines.amount("reward_fen", "优秀单元奖励总额", "Rewards of excellent units", share(surplus_fen, rule.decimal),
                            "surplus × reward_ratio", provision=rule, surplus_fen=surplus_fen,
                            reward_ratio=rule.decimal)
    weights = list(excellent.values()) if any(excellent.values()) else [1] * len(excellent)
    for (name, score), part_fen in zip(excellent.items(), apportion(pool_fen, weights), strict=True):
        results[name]["reward_fen"] = lines.amount(
            f"units.{name}.reward_fen", f"{name} 奖励", f"{name} reward", part_fen, "rewards apportioned by score",
            provision=bar, reward_fen=pool_fen, score=score)
