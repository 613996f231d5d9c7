"""Numbers that are exact both ways: as spreadsheet text over a constant denominator, and as a fraction today.

A spreadsheet counts in doubles: 0.145 × 100 is 14.499999999999998 there, and ROUND makes 14 of a half that the rules
round up. So nothing here multiplies by a decimal. Every number is an integer, below ``LARGEST``, over a denominator
that is known when the file is written; only the last step divides, and rounds. An integer below 10**15 is exact in a
double and in the fifteen digits that a spreadsheet compares by; divided by ``d`` it stays further from any half that it
does not equal than a double errs. Beyond that, a cell says #N/A rather than something wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from math import lcm

from governance.money import round_fen

LARGEST = 10**15


class NotExact(Exception):
    """A spreadsheet cannot calculate this exactly, or nothing says how; the cell stays a value."""


@dataclass(frozen=True, slots=True)
class Term:
    """``text`` is an integer to a spreadsheet, ``over`` its denominator, ``value`` the fraction it is today."""

    text: str
    value: Fraction
    over: int = 1
    bare: bool = True
    factors: tuple[Term, Term] | None = None

    @property
    def count(self) -> int:
        """The integer that ``text`` gives today."""
        return int(self.value * self.over)

    def scaled(self, over: int) -> str:
        """The text as an integer over a multiple of its denominator."""
        times = over // self.over
        return self.text if times == 1 else f"{self.inside}*{times}"

    @property
    def inside(self) -> str:
        """The text as part of a larger one."""
        return self.text if self.bare else f"({self.text})"

    def __add__(self, other: Term) -> Term:
        over = lcm(self.over, other.over)
        return Term(f"{self.scaled(over)}+{other.scaled(over)}", self.value + other.value, over, bare=False)

    def __sub__(self, other: Term) -> Term:
        over = lcm(self.over, other.over)
        taken = other.scaled(over) if other.bare or other.over != over else f"({other.text})"
        return Term(f"{self.scaled(over)}-{taken}", self.value - other.value, over, bare=False)

    def __mul__(self, other: Term) -> Term:
        return Term(f"{self.inside}*{other.inside}", self.value * other.value, self.over * other.over, bare=False,
                    factors=(self, other))


@dataclass(frozen=True, slots=True)
class Test:
    """A condition as spreadsheet text, and whether it holds today."""

    __test__ = False
    text: str
    holds: bool


Keep = Callable[[str, Term], Term]
"""Gives an intermediate result a cell of its own, under a name, and the term that refers to it."""

NOTHING = Term("0", Fraction(0))
ONE = Term("1", Fraction(1))


def number(value: int | str | Decimal | Fraction) -> Term:
    """A constant."""
    exact = Fraction(value)
    count = exact.numerator
    return Term(str(count), exact, exact.denominator, bare=count >= 0)


def amount(cell: str, value: int) -> Term:
    """A cell that holds a whole number; raises NotExact when it is too large for a spreadsheet."""
    if abs(value) >= LARGEST:
        raise NotExact("too large for a spreadsheet")
    return Term(cell, Fraction(value))


def total(terms: Sequence[Term]) -> Term:
    """The sum, nothing of nothing."""
    return reduce(Term.__add__, terms) if terms else NOTHING


def least(*terms: Term) -> Term:
    """The smallest."""
    return _function("MIN", terms, min(term.value for term in terms))


def most(*terms: Term) -> Term:
    """The largest."""
    return _function("MAX", terms, max(term.value for term in terms))


def _function(name: str, terms: Sequence[Term], value: Fraction) -> Term:
    if len(terms) == 1:
        return terms[0]
    over = lcm(*(term.over for term in terms))
    return Term(f"{name}({','.join(term.scaled(over) for term in terms)})", value, over)


def compared(one: Term, sign: str, other: Term) -> Test:
    """``one < other`` and the like, for ``< <= > >= =``."""
    over = lcm(one.over, other.over)
    holds = {
        "<": one.value < other.value, "<=": one.value <= other.value, "=": one.value == other.value,
        ">": one.value > other.value, ">=": one.value >= other.value,
    }[sign]
    return Test(f"{one.scaled(over)}{sign}{other.scaled(over)}", holds)


def every(tests: Sequence[Test]) -> Test:
    """Whether all hold."""
    return Test(f"AND({','.join(test.text for test in tests)})", all(test.holds for test in tests))


def any_of(tests: Sequence[Test]) -> Test:
    """Whether one holds; never, of none."""
    if not tests:
        return Test("FALSE", False)
    return Test(f"OR({','.join(test.text for test in tests)})", any(test.holds for test in tests))


def choose(test: Test, yes: Term, no: Term) -> Term:
    """``yes`` when the condition holds, else ``no``."""
    over = lcm(yes.over, no.over)
    return Term(f"IF({test.text},{yes.scaled(over)},{no.scaled(over)})", (yes if test.holds else no).value, over)


def only_if(test: Test, term: Term) -> Term:
    """``term`` while the condition holds, else #N/A: the facts then ask for a worksheet of another shape."""
    if not test.holds:
        raise NotExact("the condition does not hold")
    return Term(f"IF({test.text},{term.text},NA())", term.value, term.over)


def rounded(term: Term, keep: Keep, name: str) -> Term:
    """The whole number nearest to ``term``, halves away from zero, as ``governance.money`` rounds."""
    whole = Fraction(round_fen(term.value))
    if term.over == 1:
        return term
    if term.factors is None:
        kept = _small(keep(name, term))
        return Term(f"ROUND({kept.text}/{term.over},0)", whole)
    # A product is split at the denominator, so that neither part can leave the integers a double holds.
    large, small = sorted(term.factors, key=lambda factor: -abs(factor.count))
    x, n, over = keep(name, large), small.inside, term.over
    if over * max(abs(small.count), over) >= LARGEST:
        raise NotExact("the product is too large for a spreadsheet")
    _small(x)
    if not x.bare:
        raise NotExact("the amount has no cell")
    text = f"TRUNC({x.text}/{over})*{n}+ROUND(({x.text}-TRUNC({x.text}/{over})*{over})*{n}/{over},0)"
    return Term(text, whole, bare=False)


def quotient(one: Term, other: Term, keep: Keep, name: str) -> Term:
    """``one ÷ other`` rounded to a whole number; ``other`` may not be zero."""
    if not other.value:
        raise NotExact("divided by zero")
    over = lcm(one.over, other.over)
    above = _small(keep(name, Term(one.scaled(over), one.value * over, bare=False)))
    below = Term(other.scaled(over), other.value * over, bare=False)
    return Term(f"ROUND({above.text}/({below.text}),0)", Fraction(round_fen(one.value / other.value)))


def _small(term: Term) -> Term:
    if abs(term.count) >= LARGEST:
        raise NotExact("too large for a spreadsheet")
    return term
