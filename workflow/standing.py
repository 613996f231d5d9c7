"""Whether an actor may act in a case at all: read fresh inside the transaction, in one question to the database."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, and_, bindparam, exists, or_, select

from governance.refusal import Refusal, Refused
from workflow.attempt import Actor, Attempt
from workflow.i18n import lazy as _
from workflow.model import case_actors, occurrences
from workflow.organisations.model import persons, seats
from workflow.prepared import Prepared


class NotFound(Exception):
    """What the reader may not see does not exist for them."""


_DAY = bindparam("day", type_=seats.c.since.type)
_SEAT = (
    select(seats.c.id)
    .join(persons, persons.c.id == seats.c.person_id)
    .where(
        seats.c.id == bindparam("seat"),
        seats.c.person_id == bindparam("person"),
        seats.c.organisation_id == bindparam("organisation"),
        seats.c.role == bindparam("role"),
        seats.c.since <= _DAY,
        or_(seats.c.until.is_(None), seats.c.until >= _DAY),
        persons.c.disabled_at.is_(None),
    )
)
_STANDING_ROW = _SEAT.add_columns(
    case_actors.c.duty,
    exists().where(occurrences.c.status == "failed", occurrences.c.scope == bindparam("case")).label("failures"),
).outerjoin(
    case_actors, and_(case_actors.c.case_id == bindparam("case"), case_actors.c.person_id == seats.c.person_id)
)
_STANDING = Prepared(_STANDING_ROW)


def _asked(actor: Actor, day: date) -> dict[str, object]:
    return {
        "seat": actor.seat_id, "person": actor.person_id, "organisation": actor.organisation_id,
        "role": str(actor.role), "day": day,
    }  # fmt: skip


def seat_valid(connection: Connection, actor: Actor, day: date) -> bool:
    """Whether the actor's seat is theirs on ``day`` and their account works, read fresh."""
    return connection.execute(_SEAT, _asked(actor, day)).first() is not None


def check_actor(attempt: Attempt) -> None:
    """The actor's seat is theirs today and its organisation has part in the case; else ``NotFound`` or ``Refused``.

    What the same row tells besides is kept for the guards: the duty the actor holds, and that no scheduled run failed.
    """
    actor = attempt.actor
    if actor.person_id is None:
        return
    asked = _asked(actor, attempt.day) | {"case": attempt.case.id}
    row = _STANDING.first(attempt.connection, asked)
    if row is None:
        raise Refused(Refusal(reason=_("您的岗位已经到期或被停用"), who=_("系统管理"), fact="seat"))
    attempt.read.setdefault("duties", {})[actor.person_id] = row.duty
    if not row.failures:
        attempt.read["failures"] = []
    if actor.organisation_id not in attempt.parties.of(actor.role):
        raise NotFound(attempt.case.id)
