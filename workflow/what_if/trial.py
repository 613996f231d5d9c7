"""One trial: a decided sheet run with other facts and other rules, and what stands in its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from governance import sheets
from governance.refusal import Refusal, Refused
from governance.rulebook import Book, Provision, RuleBook
from governance.rulebook.trying import tried

# A plan below one of these may not be filed, but what it gives can be looked at.
FLOORS = frozenset({"surplus.floor.township_village"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial gives: the sheet where there is one, and the refusals that would stand in its way.

    With both, the sheet is what the trial would give if the refusals did not stand.
    """

    sheet: Mapping[str, Any] | None
    refusals: tuple[Refusal, ...] = ()
    read: frozenset[str] = frozenset()


@dataclass(slots=True)
class Listening:
    """A book that remembers which rules were asked for."""

    book: Book
    asked: set[str] = field(default_factory=set)

    @property
    def place(self) -> str:
        return self.book.place

    @property
    def day(self) -> date:
        return self.book.day

    @property
    def digest(self) -> str:
        return self.book.digest

    def rule(self, key: str) -> Provision:
        """As the book answers."""
        self.asked.add(key)
        return self.book.rule(key)

    def find(self, key: str) -> Provision | None:
        """As the book answers."""
        self.asked.add(key)
        return self.book.find(key)


def run(sheet: str, facts: Mapping[str, Any], book: Book) -> Outcome:
    """The sheet under ``book``; never raises ``Refused``. A floor that is not reached is told beside the figures."""
    listening = Listening(book)
    try:
        found = sheets.run(sheet, facts, listening)
        return Outcome(found.as_data(), (), frozenset(listening.asked))
    except Refused as refused:
        broken = {refusal.rule for refusal in refused.refusals}
        asked = frozenset(listening.asked)
        if not broken <= FLOORS:
            return Outcome(None, refused.refusals, asked)
        without = {rule: one for rule, one in book.provisions.items() if rule not in broken}
        below = run(sheet, facts, replace(book, provisions=without, _memory={}))
        return Outcome(below.sheet, (*refused.refusals, *below.refusals), asked)


def book_with(book: Book, rulebook: RuleBook, values: Mapping[str, Any]) -> Book:
    """``book`` with the values that differ from its own; raises Refused for one that breaks its rule."""
    other = {rule: value for rule, value in values.items() if not _same(book, rule, value)}
    return tried(book, rulebook, other) if other else book


def _same(book: Book, rule: str, value: Any) -> bool:
    try:
        return book.rule(rule).value == value
    except Refused:
        return False
