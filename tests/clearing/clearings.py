"""A clearing of the sample county, and steps taken on it."""

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
from workflow.clearing.jobs import JOBS
from workflow.db import reading, writing
from workflow.jobs import run_due

stages.load()
NO_FACTS = {"fund_in_deficit": False}


class Desk:
    """One county's clearing, and steps taken on it."""

    def __init__(self, engine: Engine, **year: Any) -> None:
        self.engine, self.keys = engine, 0
        with writing(engine) as connection:
            self.county: County = make_county(connection)
            preceding.a_year(connection, self.county, **year)

    def assess(self, **given: Any) -> None:
        """The fund assessment is final."""
        with writing(self.engine) as connection:
            preceding.assessed(connection, self.county, "fund", **given)

    def tick(self, when: datetime) -> list[Any]:
        """The clearing's own scheduled work, until nothing is due."""
        ran: list[Any] = []
        while fresh := [one for one in run_due(self.engine, when, JOBS) if one.status == "done"]:
            ran += fresh
        return ran

    @property
    def case(self) -> Case:
        """The clearing."""
        with reading(self.engine) as connection:
            return preceding.case_of(connection, "clearing")

    def take(self, trigger: str, role: Role, when: datetime, n: int = 0, **data: Any) -> str:
        """Take a step; returns the state."""
        self.keys += 1
        answer = door.take(
            self.engine, self.case.id, trigger, actor=self.county.actor(role, n=n), key=f"test:{self.keys}", at=when,
            data=data,
        )
        return str(answer["state"])

    def refused(self, trigger: str, role: Role, when: datetime, n: int = 0, **data: Any) -> str:
        """Every reason why a step is refused."""
        with pytest.raises(Refused) as caught:
            self.take(trigger, role, when, n, **data)
        return "；".join(str(one.reason) for one in caught.value.refusals)

    def read(self, question: Callable[[Attempt], Any]) -> Any:
        """Ask the case as it stands."""
        with reading(self.engine) as connection:
            return question(Attempt(connection, preceding.case_of(connection, "clearing"), SYSTEM, at(3, 1)))

    def refused_by(self, trigger: str, code: str, when: datetime, **data: Any) -> str:
        """Every reason why a step is refused to a member's clerk."""
        self.keys += 1
        with pytest.raises(Refused) as caught:
            door.take(
                self.engine, self.case.id, trigger, actor=self.county.actor(Role.MEMBER_CLERK, code),
                key=f"test:{self.keys}", at=when, data=data,
            )
        return "；".join(str(one.reason) for one in caught.value.refusals)

    def entered(self, facts: dict[str, Any] | None = None) -> None:
        """Opened, assessed, facts entered and confirmed."""
        self.assess()
        self.tick(at(1, 10))
        self.take("enter_facts", Role.AGENCY_CLERK, at(1, 12), **(facts or NO_FACTS))
        self.take("confirm_facts", Role.CITY_FINANCE_REVIEWER, at(1, 13))

    def calculated(self, facts: dict[str, Any] | None = None) -> None:
        """Calculated by its job."""
        self.entered(facts)
        self.tick(at(1, 14))

    def approved(self, facts: dict[str, Any] | None = None) -> None:
        """Reconciled and approved by both bureaus."""
        self.calculated(facts)
        self.take("confirm", Role.LEAD_HEAD, at(1, 20))
        for bureau in ("CITY_INSURANCE", "CITY_FINANCE"):
            self.take("review", Role[f"{bureau}_REVIEWER"], at(1, 21), verdict="agree")
            self.take("decide", Role[f"{bureau}_APPROVER"], at(1, 22), verdict="agree")

    def passed_on(self) -> str:
        """The lead has paid its members and proves it by the bank's record; returns the state."""
        self.take("distribute", Role.LEAD_FINANCE, at(1, 26), bank_reference="D1")
        return self.take("bank_proof", Role.LEAD_FINANCE, at(1, 27), bank_reference="R1")
