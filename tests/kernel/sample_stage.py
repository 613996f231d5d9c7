"""A small stage for the tests of the kernel: a draft, three bureaus that rule on it, and a payment.

It is its own module of commands. ``registered`` makes it known for as long as a test needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count
from typing import Any

from sqlalchemy import Connection, Engine

from governance.refusal import Refusal
from governance.roles import Duty, Role
from tests.people import County, make_county
from workflow import door, ledger, lifecycle
from workflow.attempt import Actor, Attempt
from workflow.db import writing
from workflow.machines import STAGES, STAY, Ballot, BallotSeat, Stage, step

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
BUREAUS = ("city_health", "city_insurance", "city_finance")
REVIEWERS = tuple(Role(f"{kind}_reviewer") for kind in BUREAUS)
APPROVERS = tuple(Role(f"{kind}_approver") for kind in BUREAUS)
FEN = 1_000_00


class State(StrEnum):
    DRAFTING = "drafting"
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    AGREED = "agreed"
    REFUSED = "refused"
    PAID = "paid"


def amount_is_given(attempt: Attempt) -> Refusal | None:
    """A guard: nothing is submitted without its amount."""
    if attempt.dossier.get("amount_fen"):
        return None
    return Refusal(reason="金额尚未填写", who="牵头医院经办", fact="amount")


def edit(attempt: Attempt, *, amount_fen: int) -> None:
    attempt.dossier["amount_fen"] = amount_fen
    attempt.case.amount_fen = amount_fen


def amend(attempt: Attempt, *, amount_fen: int) -> None:
    edit(attempt, amount_fen=amount_fen)


def submit_urgent(attempt: Attempt) -> None:
    attempt.follow = "admit"


def pay(attempt: Attempt) -> None:
    fen = attempt.dossier["amount_fen"]
    attempt.progress["voucher"] = ledger.post(
        attempt.connection, book="sample/resident", year=2026, biz_key=f"sample:{attempt.case.id}:pay",
        case_id=attempt.case.id, memo="样例支付", lines=[("payable", "lead", fen), ("bank", "", -fen)], at=attempt.at,
    )  # fmt: skip


def three_bureaus(attempt: Attempt) -> list[BallotSeat]:
    """One seat for each bureau of the city."""
    found = []
    for kind, review, approve in zip(BUREAUS, REVIEWERS, APPROVERS, strict=True):
        number = attempt.parties.bodies[kind]
        found.append(BallotSeat(kind, number, attempt.parties.names[number], (review, approve)))
    return found


RULING = Ballot(
    "ruling", "联合评定", (State.UNDER_REVIEW,), three_bureaus,
    then={"passed": "agree", "failed": "refuse", "returned": "hand_back"},
)  # fmt: skip

STEPS = (
    step("edit", State.DRAFTING, STAY, "填写", Role.LEAD_CLERK, duty=Duty.PREPARE),
    step("submit", State.DRAFTING, State.SUBMITTED, "提交", Role.LEAD_CLERK, amount_is_given, duty=Duty.PREPARE),
    step("submit_urgent", State.DRAFTING, State.SUBMITTED, "加急提交", Role.LEAD_HEAD, amount_is_given, task=False),
    step("accept", State.SUBMITTED, State.UNDER_REVIEW, "受理", Role.AGENCY_CLERK),
    step("admit", State.SUBMITTED, State.UNDER_REVIEW, "转入评定", Role.SYSTEM),
    step("amend", State.UNDER_REVIEW, STAY, "补正", Role.LEAD_CLERK, duty=Duty.PREPARE, task=False),
    step("opine", State.UNDER_REVIEW, STAY, "出具经办意见", REVIEWERS, duty=Duty.REVIEW, casts=("ruling", "review"),
         edits=False),
    step("decide", State.UNDER_REVIEW, STAY, "作出决定", APPROVERS, duty=Duty.APPROVE, casts=("ruling", "approve"),
         edits=False),
    step("agree", State.UNDER_REVIEW, State.AGREED, "评定通过", Role.SYSTEM),
    step("refuse", State.UNDER_REVIEW, State.REFUSED, "评定不通过", Role.SYSTEM),
    step("hand_back", State.UNDER_REVIEW, State.DRAFTING, "退回", Role.SYSTEM),
    step("pay", State.AGREED, State.PAID, "支付", Role.AGENCY_HEAD, duty=Duty.PAY),
)  # fmt: skip

STAGE = Stage(
    name="sample",
    label="样例事项",
    states=State,
    state_labels={
        "drafting": "填写中", "submitted": "已提交", "under_review": "评定中", "agreed": "已通过", "refused": "未通过",
        "paid": "已支付",
    },
    steps=STEPS,
    commands=sys.modules[__name__],
    ballots=(RULING,),
    final=frozenset({"refused", "paid"}),
    main_path=("drafting", "submitted", "under_review", "agreed", "paid"),
)  # fmt: skip


@contextmanager
def registered() -> Iterator[Stage]:
    """The sample stage is known inside, and unknown to every other test."""
    STAGES["sample"] = STAGE
    try:
        yield STAGE
    finally:
        del STAGES["sample"]


@dataclass
class Sample:
    """A sample county in a database, with short words for opening cases and taking steps in it."""

    engine: Engine
    county: County
    numbers: Any = field(default_factory=lambda: count(1))

    def actor(self, role: Role, n: int = 0) -> Actor:
        """The ``n``-th person holding ``role``."""
        return self.county.actor(role, n=n)

    def open_case(self, state: str = "drafting", fen: int = FEN, connection: Connection | None = None) -> int:
        """A new case that begins in ``state``."""
        if connection is None:
            with writing(self.engine) as own:
                return self.open_case(state, fen, own)
        return lifecycle.open_case(
            connection, "sample", self.county.consortium_id, actor=self.actor(Role.LEAD_CLERK), at=AT,
            place=self.county.place, pool="resident", period="2026", serial=next(self.numbers), state=state,
            dossier={"amount_fen": fen} if fen else {},
        )  # fmt: skip

    def take(self, case_id: int, trigger: str, actor: Actor, **options: Any) -> dict[str, Any]:
        """One step through the door, with a key of its own unless ``key`` is given."""
        options.setdefault("key", f"test:{next(self.numbers)}")
        options.setdefault("at", AT)
        return door.take(self.engine, case_id, trigger, actor=actor, **options)

    def act(self, case_id: int, verb: str, actor: Actor, data: dict[str, Any]) -> dict[str, Any]:
        """Something done around a case, through the door."""
        return door.act(self.engine, case_id, verb, actor=actor, key=f"test:{next(self.numbers)}", at=AT, data=data)

    def opine(self, case_id: int, kinds: tuple[str, ...] = BUREAUS) -> None:
        """The reviewers of ``kinds`` give their opinions."""
        for kind in kinds:
            self.take(case_id, "opine", self.actor(Role(f"{kind}_reviewer")), data={"verdict": "agree"})

    def decide(self, case_id: int, kinds: tuple[str, ...] = BUREAUS, verdict: str = "agree") -> None:
        """The approvers of ``kinds`` decide, with the same verdict."""
        data = {"verdict": verdict, "opinion": "" if verdict == "agree" else "依据不足"}
        for kind in kinds:
            self.take(case_id, "decide", self.actor(Role(f"{kind}_approver")), data=data)


def settle_in(engine: Engine, **options: Any) -> Sample:
    """A sample county in a fresh database."""
    with writing(engine) as connection:
        return Sample(engine, make_county(connection, **options))
