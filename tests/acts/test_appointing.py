"""Whoever put somebody in office does not decide beside them: once through oneself, once through whom one seated."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from tests.acts.acting import moment
from tests.acts.giving import end_seat, for_, give, not_given, seat
from tests.kernel.sample_stage import APPROVERS, REVIEWERS, Sample
from workflow import lifecycle
from workflow.attempt import ON_PAGE, Actor, Attempt, Case
from workflow.db import reading, writing
from workflow.model import cases
from workflow.organisations import commands
from workflow.organisations.model import organisations, persons, seats
from workflow.organisations.office import OPERATOR, Office

CITY = "demo-hunan-city"


@pytest.fixture
def reviewer(sample: Sample) -> Actor:
    """Who gives the opinion of the first bureau."""
    return sample.actor(REVIEWERS[0])


@pytest.fixture
def approver(sample: Sample) -> Actor:
    """Who decides for the first bureau."""
    return sample.actor(APPROVERS[0])


def granted_by(engine: Engine, actor: Actor, granter: Actor | None) -> None:
    """The seat was granted by ``granter``."""
    with writing(engine) as connection:
        values = {"granted_by": granter and granter.person_id}
        connection.execute(seats.update().where(seats.c.id == actor.seat_id).values(**values))


def opine(sample: Sample, case_id: int, actor: Actor) -> None:
    sample.take(case_id, "opine", actor, data={"verdict": "agree"})


def refused(sample: Sample, case_id: int, trigger: str, actor: Actor) -> str:
    """Why a step is refused, in words."""
    with pytest.raises(Refused) as caught:
        sample.take(case_id, trigger, actor, data={"verdict": "agree"})
    return "\n".join(str(one.reason) for one in caught.value.refusals)


def on_page(sample: Sample, case_id: int, trigger: str, actor: Actor) -> str:
    """What the page of the case says against a step."""
    with reading(sample.engine) as connection:
        case = Case(*connection.execute(select(cases).where(cases.c.id == case_id)).one())
        attempt = Attempt(connection, case, actor, moment("03-02"), read={ON_PAGE: {}})
        step = attempt.stage.step_from(case.state, trigger)
        assert step is not None
        return "\n".join(str(one.reason) for one in lifecycle.guard_refusals(attempt, step))


def test_the_record_says_who_granted_a_seat(engine: Engine) -> None:
    with writing(engine) as connection:
        body = {"code": "b", "name": "样例局", "name_en": "b", "kind": "city_health", "place": CITY}
        connection.execute(organisations.insert().values(**body))
        admin = {"login": "adm", "name": "管理员", "password_hash": "!", "demo": True}
        number = connection.execute(persons.insert().values(**admin).returning(persons.c.id)).scalar_one()
        for login, office in (("one", Office(number, frozenset({CITY}))), ("two", OPERATOR)):
            commands.add_seated_person(
                connection, office=office, at=moment("03-02"), login=login, name=login, password="Zq7!kdPw2#xM9",
                organisation="b", role="city_health_reviewer", since="2026-03-01",
            )  # fmt: skip
        assert list(connection.scalars(select(seats.c.granted_by).order_by(seats.c.id))) == [number, None]


def test_who_seated_the_reviewer_does_not_approve(sample: Sample, reviewer: Actor, approver: Actor) -> None:
    case_id = sample.open_case("under_review")
    granted_by(sample.engine, reviewer, approver)
    opine(sample, case_id, reviewer)
    said = refused(sample, case_id, "decide", approver)
    assert f"{reviewer.name}的席位由您（或授权人）授予" in said
    assert said in on_page(sample, case_id, "decide", approver)
    sample.take(case_id, "decide", sample.actor(APPROVERS[0], 1), data={"verdict": "agree"})


def test_whom_the_approver_of_another_bureau_seated_does_not_decide_beside_them(
    sample: Sample, reviewer: Actor, approver: Actor
) -> None:
    """Either order, whatever the duty: two bureaus, one hand."""
    case_id, other = sample.open_case("under_review"), sample.actor(APPROVERS[1])
    granted_by(sample.engine, other, approver)
    for one in (reviewer, sample.actor(REVIEWERS[1])):
        opine(sample, case_id, one)
    sample.take(case_id, "decide", approver, data={"verdict": "agree"})
    said = refused(sample, case_id, "decide", other)
    assert f"您办理所用的席位由{approver.name}授予" in said
    assert said in on_page(sample, case_id, "decide", other)
    sample.take(case_id, "decide", sample.actor(APPROVERS[1], 1), data={"verdict": "agree"})


def test_a_seat_of_other_business_binds_nobody(sample: Sample, reviewer: Actor, approver: Actor) -> None:
    """What counts is the seat from which somebody has acted here, not whatever they hold elsewhere."""
    case_id = sample.open_case("under_review")
    other = sample.actor(Role.LEAD_CLERK).organisation_id
    elsewhere = seat(sample.engine, reviewer, str(Role.COUNTY_HEALTH_REVIEWER), other)
    granted_by(sample.engine, elsewhere, approver)
    opine(sample, case_id, reviewer)
    sample.take(case_id, "decide", approver, data={"verdict": "agree"})


def test_it_holds_over_the_whole_history(sample: Sample, reviewer: Actor, approver: Actor) -> None:
    """The seat that was acted from has ended since, and another granted it anew: the act was still theirs."""
    case_id = sample.open_case("under_review")
    granted_by(sample.engine, reviewer, approver)
    opine(sample, case_id, reviewer)
    end_seat(sample.engine, reviewer)
    again = seat(sample.engine, reviewer, str(reviewer.role), reviewer.organisation_id)
    granted_by(sample.engine, again, sample.actor(Role.AGENCY_HEAD))
    assert "授予" in refused(sample, case_id, "decide", approver)


def test_preparing_and_paying_count_as_well(sample: Sample) -> None:
    head, clerk = sample.actor(Role.AGENCY_HEAD), sample.actor(Role.LEAD_CLERK)
    granted_by(sample.engine, clerk, head)
    case_id = sample.open_case("agreed")
    sample.take(case_id, "pay", head)
    case_id = sample.open_case("under_review")
    sample.take(case_id, "amend", clerk, data={"amount_fen": 5})
    sample.opine(case_id)
    sample.decide(case_id)
    assert f"{clerk.name}的席位由您" in refused(sample, case_id, "pay", head)


def test_acting_for_whom_one_seated_is_refused(sample: Sample, reviewer: Actor, approver: Actor) -> None:
    case_id = sample.open_case("under_review")
    delegate = sample.actor(APPROVERS[0], 1)
    for one in (reviewer,):
        opine(sample, case_id, one)
    give(sample.engine, approver, delegate)
    granted_by(sample.engine, approver, delegate)
    assert "您办理所用的席位由" in refused(sample, case_id, "decide", for_(approver, delegate))
    assert "授予" in not_given(sample.engine, approver, delegate, since="2026-05-01", until="2026-05-02")


def test_whom_somebody_acts_for_is_bound_by_whom_they_seated(
    sample: Sample, reviewer: Actor, approver: Actor
) -> None:
    case_id, delegate = sample.open_case("under_review"), sample.actor(APPROVERS[0], 1)
    granted_by(sample.engine, reviewer, approver)
    opine(sample, case_id, reviewer)
    give(sample.engine, approver, delegate)
    assert f"{reviewer.name}的席位由您" in refused(sample, case_id, "decide", for_(approver, delegate))


def test_a_seat_granted_by_nobody_here_binds_nobody(sample: Sample, reviewer: Actor, approver: Actor) -> None:
    case_id, outsider = sample.open_case("under_review"), sample.actor(Role.AGENCY_CLERK)
    granted_by(sample.engine, reviewer, outsider)
    granted_by(sample.engine, approver, outsider)
    opine(sample, case_id, reviewer)
    sample.take(case_id, "decide", approver, data={"verdict": "agree"})


def test_an_administrator_who_seats_several_and_decides_later(
    sample: Sample, reviewer: Actor, approver: Actor
) -> None:
    """Who once kept accounts and now holds a deciding seat: every seat they granted is closed to them in one case."""
    case_id: Any = sample.open_case("under_review")
    for one in (reviewer, sample.actor(REVIEWERS[1]), sample.actor(REVIEWERS[2])):
        granted_by(sample.engine, one, approver)
    sample.opine(case_id, ("city_insurance",))
    assert "授予" in on_page(sample, case_id, "decide", approver)
