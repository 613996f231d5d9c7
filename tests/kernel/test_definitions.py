"""Versions of a stage's table: running cases go by theirs, and are moved to another all at once or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from governance.refusal import Refused
from governance.roles import Duty, Role
from tests.kernel import mending_stage
from tests.kernel.checking import state_of
from tests.kernel.mending_stage import AT, STEPS, Desk, registered, renamed, settle_in, stage
from workflow import records as record_chain
from workflow.attempt import Attempt
from workflow.db import metadata, reading, writing
from workflow.definitions import moving, pinned, versions
from workflow.machines import Ballot, Stage, step
from workflow.model import cases, definitions, records, rounds
from workflow.model import tasks as open_tasks
from workflow.recalling import recalls

CLERK, REVIEWER, HEAD = Role.LEAD_CLERK, Role.AGENCY_REVIEWER, Role.AGENCY_HEAD


@pytest.fixture
def desk(engine: Engine) -> Iterator[Desk]:
    with registered():
        yield settle_in(engine)


def longer() -> Stage:
    """The stage with one more step on the way: the draft is looked through before it is handed in."""
    extra = step("look", "drafting", "drafting", "通读", CLERK, duty=Duty.PREPARE)
    return stage(steps=(extra, *STEPS, *recalls(STEPS)))


def whole(engine: Engine) -> dict[str, list[Any]]:
    """Every row of the database."""
    with reading(engine) as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table)).all()), key=str)
            for table in metadata.sorted_tables
        }


def version_of(desk: Desk, case_id: int) -> int:
    return int(state_of(desk.engine, case_id).definition)


def said(caught: pytest.ExceptionInfo[Refused]) -> str:
    return "；".join(str(one.reason) for one in caught.value.refusals)


def record(engine: Engine, known: Stage) -> int:
    with writing(engine) as connection:
        return versions.record(connection, AT, known)


def test_a_version_is_kept_once_and_never_changed(desk: Desk) -> None:
    assert [record(desk.engine, one) for one in (stage(), longer(), stage(), longer())] == [1, 2, 1, 2]
    for change in ("UPDATE definitions SET body = 'x'", "DELETE FROM definitions"):
        with pytest.raises(DBAPIError, match="append-only"), writing(desk.engine) as connection:
            connection.execute(text(change))


def test_a_stage_reads_back_as_it_was_written(desk: Desk) -> None:
    known = stage()
    record(desk.engine, known)
    with reading(desk.engine) as connection:
        built = pinned.stage_of(longer(), 1, versions.body_of(connection, "mending", 1))
    assert built.digest == known.digest
    assert built.digest != longer().digest


def test_a_running_case_goes_by_the_table_it_was_opened_under(desk: Desk) -> None:
    old = desk.open_case()
    with registered(renamed("submitted", "lodged")):
        new = desk.open_case()
        assert (version_of(desk, old), version_of(desk, new)) == (1, 2)
        assert desk.take(old, "submit", CLERK) == "submitted"
        assert desk.take(new, "submit", CLERK) == "lodged"
        assert desk.take(old, "check", REVIEWER) == "checked"
        with reading(desk.engine) as connection:
            row = connection.execute(select(cases).where(cases.c.id == old)).one()
            assert versions.STAGES["mending"].state_labels["submitted"] == "已提交"
        assert row.state == "checked"
        assert desk.take(old, "approve", HEAD) == "approved"


def test_a_new_step_is_not_there_for_an_old_case(desk: Desk) -> None:
    old = desk.open_case()
    with registered(longer()):
        with pytest.raises(Refused, match="不能办理“look”"):
            desk.take(old, "look", CLERK)
        assert desk.take(desk.open_case(), "look", CLERK) == "drafting"


def test_a_name_the_code_has_lost_closes_every_step_until_the_case_is_moved(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(attempt: Attempt) -> None:
        """A guard of the old table."""

    monkeypatch.setattr(mending_stage, "gone", gone, raising=False)
    gone.__module__, gone.__qualname__ = mending_stage.__name__, "gone"
    guarded = tuple(replace(one, guards=(gone,)) if one.trigger == "submit" else one for one in STEPS)
    with registered(stage(steps=(*guarded, *recalls(STEPS)))):
        old = desk.open_case()
    monkeypatch.delattr(mending_stage, "gone")
    for trigger in ("edit", "submit"):
        with pytest.raises(Refused) as caught:
            desk.take(old, trigger, CLERK)
        assert "已经没有，须先迁移到新版流程" in said(caught)
        assert str(caught.value.refusals[0].who) == "系统管理"
    to = record(desk.engine, stage())
    with writing(desk.engine) as connection:
        moving.move(connection, "mending", to, {}, at=AT)
    assert desk.take(old, "submit", CLERK) == "submitted"


def test_moving_keeps_states_of_the_same_name_and_refreshes_tasks(desk: Desk) -> None:
    old = desk.case_at("submitted")
    with registered(longer()):
        to = record(desk.engine, longer())
        with writing(desk.engine) as connection:
            (moved,) = moving.move(connection, "mending", to, {}, at=AT)
        assert (moved.case_id, moved.from_state, moved.to_state) == (old, "submitted", "submitted")
        assert moved.superseded == ()
        assert version_of(desk, old) == 2
        with writing(desk.engine) as connection:
            assert moving.move(connection, "mending", to, {}, at=AT) == []
        with reading(desk.engine) as connection:
            row = connection.execute(select(records).where(records.c.verb == "definition_moved")).one()
            assert record_chain.verify(connection) == []
        told = json.loads(row.body)["data"]
        assert (told["from_version"], told["to_version"], row.role) == (1, 2, "system")
        desk.take(old, "check", REVIEWER)


def test_a_state_that_is_gone_needs_a_map(desk: Desk) -> None:
    first, second = desk.case_at("submitted"), desk.case_at("submitted")
    drafted = desk.open_case()
    with registered(renamed("submitted", "lodged")) as known:
        to, before = record(desk.engine, known), None
        before = whole(desk.engine)
        for mapping, words in (
            ({}, f"目标流程没有状态“submitted”，案件 {first}、{second} 还在这个状态"),
            ({"submitted": "nowhere"}, "“nowhere”不是目标流程的状态"),
            ({"submitted": "lodged", "paid": "lodged"}, "“paid”不是任何在办案件的状态"),
        ):
            with pytest.raises(Refused) as caught, writing(desk.engine) as connection:
                moving.move(connection, "mending", to, mapping, at=AT)
            assert words in said(caught)
        assert whole(desk.engine) == before
        with writing(desk.engine) as connection:
            moved = moving.move(connection, "mending", to, {"submitted": "lodged"}, at=AT)
        led = [(one.case_id, one.to_state) for one in moved]
        assert led == [(first, "lodged"), (second, "lodged"), (drafted, "drafting")]
        assert state_of(desk.engine, first).state == "lodged"
        assert desk.take(first, "check", REVIEWER) == "checked"
        with reading(desk.engine) as connection:
            waited = set(connection.scalars(select(open_tasks.c.trigger).where(open_tasks.c.case_id == second)))
        assert waited == {"check"}


def other_ballot(*states: str) -> Stage:
    """The stage with its ballot under another key, over ``states``."""
    ballot = Ballot("ruling", "审定", states, mending_stage.agency)
    steps = tuple(
        replace(one, casts=("ruling", one.casts[1])) if one.casts else one for one in (*STEPS, *recalls(STEPS))
    )
    return stage(steps=steps, ballots=(ballot,))


def test_an_open_round_is_superseded_or_stands_in_the_way(desk: Desk) -> None:
    case_id = desk.case_at("submitted")
    lost = other_ballot("checked")
    with registered(lost):
        to = record(desk.engine, lost)
        with pytest.raises(Refused) as caught, writing(desk.engine) as connection:
            moving.move(connection, "mending", to, {}, at=AT)
        assert f"案件 {case_id} 的“approval”正在进行" in said(caught)
    taken = other_ballot("submitted", "checked")
    with registered(taken):
        to = record(desk.engine, taken)
        with writing(desk.engine) as connection:
            (moved,) = moving.move(connection, "mending", to, {}, at=AT)
        assert moved.superseded == (1,)
        with reading(desk.engine) as connection:
            query = select(rounds.c.ballot, rounds.c.outcome).where(rounds.c.case_id == case_id)
            found = [tuple(row) for row in connection.execute(query.order_by(rounds.c.round_no))]
        assert found == [("approval", "superseded"), ("ruling", "open")]
        desk.take(case_id, "check", REVIEWER)


def test_killed_half_way_nothing_is_moved(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for _number in range(3):
        desk.case_at("submitted")
    with registered(longer()):
        to = record(desk.engine, longer())
        before, done = whole(desk.engine), []

        def broken(attempt: Attempt, verb: str, state: str) -> None:
            kept(attempt, verb, state)
            done.append(attempt.case.id)
            if len(done) == 2:
                raise KeyboardInterrupt

        kept = moving.keeping.after
        monkeypatch.setattr(moving.keeping, "after", broken)
        with pytest.raises(KeyboardInterrupt), writing(desk.engine) as connection:
            moving.move(connection, "mending", to, {}, at=AT)
        assert len(done) == 2
        assert whole(desk.engine) == before


@pytest.fixture
def commands(app: Flask, engine: Engine) -> Iterator[tuple[Flask, Desk]]:
    with registered():
        yield app, settle_in(engine)


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["definitions", *words])


def test_the_trial_run_says_what_would_happen_and_leaves_no_trace(commands: tuple[Flask, Desk]) -> None:
    app, desk = commands
    case_id = desk.case_at("submitted")
    with registered(renamed("submitted", "lodged")) as known:
        record(desk.engine, known)
        before = whole(desk.engine)
        asked = ("move", "mending", "--to", "2", "--map", "submitted=lodged")
        tried = run(app, *asked, "--dry-run")
        assert tried.exit_code == 0, tried.output
        assert f"案件 {case_id}：第 1 版 → 第 2 版，submitted → lodged" in tried.output
        assert "没有留下任何改动" in tried.output
        assert whole(desk.engine) == before
        unmapped = run(app, "move", "mending", "--to", "2")
        assert (unmapped.exit_code, "请用 --map" in unmapped.stderr) == (3, True) or unmapped.exit_code != 0
        assert whole(desk.engine) == before
        done = run(app, *asked)
        assert "已迁移 1 件" in done.output
        assert version_of(desk, case_id) == 2
        after = whole(desk.engine)
        assert "没有需要迁移的案件" in run(app, "move", "mending", "--to", "2").output
        assert whole(desk.engine) == after


def test_list_show_diff_and_check(commands: tuple[Flask, Desk]) -> None:
    app, desk = commands
    desk.open_case()
    with registered(renamed("submitted", "lodged")) as known:
        assert "现在的流程还没有登记" in run(app, "check").stderr
        record(desk.engine, known)
        checked = run(app, "check")
        assert (checked.exit_code, "mending：1 件按第 1 版办理" in checked.output) == (0, True)
        listed = [line for line in run(app, "list").output.splitlines() if "mending" in line]
        assert [line[0] for line in listed] == [" ", "*"]
        assert "state lodged: 已提交（新）" in run(app, "show", "mending").output
        assert "state submitted: 已提交" in run(app, "show", "mending", "1").output
        differing = run(app, "diff", "mending", "1", "2").output
        assert "-state submitted: 已提交" in differing
        assert "+state lodged: 已提交（新）" in differing
        assert run(app, "show", "mending", "9").exit_code != 0


def test_every_stage_of_the_house_is_kept_by_the_upgrade_and_reads_back(engine: Engine) -> None:
    from workflow import stages

    known = stages.load()
    with reading(engine) as connection:
        kept = {row.stage: row for row in connection.execute(select(definitions))}
        assert set(kept) >= set(known)
        for name, one in known.items():
            assert kept[name].sha256 == one.digest
            assert pinned.lost_names(one, kept[name].body) == []
            assert pinned.stage_of(one, 1, kept[name].body).digest == one.digest
