"""What a rule would change: sheets decided at a place lately, run again from their own facts, beside what they gave."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, select

from governance import sheets
from governance.refusal import Refused
from governance.rulebook import Book, RuleBook
from governance.rulebook.enacting import Enacted, merged, supposing
from workflow import rules
from workflow.budget.model import own_amount_fen
from workflow.model import cases, dossiers, rounds, worksheets
from workflow.organisations.model import consortia
from workflow.rule_change.model import IMPACT_YEARS, places_under, years_before

HEADLINES = {"monthly-settlement": "net_to_lead_fen", "annual-clearing": "due_fen", "surplus-plan": "distributable_fen"}
# Read while claims are tallied, before a sheet has its facts: no sheet run again can show what they change.
TALLIED = frozenset(
    {"settlement.payment", "settlement.drg.floor_at_zero", "settlement.dip.outliers", "scope.cross_consortium"}
)


class _Asked(dict[str, Any]):
    """The provisions of a book that remember which rules were asked for."""

    def __init__(self, provisions: Mapping[str, Any]) -> None:
        super().__init__(provisions)
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


@dataclass(frozen=True, slots=True)
class Decided:
    """A sheet that somebody decided on, with all that it was calculated from."""

    case_id: int
    stage: str
    consortium: str
    name: str
    name_en: str
    pool: str
    period: str
    place: str
    sheet: str
    day: date
    facts: str
    agreement: str
    body: str

    def book(self, of: RuleBook) -> Book:
        """The book in force for the sheet by ``of``."""
        return of.at(self.place).in_force(self.day, agreement=json.loads(self.agreement))

    def run(self, book: Book) -> dict[str, Any]:
        """The sheet run again under ``book``; raises ``Refused``."""
        return sheets.run(self.sheet, json.loads(self.facts), book).as_data()

    def reads(self, book: Book, rule: str) -> bool:
        """Whether the sheet asks for the rule under ``book``."""
        provisions = _Asked(book.provisions)
        try:
            self.run(Book(book.place, book.day, provisions, book.agreement))
        except Refused:
            return rule in provisions.asked
        return rule in provisions.asked


def decided_sheets(connection: Connection, place: str, first: date, last: date) -> Iterable[Decided]:
    """The sheets of days ``first`` to ``last`` at the place and under it on which a round has passed, oldest first."""
    passed = (
        select(rounds.c.case_id, func.max(rounds.c.round_no).label("round_no"))
        .where(rounds.c.outcome == "passed")
        .group_by(rounds.c.case_id)
        .subquery()
    )
    query = (
        select(
            cases.c.id, cases.c.stage, consortia.c.code, consortia.c.name, consortia.c.name_en, cases.c.pool,
            cases.c.period, worksheets.c.place, worksheets.c.sheet, worksheets.c.day, worksheets.c.facts,
            worksheets.c.agreement, worksheets.c.body, worksheets.c.version, dossiers.c.body.label("dossier"),
        )
        .join(passed, passed.c.case_id == cases.c.id)
        .join(rounds, (rounds.c.case_id == passed.c.case_id) & (rounds.c.round_no == passed.c.round_no))
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == rounds.c.dossier_version))
        .join(worksheets, worksheets.c.case_id == cases.c.id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .where(cases.c.place.in_(places_under(place)), worksheets.c.day >= first, worksheets.c.day <= last)
        .order_by(worksheets.c.day, cases.c.id, worksheets.c.version)
    )  # fmt: skip
    for row in connection.execute(query):
        if json.loads(row.dossier).get("worksheet", {}).get("version") == row.version:
            yield Decided(*row[:13])


def compute(connection: Connection, proposed: Enacted, today: date, *, backwards: bool = False) -> dict[str, Any]:
    """What every decided sheet of the last two years that reads the rule would have given under ``proposed``.

    Each is run from its stored facts, agreement and day, as though the rule had held all the time; nothing is written.
    Where the document works ``backwards``, ``supplementary`` are the sheets from its first day on whose outcome is
    another one by the rules as they will stand. Plain data, amounts in fen. Raises BadRules when the rule cannot stand.
    """
    held = rules.rulebook(connection)
    after, always = merged(held, [proposed]), supposing(held, proposed)
    first = years_before(today, IMPACT_YEARS)
    read, due = [], []
    for one in decided_sheets(connection, proposed.place, min(first, proposed.since) if backwards else first, today):
        book = one.book(held)
        if not one.reads(book, proposed.rule) and not one.reads(one.book(always), proposed.rule):
            continue
        if one.day >= first:
            read.append(compared(one, book, one.book(always)))
        if backwards and one.day >= proposed.since:
            due.append(compared(one, book, one.book(after)))
    return {
        "rule": proposed.rule, "place": proposed.place, "value": proposed.value, "since": proposed.since.isoformat(),
        "first": first.isoformat(), "last": today.isoformat(), "tallied": proposed.rule in TALLIED,
        "read": len(read), "changed": sum(one["changed"] for one in read),
        "refused": sum(bool(one["refused"]) for one in read),
        "sums": _sums(read, by_consortium=True), "total": _sums(read, by_consortium=False), "cases": read,
        "supplementary": [one for one in due if one["changed"]],
        "overrides": sorted(set(after.overridden) - set(held.overridden)),
        "before": _before(held, proposed), "digest": digest_of(held, proposed),
    }  # fmt: skip


def _before(book: RuleBook, proposed: Enacted) -> dict[str, Any] | None:
    """What answers on the first day without the change."""
    found = book.at(proposed.place).provisions(proposed.since).get(proposed.rule)
    return found.as_data() if found else None


def digest_of(book: RuleBook, proposed: Enacted) -> str:
    """What the impact stands on: the rules in force at the place on the first day, before the change."""
    return book.at(proposed.place).in_force(proposed.since).digest


def compared(one: Decided, book: Book, other: Book) -> dict[str, Any]:
    """A decided sheet beside what it gives under ``other``; ``reproduced``: ``book`` still gives what it gave."""
    decided = json.loads(one.body)
    found: dict[str, Any] = {
        "case": one.case_id, "stage": one.stage, "consortium": one.consortium, "name": one.name,
        "name_en": one.name_en, "pool": one.pool, "period": one.period, "sheet": one.sheet,
        "day": one.day.isoformat(), "decided_fen": headline_fen(one, decided["results"]), "would_fen": None,
        "difference_fen": None, "lines": [], "refused": [], "reproduced": _gives(one, book, decided),
    }  # fmt: skip
    try:
        would = one.run(other)
    except Refused as refused:
        found["refused"] = [str(refusal.reason) for refusal in refused.refusals]
        return {**found, "changed": True}
    found["would_fen"] = headline_fen(one, would["results"])
    if found["decided_fen"] is not None and found["would_fen"] is not None:
        found["difference_fen"] = found["would_fen"] - found["decided_fen"]
    found["lines"] = differing(decided["lines"], would["lines"])
    return {**found, "changed": bool(found["lines"]) or decided["results"] != would["results"]}


def _gives(one: Decided, book: Book, decided: Mapping[str, Any]) -> bool:
    try:
        again = one.run(book)
    except Refused:
        return False
    return again["lines"] == decided["lines"] and again["results"] == decided["results"]


def headline_fen(one: Decided, results: Mapping[str, Any]) -> int | None:
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
             "difference_fen": 0},
        )  # fmt: skip
        sums["sheets"] += 1
        sums["changed"] += one["changed"]
        if one["difference_fen"] is not None:
            for name in ("decided_fen", "would_fen", "difference_fen"):
                sums[name] += one[name]
    return [found[key] for key in sorted(found)]
