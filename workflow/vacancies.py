"""Seats of an open round in which nobody is left who may decide: said on the page, and mended by people alone."""

from __future__ import annotations

import json
from typing import Any

from governance.refusal import Refusal
from workflow import standing
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.machines import Step
from workflow.rounds import OpenRound, chain_of, open_rounds


def vacancies(attempt: Attempt) -> list[Refusal]:
    """Each seat still to decide in an open round of whose frozen people none may act any more."""
    return [
        Refusal(
            reason=_("%(seat)s没有可以作出决定的人：列名的人员已离岗、停用、回避，或在本件中另有不相容的岗位", seat=seat.label),
            who=_("系统管理（两人办理“重新确认决定人”）"),
            fact="vacancy",
        )
        for key, current in open_rounds(attempt).items()
        for seat in vacant_seats(attempt, key, current)
    ]


def vacant_seats(attempt: Attempt, ballot: str, current: OpenRound) -> list[Any]:
    """The seats of an open round that still owe a decision which nobody of the frozen people may give any more."""
    bonds, done = standing.everything(attempt), current.done()
    steps = [step for step in attempt.stage.steps if step.casts and step.casts[0] == ballot]
    table = attempt.stage.ballot(ballot)
    return [
        seat
        for seat in current.seats
        if any(
            step.casts[1] in chain_of(table, seat)
            and (seat.seat_key, step.casts[1]) not in done
            and not _left(seat, step, bonds)
            for step in steps
            if step.casts
        )
    ]


def _left(seat: Any, step: Step, bonds: standing.Bound) -> set[int]:
    """The frozen people of a seat who still hold such a post there, have not stepped back, and had no other part."""
    present = {
        person
        for role in step.by
        for person in bonds.seated.get((seat.organisation_id, str(role)), ())
        if not (duty := step.duty_of(role)) or bonds.duties.get(person, duty) == duty
    }
    return present & set(json.loads(seat.eligible)) - bonds.intervened
