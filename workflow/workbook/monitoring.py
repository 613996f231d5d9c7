"""The lines of monitoring indicators: quotients of counts, growth, a life table, trends, milestones and due dates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from workflow.workbook.division import agreed, growth_of_averages, scaled_down, to_six_decimals
from workflow.workbook.exact import NOTHING, NotExact, Term, compared, most, number, quotient, rounded
from workflow.workbook.source import Line, Source

_QUOTIENT = re.compile(r"([\w ]+) ÷ ([\w ]+)(?: × ([0-9]+))?")
_TWELVE = 10**12
_MILLION = 10**6


def indicator(source: Source, line: Line) -> Term | str:
    """A quotient of two counts, in fen or to six decimals; or what was stated, or answered."""
    key = line["key"].partition(".")[2]
    if line["unit"] == "grade":
        return source.facts.cell(f"qualitative.{key}")
    return _reading(source, line, key, "")


def _reading(source: Source, line: Line, key: str, when: str) -> Term:
    """The measure of the period, or with ``prior_`` of the one before."""
    if line["formula"] == "as stated":
        return source.fact(f"stated.{key}.{'prior' if when else 'value'}")
    measure = _measure(source, line, key)
    if "life_table" in measure:
        return _life_table(source, line, f"{when}{measure['life_table']}")
    if measure.get("growth") == "true":
        averages = [(_count(source, counts, measure["of"]), _count(source, counts, measure["per"]))
                    for counts in ("counts", "prior_counts")]
        return growth_of_averages(source, line["label"], averages[0], averages[1])
    return _measured(source, line, f"{when}counts")


def _measure(source: Source, line: Line, key: str) -> Mapping[str, Any]:
    return next(measure for dimension in source.rule_value(line)["dimensions"] for one in dimension["indicators"]
                for measure in one.get("measures", ()) if measure["key"] == key)


def _measured(source: Source, line: Line, counts: str) -> Term:
    found = _QUOTIENT.fullmatch(line["formula"])
    if found is None:
        raise NotExact("not a quotient of counts")
    above, below = (_count(source, counts, name) for name in found.group(1, 2))
    above = above * number(found[3]) if found[3] else above
    if line["amount_fen"] is not None:
        return quotient(above, below, source.keep, line["label"])
    return to_six_decimals(source, line["label"], above, below)


def _count(source: Source, counts: str, name: str) -> Term:
    for path in (f"{counts}.{name}_fen", f"{counts}.{name}"):
        if path in source.facts.at:
            return source.fact(path)
    raise NotExact(f"no {counts}.{name}")


def _life_table(source: Source, line: Line, path: str) -> Term:
    """The probability of dying in the age groups: twelve decimals of who survives each, rounded down."""
    ages = sum(1 for found in source.facts.under(path) if found.endswith(".population"))
    surviving = number(_TWELVE)
    for index in range(ages):
        deaths, people = (source.fact(f"{path}[{index}].{name}") for name in ("deaths", "population"))
        twice, five = people * number(2), deaths * number(5)
        alive = source.keep("存活 alive", most(twice - five, NOTHING))
        counted = source.keep("人口 counted", twice + five)
        surviving = scaled_down(source, f"{line['label']} {index + 1}", surviving, alive, counted)
    # Each group lost less than one of the last decimal, so who survives is below this by less than their number.
    bounds = [Term(f"ROUND(({_TWELVE}-{surviving.text}-{lost})/{_MILLION},0)",
                   Fraction(int((_TWELVE - surviving.value - lost) * 2 + _MILLION) // (2 * _MILLION)))
              for lost in (ages, 0)]
    found = agreed(*bounds)
    return Term(found.text, found.value / _MILLION, _MILLION)


def change(source: Source, line: Line) -> Term:
    """An indicator less the one of the period before."""
    key = line["key"].partition(".")[2]
    now = next(one for one in source.lines if one["key"] == f"indicators.{key}")
    before = _reading(source, now, key, "prior_")
    if now["amount_fen"] is not None:
        before = rounded(before, source.keep, line["label"])
    return source.line(now["key"]) - source.keep(line["label"], before)


def trend(source: Source, line: Line) -> str:
    """Better, worse or the same, by the direction wanted."""
    key = line["key"].partition(".")[2]
    moved = source.cell(f"changes.{key}")
    up = source.data["results"]["indicators"][key]["direction"] == "up"
    more, less = ("better", "worse") if up else ("worse", "better")
    return f'IF({moved}=0,"same",IF({moved}>0,"{more}","{less}"))'


def reported(source: Source, line: Line) -> Term:
    """How many indicators have a figure: of several measures of one, the first counts."""
    chosen = source.given["only"]
    cells = []
    for one in _all_indicators(source):
        first = one["key"] if one.get("kind") == "qualitative" else one["measures"][0]["key"]
        if source.has_line(f"indicators.{first}") and (chosen is None or one["key"] in chosen):
            cells.append(source.cell(f"indicators.{first}"))
    return Term(f"COUNTA({','.join(cells)})", Fraction(len(cells)))


def _all_indicators(source: Source) -> list[Mapping[str, Any]]:
    rules = {line["provision"]["rule"]: line["provision"]["value"] for line in source.lines if line["provision"]}
    return [one for value in rules.values() if isinstance(value, Mapping) and "dimensions" in value
            for dimension in value["dimensions"] for one in dimension["indicators"]]


def milestone(source: Source, line: Line) -> Term | str:
    """Whether a milestone is reached, not yet, or missed; or what it lacks."""
    key, _, gap = line["key"].removeprefix("milestones.").partition(".")
    said = source.rule_value(line)[key]
    reached, edge = source.line(f"indicators.{said['measure']}"), "at_least" if "at_least" in said else "at_most"
    target = source.rule(line, f".{key}.{edge}")
    if gap:
        return most(target - reached if edge == "at_least" else reached - target, NOTHING)
    met = compared(reached, ">=" if edge == "at_least" else "<=", target)
    year, month = _period(source)
    day = source.rules.cell(f"{source.rule_path(line)}.{key}.by")
    missed = f'TEXT(({year}*100+{month})*100+{_last_day(year, month)},"0")>=SUBSTITUTE({day},"-","")'
    return f'IF({met.text},"reached",IF({missed},"missed","not_yet"))'


def _period(source: Source) -> tuple[str, str]:
    """The year and the last month of the period as it was stated: ``2025`` or ``2025-Q3``."""
    cell = source.facts.cell("period")
    return f"VALUE(LEFT({cell},4))", f"IF(LEN({cell})>4,3*VALUE(RIGHT({cell},1)),12)"


def _last_day(year: str, month: str) -> str:
    return f"DAY(DATE({year},{month}+1,0))"


def due(source: Source, line: Line) -> str:
    """The last day of the month so many months after the period, or after its year when that has not ended."""
    year, month = _period(source)
    if line["key"] == "next_review":
        year, month = f"({year}-IF({month}<12,1,0))", "12"
    months = f"({month}+{source.rule(line).text})"
    end = f"DATE({year},{months}+1,0)"
    return f'YEAR({end})&"-"&RIGHT("0"&MONTH({end}),2)&"-"&RIGHT("0"&DAY({end}),2)'
