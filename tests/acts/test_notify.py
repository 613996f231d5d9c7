"""Copying a case to others: whoever may read it anyway, once a day each, and nobody else."""

from __future__ import annotations

import pytest

from governance.roles import Role
from tests.acts.acting import act, left, moment, outsider, refused, told
from tests.kernel.sample_stage import Sample
from workflow import scope, stages
from workflow.acts import notify
from workflow.attempt import Attempt, Case
from workflow.db import reading, writing
from workflow.model import cases
from workflow.organisations.model import seats


@pytest.fixture
def case_id(sample: Sample) -> int:
    return sample.open_case("under_review")


def post(sample: Sample, code: str, role: str) -> str:
    return f"{sample.county.organisations[code]}:{role}"


def test_each_gets_a_copy_and_the_trail_says_who(sample: Sample, case_id: int) -> None:
    clerk = sample.actor(Role.LEAD_CLERK)
    to = [post(sample, "town-1", "member_head"), post(sample, "county_health", "county_health_reviewer")]
    act(sample.engine, case_id, "notify", clerk, to=[*to, to[0]], remark="请知悉进度")
    numbers = sample.county.organisations
    copied = told(sample.engine, case_id, "copy")
    assert [one[:2] for one in copied] == [
        (numbers["town-1"], "member_head"), (numbers["county_health"], "county_health_reviewer"),
    ]  # fmt: skip
    assert all("请知悉进度" in one[2] and clerk.name in one[2] for one in copied)
    (record,) = left(sample.engine, case_id, "notify")
    assert record["person"] == clerk.person_id
    assert record["data"]["copied"] == [
        [numbers["town-1"], "member_head"], [numbers["county_health"], "county_health_reviewer"],
    ]  # fmt: skip
    assert "请知悉进度" in record["data"]["note"]


def test_once_a_day_to_the_same(sample: Sample, case_id: int) -> None:
    clerk, town = sample.actor(Role.LEAD_CLERK), post(sample, "town-1", "member_head")
    act(sample.engine, case_id, "notify", clerk, to=[town])
    both = [town, post(sample, "town-2", "member_head")]
    said = refused(sample.engine, case_id, "notify", sample.actor(Role.AGENCY_CLERK), to=both)
    assert "今天已经送过" in said and "town-1" in said and "town-2" not in said
    act(sample.engine, case_id, "notify", clerk, to=both[1:])
    act(sample.engine, case_id, "notify", clerk, "03-03", to=both)
    assert len(told(sample.engine, case_id, "copy")) == 4


def test_the_day_is_the_day_in_shanghai(sample: Sample, case_id: int) -> None:
    clerk, town = sample.actor(Role.LEAD_CLERK), post(sample, "town-1", "member_head")
    act(sample.engine, case_id, "notify", clerk, "03-02", to=[town])
    assert moment("03-03", 1).date() == moment("03-02").date()
    from workflow import door

    data = {"to": [town]}
    door.act(sample.engine, case_id, "notify", actor=clerk, key="next-day", at=moment("03-03", 1), data=data)
    assert len(told(sample.engine, case_id, "copy")) == 2


def test_it_never_widens_who_sees_the_case(sample: Sample, case_id: int) -> None:
    other = outsider(sample)
    said = refused(
        sample.engine, case_id, "notify", sample.actor(Role.LEAD_CLERK), to=[f"{other.organisation_id}:{other.role}"]
    )
    assert "不扩大查看范围" in said


def test_a_post_that_nobody_holds_today_is_refused(sample: Sample, case_id: int) -> None:
    numbers = sample.county.organisations
    with writing(sample.engine) as connection:
        ended = seats.update().where(seats.c.organisation_id == numbers["town-1"], seats.c.role == "member_head")
        connection.execute(ended.values(until=moment("03-01").date()))
    clerk = sample.actor(Role.LEAD_CLERK)
    assert "看不到本件" in refused(
        sample.engine, case_id, "notify", clerk, to=[post(sample, "town-1", "member_head")]
    )
    act(sample.engine, case_id, "notify", clerk, "03-01", to=[post(sample, "town-1", "member_head")])


@pytest.mark.parametrize("to", [[], ["1"], ["x:member_head"], ["1:nobody"], ["１:member_head"]])
def test_what_is_no_post_is_refused(sample: Sample, case_id: int, to: list[str]) -> None:
    assert refused(sample.engine, case_id, "notify", sample.actor(Role.LEAD_CLERK), to=to)


def test_a_remark_is_short(sample: Sample, case_id: int) -> None:
    to = [post(sample, "town-1", "member_head")]
    said = refused(sample.engine, case_id, "notify", sample.actor(Role.LEAD_CLERK), to=to, remark="知" * 501)
    assert "500 个字" in said


def test_whoever_is_listed_may_read_the_case(sample: Sample, case_id: int) -> None:
    """Every post on offer sees the consortium by its own scope, wider bodies over the county included."""
    stages.load()
    with reading(sample.engine) as connection:
        case = Case(*connection.execute(cases.select().where(cases.c.id == case_id)).one())
        attempt = Attempt(connection, case, sample.actor(Role.LEAD_CLERK), moment("03-02"))
        listed = notify.readers(attempt)
        rows = {row.id: row for row in attempt.affiliations.rows}
        for number, role in listed:
            row = rows[number]
            seat = type("Seat", (), {"organisation_id": number, "role": role, "kind": row.kind, "place": row.place})
            assert scope.may_see(connection, [seat], case.consortium_id), (row.code, role)
    kinds = {rows[number].kind for number, _role in listed}
    assert {"hospital", "township", "county_health", "city_health", "agency", "audit"} <= kinds
