"""Whether an actor may act in a case at all: read fresh inside the transaction, in one question to the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, literal, null, or_, select, union_all

from governance.refusal import Refusal, Refused
from workflow import appointing
from workflow.acts.model import delegations, interventions, recusals
from workflow.attempt import Actor, Attempt
from workflow.i18n import lazy as _
from workflow.machines import Step
from workflow.model import case_actors, occurrences, records, round_seats, rounds, tasks
from workflow.organisations.model import persons, seats
from workflow.prepared import Prepared


class NotFound(Exception):
    """What the reader may not see does not exist for them."""


@dataclass(slots=True)
class Bound:
    """What binds people in a case besides their seats.

    ``duties`` the excluding duty of each person, ``recused`` who stepped back, ``intervened`` who administered it,
    ``assigned`` to whom a task was handed on, by (trigger, organisation, role), ``seated`` who could decide in an open
    round today, by (organisation, role). ``appointed`` names whom a person seated that has a duty,
    ``appointed_by`` who granted a seat and has one. ``names`` has everyone who stepped back, and for whom anyone in the
    trail may have acted.
    """

    duties: dict[int, str] = field(default_factory=dict)
    recused: set[int] = field(default_factory=set)
    intervened: set[int] = field(default_factory=set)
    assigned: dict[tuple[str, int, str], tuple[int, str]] = field(default_factory=dict)
    seated: dict[tuple[int, str], set[int]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    appointed: dict[int, str] = field(default_factory=dict)
    appointed_by: dict[int, str] = field(default_factory=dict)


_DAY = bindparam("day", type_=seats.c.since.type)
_PERSON, _CASE = bindparam("person"), bindparam("case")


def _in_term(columns: Any) -> Any:
    return and_(columns.since <= _DAY, or_(columns.until.is_(None), columns.until >= _DAY))


def _given() -> Any:
    """The seat is held for another: given by its own holder, for this day and stage, to someone of the same body."""
    grant, delegate, own = delegations.c, persons.alias("delegate"), seats.alias("own")
    return exists().where(
        grant.seat_id == seats.c.id,
        grant.person_id == _PERSON,
        grant.granted_by == seats.c.person_id,
        grant.revoked_at.is_(None),
        _in_term(grant),
        grant.stage.in_(("", bindparam("stage"))),
        delegate.c.id == grant.person_id,
        delegate.c.disabled_at.is_(None),
        own.c.person_id == grant.person_id,
        own.c.organisation_id == seats.c.organisation_id,
        _in_term(own.c),
    )


_SEAT = (
    select(seats.c.id)
    .join(persons, persons.c.id == seats.c.person_id)
    .where(
        seats.c.id == bindparam("seat"),
        seats.c.person_id == bindparam("holder"),
        seats.c.organisation_id == bindparam("organisation"),
        seats.c.role == bindparam("role"),
        _in_term(seats.c),
        persons.c.disabled_at.is_(None),
        or_(seats.c.person_id == _PERSON, _given()),
    )
)


def _assigned() -> tuple[Any, Any]:
    """Open tasks that are handed on to someone (an alias of people) who still sits where the task lies."""
    assignee, sits = persons.alias("assignee"), seats.alias("sits")
    still = exists().where(
        sits.c.person_id == assignee.c.id,
        sits.c.organisation_id == tasks.c.organisation_id,
        sits.c.role == tasks.c.role,
        _in_term(sits.c),
    )
    away = exists().where(recusals.c.case_id == tasks.c.case_id, recusals.c.person_id == assignee.c.id)
    return assignee, and_(assignee.c.id == tasks.c.person_id, assignee.c.disabled_at.is_(None), still, ~away)


def _standing() -> Any:
    own, theirs = case_actors.alias("own_duty"), case_actors.alias("their_duty")
    assignee, still_theirs = _assigned()
    pair = (_PERSON, bindparam("holder"))
    acted = interventions.c
    return (
        _SEAT.add_columns(
            own.c.duty,
            theirs.c.duty.label("their_duty"),
            exists().where(occurrences.c.status == "failed", occurrences.c.scope == _CASE).label("failures"),
            exists().where(recusals.c.case_id == _CASE, recusals.c.person_id.in_(pair)).label("recused"),
            exists()
            .where(acted.case_id == _CASE, or_(acted.proposed_by.in_(pair), acted.decided_by.in_(pair)))
            .label("intervened"),
            assignee.c.id.label("assignee"),
            assignee.c.name.label("assignee_name"),
            *appointing.columns_of_standing(),
        )
        .outerjoin(own, and_(own.c.case_id == _CASE, own.c.person_id == _PERSON))
        .outerjoin(theirs, and_(theirs.c.case_id == _CASE, theirs.c.person_id == seats.c.person_id))
        .outerjoin(
            tasks,
            and_(
                tasks.c.case_id == _CASE,
                tasks.c.trigger == bindparam("trigger"),
                tasks.c.organisation_id == seats.c.organisation_id,
                tasks.c.role == seats.c.role,
            ),
        )
        .outerjoin(assignee, still_theirs)
    )


_STANDING = Prepared(_standing())


def _asked(actor: Actor, day: date, stage: str) -> dict[str, Any]:
    return {
        "seat": actor.seat_id, "person": actor.person_id, "holder": actor.holder_id,
        "organisation": actor.organisation_id, "role": str(actor.role), "day": day, "stage": stage,
    }  # fmt: skip


def seat_valid(connection: Connection, actor: Actor, day: date, stage: str = "") -> bool:
    """Whether the actor's seat is theirs on ``day`` (or given to them for ``stage``), their accounts working, fresh."""
    return connection.execute(_SEAT, _asked(actor, day, stage)).first() is not None


def check_actor(attempt: Attempt, trigger: str = "") -> None:
    """The actor's seat is theirs today and its organisation has part in the case; else ``NotFound`` or ``Refused``.

    What the same row tells besides is kept for the guards: the duties that the actor and whom they act for hold, that
    no scheduled run failed, who administered the case, and to whom the task of ``trigger`` was handed on.
    """
    actor = attempt.actor
    if actor.person_id is None:
        return
    asked = _asked(actor, attempt.day, attempt.case.stage) | {"case": attempt.case.id, "trigger": trigger}
    row = _STANDING.first(attempt.connection, asked)
    if row is None:
        reason = _("您的岗位已经到期或被停用") if actor.for_person_id is None else _("代签的授权已经到期、收回或不含本事项")
        raise Refused(Refusal(reason=reason, who=_("系统管理"), fact="seat"))
    people = actor.bound_people
    bound = Bound(
        duties={one: duty for one, duty in ((actor.holder_id, row.their_duty), (actor.person_id, row.duty)) if duty},
        recused=set(people) if row.recused else set(),
        intervened=people if row.intervened else set(),
        appointed={actor.person_id: row.seated} if row.seated else {},
        appointed_by={actor.seat_id or 0: row.seated_by} if row.seated_by else {},
    )
    if row.assignee is not None:
        bound.assigned[trigger, actor.organisation_id or 0, str(actor.role)] = row.assignee, row.assignee_name
    attempt.read["bound", actor] = bound
    if not row.failures:
        attempt.read["failures"] = []
    if actor.organisation_id not in attempt.parties.of(actor.role):
        raise NotFound(attempt.case.id)
    if row.recused:
        raise Refused(stepped_back(attempt))


def bound(attempt: Attempt) -> Bound:
    """What binds people in the case: what the actor's standing told, else everything, asked once for a page."""
    known: Bound | None = attempt.read.get(("bound", attempt.actor))
    return known or everything(attempt)


def everything(attempt: Attempt) -> Bound:
    """What binds everybody in the case, asked anew in a step, and once for a page."""
    return attempt.once("bound", lambda: _everything(attempt))


def _everything(attempt: Attempt) -> Bound:
    found = Bound()
    for row in attempt.connection.execute(_BOUND, {"case": attempt.case.id, "day": attempt.day}):
        if row.kind == "duty":
            found.duties[row.person_id] = row.words
        elif row.kind == "assigned":
            found.assigned[row.trigger, row.organisation_id, row.role] = row.person_id, row.words
        elif row.kind == "seated":
            found.seated.setdefault((row.organisation_id, row.role), set()).add(row.person_id)
        elif row.kind == "recused":
            found.recused.add(row.person_id)
            found.names[row.person_id] = row.words
        elif row.kind == "principal":
            found.names[row.person_id] = row.words
        elif row.kind in ("appointed", "appointed_by"):
            (found.appointed if row.kind == "appointed" else found.appointed_by)[row.person_id] = row.words
        else:
            found.intervened.add(row.person_id)
    return found


_NOTHING = (null().label("trigger"), null().label("organisation_id"), null().label("role"))


def _handed_on() -> Any:
    """Tasks of the case that are somebody's own for now."""
    assignee, still_theirs = _assigned()
    return (
        select(literal("assigned").label("kind"), assignee.c.id.label("person_id"), assignee.c.name.label("words"))
        .add_columns(tasks.c.trigger, tasks.c.organisation_id, tasks.c.role)
        .join_from(tasks, assignee, still_theirs)
        .where(tasks.c.case_id == _CASE)
    )


def _seated() -> Any:
    """Who sits today in an organisation whose decision an open round waits for, and has not stepped back."""
    away = exists().where(recusals.c.case_id == _CASE, recusals.c.person_id == seats.c.person_id)
    waited = (
        select(round_seats.c.organisation_id)
        .join(rounds, and_(rounds.c.case_id == round_seats.c.case_id, rounds.c.round_no == round_seats.c.round_no))
        .where(rounds.c.case_id == _CASE, rounds.c.outcome == "open")
    )
    return (
        select(literal("seated"), seats.c.person_id, literal(""), null(), seats.c.organisation_id, seats.c.role)
        .join_from(seats, persons, persons.c.id == seats.c.person_id)
        .where(seats.c.organisation_id.in_(waited), _in_term(seats.c), persons.c.disabled_at.is_(None), ~away)
    )


def _named() -> list[Any]:
    """Who stepped back, and for whom those in the trail may have acted, each by name."""
    acted = select(records.c.person_id).where(records.c.case_id == _CASE)
    return [
        select(literal("recused"), recusals.c.person_id, persons.c.name, *_NOTHING)
        .join_from(recusals, persons, persons.c.id == recusals.c.person_id)
        .where(recusals.c.case_id == _CASE),
        select(literal("principal"), persons.c.id, persons.c.name, *_NOTHING)
        .join_from(delegations, persons, persons.c.id == delegations.c.granted_by)
        .where(delegations.c.person_id.in_(acted)),
    ]


def _taken_on() -> list[Any]:
    """Everybody's duty in the case, and who administered an intervention on it."""
    held, acted = case_actors.c, interventions.c
    administered = (acted.proposed_by, acted.decided_by)
    return [
        select(literal("duty"), held.person_id, held.duty, *_NOTHING).where(held.case_id == _CASE),
        *(
            select(literal("intervened"), one, acted.kind, *_NOTHING).where(acted.case_id == _CASE, one.isnot(None))
            for one in administered
        ),
    ]


_BOUND = union_all(_handed_on(), _seated(), *_named(), *_taken_on(), *appointing.rows_of_a_page())


def stepped_back(attempt: Attempt) -> Refusal:
    """The refusal of whoever is recused, and of whoever acts for someone who is."""
    reason = (
        _("您已在本件中回避，不能再办理")
        if attempt.actor.for_person_id is None
        else _("您或授权人已在本件中回避，不能再办理")
    )
    return Refusal(reason=reason, who=_("同一单位的另一人"), fact="recusal")


def handed_to(attempt: Attempt, step: Step) -> Mapping[str, Any] | None:
    """Whom the actor's task was handed on to, where that is somebody else, or ``None``."""
    actor = attempt.actor
    found = bound(attempt).assigned.get((step.trigger, actor.organisation_id or 0, str(actor.role)))
    return None if found is None or found[0] in actor.bound_people else {"id": found[0], "name": found[1]}


def refusals(attempt: Attempt, step: Step | None = None) -> list[Refusal]:
    """Why the actor personally may not act (or take ``step``) now: recused, or the task is somebody else's."""
    if attempt.actor.person_id is None:
        return []
    found = [stepped_back(attempt)] if bound(attempt).recused & attempt.actor.bound_people else []
    if step is not None and (other := handed_to(attempt, step)):
        reason = _("本项已转由%(name)s办理", name=other["name"])
        found.append(Refusal(reason=reason, who=other["name"], fact="assigned"))
    return found
