"""The lines of public-health money that stand on the ranking of units: rank, band, and what each band gives."""

from __future__ import annotations

from fractions import Fraction

from workflow.workbook.amounts import once
from workflow.workbook.apportioning import split
from workflow.workbook.exact import NOTHING, Term, Test, any_of, choose, number, total
from workflow.workbook.source import Line, Source

Unit = tuple[str, str]


def rank(source: Source, line: Line) -> Term:
    """The place by spending per head, lowest first; units that tie share the better one."""
    mine = source.about(line)[1]
    spent, heads = source.fact(f"{mine}spending_fen"), source.fact(f"{mine}heads")
    ahead, count = [], 0
    for _, facts in source.each("units"):
        other, people = source.fact(f"{facts}spending_fen"), source.fact(f"{facts}heads")
        ahead.append(f"({other.text}*{heads.text}<{spent.text}*{people.text})")
        count += other.value * heads.value < spent.value * people.value
    return Term(f"1+{'+'.join(ahead)}+0*{_largest(source).text}", Fraction(1 + count), bare=False)


def _largest(source: Source) -> Term:
    """The largest product that is compared: #N/A when it has more digits than a spreadsheet compares."""

    def found() -> list[Term]:
        each = [[source.fact(f"{facts}{name}") for _, facts in source.each("units")]
                for name in ("spending_fen", "heads")]
        texts = [f"MAX({','.join(one.text for one in terms)})" for terms in each]
        value = max(one.value for one in each[0]) * max(one.value for one in each[1])
        return [source.keep("排名所用最大乘积 largest product compared", Term("*".join(texts), value, bare=False))]

    return once(source, "ranking", found)[0]


def band(source: Source, line: Line) -> str:
    """The first band whose edge, rounded up to a whole place, the rank reaches; empty beyond the last."""
    lines, _ = source.about(line)
    place, count = source.line(f"{lines}rank"), len(source.each("units"))
    text = '""'
    for index in reversed(range(len(source.rule_value(line)["bands"]))):
        edge = source.rule(line, f".bands[{index}].upto") * number(count)
        text = f'IF(({place.text}-1)*{edge.over}<{edge.text},"{_letter(index)}",{text})'
    return text


def _letter(index: int) -> str:
    return chr(ord("A") + index)


def _bands(source: Source) -> list[str]:
    return [one["key"].rpartition(".")[2] for one in source.lines if one["key"].startswith("bands.")]


def _in_band(source: Source, unit: Unit, letter: str) -> Test:
    key = f"{unit[0]}band"
    said = next(one["value"] for one in source.lines if one["key"] == key)
    return Test(f'{source.cell(key)}="{letter}"', said == letter)


def _money(source: Source, letter: str) -> Term:
    """A band's amount while a unit is in it."""
    somebody = any_of([_in_band(source, unit, letter) for unit in source.each("units")])
    return choose(somebody, source.line(f"bands.{letter}"), NOTHING)


def _result(source: Source, lines: str) -> Term:
    """What a unit gets of the result money: of the one band it is in."""
    units = source.each("units")

    def table(letter: str) -> list[Term]:
        money = source.keep(f"{letter} 档资金 band money", _money(source, letter))
        weights = [(unit[0].split(".", 1)[1].rstrip("."),
                    choose(_in_band(source, unit, letter), source.fact(f"{unit[1]}heads"), NOTHING)) for unit in units]
        return split(source, f"{letter} 档 → 单元 band to units", money, weights)

    place = [prefix for prefix, _ in units].index(lines)
    found: list[Term] = []
    for letter in _bands(source):
        found.append(once(source, f"band.{letter}", lambda letter=letter: table(letter))[place])  # type: ignore[misc]
    return total(found)


def result(source: Source, line: Line) -> Term:
    """What a unit gets of the result money."""
    return _result(source, source.about(line)[0])


def unit_total(source: Source, line: Line) -> Term:
    """Process, target and result together."""
    lines, _ = source.about(line)
    paid = source.line(f"{lines}process_fen") + source.line(f"{lines}target_fen")
    return paid + _result(source, lines)


def result_paid(source: Source, line: Line) -> Term:
    """What all bands gave; or what of the result money no unit got."""
    paid = total([_money(source, letter) for letter in _bands(source)])
    if line["key"] == "result_paid_fen":
        return paid
    return source.line("result_pool_fen") - source.line("result_paid_fen")
