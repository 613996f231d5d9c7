"""The monitoring indicators of a consortium from counted facts, its milestones, and when to meet and review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from governance import facts as fact
from governance.facts import COMMON, Field, ListOf, MapOf, Record, Text, Whole
from governance.measures import AGE_GROUPS, STATED, Reading, read_measure
from governance.milestones import due_dates, last_day, milestone_lines
from governance.money import plain
from governance.worksheet import BookLike, Lines, Worksheet

ANSWERS = ("met", "not_met")
FACTS = Record(COMMON | {
    "period": Field(Text(pattern=r"[0-9]{4}(-Q[1-4])?"), "期间（年或季度）", "period (year or quarter)"),
    "counts": Field(MapOf(Whole(0)), "本期计数", "counts of the period", optional=True, default={}),
    "prior_counts": Field(MapOf(Whole(0)), "上期计数", "counts of the period before", optional=True, default={}),
    "qualitative": Field(MapOf(Text(ANSWERS)), "定性指标", "qualitative indicators", optional=True, default={}),
    "stated": Field(MapOf(STATED), "直接填报的数值（须注明出处）", "values as stated, with their source",
                    optional=True, default={}),
    "premature_deaths": Field(AGE_GROUPS, "分年龄组四类慢性病死亡", "premature deaths by age group", optional=True),
    "prior_premature_deaths": Field(AGE_GROUPS, "上期分年龄组四类慢性病死亡", "the same of the period before", optional=True),
    "only": Field(ListOf(Text(), 1), "只计算这些指标", "only these indicators", optional=True),
})
_QUALITATIVE = "qualitative"


def monitor(facts: Mapping[str, Any], book: BookLike) -> Worksheet:
    """The worksheet ``indicators``: ratios as Decimals of six decimals, average amounts in fen.

    The set is the rule ``indicators.national`` and, where a place adds its own, ``indicators.local``; targets are
    ``indicators.milestones``. Every indicator is needed unless ``only`` names some. Raises Refused for a missing count.
    """
    given = fact.read(facts, FACTS)
    national, local = book.rule("indicators.national"), book.find("indicators.local")
    rules = [national] if local is None else [national, local]
    chosen = [(rule, one) for rule, one in _indicators(rules) if given["only"] is None or one["key"] in given["only"]]
    _refuse_unknown(given, [one for _, one in _indicators(rules)])
    lines = Lines()
    found: dict[str, Any] = {}
    for rule, one in chosen:
        if one.get("kind") == _QUALITATIVE:
            found[one["key"]] = _answer(lines, rule, one, given["qualitative"])
        else:
            for measure in one["measures"]:
                found[measure["key"]] = _measure(lines, rule, measure, read_measure(measure, given))
    end = last_day(given["period"])
    milestones = milestone_lines(lines, book, found, end)
    lines.value("reported", "已报指标", "Indicators reported", len(chosen), "items", "indicators reported",
                provision=national)
    return lines.sheet("indicators", book, {
        "code": national.value["code"], "period": given["period"], "reported": len(chosen),
        "of": sum(1 for _ in _indicators(rules)), "indicators": found, "milestones": milestones,
        **due_dates(lines, book, given["period"]),
    })


def _indicators(rules: Sequence[Any]) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    for rule in rules:
        for dimension in rule.value["dimensions"]:
            yield from ((rule, one) for one in dimension["indicators"])


def _refuse_unknown(given: Mapping[str, Any], indicators: Sequence[Mapping[str, Any]]) -> None:
    """A name no indicator reads is a slip of the pen, and would go unnoticed."""
    measures = [measure for one in indicators for measure in one.get("measures", ())]
    counted = {measure[part] for measure in measures for part in ("of", "per") if part in measure}
    known = {
        "counts": counted, "prior_counts": counted, "stated": {measure["key"] for measure in measures},
        "qualitative": {one["key"] for one in indicators if one.get("kind") == _QUALITATIVE},
    }
    for name, names in known.items():
        for key in given[name]:
            if key not in names:
                fact.refuse(f"{name}.{key}", "没有指标使用这一项", "no indicator reads this")
    for index, key in enumerate(given["only"] or ()):
        if key not in {one["key"] for one in indicators}:
            fact.refuse(f"only[{index}]", f"没有这项指标：{key}", f"there is no such indicator: {key}")


def _answer(lines: Lines, rule: Any, one: Mapping[str, Any], answers: Mapping[str, str]) -> dict[str, Any]:
    key = one["key"]
    if key not in answers:
        fact.refuse(f"qualitative.{key}", f"缺少定性指标“{one['label']}”", f"missing: “{one['label_en']}”")
    lines.value(f"indicators.{key}", one["label"], one["label_en"], answers[key], "grade", "arranged and carried out",
                provision=rule)
    return {"value": answers[key]}


def _measure(lines: Lines, rule: Any, measure: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    key, unit = measure["key"], measure["unit"]
    reason = f"填报出处：{reading.source}" if reading.source else ""
    if isinstance(reading.value, int):
        lines.amount(f"indicators.{key}", measure["label"], measure["label_en"], reading.value, reading.formula,
                     provision=rule, reason=reason, **reading.inputs)
    else:
        lines.value(f"indicators.{key}", measure["label"], measure["label_en"], reading.value, unit, reading.formula,
                    provision=rule, reason=reason, **reading.inputs)
    found: dict[str, Any] = {"value": _plain(reading.value), "unit": unit, "direction": measure["direction"],
                             "inferred": measure.get("inferred") == "true", "prior": None, "change": None,
                             "trend": None}
    if reading.prior is None:
        return found
    change = reading.value - reading.prior
    found |= {"prior": _plain(reading.prior), "change": _plain(change), "trend": trend(change, measure["direction"])}
    zh, en = f"{measure['label']}：比上期", f"{measure['label_en']}: change"
    if isinstance(change, int):
        lines.amount(f"changes.{key}", zh, en, change, "now − before", now=reading.value, before=reading.prior)
    else:
        lines.value(f"changes.{key}", zh, en, change, unit, "now − before", now=reading.value, before=reading.prior)
    lines.value(f"trends.{key}", f"{measure['label']}：走势", f"{measure['label_en']}: trend", found["trend"], "choice",
                "change in the direction wanted")
    return found


def trend(change: Decimal | int, direction: str) -> str:
    """``better``, ``worse`` or ``same``, by the direction that is wanted."""
    if not change:
        return "same"
    return "better" if (change > 0) == (direction == "up") else "worse"


def _plain(number: Decimal | int) -> str | int:
    return number if isinstance(number, int) else plain(number)


