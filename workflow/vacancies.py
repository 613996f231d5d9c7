"""Seats of an open round in which nobody is left who may decide: said on the page, and mended by people alone."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from types import SimpleNamespace
from typing import Any

from governance.refusal import Refusal
from governance.roles import ROLE_NAMES, Role
from workflow import opening, standing
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
    return [seat for seat in current.seats if _missing(attempt, ballot, seat, current.done(), frozenset())]


def unseated(attempt: Attempt, ballot: str, barred: Iterable[int]) -> list[Refusal]:
    """Each seat that would be vacant again in a round opened anew now, with the posts that have to be filled first.

    ``barred`` are the people of the intervention. The seat of a person, as in a committee, cannot be filled by another:
    it counts only where opening the round anew would mend no seat at all.
    """
    current, without = open_rounds(attempt)[ballot], frozenset(barred)
    bodies = {seat.organisation_id for seat in current.seats}
    anew = [SimpleNamespace(**row) for row in opening.seats_today(attempt, attempt.stage.ballot(ballot))]
    empty = [
        (seat, missing)
        for seat in anew
        if seat.organisation_id in bodies and (missing := _missing(attempt, ballot, seat, set(), without))
    ]
    keys = {seat.seat_key for seat, _posts in empty}
    mends = any(seat.seat_key not in keys for seat in vacant_seats(attempt, ballot, current))
    return [_unseated(seat, posts) for seat, posts in empty if not (mends and seat.seat_key.startswith("seat:"))]


def _unseated(seat: Any, missing: Iterable[Role]) -> Refusal:
    posts = "、".join(ROLE_NAMES[role][0] for role in missing)
    return Refusal(
        reason=_("%(seat)s还没有可以作出决定的人：现在重来，已出具的意见作废，席位仍然空缺", seat=seat.label),
        who=_("系统管理（先为%(seat)s安排“%(posts)s”到岗）", seat=seat.label, posts=posts),
        fact="unseated",
    )


def _missing(attempt: Attempt, ballot: str, seat: Any, done: Container[Any], barred: frozenset[int]) -> list[Role]:
    """The posts of the seat's links that are owed and that nobody may fill; empty where every link has somebody."""
    bonds, chain = standing.everything(attempt), chain_of(attempt.stage.ballot(ballot), seat)
    found: dict[Role, None] = {}
    for step in attempt.stage.steps:
        of, link = step.casts or ("", "")
        owed = of == ballot and link in chain and (seat.seat_key, link) not in done
        if owed and not _left(seat, step, bonds) - barred:
            here = [role for role in step.by if seat.organisation_id in attempt.parties.of(role)]
            found |= dict.fromkeys(here or step.by)
    return list(found)


def _left(seat: Any, step: Step, bonds: standing.Bound) -> set[int]:
    """The frozen people of a seat who still hold such a post there, have not stepped back, and had no other part."""
    present = {
        person
        for role in step.by
        for person in bonds.seated.get((seat.organisation_id, str(role)), ())
        if not (duty := step.duty_of(role)) or bonds.duties.get(person, duty) == duty
    }
    return present & set(json.loads(seat.eligible)) - bonds.intervened
