"""Added seats: a seat agrees only where nobody it asked objects, and waits for them as it was asked to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from sqlalchemy import Engine, select

from governance.quorum import with_added
from governance.refusal import Refused
from governance.roles import Role
from tests.acts.acting import act, left, refused, told
from tests.kernel.checking import duties_of, sound, state_of
from tests.kernel.sample_stage import APPROVERS, BUREAUS, REVIEWERS, RULING, STAGE, Sample, settle_in
from workflow import stages
from workflow.acts.model import added_seats
from workflow.attempt import Actor, Attempt
from workflow.db import reading
from workflow.machines import STAGES, BallotSeat
from workflow.model import rounds, tasks

HEAD, OTHER = APPROVERS[0], BUREAUS[1:]


@pytest.fixture
def case_id(sample: Sample) -> int:
    """A case whose reviewers have spoken; the other two bureaus have agreed."""
    found = sample.open_case("under_review")
    sample.opine(found)
    sample.decide(found, OTHER)
    return found


def asked(sample: Sample, case_id: int, place: str = "before", n: int = 1, by: Actor | None = None) -> Actor:
    """The first bureau's head asks the ``n``-th reviewer of the bureau."""
    colleague = sample.actor(REVIEWERS[0], n)
    act(
        sample.engine, case_id, "add_seat", by or sample.actor(HEAD), person=colleague.seat_id, place=place,
        reason="请核对资金口径",
    )  # fmt: skip
    return colleague


def give(sample: Sample, case_id: int, who: Actor, verdict: str = "agree") -> None:
    act(sample.engine, case_id, "added_opinion", who, verdict=verdict, opinion="样例意见")


def decide(sample: Sample, case_id: int, verdict: str = "agree") -> None:
    sample.decide(case_id, BUREAUS[:1], verdict)


def open_tasks(engine: Engine, case_id: int) -> set[tuple[str, str]]:
    with reading(engine) as connection:
        rows = connection.execute(select(tasks.c.trigger, tasks.c.role).where(tasks.c.case_id == case_id))
        return {(row.trigger, row.role) for row in rows}


def test_who_is_asked_before_is_heard_before_the_head_decides(sample: Sample, case_id: int) -> None:
    colleague = asked(sample, case_id)
    assert open_tasks(sample.engine, case_id) == {("added_opinion", str(REVIEWERS[0]))}
    assert told(sample.engine, case_id, "added")[0][:2] == (colleague.organisation_id, str(REVIEWERS[0]))
    with pytest.raises(Refused, match="尚未出具意见"):
        decide(sample, case_id)
    give(sample, case_id, colleague)
    assert state_of(sample.engine, case_id).state == "under_review"
    assert open_tasks(sample.engine, case_id) == {("decide", str(HEAD))}
    assert duties_of(sample.engine, case_id)[colleague.person_id] == "review"
    decide(sample, case_id)
    assert state_of(sample.engine, case_id).state == "agreed"
    assert left(sample.engine, case_id, "added_opinion")[0]["data"]["verdict"] == "agree"
    sound(sample.engine)


def test_who_is_asked_after_speaks_after_and_only_then_the_seat_counts(sample: Sample, case_id: int) -> None:
    colleague = asked(sample, case_id, "after")
    assert open_tasks(sample.engine, case_id) == {("decide", str(HEAD))}
    assert "须等" in refused(sample.engine, case_id, "added_opinion", colleague, verdict="agree", opinion="")
    decide(sample, case_id)
    assert state_of(sample.engine, case_id).state == "under_review"
    assert open_tasks(sample.engine, case_id) == {("added_opinion", str(REVIEWERS[0]))}
    give(sample, case_id, colleague)
    assert state_of(sample.engine, case_id).state == "agreed"
    sound(sample.engine)


@pytest.mark.parametrize("head_first", [True, False])
def test_who_is_asked_beside_may_speak_in_any_order(sample: Sample, case_id: int, head_first: bool) -> None:
    colleague = asked(sample, case_id, "beside")
    assert {one for one, _role in open_tasks(sample.engine, case_id)} == {"added_opinion", "decide"}
    moves = [lambda: decide(sample, case_id), lambda: give(sample, case_id, colleague)]
    first, second = moves if head_first else reversed(moves)
    first()
    assert state_of(sample.engine, case_id).state == "under_review"
    second()
    assert state_of(sample.engine, case_id).state == "agreed"


@pytest.mark.parametrize("own,said", list(product(("agree", "disagree", "return", "abstain"), repeat=2)))
def test_the_seat_counts_with_what_was_said(sample: Sample, case_id: int, own: str, said: str) -> None:
    colleague = asked(sample, case_id, "beside")
    give(sample, case_id, colleague, said)
    decide(sample, case_id, own)
    verdict = with_added(own, [said])
    expected = {"agree": "agreed", "return": "drafting"}.get(verdict, "refused")
    assert state_of(sample.engine, case_id).state == expected


def test_a_seat_that_has_not_spoken_may_be_taken_back_and_the_round_is_counted_again(
    sample: Sample, case_id: int
) -> None:
    asked(sample, case_id, "beside")
    decide(sample, case_id)
    assert state_of(sample.engine, case_id).state == "under_review"
    with reading(sample.engine) as connection:
        key = connection.scalar(select(added_seats.c.seat_key).where(added_seats.c.case_id == case_id))
    assert "不能在本件上办理" in refused(
        sample.engine, case_id, "take_back_seat", sample.actor(APPROVERS[1]), seat=f"1:{key}"
    )
    assert "只能撤回" in refused(sample.engine, case_id, "take_back_seat", sample.actor(HEAD), seat="1:none")
    act(sample.engine, case_id, "take_back_seat", sample.actor(HEAD), seat=f"1:{key}")
    assert state_of(sample.engine, case_id).state == "agreed"
    sound(sample.engine)


def test_what_was_said_is_not_taken_back(sample: Sample, case_id: int) -> None:
    give(sample, case_id, asked(sample, case_id))
    assert "不能在本件上办理" in refused(sample.engine, case_id, "take_back_seat", sample.actor(HEAD), seat="1:x")


def test_one_level_only(sample: Sample) -> None:
    case_id = sample.open_case("under_review")
    second = sample.actor(HEAD, 1)
    act(sample.engine, case_id, "add_seat", sample.actor(HEAD), person=second.seat_id, place="beside", reason="请把关")
    said = refused(
        sample.engine, case_id, "add_seat", second, person=sample.actor(REVIEWERS[0]).seat_id, place="beside",
        reason="x",
    )
    assert "加签只有一层" in said
    sample.opine(case_id)
    with pytest.raises(Refused, match="受邀加签"):
        sample.take(case_id, "decide", second, data={"verdict": "agree"})


def test_only_a_free_colleague_is_asked(sample: Sample, case_id: int) -> None:
    head, wanted = sample.actor(HEAD), "不能请此人加签"
    for who in (
        head,  # oneself
        sample.actor(REVIEWERS[0]),  # has spoken in the round
        sample.actor(REVIEWERS[1], 1),  # of another bureau
        sample.actor(Role.LEAD_CLERK),  # of another organisation
    ):
        said = refused(sample.engine, case_id, "add_seat", head, person=who.seat_id, place="before", reason="x")
        assert wanted in said, who
    asked(sample, case_id)
    again = sample.actor(REVIEWERS[0], 1)
    assert "没有可以加签" in refused(
        sample.engine, case_id, "add_seat", sample.actor(HEAD, 1), person=again.seat_id, place="before", reason="x"
    ) or wanted in refused(
        sample.engine, case_id, "add_seat", sample.actor(HEAD, 1), person=again.seat_id, place="before", reason="x"
    )


def test_nobody_recused_is_asked(sample: Sample, case_id: int) -> None:
    colleague = sample.actor(REVIEWERS[0], 1)
    act(sample.engine, case_id, "recuse", colleague, person=colleague.person_id, reason="近亲属")
    head = sample.actor(HEAD)
    said = refused(sample.engine, case_id, "add_seat", head, person=colleague.seat_id, place="before", reason="x")
    assert "不能请此人加签" in said or "没有可以加签" in said


def test_the_last_who_may_decide_is_not_asked_for_an_opinion(sample: Sample) -> None:
    case_id, reviewer = sample.open_case("under_review"), sample.actor(REVIEWERS[0])
    act(
        sample.engine, case_id, "add_seat", reviewer, person=sample.actor(HEAD, 1).seat_id, place="beside", reason="请把关"
    )
    said = refused(
        sample.engine, case_id, "add_seat", reviewer, person=sample.actor(HEAD).seat_id, place="beside", reason="x"
    )
    assert "不能请此人加签" in said or "没有可以加签" in said


def test_nobody_else_gives_the_opinion_and_nobody_after_the_round(sample: Sample, case_id: int) -> None:
    colleague = asked(sample, case_id, "beside")
    for other in (sample.actor(HEAD), sample.actor(REVIEWERS[0]), sample.actor(REVIEWERS[1])):
        assert "不能在本件上办理" in refused(sample.engine, case_id, "added_opinion", other, verdict="agree", opinion="")
    assert "须写明意见" in refused(sample.engine, case_id, "added_opinion", colleague, verdict="return", opinion=" ")
    decide(sample, case_id, "return")
    give(sample, case_id, colleague)
    assert state_of(sample.engine, case_id).state == "drafting"
    assert "不能在本件上办理" in refused(sample.engine, case_id, "added_opinion", colleague, verdict="agree", opinion="")


def test_a_changed_content_voids_the_added_seat_with_the_round(sample: Sample, case_id: int) -> None:
    asked(sample, case_id)
    sample.take(case_id, "amend", sample.actor(Role.LEAD_CLERK), data={"amount_fen": 5})
    with reading(sample.engine) as connection:
        assert list(connection.scalars(select(rounds.c.outcome).order_by(rounds.c.round_no))) == ["void", "open"]
    assert "added_opinion" not in {one for one, _role in open_tasks(sample.engine, case_id)}


def first_bureau(attempt: Attempt) -> list[BallotSeat]:
    """One seat."""
    return list(RULING.seats(attempt))[:1]


@pytest.fixture
def moving(engine: Engine) -> Iterator[Sample]:
    """A stage in which the decision itself moves the case on."""
    stages.load()
    steps = tuple(replace(one, dest="agreed") if one.trigger == "decide" else one for one in STAGE.steps)
    one_seat = replace(RULING, seats=first_bureau, then={})
    STAGES["sample"] = replace(STAGE, steps=steps, ballots=(one_seat,))
    try:
        yield settle_in(engine)
    finally:
        del STAGES["sample"]


def test_where_the_decision_moves_the_case_everybody_is_heard_first(moving: Sample) -> None:
    case_id = moving.open_case("under_review")
    moving.opine(case_id, BUREAUS[:1])
    colleague, head = moving.actor(REVIEWERS[0], 1), moving.actor(HEAD)
    for place in ("after", "beside"):
        said = refused(moving.engine, case_id, "add_seat", head, person=colleague.seat_id, place=place, reason="x")
        assert "只能先加签" in said
    act(moving.engine, case_id, "add_seat", head, person=colleague.seat_id, place="before", reason="x")
    give(moving, case_id, colleague, "disagree")
    with pytest.raises(Refused, match="不同意，本席位不能通过"):
        decide(moving, case_id)
    assert state_of(moving.engine, case_id).state == "under_review"
