"""A county with a decided surplus plan, a cleared year and a budget per head: what the trials start from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from tests.conftest import app_on
from tests.governance.books import year
from tests.journeys.walking import Visitor, Walk
from tests.people import County, _organisation, _people, make_county
from workflow import lifecycle, stages
from workflow.actor import SYSTEM
from workflow.attempt import Attempt, Case
from workflow.clock import real_now
from workflow.db import make_engine, metadata, reading, writing
from workflow.model import cases

DAY = date(2025, 12, 31)
PLAN = {
    "consortium": "sample-a", "pool": "resident", "year": 2025, "retained_fen": 800_000_000, "lead": "lead",
    "members": [
        {"member": "lead", "level": "county", "weight": "87.6"},
        {"member": "tcm", "level": "county", "weight": "80"},
        {"member": "town-1", "level": "township", "weight": "87.65"},
        {"member": "town-2", "level": "township", "weight": "83.9"},
        {"member": "village-1", "level": "village", "weight": "84"},
    ],
}  # fmt: skip
YEAR = year(
    consortium="sample-a", pool="resident", year=2025, budget_fen=1_200_000_00, own_fen=1_000_000_00,
    away_fen=100_000_00, deposit_withheld_fen=50_000_00, score="81.72",
)  # fmt: skip
BUDGET = {
    "consortium": "sample-a", "pool": "resident", "year": 2025, "insured": 1000, "risk_fund_increment_fen": 0,
    "catastrophic_premium_fen": 0,
}  # fmt: skip


@dataclass
class Desk:
    """The county, its app, and the numbers of its cases by what they are about."""

    app: Flask
    engine: Engine
    county: County
    cases: dict[str, int] = field(default_factory=dict)

    def visitor(self, code: str = "agency", role: str = "agency_reviewer") -> Visitor:
        """Somebody signed in, whose first pages have been seen."""
        visitor = Walk(self.app).visitor(code, role)
        visitor.post("/preferences")
        return visitor

    def decide(
        self, stage: str, sheet: str, facts: Mapping[str, Any], place: str, agreement: Mapping[str, Any]
    ) -> None:
        """Open a case with its calculated sheet."""
        with writing(self.engine) as connection:
            number = lifecycle.open_case(
                connection, stage, self.county.consortium_id, actor=SYSTEM, at=real_now(), place=place,
                pool="resident", period="2025",
            )  # fmt: skip
            case = Case(*connection.execute(select(cases).where(cases.c.id == number)).one())
            Attempt(connection, case, SYSTEM, real_now()).calculate(sheet, facts, on=DAY, agreement=agreement)
        self.cases[sheet] = number

    def everything(self) -> dict[str, list[Any]]:
        """Every row of every table."""
        with reading(self.engine) as connection:
            return {
                table.name: sorted(map(repr, connection.execute(select(table)))) for table in metadata.sorted_tables
            }


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    """The county and its decided sheets, on either kind of database."""
    yield from made(database_url)


@pytest.fixture
def sqlite_desk(sqlite_url: str) -> Iterator[Desk]:
    """The same on SQLite."""
    yield from made(sqlite_url)


def made(url: str) -> Iterator[Desk]:
    """The county on an empty database."""
    stages.load()
    engine = make_engine(url)
    with writing(engine) as connection:
        county = make_county(connection)
        _organisation(connection, county, "stranger", "hospital", county.place)
        _people(connection, county, "stranger", ("lead_clerk",))
    with app_on(url) as app:
        desk = Desk(app, engine, county)
        desk.decide("surplus_plan", "surplus-plan", PLAN, county.place, {})
        tiers = {"clearing.overrun": [{"upto": "0.05", "fund": "0.4"}], "settlement.deposit_ratio": "0.05"}
        desk.decide("clearing", "annual-clearing", YEAR, county.place, tiers)
        desk.decide("budget", "budget", BUDGET, "demo-suixi", {})
        yield desk
    engine.dispose()
