"""A level acted for by another, asking a colleague beside it, sending back, and what may still be taken back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import BETWEEN, Role
from tests.acts.giving import for_, give, office
from tests.city_ruling import ruling
from tests.kernel.levels import given, hold, rule_of_place, seated, take, waits_for
from tests.self_assessment.filing import AT, county_on
from tests.settlement.months import Month, moment, prepare
from workflow import door, stages
from workflow.acts import acting_for
from workflow.attempt import Actor
from workflow.db import reading, writing
from workflow.model import cases, decisions

AGREE: dict[str, Any] = {"verdict": "agree", "opinion": ""}
WEEK = {"since": "2025-04-07", "until": "2025-04-11"}
NOT_FOR_THEM = "代签的授权已经到期、收回或不含本事项"
stages.load()


@pytest.fixture(autouse=True)
def own_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    monkeypatch.setenv("GONGZHI_CLAIMS", str(tmp_path / "claims"))


class Desk:
    """A month before the agency's section head, who has given the seat to a second reviewer for a week."""

    def __init__(self, engine: Engine) -> None:
        self.month: Month = prepare(engine).open()
        self.engine = engine
        self.section = seated(engine, self.month.county, Role.AGENCY_SECTION)
        self.division = seated(engine, self.month.county, Role.AGENCY_DIVISION)
        self.first, self.second = (self.month.actor(Role.AGENCY_REVIEWER, n=n) for n in (0, 1))
        self.month.to_calculated()

    def given(self, taker: Actor, **options: Any) -> Actor:
        give(self.engine, self.section, taker, moment("2025-04-07"), **(WEEK | options))
        return for_(self.section, taker)

    def take(self, trigger: str, actor: Actor, on: str = "2025-04-08", **data: Any) -> str:
        return str(self.month.take_as(trigger, actor, on, **(AGREE | data))["state"])

    def take_back(self, actor: Actor) -> str:
        return str(self.month.take_as("take_back", actor, "2025-04-08", reason="样例：看错一行")["state"])

    def refused(self, trigger: str, actor: Actor, on: str = "2025-04-08", **data: Any) -> str:
        with pytest.raises(Refused) as caught:
            self.month.take_as(trigger, actor, on, **data)
        return "；".join(str(one.reason) for one in caught.value.refusals)


@pytest.fixture
def desk(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Desk:
    rule_of_place(monkeypatch, {"settlement.settlement": list(BETWEEN)})
    return Desk(engine)


def test_a_colleague_passes_on_for_the_section_head_and_both_are_named(desk: Desk) -> None:
    acting = desk.given(desk.second)
    desk.take("review", desk.first)
    assert desk.take("pass_section", acting) == "reviewed"
    with reading(desk.engine) as connection:
        row = connection.execute(select(decisions).where(decisions.c.link == "section")).one()
    assert (row.person_id, row.for_person_id, row.seat_id) == (
        desk.second.person_id, desk.section.person_id, desk.section.seat_id,
    )  # fmt: skip
    assert "不能重复" in desk.refused("pass_section", desk.section, **AGREE)
    with writing(desk.engine) as connection:
        again = hold(connection, desk.month.county, Role.AGENCY_DIVISION, "agency", desk.section)
    assert "不能连续办理两个环节" in desk.refused("pass_division", again, **AGREE)
    desk.take("pass_division", desk.division)
    assert desk.take("approve", desk.month.actor(Role.AGENCY_HEAD)) == "approved"


def test_only_on_the_days_and_in_the_stage_for_which_the_seat_was_given(desk: Desk) -> None:
    desk.take("review", desk.first)
    nobody = for_(desk.section, desk.second)
    assert desk.refused("pass_section", nobody, **AGREE) == NOT_FOR_THEM
    with writing(desk.engine) as connection:
        number = acting_for.grant(
            connection, office=office(desk.section), at=moment("2025-04-07"), seat=desk.section.seat_id or 0,
            person=desk.second.person_id or 0, reason="外出", stage="clearing", **WEEK,
        )  # fmt: skip
    assert desk.refused("pass_section", nobody, **AGREE) == NOT_FOR_THEM
    with writing(desk.engine) as connection:
        acting_for.revoke(connection, office=office(desk.section), at=moment("2025-04-08"), delegation=number)
    acting = desk.given(desk.second, stage="settlement", since="2025-04-08")
    assert desk.refused("pass_section", acting, "2025-04-07", **AGREE) == NOT_FOR_THEM
    assert desk.refused("pass_section", acting, "2025-04-12", **AGREE) == NOT_FOR_THEM
    assert desk.take("pass_section", acting, "2025-04-11") == "reviewed"


def test_who_reviewed_does_not_pass_on_for_the_section_head_either(desk: Desk) -> None:
    acting = desk.given(desk.first)
    desk.take("review", desk.first)
    assert "同一人不能连续办理两个环节" in desk.refused("pass_section", acting, **AGREE)


def test_nobody_passes_on_for_a_section_head_who_reviewed(desk: Desk) -> None:
    """The seat is barred with the person whose it is, whoever sits on it."""
    with writing(desk.engine) as connection:
        own = hold(connection, desk.month.county, Role.AGENCY_REVIEWER, "agency", desk.section)
    acting = desk.given(desk.second)
    desk.take("review", own)
    assert "不能连续办理两个环节" in desk.refused("pass_section", acting, **AGREE)


def test_the_reviewer_takes_back_until_a_level_has_acted_and_a_level_asks_for_a_return(desk: Desk) -> None:
    """What a level said stays, as every opinion that does not move the case; the next one sends it back."""
    desk.take("review", desk.first)
    assert desk.take_back(desk.first) == "calculated"
    desk.take("review", desk.first)
    desk.take("pass_section", desk.section)
    assert "已经有人办理或作出决定" in desk.refused("take_back", desk.first, "2025-04-08", reason="样例")
    assert "“撤回”由医保经办机构复核办理" in desk.refused("take_back", desk.section, reason="样例：看错一行")
    desk.month.take_as("send_back", desk.division, reason="样例", to="calculated", sections=[], way="in_order")
    assert desk.month.case.state == "calculated"
    desk.take("review", desk.first)
    assert waits_for(desk.engine, desk.month.case_id) == {("pass_section", "agency_section")}


class Ruling:
    """An application of which the health commission asks its section head."""

    KIND = "city_health"

    def __init__(self, engine: Engine) -> None:
        self.engine, self.county = engine, county_on(engine)
        self.section = seated(engine, self.county, Role.CITY_HEALTH_SECTION)
        self.division = seated(engine, self.county, Role.CITY_HEALTH_DIVISION)
        self.head = self.county.actor(Role.CITY_HEALTH_APPROVER)
        self.colleague = self.county.actor(Role.CITY_HEALTH_REVIEWER, n=1)
        self.case_id = ruling.under_review(engine, self.county)
        ruling.opine(engine, self.county, self.case_id, self.KIND)

    def act(self, verb: str, actor: Actor, **data: Any) -> None:
        at = AT + timedelta(days=3)
        door.act(self.engine, self.case_id, verb, actor=actor, key=f"{verb}{actor.person_id}", at=at, data=data)

    def take(self, trigger: str, actor: Actor, **data: Any) -> str:
        return take(self.engine, self.case_id, trigger, actor, AT + timedelta(days=3), **(AGREE | data))

    @property
    def waits(self) -> set[tuple[str, str]]:
        return {one for one in waits_for(self.engine, self.case_id) if one[1].startswith(self.KIND)}


@pytest.mark.parametrize("place", ["before", "beside", "after"])
def test_a_level_asks_a_colleague_and_the_seat_counts_with_both(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    rule_of_place(monkeypatch, {"city_ruling.ruling.city_health": ["section"]})
    one = Ruling(engine)
    one.act("add_seat", one.section, person=one.colleague.seat_id, place=place, reason="请核对指标口径")
    asked = ("added_opinion", "city_health_reviewer")
    assert (asked in one.waits) == (place != "after") and ("pass_section", "city_health_section") in one.waits
    one.take("pass_section", one.section)
    if place == "before":
        with pytest.raises(Refused, match="尚未出具意见"):
            one.take("decide", one.head)
    else:
        one.take("decide", one.head)
    assert asked in one.waits
    one.act("added_opinion", one.colleague, verdict="agree", opinion="样例")
    if place == "before":
        assert one.waits == {("decide", "city_health_approver")}
        one.take("decide", one.head)
    assert one.waits == set()
    assert sorted(link for link, _duty, _verdict in given(engine, one.case_id)) == [
        "added", "approve", "review", "section",
    ]  # fmt: skip
    for kind in (kind for kind in ruling.KINDS if kind != one.KIND):
        ruling.opine(engine, one.county, one.case_id, kind)
        ruling.decide(engine, one.county, one.case_id, kind)
    with reading(engine) as connection:
        assert connection.scalar(select(cases.c.state).where(cases.c.id == one.case_id)) == "ruled"


def test_who_was_asked_by_a_level_does_not_stand_on_the_next(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    rule_of_place(monkeypatch, {"city_ruling.ruling.city_health": list(BETWEEN)})
    one = Ruling(engine)
    with pytest.raises(Refused, match="不能请此人加签"):
        one.act("add_seat", one.section, person=one.division.seat_id, place="before", reason="请核对")
