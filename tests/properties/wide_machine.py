"""The same search with everything beside the steps: returns, recalls, added seats, paper, handing on, administrators.

What must succeed is not foretold here; what must never be is looked for after everything that did.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import select

from governance.refusal import Refused
from governance.roles import Role
from tests.kernel.sample_stage import BUREAUS
from tests.properties.machine import Decisions
from tests.properties.world import KIND, NUMBER, ROLES, VERDICT
from workflow import files, lifecycle
from workflow.actor import Actor
from workflow.acts.model import added_seats, interventions, papers
from workflow.db import reading
from workflow.model import cases, round_seats, rounds, tasks

SCAN = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
POST = st.sampled_from(("reviewer", "approver"))


class Everything(Decisions):
    """Anything anyone might do with every verb there is."""

    def attempt(self, trigger: str, actor: Actor, data: dict[str, Any], *, expected: bool) -> bool:
        """Try a step, whatever is expected of a simpler stage; the model is read anew from the rows."""
        return self._try(lambda: self.sample.take(self.case_id, trigger, actor, data=data), trigger)

    def act(self, verb: str, actor: Actor, **data: Any) -> None:
        """Try an act beside the steps."""
        self._try(lambda: self.sample.act(self.case_id, verb, actor, data), verb)

    def _try(self, doing: Callable[[], Any], verb: str) -> bool:
        type(self).world.taken += 1
        before = self.picture()
        try:
            doing()
        except (Refused, lifecycle.NotFound):
            assert self.picture() == before, f"{verb} was refused and left a trace"
            return False
        self.looked_at = False
        seen = self.picture()
        self.ought.state, self.ought.fen = seen["case"][0].state, seen["case"][0].amount_fen or 0
        self.ought.duties = {row.person_id: row.duty for row in seen["actors"]}
        newest = seen["rounds"][-1] if seen["rounds"] else None
        if newest is not None:
            given = [row for row in seen["decisions"] if row.round_no == newest.round_no and "+" not in row.seat_key]
            self.ought.votes = {(row.seat_key, row.link): row.verdict for row in given}
            self.ought.voters = {row.person_id for row in given}
            self.ought.eligible = {
                row.seat_key: frozenset(json.loads(row.eligible))
                for row in seen["seats"]
                if row.round_no == newest.round_no
            }
        return False

    def rows(self, query: Any) -> list[Any]:
        """Rows that a rule needs to know what could be done."""
        with reading(self.sample.engine) as connection:
            return list(connection.execute(query))

    # Back and forth.

    @rule(
        kind=KIND, number=NUMBER, to=st.sampled_from(("", "drafting", "submitted")),
        way=st.sampled_from(("in_order", "straight")), named=st.booleans(),
    )  # fmt: skip
    def send_back(self, kind: str, number: int, to: str, way: str, named: bool) -> None:
        role = Role.AGENCY_CLERK if self.ought.state == "submitted" else Role(f"{kind}_approver")
        data = {"reason": "请核对金额", "to": to, "way": way, "sections": ["amount"] if named else []}
        self.attempt("send_back", self.actor(role, number), data, expected=True)

    @rule(number=NUMBER)
    def straight_back(self, number: int) -> None:
        self.attempt("straight_back", self.actor(Role.LEAD_CLERK, number), {}, expected=True)

    @rule(number=NUMBER, role=st.sampled_from((Role.LEAD_CLERK, Role.AGENCY_CLERK)))
    def take_back_step(self, number: int, role: Role) -> None:
        self.attempt("take_back", self.actor(role, number), {"reason": "填错了"}, expected=True)

    # Added seats.

    @rule(kind=KIND, post=POST, number=NUMBER, whom=NUMBER, place=st.sampled_from(("before", "beside", "after")))
    def ask(self, kind: str, post: str, number: int, whom: int, place: str) -> None:
        colleagues = [*self.actors[Role(f"{kind}_reviewer")], *self.actors[Role(f"{kind}_approver")]]
        seat = colleagues[whom % len(colleagues)].seat_id
        who = self.actor(Role(f"{kind}_{post}"), number)
        self.act("add_seat", who, person=seat, place=place, reason="请提意见")

    @rule(kind=KIND, post=POST, number=NUMBER, verdict=VERDICT)
    def give(self, kind: str, post: str, number: int, verdict: str) -> None:
        said = {"verdict": verdict, "opinion": "" if verdict == "agree" else "依据不足"}
        self.act("added_opinion", self.actor(Role(f"{kind}_{post}"), number), **said)

    @rule(number=NUMBER)
    def whoever_was_asked_gives(self, number: int) -> None:
        """One of those who were asked and have not spoken says yes."""
        open_rows = self.rows(
            select(added_seats.c.person_id, round_seats.c.organisation_id)
            .join(rounds, (rounds.c.case_id == added_seats.c.case_id) & (rounds.c.round_no == added_seats.c.round_no))
            .join(
                round_seats,
                (round_seats.c.case_id == added_seats.c.case_id) & (round_seats.c.round_no == added_seats.c.round_no)
                & (round_seats.c.seat_key == added_seats.c.seat_key),
            )
            .where(added_seats.c.case_id == self.case_id, added_seats.c.removed_at.is_(None))
            .where(rounds.c.outcome == "open")
        )  # fmt: skip
        everyone = [one for found in self.actors.values() for one in found if one.for_person_id is None]
        asked = {(row.person_id, row.organisation_id) for row in open_rows}
        able = [one for one in everyone if (one.person_id, one.organisation_id) in asked]
        if able:
            self.act("added_opinion", able[number % len(able)], verdict="agree")

    @rule(kind=KIND, post=POST, number=NUMBER, which=st.integers(1, 2))
    def take_back_seat(self, kind: str, post: str, number: int, which: int) -> None:
        self.act("take_back_seat", self.actor(Role(f"{kind}_{post}"), number), seat=f"{kind}+{which}")

    # Paper.

    @precondition(lambda self: self.ought.state == "under_review")
    @rule(kind=KIND, number=NUMBER, signer=NUMBER, verdict=VERDICT, stale=st.booleans(), second=st.integers(0, 3))
    def register_paper(
        self, kind: str, number: int, signer: int, verdict: str, stale: bool, second: int
    ) -> None:
        votes = self.ought.votes
        ready = [one for one in BUREAUS if (one, "review") in votes and (one, "approve") not in votes]
        kind = ready[number % len(ready)] if ready and not stale else kind
        content = self.rows(select(cases.c.subject_hash).where(cases.c.id == self.case_id))[0].subject_hash
        if stale and verdict == "return":
            content = hashlib.sha256(b"other").hexdigest()
        line = {
            "key": f"decide|{kind}", "signer": self.actor(Role(f"{kind}_approver"), signer).seat_id,
            "verdict": verdict, "opinion": "" if verdict == "agree" else "见纸面",
        }  # fmt: skip
        self.act(
            "register_paper", self.actor(Role(f"{kind}_reviewer"), number), document_number="样函〔2026〕1号",
            signed_on="2026-03-02", content=content[:16], decided=[line], scan=files.keep(SCAN, "签署.pdf"),
        )  # fmt: skip
        if second < 3:
            self.confirm_paper(number + second, Role(f"{kind}_reviewer"), "confirm")

    @precondition(lambda self: self.ought.state == "under_review")
    @rule(number=NUMBER, role=st.sampled_from(ROLES[3:]), said=st.sampled_from(("confirm", "confirm", "reject")))
    def confirm_paper(self, number: int, role: Role, said: str) -> None:
        open_ones = (papers.c.case_id == self.case_id) & (papers.c.state == "registered")
        for row in self.rows(select(papers.c.id, papers.c.seat_key).where(open_ones)):
            own = role if number == 7 else Role(f"{row.seat_key}_{role.rsplit('_', 1)[1]}")
            self.act("confirm_paper", self.actor(own, number), paper=row.id, said=said, reason="核对扫描件")

    # Handing on, and administrators.

    @rule(role=st.sampled_from(ROLES), number=NUMBER, whom=NUMBER)
    def reassign(self, role: Role, number: int, whom: int) -> None:
        actor = self.actor(role, number)
        own = (tasks.c.case_id == self.case_id) & (tasks.c.organisation_id == actor.organisation_id)
        found = self.rows(select(tasks.c.trigger, tasks.c.organisation_id, tasks.c.role).where(own))
        for row in found[:1]:
            key = f"{row.trigger}|{row.organisation_id}|{row.role}"
            person = 0 if whom == 7 else self.actor(role, whom).person_id
            self.act("reassign", actor, task=key, person=person, reason="外出学习")

    @rule(number=NUMBER, other=NUMBER)
    def administer(self, number: int, other: int) -> None:
        """Two administrators begin a round anew, where a seat is empty, or release what was handed on."""
        staff = self.sample.county.actors["platform", "administrator"]
        for target in ("reseat:ruling", *(f"release:{row}" for row in self._handed_on())):
            self.act("intervention_propose", staff[number % 2], target=target, reason="人员调离")
        open_ones = (interventions.c.case_id == self.case_id) & (interventions.c.state == "proposed")
        for row in self.rows(select(interventions.c.id).where(open_ones)):
            self.act("intervention_done", staff[other % 2], intervention=row.id, note="已核对")

    def _handed_on(self) -> list[str]:
        given = (tasks.c.case_id == self.case_id) & tasks.c.person_id.isnot(None)
        rows = self.rows(select(tasks.c.trigger, tasks.c.organisation_id, tasks.c.role).where(given))
        return [f"{row.trigger}|{row.organisation_id}|{row.role}" for row in rows]



