"""Assessment: a score by the scheme of a place, for one consortium or for each of its members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from governance import facts as fact
from governance.facts import COMMON, AnyOf, Field, ListOf, MapOf, Number, Record, Text, Whole
from governance.money import plain, round_fen
from governance.refusal import Refusal, Refused
from governance.scoring import indicator_ratio, ranks
from governance.worksheet import BookLike, Lines, Worksheet

SCHEMES = ("fund", "performance", "contribution")
RANK = Record({
    "rank": Field(Whole(1), "名次", "rank, 1 is best"),
    "of": Field(Whole(1), "参评数", "how many were ranked"),
})
VALUES = MapOf(AnyOf((Number(None), RANK)))
DAILY = ListOf(Number("0", "100"))

FACTS = Record(COMMON | {
    "scheme": Field(Text(SCHEMES), "考核类别", "scheme"),
    "year": Field(Whole(2000, 2200), "年度", "year", optional=True),
    "values": Field(VALUES, "指标值", "value of each indicator", optional=True),
    "daily_scores": Field(DAILY, "日常检查得分", "scores of the daily checks", optional=True, default=()),
    "members": Field(ListOf(Record({
        "member": Field(Text(), "成员单位", "member"),
        "values": Field(VALUES, "指标值", "value of each indicator"),
        "daily_scores": Field(DAILY, "日常检查得分", "scores of the daily checks", optional=True, default=()),
    }), 1, "member"), "被考核的成员单位", "members assessed", optional=True),
})


def assess(facts: Mapping[str, Any], book: BookLike) -> Worksheet:
    """The worksheet ``assessment`` under ``assessment.<scheme>.scheme``; points have two decimals, rounded half up.

    With ``values`` one score; with ``members`` a score for each, which serves as its weight in the surplus plan.
    Raises Refused for an indicator missing or unknown, or when the scheme lacks an indicator the place requires.
    """
    given = fact.read(facts, FACTS)
    if (given["values"] is None) == (given["members"] is None):
        fact.refuse("values", "指标值与成员单位须恰填一项", "give either values or members")
    rule = book.rule(f"assessment.{given['scheme']}.scheme")
    if given["scheme"] == "fund":
        _refuse_scheme_below_minimum(rule, book)
    lines = Lines()
    if given["members"] is None:
        score = _score(lines, rule, given, "", {})
        return lines.sheet("assessment", book, {"scheme": given["scheme"], **score})
    scheme = rule.value
    standings = {
        one["key"]: ranks([member["values"].get(one["key"]) for member in given["members"]], one.get("direction", "up"))
        for one in scheme["indicators"] if one["scoring"]["kind"] == "ranking"
    }
    scores = {}
    for index, member in enumerate(given["members"]):
        standing = {key: (found[index], len(found)) for key, found in standings.items() if found}
        scores[member["member"]] = _score(lines, rule, member, f"members[{index}].", standing)
    return lines.sheet("assessment", book, {
        "scheme": given["scheme"], "score": None, "passed": None, "members": scores,
        "weights": {name: score["score"] for name, score in scores.items()},
    })


def _refuse_scheme_below_minimum(rule: Any, book: BookLike) -> None:
    minimum = book.find("assessment.fund.minimum")
    missing = set(minimum.value if minimum is not None else ()) - {one["key"] for one in rule.value["indicators"]}
    if missing:
        named = ", ".join(sorted(missing))
        raise Refused(Refusal(
            reason=f"成效考核办法缺少必备指标：{named}（assessment.fund.scheme）",
            reason_en=f"The fund scheme lacks indicators that are required: {named} (assessment.fund.scheme)",
            who="市医保局", who_en="the city insurance bureau", rule="assessment.fund.scheme"))


def _score(
    lines: Lines, rule: Any, given: Mapping[str, Any], prefix: str, standing: Mapping[str, tuple[int, int]],
) -> dict[str, Any]:
    """The score of one unit: its indicators, its daily checks by their part, its tilt."""
    scheme, values = rule.value, given["values"]
    name = given.get("member", "")
    key = f"members.{name}." if name else ""
    label = f"{name} " if name else ""
    _refuse_unknown(values, scheme, prefix)
    annual = sum((_indicator(lines, rule, one, values, prefix, key, label, standing.get(one["key"]))
                  for one in scheme["indicators"]), Decimal(0))
    lines.value(f"{key}annual_score", f"{label}年度考核得分", f"{label}Annual score", annual, "points", "Σ indicators")
    score = annual
    if "daily" in scheme:
        score = _with_daily(lines, rule, annual, given["daily_scores"], f"{prefix}daily_scores", key, label)
    score += _tilt(lines, rule, values, prefix, key, label)
    passed = score >= Decimal(scheme["pass"])
    lines.value(f"{key}score", f"{label}考核得分", f"{label}Score", score, "points", "annual, daily and tilt together",
                provision=rule)
    lines.value(f"{key}passed", f"{label}是否合格", f"{label}Passed", passed, "flag", f"score ≥ {scheme['pass']}",
                provision=rule, score=score)
    return {"score": plain(score), "passed": passed}


def _refuse_unknown(values: Mapping[str, Any], scheme: Mapping[str, Any], prefix: str) -> None:
    known = {one["key"] for one in scheme["indicators"]} | {scheme.get("tilt", {}).get("key", "")}
    for key in values:
        if key not in known:
            fact.refuse(f"{prefix}values.{key}", "考核办法中没有这项指标", "the scheme has no such indicator")


def _indicator(
    lines: Lines, rule: Any, indicator: Mapping[str, Any], values: Mapping[str, Any], prefix: str, key: str, label: str,
    standing: tuple[int, int] | None,
) -> Decimal:
    name, weight = indicator["key"], Decimal(indicator["weight"])
    if name not in values:
        fact.refuse(f"{prefix}values.{name}", f"缺少指标“{indicator['label']}”", f"missing indicator: {name}")
    value = values[name]
    ratio, formula = indicator_ratio(indicator, value, standing, f"{prefix}values.{name}")
    points = two_decimals(ratio * Fraction(weight))
    shown = f"{value['rank']}/{value['of']}" if isinstance(value, dict) else value
    lines.value(f"{key}points.{name}", f"{label}{indicator['label']}", f"{label}{indicator.get('label_en') or name}",
                points, "points", formula, provision=rule, value=shown, weight=weight)
    return points


def _with_daily(
    lines: Lines, rule: Any, annual: Decimal, daily_scores: Sequence[Decimal], named: str, key: str, label: str,
) -> Decimal:
    """Daily checks and the annual score, kept apart and combined by the scheme's part for daily checks."""
    if not daily_scores:
        fact.refuse(named, "考核办法含日常检查，但没有日常检查得分", "the scheme counts daily checks but there is no score")
    part = Fraction(rule.value["daily"])
    daily = two_decimals(sum((Fraction(one) for one in daily_scores), Fraction(0)) / len(daily_scores))
    lines.value(f"{key}daily_score", f"{label}日常检查得分", f"{label}Daily score", daily, "points",
                "mean of the daily checks", checks=len(daily_scores))
    return two_decimals(Fraction(annual) * (1 - part) + Fraction(daily) * part)


def _tilt(lines: Lines, rule: Any, values: Mapping[str, Any], prefix: str, key: str, label: str) -> Decimal:
    """Extra points of the scheme, such as for the share of TCM: so much per unit above a start, up to a most."""
    tilt = rule.value.get("tilt")
    if not tilt:
        return Decimal(0)
    value = values.get(tilt["key"])
    if not isinstance(value, Decimal):
        fact.refuse(f"{prefix}values.{tilt['key']}", "缺少倾斜加分项的数值", "missing: the value the tilt reads")
    above = max(Fraction(value) - Fraction(tilt["from"]), Fraction(0))
    points = two_decimals(min(above * Fraction(tilt["per_unit"]), Fraction(tilt["most"])))
    lines.value(f"{key}tilt", f"{label}{tilt.get('label', '倾斜加分')}", f"{label}{tilt.get('label_en', 'Tilt')}", points,
                "points", "min(max(value − from, 0) × per_unit, most)", provision=rule, value=value)
    return points


def two_decimals(points: Fraction) -> Decimal:
    """Points rounded half up to two decimals."""
    return Decimal(round_fen(points * 100)).scaleb(-2)
