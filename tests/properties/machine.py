"""A machine that does anything anyone might do to a case, in any order, and looks after each act whether all holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from governance.refusal import Refused
from governance.roles import Role
from tests.kernel.sample_stage import BUREAUS
from tests.properties.comings import Comings
from tests.properties.oracle import violations
from tests.properties.world import KIND, NUMBER, VERDICT, Crash, dying
from workflow import lifecycle
from workflow.attempt import Actor
from workflow.db import reading
from workflow.model import cases


class Decisions(Comings):
    """Random people with random seats edit, submit, vote, pay, crash and come back."""

    # Steps.

    @rule(number=NUMBER, fen=st.integers(1, 3))
    def edit(self, number: int, fen: int) -> None:
        actor, ought = self.actor(Role.LEAD_CLERK, number), self.ought
        who = tuple(actor.bound_people)
        may = ought.state == "drafting" and self.sits(actor) and ought.free_for(who, "prepare")
        if self.attempt("edit", actor, {"amount_fen": fen}, expected=may):
            ought.fen = fen
            ought.bind(who, "prepare")

    @rule(number=NUMBER)
    def submit(self, number: int) -> None:
        actor, ought = self.actor(Role.LEAD_CLERK, number), self.ought
        who = tuple(actor.bound_people)
        may = ought.state == "drafting" and ought.fen > 0 and self.sits(actor) and ought.free_for(who, "prepare")
        if self.attempt("submit", actor, {}, expected=may):
            ought.state = "submitted"
            ought.bind(who, "prepare")

    @rule(number=NUMBER)
    def accept(self, number: int) -> None:
        actor = self.actor(Role.AGENCY_CLERK, number)
        if self.attempt("accept", actor, {}, expected=self.ought.state == "submitted" and self.sits(actor)):
            self.ought.state = "under_review"
            self.ought.open_round(self.listed_now())

    @rule(number=NUMBER, fen=st.integers(1, 3))
    def amend(self, number: int, fen: int) -> None:
        actor, ought = self.actor(Role.LEAD_CLERK, number), self.ought
        who = tuple(actor.bound_people)
        may = ought.state == "under_review" and self.sits(actor) and ought.free_for(who, "prepare")
        if self.attempt("amend", actor, {"amount_fen": fen}, expected=may):
            ought.bind(who, "prepare")
            if fen != ought.fen:
                ought.fen = fen
                ought.outcomes.append("void")
                ought.open_round(self.listed_now())

    @rule(kind=KIND, number=NUMBER, verdict=VERDICT)
    def opine(self, kind: str, number: int, verdict: str) -> None:
        self._vote("opine", kind, "review", self.actor(Role(f"{kind}_reviewer"), number), verdict)

    @rule(kind=KIND, number=NUMBER, verdict=VERDICT)
    def decide(self, kind: str, number: int, verdict: str) -> None:
        self._vote("decide", kind, "approve", self.actor(Role(f"{kind}_approver"), number), verdict)

    def _vote(self, trigger: str, kind: str, link: str, actor: Actor, verdict: str) -> None:
        who = tuple(actor.bound_people)
        may = self.sits(actor) and self.ought.may_vote(kind, link, who, actor.holder_id or 0)
        said = {"verdict": verdict, "opinion": "" if verdict == "agree" else "依据不足"}
        if self.attempt(trigger, actor, said, expected=may):
            self.ought.bind(who, "review" if link == "review" else "approve")
            self.ought.vote(kind, link, verdict, who)

    @precondition(lambda self: len(self.added) < 6 and self.ought.state == "under_review")
    @rule(kind=KIND, person=NUMBER, post=st.sampled_from(("reviewer", "approver")), verdict=VERDICT)
    def newcomer_votes(self, kind: str, person: int, post: str, verdict: str) -> None:
        """Somebody gets a seat of a bureau while its round is open, and uses it at once."""
        role = Role(f"{kind}_{post}")
        self.sit_besides(person, role)
        (self.opine if post == "reviewer" else self.decide)(kind, len(self.actors[role]) - 1, verdict)

    @rule(number=NUMBER)
    def pay(self, number: int) -> None:
        actor, ought = self.actor(Role.AGENCY_HEAD, number), self.ought
        who = tuple(actor.bound_people)
        may = ought.state == "agreed" and self.sits(actor) and ought.free_for(who, "pay")
        if self.attempt("pay", actor, {}, expected=may):
            ought.state = "paid"
            ought.bind(who, "pay")

    @rule(number=NUMBER, times=st.integers(1, 4))
    def go_on(self, number: int, times: int) -> None:
        """What leads on from here is done by someone who may, if there is anyone."""
        for time in range(times):
            self._lead_on(number + time)

    def _lead_on(self, number: int) -> None:
        ought, kind = self.ought, BUREAUS[number % 3]
        ways: dict[str, tuple[Callable[[int], None], Role]] = {
            "drafting": (self.submit if ought.fen else lambda one: self.edit(one, 2), Role.LEAD_CLERK),
            "submitted": (self.accept, Role.AGENCY_CLERK),
            "agreed": (self.pay, Role.AGENCY_HEAD),
        }
        if ought.state == "under_review":
            link, post = ("approve", "approver") if (kind, "review") in ought.votes else ("review", "reviewer")
            vote = self.decide if link == "approve" else self.opine
            self._by_one_who_may(
                lambda one: vote(kind, one, "disagree" if number == 7 else "agree"), Role(f"{kind}_{post}"),
                lambda one: ought.may_vote(kind, link, tuple(one.bound_people), one.holder_id or 0),
            )  # fmt: skip
        elif ought.state in ways:
            act, role = ways[ought.state]
            duty = {"drafting": "prepare", "agreed": "pay"}.get(ought.state)
            self._by_one_who_may(act, role, lambda one: duty is None or ought.free_for(tuple(one.bound_people), duty))

    @rule(number=NUMBER, times=st.integers(1, 4))
    def go_on_again(self, number: int, times: int) -> None:
        self.go_on(number, times)

    def _by_one_who_may(self, act: Callable[[int], None], role: Role, may: Callable[[Actor], bool]) -> None:
        for number, actor in enumerate(self.actors[role]):
            if self.sits(actor) and may(actor):
                act(number)
                return

    @rule(spot=NUMBER, number=NUMBER, kind=KIND)
    def die_half_way(self, spot: int, number: int, kind: str) -> None:
        """Whatever leads on from here is tried while the program dies: nothing of it stays."""
        tries: dict[str, tuple[str, Role, dict[str, Any]]] = {
            "drafting": ("submit", Role.LEAD_CLERK, {}),
            "submitted": ("accept", Role.AGENCY_CLERK, {}),
            "under_review": ("decide", Role(f"{kind}_approver"), {"verdict": "agree"}),
            "agreed": ("pay", Role.AGENCY_HEAD, {}),
        }
        if self.ought.state not in tries:
            return
        trigger, role, data = tries[self.ought.state]
        before = self.picture()
        self._unless_crashed(spot, lambda: self.sample.take(self.case_id, trigger, self.actor(role, number), data=data))
        assert self.picture() == before, f"{trigger} died half-way and left a trace"

    def _unless_crashed(self, spot: int, act: Callable[[], Any]) -> None:
        type(self).world.taken += 1
        with dying(spot):
            try:
                act()
            except (Crash, Refused, lifecycle.NotFound):
                return
        raise AssertionError("the program did not die")

    # What holds always.

    @invariant()
    def nothing_is_wrong(self) -> None:
        if self.looked_at:
            return
        self.looked_at = True
        with reading(self.sample.engine) as connection:
            assert violations(connection, self.case_id) == []
            state = connection.execute(cases.select().where(cases.c.id == self.case_id)).one().state
        assert state == self.ought.state, f"the case is {state}, it ought to be {self.ought.state}"
