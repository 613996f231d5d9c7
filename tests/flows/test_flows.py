"""Diagrams drawn from the tables, and where cases get stuck."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from sqlalchemy import Engine

from governance.roles import Role
from tests.calendar.test_calendar_page import enter
from tests.kernel.sample_stage import STAGE, Sample, registered, settle_in
from tests.people import make_county
from workflow import clock, lifecycle, stages
from workflow.attempt import SYSTEM
from workflow.calendar_days import load_calendar
from workflow.clock import moment
from workflow.db import moment_text, reading, writing
from workflow.flows import stuck
from workflow.flows.drawing import draw, measure
from workflow.flows.durations import WorkingDays, median, ninetieth
from workflow.flows.guard_words import GUARDS
from workflow.model import settings
from workflow.occurrences import HEARTBEAT, beat
from workflow.rules import DEMO_MARK

STAGES = list(stages.load())


@pytest.fixture
def engine(app: Flask) -> Engine:
    found: Engine = app.extensions["gongzhi.engine"]
    return found


@pytest.fixture
def sample(engine: Engine) -> Iterator[Sample]:
    with registered():
        yield settle_in(engine)


@pytest.mark.parametrize("name", STAGES)
def test_a_diagram_says_what_the_table_says(name: str) -> None:
    stage = stages.load()[name]
    drawing = draw(name, "zh")
    assert {box.state for box in drawing.boxes} == {str(one) for one in stage.states}
    rows = [(source, dest) for step in stage.steps for source in step.source for dest in step.leads_to]
    pairs = {(source, dest) for source, dest in rows if dest != source}
    drawn = {(drawing.boxes[line.source].state, drawing.boxes[line.dest].state) for line in drawing.lines}
    assert drawn == {(str(source), str(dest)) for source, dest in pairs}


@pytest.mark.parametrize("name", STAGES)
def test_nothing_in_a_diagram_meets(name: str) -> None:
    """Boxes stand apart, lines in one lane do not overlap, and no name lies over another or over a lane."""
    drawing = draw(name, "zh")
    for above, below in zip(drawing.boxes, drawing.boxes[1:], strict=False):
        assert above.y + above.height < below.y
    for side in ("left", "right"):
        lines = [line for line in drawing.lines if line.side == side]
        for one in lines:
            for other in lines:
                apart = one.span[1] < other.span[0] or other.span[1] < one.span[0]
                assert one is other or one.lane != other.lane or apart
        heights = [line.text_y for line in lines]
        assert len(set(heights)) == len(heights)
    right = [line for line in drawing.lines if line.side == "right"]
    lanes = min((int(re.findall(r"H(\d+)", line.path)[0]) for line in right), default=drawing.width)
    assert all(line.text_x + measure(line.label) <= lanes for line in right)
    assert all(box.x > 0 and box.x + box.width < drawing.width and box.y + box.height < drawing.height
               for box in drawing.boxes)  # fmt: skip
    assert all(measure(box.label, 14, 8) <= box.width for box in drawing.boxes)


def test_every_guard_has_words_and_no_words_are_left_over() -> None:
    used = {guard.__name__ for stage in stages.load().values() for step in stage.steps for guard in step.guards}
    assert used == set(GUARDS)
    assert all(guard.__doc__ for stage in stages.load().values() for step in stage.steps for guard in step.guards)


def test_a_stage_has_its_page_with_the_state_marked(app: Flask, sample: Sample) -> None:
    client = enter(app, sample.engine, "lead.lead_clerk.0")
    for name in STAGES:
        state = str(next(iter(stages.load()[name].states)))
        text = client.get(f"/flows/{name}?state={state}").text
        svg = re.search(r'<svg class="flow".*?</svg>', text, re.DOTALL)
        assert svg
        root = ElementTree.fromstring(svg[0])
        assert root.get("role") == "img"
        assert [one.get("class") for one in root if "now" in (one.get("class") or "").split()] != []
        assert "style=" not in svg[0]
        assert "现在可办" in text
    assert "每项标准都已评定" in client.get("/flows/self_assessment").text
    assert {client.get(path).status_code for path in ("/flows/x", "/flows/budget?state=x")} == {404}
    assert client.get("/flows").status_code == 200


def test_a_case_leads_to_its_diagram(app: Flask, sample: Sample) -> None:
    with app.test_request_context():
        from flask import render_template_string

        page = {"stage": "budget", "timeline": [{"state": "done", "key": "a"}, {"state": "now", "key": "b"}]}
        text = render_template_string(
            "{{ (page.timeline|rejectattr('state', 'equalto', 'todo')|list|last).key }}", page=page
        )
    assert text == "b"
    assert str(STAGE.label) == "样例事项"


def walk(sample: Sample, days: int) -> int:
    """A case that the agency takes ``days`` to accept and the bureaus decide at once."""
    case_id = sample.open_case("submitted")
    at = moment(date(2026, 3, 2) + timedelta(days=days))
    sample.take(case_id, "accept", sample.actor(Role.AGENCY_CLERK), at=at)
    for kind in ("city_health", "city_insurance", "city_finance"):
        sample.take(case_id, "opine", sample.actor(Role(f"{kind}_reviewer")), data={"verdict": "agree"}, at=at)
    for kind in ("city_health", "city_insurance", "city_finance"):
        sample.take(case_id, "decide", sample.actor(Role(f"{kind}_approver")), data={"verdict": "agree"}, at=at)
    return case_id


def test_stays_are_measured_by_state_and_whoever_ended_them(sample: Sample) -> None:
    for days in (1, 2, 7, 14):
        walk(sample, days)
    visible = {sample.county.consortium_id}
    with reading(sample.engine) as connection:
        rows = {one.state: one for one in stuck.taken(connection, visible, stuck.Filters())}
        assert stuck.taken(connection, visible, stuck.Filters(stage="budget")) == []
        assert stuck.taken(connection, set(), stuck.Filters()) == []
        late = stuck.taken(connection, visible, stuck.Filters(since=date(2026, 3, 9)))
        early = stuck.taken(connection, visible, stuck.Filters(until=date(2026, 3, 4)))
        waiting = stuck.longest(connection, visible, stuck.Filters(), date(2026, 3, 23))
    admitted = rows["submitted"]
    assert (admitted.holder, admitted.number) == ("医保经办机构经办", 4)
    assert (admitted.median_days, admitted.ninetieth_days, admitted.most_days) == (2, 10, 10)
    assert rows["under_review"].holder == "市财政局负责人"
    assert [one.number for one in late if one.state == "submitted"] == [2]
    assert [one.number for one in early if one.state == "submitted"] == [2]
    assert [one.days for one in waiting] == [14, 13, 10, 5]
    assert all(one.holders for one in waiting)


def left(sample: Sample, day: date, role: Role | None) -> None:
    """A case that was submitted on 2 March and leaves that state on ``day``, by the agency or by a job."""
    case_id = sample.open_case("submitted")
    if role is not None:
        sample.take(case_id, "accept", sample.actor(role), at=moment(day))
        return
    with writing(sample.engine) as connection:
        lifecycle.take(connection, case_id, "admit", actor=SYSTEM, at=moment(day))


def test_median_and_ninetieth_of_a_case_counted_by_hand(sample: Sample) -> None:
    """From Monday 2 March 2026: 1, 5, 24, 24, 25, 42 and 46 working days in the agency's hands, 2 and 47 in the job's.

    6 April is a holiday (清明节), 1 to 5 May are (劳动节), Saturday 9 May is worked; a Sunday adds nothing.
    """
    for month, day in ((3, 3), (3, 9), (4, 3), (4, 6), (4, 7), (5, 5), (5, 10)):
        left(sample, date(2026, month, day), Role.AGENCY_CLERK)
    left(sample, date(2026, 3, 4), None)
    left(sample, date(2026, 5, 11), None)
    with reading(sample.engine) as connection:
        found = stuck.taken(connection, {sample.county.consortium_id}, stuck.Filters(stage="sample"))
    told = [
        (one.state, one.holder, one.number, one.median_days, one.ninetieth_days, one.most_days)
        for one in found if one.state == "submitted"
    ]  # fmt: skip
    assert told == [("submitted", "医保经办机构经办", 7, 24, 46, 46), ("submitted", "系统", 2, 2, 47, 47)]


def test_the_report_is_for_those_above(app: Flask, sample: Sample) -> None:
    walk(sample, 7)
    for login in ("agency.agency_clerk.0", "audit.auditor.0", "city_health.city_health_approver.0"):
        text = enter(app, sample.engine, login).get("/flows/stuck").text
        assert "医保经办机构经办" in text
    client = enter(app, sample.engine, "agency.agency_clerk.0")
    assert client.get("/flows/stuck?stage=budget&since=2026-01-01&until=2026-12-31").status_code == 200
    assert {client.get(f"/flows/stuck?{query}").status_code for query in ("stage=x", "since=x")} == {404}
    for login in ("lead.lead_head.0", "platform.administrator.0", "county_health.county_health_approver.0"):
        assert enter(app, sample.engine, login).get("/flows/stuck").status_code == 404


def test_spans_agree_with_counting_days(engine: Engine) -> None:
    from governance.workdays import workdays_between

    with reading(engine) as connection:
        calendar = load_calendar(connection)
    count = WorkingDays(calendar)
    for start, days in ((date(2026, 1, 20), 60), (date(2025, 9, 15), 40), (date(2019, 1, 1), 400)):
        end = start + timedelta(days=days)
        assert count.between(start, end) == workdays_between(start, end, calendar)
    assert count.between(date(2026, 3, 3), date(2026, 3, 2)) == 0
    assert count.between(date(2010, 1, 1), date(2019, 1, 2)) == 1


@pytest.mark.parametrize(("days", "middle", "most"), [([3], 3, 3), ([1, 2], 1, 2), (list(range(1, 11)), 5, 9)])
def test_median_and_ninetieth(days: list[int], middle: int, most: int) -> None:
    assert (median(days), ninetieth(days)) == (middle, most)


def banner(client: Any) -> str:
    found = re.search(r'role="alert">.*?</svg>([^<]*)</p>', client.get("/calendar").text)
    return found[1] if found else ""


def test_a_stopped_scheduler_is_said_to_those_who_can_mend_it(app: Flask, engine: Engine) -> None:
    with writing(engine) as connection:
        make_county(connection)
    agency, lead = (enter(app, engine, login) for login in ("agency.agency_head.0", "lead.lead_clerk.0"))
    assert banner(agency) == ""
    assert "演示网页自身不运行调度器" in agency.get("/jobs").text
    with writing(engine) as connection:
        connection.execute(settings.delete().where(settings.c.name == DEMO_MARK))
    assert banner(agency) == "调度器还没有运行过：到期事项不会自动办理"
    with writing(engine) as connection:
        beat(connection, moment_text(clock.real_now() - timedelta(minutes=61)))
    assert banner(agency) == "调度器已停 61 分钟：到期事项不会自动办理"
    assert banner(lead) == ""
    with writing(engine) as connection:
        beat(connection, moment_text(clock.real_now() - timedelta(minutes=4)))
        assert connection.scalar(settings.select().with_only_columns(settings.c.name).where(
            settings.c.name == HEARTBEAT)) == HEARTBEAT  # fmt: skip
    assert banner(agency) == ""
