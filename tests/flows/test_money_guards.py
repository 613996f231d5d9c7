"""No guard leaves a step in which money moves unseen: the tables are held against the list beside this file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from workflow import stages
from workflow.machines import Step

LISTED: dict[str, dict[str, list[str]]] = yaml.safe_load(
    (Path(__file__).parent / "guards_of_money.yaml").read_text(encoding="utf-8")
)
STAGES = stages.load()


def missing(steps: Sequence[Step], listed: dict[str, list[str]]) -> set[tuple[str, str]]:
    """Guards that are listed and that some step of the trigger does not ask for."""
    found = set()
    for trigger, names in listed.items():
        rows = [step for step in steps if step.trigger == trigger]
        held = {guard.__name__ for step in rows for guard in step.guards}
        found |= {(trigger, name) for name in names if name not in held}
    return found


@pytest.mark.parametrize("name", LISTED)
def test_each_step_asks_for_everything_that_is_listed(name: str) -> None:
    assert missing(STAGES[name].steps, LISTED[name]) == set()


@pytest.mark.parametrize("name", LISTED)
def test_each_removal_is_noticed(name: str) -> None:
    stage = STAGES[name]
    for trigger, guards in LISTED[name].items():
        for guard in guards:
            steps = tuple(
                replace(step, guards=tuple(one for one in step.guards if one.__name__ != guard))
                if step.trigger == trigger else step
                for step in stage.steps
            )  # fmt: skip
            assert missing(steps, LISTED[name]) == {(trigger, guard)}
