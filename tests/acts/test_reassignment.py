"""Handing on: to whom, by whom, that then nobody else takes the step, and how it ends."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from governance.refusal import Refused
from governance.roles import Role
from tests.acts.acting import act, left, refused, told
from tests.acts.giving import disable, end_seat, for_, give, seat
from tests.kernel.sample_stage import APPROVERS, AT, REVIEWERS, Sample
from workflow.attempt import Actor
from workflow.db import reading
from workflow.model import tasks

WHY = {"reason": "出差"}
TASK = f"opine|{REVIEWERS[0]}"
AGREE = {"verdict": "agree"}


@pytest.fixture
def case_id(sample: Sample) -> int:
    return sample.open_case("under_review")


def people(sample: Sample) -> tuple[Actor, Actor]:
    return sample.actor(REVIEWERS[0]), sample.actor(REVIEWERS[0], 1)


def hand_on(sample: Sample, case_id: int, by: Actor, to: Actor | None, task: str = TASK) -> None:
    act(sample.engine, case_id, "reassign", by, task=task, person=to.person_id if to else 0, **WHY)


def held(sample: Sample, case_id: int, trigger: str = "opine") -> set[int | None]:
    with reading(sample.engine) as connection:
        rows = connection.execute(select(tasks).where(tasks.c.case_id == case_id, tasks.c.trigger == trigger))
        return {row.person_id for row in rows} - {None}


def closed(sample: Sample, case_id: int, actor: Actor, trigger: str = "opine") -> str:
    with pytest.raises(Refused) as caught:
        sample.take(case_id, trigger, actor, data=dict(AGREE))
    return "\n".join(str(one.reason) for one in caught.value.refusals)


def test_then_only_that_person_takes_the_step(sample: Sample, case_id: int) -> None:
    first, second = people(sample)
    hand_on(sample, case_id, first, second)
    assert closed(sample, case_id, first) == f"本项已转由{second.name}办理"
    (body,) = left(sample.engine, case_id, "reassign")
    assert (body["data"]["person"], body["data"]["task"]) == (second.person_id, "opine")
    ((_body, role, words),) = told(sample.engine, case_id, "reassigned")
    assert role == REVIEWERS[0] and second.name in words
    sample.take(case_id, "opine", second, data=dict(AGREE))


def test_it_stays_while_others_act(sample: Sample, case_id: int) -> None:
    first, second = people(sample)
    hand_on(sample, case_id, first, second)
    sample.opine(case_id, ("city_finance",))
    assert held(sample, case_id) == {second.person_id}
    assert closed(sample, case_id, first)


def test_handed_on_again_and_back_by_whom_it_is(sample: Sample, case_id: int) -> None:
    first, second = people(sample)
    hand_on(sample, case_id, first, second)
    said = refused(sample.engine, case_id, "reassign", first, task=TASK, person=first.person_id, **WHY)
    assert said == f"本项已转由{second.name}办理，由其本人或负责人再转"
    hand_on(sample, case_id, second, first)
    hand_on(sample, case_id, sample.actor(APPROVERS[0]), second)  # the head may, at any time
    hand_on(sample, case_id, second, None)
    assert held(sample, case_id) == set()
    sample.take(case_id, "opine", first, data=dict(AGREE))


def test_to_whom_and_by_whom(sample: Sample, case_id: int) -> None:
    engine, (first, second) = sample.engine, people(sample)
    stranger, head = sample.actor(REVIEWERS[1]), sample.actor(APPROVERS[0])
    wrong = "只能转给本单位同一岗位、未回避的人"
    assert refused(engine, case_id, "reassign", first, task=TASK, person=stranger.person_id, **WHY) == wrong
    assert refused(engine, case_id, "reassign", first, task=TASK, person=head.person_id, **WHY) == wrong
    assert "没有这个待办" in refused(engine, case_id, "reassign", stranger, task=TASK, person=second.person_id, **WHY)
    assert "没有这个待办" in refused(engine, case_id, "reassign", first, task="decide|x", person=0, **WHY)
    assert "请写明原因" in refused(engine, case_id, "reassign", first, task=TASK, person=second.person_id, reason="")
    assert "不能在本件上办理" in refused(
        engine, case_id, "reassign", sample.actor(Role.ADMINISTRATOR), task=TASK, person=second.person_id, **WHY
    )
    act(engine, case_id, "recuse", second, person=second.person_id, reason="样例")
    assert refused(engine, case_id, "reassign", first, task=TASK, person=second.person_id, **WHY) == wrong


def test_not_to_whom_the_case_excludes_nor_to_a_newcomer(sample: Sample, case_id: int) -> None:
    second = people(sample)[1]
    seat(sample.engine, second, APPROVERS[0], second.organisation_id)
    sample.take(case_id, "opine", second, data=dict(AGREE))
    task = f"decide|{APPROVERS[0]}"
    head = sample.actor(APPROVERS[0])
    said = refused(sample.engine, case_id, "reassign", head, task=task, person=second.person_id, **WHY)
    assert "已经承担别的岗位" in said
    newcomer = seat(sample.engine, sample.actor(Role.CENTRE_CLERK), APPROVERS[0], head.organisation_id)
    said = refused(sample.engine, case_id, "reassign", head, task=task, person=newcomer.person_id, **WHY)
    assert "不在本轮的决定人之列" in said


@pytest.mark.parametrize("how", ["disabled", "seat ended", "recused"])
def test_it_ends_with_the_seat(sample: Sample, case_id: int, how: str) -> None:
    first, second = people(sample)
    hand_on(sample, case_id, first, second)
    if how == "disabled":
        disable(sample.engine, second)
    elif how == "seat ended":
        end_seat(sample.engine, second)
    else:
        act(sample.engine, case_id, "recuse", second, person=second.person_id, reason="样例")
    sample.take(case_id, "opine", first, data=dict(AGREE))


def test_whoever_acts_for_the_one_it_is_handed_to_may_take_it(sample: Sample, case_id: int) -> None:
    first, second = people(sample)
    approver = sample.actor(APPROVERS[0])
    give(sample.engine, second, approver)
    give(sample.engine, first, sample.actor(APPROVERS[0], 1))
    hand_on(sample, case_id, first, second)
    assert "已转由" in closed(sample, case_id, for_(first, sample.actor(APPROVERS[0], 1)))
    sample.take(case_id, "opine", for_(second, approver), data=dict(AGREE), at=AT)


def test_a_seat_without_a_task_has_nothing_to_hand_on(sample: Sample, case_id: int) -> None:
    said = refused(sample.engine, case_id, "reassign", sample.actor(Role.AGENCY_CLERK), task=TASK, person=0, **WHY)
    assert said == "本岗位现在没有可以转办的待办"


def test_only_a_head_hands_on_the_task_of_another_post(sample: Sample, case_id: int) -> None:
    first, second = people(sample)
    sample.take(case_id, "opine", first, data=dict(AGREE))
    task, head = f"decide|{APPROVERS[0]}", sample.actor(APPROVERS[0])
    said = refused(sample.engine, case_id, "reassign", second, task=task, person=head.person_id, **WHY)
    assert said == "本岗位现在没有可以转办的待办"
    hand_on(sample, case_id, head, sample.actor(APPROVERS[0], 1), task)
