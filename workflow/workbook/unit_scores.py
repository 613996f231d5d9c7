"""The scores of units, whether they pass or must mend, and the rewards of the excellent ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflow.workbook.amounts import once
from workflow.workbook.apportioning import split
from workflow.workbook.exact import (
    NOTHING,
    ONE,
    NotExact,
    Term,
    Test,
    any_of,
    choose,
    compared,
    every,
    number,
    only_if,
    rounded,
    total,
)
from workflow.workbook.parsing import parsed
from workflow.workbook.scores import earned, two_decimals
from workflow.workbook.source import Line, Source

HALVES = ("public_benefit", "operating")
_MARGIN = "cost_margin"


def points(source: Source, line: Line) -> Term:
    """What one indicator of a half earns of its weight."""
    lines, facts = source.about(line)
    half, _, name = line["key"].removeprefix(f"{lines}points.").partition(".")
    return earned(source, line, name, lambda: _value(source, (lines, facts), half, name),
                  lambda indicator: _standing(source, (lines, facts), half, indicator))


def _value(source: Source, unit: tuple[str, str], half: str, name: str) -> Term:
    if half == "operating" and name == _MARGIN:
        return source.line(f"{unit[0]}{_MARGIN}")
    return source.fact(f"{unit[1]}{half}_values.{name}")


def _standing(source: Source, unit: tuple[str, str], half: str, indicator: Mapping[str, Any]) -> tuple[Term, Term]:
    """The rank among the units that are scored, ties sharing the better one, and how many they are."""
    name, path = indicator["key"], f"{unit[1]}{half}_values.{indicator['key']}"
    if f"{path}.rank" in source.facts.at:
        return source.fact(f"{path}.rank"), source.fact(f"{path}.of")
    mine, sign = _value(source, unit, half, name), "<" if indicator.get("direction", "up") == "down" else ">"
    others = [_value(source, other, half, name) for other in source.each("units")
              if source.has_line(f"{other[0]}score")]
    ahead = [choose(compared(other, sign, mine), ONE, NOTHING) for other in others]
    return source.keep("名次 rank", ONE + total(ahead)), number(len(others))


def half_score(source: Source, line: Line) -> Term:
    """The points of a half."""
    lines, _ = source.about(line)
    half = line["key"].removeprefix(lines).removesuffix("_score")
    keys = [one["key"] for one in source.lines if one["key"].startswith(f"{lines}points.{half}.")]
    return total([source.line(key) for key in keys])


def score(source: Source, line: Line) -> Term:
    """Both halves by their weights, to two decimals."""
    lines, _ = source.about(line)
    return two_decimals(source, line, total(
        [source.line(f"{lines}{half}_score") * source.rule(line, f".{half}") for half in HALVES]))


def _passes(source: Source, lines: str) -> Test:
    return every([compared(source.line(f"{lines}{half}_score"), ">=",
                           source.rules.term(f"unit_accounts.{half}.scheme.pass")) for half in HALVES])


def passed(source: Source, line: Line) -> Test:
    """Whether each half reaches the pass mark of its scheme."""
    return _passes(source, source.about(line)[0])


def rectification(source: Source, line: Line) -> Test:
    """Whether a unit that fails has failed often enough; #N/A once it passes."""
    lines, facts = source.about(line)
    passes = _passes(source, lines)
    often = compared(source.fact(f"{facts}failures_before") + ONE, ">=", source.rule(line))
    if passes.holds:
        raise NotExact("a unit that passes has no such line")
    return Test(f"IF({passes.text},NA(),{often.text})", often.holds)


def _excellent(source: Source, lines: str, bar: Term) -> Test:
    return every([_passes(source, lines), compared(source.line(f"{lines}score"), ">=", bar)])


def reward(source: Source, line: Line) -> Term:
    """The rewards of all excellent units, nothing when there is none; or one unit's part by its score."""
    bar = source.rules.term("unit_accounts.excellent_from")
    units = [lines for lines, _ in source.each("units") if source.has_line(f"{lines}score")]
    each = [_excellent(source, lines, bar) for lines in units]
    if line["key"] == "reward_fen":
        return choose(any_of(each), rounded(parsed(source, line), source.keep, line["label"]), NOTHING)

    def table() -> list[Term]:
        weights = [(lines.split(".", 1)[1].rstrip("."),
                    source.keep("奖励权重 reward weight", choose(test, source.line(f"{lines}score"), NOTHING)))
                   for lines, test in zip(units, each, strict=True)]
        some = compared(total([weight for _, weight in weights]), ">", NOTHING)
        money = only_if(any_of([some, compared(source.line("reward_fen"), "=", NOTHING)]), source.line("reward_fen"))
        return split(source, "优秀单元奖励 rewards", source.keep("奖励总额 rewards", money), weights)

    return once(source, "rewards", table)[units.index(source.about(line)[0])]
