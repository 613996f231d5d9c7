"""Quotients that one division of a spreadsheet cannot give exactly: by groups of digits, or between two bounds.

Every step is an integer below 10**15 in a cell of its own, so each digit is the one that a person would write.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflow.workbook.exact import (
    LARGEST,
    NOTHING,
    ONE,
    NotExact,
    Term,
    choose,
    compared,
    every,
    number,
    only_if,
    quotient,
)
from workflow.workbook.source import Source

_WIDTHS = (6, 3, 2, 1)
_ROOM = 8
"""How much larger the facts may become before a step no longer fits and its cell says #N/A."""
_MILLION = 10**6


@dataclass(frozen=True, slots=True)
class Quotient:
    """``floor`` counts whole units of the last decimal; ``rest`` is what the division leaves of ``below``."""

    floor: Term
    rest: Term
    below: Term

    @property
    def left(self) -> Term:
        """1 while something is left over, else 0."""
        return choose(compared(self.rest, ">", NOTHING), ONE, NOTHING)


def divided(source: Source, name: str, above: Term, below: Term, places: int) -> Quotient:
    """``above ÷ below`` rounded down to ``places`` decimals; both are whole and ``below`` is above zero."""
    if above.over != 1 or below.over != 1 or above.value < 0 or below.value <= 0:
        raise NotExact("not a quotient of whole numbers")
    over, under = source.keep(name, above), source.keep(f"{name} ÷", below)
    whole = source.keep(name, _whole(over, under))
    return further(source, name, Quotient(whole, over - whole * under, under), places)


def further(source: Source, name: str, found: Quotient, places: int) -> Quotient:
    """The same quotient to so many more decimals."""
    under, floor, rest = found.below, found.floor, found.rest
    width = _width(places, under)
    for _group in range(places // width if places else 0):
        shifted = source.keep(name, rest * number(10**width))
        digits = source.keep(name, _whole(shifted, under))
        floor, rest = floor * number(10**width) + digits, shifted - digits * under
    return Quotient(source.keep(name, floor), source.keep(f"{name}（余）", rest), under)


def _width(places: int, below: Term) -> int:
    for room in (_ROOM, 1):
        for width in _WIDTHS:
            if places % width == 0 and below.count * room * 10**width < LARGEST:
                return width
    raise NotExact("divided by too large a number")


def _whole(above: Term, below: Term) -> Term:
    """How often ``below`` goes into ``above``; INT of a quotient a hair below a whole number may be one too many."""
    whole = f"INT({above.text}/{below.text})"
    text = f"IF({below.text}>0,{whole}-IF({whole}*{below.text}>{above.text},1,0),NA())"
    return Term(text, (above.value // below.value) + NOTHING.value)


def six_decimals(source: Source, name: str, found: Quotient, *, less: int = 0) -> Term:
    """A quotient of six decimals, less a whole number, rounded half away from zero."""
    base = number(less * _MILLION)
    twice = found.rest * number(2)
    tie = every([compared(twice, "=", found.below), compared(found.floor, ">=", base)])
    up = choose(compared(twice, ">", found.below), ONE, choose(tie, ONE, NOTHING))
    rounded = source.keep(name, found.floor - base + up)
    return Term(rounded.text, rounded.value / _MILLION, _MILLION)


def to_six_decimals(source: Source, name: str, above: Term, below: Term) -> Term:
    """``above ÷ below`` to six decimals, rounded half away from zero; by groups of digits when it must be."""
    if abs(above.count) * _MILLION * _ROOM < LARGEST:
        found = quotient(above * number(_MILLION), below, source.keep, name)
        return Term(found.text, found.value / _MILLION, _MILLION)
    kept = source.keep(name, above)
    size = six_decimals(source, name, divided(source, name, Term(f"ABS({kept.text})", abs(kept.value)), below, 6))
    sign = -1 if above.value < 0 else 1
    return Term(f"SIGN({kept.text})*{size.text}", sign * size.value, _MILLION, bare=False)


def agreed(low: Term, high: Term) -> Term:
    """What both bounds round to; #N/A while they differ, as the figure between them is then not known."""
    return only_if(compared(low, "=", high), low)


def growth_of_averages(source: Source, name: str, now: tuple[Term, Term], before: tuple[Term, Term]) -> Term:
    """``(a ÷ b) ÷ (c ÷ d) − 1`` to six decimals, from averages of as many digits as a cell holds."""
    averages = []
    for above, below in (now, before):
        places = max((p for p in range(9) if int(above.value / below.value + 1) * 10**p * _ROOM < LARGEST // 10),
                     default=0)
        averages.append((divided(source, name, above, below, places), places))
    (top, top_places), (bottom, bottom_places) = averages
    shift = min(top_places, bottom_places)
    if top_places != bottom_places:
        top, bottom = (divided(source, name, *pair, shift) for pair in (now, before))
    bounds = [
        six_decimals(source, name, divided(source, name, above, below, 6), less=1)
        for above, below in ((top.floor, bottom.floor + bottom.left), (top.floor + top.left, bottom.floor))
    ]
    return agreed(*bounds)


def scaled_down(source: Source, name: str, reached: Term, above: Term, below: Term) -> Term:
    """``reached × above ÷ below`` rounded down, for a fraction of twelve decimals and numbers below 10**8."""
    if max(above.count, below.count) >= 10**8 or not 0 <= reached.count <= 10**12:
        raise NotExact("too many digits")
    high = source.keep(name, _whole(reached, number(_MILLION)))
    low = source.keep(name, reached - high * number(_MILLION))
    first = source.keep(name, high * above)
    upper = source.keep(name, _whole(first, below))
    second = source.keep(name, (first - upper * below) * number(_MILLION) + low * above)
    return source.keep(name, upper * number(_MILLION) + _whole(second, below))
