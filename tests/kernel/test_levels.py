"""A place asks for four people where the table asks two: every level in its order, each somebody else, frozen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from governance.chains import BALLOTS
from governance.refusal import Refused
from governance.roles import BETWEEN, Role
from tests.city_ruling import ruling
from tests.kernel.levels import frozen, given, hold, rule_of_place, seated, waits_for
from tests.self_assessment.filing import AT, county_on, take
from tests.settlement.months import prepare
from workflow import stages
from workflow.attempt import Actor
from workflow.db import writing

BOTH = list(BETWEEN)
AGREE = {"verdict": "agree", "opinion": ""}
FOUR = '["review","section","division","approve"]'
stages.load()


@pytest.fixture(autouse=True)
def own_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    monkeypatch.setenv("GONGZHI_CLAIMS", str(tmp_path / "claims"))


class Desk:
    """A month that the agency decides on, with a section head and a deputy in office."""

    def __init__(self, engine: Engine) -> None:
        self.month, self.engine = prepare(engine).open(), engine
        self.section = seated(engine, self.month.county, Role.AGENCY_SECTION)
        self.division = seated(engine, self.month.county, Role.AGENCY_DIVISION)

    def take(self, trigger: str, actor: Actor, **data: Any) -> str:
        return str(self.month.take_as(trigger, actor, **(AGREE | data))["state"])

    def refused(self, trigger: str, actor: Actor, **data: Any) -> str:
        with pytest.raises(Refused) as caught:
            self.take(trigger, actor, **data)
        return "；".join(str(one.reason) for one in caught.value.refusals)

    def actor(self, role: Role, n: int = 0) -> Actor:
        return self.month.actor(role, n=n)

    @property
    def waits(self) -> set[tuple[str, str]]:
        return waits_for(self.engine, self.month.case_id)


@pytest.fixture
def desk(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    rule_of_place(monkeypatch, {"settlement.settlement": BOTH})
    found = Desk(engine)
    found.month.to_calculated()
    yield found


def test_a_month_is_approved_by_four_people_in_their_order(desk: Desk) -> None:
    head = desk.actor(Role.AGENCY_HEAD)
    assert frozen(desk.engine, desk.month.case_id) == {(1, "agency"): FOUR}
    assert desk.waits == {("review", "agency_reviewer")}
    assert desk.take("review", desk.actor(Role.AGENCY_REVIEWER)) == "reviewed"
    assert desk.waits == {("pass_section", "agency_section")}
    assert "还缺“科室负责人意见”" in desk.refused("pass_division", desk.division)
    said = desk.refused("approve", head)
    assert "还缺“科室负责人意见”" in said and "还缺“分管负责人意见”" in said
    assert desk.take("pass_section", desk.section) == "reviewed"
    assert desk.waits == {("pass_division", "agency_division")}
    assert "还缺“分管负责人意见”" in desk.refused("approve", head)
    assert "不能重复" in desk.refused("pass_section", desk.section)
    desk.take("pass_division", desk.division)
    assert desk.waits == {("approve", "agency_head")}
    assert desk.take("approve", head) == "approved"
    assert given(desk.engine, desk.month.case_id) == [
        ("review", "review", "agree"), ("section", "review", "agree"), ("division", "review", "agree"),
        ("approve", "approve", "agree"),
    ]  # fmt: skip


def test_nobody_stands_on_two_levels(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    rule_of_place(monkeypatch, {"settlement.settlement": BOTH})
    desk = Desk(engine)
    county, reviewer = desk.month.county, desk.actor(Role.AGENCY_REVIEWER)
    with writing(engine) as connection:
        as_section = hold(connection, county, Role.AGENCY_SECTION, "agency", reviewer)
        as_division = hold(connection, county, Role.AGENCY_DIVISION, "agency", desk.section)
        as_head = hold(connection, county, Role.AGENCY_HEAD, "agency", desk.division)
    desk.month.to_calculated()
    desk.take("review", reviewer)
    assert "同一人不能连续办理两个环节" in desk.refused("pass_section", as_section)
    desk.take("pass_section", desk.section)
    assert "同一人不能连续办理两个环节" in desk.refused("pass_division", as_division)
    desk.take("pass_division", desk.division)
    assert "不相容岗位" in desk.refused("approve", as_head)


def test_who_was_no_section_head_when_the_round_opened_passes_nothing_on(engine: Engine, monkeypatch: Any) -> None:
    rule_of_place(monkeypatch, {"settlement.settlement": ["section"]})
    desk = Desk(engine)
    desk.month.to_calculated()
    late = seated(engine, desk.month.county, Role.AGENCY_SECTION, name="样例新任科长")
    desk.take("review", desk.actor(Role.AGENCY_REVIEWER))
    assert "不在本轮的决定人之列" in desk.refused("pass_section", late)


def test_a_rule_that_changes_leaves_an_open_round_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    rule_of_place(monkeypatch, {})
    desk.take("review", desk.actor(Role.AGENCY_REVIEWER))
    assert "还缺“科室负责人意见”" in desk.refused("approve", desk.actor(Role.AGENCY_HEAD))
    rule_of_place(monkeypatch, {"settlement.settlement": ["division"]})
    desk.take("pass_section", desk.section)
    assert "还缺“分管负责人意见”" in desk.refused("approve", desk.actor(Role.AGENCY_HEAD))
    desk.take("pass_division", desk.division)
    assert desk.take("approve", desk.actor(Role.AGENCY_HEAD)) == "approved"


def test_a_rule_that_comes_later_asks_nobody_more(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(engine)
    desk.month.to_calculated()
    rule_of_place(monkeypatch, {"settlement.settlement": BOTH})
    assert frozen(engine, desk.month.case_id) == {(1, "agency"): ""}
    desk.take("review", desk.actor(Role.AGENCY_REVIEWER))
    assert desk.waits == {("approve", "agency_head")}
    assert "没有这一级" in desk.refused("pass_section", desk.section)
    assert "没有这一级" in desk.refused("send_back", desk.division, reason="样例", to="declared")
    assert desk.take("approve", desk.actor(Role.AGENCY_HEAD)) == "approved"


def test_a_level_sends_a_month_back_and_the_next_round_asks_by_the_rule_of_its_day(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.take("review", desk.actor(Role.AGENCY_REVIEWER))
    desk.month.take_as("send_back", desk.section, reason="样例：明细不符", to="calculated", sections=[], way="in_order")
    assert given(desk.engine, desk.month.case_id) == [("review", "review", "agree")]
    rounds = frozen(desk.engine, desk.month.case_id)
    assert rounds[2, "agency"] == FOUR
    desk.take("review", desk.actor(Role.AGENCY_REVIEWER))
    desk.take("pass_section", desk.section)


def test_a_head_does_not_agree_over_a_level_that_does_not(desk: Desk) -> None:
    desk.take("review", desk.actor(Role.AGENCY_REVIEWER))
    desk.take("pass_section", desk.section, verdict="disagree", opinion="样例：依据不足")
    desk.take("pass_division", desk.division)
    assert "逐级审核中有人不同意" in desk.refused("approve", desk.actor(Role.AGENCY_HEAD))


def test_each_bureau_rules_on_the_levels_that_the_rule_names_for_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule_of_place(monkeypatch, {"city_ruling.ruling": BOTH, "city_ruling.ruling.city_finance": ["division"]})
    county = county_on(engine)
    people = {
        (kind, level): seated(engine, county, Role(f"{kind}_{level}")) for kind in ruling.KINDS for level in BETWEEN
    }
    case_id = ruling.under_review(engine, county)
    assert {key: chain.count(",") for (_number, key), chain in frozen(engine, case_id).items()} == {
        "city_insurance": 3, "city_health": 3, "city_finance": 2,
    }  # fmt: skip
    for kind in ruling.KINDS:
        ruling.opine(engine, county, case_id, kind)
        for level in BETWEEN:
            with pytest.raises(Refused, match="还缺"):
                ruling.decide(engine, county, case_id, kind)
            if (kind, level) == ("city_finance", "section"):
                with pytest.raises(Refused, match="没有这一级"):
                    take(engine, case_id, "pass_section", people[kind, level], AT, **AGREE)
                continue
            assert (f"pass_{level}", f"{kind}_{level}") in waits_for(engine, case_id)
            take(engine, case_id, f"pass_{level}", people[kind, level], AT, **AGREE)
        state = ruling.decide(engine, county, case_id, kind)
    assert state == "ruled"
    assert [link for link, _duty, _verdict in given(engine, case_id)] == [
        *("review", *BETWEEN, "approve") * 2, "review", "division", "approve",
    ]  # fmt: skip


def test_every_decision_of_an_organisation_can_be_given_its_levels() -> None:
    """What the rule may name are exactly the ballots whose head decides; each has a row for each level."""
    known = set()
    for stage in stages.load().values():
        for ballot in stage.ballots:
            rows = {one.casts[1]: one for one in stage.steps if one.casts and one.casts[0] == ballot.key}
            if ballot.chain[-1] == "approve":
                known.add(f"{stage.name}.{ballot.key}")
                assert set(BETWEEN) <= rows.keys(), (stage.name, ballot.key)
    assert known == set(BALLOTS)
