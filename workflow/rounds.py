"""What a case's rounds hold, read in one question: the open ones for a step, or all of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, bindparam, exists, select

from workflow.acts.model import added_seats, papers
from workflow.attempt import Attempt
from workflow.machines import Ballot
from workflow.model import decisions, round_seats, rounds
from workflow.prepared import Prepared


@dataclass(slots=True)
class AddedSeat:
    """A seat that a ballot seat has asked for a person's opinion (加签); ``decision`` is what was said, if anything."""

    seat_key: str
    parent_key: str
    place: str
    person_id: int
    role: str
    asked_by: int
    organisation_id: int
    label: str
    at: datetime
    removed_at: datetime | None
    verdict: str | None = None
    decision: Any = None

    @property
    def stands(self) -> bool:
        """Whether the seat was not taken back."""
        return self.removed_at is None


@dataclass(slots=True)
class OpenRound:
    """An open round: its seats in their order, and (seat, link, verdict) of every decision so far, oldest first.

    ``added`` are the seats that were asked besides, ``people`` who decided which link of which seat, ``papers`` whether
    something is registered as signed on paper and not confirmed yet, ``principals`` for whom others decided.
    """

    round_no: int
    subject_hash: str
    opened_at: datetime
    seats: list[Any] = field(default_factory=list)
    cast: list[tuple[str, str, str]] = field(default_factory=list)
    added: list[AddedSeat] = field(default_factory=list)
    people: dict[tuple[str, str], int] = field(default_factory=dict)
    papers: bool = False
    principals: dict[tuple[str, str], int] = field(default_factory=dict)

    def done(self) -> set[tuple[str, str]]:
        """Which links of which seats have decided."""
        return {(seat, link) for seat, link, _verdict in self.cast}

    def added_to(self, seat_key: str) -> list[AddedSeat]:
        """The seats that stand beside a ballot seat."""
        return [one for one in self.added if one.parent_key == seat_key and one.stands]


_JOINED = rounds.outerjoin(
    round_seats, and_(round_seats.c.case_id == rounds.c.case_id, round_seats.c.round_no == rounds.c.round_no)
).outerjoin(
    decisions,
    and_(
        decisions.c.case_id == round_seats.c.case_id,
        decisions.c.round_no == round_seats.c.round_no,
        decisions.c.seat_key == round_seats.c.seat_key,
    ),
).outerjoin(
    added_seats,
    and_(
        added_seats.c.case_id == round_seats.c.case_id,
        added_seats.c.round_no == round_seats.c.round_no,
        added_seats.c.seat_key == round_seats.c.seat_key,
    ),
)  # fmt: skip
_ADDED = (
    added_seats.c.parent_key, added_seats.c.place, added_seats.c.person_id.label("asked_person"),
    added_seats.c.role.label("asked_role"), added_seats.c.asked_by, added_seats.c.at.label("asked_at"),
    added_seats.c.removed_at,
)  # fmt: skip
_ON_PAPER = (
    exists()
    .where(papers.c.case_id == rounds.c.case_id, papers.c.state == "registered")
    .correlate(rounds)
    .label("papers")
)
_SEATS = Prepared(
    select(rounds.c.ballot, rounds.c.round_no, rounds.c.subject_hash, rounds.c.opened_at, _ON_PAPER)
    .add_columns(round_seats.c.seat_key, round_seats.c.organisation_id, round_seats.c.label, round_seats.c.eligible)
    .add_columns(round_seats.c.chain)
    .add_columns(decisions.c.id, decisions.c.link, decisions.c.person_id, decisions.c.for_person_id)
    .add_columns(decisions.c.verdict, *_ADDED)
    .select_from(_JOINED)
    .where(rounds.c.case_id == bindparam("case"), rounds.c.outcome == "open")
    .order_by(round_seats.c.seat_key, decisions.c.id)
)


def chain_of(ballot: Ballot, seat: Any) -> tuple[str, ...]:
    """The links of a seat, lowest first, as they were when its round opened; the last one counts."""
    return _chain(seat.chain) or ballot.chain


@lru_cache(maxsize=256)
def _chain(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text)) if text else ()


def open_rounds(attempt: Attempt) -> dict[str, OpenRound]:
    """The open rounds of the attempt's case by ballot; read once, and kept by whoever changes them."""
    found: dict[str, OpenRound] | None = attempt.read.get("rounds")
    if found is None:
        found = attempt.read["rounds"] = _read(attempt)
    return found


def _read(attempt: Attempt) -> dict[str, OpenRound]:
    if attempt.for_a_page:
        return {one.ballot: _as_open(one) for one in every_round(attempt) if one.outcome == "open"}
    found: dict[str, OpenRound] = {}
    counted: list[tuple[int, str, Any]] = []
    for row in _SEATS.rows(attempt.connection, {"case": attempt.case.id}):
        one = found.setdefault(
            row.ballot, OpenRound(row.round_no, row.subject_hash, row.opened_at, papers=bool(row.papers))
        )
        if _is_ballot_seat(one, row) and row.id is not None:
            counted.append((row.id, row.ballot, row))
    for _number, ballot, row in sorted(counted, key=lambda one: one[0]):
        _keep(found[ballot], row)
    return found


def _is_ballot_seat(one: OpenRound | Round, row: Any) -> bool:
    """Keep the seat of ``row``, once; whether it is a ballot's own."""
    if row.parent_key is not None:
        one.added.append(
            AddedSeat(
                row.seat_key, row.parent_key, row.place, row.asked_person, row.asked_role, row.asked_by,
                row.organisation_id, row.label, row.asked_at, row.removed_at, row.verdict,
                None if row.id is None else row,
            )
        )  # fmt: skip
        return False
    if row.seat_key and (not one.seats or one.seats[-1].seat_key != row.seat_key):
        one.seats.append(row)
    return True


def _keep(one: OpenRound, row: Any) -> None:
    one.cast.append((row.seat_key, row.link, row.verdict))
    one.people[row.seat_key, row.link] = row.person_id
    if row.for_person_id is not None:
        one.principals[row.seat_key, row.link] = row.for_person_id


def _as_open(one: Round) -> OpenRound:
    found = OpenRound(one.round_no, one.subject_hash, one.opened_at, one.seats, added=one.added, papers=one.papers)
    for row in one.cast:
        _keep(found, row)
    return found


@dataclass(slots=True)
class Round:
    """A round, open or over: its seats in their order, their decisions, oldest first, and whom a seat asked besides."""

    round_no: int
    ballot: str
    subject_hash: str
    outcome: str
    opened_at: datetime
    papers: bool
    seats: list[Any] = field(default_factory=list)
    cast: list[Any] = field(default_factory=list)
    added: list[AddedSeat] = field(default_factory=list)


_EVERY = Prepared(
    select(rounds.c.round_no, rounds.c.ballot, rounds.c.subject_hash, rounds.c.outcome, rounds.c.opened_at)
    .add_columns(_ON_PAPER)
    .add_columns(round_seats.c.seat_key, round_seats.c.organisation_id, round_seats.c.label, round_seats.c.eligible)
    .add_columns(round_seats.c.chain)
    .add_columns(decisions.c.id, decisions.c.link, decisions.c.person_id, decisions.c.verdict, decisions.c.opinion)
    .add_columns(decisions.c.for_person_id, decisions.c.details, decisions.c.at, papers.c.document_number, *_ADDED)
    .select_from(_JOINED.outerjoin(papers, papers.c.id == decisions.c.paper_id))
    .where(rounds.c.case_id == bindparam("case"))
    .order_by(rounds.c.round_no, round_seats.c.seat_key, decisions.c.id)
)


def every_round(attempt: Attempt) -> list[Round]:
    """All rounds of the attempt's case, oldest first, whatever became of them."""
    return attempt.once("every round", lambda: _every(attempt))


def _every(attempt: Attempt) -> list[Round]:
    found: dict[int, Round] = {}
    for row in _EVERY.rows(attempt.connection, {"case": attempt.case.id}):
        one = found.setdefault(row.round_no, Round(*row[:5], papers=bool(row.papers)))
        if _is_ballot_seat(one, row) and row.id is not None:
            one.cast.append(row)
    for one in found.values():
        one.cast.sort(key=lambda row: row.id)
    return list(found.values())


def last_round(attempt: Attempt, ballot: str, outcome: str | None = None) -> Round | None:
    """The newest round of ``ballot``, of that outcome where given."""
    found = (one for one in reversed(every_round(attempt)) if one.ballot == ballot)
    return next((one for one in found if outcome in (None, one.outcome)), None)
