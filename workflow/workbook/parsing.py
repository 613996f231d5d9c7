"""Reads the formula that people read, such as ``max(gross − audit_deduction, 0) × deposit_ratio``, as a term.

A name is looked for among the lines before, the facts and the rule; where the line lists its inputs, only a cell that
holds the input's value today is taken for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from workflow.workbook.exact import NotExact, Term, least, most, number, rounded, total
from workflow.workbook.source import Line, Source

_TOKEN = re.compile(r"\s*([+−×(),]|[^+−×(),]+)")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_FOREIGN = re.compile(r"[÷=<>≤≥→:;]")
# What a formula calls something that stands under another name.
_NAMES = {
    "in area": "prior_in_area", "out of area": "prior_out_of_area", "manual": "prior_manual",
    "prior settled total": "prior_settled", "net_paid": "net", "asked": "prepayment_offset_requested",
    "outstanding": "prepayment_outstanding", "lead total": "lead_total",
}
# Names that stand for a sum or a difference of others, where nothing has the name itself.
_COMPOSED = {"rejected": "rejected_own + rejected_inflow", "deposit_forfeited": "deposit_withheld − deposit_returned"}


def parsed(source: Source, line: Line) -> Term:
    """The formula of a line as a whole number; raises NotExact where it is not plain arithmetic of known names."""
    found = _Reader(source, line, line["formula"]).whole()
    return rounded(found, source.keep, line["label"])


class _Reader:
    """A recursive descent over one formula."""

    def __init__(self, source: Source, line: Line, text: str) -> None:
        if not text or _FOREIGN.search(text):
            raise NotExact("not plain arithmetic")
        self.source, self.line = source, line
        self.tokens = [found[1].strip() for found in _TOKEN.finditer(text) if found[1].strip()]
        self.at = 0

    def whole(self) -> Term:
        """Everything, to the end."""
        found = self.sum()
        if self.at != len(self.tokens):
            raise NotExact("more than a formula")
        return found

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        sign = self.peek()
        if not sign or (expected and sign != expected):
            raise NotExact(f"no {expected or 'more'}")
        self.at += 1
        return sign

    def sum(self) -> Term:
        found = self.product()
        while self.peek() in ("+", "−"):
            found = found + self.product() if self.take() == "+" else found - self.product()
        return found

    def product(self) -> Term:
        found = self.single()
        while self.peek() == "×":
            self.take()
            found = found * self.single()
        return found

    def single(self) -> Term:
        sign = self.take()
        if sign == "(":
            found = self.sum()
            self.take(")")
            return found
        if sign == "−":
            return number(0) - self.single()
        if sign in ("min", "max") and self.peek() == "(":
            return (least if sign == "min" else most)(*self.arguments())
        if _NUMBER.fullmatch(sign):
            return number(sign)
        return named(self.source, self.line, sign)

    def arguments(self) -> Iterator[Term]:
        self.take("(")
        yield self.sum()
        while self.peek() == ",":
            self.take()
            yield self.sum()
        self.take(")")


def named(source: Source, line: Line, name: str) -> Term:
    """The cell, or the sum of cells, that a name of the line's formula stands for."""
    if name == "mean of three prior years":
        years = [source.fact(path) for path in source.facts.under("prior_years_fen")]
        return Term(total(years).text, total(years).value / 3, 3, bare=False)
    stem = _NAMES.get(name, name)
    for found in _candidates(source, line, stem):
        if _is_the_input(line, {name, stem}, found):
            return found
    if stem in _COMPOSED:
        found = _Reader(source, line, _COMPOSED[stem]).whole()
        if _is_the_input(line, {name, stem}, found):
            return Term(found.text, found.value, found.over, bare=False)
    raise NotExact(f"nothing is called {name}")


def _candidates(source: Source, line: Line, stem: str) -> Iterator[Term]:
    lines, facts = source.about(line)
    names = (f"{stem}_fen", stem)
    for prefix in dict.fromkeys((lines, "")):
        for name in names:
            if prefix + name != line["key"]:
                yield from _tried(source.line, prefix + name)
    for prefix in dict.fromkeys((facts, "", "months.")):
        for name in names:
            yield from _tried(source.fact, prefix + name)
    if line["provision"] is not None:
        if str(line["provision"]["rule"]).rpartition(".")[2] == stem:
            yield from _tried(source.rules.term, line["provision"]["rule"])
        yield from _tried(source.rules.term, f"{line['provision']['rule']}.{stem}")


def _tried(find: object, key: str) -> Iterator[Term]:
    try:
        yield find(key)  # type: ignore[operator]
    except NotExact:
        return


def _is_the_input(line: Line, names: set[str], found: Term) -> bool:
    """Whether a cell holds today what the line says it used under the name; a name it does not list may be anything."""
    for one in line["inputs"]:
        if one["name"].removesuffix("_fen") in names and one["value"] is not None:
            return bool(Fraction(one["value"]) == found.value)
    return True
