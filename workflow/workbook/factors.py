"""A package by weighted factors: each consortium's parts of every factor's money, and the remainders together.

A factor's money divides by hand as any split does; what is left of all factors is added up to twelve decimals, and
where those do not tell who gets the last fen, the cells say #N/A.
"""

from __future__ import annotations

from fractions import Fraction

from governance.money import apportion
from workflow.workbook.amounts import once
from workflow.workbook.apportioning import HEADINGS, long_division
from workflow.workbook.division import Quotient, further
from workflow.workbook.exact import NOTHING, NotExact, Term, number, total
from workflow.workbook.layout import WORKINGS
from workflow.workbook.source import Line, Source

_TWELVE = 10**12
_MOST = 5 * 10**11


def consortium(source: Source, line: Line) -> Term:
    """A consortium's part of the package, or its stated amount."""
    if line["formula"] == "as stated":
        return source.fact(f"{source.record(line['key'])}.amount_fen")
    names = [f"consortia.{one['consortium']}" for one in source.given["consortia"]]
    return once(source, "factors", lambda: _parts(source, line))[names.index(line["key"])]


def _whole(source: Source) -> Term:
    if source.data["results"]["method"] == "factor_share":
        return source.line("pool_budget_fen")
    return source.line("approved_fen" if source.has_line("approved_fen") else "package_fen")


def _parts(source: Source, line: Line) -> list[Term]:
    whole, weights = _whole(source), source.rule_value(line)
    consortia = [f"consortia[{index}]" for index in range(len(source.given["consortia"]))]
    found = [_by_factor(source, whole, name, source.rule(line, f".{name}"),
                        [source.fact(f"{one}.factors.{name}") for one in consortia])
             for name in weights if Fraction(weights[name])]
    each = [list(parts) for parts in zip(*found, strict=True)]
    exact = [sum((share for _, _, share in parts), Fraction(0)) for parts in each]
    names = [one["consortium"] for one in source.given["consortia"]]
    return _with_the_last_fen(source, whole, names, each, apportion(int(whole.value), exact))


def _by_factor(
    source: Source, whole: Term, name: str, weight: Term, values: list[Term],
) -> list[tuple[Term, Quotient, Fraction]]:
    """Of one factor's money, each consortium's whole fen and what is left of its division, and its exact share."""
    added = total(values)
    divisor = Term(added.text, added.value * added.over, bare=False) * number(weight.over)
    if divisor.value >= _MOST or whole.value < 0 or not divisor.value:
        raise NotExact("cannot be split in a spreadsheet")
    workings = source.workings
    workings.add([f"{name}：因素份额 share of a factor", *HEADINGS[1:]])
    head = workings.add([
        "总额、因素合计 Total, sum of the factor", "", f"=IF({divisor.inside}<{_MOST},{divisor.text},NA())",
        f"=IF(AND({whole.inside}>=0,{whole.inside}<1E+15),{whole.text},NA())"])
    below = Term(f"'{WORKINGS}'!$C${head}", divisor.value)
    rows = [_row(source, head, value, weight, added.over) for value in values]
    found = []
    for row, value in zip(rows, values, strict=True):
        share = whole.value * weight.value * value.value / added.value
        fen, left = divmod(share, 1)
        rest = Term(f"'{WORKINGS}'!$P${row}", left * divisor.value)
        found.append((Term(f"'{WORKINGS}'!$O${row}", fen),
                      further(source, f"{name}（余数）", Quotient(NOTHING, rest, below), 12), share))
    return found


def _row(source: Source, head: int, value: Term, weight: Term, over: int) -> int:
    """A row that divides total × weight × factor by the sum of the factor."""
    row = source.workings.next
    whole = "+".join(f"{column}{row}*1E+{power}" for column, power in zip("FHJLN", (12, 9, 6, 3, 0), strict=True))
    source.workings.add([
        "因素 × 权重 factor × weight", "",
        f"={Term(value.scaled(over), value.value, bare=False).inside}*{weight.inside}", "",
        *long_division(row, head), f"={whole}", f"=M{row}-N{row}*$C${head}"])
    return row


def _with_the_last_fen(
    source: Source, whole: Term, names: list[str], each: list[list[tuple[Term, Quotient, Fraction]]], parts: list[int],
) -> list[Term]:
    """The whole fen of every consortium, and one more for the largest remainders while any are left."""
    unknown = source.keep("未除尽的余数 remainders with digits left",
                          total([rest.left for one in each for _, rest, _ in one]))
    fen, rests = [], []
    for name, one in zip(names, each, strict=True):
        left = source.keep(f"{name} 余数合计 remainders", total([rest.floor for _, rest, _ in one]))
        carry = Term(f"INT({left.text}/{_TWELVE})", Fraction(left.value // _TWELVE))
        fen.append(source.keep(f"{name} 整分 whole fen", total([count for count, _, _ in one]) + carry))
        rests.append(source.keep(f"{name} 余数 remainder", left - carry * number(_TWELVE)))
    open_ = source.keep("待分 fen left", whole - total(fen))
    count = len(each[0])
    return [_one_more(source, (fen, rests), index, (open_, unknown), count, part)
            for index, part in enumerate(parts)]


def _one_more(
    source: Source, found: tuple[list[Term], list[Term]], index: int, state: tuple[Term, Term], count: int, part: int,
) -> Term:
    """A consortium's part; #N/A where remainders that were rounded down are too near each other, or to a whole fen."""
    (fen, rests), (open_, unknown) = found, state
    mine, others = rests[index], [(place, rest) for place, rest in enumerate(rests) if place != index]
    before = "+".join([*(f"({rest.text}{'>=' if place < index else '>'}{mine.text})" for place, rest in others), "0"])
    near = ",".join([*(f"{rest.text}>{_TWELVE - count}" for rest in rests),
                     *(f"ABS({rest.text}-{mine.text})<{count}" for _, rest in others)])
    ahead = sum(rest.value >= mine.value if place < index else rest.value > mine.value for place, rest in others)
    if unknown.value and (any(rest.value > _TWELVE - count for rest in rests)
                          or any(abs(rest.value - mine.value) < count for _, rest in others)):
        raise NotExact("the remainders are too near each other")
    if int(fen[index].value) + (ahead < open_.value) != part:
        raise NotExact("not the largest remainders")
    more = f"IF(AND({unknown.text}>0,OR({near})),NA(),IF({before}<{open_.text},1,0))"
    kept = source.keep("份额 part", Term(f"{fen[index].text}+{more}", Fraction(part), bare=False))
    return Term(kept.text, kept.value)
