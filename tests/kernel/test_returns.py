"""Returns: to a step the case has completed, naming what may change, in order or straight back to who returned it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from tests.kernel.checking import counts, state_of
from tests.kernel.mending_stage import AT, Desk, registered, settle_in
from workflow.attempt import SYSTEM
from workflow.db import reading
from workflow.model import clocks, notices, records, rounds
from workflow.model import tasks as open_tasks

HEAD, REVIEWER, CLERK = Role.AGENCY_HEAD, Role.AGENCY_REVIEWER, Role.LEAD_CLERK


@pytest.fixture
def desk(engine: Engine) -> Iterator[Desk]:
    with registered():
        yield settle_in(engine)


def refused(desk: Desk, case_id: int, trigger: str, role: Any, **data: Any) -> str:
    """What is said when a step is refused, which leaves nothing behind."""
    before = counts(desk.engine)
    with pytest.raises(Refused) as caught:
        desk.take(case_id, trigger, role, **data)
    assert counts(desk.engine) == before
    return "；".join(str(one.reason) for one in caught.value.refusals)


def outcomes(desk: Desk, case_id: int) -> list[str]:
    with reading(desk.engine) as connection:
        query = select(rounds.c.outcome).where(rounds.c.case_id == case_id).order_by(rounds.c.round_no)
        return list(connection.scalars(query))


def awaited(desk: Desk, case_id: int) -> set[str]:
    with reading(desk.engine) as connection:
        return set(connection.scalars(select(open_tasks.c.trigger).where(open_tasks.c.case_id == case_id)))


def test_in_order_every_step_is_taken_again(desk: Desk) -> None:
    case_id = desk.case_at("checked")
    assert desk.take(case_id, "send_back", HEAD, reason="金额不符", to="drafting", sections=["amount"]) == "drafting"
    assert outcomes(desk, case_id) == ["returned"]
    assert refused(desk, case_id, "straight_back", CLERK) == "本件没有待直接送回的退回，请按顺序办理"
    desk.take(case_id, "edit", CLERK, amount_fen=2)
    assert desk.take(case_id, "submit", CLERK) == "submitted"
    assert "还缺“经办意见”" not in refused(desk, case_id, "approve", HEAD)
    assert desk.take(case_id, "check", REVIEWER) == "checked"
    assert "sent_back" not in json.loads(state_of(desk.engine, case_id).progress)
    assert desk.take(case_id, "approve", HEAD) == "approved"
    assert outcomes(desk, case_id) == ["returned", "passed"]


def test_straight_back_leads_to_the_returner_who_decides_alone_again(desk: Desk) -> None:
    case_id = desk.case_at("checked")
    desk.take(case_id, "send_back", HEAD, reason="金额不符", to="drafting", sections=["amount"], way="straight")
    assert awaited(desk, case_id) == {"edit", "submit", "straight_back"}
    desk.take(case_id, "edit", CLERK, amount_fen=2)
    assert desk.take(case_id, "straight_back", CLERK) == "checked"
    assert outcomes(desk, case_id) == ["returned", "open"]
    assert awaited(desk, case_id) == {"approve"}
    with reading(desk.engine) as connection:
        told = connection.execute(select(notices.c.role, notices.c.body).where(notices.c.kind == "changed")).all()
        body = connection.scalar(select(records.c.body).where(records.c.verb == "straight_back"))
    assert [row.role for row in told] == [str(REVIEWER)]
    assert "改动：金额" in told[0].body
    assert json.loads(str(body))["data"]["changed"] == ["amount"]
    assert desk.take(case_id, "approve", HEAD) == "approved"


def test_what_the_waiver_covers_is_the_content_that_came_straight_back(desk: Desk) -> None:
    """Sent back once more and in order, the reviewer is asked again."""
    case_id = desk.case_at("checked")
    desk.take(case_id, "send_back", HEAD, reason="一", to="drafting", way="straight")
    desk.take(case_id, "edit", CLERK, amount_fen=2)
    desk.take(case_id, "straight_back", CLERK)
    desk.take(case_id, "send_back", HEAD, reason="二", to="drafting")
    desk.take(case_id, "edit", CLERK, amount_fen=3)
    desk.take(case_id, "submit", CLERK)
    desk.take(case_id, "check", REVIEWER)
    assert outcomes(desk, case_id) == ["returned", "returned", "open"]
    assert desk.take(case_id, "approve", HEAD) == "approved"


def test_a_change_after_it_came_straight_back_asks_for_every_link(desk: Desk) -> None:
    case_id = desk.case_at("checked")
    desk.take(case_id, "send_back", HEAD, reason="一", to="drafting", way="straight")
    desk.take(case_id, "straight_back", CLERK)
    desk.take(case_id, "sneak", SYSTEM)
    assert outcomes(desk, case_id) == ["returned", "void", "open"]
    assert "还缺“经办意见”" in refused(desk, case_id, "approve", HEAD)


@pytest.mark.parametrize("way", ["in_order", "straight"])
def test_nothing_but_the_named_parts_may_change(desk: Desk, way: str) -> None:
    case_id = desk.case_at("checked")
    desk.take(case_id, "send_back", HEAD, reason="金额不符", to="drafting", sections=["amount"], way=way)
    said = refused(desk, case_id, "edit", CLERK, note="另写")
    assert said == "退回时只指明修改“金额”，“说明”不能改动；确需改动的，请由退回人重新退回并指明"
    assert "“说明”不能改动" in refused(desk, case_id, "submit", CLERK, note="另写")
    desk.take(case_id, "edit", CLERK, amount_fen=2)


def test_straight_back_is_refused_when_another_part_changed_on_any_path(desk: Desk) -> None:
    case_id = desk.case_at("checked")
    desk.take(case_id, "send_back", HEAD, reason="金额不符", to="drafting", sections=["amount"], way="straight")
    desk.take(case_id, "sneak", SYSTEM)
    assert "“说明”不能改动" in refused(desk, case_id, "straight_back", CLERK)
    assert desk.take(case_id, "submit", CLERK) == "submitted", "in order everything is looked at again"


def test_naming_no_part_leaves_all_open(desk: Desk) -> None:
    case_id = desk.case_at("checked")
    desk.take(case_id, "send_back", HEAD, reason="重写", to="drafting", way="straight")
    desk.take(case_id, "edit", CLERK, amount_fen=2, note="另写")
    assert desk.take(case_id, "straight_back", CLERK) == "checked"


def test_only_completed_steps_are_offered(desk: Desk) -> None:
    opened = desk.open_case("checked")
    assert "还没有完成过可以退回的环节" in refused(desk, opened, "send_back", HEAD, reason="x")
    case_id = desk.case_at("checked")
    assert "不能退回到这个环节" in refused(desk, case_id, "send_back", HEAD, reason="x", to="approved")
    assert "不能退回到这个环节" in refused(desk, case_id, "send_back", HEAD, reason="x", to="paid")
    half = desk.open_case("submitted")
    desk.take(half, "check", REVIEWER)
    assert "不能退回到这个环节" in refused(desk, half, "send_back", HEAD, reason="x", to="drafting")
    assert desk.take(half, "send_back", HEAD, reason="x") == "submitted"


def test_what_a_return_asks_for(desk: Desk) -> None:
    case_id = desk.case_at("checked")
    assert "退回须写明原因" in refused(desk, case_id, "send_back", HEAD, reason=" ")
    assert "没有“other”这些部分" in refused(desk, case_id, "send_back", HEAD, reason="x", sections=["other"])
    assert "怎么走" in refused(desk, case_id, "send_back", HEAD, reason="x", way="sideways")
    assert "由医保经办机构" in refused(desk, case_id, "send_back", REVIEWER, reason="x")
    approved = desk.case_at("approved")
    assert "不能办理“退回”" in refused(desk, approved, "send_back", HEAD, reason="x")


def test_straight_back_needs_a_way_in_the_table(desk: Desk) -> None:
    case_id = desk.case_at("checked")
    said = refused(desk, case_id, "send_back", HEAD, reason="x", to="submitted", way="straight")
    assert said == "退回到“已提交”后须按顺序重新办理，不能直接送回"


def test_the_returner_holds_the_duty_and_no_other(desk: Desk) -> None:
    case_id = desk.case_at("submitted")
    desk.take(case_id, "send_back", REVIEWER, reason="x")
    desk.take(case_id, "submit", CLERK)
    desk.take(case_id, "check", REVIEWER)


def test_clocks_stand_still_while_a_case_is_sent_back(desk: Desk) -> None:
    case_id = desk.case_at("checked")
    with reading(desk.engine) as connection:
        before = connection.execute(select(clocks).where(clocks.c.case_id == case_id)).one()
    desk.take(case_id, "send_back", HEAD, reason="x", to="drafting", way="straight")
    with reading(desk.engine) as connection:
        held = connection.execute(select(clocks).where(clocks.c.case_id == case_id)).one()
    assert (held.paused_on, held.stopped_on) == (AT.date(), None)
    desk.take(case_id, "straight_back", CLERK, at=AT + timedelta(days=7))
    with reading(desk.engine) as connection:
        after = connection.execute(select(clocks).where(clocks.c.case_id == case_id)).one()
    assert (after.paused_on, after.paused_days) == (None, 5)
    assert after.deadline > before.deadline
