"""Rules enacted in a house: read and checked like those of a file, laid over the shipped ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from .bounds import check_bounds
from .catalogue import Document, rule_names
from .entries import Dated, Known, dated_value
from .findings import Findings, Where
from .rules import RuleBook

Store = dict[str, dict[str, Sequence[Dated]]]


@dataclass(frozen=True, slots=True)
class Enacted:
    """A value that a place gives one rule from a day on, by a document of its own; ``value`` is rule data.

    ``known_since`` is the day of enactment, ``None`` while it is only proposed.
    """

    place: str
    rule: str
    since: date
    value: Any
    status: str
    document: Document
    clause: str
    says: str
    known_since: date | None = None

    @property
    def where(self) -> Where:
        """What a finding about it names: the document, the rule and the day."""
        return Where(self.document.id, self.rule, self.since.isoformat())


def merged(book: RuleBook, enacted: Iterable[Enacted]) -> RuleBook:
    """``book`` with the enacted rules, in the order in which they were enacted.

    From its first day on the newest one holds: it takes the place of a shipped value of the same day, and of whatever
    was enacted before for that day or a later one. Raises BadRules, with document, rule and day, for an unknown rule,
    a value that has not its rule's shape, and one outside a wider place's bounds; bounds in principle (原则上) give way
    and are told in ``overridden``.
    """
    findings = Findings()
    documents = dict(book.documents)
    store = _copied(book)
    laid: dict[tuple[str, str], set[date]] = {}
    for one in enacted:
        documents.setdefault(one.document.id, one.document)
        dated = _read(one, documents, findings)
        if dated is None:
            continue
        own = laid.setdefault((one.place, one.rule), set())
        gone = {one.since} | {since for since in own if since >= one.since}
        kept = [held for held in store.setdefault(one.place, {}).get(one.rule, ()) if held.provision.since not in gone]
        store[one.place][one.rule] = tuple(sorted([*kept, dated], key=lambda held: held.provision.since))
        own -= gone
        own.add(one.since)
    overridden = check_bounds(store, book.chains, findings)
    findings.raise_if_any()
    return RuleBook(book.places, documents, book.chains, store, tuple(overridden))


def supposing(book: RuleBook, one: Enacted) -> RuleBook:
    """``book`` as though the place had given the rule this value on every day; bounds are not looked at.

    Raises BadRules when the value cannot be read.
    """
    findings = Findings()
    documents = {one.document.id: one.document, **book.documents}
    dated = _read(one, documents, findings)
    findings.raise_if_any()
    store = _copied(book)
    if dated is not None:
        always = replace(dated, provision=replace(dated.provision, since=date.min))
        store.setdefault(one.place, {})[one.rule] = (always,)
    return RuleBook(book.places, documents, book.chains, store, book.overridden)


def _copied(book: RuleBook) -> Store:
    return {place: dict(rules) for place, rules in book.store.items()}


def _read(one: Enacted, documents: Mapping[str, Document], findings: Findings) -> Dated | None:
    names = rule_names()
    name = names.get(one.rule)
    if name is None:
        findings.add(one.where, "不认识的规则", "unknown rule")
        return None
    entry = {
        "value": one.value, "status": one.status, "known_since": one.known_since,
        "cite": {"document": one.document.id, "clause": one.clause, "says": one.says},
    }
    return dated_value(entry, name, one.place, one.since, Known(names, documents), one.where, findings)
