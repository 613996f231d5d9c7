"""Sheets that somebody decided on, and those that wait for a decision, with all that they were calculated from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from governance import sheets
from governance.refusal import Refused
from governance.rulebook import Book, RuleBook
from workflow import enacted, rules
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.model import cases, dossiers, rounds, worksheets
from workflow.organisations.model import consortia
from workflow.rule_change.model import places_under
from workflow.settlement.supplements import left_out
from workflow.settlement.tallying import Moves, month_itself, moved_by_rules, with_moves

# Calculated, and not approved yet: a rule that works backwards changes what is being decided there.
RUNNING = {"settlement": ("calculated", "reviewed"), "clearing": ("calculated", "reconciled")}


class _Asked(dict[str, Any]):
    """The provisions of a book that remember which rules were asked for."""

    def __init__(self, provisions: Mapping[str, Any]) -> None:
        super().__init__(provisions)
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of a case with all that it was calculated from; ``running`` while nobody has approved it."""

    case: Case
    consortium: str
    name: str
    name_en: str
    place: str
    sheet: str
    day: date
    facts: str
    agreement: str
    body: str
    digest: str
    at: datetime
    dossier: str
    running: bool

    def book(self, of: RuleBook) -> Book:
        """The book in force for the sheet by ``of``."""
        return of.at(self.place).in_force(self.day, agreement=json.loads(self.agreement))

    def run(self, book: Book, moves: Moves | None = None) -> dict[str, Any]:
        """The sheet run again under ``book``, its claims moved by ``moves``; raises ``Refused``."""
        facts = json.loads(self.facts)
        if moves:
            facts = with_moves(facts, moves, left_out(json.loads(self.dossier)))
        return sheets.run(self.sheet, facts, book).as_data()

    def reads(self, book: Book, rule: str) -> bool:
        """Whether the sheet asks for the rule under ``book``."""
        provisions = _Asked(book.provisions)
        try:
            self.run(Book(book.place, book.day, provisions, book.agreement))
        except Refused:
            return rule in provisions.asked
        return rule in provisions.asked

    def moves(self, connection: Connection, book: Book) -> Moves:
        """What ``book`` makes of the claims behind a month more or less than the rules it was tallied by.

        Raises ``Refused`` where the frozen claims are not there, or have no price under ``book``.
        """
        before = enacted.book_of_its_time(
            connection, rules.shipped(), place=self.place, day=self.day, digest=self.digest, at=self.at,
            agreement=json.loads(self.agreement),
        )  # fmt: skip
        return moved_by_rules(month_itself(Attempt(connection, self.case, SYSTEM, self.at)), before, book)


def _sheets(place: str, first: date, last: date) -> Select[Any]:
    return (
        select(
            cases, consortia.c.code, consortia.c.name, consortia.c.name_en, worksheets.c.place.label("sheet_place"),
            worksheets.c.sheet, worksheets.c.day, worksheets.c.facts, worksheets.c.agreement, worksheets.c.body,
            worksheets.c.book_digest, worksheets.c.at, worksheets.c.version, dossiers.c.body.label("dossier"),
        )
        .join(worksheets, worksheets.c.case_id == cases.c.id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .where(cases.c.place.in_(places_under(place)), worksheets.c.day >= first, worksheets.c.day <= last)
        .order_by(worksheets.c.day, cases.c.id, worksheets.c.version)
    )  # fmt: skip


def decided_sheets(connection: Connection, place: str, first: date, last: date) -> Iterable[Sheet]:
    """The sheets of days ``first`` to ``last`` at the place and under it on which a round has passed, oldest first."""
    passed = (
        select(rounds.c.case_id, func.max(rounds.c.round_no).label("round_no"))
        .where(rounds.c.outcome == "passed")
        .group_by(rounds.c.case_id)
        .subquery()
    )
    query = (
        _sheets(place, first, last)
        .join(passed, passed.c.case_id == cases.c.id)
        .join(rounds, (rounds.c.case_id == passed.c.case_id) & (rounds.c.round_no == passed.c.round_no))
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == rounds.c.dossier_version))
    )
    return _read(connection, query, running=False)


def running_sheets(
    connection: Connection, place: str, first: date, last: date, case_id: int | None = None
) -> Iterable[Sheet]:
    """The sheets of those days (of one case where given) that are calculated and wait for their approval."""
    query = _sheets(place, first, last).join(
        dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version)
    )
    for stage, states in RUNNING.items():
        asked = query.where(cases.c.stage == stage, cases.c.state.in_(states))
        yield from _read(connection, asked if case_id is None else asked.where(cases.c.id == case_id), running=True)


def _read(connection: Connection, query: Select[Any], *, running: bool) -> Iterable[Sheet]:
    width = len(cases.c)
    for row in connection.execute(query):
        if json.loads(row.dossier).get("worksheet", {}).get("version") == row.version:
            yield Sheet(Case(*row[:width]), *row[width : width + 11], row.dossier, running)
