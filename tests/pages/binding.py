"""A case of each stage that decides in rounds, brought to an open round, and changed there by every path."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.agreement import signing
from tests.assessment import assessments
from tests.budget import budgeting
from tests.city_ruling import ruling
from tests.clearing import clearings
from tests.clearing.preceding import at as clearing_at
from tests.people import County
from tests.self_assessment import filing
from tests.settlement import months
from tests.surplus_plan import plans
from workflow import stages
from workflow.attempt import Attempt
from workflow.db import reading
from workflow.machines import STAGES, STAY, step
from workflow.model import cases, dossiers

stages.load()

# Each path by which content may change, as the trigger of a step that only this test knows: by whom it is taken.
PATHS = {
    "typed_in_a_form": (Role.AGENCY_HEAD, "人工办理"),
    "sent_to_the_door": (Role.AGENCY_HEAD, "人工办理"),
    "import_claims": (Role.AGENCY_CLERK, "导入"),
    "recalculated_by_a_job": (Role.SYSTEM, "系统任务"),
    "mended_by_an_administrator": (Role.ADMINISTRATOR, "系统管理"),
}

OWN: dict[tuple[str, str], Any] = {}


def changed(value: Any) -> Any:
    """Something else of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list):
        return [*value[1:], changed(value[0])] if value else ["新的"]
    if isinstance(value, dict):
        key = min(value, default="新的")
        return {**value, key: changed(value.get(key, ""))}
    return f"{value or ''}改"


def mutate(attempt: Attempt, *, key: str = "", how: str = "changed", **data: Any) -> None:
    """Change, add or drop one top-level entry of the dossier; asked for no entry, what the stage itself does."""
    if not key:
        OWN[attempt.case.stage, attempt.step.trigger if attempt.step else ""](attempt, **data)
    elif how == "dropped":
        del attempt.dossier[key]
    elif how == "changed":
        attempt.dossier[key] = changed(attempt.dossier.get(key, ""))


def with_paths(stage: str, state: str, patch: pytest.MonkeyPatch) -> None:
    """The stage's table with one more step out of ``state`` for every path; its own steps stay as they are."""
    known = STAGES[stage]
    more = tuple(step(trigger, state, STAY, trigger, by, task=False) for trigger, (by, _path) in PATHS.items())
    for trigger in PATHS:
        patch.setitem(OWN, (stage, trigger), getattr(known.commands, trigger, None))
        patch.setattr(known.commands, trigger, mutate, raising=False)
    patch.setitem(STAGES, stage, dataclasses.replace(known, steps=known.steps + more))


def dossier_of(engine: Engine, case_id: int) -> dict[str, Any]:
    """What is decided in the case now."""
    columns = dossiers.c
    query = select(columns.body).where(columns.case_id == case_id).order_by(columns.version.desc()).limit(1)
    with reading(engine) as connection:
        found: dict[str, Any] = json.loads(connection.execute(query).scalar_one())
        return found


def _city_ruling(engine: Engine) -> tuple[County, int]:
    county = filing.county_on(engine)
    return county, ruling.under_review(engine, county)


def _settlement(engine: Engine) -> tuple[County, int]:
    month = months.prepare(engine).open()
    month.to_calculated()
    return month.county, month.case.id


def _budget(engine: Engine) -> tuple[County, int]:
    county = signing.county_of(engine)
    return county, budgeting.consulted(engine, county)


def _agreement(engine: Engine) -> tuple[County, int]:
    county = signing.county_of(engine)
    return county, signing.lead_signed(engine, county)


def _clearing(engine: Engine) -> tuple[County, int]:
    desk = clearings.Desk(engine)
    desk.calculated()
    desk.take("confirm", Role.LEAD_HEAD, clearing_at(1, 20))
    return desk.county, desk.case.id


def _surplus_plan(engine: Engine) -> tuple[County, int]:
    desk = plans.Desk(engine)
    desk.in_session()
    return desk.county, desk.case.id


def _assessment(engine: Engine) -> tuple[County, int]:
    desk = assessments.Desk(engine)
    desk.published()
    return desk.county, desk.case.id


# Each stage: the state of its round, and how a case gets there.
STAGES_WITH_ROUNDS: dict[str, tuple[str, Callable[[Engine], tuple[County, int]]]] = {
    "city_ruling": ("under_review", _city_ruling),
    "settlement": ("calculated", _settlement),
    "budget": ("consulted", _budget),
    "agreement": ("lead_signed", _agreement),
    "clearing": ("reconciled", _clearing),
    "surplus_plan": ("voting", _surplus_plan),
    "assessment": ("published", _assessment),
}


def state_of(engine: Engine, case_id: int) -> str:
    """The state of the case."""
    with reading(engine) as connection:
        return str(connection.scalar(select(cases.c.state).where(cases.c.id == case_id)))
