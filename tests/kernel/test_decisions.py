"""Rounds: one vote a seat, on exactly the content shown, by people without another duty; decided when it must be."""

from __future__ import annotations

import itertools
import json

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from governance.refusal import Refused
from governance.roles import Role
from tests.kernel.checking import counts, duties_of, sound, state_of
from tests.kernel.sample_stage import APPROVERS, AT, BUREAUS, FEN, REVIEWERS, Sample
from workflow import lifecycle
from workflow.attempt import Actor
from workflow.db import reading, writing
from workflow.model import decisions, records, rounds
from workflow.organisations.model import seats


def said(caught: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [str(one.reason) for one in caught.value.refusals]


def second_seat(sample: Sample, actor: Actor, role: Role, organisation_id: int) -> Actor:
    """Another seat for the same person."""
    with writing(sample.engine) as connection:
        row = {"person_id": actor.person_id, "organisation_id": organisation_id, "role": role, "since": AT.date()}
        seat = connection.execute(seats.insert().values(row).returning(seats.c.id)).scalar_one()
    return Actor(actor.person_id, seat, organisation_id, role, actor.name)


def test_who_reviewed_may_not_approve(sample: Sample) -> None:
    reviewer = sample.actor(REVIEWERS[0])
    both = second_seat(sample, reviewer, APPROVERS[0], reviewer.organisation_id or 0)
    case_id = sample.open_case("under_review")
    sample.opine(case_id)
    before = counts(sample.engine)
    with pytest.raises(Refused) as caught:
        sample.take(case_id, "decide", both, data={"verdict": "agree"})
    assert said(caught) == ["不相容岗位：您在本件中已经承担“复核”，不能再承担“审批”"]
    assert counts(sample.engine) == before


def test_who_drafted_may_not_pay(sample: Sample) -> None:
    clerk = sample.actor(Role.LEAD_CLERK)
    agency = sample.actor(Role.AGENCY_HEAD).organisation_id or 0
    payer = second_seat(sample, clerk, Role.AGENCY_HEAD, agency)
    case_id = sample.open_case()
    sample.take(case_id, "submit", clerk)
    sample.take(case_id, "accept", sample.actor(Role.AGENCY_CLERK))
    sample.opine(case_id)
    sample.decide(case_id)
    with pytest.raises(Refused, match="不相容岗位"):
        sample.take(case_id, "pay", payer)
    sample.take(case_id, "pay", sample.actor(Role.AGENCY_HEAD))
    assert sorted(duties_of(sample.engine, case_id).values()) == ["approve"] * 3 + ["pay", "prepare"] + ["review"] * 3


def test_the_database_refuses_a_second_duty_and_a_second_vote(sample: Sample) -> None:
    case_id = sample.open_case("under_review")
    sample.opine(case_id)
    with reading(sample.engine) as connection:
        row = dict(connection.execute(select(decisions).where(decisions.c.case_id == case_id)).first()._mapping)
    other = sample.actor(REVIEWERS[0], 1)
    for changed in (
        {"link": "approve", "duty": "approve"},  # the reviewer has no duty to approve
        {"person_id": other.person_id, "seat_id": other.seat_id},  # the seat has voted, and this person has no duty
        {"link": "vote", "subject_hash": "0" * 64},  # other content than the round's
    ):
        with pytest.raises(IntegrityError), writing(sample.engine) as connection:
            connection.execute(decisions.insert().values({**row, "id": None, **changed} | {"id": 900}))


def test_a_seat_votes_once_whoever_sits_in_it(sample: Sample) -> None:
    case_id = sample.open_case("under_review")
    sample.opine(case_id)
    before = counts(sample.engine)
    for number in (0, 1):
        with pytest.raises(Refused) as caught:
            sample.take(case_id, "opine", sample.actor(REVIEWERS[0], number), data={"verdict": "agree"})
        assert said(caught)[0].endswith("已经作出决定，不能重复")
    assert counts(sample.engine) == before


def test_the_head_waits_for_the_reviewer_of_the_same_bureau(sample: Sample) -> None:
    case_id = sample.open_case("under_review")
    sample.opine(case_id, ("city_finance",))
    with pytest.raises(Refused) as caught:
        sample.decide(case_id, ("city_health",))
    assert said(caught)[0].endswith("还缺“经办意见”")
    sample.decide(case_id, ("city_finance",))


def test_only_people_seated_when_the_round_opened_decide(sample: Sample) -> None:
    case_id = sample.open_case("under_review")
    newcomer = second_seat(
        sample, sample.actor(Role.AUDITOR), REVIEWERS[0], sample.actor(REVIEWERS[0]).organisation_id or 0
    )
    with pytest.raises(Refused) as caught:
        sample.take(case_id, "opine", newcomer, data={"verdict": "agree"})
    assert said(caught) == ["您不在本轮的决定人之列"]


def test_disagreeing_needs_its_reason(sample: Sample) -> None:
    case_id = sample.open_case("under_review")
    for verdict in ("disagree", "return", "abstain"):
        with pytest.raises(Refused, match="须写明意见"):
            sample.take(case_id, "opine", sample.actor(REVIEWERS[0]), data={"verdict": verdict, "opinion": " "})


def test_a_changed_dossier_voids_the_round_and_says_so(sample: Sample) -> None:
    case_id = sample.open_case("under_review")
    sample.opine(case_id)
    sample.decide(case_id, BUREAUS[:2])
    old = state_of(sample.engine, case_id)
    sample.take(case_id, "amend", sample.actor(Role.LEAD_CLERK), data={"amount_fen": FEN + 1})
    new = state_of(sample.engine, case_id)
    assert (new.state, new.dossier_version) == ("under_review", old.dossier_version + 1)
    with reading(sample.engine) as connection:
        outcomes = connection.execute(select(rounds.c.round_no, rounds.c.outcome).order_by(rounds.c.round_no)).all()
        told = connection.scalars(select(records.c.body).where(records.c.seq == new.record_seq)).one()
    assert [tuple(row) for row in outcomes] == [(1, "void"), (2, "open")]
    assert json.loads(told)["data"]["voided_round"] == 1
    with pytest.raises(lifecycle.Stale):
        sample.take(
            case_id, "opine", sample.actor(REVIEWERS[0]), data={"verdict": "agree"},
            seen=f"{old.revision}:{old.subject_hash[:16]}",
        )  # fmt: skip
    with pytest.raises(Refused):  # the last vote of the old round counts for nothing in the new one
        sample.decide(case_id, BUREAUS[2:])
    sample.opine(case_id)
    sample.decide(case_id)
    assert state_of(sample.engine, case_id).state == "agreed"
    sound(sample.engine)


def test_an_amendment_that_changes_nothing_keeps_the_round(sample: Sample) -> None:
    case_id = sample.open_case("under_review")
    sample.opine(case_id)
    sample.take(case_id, "amend", sample.actor(Role.LEAD_CLERK), data={"amount_fen": FEN})
    sample.decide(case_id)
    assert state_of(sample.engine, case_id).state == "agreed"


EXPECTED = {"agree": "agreed", "disagree": "refused", "return": "drafting"}


@pytest.mark.parametrize("order", list(itertools.permutations(BUREAUS))[::2])
@pytest.mark.parametrize("last", sorted(EXPECTED))
def test_the_case_moves_with_the_vote_that_decides_and_not_before(
    sample: Sample, order: tuple[str, ...], last: str
) -> None:
    case_id = sample.open_case("under_review")
    for kind in order:
        sample.opine(case_id, (kind,))
    for number, kind in enumerate(order, start=1):
        assert state_of(sample.engine, case_id).state == "under_review"
        sample.decide(case_id, (kind,), "agree" if number < 3 else last)
        sound(sample.engine)
    assert state_of(sample.engine, case_id).state == EXPECTED[last]


@pytest.mark.parametrize("verdict", ["disagree", "return"])
def test_a_verdict_that_settles_the_outcome_ends_the_round_at_once(sample: Sample, verdict: str) -> None:
    case_id = sample.open_case("under_review")
    sample.opine(case_id)
    sample.decide(case_id, BUREAUS[:1], verdict)
    assert state_of(sample.engine, case_id).state == EXPECTED[verdict]
    with pytest.raises(Refused, match="不能办理"):
        sample.decide(case_id, BUREAUS[1:2])
    sound(sample.engine)
