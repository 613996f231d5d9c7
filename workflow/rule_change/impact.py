"""What a rule would change: sheets decided at a place lately, run again from their own facts, beside what they gave."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from governance.refusal import Refused
from governance.rulebook import Book, RuleBook
from governance.rulebook.enacting import Enacted, merged, supposing
from workflow import rules
from workflow.budget.model import own_amount_fen
from workflow.rule_change.decided import Sheet, decided_sheets, running_sheets
from workflow.rule_change.model import IMPACT_YEARS, years_before
from workflow.settlement.tallying import ClaimsGone

HEADLINES = {"monthly-settlement": "net_to_lead_fen", "annual-clearing": "due_fen", "surplus-plan": "distributable_fen"}
# Read while claims are tallied, before a sheet has its facts: the frozen claims are tallied again.
TALLIED = frozenset(
    {"settlement.payment", "settlement.drg.floor_at_zero", "settlement.dip.outliers", "scope.cross_consortium"}
)

UNTOUCHED: dict[str, Any] = {"changed": False, "unknown": []}


def compute(connection: Connection, proposed: Enacted, today: date, *, backwards: bool = False) -> dict[str, Any]:
    """What every decided sheet of the last two years that reads the rule would have given under ``proposed``.

    Each is run from its stored facts, agreement and day, as though the rule had held all the time; for a rule that is
    read while claims are tallied, the frozen claims of its month are tallied again. Nothing is written. Where the
    document works ``backwards``, ``supplementary`` are the cases from its first day on, running ones included, whose
    outcome is another one by the rules as they will stand. Plain data, amounts in fen. Raises BadRules when the rule
    cannot stand.
    """
    held = rules.rulebook(connection)
    after, always = merged(held, [proposed]), supposing(held, proposed)
    first = years_before(today, IMPACT_YEARS)
    read: list[dict[str, Any]] = []
    owed: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for one in _looked_at(connection, proposed, min(first, proposed.since) if backwards else first, today, backwards):
        book = one.book(held)
        counts = _reads(one, proposed.rule, book, one.book(always))
        if counts and one.day >= first and not one.running:
            read.append(compared(connection, one, book, one.book(always), proposed.rule))
        if backwards and one.day >= proposed.since:
            key = (one.case.stage, one.case.consortium_id, one.case.pool, one.case.period, one.sheet)
            found = compared(connection, one, book, one.book(after), proposed.rule) if counts else UNTOUCHED
            owed.setdefault(key, []).append({**found, "serial": one.case.serial})
    due = [newest for held_by in owed.values() if _is_owed(newest := max(held_by, key=_serial))]
    return {
        "rule": proposed.rule, "place": proposed.place, "value": proposed.value, "since": proposed.since.isoformat(),
        "first": first.isoformat(), "last": today.isoformat(), "tallied": proposed.rule in TALLIED,
        "read": len(read), "changed": sum(one["changed"] for one in read),
        "refused": sum(bool(one["refused"]) for one in read), "unknown": sum(bool(one["unknown"]) for one in read),
        "sums": _sums(read, by_consortium=True), "total": _sums(read, by_consortium=False), "cases": read,
        "supplementary": due, "unaffected": len(owed) - len(due),
        "overrides": sorted(set(after.overridden) - set(held.overridden)),
        "before": _before(held, proposed), "digest": digest_of(held, proposed),
    }  # fmt: skip


def _looked_at(
    connection: Connection, proposed: Enacted, first: date, last: date, backwards: bool
) -> Iterator[Sheet]:
    yield from decided_sheets(connection, proposed.place, first, last)
    if backwards:
        yield from running_sheets(connection, proposed.place, proposed.since, last)


def _reads(one: Sheet, rule: str, book: Book, other: Book) -> bool:
    """Whether the rule has a say in the sheet, or in the tally of the claims behind it."""
    tallied = rule in TALLIED and one.case.stage == "settlement"
    return tallied or one.reads(book, rule) or one.reads(other, rule)


def _serial(one: Mapping[str, Any]) -> int:
    return int(one["serial"])


def _is_owed(one: Mapping[str, Any]) -> bool:
    """What stands last of a period comes out otherwise, or nobody can say whether it does."""
    return bool(one["changed"] or one["unknown"])


def _before(book: RuleBook, proposed: Enacted) -> dict[str, Any] | None:
    """What answers on the first day without the change."""
    found = book.at(proposed.place).provisions(proposed.since).get(proposed.rule)
    return found.as_data() if found else None


def digest_of(book: RuleBook, proposed: Enacted) -> str:
    """What the impact stands on: the rules in force at the place on the first day, before the change."""
    return book.at(proposed.place).in_force(proposed.since).digest


def compared(connection: Connection, one: Sheet, book: Book, other: Book, rule: str) -> dict[str, Any]:
    """A sheet beside what it gives under ``other``; ``reproduced``: ``book`` still gives what it gave.

    ``unknown`` says why it cannot be recomputed at all, ``refused`` why ``other`` gives no amount.
    """
    decided, case = json.loads(one.body), one.case
    found: dict[str, Any] = {
        "case": case.id, "serial": case.serial, "running": one.running, "stage": case.stage,
        "consortium": one.consortium, "name": one.name, "name_en": one.name_en, "pool": case.pool,
        "period": case.period, "sheet": one.sheet, "day": one.day.isoformat(),
        "decided_fen": headline_fen(one, decided["results"]), "would_fen": None, "difference_fen": None, "lines": [],
        "refused": [], "unknown": [], "reproduced": _gives(one, book, decided),
    }  # fmt: skip
    try:
        tallied = rule in TALLIED and case.stage == "settlement"
        would = one.run(other, one.moves(connection, other) if tallied else None)
    except ClaimsGone as gone:
        return {**found, "unknown": [str(refusal.reason) for refusal in gone.refusals], "changed": False}
    except Refused as refused:
        return {**found, "refused": [str(refusal.reason) for refusal in refused.refusals], "changed": True}
    found["would_fen"] = headline_fen(one, would["results"])
    if found["decided_fen"] is not None and found["would_fen"] is not None:
        found["difference_fen"] = found["would_fen"] - found["decided_fen"]
    found["lines"] = differing(decided["lines"], would["lines"])
    return {**found, "changed": bool(found["lines"]) or decided["results"] != would["results"]}


def _gives(one: Sheet, book: Book, decided: Mapping[str, Any]) -> bool:
    try:
        again = one.run(book)
    except Refused:
        return False
    return again["lines"] == decided["lines"] and again["results"] == decided["results"]


def headline_fen(one: Sheet, results: Mapping[str, Any]) -> int | None:
    """The amount that a sheet comes to, in fen; ``None`` for sheets that come to none."""
    if one.sheet == "budget":
        return own_amount_fen(one.consortium, results)
    name = HEADLINES.get(one.sheet)
    return None if name is None else results.get(name)


def differing(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines whose amount or value is another one, or which only one side has, in the order of the sheets."""
    sides = [{line["key"]: line for line in lines} for lines in (before, after)]
    found = []
    for key in dict.fromkeys([*sides[0], *sides[1]]):
        was, now = (side.get(key) for side in sides)
        line = was or now or {}
        told = [(one["amount_fen"], one["value"]) if one else (None, None) for one in (was, now)]
        if told[0] != told[1] or was is None or now is None:
            found.append(
                {
                    "key": key, "label": line["label"], "label_en": line["label_en"], "unit": line["unit"],
                    "was_fen": told[0][0], "now_fen": told[1][0], "was": told[0][1], "now": told[1][1],
                }
            )  # fmt: skip
    return found


def _sums(read: Iterable[Mapping[str, Any]], *, by_consortium: bool) -> list[dict[str, Any]]:
    """What the sheets come to together, by sheet and, unless for the whole place, by consortium."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in read:
        named = {name: one[name] for name in ("consortium", "name", "name_en")} if by_consortium else {}
        sums = found.setdefault(
            (named.get("consortium", ""), one["sheet"]),
            {**named, "sheet": one["sheet"], "sheets": 0, "changed": 0, "decided_fen": 0, "would_fen": 0,
             "difference_fen": 0, "unknown": 0},
        )  # fmt: skip
        sums["sheets"] += 1
        sums["changed"] += one["changed"]
        sums["unknown"] += bool(one["unknown"])
        if one["difference_fen"] is not None:
            for name in ("decided_fen", "would_fen", "difference_fen"):
                sums[name] += one[name]
    return [found[key] for key in sorted(found)]
