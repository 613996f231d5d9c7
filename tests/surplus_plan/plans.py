"""A plan of the sample county, and steps taken on it, on working days of 2026."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from governance.refusal import Refused
from governance.roles import Role
from tests.clearing import preceding
from tests.clearing.preceding import at
from tests.people import County, make_county
from workflow import door, stages
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.db import reading, writing
from workflow.jobs import run_due
from workflow.surplus_plan.jobs import JOBS

stages.load()
RETAINED_FEN = 123_456_789
DRAFT: dict[str, Any] = {"deductions": [{"name": "consortium_risk_fund", "amount_fen": 3_456_789}]}


class Desk:
    """One county's plan, and steps taken on it."""

    def __init__(
        self, engine: Engine, *, weighed: bool = True, weights: dict[str, str] | None = None, **cleared: int
    ) -> None:
        self.engine, self.keys, self.deductions = engine, 0, DRAFT
        with writing(engine) as connection:
            self.county: County = make_county(connection)
            preceding.agreed(connection, self.county)
            if weighed:
                preceding.assessed(connection, self.county, "contribution", weights=weights)
            self.cleared = preceding.cleared(connection, self.county, **(cleared or {"retained_fen": RETAINED_FEN}))
        self.tick(at(3, 2))

    def tick(self, when: datetime) -> list[Any]:
        """The plan's own scheduled work."""
        return run_due(self.engine, when, JOBS)

    @property
    def case(self) -> Case:
        """The plan."""
        with reading(self.engine) as connection:
            return preceding.case_of(connection, "surplus_plan")

    def read(self, question: Callable[[Attempt], Any]) -> Any:
        """Ask the plan as it stands."""
        with reading(self.engine) as connection:
            return question(Attempt(connection, preceding.case_of(connection, "surplus_plan"), SYSTEM, at(3, 1)))

    def take(self, trigger: str, role: Role, when: datetime, code: str | None = None, n: int = 0, **data: Any) -> str:
        """Take a step; returns the state."""
        self.keys += 1
        actor = self.county.actor(role, code, n)
        answer = door.take(
            self.engine, self.case.id, trigger, actor=actor, key=f"test:{self.keys}", at=when, data=data
        )
        return str(answer["state"])

    def refused(
        self, trigger: str, role: Role, when: datetime, code: str | None = None, n: int = 0, **data: Any
    ) -> str:
        """Every reason why a step is refused."""
        with pytest.raises(Refused) as caught:
            self.take(trigger, role, when, code, n, **data)
        return "；".join(str(one.reason) for one in caught.value.refusals)

    def seat(self, role: Role, n: int = 0) -> int:
        """The number of a committee member's seat."""
        seat = self.county.actor(role, n=n).seat_id
        assert seat is not None
        return seat

    @property
    def members(self) -> list[int]:
        """The seats of the seven members; with the chair the committee has eight."""
        return [self.seat(Role.COMMITTEE_MEMBER, n) for n in range(7)]

    def consulted(self) -> None:
        """Drafted, and every member has agreed."""
        self.take("draft", Role.LEAD_FINANCE, at(3, 3), **self.deductions)
        self.take("open_consultation", Role.LEAD_FINANCE, at(3, 3))
        for code in ("tcm", "town-1", "town-2", "village-1"):
            self.take("give_opinion", Role.MEMBER_HEAD, at(3, 4), code, verdict="agree")

    def in_session(self, present: list[int] | None = None, **more: Any) -> None:
        """Convened, and attendance registered."""
        self.consulted()
        self.take("convene", Role.COMMITTEE_SECRETARY, at(3, 5), session_date="2026-03-12", place="二楼会议室")
        everyone = [self.seat(Role.COMMITTEE_CHAIR), *self.members]
        self.take("register_attendance", Role.COMMITTEE_SECRETARY, at(3, 12),
                  present=everyone if present is None else present, **more)

    def votes(self, verdicts: list[str], first: int = 0) -> str:
        """Members vote in their order; returns the state."""
        state = ""
        for number, verdict in enumerate(verdicts, start=first):
            given = {"verdict": verdict, "opinion": "意见"}
            state = self.take("vote", Role.COMMITTEE_MEMBER, at(3, 12, hour=10), n=number, **given)
        return state

    def filed(self) -> None:
        """Adopted, minuted and filed with both bodies."""
        self.in_session()
        self.votes(["agree"] * 6)
        self.take("close_session", Role.COMMITTEE_SECRETARY, at(3, 13), minutes="六票同意，通过。")
        self.take("check_filing", Role.AGENCY_REVIEWER, at(3, 16), filing_number="备〔2026〕1号")
        self.take("approve_filing", Role.AGENCY_HEAD, at(3, 16))
        self.take("check_filing", Role.COUNTY_HEALTH_REVIEWER, at(3, 17), filing_number="卫备〔2026〕3号")
        self.take("approve_filing", Role.COUNTY_HEALTH_APPROVER, at(3, 17))
