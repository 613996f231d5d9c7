"""A machine that does anything anyone might do to a case, in any order, and looks after each act whether all holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from governance.refusal import Refused
from governance.roles import Role
from tests.kernel.sample_stage import AT, BUREAUS, Sample
from tests.properties.expectation import Expected
from tests.properties.oracle import picture, violations
from workflow import decisions, lifecycle, records, tasks
from workflow.acts.model import delegations
from workflow.attempt import Actor
from workflow.db import reading, writing
from workflow.model import cases
from workflow.organisations.model import persons, seats

NUMBER = st.integers(0, 7)
KIND = st.sampled_from(BUREAUS)
VERDICT = st.sampled_from(("agree", "agree", "agree", "agree", "disagree", "return", "abstain"))
ROLES = (
    Role.LEAD_CLERK, Role.AGENCY_CLERK, Role.AGENCY_HEAD, *(Role(f"{kind}_reviewer") for kind in BUREAUS),
    *(Role(f"{kind}_approver") for kind in BUREAUS),
)  # fmt: skip
ENDED = date(2020, 1, 2)
SPOTS: tuple[tuple[Any, str], ...] = (
    (records, "append"), (tasks, "refresh"), (decisions, "refresh"), (lifecycle, "_keep_case"),
    (lifecycle, "_keep_dossier"),
)  # fmt: skip


class Crash(Exception):
    """The program died here."""


@contextmanager
def dying(spot: int) -> Iterator[None]:
    """The program dies as it has just done one of the things that make up a step."""
    module, name = SPOTS[spot % len(SPOTS)]
    whole = getattr(module, name)

    def half(*arguments: Any, **options: Any) -> Any:
        whole(*arguments, **options)
        raise Crash(name)

    setattr(module, name, half)
    try:
        yield
    finally:
        setattr(module, name, whole)


class World:
    """The sample county that all runs share: each has a case of its own, and what it did to people is undone."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.taken = 0
        self.by_role = {
            role: [one for (_code, held), found in sample.county.actors.items() if held == role for one in found]
            for role in ROLES
        }
        self.everyone = {one.person_id: one for found in self.by_role.values() for one in found}


class Decisions(RuleBasedStateMachine):
    """Random people with random seats edit, submit, vote, pay, crash and come back."""

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self.sample = self.world.sample
        self.actors = {role: list(found) for role, found in self.world.by_role.items()}
        self.disabled: set[int] = set()
        self.ended: set[int] = set()
        self.added: list[int] = []
        self.grants: dict[tuple[int, int], int] = {}
        self.recused: set[int] = set()
        self.case_id = self.sample.open_case(fen=0)
        self.ought = Expected()
        self.looked_at = False

    def teardown(self) -> None:
        """Everyone is back where they were."""
        with writing(self.sample.engine) as connection:
            connection.execute(persons.update().where(persons.c.id.in_(self.disabled)).values(disabled_at=None))
            connection.execute(seats.update().where(seats.c.id.in_(self.ended)).values(until=None))
            connection.execute(seats.update().where(seats.c.id.in_(self.added)).values(until=ENDED))
            lent = delegations.c.id.in_(self.grants.values())
            connection.execute(delegations.update().where(lent).values(revoked_at=AT))

    # What a try is.

    def actor(self, role: Role, number: int) -> Actor:
        """One of those who hold, or held, a seat of this role."""
        return self.actors[role][number % len(self.actors[role])]

    def sits(self, actor: Actor) -> bool:
        """Whether the actor may act at all: account, seat, and where they act for another, the grant and its ends."""
        if self.disabled & actor.bound_people or actor.seat_id in self.ended or self.recused & actor.bound_people:
            return False
        if actor.for_person_id is None:
            return True
        lent = (actor.seat_id or 0, actor.person_id or 0) in self.grants
        colleagues = (one for found in self.actors.values() for one in found)
        return lent and any(
            one.person_id == actor.person_id and one.for_person_id is None
            and one.organisation_id == actor.organisation_id and one.seat_id not in self.ended
            for one in colleagues
        )  # fmt: skip

    def attempt(self, trigger: str, actor: Actor, data: dict[str, Any], *, expected: bool) -> bool:
        """Try a step; it must succeed exactly when expected, and a refusal must leave no trace."""
        type(self).world.taken += 1
        before = None if expected else self.picture()
        try:
            self.sample.take(self.case_id, trigger, actor, data=data)
        except (Refused, lifecycle.NotFound) as refused:
            assert not expected, f"{trigger} by {actor.name} was refused: {refused}"
            assert self.picture() == before, f"{trigger} was refused and left a trace"
            return False
        assert expected, f"{trigger} by {actor.name} in {self.ought} went through"
        self.looked_at = False
        return True

    def picture(self) -> dict[str, list[Any]]:
        """Every row of the case."""
        with reading(self.sample.engine) as connection:
            return picture(connection, self.case_id)

    def listed_now(self) -> dict[str, frozenset[int]]:
        """Who could fill each bureau's seat in a round that opens now."""
        return {
            kind: frozenset(
                one.person_id or 0
                for link in ("reviewer", "approver")
                for one in self.actors[Role(f"{kind}_{link}")]
                if one.for_person_id is None and one.person_id not in self.disabled and one.seat_id not in self.ended
            )
            for kind in BUREAUS
        }

    # People come and go.

    @precondition(lambda self: len(self.disabled) < 2)
    @rule(role=st.sampled_from(ROLES), number=NUMBER)
    def disable(self, role: Role, number: int) -> None:
        person = self.actor(role, number).person_id or 0
        self._account(person, AT)
        self.disabled.add(person)

    @precondition(lambda self: self.disabled)
    @rule(number=NUMBER)
    def enable(self, number: int) -> None:
        person = sorted(self.disabled)[number % len(self.disabled)]
        self._account(person, None)
        self.disabled.remove(person)

    def _account(self, person: int, disabled_at: Any) -> None:
        with writing(self.sample.engine) as connection:
            connection.execute(persons.update().where(persons.c.id == person).values(disabled_at=disabled_at))

    @precondition(lambda self: len(self.ended) < 2)
    @rule(role=st.sampled_from(ROLES), number=NUMBER)
    def leave(self, role: Role, number: int) -> None:
        actor = self.actor(role, number)
        if actor.seat_id in self.added or actor.for_person_id is not None:
            return
        with writing(self.sample.engine) as connection:
            connection.execute(seats.update().where(seats.c.id == actor.seat_id).values(until=ENDED))
        self.ended.add(actor.seat_id or 0)

    @precondition(lambda self: len(self.added) < 6)
    @rule(person=NUMBER, role=st.sampled_from(ROLES))
    def sit_besides(self, person: int, role: Role) -> None:
        """Somebody gets a second seat, in another office or in another chain; every other time one who took part already."""
        like = self.world.by_role[role][0]
        everyone = (person % 2 and sorted(self.ought.duties)) or sorted(self.world.everyone)
        who = self.world.everyone[everyone[person * 5 % len(everyone)]]
        row = {"person_id": who.person_id, "organisation_id": like.organisation_id, "role": role, "since": ENDED}
        with writing(self.sample.engine) as connection:
            seat = connection.execute(seats.insert().values(**row).returning(seats.c.id)).scalar_one()
        self.added.append(seat)
        self.actors[role].append(Actor(who.person_id, seat, like.organisation_id, role, who.name))

    @precondition(lambda self: len(self.grants) < 4)
    @rule(role=st.sampled_from(ROLES), number=NUMBER, other=st.sampled_from(ROLES), whom=NUMBER)
    def lend(self, role: Role, number: int, other: Role, whom: int) -> None:
        """Somebody gives a seat of theirs to somebody else, whom it may or may not help."""
        actor, to = self.actor(role, number), self.actor(other, whom)
        pair = (actor.seat_id or 0, to.person_id or 0)
        if actor.for_person_id is not None or to.for_person_id is not None or actor.person_id == to.person_id:
            return
        if pair in self.grants:
            return
        row = {
            "seat_id": actor.seat_id, "person_id": to.person_id, "since": ENDED, "until": date(2030, 1, 1),
            "reason": "出差", "granted_by": actor.person_id, "at": AT,
        }  # fmt: skip
        with writing(self.sample.engine) as connection:
            made = connection.execute(delegations.insert().values(**row).returning(delegations.c.id)).scalar_one()
        self.grants[pair] = made
        held_for = Actor(to.person_id, actor.seat_id, actor.organisation_id, role, to.name, actor.person_id)
        self.actors[role].append(held_for)

    @precondition(lambda self: self.grants)
    @rule(number=NUMBER)
    def take_back(self, number: int) -> None:
        """A grant ends; whoever had it may still try."""
        pair = sorted(self.grants)[number % len(self.grants)]
        with writing(self.sample.engine) as connection:
            connection.execute(delegations.update().where(delegations.c.id == self.grants.pop(pair)).values(revoked_at=AT))

    @precondition(lambda self: len(self.recused) < 2 and self.ought.state not in ("paid", "refused"))
    @rule(role=st.sampled_from(ROLES), number=NUMBER)
    def recuse(self, role: Role, number: int) -> None:
        """Somebody steps back from the case, for good."""
        actor = self.actor(role, number)
        if actor.for_person_id is not None or not self.sits(actor):
            return
        said = {"person": actor.person_id, "reason": "近亲属在牵头医院任职"}
        self.sample.act(self.case_id, "recuse", actor, said)
        self.recused.add(actor.person_id or 0)

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

    @precondition(lambda self: self.added and self.ought.state == "under_review")
    @rule(number=NUMBER, verdict=VERDICT)
    def newcomer_votes(self, number: int, verdict: str) -> None:
        """Somebody who has just got a seat of a bureau uses it."""
        seats_of = [(role, place) for role, found in self.actors.items() for place in range(2, len(found))]
        votes = [(role, place) for role, place in seats_of if role.rsplit("_", 1)[0] in BUREAUS]
        if votes:
            role, place = votes[number % len(votes)]
            kind, post = role.rsplit("_", 1)
            (self.opine if post == "reviewer" else self.decide)(kind, place, verdict)

    @rule(number=NUMBER)
    def pay(self, number: int) -> None:
        actor, ought = self.actor(Role.AGENCY_HEAD, number), self.ought
        who = tuple(actor.bound_people)
        may = ought.state == "agreed" and self.sits(actor) and ought.free_for(who, "pay")
        if self.attempt("pay", actor, {}, expected=may):
            ought.state = "paid"
            ought.bind(who, "pay")

    @rule(number=NUMBER)
    def go_on(self, number: int) -> None:
        """What leads on from here is done by someone who may, if there is anyone."""
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
                lambda one: vote(kind, one, "agree"), Role(f"{kind}_{post}"),
                lambda one: ought.may_vote(kind, link, tuple(one.bound_people), one.holder_id or 0),
            )  # fmt: skip
        elif ought.state in ways:
            act, role = ways[ought.state]
            duty = {"drafting": "prepare", "agreed": "pay"}.get(ought.state)
            self._by_one_who_may(act, role, lambda one: duty is None or ought.free_for(tuple(one.bound_people), duty))

    @rule(number=NUMBER)
    def go_on_again(self, number: int) -> None:
        self.go_on(number)

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
