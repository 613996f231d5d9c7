"""A book with other values for some of its rules, each checked as a rule file is, for those who only want to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from governance.refusal import Refusal, Refused

from .book import Book, not_configured
from .bounds import bound_words, outside
from .catalogue import RuleName
from .entries import Dated, check_value
from .findings import Findings, Where
from .provisions import Citation, settled
from .rules import RuleBook

TRIED = "trial"
_NO_DOCUMENT = Citation("试算", "试算值，不是规定 A value that is tried, no rule", "", "试算值，没有文件依据")


def tried(book: Book, rulebook: RuleBook, values: Mapping[str, Any]) -> Book:
    """``book`` with ``values`` in place of its own, marked as tried; ``book`` and ``rulebook`` stay as they are.

    A value also stands in place of what the agreement answers. Raises Refused, naming each rule, for a value that has
    not its rule's shape, lies outside a wider place's bounds (those in principle give way), or answers a rule that is
    not in force.
    """
    findings = Findings()
    missing: list[Refusal] = []
    provisions = dict(book.provisions)
    for rule, written in values.items():
        held = provisions.get(rule)
        if held is None:
            missing.append(not_configured(rule))
            continue
        value, spot = settled(written), Where("", rule)
        check_value(value, RuleName(rule, held.title, held.title_en, held.unit), spot, findings)
        if not findings.refusals:
            _check_bounds(book, rulebook, rule, value, findings)
        provisions[rule] = replace(held, value=value, answered_by=TRIED, status="unverified", cite=_NO_DOCUMENT)
    if missing or findings.refusals:
        raise Refused(*missing, *findings.refusals)
    answers = {rule: answer for rule, answer in book.agreement.items() if rule not in values}
    return Book(book.place, book.day, provisions, answers)


def _check_bounds(book: Book, rulebook: RuleBook, rule: str, value: Any, findings: Findings) -> None:
    for place in rulebook.chains[book.place]:
        dated = _latest(rulebook.store.get(place, {}).get(rule, ()), book.day)
        if dated is None or dated.bound is None or dated.bound.in_principle or not outside(value, dated.bound):
            continue
        zh, en = bound_words(dated.bound)
        cite = dated.provision.cite
        findings.add(Where("", rule), f"超出{zh}（{cite.document} {cite.clause}）",
                     f"beyond {en} ({cite.document} {cite.clause})")


def _latest(values: Sequence[Dated], day: date) -> Dated | None:
    found = [one for one in values if one.provision.since <= day]
    return found[-1] if found else None
