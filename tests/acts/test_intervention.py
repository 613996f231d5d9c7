"""Interventions: two administrators, only what needs mending, never a decision, and no part in the case afterwards."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from governance.refusal import Refused
from governance.roles import ROLE_NAMES, Role
from tests.acts.acting import act, left, refused, told
from tests.acts.giving import end_seat, seat
from tests.kernel.checking import sound, state_of
from tests.kernel.sample_stage import APPROVERS, BUREAUS, REVIEWERS, Sample
from workflow.acts.model import interventions
from workflow.attempt import Actor
from workflow.db import reading, writing
from workflow.model import case_actors, rounds, tasks

RESEAT = {"target": "reseat:ruling", "reason": "该局两位负责人均已回避"}
CHECKED = {"note": "已核对人事变动文件"}


@pytest.fixture
def stuck(sample: Sample) -> int:
    """A case in which both approvers of one bureau are gone, and another bureau has decided."""
    case_id = sample.open_case("under_review")
    sample.opine(case_id)
    sample.decide(case_id, BUREAUS[1:2])
    for one in sample.county.actors["city_health", "city_health_approver"]:
        end_seat(sample.engine, one)
    return case_id


def seat_again(sample: Sample, who: Role = Role.CENTRE_HEAD) -> Actor:
    """Somebody who may decide sits in the bureau from which both approvers are gone."""
    return seat(sample.engine, sample.actor(who), APPROVERS[0], sample.actor(REVIEWERS[0]).organisation_id)


def administrators(sample: Sample) -> tuple[Actor, Actor]:
    return sample.actor(Role.ADMINISTRATOR), sample.actor(Role.ADMINISTRATOR, 1)


def number(sample: Sample) -> int:
    with reading(sample.engine) as connection:
        return connection.scalars(select(interventions.c.id).order_by(interventions.c.id.desc())).first() or 0


def outcomes(sample: Sample, case_id: int) -> list[str]:
    with reading(sample.engine) as connection:
        query = select(rounds.c.outcome).where(rounds.c.case_id == case_id).order_by(rounds.c.round_no)
        return list(connection.scalars(query))


def test_two_administrators_open_the_round_anew(sample: Sample, stuck: int) -> None:
    first, second = administrators(sample)
    fresh = seat_again(sample)
    act(sample.engine, stuck, "intervention_propose", first, **RESEAT)
    assert outcomes(sample, stuck) == ["open"]
    assert [role for _body, role, _words in told(sample.engine, stuck, "intervention")] == ["administrator"]
    act(sample.engine, stuck, "intervention_done", second, intervention=number(sample), **CHECKED)
    assert outcomes(sample, stuck) == ["superseded", "open"]
    assert state_of(sample.engine, stuck).state == "under_review"
    (body,) = left(sample.engine, stuck, "intervention_done")
    assert body["data"]["superseded_round"] == 1 and body["data"]["proposed_by"] == first.person_id
    with pytest.raises(Refused, match="还缺“经办意见”"):  # what was said before counts no more
        sample.decide(stuck, BUREAUS[1:2])
    sample.opine(stuck)
    sample.take(stuck, "decide", fresh, data={"verdict": "agree"})
    sample.decide(stuck, BUREAUS[1:])
    assert state_of(sample.engine, stuck).state == "agreed"
    sound(sample.engine)


def test_nothing_is_opened_anew_before_somebody_who_may_decide_is_seated(sample: Sample, stuck: int) -> None:
    first, second = administrators(sample)
    engine, label = sample.engine, outcomes(sample, stuck)
    with pytest.raises(Refused) as caught:
        act(engine, stuck, "intervention_propose", first, **RESEAT)
    (why,) = caught.value.refusals
    assert "还没有可以作出决定的人" in str(why.reason) and "意见作废" in str(why.reason)
    post = ROLE_NAMES[APPROVERS[0]][0]
    assert str(why.who).startswith("系统管理（先为") and f"“{post}”到岗" in str(why.who)
    fresh = seat_again(sample)
    act(engine, stuck, "intervention_propose", first, **RESEAT)
    end_seat(engine, fresh)
    said = refused(engine, stuck, "intervention_done", second, intervention=number(sample), **CHECKED)
    assert "还没有可以作出决定的人" in said and outcomes(sample, stuck) == label
    act(engine, stuck, "intervention_refused", second, intervention=number(sample), **CHECKED)


def test_one_of_the_two_administrators_is_nobody_who_may_decide(sample: Sample, stuck: int) -> None:
    """Whoever intervenes takes no duty in the case: a seat they would fill themselves is still vacant."""
    first, second = administrators(sample)
    body = sample.actor(REVIEWERS[0]).organisation_id
    seat(sample.engine, first, APPROVERS[0], body)
    assert "还没有可以" in refused(sample.engine, stuck, "intervention_propose", first, **RESEAT)
    act(sample.engine, stuck, "intervention_propose", second, **RESEAT)
    assert "还没有可以" in refused(
        sample.engine, stuck, "intervention_done", first, intervention=number(sample), **CHECKED
    )
    seat_again(sample)
    act(sample.engine, stuck, "intervention_done", first, intervention=number(sample), **CHECKED)
    assert outcomes(sample, stuck) == ["superseded", "open"]


def test_nobody_carries_out_their_own_proposal(sample: Sample, stuck: int) -> None:
    first, _second = administrators(sample)
    seat_again(sample)
    act(sample.engine, stuck, "intervention_propose", first, **RESEAT)
    for verb in ("intervention_done", "intervention_refused"):
        said = refused(sample.engine, stuck, verb, first, intervention=number(sample), **CHECKED)
        assert said == "没有由另一位系统管理员提出、待您办理的干预申请"
    with pytest.raises(IntegrityError), writing(sample.engine) as connection:
        connection.execute(interventions.update().values(decided_by=first.person_id))


def test_what_is_not_stuck_is_left_alone(sample: Sample) -> None:
    first, second = administrators(sample)
    case_id = sample.open_case("under_review")
    assert "没有需要干预的事项" in refused(sample.engine, case_id, "intervention_propose", first, **RESEAT)
    assert "待您办理" in refused(sample.engine, case_id, "intervention_done", second, intervention=1, **CHECKED)


def test_it_is_looked_at_again_when_it_is_carried_out(sample: Sample, stuck: int) -> None:
    first, second = administrators(sample)
    seat_again(sample)
    act(sample.engine, stuck, "intervention_propose", first, **RESEAT)
    assert "同一事项已有" in refused(sample.engine, stuck, "intervention_propose", second, **RESEAT)
    end_seat(sample.engine, sample.actor(APPROVERS[0]), "2030-12-31")
    said = refused(sample.engine, stuck, "intervention_done", second, intervention=number(sample), **CHECKED)
    assert "现在不需要干预" in said
    assert "请写明核对情况" in refused(
        sample.engine, stuck, "intervention_refused", second, intervention=number(sample), note=" "
    )
    act(sample.engine, stuck, "intervention_refused", second, intervention=number(sample), **CHECKED)
    assert outcomes(sample, stuck) == ["open"]


def test_only_what_is_stuck_is_mended_where_something_is(sample: Sample, stuck: int) -> None:
    seat_again(sample)
    said = refused(
        sample.engine, stuck, "intervention_propose", administrators(sample)[0], target="reseat:other", reason="样例"
    )
    assert said == "这一事项现在不需要干预"


def test_nobody_else_intervenes(sample: Sample, stuck: int) -> None:
    for role in (Role.AGENCY_HEAD, Role.AUDITOR, APPROVERS[1]):
        said = refused(sample.engine, stuck, "intervention_propose", sample.actor(role), **RESEAT)
        assert "不能在本件上办理" in said


def test_a_task_that_was_handed_on_is_given_back(sample: Sample) -> None:
    first, second = administrators(sample)
    case_id = sample.open_case("under_review")
    giver, taker = sample.actor(REVIEWERS[0]), sample.actor(REVIEWERS[0], 1)
    act(sample.engine, case_id, "reassign", giver, task=f"opine|{REVIEWERS[0]}", person=taker.person_id, reason="样例")
    target = f"release:opine|{giver.organisation_id}|{REVIEWERS[0]}"
    act(sample.engine, case_id, "intervention_propose", first, target=target, reason="久不办理")
    act(sample.engine, case_id, "intervention_done", second, intervention=number(sample), **CHECKED)
    with reading(sample.engine) as connection:
        assert set(connection.scalars(select(tasks.c.person_id).where(tasks.c.case_id == case_id))) == {None}
    sample.take(case_id, "opine", giver, data={"verdict": "agree"})


def test_who_intervened_takes_no_duty_in_the_case(sample: Sample, stuck: int) -> None:
    body = sample.actor(REVIEWERS[0]).organisation_id
    seats = [seat(sample.engine, one, REVIEWERS[0], body) for one in administrators(sample)]
    seat_again(sample)
    act(sample.engine, stuck, "intervention_propose", administrators(sample)[0], **RESEAT)
    act(sample.engine, stuck, "intervention_done", administrators(sample)[1], intervention=number(sample), **CHECKED)
    for one in seats:
        with pytest.raises(Refused, match="您办理过本件的管理干预"):
            sample.take(stuck, "opine", one, data={"verdict": "agree"})


def test_who_had_a_duty_in_the_case_does_not_intervene(sample: Sample, stuck: int) -> None:
    reviewer = sample.actor(REVIEWERS[1])
    first, second = administrators(sample)
    seat_again(sample)
    turned = seat(sample.engine, reviewer, Role.ADMINISTRATOR, first.organisation_id)
    assert "承担过办理岗位" in refused(sample.engine, stuck, "intervention_propose", turned, **RESEAT)
    act(sample.engine, stuck, "intervention_propose", second, **RESEAT)
    said = refused(sample.engine, stuck, "intervention_done", turned, intervention=number(sample), **CHECKED)
    assert "承担过办理岗位" in said


def test_a_seat_whose_last_decider_has_another_part_in_the_case_is_vacant(sample: Sample) -> None:
    """Whoever gave the opinion for a colleague may not decide as well: nobody is left, and two people mend it."""
    case_id = sample.open_case("under_review")
    first, other = sample.county.actors["city_health", "city_health_approver"]
    end_seat(sample.engine, other)
    with writing(sample.engine) as connection:
        connection.execute(
            case_actors.insert(), {"case_id": case_id, "person_id": first.person_id, "duty": "review"}
        )  # fmt: skip
    administrator, second = administrators(sample)
    seat(sample.engine, sample.actor(Role.CENTRE_HEAD), APPROVERS[0], first.organisation_id)
    act(sample.engine, case_id, "intervention_propose", administrator, **RESEAT)
    act(sample.engine, case_id, "intervention_done", second, intervention=number(sample), **CHECKED)
    assert outcomes(sample, case_id) == ["superseded", "open"]
    with pytest.raises(Refused):  # somebody who may decide is seated now
        act(sample.engine, case_id, "intervention_propose", administrator, **RESEAT)
