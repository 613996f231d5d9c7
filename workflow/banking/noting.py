"""How a line was settled that the bank did not pay as sent: a note by one person, confirmed by another."""

from __future__ import annotations

from typing import Any

from workflow import files
from workflow.attempt import Attempt, refuse
from workflow.banking import standing
from workflow.banking.payments import Payment, of_stage
from workflow.banking.replying import settle
from workflow.banking.sending import payment_of
from workflow.i18n import lazy as _

LONGEST_REASON = 2000


def notable(attempt: Attempt) -> list[standing.LineState]:
    """The open lines without a note, of payments on which the actor may say how they were settled."""
    kinds = {one.kind for one in _theirs(attempt)}
    return [one for one in standing.open_lines(attempt.progress) if one.kind in kinds and one.note is None]


def to_confirm(attempt: Attempt) -> list[standing.LineState]:
    """The open lines with a note by somebody else, which the actor may confirm or refuse."""
    kinds = {one.kind for one in _theirs(attempt)}
    return [
        one
        for one in standing.open_lines(attempt.progress)
        if one.kind in kinds and one.note is not None and not set(one.note["people"]) & attempt.actor.bound_people
    ]


def _theirs(attempt: Attempt) -> list[Payment]:
    return [one for one in of_stage(attempt.case.stage) if attempt.actor.role in one.makers + one.confirmers]


def note_line(attempt: Attempt, *, line: str, reason: str, proof: dict[str, Any] | None = None) -> None:
    """Say how an open line was settled; it stays open until a second person confirms."""
    if line not in {one.ref for one in notable(attempt)}:
        raise refuse(_("这一笔不在未了结之列，或已有说明待确认"), field="line")
    said = reason.strip()
    if not said or len(said) > LONGEST_REASON:
        raise refuse(_("请写明这一笔如何处理（最多 %(most)s 字）", most=LONGEST_REASON), field="reason")
    book = standing.book_of(attempt.progress)
    note = {
        "ref": line, "reason": said, "by": attempt.actor.name, "people": sorted(attempt.actor.bound_people),
        "on": attempt.day.isoformat(), "proof": files.attach(attempt, "bank_note", proof) if proof else "",
    }  # fmt: skip
    standing.keep(attempt, {**book, "notes": [*book["notes"], note]})
    attempt.noted |= {"ref": line, "reason": said, "proof": note["proof"]}


def answer_note(attempt: Attempt, *, line: str, verdict: str, opinion: str = "") -> None:
    """A second person confirms how a line was settled, or refuses it with a reason; then the line needs another."""
    found = next((one for one in to_confirm(attempt) if one.ref == line), None)
    if found is None:
        raise refuse(_("没有他人提出、待您确认的处理说明；提出和确认须由两人办理"), field="line")
    if verdict not in ("confirmed", "refused"):
        raise refuse(_("请选择确认或不予确认"), field="verdict")
    if verdict == "refused" and not opinion.strip():
        raise refuse(_("不予确认的，请写明原因"), field="opinion")
    said = {"by": attempt.actor.name, "on": attempt.day.isoformat(), "opinion": opinion.strip()[:LONGEST_REASON]}
    book = standing.book_of(attempt.progress)
    notes = [{**one, verdict: said} if one is found.note else one for one in book["notes"]]
    standing.keep(attempt, {**book, "notes": notes})
    attempt.noted |= {"ref": line, "verdict": verdict, "opinion": said["opinion"]}
    settle(attempt, payment_of(attempt.case.stage, found.kind))
