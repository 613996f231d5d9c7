"""Opening a round: its seats, and who may fill each of them, frozen on that day."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import exists, func, or_, select

from governance.refusal import Refusal, Refused
from workflow import links
from workflow.acts.model import recusals
from workflow.attempt import Attempt
from workflow.db import canonical
from workflow.i18n import lazy as _
from workflow.machines import Ballot, BallotSeat
from workflow.model import round_seats, rounds
from workflow.organisations.model import persons, seats


def open_round(attempt: Attempt, ballot: Ballot) -> None:
    """Open the next round of ``ballot`` on the case's present content; raises ``Refused`` where no seat may decide."""
    case, connection = attempt.case, attempt.connection
    number = 1 + (
        connection.scalar(select(func.max(rounds.c.round_no)).where(rounds.c.case_id == case.id)) or 0
    )
    connection.execute(
        rounds.insert(),
        {
            "case_id": case.id,
            "round_no": number,
            "ballot": ballot.key,
            "subject_hash": case.subject_hash,
            "dossier_version": case.dossier_version,
            "outcome": "open",
            "opened_at": attempt.at,
        },
    )
    connection.execute(
        round_seats.insert(), [{"case_id": case.id, "round_no": number, **row} for row in seats_today(attempt, ballot)]
    )
    attempt.read.pop("rounds", None)


def seats_today(attempt: Attempt, ballot: Ballot) -> list[dict[str, Any]]:
    """The seats that a round of ``ballot`` opened now would have; raises ``Refused`` where there would be none."""
    ballot_seats = list(ballot.seats(attempt))
    chains = links.chains(attempt, ballot, ballot_seats)
    eligible = _eligible(attempt, [links.filled(seat, chains.get(seat.key, ())) for seat in ballot_seats])
    return [
        {
            "seat_key": seat.key,
            "organisation_id": seat.organisation_id,
            "label": seat.label,
            "eligible": canonical(eligible[seat.key]),
            "chain": canonical(chains[seat.key]) if seat.key in chains else "",
        }
        for seat in ballot_seats
    ]


def _eligible(attempt: Attempt, ballot_seats: Iterable[BallotSeat]) -> dict[str, list[int]]:
    """Who may fill each seat, frozen as the round opens: nobody whose account is shut or who has stepped back."""
    wanted = list(ballot_seats)
    if not wanted:
        raise Refused(Refusal(reason=_("没有可以作出决定的单位或委员"), who=_("系统管理"), fact="seats"))
    away = exists().where(recusals.c.case_id == attempt.case.id, recusals.c.person_id == seats.c.person_id)
    query = select(seats.c.id, seats.c.person_id, seats.c.organisation_id, seats.c.role).join(persons).where(
        ~away,
        persons.c.disabled_at.is_(None),
        seats.c.organisation_id.in_({seat.organisation_id for seat in wanted}),
        seats.c.since <= attempt.day,
        or_(seats.c.until.is_(None), seats.c.until >= attempt.day),
    )
    held = attempt.connection.execute(query).all()
    return {
        seat.key: sorted(
            {
                row.person_id
                for row in held
                if (row.id == seat.seat_id if seat.seat_id else row.organisation_id == seat.organisation_id)
                and row.role in seat.roles
            }
        )
        for seat in wanted
    }
