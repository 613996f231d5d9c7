"""A rule tried in place of another: checked like a rule file, and nothing else is touched."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from governance.refusal import Refused
from governance.rulebook import RuleBook
from governance.rulebook.trying import tried

DAY = date(2025, 12, 31)
AGREED = {"settlement.deposit_ratio": "0.05"}


@pytest.fixture
def rulebook() -> RuleBook:
    return RuleBook.load()


def test_a_tried_value_answers_and_the_book_stays(rulebook: RuleBook) -> None:
    book = rulebook.at("demo-hunan-beihe").in_force(DAY, agreement=AGREED)
    digest = book.digest
    ratios = {"county": "5", "township": "3", "village": "2"}
    other = tried(book, rulebook, {"surplus.tier_ratios": ratios})
    assert other.rule("surplus.tier_ratios").value == ratios
    assert other.rule("surplus.tier_ratios").answered_by == "trial"
    assert other.rule("surplus.tier_ratios").cite.document == "试算", "a tried value cites no document"
    assert book.rule("surplus.tier_ratios").value == {"county": "6", "township": "3", "village": "1"}
    assert book.digest == digest != other.digest
    assert rulebook.at("demo-hunan-beihe").in_force(DAY, agreement=AGREED).digest == digest


def test_it_stands_in_place_of_what_the_agreement_answers(rulebook: RuleBook) -> None:
    book = rulebook.at("demo-hunan-beihe").in_force(DAY, agreement=AGREED)
    other = tried(book, rulebook, {"settlement.deposit_ratio": "0.03"})
    assert other.rule("settlement.deposit_ratio").value == "0.03"
    assert book.rule("settlement.deposit_ratio").value == "0.05"


def test_so_it_does_where_the_agreement_gives_only_the_tiers(rulebook: RuleBook) -> None:
    tiers = [{"upto": "0.05", "fund": "0.4"}]
    book = rulebook.at("demo-hunan-beihe").in_force(DAY, agreement={"clearing.overrun": tiers})
    value = {**book.rule("clearing.overrun").value, "tiers": [{"upto": "0.05", "fund": "0.6"}]}
    assert tried(book, rulebook, {"clearing.overrun": value}).rule("clearing.overrun").value == value


@pytest.mark.parametrize(
    ("rule", "value", "says"),
    [
        ("settlement.deposit_ratio", "0.06", "上限 0.05"),
        ("settlement.deposit_ratio", "much", "应是加引号的数字"),
        ("surplus.tier_ratios", {"county": "-1", "township": "3", "village": "2"}, "county"),
        ("clearing.retention", {"by": "score", "bands": [{"from": "60", "ratio": "1.5"}]}, "ratio"),
        ("budget.growth", "0.05", "尚未配置"),
    ],
)
def test_what_a_rule_file_may_not_say_cannot_be_tried(rulebook: RuleBook, rule: str, value: Any, says: str) -> None:
    book = rulebook.at("demo-hunan-beihe").in_force(DAY, agreement=AGREED)
    with pytest.raises(Refused) as refused:
        tried(book, rulebook, {rule: value})
    assert says in refused.value.refusals[0].reason
    assert {refusal.rule for refusal in refused.value.refusals} == {rule}


def test_a_bound_in_principle_gives_way(rulebook: RuleBook) -> None:
    agreed = {"clearing.overrun": [{"upto": "0.2", "fund": "0.4"}]}
    book = rulebook.at("demo-hunan-beihe").in_force(DAY, agreement=agreed)
    value = {**book.rule("clearing.overrun").value, "ceiling": "0.20"}
    assert tried(book, rulebook, {"clearing.overrun": value}).rule("clearing.overrun").value["ceiling"] == "0.20"
