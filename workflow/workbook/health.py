"""The lines of the chronic package, of public-health money and of the ways of payment that formulas name in words."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from workflow.workbook.amounts import as_given, once
from workflow.workbook.apportioning import split
from workflow.workbook.exact import (
    NOTHING,
    ONE,
    Term,
    Test,
    choose,
    compared,
    most,
    number,
    quotient,
    rounded,
    total,
)
from workflow.workbook.plan import LEVELS
from workflow.workbook.source import Line, Source

_PARTS = ("process", "target", "result")


def not_so(source: Source, line: Line) -> Term:
    """What the mode leaves to others: nothing, whatever it is of."""
    of = "excess_fen" if line["formula"] == "not deducted" else "left_fen"
    return Term(f"0*{source.line(source.about(line)[0] + of).text}", Fraction(0), bare=False)


def prior_away(source: Source, line: Line) -> Term:
    """What was spent outside the county, above the year before."""
    before = source.fact("prior_spending_fen") - source.fact("prior_in_county_fen")
    return source.line("away_fen") - before


def _packaged(source: Source) -> Term:
    return source.line("approved_fen" if source.has_line("approved_fen") else "package_fen")


def chronic_difference(source: Source, line: Line) -> Term:
    """Approved less formula."""
    return source.line("approved_fen") - source.line("package_fen")


def chronic_left(source: Source, line: Line) -> Term:
    """What the package left, or what it lacked."""
    spent, packaged = source.line("spending_fen"), _packaged(source)
    return most(packaged - spent if line["key"] == "surplus_fen" else spent - packaged, NOTHING)


def chronic_consortium(source: Source, line: Line) -> Term:
    """A consortium's part of the package: as stated, or by its people."""
    if line["formula"] == "as approved":
        return as_given(source, line)
    names = [one["consortium"] for one in source.given["consortia"]]
    weights = [(name, source.fact(f"consortia[{index}].heads")) for index, name in enumerate(names)]
    parts = once(source, "consortia", lambda: split(source, "慢病包干 chronic package", _packaged(source), weights))
    return parts[names.index(line["key"].partition(".")[2])]


def chronic_tier(source: Source, line: Line) -> Term:
    """A level's part of the surplus."""

    def table() -> list[Term]:
        ratios = [source.rule(line, f".{one}") if one in source.rule_value(line) else NOTHING for one in LEVELS]
        return split(source, "慢病结余 chronic surplus", source.line("surplus_fen"), [*zip(LEVELS, ratios, strict=True)])

    return once(source, "tiers", table)[LEVELS.index(line["key"].rpartition(".")[2])]


def chronic_member(source: Source, line: Line) -> Term:
    """A member's part of its level by its weight."""
    members = source.given["members"]
    index = next(i for i, one in enumerate(members) if f"members.{one['member']}" == line["key"])

    def table(level: str) -> list[Term]:
        weights = []
        for place, member in enumerate(members):
            there = Test(f'{source.facts.cell(f"members[{place}].level")}="{level}"', member["level"] == level)
            weights.append((member["member"], choose(there, source.fact(f"members[{place}].weight"), NOTHING)))
        return split(source, f"{level} → 成员 members", source.line(f"tiers.{level}"), weights)

    found: list[list[Term]] = []
    for level in LEVELS:
        found.append(once(source, f"members.{level}", lambda level=level: table(level)))  # type: ignore[misc]
    return total([parts[index] for parts in found])


def enacted(source: Source, line: Line) -> Term:
    """A number of the rule itself."""
    return source.rule(line)


def prepaid(source: Source, line: Line) -> Term:
    """What is prepaid of the year's total."""
    return source.line("total_fen") * source.rule(line)


def later(source: Source, line: Line) -> Term:
    """What is paid after the assessment."""
    return source.line("total_fen") - source.line("prepaid_fen")


def quarter(source: Source, line: Line) -> Term:
    """One quarter's prepayment: rounded cumulatively, less the quarters before."""
    which = int(line["key"].rpartition(".")[2])
    whole = Term(source.line("prepaid_fen").text, source.line("prepaid_fen").value / 4, 4)
    reached = source.keep(line["label"], rounded(whole * number(which), source.keep, line["label"]))
    before = [source.line(f"prepayments.{one}") for one in range(1, which)]
    return reached - total(before) if before else reached


def township(source: Source, line: Line) -> Term:
    """A township's part of a quarter's prepayment by its residents."""
    name, _, which = line["key"].removeprefix("townships.").rpartition(".")
    names = [one["township"] for one in source.given["townships"]]
    weights = [(one, source.fact(f"townships[{index}].residents")) for index, one in enumerate(names)]
    title = f"第 {which} 季度 quarter {which}"
    prepayment = source.line(f"prepayments.{which}")
    parts = once(source, f"townships.{which}", lambda: split(source, title, prepayment, weights))
    return parts[names.index(name)]


def village_part(source: Source, line: Line) -> Term:
    """The process, target or result part of the village money."""
    weights = [(part, source.rule(line, f".{part}")) for part in _PARTS]
    parts = once(source, "village", lambda: split(source, "村级经费 village money", source.line("village_fen"), weights))
    return parts[_PARTS.index(line["key"].removesuffix("_fen"))]


def part_paid(source: Source, line: Line) -> Term:
    """What was paid of a part: as given, or of the units together."""
    if line["formula"] == "given":
        return as_given(source, line)
    name = line["key"].removesuffix("_paid_fen")
    keys = [f"{lines}{name}_fen" for lines, _ in source.each("units")]
    return total([source.line(key) for key in keys if source.has_line(key) or name != "result"])


def part_left(source: Source, line: Line) -> Term:
    """What of a part was not paid."""
    name = line["key"].partition("_")[0]
    return source.line(f"{name}_fen") - source.line(f"{name}_paid_fen")


def result_pool(source: Source, line: Line) -> Term:
    """The result part with what process and target left."""
    return total([source.line(key) for key in ("result_fen", "process_deducted_fen", "target_unmet_fen")])


def band(source: Source, line: Line) -> Term:
    """A band's amount of the result money; what no band has is a part of its own."""
    count = len(source.rule_value(line)["bands"])

    def table() -> list[Term]:
        ratios = [source.rule(line, f".bands[{index}].ratio") for index in range(count)]
        weights = [(f"{chr(ord('A') + index)} 档", ratio) for index, ratio in enumerate(ratios)]
        rest = ("其余 the rest", ONE - total(ratios))
        return split(source, "结果评价 result money", source.line("result_pool_fen"), [*weights, rest])

    return once(source, "bands", table)[ord(line["key"].rpartition(".")[2]) - ord("A")]


def unit_quota(source: Source, line: Line) -> Term:
    """A unit's part of the process or target money by the people it serves."""
    part = "process" if line["key"].endswith(".process_quota_fen") else "target"
    units: Sequence[tuple[str, str]] = source.each("units")
    weights = [(lines.split(".", 1)[1].rstrip("."), source.fact(f"{facts}heads")) for lines, facts in units]
    money = source.line(f"{part}_fen")
    parts = once(source, f"quota.{part}", lambda: split(source, f"{part} → 单元 units", money, weights))
    return parts[[lines for lines, _ in units].index(source.about(line)[0])]


def unit_score(source: Source, line: Line) -> Term:
    """The year's score of a unit: its quarters by their weights."""
    _, facts = source.about(line)
    count = len(source.rule_value(line))
    return total([source.fact(f"{facts}quarter_scores[{index}]") * source.rule(line, f"[{index}]")
                  for index in range(count)])


def unit_process(source: Source, line: Line) -> Term:
    """What a unit is paid of its process part: its score of a hundred."""
    lines, _ = source.about(line)
    scored = source.line(f"{lines}score")
    hundredth = Term(scored.text, scored.value / 100, scored.over * 100, scored.bare)
    return source.line(f"{lines}process_quota_fen") * hundredth


def unit_target(source: Source, line: Line) -> Term:
    """What a unit is paid of its target part: the quotas of the indicators it meets."""
    lines, facts = source.about(line)
    indicators = source.rule_value(line)["indicators"]
    at = [f".indicators[{index}]" for index in range(len(indicators))]
    weights = [(one["label"], source.rule(line, f"{place}.weight") if "weight" in one else ONE)
               for one, place in zip(indicators, at, strict=True)]
    parts = split(source, line["label"], source.line(f"{lines}target_quota_fen"), weights)
    return total([_if_met(source, line, one, place, source.fact(f"{facts}values.{one['key']}"), part)
                  for one, place, part in zip(indicators, at, parts, strict=True)])


def _if_met(source: Source, line: Line, indicator: object, at: str, value: Term, part: Term) -> Term:
    down = isinstance(indicator, dict) and indicator["direction"] == "down"
    return choose(compared(value, "<=" if down else ">=", source.rule(line, f"{at}.target")), part, NOTHING)


def unit_per_head(source: Source, line: Line) -> Term:
    """Spending per head, rounded to a fen."""
    _, facts = source.about(line)
    return quotient(source.fact(f"{facts}spending_fen"), source.fact(f"{facts}heads"), source.keep, line["label"])
