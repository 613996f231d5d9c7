"""A plan tried with other members: one left out, one let in, and never anything but a trial."""

from __future__ import annotations

from typing import Any

import pytest

from governance.money import yuan
from governance.sheets import run
from tests.what_if.conftest import DAY, PLAN, Desk
from workflow.rules import shipped

TOWN = {"new.name": "新镇卫生院", "new.level": "township", "new.weight": "80"}


def by_hand(members: list[dict[str, Any]]) -> dict[str, int]:
    book = shipped().at("demo-hunan-city").in_force(DAY)
    found: dict[str, int] = run("surplus-plan", {**PLAN, "members": members}, book).as_data()["results"]["members"]
    return found


@pytest.mark.parametrize(
    ("typed", "members"),
    [
        ({"out.town-2": "true"}, [one for one in PLAN["members"] if one["member"] != "town-2"]),
        (TOWN, [*PLAN["members"], {"member": "新镇卫生院", "level": "township", "weight": "80"}]),
        (
            {**TOWN, "out.town-1": "true"},
            [*(one for one in PLAN["members"] if one["member"] != "town-1"),
             {"member": "新镇卫生院", "level": "township", "weight": "80"}],
        ),
    ],
)  # fmt: skip
def test_the_plan_with_other_members_is_the_one_run_by_hand(
    desk: Desk, typed: dict[str, str], members: list[dict[str, Any]]
) -> None:
    visitor = desk.visitor()
    before = desk.everything()
    plan = f"/what-if/{desk.cases['surplus-plan']}/1"
    answer = visitor.post(plan, typed)
    assert answer.status_code == 200
    for code, fen in by_hand(members).items():
        assert yuan(fen) in answer.text, code
    assert desk.everything() == before


def test_a_new_member_is_told_whole_and_once(desk: Desk) -> None:
    visitor, plan = desk.visitor(), f"/what-if/{desk.cases['surplus-plan']}/1"
    partly = visitor.post(plan, {"new.name": "新镇卫生院"})
    assert partly.status_code == 422 and "名称、层级和权重都要填" in partly.text
    twice = visitor.post(plan, {**TOWN, "new.name": "town-1"})
    assert twice.status_code == 422 and "已有这个单位" in twice.text


def test_the_lead_stays_and_other_sheets_have_no_members_to_change(desk: Desk) -> None:
    visitor = desk.visitor()
    assert 'name="out.lead"' not in visitor.get(f"/what-if/{desk.cases['surplus-plan']}/1").text
    assert 'name="new.name"' not in visitor.get(f"/what-if/{desk.cases['budget']}/1").text
