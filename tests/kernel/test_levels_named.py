"""A case that waits for a section head or a deputy says so wherever it says whom it waits for."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.city_ruling import ruling
from tests.kernel.levels import rule_of_place, seated, take
from tests.self_assessment.filing import AT, county_on
from tests.settlement.months import Month, moment, prepare
from workflow import clock, stages
from workflow.attempt import Actor
from workflow.db import reading, writing
from workflow.flows import stuck
from workflow.inbox import rows as inbox
from workflow.inbox import two_weeks
from workflow.inbox.boxes import Days
from workflow.inbox.filters import Filters
from workflow.inbox.keyset import START
from workflow.inbox.posts import desk_of
from workflow.model import clocks as clock_rows
from workflow.model import notices, tasks
from workflow.occurrences import Due
from workflow.organisations.model import organisations
from workflow.pages import case_page, lists, words
from workflow.pages.words import spoken
from workflow.reminders import jobs as reminders

AGREE = {"verdict": "agree", "opinion": ""}
stages.load()


@pytest.fixture(autouse=True)
def own_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    monkeypatch.setenv("GONGZHI_CLAIMS", str(tmp_path / "claims"))


class Waiting:
    """A month that waits for the agency's section head."""

    def __init__(self, app: Flask, patch: pytest.MonkeyPatch) -> None:
        rule_of_place(patch, {"settlement.settlement": ["section"]})
        self.engine: Engine = app.extensions["gongzhi.engine"]
        self.month: Month = prepare(self.engine).open()
        self.section = seated(self.engine, self.month.county, Role.AGENCY_SECTION)
        self.agency = self.month.county.organisations["agency"]
        self.month.to_calculated()
        self.month.take("review", Role.AGENCY_REVIEWER, **AGREE)

    def viewer(self, actor: Actor, kind: str = "agency") -> SimpleNamespace:
        seat = SimpleNamespace(
            seat_id=actor.seat_id, organisation_id=actor.organisation_id, role=str(actor.role), kind=kind,
            place=self.month.county.place,
        )  # fmt: skip
        return SimpleNamespace(person_id=actor.person_id, name=actor.name, seats=[seat])


@pytest.fixture
def waiting(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Waiting:
    return Waiting(app, monkeypatch)


def test_the_case_its_lists_and_the_inbox_name_the_post(app: Flask, waiting: Waiting) -> None:
    month, at = waiting.month, moment("2025-04-14")
    head, days = waiting.viewer(month.actor(Role.AGENCY_HEAD)), Days(date(2025, 4, 14), date(2025, 4, 21))
    reviewer = waiting.viewer(month.actor(Role.AGENCY_REVIEWER))
    with app.test_request_context(), reading(waiting.engine) as connection:
        (name,) = lists.holders(connection, month.case_id)
        page = case_page.build(connection, month.case, head, at)
        running = lists.running_elsewhere(connection, head, days.today)
        done = inbox.read(connection, desk_of(reviewer), Filters(box="done"), days, START).rows
    assert name == "样例医保经办机构（agency）（科室负责人）"
    assert page.now.holders == [name]
    assert any("科室负责人意见" in str(one.reason) for one in page.now.missing)
    assert [one.holder for one in running if one.url.endswith(f"/{month.case_id}")] == [name]
    assert [one.holder for one in done if one.id == month.case_id] == [name]
    with app.test_request_context("/", headers={"Accept-Language": "en"}), spoken("en"):
        assert words.holder("Agency", "agency_section", "agency_division") == (
            "Agency (head of section, deputy head in charge)"
        )
        assert words.holder("Agency", "agency_reviewer", "agency_head") == "Agency"


def test_the_sheet_of_two_weeks_names_the_post_and_what_is_lacking(app: Flask, waiting: Waiting) -> None:
    with writing(waiting.engine) as connection:
        mine = tasks.c.case_id == waiting.month.case_id
        values = {"deadline": "2025-04-15", "person_id": waiting.section.person_id}
        connection.execute(tasks.update().where(mine).values(values))
    with app.test_request_context(), reading(waiting.engine) as connection:
        (office,) = two_weeks.offices(connection, [waiting.agency], moment("2025-04-14"))
    rows = [row for page in office.pages for row in page if "报上一级" in str(row.what)]
    assert [(row.holder, row.person, row.missing) for row in rows] == [
        ("医保经办机构科室负责人", "样例agency_section", []),
    ]  # fmt: skip


def test_the_report_of_delays_names_the_post(app: Flask, waiting: Waiting) -> None:
    month = waiting.month
    with app.test_request_context(), reading(waiting.engine) as connection:
        found = stuck.longest(connection, {month.county.consortium_id}, stuck.Filters(), date(2025, 5, 6))
    assert [one.holders for one in found if one.url.endswith(f"/settlement/{month.case_id}")] == [
        "样例医保经办机构（agency）（科室负责人）"
    ]


def test_a_level_is_reminded_each_working_day_of_what_it_owes(waiting: Waiting) -> None:
    with writing(waiting.engine) as connection:
        mine = tasks.c.case_id == waiting.month.case_id
        connection.execute(tasks.update().where(mine).values(deadline="2025-04-15"))
        due = [one for one in reminders.due_digests(connection, moment("2025-04-14")) if "section" in one.period]
        assert [(one.scope, one.period) for one in due] == [(-waiting.agency, "agency_section:2025-04-14")]
        reminders.send_digest(connection, due[0], moment("2025-04-14"))
        told = connection.execute(select(notices).where(notices.c.kind == "digest")).one()
    assert (told.organisation_id, told.role) == (waiting.agency, "agency_section")
    assert "科室负责人审核，报上一级" in told.body


def test_a_delay_is_named_to_the_head_with_the_levels_it_lies_with(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule_of_place(monkeypatch, {"city_ruling.ruling": ["section", "division"]})
    county = county_on(engine)
    people = {kind: seated(engine, county, Role(f"{kind}_section")) for kind in ruling.KINDS}
    case_id = ruling.under_review(engine, county)
    assert "现待" not in _escalated(engine, case_id)
    for kind in ruling.KINDS[:2]:
        ruling.opine(engine, county, case_id, kind)
    take(engine, case_id, "pass_section", people["city_health"], AT, **AGREE)
    with reading(engine) as connection:
        named = {row.code: row.name for row in connection.execute(select(organisations.c.code, organisations.c.name))}
    said = _escalated(engine, case_id)
    health, insurance = named["city_health"], named["city_insurance"]
    assert f"{health}（分管负责人）" in said and f"{insurance}（科室负责人）" in said and "，现待" in said
    assert "city_finance" not in said


def _escalated(engine: Engine, case_id: int) -> str:
    """What the head is told of the clock of the review."""
    with writing(engine) as connection:
        mine = (clock_rows.c.case_id == case_id) & (clock_rows.c.name == "review")
        row = connection.execute(select(clock_rows).where(mine)).one()
        at = clock.moment(row.deadline + timedelta(days=14))
        reminders.escalate(connection, Due(case_id, f"review:{row.serial}:{row.deadline}", at), at)
        query = select(notices).where(notices.c.kind == "escalated").order_by(notices.c.id.desc()).limit(1)
        told = connection.execute(query).one()
    assert told.role == "city_insurance_approver"
    return str(told.body)
