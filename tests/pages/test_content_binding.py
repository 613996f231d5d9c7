"""Whatever changes what is decided, by whatever path, voids the open round; the page of differences names it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.pages.binding import PATHS, STAGES_WITH_ROUNDS, dossier_of, state_of, with_paths
from tests.people import County
from workflow import door, lifecycle
from workflow.attempt import SYSTEM, Case
from workflow.db import reading, writing
from workflow.machines import STAGES
from workflow.model import cases, decisions, rounds
from workflow.pages import differences
from workflow.pages.case_reading import read_case
from workflow.pages.dossier_lines import WORKSHEET, section_of

# Without it the assessment does not know whose seat the round has, so that nothing at all is written.
DECIDES_WHO_SITS = {"scheme"}


@pytest.fixture(autouse=True)
def own_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Files and claims under the test's own folder."""
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    monkeypatch.setenv("GONGZHI_CLAIMS", str(tmp_path / "claims"))


class Desk:
    """A case with an open round, changed one entry after another."""

    def __init__(self, engine: Engine, county: County, case_id: int, at: datetime) -> None:
        self.engine, self.county, self.case_id, self.at, self.number = engine, county, case_id, at, 0

    def change(self, trigger: str, key: str, how: str = "changed") -> None:
        """Change one entry by the path ``trigger``, a minute after the last change."""
        self.number, self.at = self.number + 1, self.at + timedelta(minutes=1)
        role, data = PATHS[trigger][0], {"key": key, "how": how}
        if role in (Role.SYSTEM, Role.ADMINISTRATOR):
            actor = SYSTEM if role is Role.SYSTEM else self.county.actor(role)
            with writing(self.engine) as connection:
                lifecycle.take(connection, self.case_id, trigger, actor=actor, at=self.at, data=data)
            return
        caller = "api" if trigger == "sent_to_the_door" else "web"
        door.take(
            self.engine, self.case_id, trigger, actor=self.county.actor(role),
            key=f"{caller}:{self.number}", at=self.at,
            data=data,
        )

    def open_rounds(self) -> list[Any]:
        """The case's open rounds."""
        query = select(rounds).where(rounds.c.case_id == self.case_id, rounds.c.outcome == "open")
        with reading(self.engine) as connection:
            return list(connection.execute(query))

    def outcome(self, number: int) -> tuple[str, bool]:
        """What became of a round, and whether it says when."""
        query = select(rounds).where(rounds.c.case_id == self.case_id, rounds.c.round_no == number)
        with reading(self.engine) as connection:
            row = connection.execute(query).one()
        return row.outcome, row.closed_at == self.at

    def page(self, **asked: str) -> Any:
        """The page of what changed."""
        with reading(self.engine) as connection:
            case = Case(*connection.execute(select(cases).where(cases.c.id == self.case_id)).one())
            return differences.build(read_case(connection, case, self.at, demo=True), asked)

    def who(self, trigger: str) -> str:
        """Whose name the page gives for a path."""
        role = PATHS[trigger][0]
        return "系统" if role is Role.SYSTEM else self.county.actor(role).name


@pytest.fixture(params=STAGES_WITH_ROUNDS)
def desk(request: pytest.FixtureRequest, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Desk:
    state, reach = STAGES_WITH_ROUNDS[request.param]
    with_paths(request.param, state, monkeypatch)
    county, case_id = reach(engine)
    assert state_of(engine, case_id) == state
    with reading(engine) as connection:
        since = connection.execute(select(cases.c.since).where(cases.c.id == case_id)).scalar_one()
    return Desk(engine, county, case_id, since + timedelta(hours=1))


def test_every_change_by_every_path_voids_the_round_and_is_told(desk: Desk) -> None:
    stage = STAGES[_stage_of(desk)]
    keys = sorted(dossier_of(desk.engine, desk.case_id))
    assert len(keys) >= 3
    for key in [*keys, "something_new"]:
        for trigger, (_role, path) in PATHS.items():
            (before,) = desk.open_rounds()
            desk.change(trigger, key)
            told = f"{stage.name}.{key} by {trigger}"
            assert desk.outcome(before.round_no) == ("void", True), told
            (after,) = desk.open_rounds()
            assert after.round_no > before.round_no and after.subject_hash != before.subject_hash, told
            _told(desk, stage, key, trigger, path, before)


def _stage_of(desk: Desk) -> str:
    with reading(desk.engine) as connection:
        return str(connection.scalar(select(cases.c.stage).where(cases.c.id == desk.case_id)))


def _told(desk: Desk, stage: Any, key: str, trigger: str, path: str, before: Any) -> None:
    """The page names the entry, the round that fell, who changed it, by which path and when."""
    page = desk.page()
    told = f"{stage.name}.{key} by {trigger}"
    assert (page.left.version, page.right.version) == (before.dossier_version, before.dossier_version + 1), told
    if key == WORKSHEET:
        assert page.worksheet is not None and page.sections == [], told
    else:
        assert [one.title for one in page.sections] == [section_of(stage, key)], told
        assert page.number >= 1 and page.worksheet is None, told
    for found in (page.voided, page.steps):
        (one,) = found
        assert (str(one.who), str(one.path), one.at) == (desk.who(trigger), path, desk.at), told
    assert page.voided[0].round_no == before.round_no


def test_an_entry_that_is_dropped_voids_the_round_too(desk: Desk) -> None:
    for key in sorted(dossier_of(desk.engine, desk.case_id).keys() - DECIDES_WHO_SITS):
        (before,) = desk.open_rounds()
        desk.change("typed_in_a_form", key, "dropped")
        assert desk.outcome(before.round_no) == ("void", True), key
        page = desk.page()
        kinds = {row.kind for section in page.sections for row in section.rows}
        assert kinds == {"removed"} or (key == WORKSHEET and page.worksheet.after is None), key


def test_a_step_that_changes_nothing_keeps_the_round(desk: Desk) -> None:
    (before,) = desk.open_rounds()
    desk.change("typed_in_a_form", "consortium", "not at all")
    (after,) = desk.open_rounds()
    assert after == before


def test_decisions_stay_with_the_round_they_were_taken_on(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.city_ruling.ruling import opine

    state, reach = STAGES_WITH_ROUNDS["city_ruling"]
    with_paths("city_ruling", state, monkeypatch)
    county, case_id = reach(engine)
    opine(engine, county, case_id, "city_health")
    with reading(engine) as connection:
        at = connection.execute(select(decisions.c.at).where(decisions.c.case_id == case_id)).scalar_one()
    desk = Desk(engine, county, case_id, at)
    (before,) = desk.open_rounds()
    desk.change("recalculated_by_a_job", "members")
    with reading(engine) as connection:
        taken = connection.execute(select(decisions).where(decisions.c.case_id == case_id)).all()
    assert [(one.round_no, one.subject_hash) for one in taken] == [(before.round_no, before.subject_hash)]
    (after,) = desk.open_rounds()
    assert after.round_no == before.round_no + 1
