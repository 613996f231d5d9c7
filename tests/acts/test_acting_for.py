"""Acting for another: who may be given what, who is bound by it, and how it ends."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from sqlalchemy import select

from governance.refusal import Refused
from governance.roles import Role
from tests.acts.acting import left, moment
from tests.acts.giving import NOON, disable, end_seat, for_, give, not_given, office, seat
from tests.kernel.checking import duties_of, sound, state_of
from tests.kernel.sample_stage import APPROVERS, BUREAUS, REVIEWERS, Sample
from workflow.acts import acting_for
from workflow.acts.model import delegations
from workflow.attempt import Actor, Case
from workflow.db import reading, writing
from workflow.model import cases, decisions
from workflow.organisations.model import admin_records, seats
from workflow.trail import ocel, package

AGREE = {"verdict": "agree"}
SEAT_OVER = "代签的授权已经到期、收回或不含本事项"


@pytest.fixture
def reviewer(sample: Sample) -> Actor:
    return sample.actor(REVIEWERS[0])


@pytest.fixture
def approver(sample: Sample) -> Actor:
    return sample.actor(APPROVERS[0])


def refused(sample: Sample, case_id: int, trigger: str, actor: Actor, day: str = "03-02") -> str:
    with pytest.raises(Refused) as caught:
        sample.take(case_id, trigger, actor, data=dict(AGREE), at=moment(day))
    return "\n".join(str(one.reason) for one in caught.value.refusals)


def test_a_reviewer_decides_for_the_approver_and_both_are_named(
    sample: Sample, reviewer: Actor, approver: Actor
) -> None:
    other = sample.actor(REVIEWERS[0], 1)
    case_id = sample.open_case("under_review")
    sample.take(case_id, "opine", other, data=dict(AGREE))
    give(sample.engine, approver, reviewer)
    sample.take(case_id, "decide", for_(approver, reviewer), data=dict(AGREE))
    with reading(sample.engine) as connection:
        row = connection.execute(select(decisions).where(decisions.c.link == "approve")).one()
        case = Case(*connection.execute(select(cases).where(cases.c.id == case_id)).one())
        parts = zipfile.ZipFile(io.BytesIO(package.evidence(connection, case)))
        events = ocel.event_log(connection)["events"]
    assert (row.person_id, row.for_person_id, row.seat_id) == (reviewer.person_id, approver.person_id, approver.seat_id)
    assert left(sample.engine, case_id, "decide")[0]["data"]["for"] == approver.person_id
    named = json.loads(parts.read("case.json"))["persons"]
    assert {str(reviewer.person_id), str(approver.person_id)} <= set(named)
    told = [one["value"] for event in events for one in event["attributes"] if one["name"] == "for"]
    assert told == [f"person:{approver.person_id}"]
    duties = duties_of(sample.engine, case_id)
    assert duties[reviewer.person_id or 0] == duties[approver.person_id or 0] == "approve"
    sound(sample.engine)


def test_without_a_grant_nobody_acts_from_anothers_seat(sample: Sample, reviewer: Actor, approver: Actor) -> None:
    case_id = sample.open_case("under_review")
    sample.opine(case_id)
    assert refused(sample, case_id, "decide", for_(approver, sample.actor(REVIEWERS[0], 1))) == SEAT_OVER


def test_who_reviewed_does_not_approve_for_another(sample: Sample, reviewer: Actor, approver: Actor) -> None:
    case_id = sample.open_case("under_review")
    sample.opine(case_id)
    give(sample.engine, approver, reviewer)
    assert "您在本件中已经承担“复核”" in refused(sample, case_id, "decide", for_(approver, reviewer))


def test_nobody_acts_for_someone_whom_the_case_excludes(sample: Sample, reviewer: Actor, approver: Actor) -> None:
    second = seat(sample.engine, reviewer, APPROVERS[0], reviewer.organisation_id)
    colleague = sample.actor(REVIEWERS[0], 1)
    case_id = sample.open_case("under_review")
    sample.opine(case_id)  # by the reviewer, who also holds a seat of an approver
    give(sample.engine, second, colleague)
    assert "授权人在本件中已经承担“复核”" in refused(sample, case_id, "decide", for_(second, colleague))


def test_whoever_was_acted_for_is_bound_as_well(sample: Sample, reviewer: Actor, approver: Actor) -> None:
    second = seat(sample.engine, reviewer, APPROVERS[0], reviewer.organisation_id)
    case_id = sample.open_case("under_review")
    give(sample.engine, reviewer, sample.actor(REVIEWERS[0], 1))
    sample.take(case_id, "opine", for_(reviewer, sample.actor(REVIEWERS[0], 1)), data=dict(AGREE))
    assert "您在本件中已经承担“复核”" in refused(sample, case_id, "decide", second)


def test_only_the_principal_has_to_be_among_the_frozen_people(
    sample: Sample, reviewer: Actor, approver: Actor
) -> None:
    case_id = sample.open_case("under_review")
    sample.opine(case_id, BUREAUS[:1])
    newcomer = seat(sample.engine, sample.actor(Role.CENTRE_CLERK), REVIEWERS[0], approver.organisation_id)
    give(sample.engine, approver, newcomer)
    sample.take(case_id, "decide", for_(approver, newcomer), data=dict(AGREE))
    late = seat(sample.engine, sample.actor(Role.CENTRE_HEAD), APPROVERS[1], sample.actor(APPROVERS[1]).organisation_id)
    give(sample.engine, late, sample.actor(APPROVERS[1]))
    sample.opine(case_id, BUREAUS[1:2])
    assert "不在本轮的决定人之列" in refused(sample, case_id, "decide", for_(late, sample.actor(APPROVERS[1])))


def test_a_person_speaks_for_one_body_only_whoever_for(sample: Sample, approver: Actor) -> None:
    """Somebody sits in two bureaus; what others did in their name counts as theirs."""
    twice = seat(sample.engine, approver, APPROVERS[1], sample.actor(APPROVERS[1]).organisation_id)
    case_id = sample.open_case("under_review")
    sample.opine(case_id)
    give(sample.engine, approver, sample.actor(APPROVERS[0], 1))
    sample.take(case_id, "decide", for_(approver, sample.actor(APPROVERS[0], 1)), data=dict(AGREE))
    assert "您在本轮中已经作出过一次决定" in refused(sample, case_id, "decide", twice)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"since": "2026-03-01"}, "授权不能从过去的日子开始"),
        ({"until": "2026-03-01"}, "早于起始日"),
        ({"until": "2026-05-31"}, "一次授权最长 90 天"),
        ({"until": ""}, "日期“”不对"),
        ({"reason": " "}, "请写明授权原因"),
        ({"stage": "nothing"}, "没有“nothing”这个事项"),
    ],
)
def test_what_a_grant_must_say(sample: Sample, options: dict[str, str], said: str) -> None:
    giver, taker = sample.actor(APPROVERS[0]), sample.actor(REVIEWERS[0])
    assert said in not_given(sample.engine, giver, taker, **options)
    give(sample.engine, giver, taker, until="2026-05-30")  # the ninetieth day


def test_to_whom_a_seat_may_be_given(sample: Sample, reviewer: Actor, approver: Actor) -> None:
    engine = sample.engine
    assert not_given(engine, approver, approver) == "不能授权给自己"
    assert "须是同一单位在岗" in not_given(engine, approver, sample.actor(APPROVERS[1]))
    assert not_given(engine, reviewer, approver, seat=approver.seat_id) == "not found"
    colleague = sample.actor(REVIEWERS[0], 1)
    disable(engine, colleague)
    assert "须是同一单位在岗" in not_given(engine, approver, colleague)
    seat(engine, reviewer, "lead_clerk", sample.county.organisations["lead"])
    assert "岗位不相容" in not_given(engine, approver, reviewer)
    gone = sample.actor(APPROVERS[0], 1)
    end_seat(engine, gone)
    assert "不由您担任" in not_given(engine, gone, approver)


@pytest.mark.parametrize("role", ["administrator", "rules_officer", "auditor", "committee_chair", "committee_member"])
def test_seats_that_are_never_given(sample: Sample, role: str) -> None:
    people = [one for (_code, held), found in sample.county.actors.items() if held == role for one in found]
    taker = people[1] if len(people) > 1 else sample.actor(Role.COMMITTEE_SECRETARY)
    said = not_given(sample.engine, people[0], taker)
    assert "不能授权他人" in said or "书面委托" in said


def test_no_chain(sample: Sample, reviewer: Actor, approver: Actor) -> None:
    colleague = sample.actor(REVIEWERS[0], 1)
    give(sample.engine, approver, reviewer)
    said = not_given(sample.engine, reviewer, colleague, seat=approver.seat_id, since="2026-03-03")
    assert said == "代他人办理的席位不能再授权给别人"
    give(sample.engine, reviewer, colleague)  # the reviewer's own seat does not bring the approver's with it
    case_id = sample.open_case("under_review")
    sample.opine(case_id, BUREAUS[:1])
    assert refused(sample, case_id, "decide", for_(approver, colleague)) == SEAT_OVER
    row = {
        "seat_id": approver.seat_id, "person_id": colleague.person_id, "since": NOON.date(), "until": NOON.date(),
        "reason": "样例", "granted_by": reviewer.person_id, "at": NOON,
    }  # fmt: skip
    with writing(sample.engine) as connection:  # even where somebody wrote such a row by hand
        connection.execute(delegations.insert().values(**row))
    assert refused(sample, case_id, "decide", for_(approver, colleague)) == SEAT_OVER


def test_a_seat_is_given_to_one_person_at_a_time(sample: Sample, reviewer: Actor, approver: Actor) -> None:
    colleague = sample.actor(REVIEWERS[0], 1)
    first = give(sample.engine, approver, reviewer)
    assert "已有授权" in not_given(sample.engine, approver, colleague, since="2026-03-31", until="2026-04-02")
    give(sample.engine, approver, colleague, since="2026-04-01", until="2026-04-02")
    with writing(sample.engine) as connection:
        acting_for.revoke(connection, office=office(approver), at=NOON, delegation=first)
    give(sample.engine, approver, colleague, until="2026-03-31")


def _nothing(sample: Sample, giver: Actor, taker: Actor, number: int) -> None:
    """The grant goes on."""


def _revoke(sample: Sample, giver: Actor, taker: Actor, number: int) -> None:
    with writing(sample.engine) as connection:
        acting_for.revoke(connection, office=office(giver), at=NOON, delegation=number)


ENDS = {
    "goes on": _nothing,
    "revoked": _revoke,
    "principal disabled": lambda sample, giver, taker, number: disable(sample.engine, giver),
    "delegate disabled": lambda sample, giver, taker, number: disable(sample.engine, taker),
    "principal's seat ended": lambda sample, giver, taker, number: end_seat(sample.engine, giver),
    "delegate's seat ended": lambda sample, giver, taker, number: end_seat(sample.engine, taker),
}


@pytest.mark.parametrize("how", sorted(ENDS))
def test_how_it_ends(sample: Sample, approver: Actor, how: str) -> None:
    taker = sample.actor(REVIEWERS[0], 1)
    case_id = sample.open_case("under_review")
    sample.opine(case_id, BUREAUS[:1])
    number = give(sample.engine, approver, taker)
    ENDS[how](sample, approver, taker, number)
    if how == "goes on":
        sample.take(case_id, "decide", for_(approver, taker), data=dict(AGREE))
        return
    assert refused(sample, case_id, "decide", for_(approver, taker)) == SEAT_OVER
    assert state_of(sample.engine, case_id).state == "under_review"


@pytest.mark.parametrize(
    ("day", "stage", "open_"),
    [
        ("03-04", "", False), ("03-05", "", True), ("03-31", "sample", True), ("04-01", "", False),
        ("03-05", "budget", False),
    ],
)
def test_days_and_stage(sample: Sample, approver: Actor, day: str, stage: str, open_: bool) -> None:
    taker = sample.actor(REVIEWERS[0], 1)
    give(sample.engine, approver, taker, since="2026-03-05", stage=stage)
    case_id = sample.open_case("under_review")
    sample.opine(case_id, BUREAUS[:1])
    if open_:
        sample.take(case_id, "decide", for_(approver, taker), data=dict(AGREE), at=moment(day))
    else:
        assert refused(sample, case_id, "decide", for_(approver, taker), day) == SEAT_OVER


def test_who_takes_a_grant_back(sample: Sample, reviewer: Actor, approver: Actor) -> None:
    stranger = sample.actor(APPROVERS[1])
    number = give(sample.engine, approver, reviewer)
    for who, places in ((stranger, ()), (stranger, ("demo-hunan-beihe",))):
        with pytest.raises(acting_for.NotFound), writing(sample.engine) as connection:
            acting_for.revoke(connection, office=office(who, *places), at=NOON, delegation=number)
    with writing(sample.engine) as connection:
        acting_for.revoke(connection, office=office(stranger, "demo-hunan-city"), at=NOON, delegation=number)
    with pytest.raises(Refused, match="已经收回"), writing(sample.engine) as connection:
        acting_for.revoke(connection, office=office(reviewer), at=NOON, delegation=number)
    with reading(sample.engine) as connection:
        verbs = list(connection.scalars(select(admin_records.c.verb).order_by(admin_records.c.id)))
        held = connection.scalar(select(seats.c.until).where(seats.c.id == approver.seat_id))
    assert verbs == ["grant_acting_for", "revoke_acting_for"] and held is None
