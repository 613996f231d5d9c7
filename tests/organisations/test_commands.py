"""Every refusal of the register's commands, and the conflict table over all pairs of roles, on both databases."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import KIND_NAMES, Role
from workflow.db import reading, writing
from workflow.organisations import commands
from workflow.organisations import consortium_commands as consortia
from workflow.organisations.model import admin_records, memberships, seats
from workflow.organisations.office import OPERATOR
from workflow.organisations.posts import OVERSEEING, excludes, fits, may_stand
from workflow.organisations.strength import require_strength

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PLACE, CITY = "demo-hunan-beihe", "demo-hunan-city"
CLERK, HEAD, LEAD = "town-1.member_clerk.0", "county_health.county_health_reviewer.0", "lead.lead_head.0"
ORGANISATION = {"code": "town-8", "name": "样例镇卫生院", "kind": "township", "place": PLACE}
PERSON = {"login": "zhang", "name": "张样例", "password": "Sample-2026"}
SEAT = {"login": CLERK, "organisation": "town-2", "role": "member_clerk", "since": "2026-01-01"}
CONSORTIUM = {"code": "sample-b", "name": "样例二", "place": PLACE, "lead": "lead"}
MEMBER = {"consortium": "sample-a", "organisation": "town-1", "level": "township", "since": "2026-01-01"}
INSURED = {"consortium": "sample-a", "pool": "resident", "period": "2027", "heads": "1", "source": "样例"}

REFUSALS: list[tuple[Any, dict[str, Any], dict[str, Any], str]] = [
    (commands.add_organisation, ORGANISATION, {"place": "nowhere"}, "没有代码为“nowhere”的地区"),
    (commands.add_organisation, ORGANISATION, {"place": "model-luohu"}, "不设在"),
    (commands.add_organisation, ORGANISATION, {"place": CITY}, "不设在"),
    (commands.add_organisation, ORGANISATION, {"kind": "county_health", "place": CITY}, "不设在"),
    (commands.add_organisation, ORGANISATION, {"kind": "city_health"}, "不设在"),
    (commands.add_organisation, ORGANISATION, {"kind": "clinic"}, "没有“clinic”这种机构"),
    (commands.add_organisation, ORGANISATION, {"kind": "committee"}, "已有一个医共体管委会"),
    (commands.add_organisation, ORGANISATION, {"code": "lead"}, "已被使用"),
    (commands.add_organisation, ORGANISATION, {"code": "Town 8"}, "代码“Town 8”不对"),
    (commands.add_organisation, ORGANISATION, {"code": "../x"}, "不对"),
    (commands.add_organisation, ORGANISATION, {"name": " 样例"}, "名称须是"),
    (commands.add_organisation, ORGANISATION, {"name": "样\x00例"}, "名称须是"),
    (commands.add_organisation, ORGANISATION, {"name_en": "x" * 81}, "名称须是"),
    (commands.add_person, PERSON, {"login": LEAD}, "已被使用"),
    (commands.add_person, PERSON, {"login": "Zhang"}, "不对"),
    (commands.add_person, PERSON, {"name": ""}, "名称须是"),
    (commands.add_person, PERSON, {"password": ""}, "密码太弱"),
    (commands.set_password, {"login": "nobody", "password": "Sample-2026"}, {}, "没有登录名为“nobody”的人"),
    (commands.set_password, {"login": CLERK, "password": "sample12"}, {}, "密码太弱"),
    (commands.disable_person, {"login": "nobody"}, {}, "没有登录名为“nobody”的人"),
    (commands.grant_seat, SEAT, {"login": "nobody"}, "没有登录名"),
    (commands.grant_seat, SEAT, {"organisation": "nowhere"}, "没有代码为“nowhere”的机构"),
    (commands.grant_seat, SEAT, {"role": "king"}, "没有“king”这个岗位"),
    (commands.grant_seat, SEAT, {"role": "system"}, "没有“system”这个岗位"),
    (commands.grant_seat, SEAT, {"role": "agency_head"}, "不是乡镇卫生院的岗位"),
    (commands.grant_seat, SEAT, {"role": "lead_head"}, "不是乡镇卫生院的岗位"),
    (commands.grant_seat, SEAT, {"since": "2026-02-30"}, "日期“2026-02-30”不对"),
    (commands.grant_seat, SEAT, {"since": "20260101"}, "日期“20260101”不对"),
    (commands.grant_seat, SEAT, {"since": ""}, "日期“”不对"),
    (commands.grant_seat, SEAT, {"until": "2025-12-31"}, "早于起始日"),
    (commands.grant_seat, SEAT, {"organisation": "town-1"}, "已有同一席位"),
    (commands.grant_seat, SEAT, {"organisation": "town-1", "role": "member_head"}, "岗位不相容"),
    (commands.grant_seat, SEAT, {"organisation": "agency", "role": "agency_clerk"}, "岗位不相容"),
    (commands.grant_seat, SEAT, {"organisation": "centre", "role": "centre_clerk"}, "岗位不相容"),
    (commands.grant_seat, SEAT, {"organisation": "audit", "role": "auditor"}, "岗位不相容"),
    (commands.grant_seat, SEAT, {"organisation": "platform", "role": "administrator"}, "岗位不相容"),
    (commands.grant_seat, SEAT, {"organisation": "platform", "role": "rules_officer"}, "岗位不相容"),
    (commands.grant_seat, SEAT, {"login": HEAD, "organisation": "county_health", "role": "county_health_approver"},
     "岗位不相容"),
    (commands.end_seat, {"login": CLERK, "organisation": "town-1", "role": "member_head"}, {}, "没有这个席位"),
    (commands.end_seat, {"login": CLERK, "organisation": "town-1", "role": "member_clerk"}, {"until": "2026-11-21"},
     "不能在过去"),
    (consortia.add_consortium, CONSORTIUM, {"place": "nowhere"}, "没有代码为“nowhere”的地区"),
    (consortia.add_consortium, CONSORTIUM, {"place": CITY}, "医共体建在县级地区"),
    (consortia.add_consortium, CONSORTIUM, {"code": "sample-a"}, "已被使用"),
    (consortia.add_consortium, CONSORTIUM, {"lead": "town-1"}, "牵头单位须是县级医院"),
    (consortia.add_consortium, CONSORTIUM, {"lead": "nowhere"}, "没有代码为“nowhere”的机构"),
    (consortia.add_consortium, CONSORTIUM, {}, "已是“样例县人民医院医共体”的成员"),
    (consortia.add_consortium, CONSORTIUM, {"since": "soon"}, "日期“soon”不对"),
    (consortia.join_member, MEMBER, {"consortium": "nowhere"}, "没有代码为“nowhere”的医共体"),
    (consortia.join_member, MEMBER, {"level": "city"}, "级别只能是"),
    (consortia.join_member, MEMBER, {"level": "county"}, "不能作为这一级的成员"),
    (consortia.join_member, MEMBER, {"organisation": "agency"}, "不能作为这一级的成员"),
    (consortia.join_member, MEMBER, {}, "已是“样例县人民医院医共体”的成员"),
    (consortia.join_member, MEMBER, {"since": "2019-01-01", "until": "2020-01-01"}, "已是"),
    (consortia.join_member, MEMBER, {"until": "2025-01-01"}, "早于起始日"),
    (consortia.leave_member, {"consortium": "sample-a", "organisation": "lead", "until": "2026-12-31"}, {}, "牵头单位"),
    (consortia.leave_member, {"consortium": "sample-a", "organisation": "agency", "until": "2026-12-31"}, {},
     "不是现有成员"),
    (consortia.leave_member, {"consortium": "sample-a", "organisation": "town-1", "until": "2019-12-31"}, {}, "早于"),
    (consortia.set_insured, INSURED, {"pool": "rural"}, "基金只能是"),
    (consortia.set_insured, INSURED, {"period": "2027-13"}, "期间“2027-13”不对"),
    *((consortia.set_insured, INSURED, {"heads": bad}, "不对") for bad in ("-1", "1,000", "1.5", "一", "１", "9" * 12)),
    (consortia.set_insured, INSURED, {"source": ""}, "名称须是"),
]  # fmt: skip


@pytest.fixture
def acting(app: Flask, county: Any) -> Any:
    """The county, and the app's context for the words of refusals."""
    with app.app_context():
        yield county


def do(engine: Engine, command: Any, **data: Any) -> Any:
    with writing(engine) as connection:
        return command(connection, office=OPERATOR, at=AT, **data)


def records(engine: Engine) -> list[Any]:
    with reading(engine) as connection:
        return list(connection.execute(select(admin_records).order_by(admin_records.c.id)))


@pytest.mark.usefixtures("acting")
def test_every_refusal_is_said_and_nothing_is_written(engine: Engine) -> None:
    for command, data, change, words in REFUSALS:
        with pytest.raises(Refused) as caught:
            do(engine, command, **{**data, **change})
        assert words in str(caught.value), (command.__name__, change, str(caught.value))
    assert records(engine) == []


@pytest.mark.usefixtures("acting")
def test_a_seat_ends_and_another_begins_the_next_day(engine: Engine) -> None:
    whole = {"login": CLERK, "organisation": "town-1"}
    do(engine, commands.end_seat, **whole, role="member_clerk", until="2026-12-31")
    head = {**whole, "role": "member_head"}
    with pytest.raises(Refused, match="岗位不相容"):
        do(engine, commands.grant_seat, **head, since="2026-12-31")
    number = do(engine, commands.grant_seat, **head, since="2027-01-01", until="2027-12-31")
    do(engine, commands.end_seat, **head)
    with reading(engine) as connection:
        assert str(connection.scalar(select(seats.c.until).where(seats.c.id == number))) == "2026-12-31"
    do(engine, commands.grant_seat, **head, since="2027-01-01")
    assert [row.verb for row in records(engine)] == ["end_seat", "grant_seat", "end_seat", "grant_seat"]
    assert {row.person_id for row in records(engine)} == {None}


@pytest.mark.usefixtures("county")
def test_two_administrators_at_once_cannot_seat_one_person_twice(app: Flask, engine: Engine) -> None:
    """The second grant waits for the first one to be kept, and then sees it."""

    def grant_head() -> None:
        with app.app_context():
            do(engine, commands.grant_seat, **{**SEAT, "role": "member_head"})

    with ThreadPoolExecutor(1) as pool:
        with app.app_context(), writing(engine) as connection:
            commands.grant_seat(connection, office=OPERATOR, at=AT, **SEAT)
            second = pool.submit(grant_head)
            wait([second], timeout=0.5)
        with pytest.raises(Refused, match="岗位不相容"):
            second.result(timeout=30)
    assert len(records(engine)) == 1


@pytest.mark.usefixtures("acting")
def test_disabling_twice_is_refused(engine: Engine) -> None:
    do(engine, commands.disable_person, login=CLERK)
    with pytest.raises(Refused, match="已经停用"):
        do(engine, commands.disable_person, login=CLERK)
    with pytest.raises(Refused, match="不能再授予席位"):
        do(engine, commands.grant_seat, **SEAT)


@pytest.mark.usefixtures("acting")
def test_a_correction_keeps_what_stood_before(engine: Engine) -> None:
    do(engine, consortia.set_insured, **INSURED)
    do(engine, consortia.set_insured, **{**INSURED, "heads": "2"})
    assert '"before":[1,"样例"]' in records(engine)[-1].body


@pytest.mark.usefixtures("acting")
def test_a_new_consortium_has_its_lead_as_first_member(engine: Engine) -> None:
    do(engine, commands.add_organisation, code="second", name="样例二院", kind="hospital", place=PLACE)
    number = do(engine, consortia.add_consortium, **{**CONSORTIUM, "lead": "second"})
    with reading(engine) as connection:
        (row,) = connection.execute(select(memberships).where(memberships.c.consortium_id == number))
    assert (row.level, str(row.since), row.until) == ("county", "2026-11-23", None)


def test_the_conflict_table_over_all_pairs() -> None:
    roles = [role for role in Role if role != Role.SYSTEM]
    for one, other in itertools.combinations(roles, 2):
        for same in (True, False):
            assert excludes(one, other, same_organisation=same) == excludes(other, one, same_organisation=same)
        if one in OVERSEEING or other in OVERSEEING:
            assert excludes(one, other, same_organisation=False)
        sides = {one.split("_")[0], other.split("_")[0]}
        if sides & {"lead", "member"} and sides & {"agency", "county", "city", "centre"}:
            assert excludes(one, other, same_organisation=False), (one, other)
    assert not excludes("committee_member", "lead_head", same_organisation=False)
    assert not excludes("lead_clerk", "member_clerk", same_organisation=True)
    assert not excludes("agency_clerk", "agency_head", same_organisation=False)
    assert excludes("lead_finance", "member_head", same_organisation=True)


def test_every_role_fits_exactly_one_kind_of_body_or_the_members() -> None:
    for role in Role:
        kinds = [kind for kind in KIND_NAMES if fits(kind, role)]
        assert len(kinds) == (0 if role == Role.SYSTEM else 3 if role.startswith("member_") else 1), role
    assert not may_stand("hospital", "model") and not may_stand("platform", "model")


@pytest.mark.parametrize("password", ["Sample-1", "abcdefghijkl", "样例样例的 一个长密码句子", "aB3" + "cdefg"])
@pytest.mark.usefixtures("app")
def test_strong_enough(password: str) -> None:
    require_strength(password, "zhang")


@pytest.mark.parametrize(
    "password", ["", "Ab1-xyz", "abcdefgh1", "aaaaaaaaaaaaaa", "zhang-Zhang-2026", "x" * 300, "Aa1" * 3]
)
def test_too_weak(app: Flask, password: str) -> None:
    with app.app_context(), pytest.raises(Refused):
        require_strength(password, "zhang")
