"""Nudging: whom it tells, once a working day whoever asks, and when it is refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from governance.roles import Role
from tests.acts.acting import act, left, outsider, refused, told
from tests.kernel.sample_stage import AT, Sample
from workflow import records
from workflow.attempt import Actor, Case
from workflow.db import reading
from workflow.lifecycle import NotFound
from workflow.model import cases
from workflow.pages import holders
from workflow.pages.case_reading import read_case


def bureau(sample: Sample, kind: str) -> int:
    return sample.county.organisations[kind]


@pytest.fixture
def ruling(sample: Sample) -> int:
    """A case that waits for the reviewers of three bureaus."""
    return sample.open_case("under_review")


def test_the_holders_are_told_and_the_trail_says_whom(sample: Sample, ruling: int) -> None:
    clerk, health = sample.actor(Role.LEAD_CLERK), bureau(sample, "city_health")
    act(sample.engine, ruling, "nudge", clerk, organisation_id=health, remark="已近期限")
    (notice,) = told(sample.engine, ruling, "nudge")
    assert notice[:2] == (health, "city_health_reviewer")
    assert clerk.name in notice[2] and "已近期限" in notice[2]
    (record,) = left(sample.engine, ruling, "nudge")
    assert record["person"] == clerk.person_id and record["from"] == record["to"] == "under_review"
    assert record["data"]["nudged"] == health and record["data"]["counts_on"] == "2026-03-02"
    with reading(sample.engine) as connection:
        assert records.verify(connection, ruling) == []


def test_once_a_working_day_whoever_asks(sample: Sample, ruling: int) -> None:
    health, money = bureau(sample, "city_health"), bureau(sample, "city_finance")
    act(sample.engine, ruling, "nudge", sample.actor(Role.LEAD_CLERK), organisation_id=health)
    for other in (sample.actor(Role.LEAD_CLERK), sample.actor(Role.LEAD_HEAD), sample.actor(Role.AGENCY_CLERK)):
        said = refused(sample.engine, ruling, "nudge", other, organisation_id=health)
        assert "2026-03-02 这个工作日已经催办过" in said
    act(sample.engine, ruling, "nudge", sample.actor(Role.LEAD_HEAD), organisation_id=money)
    act(sample.engine, ruling, "nudge", sample.actor(Role.LEAD_HEAD), "03-03", organisation_id=health)
    assert len(told(sample.engine, ruling, "nudge")) == 3


@pytest.mark.parametrize(
    ("first", "again", "free", "counts_on"),
    [
        ("03-07", ("03-08", "03-09"), "03-10", "2026-03-09"),  # a weekend counts with Monday
        ("10-01", ("10-05", "10-08"), "10-09", "2026-10-08"),  # a week of holidays with the day after
        ("02-28", ("02-28",), "03-01", "2026-02-28"),  # a Saturday that is worked counts by itself
    ],
)
def test_a_day_off_counts_with_the_next_working_day(
    sample: Sample, ruling: int, first: str, again: tuple[str, ...], free: str, counts_on: str
) -> None:
    clerk, health = sample.actor(Role.LEAD_CLERK), bureau(sample, "city_health")
    act(sample.engine, ruling, "nudge", clerk, first, organisation_id=health)
    assert left(sample.engine, ruling, "nudge")[0]["data"]["counts_on"] == counts_on
    for day in again:
        assert "已经催办过" in refused(sample.engine, ruling, "nudge", clerk, day, organisation_id=health)
    act(sample.engine, ruling, "nudge", clerk, free, organisation_id=health)


def test_ones_own_organisation_is_not_nudged(sample: Sample, ruling: int) -> None:
    health = bureau(sample, "city_health")
    for role in (Role.CITY_HEALTH_APPROVER, Role.CITY_HEALTH_REVIEWER):
        said = refused(sample.engine, ruling, "nudge", sample.actor(role), organisation_id=health)
        assert "本单位自己的待办" in said
    drafting = sample.open_case("drafting")
    head, own = sample.actor(Role.LEAD_HEAD), bureau(sample, "lead")
    said = refused(sample.engine, drafting, "nudge", head, organisation_id=own)
    assert "没有别的单位在办" in said


def test_whoever_holds_it_no_more_is_not_nudged(sample: Sample, ruling: int) -> None:
    clerk, health = sample.actor(Role.LEAD_CLERK), bureau(sample, "city_health")
    sample.opine(ruling, ("city_health",))
    act(sample.engine, ruling, "nudge", clerk, organisation_id=health)
    assert told(sample.engine, ruling, "nudge")[-1][1] == "city_health_approver"
    sample.decide(ruling, ("city_health",))
    said = refused(sample.engine, ruling, "nudge", clerk, "03-03", organisation_id=health)
    assert "现在不由" in said and "不用催办" in said
    assert "与本件无关" in refused(sample.engine, ruling, "nudge", clerk, "03-03", organisation_id=999_999)


def test_a_remark_is_short(sample: Sample, ruling: int) -> None:
    health = bureau(sample, "city_health")
    said = refused(
        sample.engine, ruling, "nudge", sample.actor(Role.LEAD_CLERK), organisation_id=health, remark="催" * 201
    )
    assert "200 个字" in said


def test_it_needs_part_in_the_case_and_an_open_case(sample: Sample, ruling: int) -> None:
    stranger = sample.actor(Role.LEAD_CLERK)
    outside = Actor(stranger.person_id, stranger.seat_id, bureau(sample, "tcm"), Role.LEAD_CLERK, "外人")
    assert "岗位" in refused(sample.engine, ruling, "nudge", outside, organisation_id=bureau(sample, "city_health"))
    member = sample.actor(Role.MEMBER_CLERK, 0)
    act(sample.engine, ruling, "nudge", member, organisation_id=bureau(sample, "city_health"))
    closed = sample.open_case("agreed")
    sample.take(closed, "pay", sample.actor(Role.AGENCY_HEAD))
    clerk, agency = sample.actor(Role.LEAD_CLERK), bureau(sample, "agency")
    said = refused(sample.engine, closed, "nudge", clerk, organisation_id=agency)
    assert said


def test_a_body_of_another_county_does_not_find_the_case(sample: Sample, ruling: int) -> None:
    with pytest.raises(NotFound):
        act(sample.engine, ruling, "nudge", outsider(sample), organisation_id=bureau(sample, "city_health"))


def strip(sample: Sample, case_id: int, actor: Actor, role_seats: tuple[Actor, ...] = ()) -> dict[int, Any]:
    """What the progress strip says of each holder to whoever holds these seats."""
    held = [
        SimpleNamespace(seat_id=one.seat_id, organisation_id=one.organisation_id, role=str(one.role), kind="")
        for one in (actor, *role_seats)
    ]
    viewer = SimpleNamespace(person_id=actor.person_id, name=actor.name, seats=held)
    with reading(sample.engine) as connection:
        row = connection.execute(cases.select().where(cases.c.id == case_id)).one()
        return {one.id: one for one in holders.holders(read_case(connection, Case(*row), AT), viewer)}


def test_the_strip_offers_the_nudge_and_counts_it(sample: Sample, ruling: int) -> None:
    clerk, health = sample.actor(Role.LEAD_CLERK), bureau(sample, "city_health")
    shown = strip(sample, ruling, clerk)
    assert set(shown) == {bureau(sample, kind) for kind in ("city_health", "city_insurance", "city_finance")}
    assert all(one.may_nudge and one.nudged == 0 for one in shown.values())
    act(sample.engine, ruling, "nudge", clerk, organisation_id=health)
    shown = strip(sample, ruling, clerk)
    assert (shown[health].may_nudge, shown[health].nudged, shown[health].last) == (False, 1, AT)
    assert shown[bureau(sample, "city_finance")].may_nudge
    own = strip(sample, ruling, sample.actor(Role.CITY_FINANCE_REVIEWER))
    assert not own[bureau(sample, "city_finance")].may_nudge
