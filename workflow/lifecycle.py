"""The one door: the only place where a case is opened or changes its state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from governance.refusal import Refusal, Refused
from workflow import clocks, decisions, incidents, keeping, mending, recalling, returning, standing, tasks
from workflow.acts.registry import ACTS
from workflow.attempt import SYSTEM, Actor, Attempt, Case, Signed, sha256, subject_text
from workflow.definitions import versions
from workflow.i18n import lazy as _
from workflow.inbox import drafts
from workflow.kernel_refusals import not_offered, not_yours, out_of_order, raise_if
from workflow.machines import STAGES, Stage, Step, next_state
from workflow.model import cases
from workflow.prepared import Prepared
from workflow.standing import NotFound, check_actor, seat_valid

__all__ = [
    "SYSTEM", "NotFound", "Stale", "act", "guard_refusals", "lock", "not_offered", "not_yours", "note", "open_case",
    "out_of_order", "raise_if", "repin", "seat_valid", "take",
]  # fmt: skip

# SQLite, which knows no row locks, leaves the lock out: a writing transaction holds its one write lock already.
_LOCKED = Prepared(select(cases).where(cases.c.id == bindparam("case")).with_for_update())


class Stale(Refused):
    """The page was drawn from an older version of the case."""


def lock(connection: Connection, case_id: int) -> Case:
    """The case, fresh and locked until the transaction ends; raises ``NotFound``."""
    row = _LOCKED.first(connection, {"case": case_id})
    if row is None:
        raise NotFound(case_id)
    return Case(*row)


def open_case(
    connection: Connection,
    stage: str,
    consortium_id: int,
    *,
    actor: Actor,
    at: datetime,
    place: str,
    pool: str = "",
    period: str = "",
    serial: int = 1,
    state: str | None = None,
    dossier: Mapping[str, Any] | None = None,
    follows: int | None = None,
) -> int:
    """Open a case of ``stage`` in its first state, with its first record; returns its number."""
    stage_of_case = STAGES[stage]
    first = state or str(next(iter(stage_of_case.states)))
    case = Case(
        0, stage, consortium_id, place, pool, period, serial, first, 0, at, 1, "", "{}", None, 0, "", at, None, follows,
        versions.record(connection, at, stage_of_case),
    )
    body = dict(dossier or {})
    case.subject_hash = sha256(subject_text(case, body))
    values = {name: getattr(case, name) for name in Case.__slots__ if name != "id"}
    case.id = connection.execute(cases.insert().values(**values).returning(cases.c.id)).scalar_one()
    attempt = Attempt(connection, case, actor, at)
    attempt.dossier = body
    keeping.keep_dossier(attempt)
    attempt.noted["stage"] = stage
    keeping.after(attempt, "open", first)
    return case.id


def take(
    connection: Connection,
    case_id: int,
    trigger: str,
    *,
    actor: Actor,
    at: datetime,
    data: Mapping[str, Any] | None = None,
    seen: str | None = None,
) -> Case:
    """Take a step: everything of it, or nothing.

    Locks the case, checks that the actor may, that the page is current and that every guard holds, runs the command,
    appends the decision and counts it, moves the state, writes the record and the tasks. Raises ``NotFound`` out of
    scope, ``Stale`` for an old page, and ``Refused`` with every reason why not.
    """
    attempt = Attempt(connection, lock(connection, case_id), actor, at, data or {})
    _take(attempt, trigger, seen)
    return attempt.case


def _take(attempt: Attempt, trigger: str, seen: str | None = None) -> None:
    check_actor(attempt, trigger)
    step = attempt.stage.step_from(attempt.case.state, trigger)
    if step is None:
        raise Refused(out_of_order(attempt, trigger))
    attempt.step = step
    if attempt.actor.role not in step.by:
        raise Refused(not_yours(step, attempt))
    if seen is not None:
        _check_version(attempt, step, seen)
    raise_if([*mending.left_to_the_mender(attempt, step), *guard_refusals(attempt, step)])
    _perform(attempt, step)


def _perform(attempt: Attempt, step: Step) -> None:
    """Duty, command, decision, state and record of one step whose guards hold; then the step that follows, if any."""
    duty = step.duty_of(attempt.actor.role)
    if duty is not None and attempt.actor.person_id is not None:
        decisions.claim_duty(attempt, duty)
    _do(attempt, step)
    follow = (decisions.cast(attempt, step) if step.casts else None) or attempt.follow
    before = attempt.case.state
    attempt.case.state = next_state(attempt.stage, before, step.trigger, attempt.goes_to)
    if attempt.case.state != before:
        attempt.case.since = attempt.at
    if attempt.stage.is_final(attempt.case.state):
        attempt.case.closed_at = attempt.at
        clocks.stop_all(attempt)
        drafts.close(attempt.connection, attempt.case.id)
    keeping.keep_dossier(attempt)
    returning.arrived(attempt, step)
    keeping.after(attempt, step.trigger, before, refreshed=not follow)
    if follow:
        _follow(attempt, follow)


def _do(attempt: Attempt, step: Step) -> None:
    """What a step does to the case: the stage's command, or the kernel's own and then the stage's part in it."""
    recalling.remember(attempt, step)
    before = returning.edits_before(attempt, step)
    command = getattr(attempt.stage.commands, step.trigger, None)
    if step.command is not None:
        step.command(attempt, **attempt.data)
        if command is not None:
            command(attempt)
        returning.after_command(attempt, step)
    elif command is not None:
        command(attempt, **attempt.data)
    returning.check_edits(attempt, before)
    recalling.settled(attempt, step)


def _follow(attempt: Attempt, trigger: str) -> None:
    """Take the step that a decision's outcome brings about, in the same transaction."""
    following = attempt.by(SYSTEM)
    step = following.stage.step_from(following.case.state, trigger)
    if step is None:
        raise Refused(out_of_order(following, trigger))
    following.step = step
    raise_if(guard_refusals(following, step))
    _perform(following, step)


def _take_signed(attempt: Attempt, signed: Signed) -> None:
    """Take the step that somebody signed on paper, as theirs, with every guard, in the transaction that confirms it."""
    theirs = attempt.by(signed.signer)
    theirs.data, theirs.paper = signed.data, signed
    _take(theirs, signed.trigger)


def act(
    connection: Connection,
    case_id: int,
    verb: str,
    *,
    actor: Actor,
    at: datetime,
    data: Mapping[str, Any] | None = None,
) -> Case:
    """Do something around a case that takes no step: all of it, or nothing.

    What is decided stays as it is; tasks follow, and so does the step that the act brings about, or that was signed on
    paper. Raises ``NotFound`` out of scope and ``Refused`` with every reason.
    """
    attempt = Attempt(connection, lock(connection, case_id), actor, at, data or {})
    check_actor(attempt)
    known = ACTS[verb]
    if attempt.case.closed_at is not None or not known.offered(attempt):
        raise Refused(not_offered(known))
    raise_if(list(known.refusals(attempt)))
    known.do(attempt, **attempt.data)
    keeping.write_record(attempt, verb, attempt.case.state)
    keeping.keep_case(attempt)
    for signed in attempt.signed:
        _take_signed(attempt, signed)
    if attempt.follow:
        _follow(attempt, attempt.follow)
    elif not attempt.signed:
        tasks.refresh(attempt)
    return attempt.case


def repin(attempt: Attempt, target: Stage, version: int, state: str) -> None:
    """Let the case go by another version of its stage's table, in the state that answers to its own there."""
    attempt.stage = target
    attempt.case.definition = version
    if state != attempt.case.state:
        attempt.case.state = state
        attempt.case.since = attempt.at


def note(
    connection: Connection, case_id: int, verb: str, *, at: datetime, data: Mapping[str, Any], actor: Actor = SYSTEM
) -> None:
    """Record something about a case that changes neither its state nor what is decided."""
    attempt = Attempt(connection, lock(connection, case_id), actor, at)
    attempt.noted.update(data)
    keeping.write_record(attempt, verb, attempt.case.state)
    keeping.keep_case(attempt)


def guard_refusals(attempt: Attempt, step: Step) -> list[Refusal]:
    """Every reason why ``step`` is closed to the attempt's actor now; empty when it is open."""
    found: list[Refusal] = [*incidents.blocking(attempt), *standing.refusals(attempt, step)]
    duty = step.duty_of(attempt.actor.role)
    if duty is not None and (held := decisions.excluded(attempt, duty)):
        found.append(held)
    if step.casts and attempt.actor.person_id is not None:
        found += decisions.refusals(attempt, step)
    for guard in step.guards:
        said = guard(attempt)
        if isinstance(said, Refusal):
            found.append(said)
        elif said is not None:
            found += said
    return found


def _check_version(attempt: Attempt, step: Step, seen: str) -> None:
    """The page shows what is there now; others may have acted since, unless the actor's own office did so too."""
    _revision, _colon, digest = attempt.case.seen.partition(":")
    if seen.endswith(f":{digest}") and (step.casts or (not step.edits and _still_awaited(attempt, step))):
        return
    if seen != attempt.case.seen:
        raise Stale(
            Refusal(
                reason=_("您打开页面之后，本件已经有了变化；请看过新内容再办理，您填写的内容仍然保留"),
                who=_("本人"),
                link=f"/{attempt.case.stage}/{attempt.case.id}/differences?seen={seen.partition(':')[2][:16]}",
                fact="version",
            )
        )


def _still_awaited(attempt: Attempt, step: Step) -> bool:
    waiting = tasks.waiting_organisations(attempt, step, attempt.actor.role)
    return step.waiting is None or attempt.actor.organisation_id in waiting
