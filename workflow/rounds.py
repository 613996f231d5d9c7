"""What a case's rounds hold, read: the open ones at once for an attempt, or any one by its number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, select

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


_SEATS = Prepared(
    select(rounds.c.ballot, rounds.c.round_no, rounds.c.subject_hash)
    .add_columns(round_seats.c.seat_key, round_seats.c.organisation_id, round_seats.c.label, round_seats.c.eligible)
    .add_columns(decisions.c.id, decisions.c.link, decisions.c.verdict)
    .select_from(
        rounds.outerjoin(
            round_seats, and_(round_seats.c.case_id == rounds.c.case_id, round_seats.c.round_no == rounds.c.round_no)
        ).outerjoin(
            decisions,
            and_(
                decisions.c.case_id == round_seats.c.case_id,
                decisions.c.round_no == round_seats.c.round_no,
                decisions.c.seat_key == round_seats.c.seat_key,
            ),
        )
    )
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


def open_round(connection: Connection, case_id: int, ballot: str) -> Row[Any] | None:
    """The open round of ``ballot`` in a case, or ``None``."""
    return connection.execute(
        select(rounds).where(
            rounds.c.case_id == case_id, rounds.c.ballot == ballot, rounds.c.outcome == "open"
        )
    ).one_or_none()


def last_round(connection: Connection, case_id: int, ballot: str, outcome: str | None = None) -> Row[Any] | None:
    """The newest round of ``ballot``, of that outcome where given."""
    query = select(rounds).where(rounds.c.case_id == case_id, rounds.c.ballot == ballot)
    if outcome:
        query = query.where(rounds.c.outcome == outcome)
    return connection.execute(query.order_by(rounds.c.round_no.desc()).limit(1)).one_or_none()


def seats_of(connection: Connection, case_id: int, round_no: int) -> list[Row[Any]]:
    """The seats of a round, in their order."""
    query = select(round_seats).where(round_seats.c.case_id == case_id, round_seats.c.round_no == round_no)
    return list(connection.execute(query.order_by(round_seats.c.seat_key)).all())


def decisions_of(connection: Connection, case_id: int, round_no: int) -> list[Row[Any]]:
    """The decisions of a round, oldest first."""
    query = select(decisions).where(decisions.c.case_id == case_id, decisions.c.round_no == round_no)
    return list(connection.execute(query.order_by(decisions.c.id)).all())
