"""The lines of assessments, in hundredths of a point, and of self-assessed grades."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from workflow.workbook.exact import (
    NOTHING,
    ONE,
    NotExact,
    Term,
    Test,
    choose,
    compared,
    every,
    least,
    most,
    number,
    quotient,
    rounded,
    total,
)
from workflow.workbook.source import Line, Source

_HUNDRED = number(100)


def two_decimals(source: Source, line: Line, points: Term) -> Term:
    """Points rounded half up to two decimals."""
    return _hundredths(rounded(points * _HUNDRED, source.keep, line["label"]))


def _hundredths(count: Term) -> Term:
    return Term(count.text, count.value / 100, 100, count.bare)


def _facts_of(source: Source, line: Line) -> tuple[str, str]:
    """Prefix of the lines and path of the values of whoever the line scores."""
    lines, facts = source.about(line)
    return lines, f"{facts}values."


def points(source: Source, line: Line) -> Term:
    """What one indicator earns of its weight."""
    lines, values = _facts_of(source, line)
    name = line["key"].removeprefix(f"{lines}points.")
    return earned(source, line, name, lambda: source.fact(values + name),
                  lambda indicator: _placed(source, indicator, values + name))


def earned(
    source: Source, line: Line, name: str, value_of: Callable[[], Term],
    placed: Callable[[Mapping[str, Any]], tuple[Term, Term]],
) -> Term:
    """What the indicator ``name`` of the scheme the line stands on earns, by its value or its place among others."""
    indicators = source.rule_value(line)["indicators"]
    index = next(i for i, one in enumerate(indicators) if one["key"] == name)
    at, indicator = f".indicators[{index}]", indicators[index]
    weight, kind = source.rule(line, f"{at}.weight"), indicator["scoring"]["kind"]
    if kind == "ranking":
        return two_decimals(source, line, weight * _ranking(source, line, at, indicator, placed(indicator)))
    value, rule = value_of(), indicator["scoring"]
    if kind == "deduction":
        taken = source.rule(line, f"{at}.scoring.per_event") * value
        return two_decimals(source, line, most(weight - taken, NOTHING))
    if kind == "linear" and Fraction(rule["floor"]) != Fraction(rule["target"]):
        return _linear(source, line, at, weight, value)
    return two_decimals(source, line, weight * _threshold(source, line, at, indicator, value))


def _threshold(source: Source, line: Line, at: str, indicator: Mapping[str, Any], value: Term) -> Term:
    sign, scoring = "<=" if indicator.get("direction", "up") == "down" else ">=", indicator["scoring"]
    less = NOTHING
    if "partial" in scoring:
        less = source.rule(line, f"{at}.scoring.partial")
        if "partial_from" in scoring:
            near = compared(value, sign, source.rule(line, f"{at}.scoring.partial_from"))
            less = choose(near, less, NOTHING)
    met = compared(value, sign, source.rule(line, f"{at}.scoring.target"))
    return source.keep("得分比例 share of weight", choose(met, ONE, less))


def _linear(source: Source, line: Line, at: str, weight: Term, value: Term) -> Term:
    floor, target = (source.rule(line, f"{at}.scoring.{name}") for name in ("floor", "target"))
    earned = quotient((value - floor) * weight * _HUNDRED, target - floor, source.keep, line["label"])
    full = rounded(weight * _HUNDRED, source.keep, line["label"])
    return _hundredths(least(most(earned, NOTHING), full))


def _ranking(
    source: Source, line: Line, at: str, indicator: Mapping[str, Any], placed: tuple[Term, Term],
) -> Term:
    (rank, count), found, quantiles = placed, NOTHING, indicator["scoring"]["quantiles"]
    for index in reversed(range(len(quantiles))):
        within = compared(rank, "<=", source.rule(line, f"{at}.scoring.quantiles[{index}].upto") * count)
        found = choose(within, source.rule(line, f"{at}.scoring.quantiles[{index}].ratio"), found)
    return source.keep("得分比例 share of weight", found)


def _placed(source: Source, indicator: Mapping[str, Any], path: str) -> tuple[Term, Term]:
    """The rank that was given, or the one among the members; and of how many."""
    if f"{path}.rank" in source.facts.at:
        return source.fact(f"{path}.rank"), source.fact(f"{path}.of")
    return _standing(source, indicator, path)


def _standing(source: Source, indicator: Mapping[str, Any], path: str) -> tuple[Term, Term]:
    """The rank among the members by their values, ties sharing the better one, and how many they are."""
    mine = source.fact(path)
    others = [source.fact(f"{facts}values.{indicator['key']}") for _, facts in source.each("members")]
    if not others:
        raise NotExact("nobody to rank among")
    sign = "<" if indicator.get("direction", "up") == "down" else ">"
    ahead = [choose(compared(other, sign, mine), ONE, NOTHING) for other in others]
    return source.keep("名次 rank", ONE + total(ahead)), number(len(others))


def annual(source: Source, line: Line) -> Term:
    """The points of all indicators."""
    lines, _ = source.about(line)
    return total([source.line(one["key"]) for one in source.lines if one["key"].startswith(f"{lines}points.")])


def daily(source: Source, line: Line) -> Term:
    """The mean of the daily checks."""
    _, facts = source.about(line)
    checks = [source.fact(path) for path in source.facts.under(f"{facts}daily_scores")]
    if not checks:
        raise NotExact("no daily checks")
    return _hundredths(quotient(total(checks) * _HUNDRED, number(len(checks)), source.keep, line["label"]))


def score(source: Source, line: Line) -> Term:
    """Annual and daily by their parts, and the tilt."""
    lines, _ = source.about(line)
    found = source.line(f"{lines}annual_score")
    if source.has_line(f"{lines}daily_score"):
        part = source.rule(line, ".daily")
        both = found * (ONE - part) + source.line(f"{lines}daily_score") * part
        found = two_decimals(source, line, both)
    return found + source.line(f"{lines}tilt") if source.has_line(f"{lines}tilt") else found


def tilt(source: Source, line: Line) -> Term:
    """Extra points per unit above a start, up to a most."""
    _, values = _facts_of(source, line)
    value = source.fact(f"{values}{source.rule_value(line)['tilt']['key']}")
    above = most(value - source.rule(line, ".tilt.from"), NOTHING)
    given = least(above * source.rule(line, ".tilt.per_unit"), source.rule(line, ".tilt.most"))
    return two_decimals(source, line, given)


def passed(source: Source, line: Line) -> Test:
    """Whether the score reaches what passes."""
    lines, _ = source.about(line)
    return compared(source.line(f"{lines}score"), ">=", source.rule(line, ".pass"))


def grade(source: Source, line: Line) -> str:
    """A self-assessed grade: the fact itself."""
    return source.facts.cell(line["key"])


def graded(source: Source, line: Line) -> Term:
    """How many criteria have the grade."""
    level = line["key"].partition(".")[2]
    return _counted(source, [one for one in source.lines if one["key"].startswith("grades.")], level)


def _counted(source: Source, lines: list[Line], level: str) -> Term:
    cells = "+".join(f'({source.cell(one["key"])}="{level}")' for one in lines)
    return Term(f"({cells})*1" if cells else "0", Fraction(sum(one["value"] == level for one in lines)), bare=False)


def passes(source: Source, line: Line) -> Test:
    """Whether the grades meet the decision of the standard; only while every criterion is graded."""
    standard = source.rule_value(line)
    decision, grades = standard["decision"], [one for one in source.lines if one["key"].startswith("grades.")]
    if any(one["value"] is None for one in grades):
        raise NotExact("criteria are not graded")
    best = standard["levels"][0]["key"]
    tests = [Test(f'{source.cell(f"grades.{key}")}="{best}"', source.given["grades"][key] == best)
             for key in decision.get("all_of", ())]
    if "min_a" in decision:
        tests.append(compared(source.line("counts.A"), ">=", source.rule(line, ".decision.min_a")))
    if "max_c" in decision:
        tests.append(compared(source.line("counts.C"), "<=", source.rule(line, ".decision.max_c")))
    if "min_a_per_dimension" in decision:
        for dimension in standard["dimensions"]:
            named = {f"grades.{criterion['key']}" for criterion in dimension["criteria"]}
            reached = _counted(source, [one for one in grades if one["key"] in named], "A")
            tests.append(compared(reached, ">=", source.rule(line, ".decision.min_a_per_dimension")))
    if "substantive_operation" in source.facts.at:
        tests.append(source.facts.flag("substantive_operation"))
    return every(tests)
