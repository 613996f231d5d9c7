"""Comments: to all or inside one organisation, who is called in, and that what is kept inside is seen nowhere else."""

from __future__ import annotations

import io
import sys
import zipfile
from types import ModuleType, SimpleNamespace

import pytest
from flask import Flask, render_template
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.acts.acting import act, left, refused, told
from tests.acts.entering import enter
from tests.inbox.looking import rows
from tests.kernel.sample_stage import AT, Sample
from workflow import lifecycle
from workflow.acts.model import comments
from workflow.attempt import Actor, Attempt, Case
from workflow.db import reading
from workflow.forms import OPINION_LENGTH
from workflow.inbox.filters import Filters
from workflow.model import cases
from workflow.pages import act_offers, case_page
from workflow.trail import export, ocel, package

INSIDE, OPEN = "只在本单位说的话", "说给各方的话"


@pytest.fixture
def engine(app: Flask) -> Engine:
    """The app's own engine, so that pages and acts see one database."""
    found: Engine = app.extensions["gongzhi.engine"]
    return found


@pytest.fixture
def case_id(sample: Sample) -> int:
    return sample.open_case("under_review")


def viewer(*actors: Actor) -> SimpleNamespace:
    held = [
        SimpleNamespace(seat_id=one.seat_id, organisation_id=one.organisation_id, role=str(one.role), kind="", place="")
        for one in actors
    ]
    return SimpleNamespace(person_id=actors[0].person_id, name=actors[0].name, seats=held, has_role=lambda *roles: True)


def pages(app: Flask, sample: Sample, case_id: int, actor: Actor) -> str:
    """Everything of the case that ``actor`` is shown: its page's trail, the page of its acts, and their notices."""
    looking = viewer(actor)
    with app.test_request_context(), reading(sample.engine) as connection:
        case = Case(*connection.execute(cases.select().where(cases.c.id == case_id)).one())
        acts = act_offers.build(Attempt(connection, case, lifecycle.SYSTEM, AT), looking)
        drawn = "".join(render_template(one.template, section=one) for one in acts.sections)
        reading_of = case_page.read_case(connection, case, AT)
        trail = " ".join(f"{row.verb} {row.note}" for row in case_page._trail(reading_of, looking))
        notices = " ".join(row.body for row in rows(connection, looking, Filters("notices")))
    return f"{drawn} {trail} {notices}"


def exports(sample: Sample, case_id: int) -> str:
    """Everything that leaves the system of the case: the trail, the event log, and the evidence package, unpacked."""
    with reading(sample.engine) as connection:
        case = Case(*connection.execute(cases.select().where(cases.c.id == case_id)).one())
        lines = "".join(export.lines(connection, case=case_id))
        log = str(ocel.event_log(connection))
        packed = zipfile.ZipFile(io.BytesIO(package.evidence(connection, case)))
        return lines + log + "".join(packed.read(name).decode(errors="replace") for name in packed.namelist())


def seat(actor: Actor) -> int:
    assert actor.seat_id is not None
    return actor.seat_id


def test_what_is_kept_inside_is_seen_nowhere_else(app: Flask, sample: Sample, case_id: int) -> None:
    clerk, colleague = sample.actor(Role.LEAD_CLERK), sample.actor(Role.LEAD_HEAD)
    act(sample.engine, case_id, "comment", clerk, body=INSIDE, audience="own", mentions=[seat(colleague)])
    others = [Role.CITY_HEALTH_REVIEWER, Role.AGENCY_HEAD, Role.AUDITOR, Role.COUNTY_HEALTH_REVIEWER]
    for other in [*map(sample.actor, others), sample.county.actor(Role.MEMBER_CLERK, "town-1")]:
        assert INSIDE not in pages(app, sample, case_id, other), other
    assert INSIDE in pages(app, sample, case_id, colleague)
    assert INSIDE not in exports(sample, case_id)
    assert INSIDE not in str(left(sample.engine, case_id)) and INSIDE not in str(told(sample.engine, case_id))


def test_what_is_said_to_all_is_read_by_all_and_stands_in_the_trail(app: Flask, sample: Sample, case_id: int) -> None:
    act(sample.engine, case_id, "comment", sample.actor(Role.LEAD_CLERK), body=OPEN, audience="all")
    assert OPEN in pages(app, sample, case_id, sample.actor(Role.AUDITOR))
    assert OPEN in exports(sample, case_id)
    assert left(sample.engine, case_id, "comment")[0]["data"]["note"] == OPEN


def test_who_is_called_in_finds_it_among_their_notices(app: Flask, sample: Sample, case_id: int) -> None:
    clerk, called = sample.actor(Role.LEAD_CLERK), sample.actor(Role.CITY_HEALTH_REVIEWER)
    act(sample.engine, case_id, "comment", clerk, body=OPEN, audience="all", mentions=[seat(called)])
    (notice,) = told(sample.engine, case_id, "mention")
    assert notice[:2] == (called.organisation_id, str(called.role)) and called.name in notice[2]
    with app.test_request_context(), reading(sample.engine) as connection:
        found = rows(connection, viewer(called), Filters("notices"))
    assert [row.url.startswith(f"/sample/{case_id}") for row in found] == [True]


def test_an_inside_comment_calls_in_nobody_from_outside(sample: Sample, case_id: int) -> None:
    called = seat(sample.actor(Role.CITY_HEALTH_REVIEWER))
    said = refused(
        sample.engine, case_id, "comment", sample.actor(Role.LEAD_CLERK), body=INSIDE, audience="own", mentions=[called]
    )
    assert "不能提醒外单位" in said


def test_whoever_has_no_part_is_not_called_in(sample: Sample, case_id: int) -> None:
    from tests.acts.acting import outsider

    other = seat(outsider(sample))
    said = refused(
        sample.engine, case_id, "comment", sample.actor(Role.LEAD_CLERK), body=OPEN, audience="all", mentions=[other]
    )
    assert "与本件无关" in said


@pytest.mark.parametrize(
    ("body", "audience", "why"),
    [("", "all", "请写下留言"), (" \n　", "all", "请写下留言"), ("长" * (OPINION_LENGTH + 1), "own", "不超过"),
     ("话", "everybody", "谁能看到")],
)  # fmt: skip
def test_nothing_too_much_or_to_nobody_is_refused(
    sample: Sample, case_id: int, body: str, audience: str, why: str
) -> None:
    assert why in refused(
        sample.engine, case_id, "comment", sample.actor(Role.LEAD_CLERK), body=body, audience=audience
    )
    with reading(sample.engine) as connection:
        assert connection.execute(select(comments)).all() == []


def test_what_is_typed_is_shown_as_text(app: Flask, sample: Sample, case_id: int) -> None:
    body = "<script>alert(1)</script> & “引号”" + "长" * (OPINION_LENGTH - 40)
    act(sample.engine, case_id, "comment", sample.actor(Role.LEAD_CLERK), body=body, audience="all")
    shown = pages(app, sample, case_id, sample.actor(Role.LEAD_HEAD))
    assert "&lt;script&gt;alert(1)" in shown
    with app.test_request_context(), reading(sample.engine) as connection:
        case = Case(*connection.execute(cases.select().where(cases.c.id == case_id)).one())
        acts = act_offers.build(Attempt(connection, case, lifecycle.SYSTEM, AT), viewer(sample.actor(Role.LEAD_HEAD)))
        assert "<script>" not in "".join(render_template(one.template, section=one) for one in acts.sections)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample stage's page, which says nothing of its own."""
    views = ModuleType("workflow.sample.views")
    views.facts = views.sections = lambda page: []  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "workflow.sample", ModuleType("workflow.sample"))
    monkeypatch.setitem(sys.modules, "workflow.sample.views", views)


def card(app: Flask, sample: Sample, case_id: int, actor: Actor) -> str:
    """What the page of the case shows ``actor`` of its comments, beside the steps."""
    text = enter(app, actor, AT).get(f"/sample/{case_id}").text
    assert 'id="trail"' in text
    return text.split('id="said"')[1].split("</section>")[0] if 'id="said"' in text else ""


@pytest.mark.usefixtures("drawn")
def test_the_page_of_the_case_shows_how_many_there_are_and_the_newest(app: Flask, sample: Sample, case_id: int) -> None:
    reviewer, other = sample.actor(Role.CITY_HEALTH_REVIEWER), sample.actor(Role.CITY_FINANCE_REVIEWER)
    assert card(app, sample, case_id, reviewer) == ""
    another = sample.open_case("under_review")
    act(sample.engine, another, "comment", other, body="别的件", audience="all")
    for body, audience in (("其一", "all"), (INSIDE, "own"), ("其三", "all")):
        act(sample.engine, case_id, "comment", reviewer, body=body, audience=audience)
    inside, outside = (card(app, sample, case_id, one) for one in (reviewer, other))
    assert "共 3 条" in inside and INSIDE in inside and "仅本单位" in inside and "其一" not in inside
    assert inside.index("其三") < inside.index(INSIDE)
    assert "共 2 条" in outside and INSIDE not in outside and "其一" in outside and "仅本单位" not in outside
    assert f'href="/sample/{case_id}/acts#comments"' in inside and reviewer.name in outside
    assert 'id="comments"' in pages(app, sample, case_id, other)
    assert "别的件" not in inside + outside
