"""Budgets open on signing and each autumn, and end once their year is cleared."""

from __future__ import annotations

from sqlalchemy import Engine, select

from tests.agreement.signing import at_day, county_of, tick
from tests.budget.budgeting import AT, agreed, budgets, issued
from workflow.budget import jobs
from workflow.budget.model import figure
from workflow.db import reading, writing
from workflow.model import cases


def test_signing_opens_this_years_budget_and_autumn_the_next_years(engine: Engine) -> None:
    county = county_of(engine)
    agreed(engine, county)
    tick(engine, AT, jobs.JOBS)
    assert [(one.period, one.pool, one.state) for one in budgets(engine, county.consortium_id)] == [
        ("2025", "resident", "drafting")
    ]
    assert tick(engine, at_day("2025-09-30"), jobs.JOBS) == []
    tick(engine, at_day("2025-10-01"), jobs.JOBS)
    assert tick(engine, at_day("2025-10-02"), jobs.JOBS) == []
    assert [one.period for one in budgets(engine, county.consortium_id)] == ["2025", "2026"]


def test_each_pool_agreed_on_has_a_budget_of_its_own(engine: Engine) -> None:
    county = county_of(engine)
    agreed(engine, county, pools=["resident", "employee"])
    tick(engine, AT, jobs.JOBS)
    assert sorted(one.pool for one in budgets(engine, county.consortium_id)) == ["employee", "resident"]


def test_no_budget_for_years_before_a_takeover_or_without_an_agreement(engine: Engine) -> None:
    county = county_of(engine)
    assert tick(engine, AT, jobs.JOBS) == []
    agreed(engine, county, start="2024-07-01", end="2025-06-30", takeover={"case": 1, "effective": "2025-01-01"})
    tick(engine, AT, jobs.JOBS)
    assert [one.period for one in budgets(engine, county.consortium_id)] == ["2025"]


def test_it_ends_once_its_year_is_cleared(engine: Engine) -> None:
    county = county_of(engine)
    case_id = issued(engine, county)
    assert tick(engine, at_day("2025-02-01"), jobs.JOBS) == []
    with writing(engine) as connection:
        row = dict(connection.execute(select(cases).where(cases.c.id == case_id)).one()._mapping)
        row = {name: value for name, value in row.items() if name != "id"}
        connection.execute(cases.insert().values(**(row | {"stage": "clearing"} | {"state": "closed"})))
    assert [one.job for one in tick(engine, at_day("2025-02-01"), jobs.JOBS)] == ["close_budget"]
    with reading(engine) as connection:
        found = figure(connection, county.consortium_id, "resident", 2025)
    assert found is not None
    assert (found.state, found.issued) == ("closed", True)
