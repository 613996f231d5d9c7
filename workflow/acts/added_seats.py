"""Added seats 加签: who decides for a seat asks a named colleague first, and the seat counts with what they say.

One level only: whoever was asked asks nobody. A seat that has not spoken yet may be taken back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from wtforms import RadioField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from governance.refusal import Refusal
from governance.roles import ROLE_NAMES, Duty, Role
from workflow import counting, decisions, standing
from workflow.acts.comment import seats_with_part
from workflow.acts.model import added_seats
from workflow.acts.registry import Act, register
from workflow.attempt import Attempt, refuse
from workflow.db import canonical
from workflow.forms import OPINION_LENGTH, DecisionForm, StepForm
from workflow.i18n import lazy as _
from workflow.machines import Ballot
from workflow.model import round_seats
from workflow.rounds import AddedSeat, OpenRound, chain_of, open_rounds

PLACES = {
    "before": _("先于本席位决定（未出具意见前，本席位不能作出最后决定）"),
    "beside": _("与本席位并行（双方都出具后，本席位才计票）"),
    "after": _("在本席位决定之后（出具意见后，本席位才计票）"),
}


def parent_of(attempt: Attempt) -> tuple[Ballot, OpenRound, Any] | None:
    """The ballot seat in whose name the actor may ask: one of an open round whose last link has not decided."""
    for key, current in open_rounds(attempt).items():
        ballot, seat = attempt.stage.ballot(key), decisions.seat_for(attempt, current)
        if seat is not None and (seat.seat_key, ballot.chain[-1]) not in current.done():
            return ballot, current, seat
    return None


def may_ask(attempt: Attempt) -> bool:
    """Whether the actor decides for a seat of an open round."""
    return attempt.actor.person_id is not None and parent_of(attempt) is not None


def candidates(attempt: Attempt) -> dict[int, str]:
    """Whom the actor may ask, by the number of their seat: colleagues of the same organisation with no part yet."""
    found = parent_of(attempt)
    if found is None:
        return {}
    ballot, current, seat = found
    bonds = standing.everything(attempt)
    taken = {one.person_id for one in current.added if one.stands} | set(current.people.values())
    taken |= {one for other in current.seats if other.seat_key != seat.seat_key for one in json.loads(other.eligible)}
    taken |= bonds.recused | bonds.intervened | attempt.actor.bound_people
    taken |= {person for person, duty in bonds.duties.items() if duty != Duty.REVIEW}
    rows = [one for one in seats_with_part(attempt) if one.organisation_id == seat.organisation_id]
    return {
        one.id: f"{one.name}（{ROLE_NAMES[one.role][0]}）"
        for one in rows
        if one.person_id not in taken and _leaves_somebody(attempt, ballot, seat, taken | {one.person_id}, rows)
    }


def _leaves_somebody(attempt: Attempt, ballot: Ballot, seat: Any, taken: set[int], rows: list[Any]) -> bool:
    """Whether every link the seat still owes keeps somebody who may decide it: who gives an opinion decides no more."""
    bonds, eligible = standing.everything(attempt), set(json.loads(seat.eligible))
    free = eligible - (taken - attempt.actor.bound_people)
    done = {link for key, link in open_rounds(attempt)[ballot.key].done() if key == seat.seat_key}
    for step in attempt.stage.steps:
        if step.casts is None or step.casts[0] != ballot.key or step.casts[1] in done:
            continue
        if step.casts[1] not in chain_of(ballot, seat):
            continue
        able = {one.person_id for one in rows if Role(one.role) in step.by and one.person_id in free}
        able |= attempt.actor.bound_people if attempt.actor.role in step.by else set()
        if not any(bonds.duties.get(one, step.duty) == step.duty for one in able):
            return False
    return True


def places(attempt: Attempt) -> list[str]:
    """Where the actor may put an added seat; where the decision itself moves the case on, only before it."""
    found = parent_of(attempt)
    if found is None:
        return []
    return ["before"] if counting.moves_the_case(attempt, found[0]) else list(PLACES)


class AskForm(StepForm):
    """Whom to ask, when they are to be heard, and for what."""

    person = SelectField(_("请谁加签"), coerce=int)
    place = RadioField(_("加签的位置"), default="before")
    reason = TextAreaField(
        _("请其就什么出具意见"), validators=[InputRequired(_("请写明加签事由")), Length(max=OPINION_LENGTH)]
    )

    def prepare(self, attempt: Attempt) -> None:
        """Colleagues who have no part in the case yet, and the places that the round leaves."""
        self.person.choices = [SelectChoice(one, name) for one, name in candidates(attempt).items()]
        self.place.choices = [SelectChoice(one, PLACES[one]) for one in places(attempt)]


def ask_refusals(attempt: Attempt) -> Iterable[Refusal]:
    """Why nobody can be asked now: the actor was asked themselves, or has no colleague who is free."""
    found = parent_of(attempt)
    if found is None:
        return
    if any(one.person_id in attempt.actor.bound_people and one.stands for one in found[1].added):
        yield Refusal(reason=_("您本人是受邀加签人，不能再请他人加签：加签只有一层"), who=_("邀请您的人"), fact="added")
    elif not candidates(attempt):
        yield Refusal(reason=_("本单位没有可以加签的人"), who=_("本单位负责人"), fact="added")


def ask(attempt: Attempt, *, person: int, place: str = "before", reason: str) -> None:
    """Add the seat to the round, and tell who is asked."""
    ballot, current, seat = parent_of(attempt) or _gone()
    if person not in candidates(attempt):
        raise refuse(_("不能请此人加签：须为本单位在岗、未回避、在本件中没有不相容职责且未参与本轮的人"), field="person")
    if place not in places(attempt):
        raise refuse(_("本环节只能先加签、后决定"), field="place")
    if not reason.strip():
        raise refuse(_("请写明加签事由"), field="reason")
    row = next(one for one in seats_with_part(attempt) if one.id == person)
    number = 1 + sum(1 for one in current.added if one.parent_key == seat.seat_key)
    added = AddedSeat(
        f"{seat.seat_key}+{number}", seat.seat_key, place, row.person_id, row.role, attempt.actor.person_id or 0,
        seat.organisation_id, f"{seat.label}加签人{row.name}", attempt.at, None,
    )  # fmt: skip
    _keep(attempt, current, added, reason.strip())
    attempt.noted |= {"round": current.round_no, "seat": seat.seat_key, "added": added.seat_key, "asked": row.person_id}
    attempt.noted |= {"place": place, "opinion": f"请{row.name}加签：{reason.strip()}"}
    said = f"{attempt.actor.name}请{row.name}就“{ballot.label}”出具加签意见：{reason.strip()}"
    attempt.notify(Role(row.role), "added", said, seat.organisation_id)


def _gone() -> Any:
    raise refuse(_("本轮已经结束，不能再加签"))


def _keep(attempt: Attempt, current: OpenRound, added: AddedSeat, reason: str) -> None:
    place = {"case_id": attempt.case.id, "round_no": current.round_no, "seat_key": added.seat_key}
    frozen = {"organisation_id": added.organisation_id, "label": added.label, "eligible": canonical([added.person_id])}
    attempt.connection.execute(round_seats.insert(), {**place, **frozen})
    names = ("parent_key", "place", "person_id", "role", "asked_by", "at")
    values = {name: getattr(added, name) for name in names}
    attempt.connection.execute(added_seats.insert(), {**place, **values, "reason": reason})
    current.added.append(added)


class OpinionForm(DecisionForm):
    """What whoever was asked says; abstaining objects to nothing."""

    def prepare(self, attempt: Attempt) -> None:
        """Whoever was asked may also abstain."""
        self.verdict.choices = [SelectChoice(key, label) for key, label in decisions.VERDICTS.items()]


def _asked_of(attempt: Attempt) -> tuple[str, OpenRound, AddedSeat] | None:
    """The seat in which the actor was asked and has not spoken."""
    for key, current in open_rounds(attempt).items():
        for one in current.added:
            if one.stands and one.verdict is None and one.person_id == attempt.actor.person_id:
                return (key, current, one) if attempt.actor.organisation_id == one.organisation_id else None
    return None


def opinion_refusals(attempt: Attempt) -> Iterable[Refusal]:
    """Why the opinion cannot be given now: the seat decides first, or the actor holds an excluding duty."""
    found = _asked_of(attempt)
    if found is None:
        return
    key, current, one = found
    last = attempt.stage.ballot(key).chain[-1]
    if one.place == "after" and (one.parent_key, last) not in current.done():
        seat = next(seat.label for seat in current.seats if seat.seat_key == one.parent_key)
        yield Refusal(reason=_("后加签：须等%(seat)s先作出决定", seat=seat), who=seat, fact="added")
    if held := decisions.excluded(attempt, Duty.REVIEW):
        yield held


def give(attempt: Attempt, *, verdict: str, opinion: str = "") -> None:
    """Append the opinion as a decision of the added seat, and count the round again."""
    key, current, one = _asked_of(attempt) or _gone()
    decisions.claim_duty(attempt, Duty.REVIEW)
    decisions.append(attempt, current, one, counting.ADDED, Duty.REVIEW, {"verdict": verdict, "opinion": opinion})
    one.verdict = verdict
    attempt.follow = decisions.count(attempt, attempt.stage.ballot(key), current)


def _may_take_back(attempt: Attempt) -> dict[str, tuple[str, OpenRound, AddedSeat]]:
    """The seats without an opinion that the actor asked; of someone who is gone, any that asked for the same seat."""
    found, actor = {}, attempt.actor
    for key, current in open_rounds(attempt).items():
        own = decisions.seat_for(attempt, current)
        for one in current.added:
            mine = one.asked_by == actor.person_id or (own is not None and own.seat_key == one.parent_key)
            if mine and one.stands and one.verdict is None and actor.person_id != one.person_id:
                found[f"{current.round_no}:{one.seat_key}"] = (key, current, one)
    return found


class TakeBackForm(StepForm):
    """Which added seat is no longer needed."""

    seat = RadioField(_("撤回哪个加签"), validators=[InputRequired(_("请选择"))])

    def prepare(self, attempt: Attempt) -> None:
        """The seats that have not spoken."""
        found = _may_take_back(attempt)
        self.seat.choices = [SelectChoice(key, one.label) for key, (_ballot, _round, one) in found.items()]


def take_back(attempt: Attempt, *, seat: str) -> None:
    """Remove a seat that has not spoken; the round is counted again and may now be decided."""
    found = _may_take_back(attempt).get(seat)
    if found is None:
        raise refuse(_("只能撤回本席位邀请的、尚未出具意见的加签"), field="seat")
    key, current, one = found
    columns = added_seats.c
    attempt.connection.execute(
        added_seats.update()
        .where(columns.case_id == attempt.case.id, columns.round_no == current.round_no)
        .where(columns.seat_key == one.seat_key)
        .values(removed_at=attempt.at)
    )
    one.removed_at = attempt.at
    attempt.noted |= {"round": current.round_no, "seat": one.parent_key, "removed": one.seat_key, "opinion": one.label}
    attempt.follow = decisions.count(attempt, attempt.stage.ballot(key), current)


ASK = register(Act("add_seat", _("请人加签"), ask, AskForm, offered=may_ask, refusals=ask_refusals))
GIVE = register(
    Act(
        counting.OPINION.trigger, counting.OPINION.label, give, OpinionForm,
        offered=lambda attempt: _asked_of(attempt) is not None, refusals=opinion_refusals,
    )
)  # fmt: skip
TAKE_BACK = register(
    Act(
        "take_back_seat", _("撤回加签"), take_back, TakeBackForm,
        offered=lambda attempt: bool(_may_take_back(attempt)),
    )
)  # fmt: skip
