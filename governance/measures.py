"""One measure of the monitoring indicators from counted facts: a ratio, a rate, an average, a growth, a life table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from governance import facts as fact
from governance.facts import Field, ListOf, Number, Record, Text, Whole
from governance.money import ratio, round_fen

PER_10000 = 10_000
AGES = ("30-34", "35-39", "40-44", "45-49", "50-54", "55-59", "60-64", "65-69")
AGE_GROUPS = ListOf(Record({
    "age": Field(Text(AGES), "年龄组", "age group"),
    "deaths": Field(Whole(0), "四类慢性病死亡人数", "deaths from the four diseases"),
    "population": Field(Whole(1), "平均人口数", "mean population"),
}), len(AGES), "age")
STATED = Record({
    "value": Field(Number(None), "数值", "value"),
    "prior": Field(Number(None), "上期数值", "value of the period before", optional=True),
    "source": Field(Text(), "出处", "source"),
})


@dataclass(frozen=True, slots=True)
class Reading:
    """A measure of this period and of the one before, how it was reached, and what went in.

    Ratios, rates and multiples are Decimals of six decimals; averages are whole fen.
    """

    value: Decimal | int
    prior: Decimal | int | None
    formula: str
    inputs: Mapping[str, Any]
    source: str = ""


def read_measure(measure: Mapping[str, Any], given: Mapping[str, Any]) -> Reading:
    """The measure from the counts of ``given``, or as stated there with its source.

    Raises Refused naming the count that is missing, zero below the line, or a share above one.
    """
    stated = given["stated"].get(measure["key"])
    if stated is not None:
        value, prior = (_as_unit(measure, stated[name]) for name in ("value", "prior"))
        assert value is not None
        return Reading(value, prior, "as stated", {}, stated["source"])
    if "life_table" in measure:
        return _life_table(measure, given)
    now = _average(measure, given["counts"], "counts")
    if measure.get("growth") == "true":
        before = _average(measure, given["prior_counts"], "prior_counts")
        if not before:
            fact.refuse(f"prior_counts.{measure['of']}", "上期为零，不能计算增长率", "zero before: no growth rate")
        inputs = {"now": ratio(now), "before": ratio(before)}
        return Reading(ratio(now / before - 1), None, "now ÷ before − 1", inputs)
    counted = all(name in given["prior_counts"] for name in (measure["of"], measure["per"]))
    prior = _shown(measure, _average(measure, given["prior_counts"], "prior_counts")) if counted else None
    times = f" × {PER_10000}" if measure["unit"] == "per_10000" else ""
    named = " ÷ ".join(measure[part].removesuffix("_fen") for part in ("of", "per"))
    return Reading(_shown(measure, now), prior, f"{named}{times}", _counted(measure, given["counts"]))


def _counted(measure: Mapping[str, Any], counts: Mapping[str, int]) -> dict[str, int | Decimal]:
    """What went in by its own name: whole fen for amounts, heads and times as numbers that are no money."""
    return {name: counts[name] if name.endswith("_fen") else Decimal(counts[name])
            for name in (measure["of"], measure["per"])}


def _as_unit(measure: Mapping[str, Any], number: Decimal | None) -> Decimal | int | None:
    """A stated number in the measure's unit: whole fen for an average amount."""
    return round_fen(number) if number is not None and measure["unit"] == "fen" else number


def _shown(measure: Mapping[str, Any], exact: Fraction) -> Decimal | int:
    if measure["unit"] == "fen":
        return round_fen(exact)
    return ratio(exact * (PER_10000 if measure["unit"] == "per_10000" else 1))


def _average(measure: Mapping[str, Any], counts: Mapping[str, int], fact_name: str) -> Fraction:
    """What is counted for each of what it is counted by, exact."""
    for name in (measure["of"], measure["per"]):
        if name not in counts:
            fact.refuse(f"{fact_name}.{name}", f"“{measure['label']}”缺少这项计数",
                        f"“{measure['label_en']}” needs this count")
    counted, per = counts[measure["of"]], counts[measure["per"]]
    if not per:
        fact.refuse(f"{fact_name}.{measure['per']}", "分母不得为零", "may not be zero below the line")
    if measure["unit"] == "ratio" and "growth" not in measure and counted > per:
        fact.refuse(f"{fact_name}.{measure['of']}", f"不得大于 {measure['per']}", f"may not exceed {measure['per']}")
    return Fraction(counted, per)


def _life_table(measure: Mapping[str, Any], given: Mapping[str, Any]) -> Reading:
    """The probability of dying between 30 and 70 from eight five-year groups, assuming even deaths within each."""
    groups = given[measure["life_table"]]
    if groups is None:
        fact.refuse(measure["life_table"], f"“{measure['label']}”缺少分年龄组死亡和人口数",
                    f"“{measure['label_en']}” needs deaths and population by age group")
    before = given[f"prior_{measure['life_table']}"]
    prior = None if before is None else probability_of_dying(before, f"prior_{measure['life_table']}")
    return Reading(probability_of_dying(groups, measure["life_table"]), prior,
                   "1 − Π(1 − 5 × rate ÷ (1 + 2.5 × rate)), rate = deaths ÷ population",
                   {part: sum(one[part] for one in groups) for part in ("deaths", "population")})


def probability_of_dying(groups: Sequence[Mapping[str, Any]], named: str) -> Decimal:
    """1 − Π(1 − 5m ÷ (1 + 2.5m)) over the groups, m = deaths ÷ population; six decimals, never above one."""
    surviving = Fraction(1)
    for index, one in enumerate(groups):
        deaths, population = one["deaths"], one["population"]
        if 5 * deaths > 2 * population:
            fact.refuse(f"{named}[{index}].deaths", "死亡人数相对人口数过大", "too many deaths for the population")
        surviving *= 1 - Fraction(10 * deaths, 2 * population + 5 * deaths)
    return ratio(1 - surviving)
