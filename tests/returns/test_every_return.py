"""Every return that any stage's table knows, both ways: held by who mends it, moved by no job, and back again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from tests.returns.money_roads import ROADS
from tests.returns.roads import Road
from workflow import keeping, lifecycle, stages
from workflow.attempt import SYSTEM, Attempt
from workflow.db import reading
from workflow.flows import stuck
from workflow.machines import STAGES, Stage
from workflow.mending import MENDED
from workflow.model import notices, tasks
from workflow.returning import SEND_BACK, STRAIGHT_BACK

stages.load()
IN_ORDER, STRAIGHT = "in_order", "straight"


def returns_of(stage: Stage) -> list[tuple[str, str, str]]:
    """Every state of a stage from which it may be returned, with every state that it may go back to."""
    rows = (one for one in stage.steps if one.trigger == SEND_BACK and one.dests)
    return [(stage.name, source, dest) for row in rows for source in row.source for dest in row.dests]


RETURNS = [one for stage in STAGES.values() for one in returns_of(stage)]
STRAIGHT_WAYS = [one for one in RETURNS if one[1:] in ROADS[one[0]].STRAIGHT] if ROADS.keys() >= {
    one[0] for one in RETURNS
} else []  # fmt: skip


def test_every_stage_with_returns_has_its_road_here() -> None:
    assert set(ROADS) == {name for name, _source, _dest in RETURNS}
    for name, road in ROADS.items():
        mine = {(source, dest) for stage, source, dest in RETURNS if stage == name}
        assert set(road.RETURNER) == {source for source, _dest in mine}
        assert set(road.NAMED) == {dest for _source, dest in mine}
        assert mine >= road.STRAIGHT


def returned(engine: Engine, stage: str, source: str, dest: str, way: str) -> Road:
    """A case that came to ``source`` and was returned from there."""
    road = ROADS[stage](engine)
    road.to(source)
    assert road.look()[0] == source
    given = {"reason": "请修改", "to": dest, "sections": list(road.NAMED[dest]), "way": way}
    assert road.take(SEND_BACK, road.RETURNER[source], **given) == dest
    return road


def holders(road: Road) -> set[tuple[str, str]]:
    """What the inboxes hold of the case: step and role."""
    with reading(road.engine) as connection:
        query = select(tasks.c.trigger, tasks.c.role).where(tasks.c.case_id == road.case_id)
        return {(row.trigger, row.role) for row in connection.execute(query)}


def told(road: Road) -> set[str]:
    """The roles that heard of the return."""
    with reading(road.engine) as connection:
        query = select(notices.c.role).where(notices.c.case_id == road.case_id, notices.c.kind == "returned")
        return set(connection.scalars(query))


def stays_where_it_is(road: Road, dest: str) -> None:
    """Jobs leave a returned case alone, and none of them fails on it."""
    before = road.look()[:2]
    assert [one.job for one in road.jobs() if one.due.scope == road.case_id] == []
    assert road.look()[:2] == before
    assert before[0] == dest


def refused(road: Road, trigger: str, role: Role, **data: Any) -> str:
    with pytest.raises(Refused) as caught:
        road.take(trigger, role, **data)
    return "；".join(str(one.reason) for one in caught.value.refusals)


@pytest.mark.parametrize(("stage", "source", "dest"), RETURNS)
def test_in_order(engine: Engine, stage: str, source: str, dest: str) -> None:
    road = returned(engine, stage, source, dest, IN_ORDER)
    assert holders(road), "nobody holds it"
    assert told(road) & {role for _trigger, role in holders(road)}, "who holds it has not heard why"
    stays_where_it_is(road, dest)
    if (elsewhere := road.foreign(dest, False)) is not None:
        with pytest.raises(Refused, match="不能改动"):
            elsewhere()
    road.mend(dest)
    if STAGES[stage].step_from(road.look()[0], STRAIGHT_BACK):
        assert refused(road, STRAIGHT_BACK, road.SENDER).startswith("本件没有待直接送回的退回")
    road.again(source, dest)
    state, _dossier, progress = road.look()
    assert state == source
    assert not {"sent_back", "straight"} & progress.keys()


@pytest.mark.parametrize(("stage", "source", "dest"), RETURNS)
def test_straight_back(engine: Engine, stage: str, source: str, dest: str) -> None:
    if (source, dest) not in ROADS[stage].STRAIGHT:
        road = ROADS[stage](engine)
        road.to(source)
        said = refused(road, SEND_BACK, road.RETURNER[source], reason="请修改", to=dest, way=STRAIGHT)
        assert "须按顺序重新办理" in said
        return
    road = returned(engine, stage, source, dest, STRAIGHT)
    assert holders(road), "nobody holds it"
    stays_where_it_is(road, dest)
    if (elsewhere := road.foreign(dest, True)) is not None:
        with pytest.raises(Refused, match="不能改动"):
            elsewhere()
    road.mend(dest)
    road.ahead(dest)
    assert (STRAIGHT_BACK, str(road.SENDER)) in holders(road)
    assert road.take(STRAIGHT_BACK, road.SENDER) == source
    assert "sent_back" not in road.look()[2]


@pytest.mark.parametrize(("stage", "source", "dest"), STRAIGHT_WAYS)
def test_not_straight_back_when_something_else_changed_on_any_path(
    engine: Engine, stage: str, source: str, dest: str
) -> None:
    road = returned(engine, stage, source, dest, STRAIGHT)
    road.mend(dest)
    road.ahead(dest)
    with road.engine.connect() as connection:
        case = lifecycle.lock(connection, road.case_id)
        attempt = Attempt(connection, case, SYSTEM, road.when)
        attempt.dossier["beside"] = "changed by nobody who was asked"
        keeping.keep_dossier(attempt)
        keeping.keep_case(attempt)
        with pytest.raises(Refused, match="“beside”不能改动"):
            lifecycle.take(connection, road.case_id, STRAIGHT_BACK, actor=road.county.actor(road.SENDER), at=road.when)
        connection.rollback()
    assert road.take(STRAIGHT_BACK, road.SENDER) == source


def test_a_job_that_is_called_all_the_same_is_refused(engine: Engine) -> None:
    road = returned(engine, "settlement", "reviewed", "declared", IN_ORDER)
    with road.engine.connect() as connection, pytest.raises(Refused, match="改好交回以前系统不自动办理"):
        lifecycle.take(connection, road.case_id, "calculate", actor=SYSTEM, at=road.when)
    assert holders(road) == {("mended", "agency_clerk")}
    road.take("mended", Role.AGENCY_CLERK)
    assert holders(road) == set()
    assert ("calculate_settlement", road.case_id) in {(one.job, one.due.scope) for one in road.jobs()}
    with reading(road.engine) as connection:
        stays = stuck.taken(connection, {road.county.consortium_id}, stuck.Filters(stage="settlement"))
    assert {(one.holder, one.number) for one in stays if one.state == "declared"} == {
        ("医保经办机构经办", 1), ("系统", 1),
    }, "whoever handed it back held it"
    assert refused(road, "mended", Role.AGENCY_CLERK)


def test_a_month_that_goes_by_a_table_without_the_step_is_not_stuck(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = STAGES["settlement"]
    steps = tuple(one for one in table.steps if one.trigger != MENDED)
    monkeypatch.setitem(STAGES, "settlement", replace(table, steps=steps))
    road = returned(engine, "settlement", "reviewed", "declared", IN_ORDER)
    assert ("calculate_settlement", road.case_id) in {(one.job, one.due.scope) for one in road.jobs()}


def test_what_only_members_declare_is_returned_to_them(engine: Engine) -> None:
    road = ROADS["settlement"](engine)
    road.to("reviewed")
    said = refused(road, SEND_BACK, Role.AGENCY_HEAD, reason="x", to="declared", sections=["declarations"])
    assert "请退回到“申报中”" in said
