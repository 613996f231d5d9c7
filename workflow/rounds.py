"""What a case's rounds hold, read in one question: the open ones for a step, or all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, select

from workflow.attempt import Attempt
from workflow.model import decisions, round_seats, rounds
from workflow.prepared import Prepared


@dataclass(slots=True)
class OpenRound:
    """An open round: its seats in their order, and (seat, link, verdict) of every decision so far, oldest first."""

    round_no: int
    subject_hash: str
    seats: list[Any]
    cast: list[tuple[str, str, str]]

    def done(self) -> set[tuple[str, str]]:
        """Which links of which seats have decided."""
        return {(seat, link) for seat, link, _verdict in self.cast}


_JOINED = rounds.outerjoin(
    round_seats, and_(round_seats.c.case_id == rounds.c.case_id, round_seats.c.round_no == rounds.c.round_no)
).outerjoin(
    decisions,
    and_(
        decisions.c.case_id == round_seats.c.case_id,
        decisions.c.round_no == round_seats.c.round_no,
        decisions.c.seat_key == round_seats.c.seat_key,
    ),
)
_SEATS = Prepared(
    select(rounds.c.ballot, rounds.c.round_no, rounds.c.subject_hash)
    .add_columns(round_seats.c.seat_key, round_seats.c.organisation_id, round_seats.c.label, round_seats.c.eligible)
    .add_columns(decisions.c.id, decisions.c.link, decisions.c.verdict)
    .select_from(_JOINED)
    .where(rounds.c.case_id == bindparam("case"), rounds.c.outcome == "open")
    .order_by(round_seats.c.seat_key, decisions.c.id)
)


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
    counted: list[tuple[int, str, tuple[str, str, str]]] = []
    for row in _SEATS.rows(attempt.connection, {"case": attempt.case.id}):
        one = found.setdefault(row.ballot, OpenRound(row.round_no, row.subject_hash, [], []))
        if row.seat_key and (not one.seats or one.seats[-1].seat_key != row.seat_key):
            one.seats.append(row)
        if row.id is not None:
            counted.append((row.id, row.ballot, (row.seat_key, row.link, row.verdict)))
    for _number, ballot, decision in sorted(counted):
        found[ballot].cast.append(decision)
    return found


def _as_open(one: Round) -> OpenRound:
    cast = [(row.seat_key, row.link, row.verdict) for row in one.cast]
    return OpenRound(one.round_no, one.subject_hash, one.seats, cast)


@dataclass(slots=True)
class Round:
    """A round, open or over: its seats in their order, and its decisions, oldest first."""

    round_no: int
    ballot: str
    subject_hash: str
    outcome: str
    opened_at: datetime
    seats: list[Any] = field(default_factory=list)
    cast: list[Any] = field(default_factory=list)


_EVERY = Prepared(
    select(rounds.c.round_no, rounds.c.ballot, rounds.c.subject_hash, rounds.c.outcome, rounds.c.opened_at)
    .add_columns(round_seats.c.seat_key, round_seats.c.organisation_id, round_seats.c.label, round_seats.c.eligible)
    .add_columns(decisions.c.id, decisions.c.link, decisions.c.person_id, decisions.c.verdict, decisions.c.opinion)
    .add_columns(decisions.c.details, decisions.c.at)
    .select_from(_JOINED)
    .where(rounds.c.case_id == bindparam("case"))
    .order_by(rounds.c.round_no, round_seats.c.seat_key, decisions.c.id)
)


def every_round(attempt: Attempt) -> list[Round]:
    """All rounds of the attempt's case, oldest first, whatever became of them."""
    return attempt.once("every round", lambda: _every(attempt))


def _every(attempt: Attempt) -> list[Round]:
    found: dict[int, Round] = {}
    for row in _EVERY.rows(attempt.connection, {"case": attempt.case.id}):
        one = found.setdefault(row.round_no, Round(*row[:5]))
        if row.seat_key and (not one.seats or one.seats[-1].seat_key != row.seat_key):
            one.seats.append(row)
        if row.id is not None:
            one.cast.append(row)
    for one in found.values():
        one.cast.sort(key=lambda row: row.id)
    return list(found.values())


def last_round(attempt: Attempt, ballot: str, outcome: str | None = None) -> Round | None:
    """The newest round of ``ballot``, of that outcome where given."""
    found = (one for one in reversed(every_round(attempt)) if one.ballot == ballot)
    return next((one for one in found if outcome in (None, one.outcome)), None)
