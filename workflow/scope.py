"""What a person may see: consortia of their organisation, their county, their city or their province."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from governance.roles import OrganisationKind, Role, levels_of
from workflow.attempt import Actor
from workflow.machines import Step
from workflow.organisations.model import consortia, memberships
from workflow.parties import Parties
from workflow.rules import place_chain, rulebook

CLAIMS = "claims"
ON_PAPER = "paper-"
BANK_FILE, BANK_REPLIES = "bank_file", ("bank_reply", "bank_note")
BANK_READERS = frozenset(
    str(role)
    for role in (
        Role.LEAD_FINANCE, Role.LEAD_HEAD, Role.AGENCY_CLERK, Role.AGENCY_REVIEWER, Role.AGENCY_HEAD, Role.AUDITOR,
        *levels_of("agency"),
    )
)
_OF_A_MEMBER = {OrganisationKind.HOSPITAL, OrganisationKind.TOWNSHIP, OrganisationKind.VILLAGE}


def visible(seats: Iterable[Any]) -> ColumnElement[bool]:
    """Which rows of ``consortia`` someone holding ``seats`` may read, as SQL."""
    seats = list(seats)
    own = {seat.organisation_id for seat in seats if seat.kind in _OF_A_MEMBER}
    places = {seat.place for seat in seats if seat.kind not in _OF_A_MEMBER}
    theirs = select(memberships.c.consortium_id).where(memberships.c.organisation_id.in_(own))
    under = [code for code in rulebook().places if places & set(place_chain(code))]
    return consortia.c.lead_id.in_(own) | consortia.c.id.in_(theirs) | consortia.c.place.in_(under)


def visible_consortia(connection: Connection, seats: Iterable[Any]) -> set[int]:
    """The numbers of the consortia that someone holding ``seats`` may read."""
    return set(connection.scalars(select(consortia.c.id).where(visible(seats))))


def may_see(connection: Connection, seats: Iterable[Any], consortium_id: int) -> bool:
    """Whether someone holding ``seats`` may read this consortium."""
    query = select(consortia.c.id).where(consortia.c.id == consortium_id, visible(seats))
    return connection.scalar(query) is not None


def may_open(viewer: Any, section: str, owner: int, lead_id: int) -> bool:
    """Whether a file of a case in scope may be opened: claims detail by who brought it, the lead and those above.

    ``owner`` is the person who brought the file. A member does not read another member's patients, and an office does
    not read what another has signed on paper: it says what that office decided, perhaps before all have. A payment
    file, which names accounts, is taken only from the page of the bank, which records who took it.
    """
    if section == BANK_FILE:
        return False
    if section in BANK_REPLIES:
        return reads_bank(viewer.seats)
    if section.startswith(ON_PAPER):
        readers = {str(seat.organisation_id) for seat in viewer.seats}
        return section.removeprefix(ON_PAPER) in readers or any(seat.role == str(Role.AUDITOR) for seat in viewer.seats)
    if section != CLAIMS or viewer.person_id == owner:
        return True
    return any(seat.kind not in _OF_A_MEMBER or seat.organisation_id == lead_id for seat in viewer.seats)


def reads_bank(seats: Iterable[Any]) -> bool:
    """Whether someone holding ``seats`` may read accounts and the bank's replies: finance, the agency and audit."""
    return any(seat.role in BANK_READERS for seat in seats)


def actor_in(viewer: Any, seat: Any) -> Actor:
    """``viewer`` acting from one of the seats they hold, or hold for another."""
    principal = getattr(seat, "for_person_id", None)
    return Actor(viewer.person_id, seat.seat_id, seat.organisation_id, Role(seat.role), viewer.name, principal)


def covers(seat: Any, stage: str) -> bool:
    """Whether a seat may be used in ``stage``: one's own always, one held for another as far as it was given."""
    return getattr(seat, "for_stage", "") in ("", stage)


def actors_for(viewer: Any, step: Step, parties: Parties, stage: str = "") -> list[Actor]:
    """The seats of ``viewer`` from which ``step`` of ``stage`` can be taken, their own first."""
    return [
        actor_in(viewer, seat)
        for seat in viewer.seats
        if Role(seat.role) in step.by and seat.organisation_id in parties.of(Role(seat.role)) and covers(seat, stage)
    ]


def actor_for(
    viewer: Any, step: Step, parties: Parties, stage: str = "", seat_id: int | None = None
) -> Actor | None:
    """The first seat of ``viewer`` (or the one named) from which ``step`` can be taken, or ``None``."""
    found = actors_for(viewer, step, parties, stage)
    return next((one for one in found if seat_id in (None, one.seat_id)), None)


def used(actor: Actor) -> str:
    """What a form's address says besides when a step is offered from another's seat, so that it is taken from it."""
    return "" if actor.for_person_id is None else f"?seat={actor.seat_id}"
