"""Reminders: one digest a working day for whose turn it is, one word to the head, and who is late by how much."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from governance.roles import Role
from governance.rulebook import Provision
from tests.kernel.checking import sound
from tests.kernel.sample_stage import Sample, registered, settle_in
from workflow import clocks, jobs, lifecycle, tasks
from workflow.attempt import SYSTEM, Attempt
from workflow.clock import moment
from workflow.db import reading, writing
from workflow.flows import overdue
from workflow.model import notices, records
from workflow.occurrences import run_due
from workflow.reminders.jobs import JOBS, due_digests
from workflow.reminders.seats import head_of

MONDAY = date(2026, 3, 2)
DEADLINE = date(2026, 3, 16)


@pytest.fixture
def engine(app: Flask) -> Engine:
    found: Engine = app.extensions["gongzhi.engine"]
    return found


@pytest.fixture
def sample(engine: Engine) -> Iterator[Sample]:
    with registered():
        yield settle_in(engine)


def started(sample: Sample, days: int = 10) -> int:
    case_id = sample.open_case("submitted")
    rule = Provision(rule="sample.within", place="cn", since=MONDAY, value=str(days), unit="working_days")
    with writing(sample.engine) as connection:
        attempt = Attempt(connection, lifecycle.lock(connection, case_id), SYSTEM, moment(MONDAY))
        clocks.start(attempt, "pay_lead", rule, Role.AGENCY_CLERK)
        tasks.refresh(attempt)
    return case_id


def run(sample: Sample, day: date, hour: int = 9) -> list[tuple[str, str]]:
    """What runs at that moment: flags, digests and escalations."""
    ran = run_due(sample.engine, moment(day, hour), [jobs.FLAG_OVERDUE])
    ran += run_due(sample.engine, moment(day, hour), JOBS)
    assert {one.status for one in ran} <= {"done"}
    return [(one.job, one.due.period) for one in ran]


def told(sample: Sample, kind: str) -> list[Any]:
    with reading(sample.engine) as connection:
        return list(connection.execute(select(notices).where(notices.c.kind == kind).order_by(notices.c.id)))


def test_a_holder_gets_one_digest_a_working_day(sample: Sample) -> None:
    started(sample), started(sample, 12)
    assert run(sample, date(2026, 3, 6)) == []
    assert run(sample, date(2026, 3, 9), hour=7) == []
    assert run(sample, date(2026, 3, 9)) == [("send_digest", "agency_clerk:2026-03-09")]
    assert run(sample, date(2026, 3, 9), hour=15) == []
    assert run(sample, date(2026, 3, 14)) == []
    assert run(sample, date(2026, 3, 13)) == [("send_digest", "agency_clerk:2026-03-13")]
    first, second = told(sample, "digest")
    assert (first.case_id, first.role) == (None, "agency_clerk")
    assert first.body.startswith("1 件将在 5 个工作日内到期，0 件已超期：")
    assert "“受理”，2026-03-16 到期" in first.body
    assert second.body.startswith("2 件将在 5 个工作日内到期")


def test_whose_turn_it_is_not_hears_nothing(sample: Sample) -> None:
    case_id = started(sample)
    sample.take(case_id, "accept", sample.actor(Role.AGENCY_CLERK), at=moment(date(2026, 3, 10)))
    with reading(sample.engine) as connection:
        found = due_digests(connection, moment(date(2026, 3, 12)))
    assert {one.period.partition(":")[0] for one in found} == {
        "city_health_reviewer", "city_insurance_reviewer", "city_finance_reviewer",
    }  # fmt: skip
    assert all(one.scope < 0 for one in found)


def test_a_delay_is_named_to_the_head_once(sample: Sample) -> None:
    case_id = started(sample)
    after = DEADLINE + timedelta(days=1)
    assert ("flag_overdue", "pay_lead:1:2026-03-16") in run(sample, after)
    assert told(sample, "escalated") == []
    assert ("escalate_overdue", "pay_lead:1:2026-03-16") in run(sample, date(2026, 3, 19))
    assert [job for job, _period in run(sample, date(2026, 3, 20))] == ["send_digest"]
    (word,) = told(sample, "escalated")
    assert (word.case_id, word.role) == (case_id, "agency_head")
    assert "已超 3 个工作日" in word.body
    with reading(sample.engine) as connection:
        row = connection.execute(select(records).where(records.c.verb == "escalated")).one()
    data = json.loads(row.body)["data"]
    assert (data["to"], data["days_over"], len(data["people"])) == ("agency_head", 3, 2)
    sound(sample.engine)


@pytest.mark.parametrize(
    ("holder", "head"),
    [
        (Role.LEAD_CLERK, Role.LEAD_HEAD), (Role.LEAD_FINANCE, Role.LEAD_HEAD), (Role.MEMBER_CLERK, Role.MEMBER_HEAD),
        (Role.CITY_INSURANCE_REVIEWER, Role.CITY_INSURANCE_APPROVER), (Role.AGENCY_CLERK, Role.AGENCY_HEAD),
        (Role.AGENCY_REVIEWER, Role.AGENCY_HEAD), (Role.AGENCY_HEAD, Role.AGENCY_HEAD),
        (Role.COMMITTEE_SECRETARY, Role.COMMITTEE_CHAIR), (Role.COMMITTEE_MEMBER, Role.COMMITTEE_CHAIR),
        (Role.CENTRE_CLERK, Role.CENTRE_HEAD), (Role.COUNTY_HEALTH_APPROVER, Role.COUNTY_HEALTH_APPROVER),
    ],
)  # fmt: skip
def test_every_holder_has_a_head(holder: Role, head: Role) -> None:
    assert head_of(holder) is head


@pytest.mark.parametrize("role", list(Role))
def test_no_role_is_without_one(role: Role) -> None:
    assert isinstance(head_of(role), Role)


def test_delays_are_counted_by_stage_and_holder(app: Flask, sample: Sample) -> None:
    late, in_time, open_case = started(sample), started(sample), started(sample)
    for case_id, day in ((late, date(2026, 3, 19)), (in_time, DEADLINE)):
        with writing(sample.engine) as connection:
            attempt = Attempt(connection, lifecycle.lock(connection, case_id), SYSTEM, moment(day))
            clocks.stop(attempt, "pay_lead")
    with reading(sample.engine) as connection:
        assert overdue.statistics(connection, DEADLINE) == []
        (row,) = overdue.statistics(connection, date(2026, 3, 23))
        assert overdue.statistics(connection, date(2026, 3, 23), visible=[]) == []
    assert (row.stage, row.role, row.number, row.still_open) == ("sample", "agency_clerk", 2, 1)
    assert (row.days_over, row.most_over) == (3 + 5, 5)
    assert open_case
    said = app.test_cli_runner().invoke(args=["clocks", "stats", "--json"])
    assert json.loads(said.output)[0]["number"] == 2
    shown = app.test_cli_runner().invoke(args=["clocks", "show", str(late)])
    assert "期限 2026-03-16" in shown.output
