"""What a place lets be signed on paper names steps that there are: at load, and where a city enacts the rule."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from governance.paper import NAMES, paper_faults
from governance.refusal import Refused
from governance.rulebook import RuleBook
from tests.kernel.levels import CITY
from tests.rule_change.changing import City
from tests.settlement.months import prepare
from workflow import stages

TEXT = """
decision.paper_allowed:
  values:
    2020-01-01:
      value: %s
      status: sample
      cite: {document: 样例：湖南示范市规则, clause: 线下签署, says: 为测试而设}
"""


def test_what_the_rule_may_name_are_the_steps_of_every_decision() -> None:
    found = {
        f"{stage.name}.{step.casts[0]}.{step.trigger}"
        for stage in stages.load().values() for step in stage.steps if step.casts
    }  # fmt: skip
    assert found == NAMES


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("[city_ruling.ruling.decides]", "city_ruling.ruling.decides"),
        ("[committee.vote, rulings.decide]", "rulings.decide"),
        ("[budget.ruling.decide]", "budget.ruling.decide"),
        ("[decide]", "decide"),
        ("[surplus_plan.committee.pass_section]", "surplus_plan.committee.pass_section"),
        ('["1"]', "1"),
    ],
)
def test_a_step_that_is_not_there_is_refused_at_load_with_file_rule_and_day(value: str, named: str) -> None:
    with pytest.raises(Refused) as caught:
        RuleBook.load().plus(CITY, TEXT % value, "paper.yaml")
    [refusal] = caught.value.refusals
    said = str(refusal)
    assert f"没有“{named}”这一步" in said
    for part in ("paper.yaml", "decision.paper_allowed", "2020-01-01"):
        assert part in said, part


def test_no_list_is_refused() -> None:
    with pytest.raises(Refused, match="应为若干"):
        RuleBook.load().plus(CITY, TEXT % "ruling.decide", "paper.yaml")


def test_steps_that_are_there_hold_with_their_stage_and_without() -> None:
    assert not list(paper_faults([*NAMES, "ruling.decide", "committee.vote", "settlement.pass_section"]))
    value = "[city_ruling.ruling.decide, settlement.pass_section]"
    assert RuleBook.load().plus(CITY, TEXT % value, "paper.yaml")


def test_a_city_cannot_propose_a_step_that_is_not_there(engine: Engine) -> None:
    month = prepare(engine)
    with pytest.raises(Refused, match=r"settlement[.]settlement[.]aprove”这一步"):
        City(engine, month.county).begin(
            rule="decision.paper_allowed", value="[settlement.settlement.aprove]", since="2025-04-17"
        )
    assert City(engine, month.county).begin(
        rule="decision.paper_allowed", value="[settlement.settlement.approve]", since="2025-04-17"
    )
