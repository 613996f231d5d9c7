"""Sending a case back to an earlier step that it has completed, and straight back to whoever returned it.

A stage says in its table which returns there are: ``back`` from a state to earlier ones, ``forth`` for who mends what
was sent back. Whoever returns names the parts of the dossier that may change and chooses the way back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select

from governance.refusal import Refusal, Refused
from governance.roles import ROLE_NAMES, Role
from workflow import clocks, decisions, tasks
from workflow.attempt import Attempt, refuse, sha256
from workflow.db import canonical
from workflow.i18n import lazy as _
from workflow.machines import Guard, Stage, Step, step
from workflow.model import records

SEND_BACK, STRAIGHT_BACK, TAKE_BACK = "send_back", "straight_back", "take_back"
IN_ORDER, STRAIGHT = "in_order", "straight"
KEY = '"sent_back":'
LONGEST_TEXT = 2000


def back(
    source: str,
    dests: str | tuple[str, ...],
    by: Role | tuple[Role, ...],
    *guards: Guard,
    label: Any = "",
    **options: Any,
) -> Step:
    """A row of a stage's table: from ``source`` whoever decides may send the case back to one of ``dests``."""
    earlier = (dests,) if isinstance(dests, str) else tuple(dests)
    return step(
        SEND_BACK, source, None, label or _("退回"), by, something_completed, *guards, dests=tuple(map(str, earlier)),
        command=send_back, task=False, dangerous=True, **options,
    )


def forth(
    source: str, dests: str | tuple[str, ...], by: Role | tuple[Role, ...], *guards: Guard, **options: Any
) -> Step:
    """A row of a stage's table: what was sent back to ``source`` goes straight to who returned it from ``dests``."""
    later = (dests,) if isinstance(dests, str) else tuple(dests)
    return step(
        STRAIGHT_BACK, source, None, _("直接送回退回人"), by, asked_straight_back, only_named_parts_changed, *guards,
        dests=tuple(map(str, later)), command=straight_back, waiting=who_mends, offered=comes_straight, **options,
    )


def pending(attempt: Attempt) -> dict[str, Any]:
    """The return that the case has not come back from yet; empty when there is none."""
    if KEY not in attempt.case.progress and "progress" not in attempt.__dict__:
        return {}
    return attempt.progress.get("sent_back") or {}


def completed(attempt: Attempt) -> set[str]:
    """The states that this case has completed: those it was moved on from, by its records."""
    columns = records.c
    query = select(columns.from_state, columns.to_state, columns.verb).where(columns.case_id == attempt.case.id)
    return attempt.once("completed", lambda: completed_in(attempt.connection.execute(query)))


def completed_in(trail: Iterable[Any]) -> set[str]:
    """The states that these records have moved a case on from."""
    moved = (row for row in trail if row.from_state != row.to_state and row.verb not in (SEND_BACK, TAKE_BACK))
    return {row.from_state for row in moved}


def open_to(attempt: Attempt) -> list[str]:
    """The states that the case may be sent back to from here: those of its table that it has completed, latest last."""
    row = attempt.stage.step_from(attempt.case.state, SEND_BACK)
    done = completed(attempt) if row and row.dests else set()
    return [one for one in row.dests if one in done] if row else []


def something_completed(attempt: Attempt) -> Refusal | None:
    """The case has completed an earlier step to which it may be returned."""
    if open_to(attempt):
        return None
    return Refusal(
        reason=_("本件还没有完成过可以退回的环节"), reason_en="No earlier step of this case has been completed",
        fact="completed",
    )


def comes_straight(attempt: Attempt) -> bool:
    """Whether the case was sent back and is to come straight to whoever returned it."""
    return pending(attempt).get("way") == STRAIGHT


def asked_straight_back(attempt: Attempt) -> Refusal | None:
    """Whoever returned the case asked for it to come straight back."""
    if comes_straight(attempt):
        return None
    return Refusal(
        reason=_("本件没有待直接送回的退回，请按顺序办理"), reason_en="Nothing is to go straight back; go in order",
        fact="sent_back",
    )


def only_named_parts_changed(attempt: Attempt) -> Refusal | None:
    """Nothing outside the parts that the return named has changed."""
    asked = pending(attempt)
    if not asked:
        return None
    return _outside(attempt, asked, _changed(asked["hashes"], hashes(attempt)), set())


def who_mends(attempt: Attempt, role: Role) -> Iterable[int]:
    """Those who mend what was sent back are waited for while it is to go straight back."""
    return attempt.parties.of(role) if comes_straight(attempt) else ()


def hashes(attempt: Attempt) -> dict[str, str]:
    """SHA-256 of each top-level entry of the dossier."""
    return {key: sha256(canonical(value)) for key, value in attempt.dossier.items()}


def _changed(before: dict[str, str], now: dict[str, str]) -> set[str]:
    return {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}


def _outside(attempt: Attempt, asked: dict[str, Any], changed: set[str], allowed: set[str]) -> Refusal | None:
    """The refusal of a change to anything but the named parts and ``allowed``."""
    parts = {one.key: one for one in attempt.stage.parts}
    named = [parts[key] for key in asked["parts"] if key in parts] or list(parts.values())
    outside = changed - allowed - {entry for one in named for entry in one.holds}
    if not asked["parts"] or not outside:
        return None
    said = [str(one.label) for one in parts.values() if outside & set(one.holds)] or sorted(outside)
    return Refusal(
        reason=_(
            "退回时只指明修改“%(named)s”，“%(outside)s”不能改动；确需改动的，请由退回人重新退回并指明",
            named="、".join(str(one.label) for one in named), outside="、".join(said),
        ),
        reason_en="Only the named parts may change after this return",
        who=asked["by"], fact="parts",
    )


def send_back(
    attempt: Attempt, *, reason: str = "", to: str = "", sections: Sequence[str] = (), way: str = IN_ORDER
) -> None:
    """Send the case back to ``to``, an earlier state that it has completed (by default the latest), with a reason.

    ``sections`` are the parts that may change, none meaning all; ``way`` says whether the steps between are taken again
    in their order or the case comes straight back.
    """
    said, known = reason.strip(), {one.key for one in attempt.stage.parts}
    if not said or len(said) > LONGEST_TEXT:
        raise refuse(_("退回须写明原因"), field="reason")
    earlier = open_to(attempt)
    chosen = to or earlier[-1]
    if chosen not in earlier:
        raise refuse(_("不能退回到这个环节，请从列出的已完成环节中选择"), field="to")
    if unknown := set(sections) - known:
        raise refuse(_("本件没有“%(parts)s”这些部分", parts="、".join(sorted(unknown))), field="sections")
    _check_way(attempt, chosen, way)
    attempt.goes_to = chosen
    given = {key: [[seat, link] for seat, link in one.done()] for key, one in decisions.open_rounds(attempt).items()}
    attempt.progress["sent_back"] = {
        "from": attempt.case.state, "to": chosen, "parts": sorted(sections), "way": way, "reason": said,
        "by": attempt.actor.name, "on": attempt.day.isoformat(), "given": given, "hashes": hashes(attempt),
        "paused": _hold_clocks(attempt, way), "mending": True,
    }
    attempt.noted |= {"reason": said, "way": way, "sections": sorted(sections), "returned_to": chosen}


def _check_way(attempt: Attempt, chosen: str, way: str) -> None:
    if way not in (IN_ORDER, STRAIGHT):
        raise refuse(_("请选择改好以后怎么走"), field="way")
    path = list(attempt.stage.main_path)
    ahead = path[path.index(chosen) :] if chosen in path else [chosen]
    if way == STRAIGHT and not any(state in ahead for state in straight_from(attempt)):
        raise refuse(
            _("退回到“%(state)s”后须按顺序重新办理，不能直接送回", state=attempt.stage.state_labels[chosen]), field="way"
        )


def straight_from(attempt: Attempt) -> list[str]:
    """The earlier states from which the table has a way straight back here."""
    rows = [one for one in attempt.stage.steps if one.trigger == STRAIGHT_BACK]
    return [one.source[0] for one in rows if attempt.case.state in one.dests]


def _hold_clocks(attempt: Attempt, way: str) -> list[str]:
    """Clocks of the steps between stand still, or end and start anew with their steps; a straight return only waits."""
    row = attempt.stage.step_from(attempt.case.state, SEND_BACK)
    pauses, stops = (row.pauses, row.stops) if row else ((), ())
    if way == STRAIGHT:
        pauses, stops = (*pauses, *stops), ()
    for name in stops:
        clocks.stop(attempt, name)
    for name in pauses:
        clocks.pause(attempt, name)
    return sorted({*pauses, *pending(attempt).get("paused", ())} - set(stops))


def _tell_who_mends(attempt: Attempt, said: str) -> None:
    """Whoever works on the case where it is now hears why."""
    told: dict[tuple[Role, int], None] = {}
    for one in attempt.stage.steps_from(attempt.case.state):
        for role in one.by if one.task and not one.passes_on else ():
            mending = attempt.parties.of(role) if one.casts else tasks.waiting_organisations(attempt, one, role)
            told |= {(role, organisation): None for organisation in mending}
    for role, organisation in told:
        attempt.notify(role, "returned", said, organisation)


def straight_back(attempt: Attempt) -> None:
    """What was sent back goes straight to the state it came from; those between are told what has changed."""
    asked = pending(attempt)
    attempt.goes_to = asked["from"]
    if asked["from"] not in (attempt.step.dests if attempt.step else ()):
        raise refuse(_("本件的流程不能从这里直接送回，请按顺序办理"))
    changed = _changed(asked["hashes"], hashes(attempt))
    parts = [one.key for one in attempt.stage.parts if changed & set(one.holds)]
    attempt.noted |= {"changed": parts, "reason": asked["reason"]}
    labels = "、".join(str(one.label) for one in attempt.stage.parts if one.key in parts) or "无"
    for role in _between(attempt.stage, asked["to"], asked["from"]):
        attempt.notify(role, "changed", f"退回后直接送回{asked['by']}，改动：{labels}；改动可在本件“改了什么”页比对")


def _between(stage: Stage, start: str, end: str) -> list[Role]:
    """The roles whose steps lie between two states of the main path."""
    path = list(stage.main_path)
    if start not in path or end not in path:
        return []
    skipped = path[path.index(start) + 1 : path.index(end)]
    rows = [one for one in stage.steps if one.task and not one.passes_on and set(one.source) & set(skipped)]
    return [role for role in dict.fromkeys(role for one in rows for role in one.by) if role in ROLE_NAMES]


def edits_before(attempt: Attempt, row: Step) -> dict[str, str] | None:
    """What the dossier holds before a person's step in a case that was sent back; ``None`` where nothing is watched."""
    if attempt.actor.person_id is None or row.dests or not pending(attempt).get("parts"):
        return None
    return hashes(attempt)


def check_edits(attempt: Attempt, before: dict[str, str] | None) -> None:
    """Raises ``Refused`` when a step has changed a part that the return did not name.

    What the stage itself takes out on a return is made anew by the steps between.
    """
    asked = pending(attempt)
    if before is None or attempt.case.state != asked["to"]:
        return
    refusal = _outside(attempt, asked, _changed(before, hashes(attempt)), set(asked["anew"]))
    if refusal:
        raise Refused(refusal)


def after_command(attempt: Attempt, row: Step) -> None:
    """Once the stage has done its part of a return: rounds end as returned, and its parts are as they are now."""
    if row.trigger != SEND_BACK or not row.dests:
        return
    asked, now = attempt.progress["sent_back"], hashes(attempt)
    attempt.progress["sent_back"] |= {"hashes": now, "anew": sorted(asked["hashes"].keys() - now.keys())}
    decisions.close_all(attempt, "returned")


def arrived(attempt: Attempt, row: Step) -> None:
    """Whoever mends is told of a return; it is over once the case is where it came from, or past it: clocks run on."""
    asked = pending(attempt)
    if asked and row.trigger == SEND_BACK and row.dests:
        _tell_who_mends(attempt, asked["reason"])
    elif asked and _past(attempt.stage, attempt.case.state, asked["from"]):
        _over(attempt, asked, row)
    elif asked.get("mending") and attempt.case.state != asked["to"]:
        del attempt.progress["sent_back"]["mending"]


def _over(attempt: Attempt, asked: dict[str, Any], row: Step) -> None:
    for name in asked["paused"]:
        clocks.resume(attempt, name)
    del attempt.progress["sent_back"]
    attempt.progress.pop("straight", None)
    if row.trigger == STRAIGHT_BACK:
        here = {one.casts for one in attempt.stage.steps_from(attempt.case.state) if one.casts}
        links = [[key, *pair] for key, pairs in asked["given"].items() for pair in pairs if (key, pair[1]) not in here]
        attempt.progress["straight"] = {"subject": attempt.case.subject_hash, "links": links}


def _past(stage: Stage, state: str, origin: str) -> bool:
    path = list(stage.main_path)
    if state == origin or stage.is_final(state) or origin not in path:
        return state == origin or stage.is_final(state)
    return state in path and path.index(state) >= path.index(origin)
