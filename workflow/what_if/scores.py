"""Annual clearing at other scores: at every edge of the rules' bands and just below it, by the sheet itself."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from governance.money import plain
from governance.rulebook import Book
from workflow.pages import words
from workflow.what_if.trial import run

SHEET = "annual-clearing"
STEP = Decimal("0.01")
MOST = 24
_RULES = ("clearing.retention", "clearing.deposit_return")


def score_table(facts: Mapping[str, Any], book: Book) -> list[SimpleNamespace]:
    """What clearing gives at each score that matters, the highest first, beside the one that is tried."""
    now = facts.get("score")
    found = []
    for score in _scores(book, now):
        outcome = run(SHEET, {**facts, "score": plain(score)}, book)
        results = outcome.sheet["results"] if outcome.sheet else None
        ratio = results["retention_ratio"] if results else None
        found.append(SimpleNamespace(
            score=plain(score),
            tried=now is not None and Decimal(now) == score,
            ratio=words.percent(ratio) if ratio is not None else "—",
            results=results,
            refusals=[words.shown(one) for one in outcome.refusals],
        ))  # fmt: skip
    return found


def _scores(book: Book, now: str | None) -> list[Decimal]:
    edges: set[Decimal] = set()
    for rule in _RULES:
        provision = book.find(rule)
        if provision is not None and isinstance(provision.value, Mapping):
            edges |= _edges(provision.value, by_score=rule != "clearing.retention")
    known = {one for edge in edges for one in (edge, edge - STEP) if 0 <= one <= 1000}
    if now is not None:
        known.add(Decimal(now))
    return sorted(known, reverse=True)[:MOST]


def _edges(value: Mapping[str, Any], *, by_score: bool) -> set[Decimal]:
    found = {Decimal(value["fails_below"])} if "fails_below" in value else set()
    if by_score or value.get("by") == "score":
        for band in value.get("bands") or ():
            found |= {Decimal(band[name]) for name in ("from", "top") if name in band}
    return found
