"""Assessments of the sample county, and steps taken on them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from tests.clearing import preceding
from tests.clearing.preceding import at
from tests.people import County, make_county
from workflow import door, stages
from workflow.assessment.jobs import JOBS
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.db import reading, writing
from workflow.jobs import run_due
from workflow.model import cases

stages.load()
VALUES = {
    "cost_growth": "6.4", "reimbursement_ratio": "66.1", "primary_visit_share": "58", "in_county_fund_share": "71.5",
    "primary_fund_share": "24",
}
ENTRIES = [{"indicator": key, "value": value, "document": "样例统计〔2026〕2号"} for key, value in VALUES.items()]
MEMBERS = ("lead", "tcm", "town-1", "town-2", "village-1")
INTERNAL = {"workload": "88", "primary_care": "120", "quality": "1", "chronic_control": "72"}


class Desk:
    """One county's assessments, and steps taken on them."""

    def __init__(self, engine: Engine, scheme: str = "fund") -> None:
        self.engine, self.scheme, self.keys = engine, scheme, 0
        with writing(engine) as connection:
            self.county: County = make_county(connection)
            preceding.agreed(connection, self.county)
        self.tick(at(1, 1))

    def tick(self, when: datetime) -> list[Any]:
        """The assessments' own scheduled work."""
        return run_due(self.engine, when, JOBS)

    @property
    def case(self) -> Case:
        """The assessment of the scheme."""
        with reading(self.engine) as connection:
            query = select(cases).where(cases.c.stage == "assessment", cases.c.period == f"2025-{self.scheme}")
            return Case(*connection.execute(query).one())

    def read(self, question: Callable[[Attempt], Any]) -> Any:
        """Ask the case as it stands."""
        case = self.case
        with reading(self.engine) as connection:
            return question(Attempt(connection, case, SYSTEM, at(2, 1)))

    def take(self, trigger: str, role: Role, when: datetime, code: str | None = None, n: int = 0, **data: Any) -> str:
        """Take a step; returns the state."""
        self.keys += 1
        answer = door.take(
            self.engine, self.case.id, trigger, actor=self.county.actor(role, code, n), key=f"test:{self.keys}",
            at=when, data=data,
        )
        return str(answer["state"])

    def refused(
        self, trigger: str, role: Role, when: datetime, code: str | None = None, n: int = 0, **data: Any
    ) -> str:
        """Every reason why a step is refused."""
        with pytest.raises(Refused) as caught:
            self.take(trigger, role, when, code, n, **data)
        return "；".join(str(one.reason) for one in caught.value.refusals)

    def reported(self) -> None:
        """Collected and handed over, daily checks included."""
        self.take("record", Role.LEAD_CLERK, at(1, 8), entries=ENTRIES)
        self.take("record_daily", Role.CITY_INSURANCE_REVIEWER, at(1, 9), scores="90 84 88", document="检〔2025〕汇总")
        self.take("self_report", Role.LEAD_CLERK, at(1, 10))

    def published(self) -> None:
        """Reviewed and published."""
        self.reported()
        self.take("review", Role.CITY_INSURANCE_REVIEWER, at(1, 12))
        self.take("publish", Role.CITY_INSURANCE_REVIEWER, at(1, 13), document="样例医保公告〔2026〕1号")
