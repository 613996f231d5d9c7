"""Rounds, seats and decisions: a decision binds one person, one seat and one content, and the database says so too."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import bindparam, select

from governance.refusal import Refusal, Refused
from governance.roles import DUTY_NAMES, Duty
from workflow import appointing, counting, links, opening, standing, straight
from workflow.acts.model import papers
from workflow.attempt import Attempt
from workflow.db import canonical
from workflow.i18n import lazy as _
from workflow.machines import Ballot, Step
from workflow.model import case_actors, decisions, rounds
from workflow.prepared import Prepared
from workflow.rounds import OpenRound, chain_of, every_round, last_round, open_rounds

VERDICTS = {"agree": _("同意"), "disagree": _("不同意"), "return": _("退回"), "abstain": _("弃权")}
LINKS = {
    "review": _("经办意见"), "section": _("科室负责人意见"), "division": _("分管负责人意见"), "approve": _("负责人决定"),
    "head": _("主要负责人决定"), "vote": _("表决"), counting.ADDED: _("加签意见"),
}  # fmt: skip
_BIND = Prepared(case_actors.insert())
_CAST = Prepared(decisions.insert().inline())
_END = Prepared(
    rounds.update().where(rounds.c.case_id == bindparam("case"), rounds.c.round_no == bindparam("number"))
)
LINK_DUTIES = {"review": Duty.REVIEW, "approve": Duty.APPROVE, "vote": Duty.APPROVE, "pay": Duty.PAY}


def claim_duty(attempt: Attempt, duty: Duty) -> None:
    """Bind the actor, and whom they act for, to ``duty`` in this case.

    Raises ``Refused`` when one of them holds an excluding one already, or has administered an intervention on it.
    """
    refusal = excluded(attempt, duty)
    if refusal:
        raise Refused(refusal)
    held = standing.bound(attempt).duties
    for person in sorted(attempt.actor.bound_people - held.keys()):
        _BIND.run(attempt.connection, {"case_id": attempt.case.id, "person_id": person, "duty": str(duty)})
        held[person] = str(duty)


def duties(attempt: Attempt) -> dict[int, str]:
    """The excluding duty of everyone who has taken one on in the case, by person."""
    if attempt.for_a_page:
        return standing.bound(attempt).duties
    query = select(case_actors.c.person_id, case_actors.c.duty).where(case_actors.c.case_id == attempt.case.id)
    return {row.person_id: row.duty for row in attempt.connection.execute(query)}


def excluded(attempt: Attempt, duty: Duty) -> Refusal | None:
    """Why the actor may not take on ``duty`` in this case: they, or whom they act for, had another part in it."""
    actor = attempt.actor
    if actor.person_id is None:
        return None
    bound = standing.bound(attempt)
    if bound.intervened & actor.bound_people:
        return Refusal(reason=_("您办理过本件的管理干预，不能再承担“%(duty)s”", duty=DUTY_NAMES[duty][0]), fact="duty")
    if seated := appointing.refusal(bound, actor):
        return seated
    held = {person: bound.duties[person] for person in actor.bound_people if person in bound.duties}
    if all(one == duty for one in held.values()):
        return None
    own = held.get(actor.person_id, duty)
    taken = own if own != duty else held[actor.holder_id or 0]
    named = {"held": DUTY_NAMES[taken][0], "duty": DUTY_NAMES[duty][0]}
    reason = (
        _("不相容岗位：您在本件中已经承担“%(held)s”，不能再承担“%(duty)s”", **named)
        if own != duty
        else _("不相容岗位：授权人在本件中已经承担“%(held)s”，不能由您代为承担“%(duty)s”", **named)
    )
    return Refusal(reason=reason, who=_("同一单位的另一人"), fact="duty")


def refresh(attempt: Attempt) -> None:
    """Open, keep or void rounds so that each ballot of the case's state has one open round on its present content."""
    case = attempt.case
    for ballot in attempt.stage.ballots:
        current = open_rounds(attempt).get(ballot.key)
        if case.state not in ballot.states:
            if current:
                _close(attempt, ballot, current, "withdrawn")
            continue
        if current and current.subject_hash != case.subject_hash:
            _close(attempt, ballot, current, "void")
            attempt.noted["voided_round"] = current.round_no
            current = None
        if current is None:
            opening.open_round(attempt, ballot)


def reseat(attempt: Attempt, ballot_key: str) -> None:
    """Open the round of a ballot anew with the people eligible today; what the old one decided counts no more."""
    ballot, current = attempt.stage.ballot(ballot_key), open_rounds(attempt)[ballot_key]
    _close(attempt, ballot, current, "superseded")
    opening.open_round(attempt, ballot)
    attempt.noted["superseded_round"] = current.round_no


def _close(attempt: Attempt, ballot: Ballot, current: OpenRound, outcome: str) -> None:
    ended = {"case": attempt.case.id, "number": current.round_no, "outcome": outcome, "closed_at": attempt.at}
    _END.run(attempt.connection, ended)
    if current.papers:
        _overtake(attempt, *(seat.seat_key for seat in current.seats))
    del open_rounds(attempt)[ballot.key]


def close(attempt: Attempt, key: str, current: OpenRound, outcome: str) -> None:
    """End one open round as ``outcome``."""
    _close(attempt, attempt.stage.ballot(key), current, outcome)


def close_all(attempt: Attempt, outcome: str) -> None:
    """End every open round of the case as ``outcome``, when the case is sent or taken back."""
    for key, current in list(open_rounds(attempt).items()):
        close(attempt, key, current, outcome)


def seat_for(attempt: Attempt, current: OpenRound) -> Any | None:
    """The seat of the round that the actor may fill, or ``None``.

    Who holds a written proxy may fill two: the one named by ``seat_key``, else one still open, the own one first.
    """
    actor, asked = attempt.actor, attempt.data.get("seat_key")
    mine = [
        seat
        for seat in current.seats
        if seat.organisation_id == actor.organisation_id and actor.holder_id in json.loads(seat.eligible)
    ]
    if asked:
        return next((seat for seat in mine if seat.seat_key == asked), None)
    if len(mine) > 1:
        cast = {key for key, _link in current.done()}
        mine.sort(key=lambda seat: (seat.seat_key in cast, seat.seat_key != f"seat:{actor.seat_id}"))
    return mine[0] if mine else None


def refusals(attempt: Attempt, step: Step) -> list[Refusal]:
    """Why the actor's decision on ``step`` cannot count now."""
    ballot_key, link = step.casts or ("", "")
    ballot = attempt.stage.ballot(ballot_key)
    current = open_rounds(attempt).get(ballot_key)
    if current is None:
        return [Refusal(reason=_("“%(ballot)s”没有正在进行的轮次", ballot=ballot.label), fact="round")]
    seat = seat_for(attempt, current)
    if seat is None:
        return [Refusal(reason=_("您不在本轮的决定人之列"), who=_("列名的单位和人员"), fact="seat")]
    done = {link for key, link in current.done() if key == seat.seat_key}
    if link in done:
        return [Refusal(reason=_("%(seat)s已经作出决定，不能重复", seat=seat.label), fact="decision")]
    chain = chain_of(ballot, seat)
    if link not in chain:
        return [not_asked(seat.label, link)]
    before = chain[: chain.index(link)]
    done |= {link for key, link in straight.waived(attempt, ballot_key, current) if key == seat.seat_key}
    found = [owed(seat.label, missing) for missing in before if missing not in done]
    found += counting.unheard(step, ballot, current, seat)
    actor = attempt.actor
    duty = step.duty_of(actor.role)
    if duty and excluded(attempt, duty):
        return found
    again = [counting.twice(current, seat.organisation_id, one, seat.seat_key) for one in actor.bound_people]
    return found + [one for one in again if one][:1]


def owed(seat: str, link: str) -> Refusal:
    """What a seat still has to give."""
    return Refusal(reason=_("%(seat)s还缺“%(link)s”", seat=seat, link=link_label(link)), who=seat, fact="decision")


def not_asked(seat: str, link: str) -> Refusal:
    """The refusal of a link that the round was not opened with."""
    reason = _("本轮开始时，%(seat)s的审批层级里没有“%(link)s”", seat=seat, link=link_label(link))
    return Refusal(reason=reason, who=_("列名的下一级"), rule=links.RULE, fact="link")


def link_label(link: str) -> Any:
    """What a link of a seat's chain is called."""
    return LINKS.get(link, link)


def cast(attempt: Attempt, step: Step) -> str | None:
    """Append the actor's decision and count under the lock; returns the trigger that follows, or ``None``."""
    ballot_key, link = step.casts or ("", "")
    ballot = attempt.stage.ballot(ballot_key)
    current = open_rounds(attempt).get(ballot_key)
    seat = current and seat_for(attempt, current)
    if current is None or seat is None:
        raise Refused(*refusals(attempt, step))
    verdict = append(
        attempt, current, seat, link, step.duty_of(attempt.actor.role) or LINK_DUTIES[link], attempt.data
    )
    current.cast.append((seat.seat_key, link, verdict))
    current.people[seat.seat_key, link] = attempt.actor.person_id or 0
    if attempt.paper:
        attempt.noted |= attempt.paper.noted
    elif current.papers:
        _overtake(attempt, seat.seat_key)
    counts = attempt.paper is None or attempt.paper.counts
    return count(attempt, ballot, current) if counts and link == chain_of(ballot, seat)[-1] else None


def append(
    attempt: Attempt, current: OpenRound, seat: Any, link: str, duty: Duty, data: Mapping[str, Any]
) -> str:
    """Keep what the actor says for a seat, and note it for the record; returns the verdict, counts nothing."""
    actor = attempt.actor
    verdict, opinion = str(data.get("verdict") or "agree"), str(data.get("opinion") or "").strip()
    if verdict != "agree" and not opinion:
        raise Refused(Refusal(reason=_("不是“同意”时须写明意见"), who=actor.name, field="opinion"))
    _CAST.run(
        attempt.connection,
        {
            "case_id": attempt.case.id,
            "round_no": current.round_no,
            "link": link,
            "seat_key": seat.seat_key,
            "organisation_id": seat.organisation_id,
            "person_id": actor.person_id,
            "for_person_id": actor.for_person_id,
            "paper_id": attempt.paper and attempt.paper.paper_id,
            "seat_id": actor.seat_id,
            "duty": str(duty),
            "subject_hash": attempt.case.subject_hash,
            "verdict": verdict,
            "opinion": opinion,
            "details": canonical(data.get("details") or {}),
            "at": attempt.at,
        },
    )
    attempt.noted |= {"round": current.round_no, "seat": seat.seat_key, "link": link, "verdict": verdict}
    attempt.noted["subject"] = attempt.case.subject_hash
    if opinion:
        attempt.noted["opinion"] = opinion
    return verdict


def _overtake(attempt: Attempt, *seat_keys: str) -> None:
    """What is registered on paper for these seats and not confirmed has come too late."""
    values = {"state": "overtaken", "closed_at": attempt.at}
    waiting = (papers.c.case_id == attempt.case.id) & (papers.c.state == "registered")
    attempt.connection.execute(papers.update().where(waiting, papers.c.seat_key.in_(seat_keys)).values(values))


def count(attempt: Attempt, ballot: Ballot, current: OpenRound) -> str | None:
    """Count a round; when its outcome can no longer change, close it and return the trigger that follows."""
    found = counting.outcome(attempt, ballot, current)
    if found is None:
        return None
    _close(attempt, ballot, current, found)
    attempt.noted["outcome"] = found
    return ballot.then.get(found)


def waiting_for(attempt: Attempt, step: Step) -> list[int]:
    """The organisations whose decision on ``step`` is still out in the open round."""
    ballot_key, link = step.casts or ("", "")
    current = open_rounds(attempt).get(ballot_key)
    if current is None:
        return []
    ballot, done = attempt.stage.ballot(ballot_key), current.done() | straight.waived(attempt, ballot_key, current)
    return [
        seat.organisation_id
        for seat in current.seats
        if next_link(ballot, seat, done) == link and not counting.still_out(step, ballot, current, seat)
    ]


def next_link(ballot: Ballot, seat: Any, done: Collection[tuple[str, str]]) -> str | None:
    """The link that a seat owes next; ``None`` once all have decided."""
    return next((link for link in chain_of(ballot, seat) if (seat.seat_key, link) not in done), None)


__all__ = [
    "VERDICTS", "append", "cast", "chain_of", "claim_duty", "close_all", "count", "every_round", "excluded",
    "last_round", "open_rounds", "owed", "refresh", "refusals", "waiting_for",
]
