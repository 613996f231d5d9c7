"""The tables of the first three stages: what is not in them is refused, and each step has its words."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from governance.refusal import Refused
from tests.people import County
from tests.self_assessment.filing import AT, county_on
from workflow import lifecycle
from workflow.attempt import SYSTEM
from workflow.db import writing
from workflow.machines import STAGES

NAMES = ("takeover", "self_assessment", "city_ruling")


def refused_everywhere(engine: Engine, county: County, name: str, state: str) -> list[str]:
    """The triggers that are not in the table for ``state``, each refused by its name."""
    stage, refused = STAGES[name], []
    with writing(engine) as connection:
        case_id = lifecycle.open_case(
            connection, name, county.consortium_id, actor=SYSTEM, at=AT, place=county.place, state=state,
            dossier={}, period=state,
        )
        listed = {one.trigger for one in stage.steps_from(state)}
        for trigger in sorted({one.trigger for one in stage.steps} - listed):
            with pytest.raises(Refused) as caught:
                lifecycle.take(connection, case_id, trigger, actor=SYSTEM, at=AT)
            assert [one.fact for one in caught.value.refusals] == ["state"]
            assert "不能办理" in str(caught.value)
            refused.append(trigger)
    return refused


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_in_the_table_is_refused(engine: Engine, name: str) -> None:
    county = county_on(engine)
    stage = STAGES[name]
    triggers = {one.trigger for one in stage.steps}
    for state in stage.states:
        refused = refused_everywhere(engine, county, name, str(state))
        assert set(refused) | {one.trigger for one in stage.steps_from(str(state))} == triggers


@pytest.mark.parametrize("name", NAMES)
def test_every_state_has_a_name_and_every_final_state_no_way_out(name: str) -> None:
    stage = STAGES[name]
    assert set(stage.state_labels) == set(stage.states)
    ways_out = {state: {one.trigger for one in stage.steps_from(state)} for state in stage.final}
    expected = {state: {"return_filed"} if state == "filed" else set() for state in stage.final}
    assert ways_out == expected
