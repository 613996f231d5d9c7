"""The lines of the statements of units that formulas name in words or as a quotient."""

from __future__ import annotations

from collections.abc import Callable

from workflow.workbook.division import to_six_decimals
from workflow.workbook.exact import NOTHING, ONE, Term, rounded, total
from workflow.workbook.source import Line, Source


def _unit_sum(source: Source, line: Line, below: str) -> Term:
    _, facts = source.about(line)
    return total([source.fact(path) for path in source.facts.under(f"{facts}{below}")])


def operating_income(source: Source, line: Line) -> Term:
    """The income of the operating part."""
    return _unit_sum(source, line, "operating.income")


def operating_costs(source: Source, line: Line) -> Term:
    """The costs of the operating part."""
    return _unit_sum(source, line, "operating.costs")


def duty_income(source: Source, line: Line) -> Term:
    """The income of emergency and public health."""
    return _unit_sum(source, line, "public_benefit.income")


def duty_costs(source: Source, line: Line) -> Term:
    """The costs of emergency and public health."""
    return _unit_sum(source, line, "public_benefit.costs")


def internal(source: Source, line: Line) -> Term:
    """What a unit sold to the others, or bought of them: each deal at its price, rounded once."""
    _, facts = source.about(line)
    side = "sold" if line["key"].endswith(".internal_income_fen") else "bought"
    unit = next(one for index, one in enumerate(source.given["units"]) if facts == f"units[{index}].")
    deals: dict[tuple[str, str], list[int]] = {}
    for index, trade in enumerate(unit[side]):
        deals.setdefault((trade["kind"], trade["with"]), []).append(index)
    return total([_priced(source, line, kind, [f"{facts}{side}[{index}]" for index in places])
                  for (kind, _other), places in deals.items()])


def _priced(source: Source, line: Line, kind: str, trades: list[str]) -> Term:
    price = source.rule_value(line)[kind]
    added, by = ("cost_fen", ONE) if "cost_plus" in price else ("times", NOTHING)
    each = by + source.rule(line, f".{kind}.{'cost_plus' if 'cost_plus' in price else 'each_fen'}")
    stated = [source.fact(f"{path}.{added}") for path in trades if f"{path}.{added}" in source.facts.at]
    return rounded(total(stated) * each, source.keep, f"{line['label']} {kind}")


def of_the_units(*names: str) -> Callable[[Source, Line], Term]:
    """A maker of the sum of some lines over all units."""

    def make(source: Source, line: Line) -> Term:
        return total([source.line(f"{lines}{name}") for lines, _ in source.each("units") for name in names])

    return make


def internal_net(source: Source, line: Line) -> Term:
    """What was sold less what was bought."""
    bought = total([source.line(f"{lines}internal_costs_fen") for lines, _ in source.each("units")])
    return source.line("internal_trade_fen") - bought


def margin(source: Source, line: Line) -> Term:
    """The operating balance to its costs, to six decimals."""
    lines, _ = source.about(line)
    costs = source.line(f"{lines}operating_costs_fen") + source.line(f"{lines}internal_costs_fen")
    return to_six_decimals(source, line["label"], source.line(f"{lines}operating_balance_fen"), costs)
