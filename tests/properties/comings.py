"""People come and go while a case is decided; what they try is held to what ought to happen."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from governance.refusal import Refused
from governance.roles import Role
from tests.kernel.sample_stage import AT, BUREAUS
from tests.properties.expectation import Expected
from tests.properties.oracle import picture
from tests.properties.world import ENDED, NUMBER, ROLES, World
from workflow import lifecycle
from workflow.acts.model import delegations
from workflow.attempt import Actor
from workflow.db import reading, writing
from workflow.organisations.model import persons, seats


class Comings(RuleBasedStateMachine):
    """Random people get seats and lose them, lend them, take them back, step back; and how any of them tries a step."""

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
        """Somebody gets a second seat, every other time somebody who took part already."""
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
            mine = delegations.c.id == self.grants.pop(pair)
            connection.execute(delegations.update().where(mine).values(revoked_at=AT))

    @precondition(lambda self: len(self.recused) < 1 and self.ought.state not in ("paid", "refused"))
    @rule(role=st.sampled_from(ROLES), number=NUMBER)
    def recuse(self, role: Role, number: int) -> None:
        """Somebody steps back from the case, for good."""
        actor = self.actor(role, number)
        if actor.for_person_id is not None or not self.sits(actor):
            return
        said = {"person": actor.person_id, "reason": "近亲属在牵头医院任职"}
        self.sample.act(self.case_id, "recuse", actor, said)
        self.recused.add(actor.person_id or 0)
