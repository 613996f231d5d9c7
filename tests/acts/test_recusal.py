"""Recusal: who may record it, that it ends every part in the case, and what happens where nobody is left."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from governance.refusal import Refused
from governance.roles import Role
from tests.acts.acting import act, left, refused, told
from tests.acts.giving import disable, end_seat, for_, give, seat
from tests.kernel.checking import state_of
from tests.kernel.sample_stage import APPROVERS, AT, BUREAUS, REVIEWERS, Sample
from workflow import lifecycle
from workflow.acts.model import recusals
from workflow.attempt import Actor, Attempt, Case
from workflow.db import reading, writing
from workflow.model import cases
from workflow.pages import case_page
from workflow.vacancies import vacancies

WHY = {"reason": "其配偶任职于牵头医院"}


def step_back(sample: Sample, case_id: int, actor: Actor, whom: Actor | None = None) -> None:
    act(sample.engine, case_id, "recuse", actor, person=(whom or actor).person_id, **WHY)


def empty_seats(sample: Sample, case_id: int) -> list[str]:
    with reading(sample.engine) as connection:
        case = Case(*connection.execute(select(cases).where(cases.c.id == case_id)).one())
        return [str(one.reason) for one in vacancies(Attempt(connection, case, lifecycle.SYSTEM, AT))]


def test_who_stepped_back_takes_no_step_and_no_act(sample: Sample) -> None:
    reviewer, colleague = sample.actor(REVIEWERS[0]), sample.actor(REVIEWERS[0], 1)
    case_id = sample.open_case("under_review")
    step_back(sample, case_id, reviewer)
    with pytest.raises(Refused, match="您已在本件中回避"):
        sample.take(case_id, "opine", reviewer, data={"verdict": "agree"})
    assert "您已在本件中回避" in refused(sample.engine, case_id, "comment", reviewer, body="说一句")
    (body,) = left(sample.engine, case_id, "recuse")
    assert body["data"]["person"] == reviewer.person_id and body["data"]["reason"] == WHY["reason"]
    sample.take(case_id, "opine", colleague, data={"verdict": "agree"})


def test_a_second_seat_does_not_help(sample: Sample) -> None:
    reviewer = sample.actor(REVIEWERS[0])
    case_id = sample.open_case("under_review")
    other = seat(sample.engine, reviewer, APPROVERS[1], sample.actor(APPROVERS[1]).organisation_id)
    step_back(sample, case_id, reviewer)
    sample.opine(case_id, BUREAUS[1:])
    with pytest.raises(Refused, match="回避"):
        sample.take(case_id, "decide", other, data={"verdict": "agree"})


def test_nobody_acts_for_who_stepped_back_nor_does_who_stepped_back_for_others(sample: Sample) -> None:
    approver, reviewer = sample.actor(APPROVERS[0]), sample.actor(REVIEWERS[0], 1)
    give(sample.engine, approver, reviewer)
    for gone in (approver, reviewer):
        case_id = sample.open_case("under_review")
        sample.opine(case_id)
        step_back(sample, case_id, gone)
        with pytest.raises(Refused, match="您或授权人已在本件中回避"):
            sample.take(case_id, "decide", for_(approver, reviewer), data={"verdict": "agree"})


def test_a_head_records_it_for_their_own_people_only(sample: Sample) -> None:
    approver, reviewer = sample.actor(APPROVERS[0]), sample.actor(REVIEWERS[0])
    case_id = sample.open_case("under_review")
    only = "只能登记本人回避，或由负责人登记本单位人员回避"
    assert only in refused(sample.engine, case_id, "recuse", reviewer, person=approver.person_id, **WHY)
    stranger = sample.actor(REVIEWERS[1])
    assert only in refused(sample.engine, case_id, "recuse", approver, person=stranger.person_id, **WHY)
    assert "请写明原因" in refused(sample.engine, case_id, "recuse", reviewer, person=reviewer.person_id, reason=" ")
    step_back(sample, case_id, approver, reviewer)
    assert only in refused(sample.engine, case_id, "recuse", approver, person=reviewer.person_id, **WHY)
    administrator = sample.actor(Role.ADMINISTRATOR)
    assert "不能在本件上办理" in refused(sample.engine, case_id, "recuse", administrator, person=1, **WHY)


def test_a_delegate_does_not_step_back_for_the_principal(sample: Sample) -> None:
    approver, reviewer = sample.actor(APPROVERS[0]), sample.actor(REVIEWERS[0], 1)
    give(sample.engine, approver, reviewer)
    case_id = sample.open_case("under_review")
    said = refused(sample.engine, case_id, "recuse", for_(approver, reviewer), person=approver.person_id, **WHY)
    assert "不能在本件上办理" in said


def test_it_is_never_taken_back(sample: Sample) -> None:
    case_id = sample.open_case("under_review")
    step_back(sample, case_id, sample.actor(REVIEWERS[0]))
    for change in (recusals.delete(), recusals.update().values(reason="没有")):
        with pytest.raises(DBAPIError), writing(sample.engine) as connection:
            connection.execute(change)


def test_where_nobody_is_left_the_page_says_so_and_nothing_passes(sample: Sample) -> None:
    case_id = sample.open_case("under_review")
    sample.opine(case_id)
    approvers = sample.county.actors["city_health", "city_health_approver"]
    step_back(sample, case_id, approvers[0])
    assert empty_seats(sample, case_id) == [] == told(sample.engine, case_id, "vacancy")
    step_back(sample, case_id, approvers[1])
    (said,) = empty_seats(sample, case_id)
    assert "没有可以作出决定的人" in said
    assert {role for _body, role, _words in told(sample.engine, case_id, "vacancy")} == {"administrator"}
    sample.decide(case_id, BUREAUS[1:])
    assert state_of(sample.engine, case_id).state == "under_review"


@pytest.mark.parametrize("how", [disable, end_seat])
def test_a_seat_is_empty_as_well_where_its_people_left(sample: Sample, how: object) -> None:
    case_id = sample.open_case("under_review")
    sample.opine(case_id)
    for one in sample.county.actors["city_finance", "city_finance_approver"]:
        assert empty_seats(sample, case_id) == []
        how(sample.engine, one)  # type: ignore[operator]
    assert len(empty_seats(sample, case_id)) == 1


def test_a_round_that_opens_later_does_not_count_on_them(sample: Sample) -> None:
    reviewer = sample.actor(REVIEWERS[0])
    case_id = sample.open_case("submitted")
    step_back(sample, case_id, reviewer)
    disable(sample.engine, sample.actor(REVIEWERS[1]))
    sample.take(case_id, "accept", sample.actor(Role.AGENCY_CLERK))
    with reading(sample.engine) as connection:
        case = Case(*connection.execute(select(cases).where(cases.c.id == case_id)).one())
        (one,) = case_page.decisions.every_round(Attempt(connection, case, lifecycle.SYSTEM, AT))
    frozen = " ".join(row.eligible for row in one.seats)
    assert f"{reviewer.person_id}," not in frozen and f"{sample.actor(REVIEWERS[1]).person_id}," not in frozen


def test_the_round_shows_who_stepped_back(app: Flask, sample: Sample) -> None:
    reviewer = sample.actor(REVIEWERS[0])
    case_id = sample.open_case("under_review")
    step_back(sample, case_id, reviewer)
    viewer = SimpleNamespace(person_id=0, name="", seats=[], has_role=lambda *roles: False)
    with app.test_request_context(), reading(sample.engine) as connection:
        case = Case(*connection.execute(select(cases).where(cases.c.id == case_id)).one())
        (one,) = case_page._rounds(case_page.read_case(connection, case, AT), viewer)
    assert sorted(seat.recused for seat in one.seats) == [[], [], [reviewer.name]]
