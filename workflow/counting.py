"""What a seat of a round has said and may still say: its chain of two people or more, and whom it asked besides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from governance import quorum
from governance.refusal import Refusal, Refused
from governance.roles import BETWEEN
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.machines import STAY, Ballot, Step
from workflow.rounds import AddedSeat, OpenRound, open_rounds

ADDED = "added"
OPINION = Step("added_opinion", (), STAY, _("出具加签意见"), ())


def outcome(attempt: Attempt, ballot: Ballot, current: OpenRound) -> str | None:
    """How the round ends by the verdicts that count so far, or ``None`` while it is open.

    Raises ``Refused`` where the rule counts those present and nobody has registered who is.
    """
    verdicts, total, rule = counted(current, ballot.chain), len(current.seats), ballot.rule(attempt)
    if not isinstance(rule, quorum.Consent):
        return _text(rule(verdicts, total))
    if rule.of == "present":
        if rule.present is None:
            raise Refused(Refusal(reason=_("本轮按到场席位计数，尚未登记到场"), who=_("会议组织人"), fact="present"))
        rule = replace(rule, present=min(rule.present, total))
    return _text(quorum.outcome(verdicts, total, rule))


def _text(found: str | None) -> str | None:
    return None if found is None else str(found)


def counted(current: OpenRound, chain: tuple[str, ...]) -> list[str]:
    """The verdict of every seat whose last link, and everybody it asked, has spoken; in the order of the last links."""
    found = []
    for seat, link, verdict in current.cast:
        added = [one.verdict for one in current.added_to(seat)]
        if link == chain[-1] and None not in added:
            found.append(quorum.with_added(verdict, [one for one in added if one]))
    return found


def moves_the_case(attempt: Attempt, ballot: Ballot) -> bool:
    """Whether the last link's own step leads on, so that nothing asked of others can follow it."""
    last = (ballot.key, ballot.chain[-1])
    return any(step.casts == last and step.dest is not None for step in attempt.stage.steps)


def still_out(step: Step, ballot: Ballot, current: OpenRound, seat: Any) -> list[AddedSeat]:
    """Whom the seat asked and has to hear before its last link decides."""
    if step.casts != (ballot.key, ballot.chain[-1]):
        return []
    first = step.dest is not None
    return [one for one in current.added_to(seat.seat_key) if one.verdict is None and (first or one.place == "before")]


def unheard(step: Step, ballot: Ballot, current: OpenRound, seat: Any) -> list[Refusal]:
    """Why a seat's last link has to wait for whom it asked, or cannot agree over their objection, or a lower link's."""
    found = [
        Refusal(reason=_("%(seat)s尚未出具意见", seat=one.label), who=one.label, fact="added")
        for one in still_out(step, ballot, current, seat)
    ]
    if step.casts == (ballot.key, ballot.chain[-1]) and step.dest is not None:
        found += [
            Refusal(reason=_("%(seat)s不同意，本席位不能通过，请退回", seat=one.label), who=_("本人"), fact="added")
            for one in current.added_to(seat.seat_key)
            if one.verdict in (quorum.DISAGREE, quorum.RETURN)
        ]
        found += [
            Refusal(reason=_("%(seat)s逐级审核中有人不同意，本席位不能通过，请退回", seat=seat.label), who=_("本人"), fact="link")
            for key, link, verdict in current.cast
            if (key, verdict) == (seat.seat_key, quorum.DISAGREE) and link in BETWEEN
        ][:1]
    return found


def waited_for(attempt: Attempt) -> list[AddedSeat]:
    """Everybody who was asked and whose opinion may be given now: one asked for after the decision waits for it."""
    found = []
    for key, current in open_rounds(attempt).items():
        last, done = attempt.stage.ballot(key).chain[-1], current.done()
        found += [
            one
            for one in current.added
            if one.stands and one.verdict is None and (one.place != "after" or (one.parent_key, last) in done)
        ]
    return found


def twice(current: OpenRound, organisation_id: int, person_id: int, seat_key: str) -> Refusal | None:
    """Why someone may not decide again in the round: each link of a seat is another person's, each office's too.

    Only a written proxy lets one person speak for two seats, and those are seats of one body.
    """
    bodies = {seat.seat_key: seat.organisation_id for seat in current.seats}
    for key, person in current.people.items():
        seat = key[0]
        if person_id in (person, current.principals.get(key)) and (seat == seat_key or bodies[seat] != organisation_id):
            return Refusal(
                reason=_("您在本轮中已经作出过一次决定，同一人不能连续办理两个环节，也不能代表两个单位"),
                who=_("同一单位的另一人"), fact="twice",
            )  # fmt: skip
    if any(one.person_id == person_id and one.stands for one in current.added):
        return Refusal(
            reason=_("您已受邀加签，不能再以本席位决定人的身份办理"), who=_("同一单位的另一人"), fact="added"
        )
    return None
