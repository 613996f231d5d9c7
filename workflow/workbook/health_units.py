"""The lines of health-management units: growth per head, who takes part, and what the levels and the teams get."""

from __future__ import annotations

from workflow.workbook.amounts import as_given, once
from workflow.workbook.apportioning import split
from workflow.workbook.division import agreed, divided, further, six_decimals
from workflow.workbook.exact import NOTHING, NotExact, Term, Test, choose, compared, most, number, only_if, total
from workflow.workbook.plan import LEVELS
from workflow.workbook.source import Line, Source

POPULATIONS = ("general", "chronic")
_PLACES = 12


def _growth(source: Source, lines: str, facts: str) -> list[Term]:
    """Of one unit: what grew and what it is compared with, six decimals, twelve rounded down, whether more is left."""

    def found() -> list[Term]:
        name = f"{lines.split('.', 1)[1].rstrip('.')} 人均增幅 growth per head"
        spent = [f"{facts}{one}.spending_fen" for one in POPULATIONS]
        spending = total([source.fact(path) for path in spent if path in source.facts.at])
        now = source.keep(name, spending * source.fact(f"{facts}prior_heads"))
        before = source.keep(name, source.fact(f"{facts}heads") * source.fact(f"{facts}prior_spending_fen"))
        six = divided(source, name, now, before, 6)
        twelve = further(source, name, six, _PLACES - 6)
        exact = source.keep(name, twelve.floor - number(10**_PLACES))
        return [now, before, six_decimals(source, name, six, less=1), exact, source.keep(name, twelve.left)]

    return once(source, f"growth.{lines}", found)


def growth(source: Source, line: Line) -> Term:
    """How much fund spending per head grew."""
    return _growth(source, *source.about(line))[2]


def _together(source: Source) -> tuple[int, Term, Term]:
    """How many units there are, their growths added up, and how many of the growths are more than they say."""
    each = [_growth(source, lines, facts) for lines, facts in source.each("units")]

    def found() -> list[Term]:
        return [source.keep("增幅合计 growths added up", total([one[3] for one in each])),
                source.keep("未除尽的单元 units with digits left", total([one[4] for one in each]))]

    added, left = once(source, "growths", found)
    return len(each), added, left


def mean(source: Source, line: Line) -> Term:
    """The mean of the units' growth, or as given."""
    if line["formula"] == "given":
        return as_given(source, line)
    count, added, left = _together(source)
    millionths = [Term(f"ROUND(({sum_.text})/{count * 10**6},0)", number(_rounded(sum_, count)).value)
                  for sum_ in (added, added + left)]
    found = agreed(*millionths)
    return Term(found.text, found.value / 10**6, 10**6)


def _rounded(added: Term, count: int) -> int:
    size = (abs(added.value) / (count * 10**6) * 2 + 1) // 2
    return int(size if added.value >= 0 else -size)


def takes_part(source: Source, line: Line) -> Test:
    """Whether spending per head fell, or grew less than the county's units did."""
    now, before, _six, exact, left = _growth(source, *source.about(line))
    fell = compared(now, "<", before)
    if source.rule_value(line) == "fell" or (len(source.each("units")) == 1 and "county_growth" not in source.facts.at):
        return fell
    less = _less_than_mean(source, exact, left)
    return Test(f"IF({fell.text},TRUE,{less.text})", fell.holds or less.holds)


def _less_than_mean(source: Source, exact: Term, left: Term) -> Test:
    if "county_growth" in source.facts.at:
        return compared(Term(exact.text, exact.value / 10**_PLACES, 10**_PLACES), "<", source.fact("county_growth"))
    count, added, more = _together(source)
    # Growths are known to twelve decimals rounded down: what that leaves open is not decided here.
    highest = source.keep("单元增幅上限 at most", (exact + left) * number(count))
    lowest = source.keep("单元增幅下限 at least", exact * number(count))
    below, touches = compared(highest, "<", added), compared(highest, "=", added)
    open_above, not_below = compared(more, ">", NOTHING), compared(lowest, ">=", added + more)
    yes = below.holds or (touches.holds and open_above.holds)
    if not yes and not not_below.holds:
        raise NotExact("too close to the mean")
    touching = f"AND({touches.text},{open_above.text})"
    return Test(f"IF(OR({below.text},{touching}),TRUE,IF({not_below.text},FALSE,NA()))", yes)


def left_over(source: Source, line: Line) -> Term:
    """What a population's package left, or what it lacked."""
    _, facts = source.about(line)
    population, _, kind = line["key"].rpartition(".")[2].removesuffix("_fen").partition("_")
    packaged, spent = (source.fact(f"{facts}{population}.{name}_fen") for name in ("package", "spending"))
    return most(packaged - spent if kind == "surplus" else spent - packaged, NOTHING)


def _part(source: Source, lines: str) -> Test:
    key = f"{lines}takes_part"
    said = next(one["value"] for one in source.lines if one["key"] == key)
    return Test(f"{source.cell(key)}=TRUE", said is True)


def _shared(source: Source, lines: str, population: str) -> Term:
    """A population's surplus while the unit takes part; nothing where the unit has no such population."""
    key = f"{lines}{population}_surplus_fen"
    return choose(_part(source, lines), source.line(key), NOTHING) if source.has_line(key) else NOTHING


def level(source: Source, line: Line) -> Term:
    """A level's part of one population's surplus."""
    lines, _ = source.about(line)
    population, _, name = line["key"].removeprefix(lines).partition(".")

    def table() -> list[Term]:
        shared = source.keep("参与分配的结余 shared", _shared(source, lines, population))
        ratios = [source.rule(line, f".{one}") if one in source.rule_value(line) else NOTHING for one in LEVELS]
        return split(source, line["label"], shared, [*zip(LEVELS, ratios, strict=True)])

    return once(source, f"{lines}{population}", table)[LEVELS.index(name)]


def _at_level(source: Source, lines: str, name: str) -> Term:
    """What a level gets of all populations of a unit; #N/A once a population shares that did not."""
    parts = []
    for population in POPULATIONS:
        if source.has_line(f"{lines}{population}.{name}"):
            parts.append(source.line(f"{lines}{population}.{name}"))
        elif (shared := _shared(source, lines, population)) is not NOTHING:
            parts.append(only_if(compared(shared, "=", NOTHING), NOTHING))
    return total(parts)


def team(source: Source, line: Line) -> Term:
    """A level's part of the team money, which is what reaches the village."""
    lines, _ = source.about(line)

    def table() -> list[Term]:
        money = source.keep("团队资金 team money", _at_level(source, lines, "village"))
        ratios = [source.rule(line, f".{one}") if one in source.rule_value(line) else NOTHING for one in LEVELS]
        return split(source, line["label"], money, [*zip(LEVELS, ratios, strict=True)])

    return once(source, f"{lines}team", table)[LEVELS.index(line["key"].rpartition(".")[2])]


def shared(source: Source, line: Line) -> Term:
    """What of the surpluses is shared, or not shared."""
    units = source.each("units")
    taken = total([_shared(source, lines, population) for lines, _ in units for population in POPULATIONS])
    if line["key"] == "shared_fen":
        return taken
    keys = [f"{lines}{population}_surplus_fen" for lines, _ in units for population in POPULATIONS]
    return total([source.line(key) for key in keys if source.has_line(key)]) - source.line("shared_fen")


def level_total(source: Source, line: Line) -> Term:
    """One level's part over all units."""
    name = line["key"].rpartition(".")[2]
    return total([_at_level(source, lines, name) for lines, _ in source.each("units")])
