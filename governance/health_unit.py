"""Health-management units: which of them take part in a surplus, and what county, township, village and team get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from governance import facts as fact
from governance.facts import COMMON, Field, ListOf, Number, Record, Text, Whole, fen
from governance.money import round_fen
from governance.tiers import LEVELS, to_tiers
from governance.worksheet import BookLike, Lines, Worksheet

POPULATIONS = {
    "general": ("一般人群", "General population", "surplus.unit_tier_ratios"),
    "chronic": ("慢病人群", "Chronic population", "surplus.chronic_tier_ratios"),
}
# What the surplus plan calls the part each population is.
PART_NAMES = {"general": "unit", "chronic": "chronic"}
TEAM_RULE = "health_unit.team_ratios"
POPULATION = Record({
    "package_fen": fen("包干额", "package"),
    "spending_fen": fen("本年基金支出", "fund spending this year"),
})
UNIT = Record({
    "unit": Field(Text(), "健康管理单元", "health-management unit"),
    "heads": Field(Whole(1), "本年人数", "people this year"),
    "prior_heads": Field(Whole(1), "上年人数", "people the year before"),
    "prior_spending_fen": fen("上年基金支出", "fund spending the year before", least=1),
    "general": Field(POPULATION, "一般人群", "general population", optional=True),
    "chronic": Field(POPULATION, "慢病人群", "chronic population", optional=True),
})
FACTS = Record(COMMON | {
    "year": Field(Whole(2000, 2200), "年度", "year", optional=True),
    "county_growth": Field(Number("-1"), "全县单元平均增幅", "mean growth of the county's units", optional=True),
    "units": Field(ListOf(UNIT, 1, "unit"), "健康管理单元", "health-management units"),
})


def health_unit(facts: Mapping[str, Any], book: BookLike) -> Worksheet:
    """The worksheet ``health-unit``; amounts in fen, Σ shared + Σ not shared = Σ surplus.

    A unit takes part when its fund spending per head fell, or grew less than the mean of the county's units: the fact
    ``county_growth``, or the mean of the units listed. Each population's surplus goes to county, township and village
    by its own ratios and nets with no other; what reaches the village is the team's, shared inside it by
    ``health_unit.team_ratios``. Raises Refused for bad facts or a missing rule.
    """
    given = fact.read(facts, FACTS)
    for index, unit in enumerate(given["units"]):
        if unit["general"] is None and unit["chronic"] is None:
            fact.refuse(f"units[{index}].general", "一般人群与慢病人群至少填一项", "give general, or chronic, or both")
    lines = Lines()
    growths = {unit["unit"]: _growth(unit) for unit in given["units"]}
    mean = _mean(lines, given["county_growth"], growths)
    condition = book.rule("health_unit.takes_part")
    units = {unit["unit"]: _unit(lines, unit, growths[unit["unit"]], mean, condition, book) for unit in given["units"]}
    return lines.sheet("health-unit", book, {
        "county_growth": six_decimals(mean), "units": units} | _totals(lines, list(units.values())))


def _growth(unit: Mapping[str, Any]) -> Fraction:
    """How much fund spending per head grew over the year before, exact."""
    spending_fen = sum(unit[name]["spending_fen"] for name in POPULATIONS if unit[name] is not None)
    return Fraction(spending_fen, unit["heads"]) / Fraction(unit["prior_spending_fen"], unit["prior_heads"]) - 1


def _mean(lines: Lines, stated: Decimal | None, growths: Mapping[str, Fraction]) -> Fraction:
    mean = sum(growths.values(), Fraction(0)) / len(growths) if stated is None else Fraction(stated)
    lines.value("county_growth", "全县单元人均支出平均增幅", "Mean growth of the county's units", six_decimals(mean), "ratio",
                "mean of the units' growth per head" if stated is None else "given", unit_count=len(growths))
    return mean


def six_decimals(growth: Fraction) -> Decimal:
    """A rate of growth as it is shown; what it decides is decided on the exact one."""
    return Decimal(round_fen(growth * 10**6)).scaleb(-6)


def _unit(
    lines: Lines, unit: Mapping[str, Any], growth: Fraction, mean: Fraction, condition: Any, book: BookLike,
) -> dict[str, Any]:
    name = unit["unit"]
    takes_part = growth < 0 or (condition.value == "fell_or_below_mean" and growth < mean)
    lines.value(f"units.{name}.growth", f"{name} 人均支出增幅", f"{name} Growth per head", six_decimals(growth), "ratio",
                "(fund_spending ÷ heads) ÷ (prior_spending ÷ prior_heads) − 1",
                fund_spending_fen=sum(unit[one]["spending_fen"] for one in POPULATIONS if unit[one] is not None),
                heads=unit["heads"], prior_spending_fen=unit["prior_spending_fen"], prior_heads=unit["prior_heads"])
    formula = "growth per head below 0" if condition.value == "fell" else (
        "growth per head below 0, or below the county's mean")
    lines.value(f"units.{name}.takes_part", f"{name} 参与结余分配", f"{name} Takes part", takes_part, "flag", formula,
                provision=condition, unit_growth=six_decimals(growth), mean_growth=six_decimals(mean))
    row: dict[str, Any] = {"growth": six_decimals(growth), "takes_part": takes_part}
    tiers = dict.fromkeys(LEVELS, 0)
    for population in POPULATIONS:
        surplus_fen, overrun_fen = _left(lines, name, unit[population], population)
        row |= {f"{population}_surplus_fen": surplus_fen, f"{population}_overrun_fen": overrun_fen}
        if takes_part and surplus_fen:
            for level, part_fen in _to_levels(lines, name, population, surplus_fen, book).items():
                tiers[level] += part_fen
    row |= {"shared_fen": sum(tiers.values()), "tiers": tiers}
    row["team"] = _to_team(lines, name, tiers["village"], book) if tiers["village"] else dict.fromkeys(LEVELS, 0)
    return row


def _left(lines: Lines, name: str, given: Mapping[str, int] | None, population: str) -> tuple[int, int]:
    """What a population's package left and what it lacked, one of the two zero; no lines where the unit has none."""
    if given is None:
        return 0, 0
    zh, en, _rule = POPULATIONS[population]
    package_fen, spending_fen = given["package_fen"], given["spending_fen"]
    surplus_fen = lines.amount(
        f"units.{name}.{population}_surplus_fen", f"{name} {zh}结余", f"{name} {en}: surplus",
        max(package_fen - spending_fen, 0), "max(packaged − fund_spending, 0)", packaged_fen=package_fen,
        fund_spending_fen=spending_fen)
    overrun_fen = lines.amount(
        f"units.{name}.{population}_overrun_fen", f"{name} {zh}超支", f"{name} {en}: overrun",
        max(spending_fen - package_fen, 0), "max(fund_spending − packaged, 0)", packaged_fen=package_fen,
        fund_spending_fen=spending_fen)
    return surplus_fen, overrun_fen


def _to_levels(lines: Lines, name: str, population: str, surplus_fen: int, book: BookLike) -> dict[str, int]:
    zh, en, ratios = POPULATIONS[population]
    rule = book.rule(ratios)
    found = to_tiers(surplus_fen, rule)
    for level, part_fen in found.items():
        lines.amount(f"units.{name}.{population}.{level}", f"{name} {zh} · {LEVELS[level][0]}",
                     f"{name} {en} · {LEVELS[level][1]}", part_fen, "surplus × tier_part, largest remainder",
                     provision=rule, surplus_fen=surplus_fen, tier_part=rule.value.get(level, "0"))
    return found


def _to_team(lines: Lines, name: str, village_fen: int, book: BookLike) -> dict[str, int]:
    rule = book.rule(TEAM_RULE)
    found = to_tiers(village_fen, rule)
    for level, part_fen in found.items():
        zh, en = LEVELS[level]
        lines.amount(f"units.{name}.team.{level}", f"{name} 团队 · {zh}", f"{name} Team · {en}", part_fen,
                     "team_money × team_part, largest remainder", provision=rule, team_money_fen=village_fen,
                     team_part=rule.value.get(level, "0"))
    return found


def _totals(lines: Lines, units: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The units together: what is shared, what is not, and each population as a part of the surplus plan."""
    surplus_fen = sum(row[f"{population}_surplus_fen"] for row in units for population in POPULATIONS)
    shared_fen = lines.amount("shared_fen", "参与分配的结余", "Shared", sum(row["shared_fen"] for row in units), "Σ units")
    lines.amount("not_shared_fen", "不参与分配的结余", "Not shared", surplus_fen - shared_fen, "units_surplus − shared_surplus",
                 units_surplus_fen=surplus_fen, shared_surplus_fen=shared_fen)
    tiers = {level: lines.amount(f"tiers.{level}", f"{label}合计", f"{label_en.capitalize()} total",
                                 sum(row["tiers"][level] for row in units), "Σ units")
             for level, (label, label_en) in LEVELS.items()}
    assert sum(tiers.values()) == shared_fen
    parts = [{"name": PART_NAMES[population], "ratios_rule": rule, "amount_fen": sum(
        row[f"{population}_surplus_fen"] for row in units if row["takes_part"])}
        for population, (_zh, _en, rule) in POPULATIONS.items()]
    return {"surplus_fen": surplus_fen, "shared_fen": shared_fen, "not_shared_fen": surplus_fen - shared_fen,
            "tiers": tiers, "parts": [part for part in parts if part["amount_fen"]]}
