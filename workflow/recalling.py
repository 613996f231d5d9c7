"""Taking back the last step: by whoever took it, while nobody has acted on it and nothing has come of it."""

from __future__ import annotations

import copy
import json
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from governance.refusal import Refusal
from governance.roles import Role
from workflow import clocks, decisions
from workflow.attempt import ON_PAGE, Attempt, refuse
from workflow.i18n import lazy as _
from workflow.machines import Step, step
from workflow.model import dossiers, journals, records
from workflow.returning import LONGEST_TEXT, TAKE_BACK

KEY = '"last_step":'
LAST_BOOKING = "booked last"
# What is said, asked, handed on or proposed beside a case changes neither what is decided nor a decision.
BESIDE = frozenset((
    "comment", "nudge", "notify", "deadline_confirmed", "reassign", "recuse", "add_seat", "take_back_seat",
    "intervention_propose", "intervention_refused", "resolve_incident",
))  # fmt: skip


def recalls(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """For each state that a recallable step leads to, the row by which its taker takes it back."""
    states = dict.fromkeys(one.dest for one in steps if one.recallable and one.dest)
    found = []
    for state in states:
        rows = [one for one in steps if one.recallable and one.dest == state]
        roles = tuple(dict.fromkeys(role for one in rows for role in one.by if role is not Role.SYSTEM))
        sources = tuple(dict.fromkeys(source for one in rows for source in one.source))
        found.append(
            step(
                TAKE_BACK, state, None, _("撤回"), roles, taken_by_the_actor, nobody_has_acted_since,
                nothing_booked_since, dests=sources, command=take_back, task=False, dangerous=True, offered=is_mine,
            )
        )
    return tuple(found)


def remember(attempt: Attempt, row: Step) -> None:
    """Before a step that may be taken back: how the case stands, kept until another step moves it on."""
    moves = bool(row.leads_to) and row.dest != attempt.case.state and row.trigger != TAKE_BACK
    if moves and (KEY in attempt.case.progress or "progress" in attempt.__dict__):
        attempt.progress.pop("last_step", None)
    if not row.recallable or attempt.actor.person_id is None:
        return
    before = copy.deepcopy(attempt.progress)
    attempt.progress["last_step"] = {
        "person": attempt.actor.person_id, "trigger": row.trigger, "from": attempt.case.state, "to": row.dest,
        "record": attempt.case.record_seq + 1, "progress": before, "amount_fen": attempt.case.amount_fen,
        "dossier": attempt.case.dossier_version,
    }


def settled(attempt: Attempt, row: Step) -> None:
    """After such a step: the clocks it started, which end when it is taken back."""
    if row.recallable and "last_step" in attempt.progress:
        attempt.progress["last_step"]["clocks"] = sorted(attempt.noted.get("clocks", {}))


def last_step(attempt: Attempt) -> dict[str, Any]:
    """The step by which the case came where it is, if that may be taken back; else empty."""
    if KEY not in attempt.case.progress and "progress" not in attempt.__dict__:
        return {}
    found = attempt.progress.get("last_step") or {}
    return found if found.get("to") == attempt.case.state else {}


def is_mine(attempt: Attempt) -> bool:
    """Whether the actor took the last step themselves."""
    taken = last_step(attempt)
    return bool(taken) and taken["person"] == attempt.actor.person_id


def taken_by_the_actor(attempt: Attempt) -> Refusal | None:
    """The last step is the actor's own, and may be taken back."""
    if is_mine(attempt):
        return None
    return Refusal(
        reason=_("只有刚办理上一步的本人可以撤回"), reason_en="Only who took the last step may take it back",
        who=_("上一步的办理人"), fact="taken",
    )


def _records_after(attempt: Attempt, number: int) -> list[Any]:
    """The records after ``number``; on the page of a case they have been read with its trail."""
    if attempt.for_a_page and "trail" in attempt.read[ON_PAGE]:
        return [row for row in attempt.read[ON_PAGE]["trail"] if row.seq > number]
    columns = records.c
    query = select(columns.verb, columns.person_id, columns.body, columns.from_state, columns.to_state).where(
        columns.case_id == attempt.case.id, columns.seq > number
    )
    return attempt.once("since the last step", lambda: list(attempt.connection.execute(query)))


def nobody_has_acted_since(attempt: Attempt) -> Refusal | None:
    """No one else has taken a step since, and nobody has decided; what is only said or asked does not count."""
    taken = last_step(attempt)
    if not taken or attempt.case.record_seq == taken["record"]:
        return None
    acted = [
        row for row in _records_after(attempt, taken["record"])
        if row.from_state != row.to_state or (row.verb not in BESIDE and _acts(row, taken["person"]))
    ]
    if not acted:
        return None
    return Refusal(
        reason=_("您办理之后，本件已经有人办理或作出决定，不能再撤回；需要修改的，请由现在的办理人退回"),
        reason_en="Someone has acted since; it can only be sent back by who holds it now", who=_("现在的办理人"),
        fact="acted",
    )


def _acts(row: Any, taker: int) -> bool:
    """Whether a record is another's doing, or a decision; a task given back to all of its post is neither."""
    data = json.loads(row.body)["data"]
    if row.verb == "intervention_done" and "superseded_round" not in data:
        return False
    return row.person_id not in (None, taker) or "round" in data


def last_booking(attempt: Attempt) -> datetime | None:
    """When something was booked in the case last; the page of a case has read it with its dossier."""
    query = select(func.max(journals.c.at)).where(journals.c.case_id == attempt.case.id)
    found: datetime | None = attempt.once(LAST_BOOKING, lambda: attempt.connection.scalar(query))
    return found


def _written_at(attempt: Attempt, number: int) -> Any:
    """The moment of the record ``number``, which the trail on the page of a case holds."""
    if attempt.for_a_page and "trail" in attempt.read[ON_PAGE]:
        return next(row.at for row in attempt.read[ON_PAGE]["trail"] if row.seq == number)
    query = select(records.c.at).where(records.c.case_id == attempt.case.id, records.c.seq == number)
    return attempt.connection.scalar(query)


def nothing_booked_since(attempt: Attempt) -> Refusal | None:
    """No money has been booked in the case since the step was taken, nor by it."""
    taken = last_step(attempt)
    if not taken:
        return None
    booked = last_booking(attempt)
    if booked is None or booked < _written_at(attempt, taken["record"]):
        return None
    return Refusal(
        reason=_("这一步之后已经记账，不能撤回"), reason_en="Money has been booked since", fact="booked",
    )


def take_back(attempt: Attempt, *, reason: str = "") -> None:
    """The case goes back to where the step took it from, with what it held then; the clocks it started end."""
    said = reason.strip()
    if not said or len(said) > LONGEST_TEXT:
        raise refuse(_("撤回须写明原因"), field="reason")
    taken = last_step(attempt)
    attempt.goes_to = taken["from"]
    for name in taken.get("clocks", ()):
        clocks.stop(attempt, name)
    if attempt.case.dossier_version != taken["dossier"]:
        kept = select(dossiers.c.body).where(
            dossiers.c.case_id == attempt.case.id, dossiers.c.version == taken["dossier"]
        )
        attempt.dossier = json.loads(attempt.connection.execute(kept).scalar_one())
    attempt.progress = taken["progress"]
    attempt.case.amount_fen = taken["amount_fen"]
    attempt.noted |= {"reason": said, "taken_back": taken["trigger"]}
    decisions.close_all(attempt, "withdrawn")
