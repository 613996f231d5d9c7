"""A small stage for tests of returns and recalls: drafted, checked and approved in one round over two states, paid."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count
from typing import Any

from sqlalchemy import Engine

from governance.roles import Duty, Role
from tests.people import County, make_county
from workflow import clocks, door, ledger, lifecycle
from workflow.attempt import Actor, Attempt
from workflow.db import writing
from workflow.machines import STAGES, STAY, Ballot, BallotSeat, Stage, part, step
from workflow.recalling import recalls
from workflow.returning import back, forth

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)


class State(StrEnum):
    DRAFTING = "drafting"
    SUBMITTED = "submitted"
    CHECKED = "checked"
    APPROVED = "approved"
    PAID = "paid"


def edit(attempt: Attempt, *, amount_fen: int | None = None, note: str | None = None) -> None:
    if amount_fen is not None:
        attempt.dossier["amount"] = {"fen": amount_fen}
        attempt.case.amount_fen = amount_fen
    if note is not None:
        attempt.dossier["note"] = note


def submit(attempt: Attempt, *, note: str | None = None) -> None:
    edit(attempt, note=note)
    attempt.progress["submitted"] = "yes"
    clocks.start(attempt, "review", attempt.rule("settlement.pay_lead_within"), Role.AGENCY_REVIEWER)


def sneak(attempt: Attempt) -> None:
    attempt.dossier["note"] = "changed by a job"


def book(attempt: Attempt) -> None:
    ledger.post(
        attempt.connection, book="mending/resident", year=2026, biz_key=f"mending:{attempt.case.id}",
        case_id=attempt.case.id, memo="样例", lines=[("payable", "lead", 5), ("bank", "", -5)], at=attempt.at,
    )  # fmt: skip


def agency(attempt: Attempt) -> list[BallotSeat]:
    """The agency's one seat, reviewer and head."""
    number = attempt.parties.bodies["agency"]
    return [BallotSeat("agency", number, attempt.parties.names[number], (Role.AGENCY_REVIEWER, Role.AGENCY_HEAD))]


STEPS = (
    step("edit", State.DRAFTING, STAY, "填写", Role.LEAD_CLERK, duty=Duty.PREPARE),
    step("submit", State.DRAFTING, State.SUBMITTED, "提交", Role.LEAD_CLERK, duty=Duty.PREPARE, recallable=True),
    forth(State.DRAFTING, (State.SUBMITTED, State.CHECKED), Role.LEAD_CLERK, duty=Duty.PREPARE),
    step("sneak", (State.DRAFTING, State.CHECKED), STAY, "后台改动", Role.SYSTEM),
    step("check", State.SUBMITTED, State.CHECKED, "复核", Role.AGENCY_REVIEWER, duty=Duty.REVIEW,
         casts=("approval", "review"), edits=False, recallable=True),
    back(State.SUBMITTED, State.DRAFTING, Role.AGENCY_REVIEWER, duty=Duty.REVIEW),
    step("remark", (State.SUBMITTED, State.CHECKED), STAY, "说明", (Role.AGENCY_CLERK, Role.LEAD_CLERK), task=False),
    step("tick", (State.SUBMITTED, State.CHECKED), STAY, "提醒", Role.SYSTEM),
    step("book", (State.SUBMITTED, State.CHECKED), STAY, "记账", Role.SYSTEM),
    step("approve", State.CHECKED, State.APPROVED, "审批", Role.AGENCY_HEAD, duty=Duty.APPROVE,
         casts=("approval", "approve"), edits=False),
    back(State.CHECKED, (State.DRAFTING, State.SUBMITTED), Role.AGENCY_HEAD, duty=Duty.APPROVE, pauses=("review",)),
    step("pay", State.APPROVED, State.PAID, "支付", Role.AGENCY_CLERK, duty=Duty.PAY),
)  # fmt: skip

WORDS = {"drafting": "填写中", "submitted": "已提交", "checked": "已复核", "approved": "已审批", "paid": "已支付"}
APPROVAL = Ballot("approval", "审批", (State.SUBMITTED, State.CHECKED), agency)


def stage(**changed: Any) -> Stage:
    """The stage, or one like it."""
    told: dict[str, Any] = {
        "name": "mending", "label": "样例退回", "states": State, "state_labels": WORDS,
        "steps": (*STEPS, *recalls(STEPS)), "commands": sys.modules[__name__], "ballots": (APPROVAL,),
        "final": frozenset({"paid"}), "main_path": tuple(map(str, State)),
        "parts": (part("amount", "金额"), part("note", "说明")),
    }  # fmt: skip
    return Stage(**(told | changed))


def renamed(old: str, new: str) -> Stage:
    """The stage with one state under another name."""
    names = [new if one == old else str(one) for one in State]

    def turned(states: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if one == old else str(one) for one in states)

    steps = tuple(
        replace(one, source=turned(one.source), dest=new if one.dest == old else one.dest, dests=turned(one.dests))
        for one in STEPS
    )
    words = {new if key == old else key: f"{label}（新）" if key == old else label for key, label in WORDS.items()}
    return stage(
        states=StrEnum("Renamed", [(one.upper(), one) for one in names]), steps=(*steps, *recalls(steps)),
        state_labels=words, main_path=tuple(names), ballots=(replace(APPROVAL, states=turned(APPROVAL.states)),),
    )  # fmt: skip


@contextmanager
def registered(known: Stage | None = None) -> Iterator[Stage]:
    """The stage (or another version of it) is the one in the code, inside."""
    before = STAGES.get("mending")
    STAGES["mending"] = known or stage()
    try:
        yield STAGES["mending"]
    finally:
        if before is None:
            del STAGES["mending"]
        else:
            STAGES["mending"] = before


@dataclass
class Desk:
    """A county in a database, and short words for cases of the stage."""

    engine: Engine
    county: County
    numbers: Any = field(default_factory=lambda: count(1))

    def actor(self, role: Role, n: int = 0) -> Actor:
        return self.county.actor(role, n=n)

    def open_case(self, state: str = "drafting") -> int:
        with writing(self.engine) as connection:
            return lifecycle.open_case(
                connection, "mending", self.county.consortium_id, actor=self.actor(Role.LEAD_CLERK), at=AT,
                place=self.county.place, pool="resident", period="2026", serial=next(self.numbers), state=state,
                dossier={"amount": {"fen": 1}, "note": "初稿"},
            )  # fmt: skip

    def take(self, case_id: int, trigger: str, role: Role | Actor, at: datetime = AT, **data: Any) -> str:
        """One step by whoever holds ``role``; returns the state it leads to."""
        actor = role if isinstance(role, Actor) else self.actor(role)
        key = f"mending:{next(self.numbers)}"
        return str(door.take(self.engine, case_id, trigger, actor=actor, key=key, at=at, data=data)["state"])

    def case_at(self, state: str) -> int:
        """A new case that was taken to ``state`` step by step."""
        case_id = self.open_case()
        for trigger, role, reached in (
            ("submit", Role.LEAD_CLERK, "submitted"), ("check", Role.AGENCY_REVIEWER, "checked"),
            ("approve", Role.AGENCY_HEAD, "approved"),
        ):  # fmt: skip
            self.take(case_id, trigger, role)
            if reached == state:
                break
        return case_id


def settle_in(engine: Engine) -> Desk:
    """A county in a fresh database."""
    with writing(engine) as connection:
        return Desk(engine, make_county(connection))
