"""Bad facts are refused by name in both languages; every line and every byte of a worksheet is as promised."""

from __future__ import annotations

import json
from typing import Any

import pytest

from governance.refusal import Refusal, Refused
from governance.rulebook import RuleBook
from governance.sheets import SHEETS, refused_as_data, run, run_from_cli, schema
from tests.governance.books import CASES, DAY, book, month, year

EXAMPLES = json.loads((CASES / "worked_examples.json").read_text(encoding="utf-8"))
RULES = {"settlement.deposit_ratio": "0.05"}


def member(**changes: Any) -> dict[str, Any]:
    one = {"member": "a", "payable_fen": {"item": {"own": 100}}, "audit_deduction_fen": 0, "carried_in_fen": 0}
    return one | changes


BAD_MONTHS = [
    (month(), "members"),
    (month(member(), member()), "members[1].member"),
    (month(member(audit_deduction_fen=-1)), "members[0].audit_deduction_fen"),
    (month(member(carried_in_fen=1.0)), "members[0].carried_in_fen"),
    (month(member(carried_in_fen=float("nan"))), "members[0].carried_in_fen"),
    (month(member(carried_in_fen=True)), "members[0].carried_in_fen"),
    (month(member(carried_in_fen="1")), "members[0].carried_in_fen"),
    (month(member(carried_in_fen=10**18)), "members[0].carried_in_fen"),
    (month(member(payable_fen={"surgery": {"own": 1}})), "members[0].payable_fen.surgery"),
    (month(member(payable_fen={"drg": {"away": 1}})), "members[0].payable_fen.drg.away"),
    (month(member(payable_fen={"drg": {"own": 0.5}})), "members[0].payable_fen.drg.own"),
    (month(member(payable_fen=[1])), "members[0].payable_fen"),
    (month(member(level="city")), "members[0].level"),
    (month(member(member=" ")), "members[0].member"),
    (month(member(), away_fen=None), "away_fen"),
    (month(member(), prepayment_oustanding_fen=5), "prepayment_oustanding_fen"),
    (month(member(), period="2025-13"), "period"),
    (month(member(), pool="both"), "pool"),
    ([], "facts"),
]


@pytest.mark.parametrize(("facts", "named"), BAD_MONTHS, ids=lambda part: part if isinstance(part, str) else "")
def test_bad_facts_are_refused_by_name(facts: Any, named: str) -> None:
    with pytest.raises(Refused) as refused:
        run("monthly-settlement", facts, book(RULES))
    assert named in [one.fact for one in refused.value.refusals]
    for one in refused_as_data("monthly-settlement", refused.value)["refused"]:
        assert one["reason"].startswith("填报数据有误") and one["reason_en"] and one["who"]


@pytest.mark.parametrize("score", ["NaN", "Infinity", "1e2", "１00", "-1", 87.6, True, " 90", ""])
def test_a_score_is_an_exact_number(score: Any) -> None:
    with pytest.raises(Refused) as refused:
        run("annual-clearing", year(score=score), book({}))
    assert [one.fact for one in refused.value.refusals] == ["score"]


def test_every_bad_fact_is_named_at_once() -> None:
    with pytest.raises(Refused) as refused:
        run("annual-clearing", {"budget_fen": -1, "own_fen": "x"}, book({}))
    assert {"budget_fen", "own_fen", "away_fen", "months"} <= {one.fact for one in refused.value.refusals}


def test_a_ratio_over_one_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        run("monthly-settlement", month(member()), book({"settlement.deposit_ratio": "1.1"}))
    assert [one.rule for one in refused.value.refusals] == ["settlement.deposit_ratio"]


def test_an_unknown_sheet_is_refused() -> None:
    with pytest.raises(Refused):
        run("payroll", {}, book({}))


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_line_says_what_it_is_and_how_it_came_about(name: str) -> None:
    example = EXAMPLES[name]
    sheet = run(name.partition(":")[0], example["facts"], book(example["rules"]))
    assert len({line.key for line in sheet.lines}) == len(sheet.lines)
    for line in sheet.lines:
        assert line.label and line.label_en and line.formula and line.unit
        assert (line.amount_fen is None) == (line.unit != "fen")
    used = {line.provision.rule for line in sheet.lines if line.provision is not None}
    assert used and used <= set(example["rules"])


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_same_facts_and_book_give_the_same_bytes(name: str) -> None:
    example = EXAMPLES[name]
    given = (example["facts"], dict(reversed(example["facts"].items())))
    first, second = (run(name.partition(":")[0], facts, book(example["rules"])) for facts in given)
    assert first.canonical() == second.canonical()
    assert json.loads(first.canonical()) == first.as_data()
    assert list(first.as_data()) == ["sheet", "place", "on", "book_digest", "lines", "results"]


@pytest.mark.parametrize("name", SHEETS)
def test_the_schema_names_the_facts_that_are_read(name: str) -> None:
    said = schema(name)
    assert said["type"] == "object" and set(said["properties"]) == set(SHEETS[name].facts.fields)
    json.dumps(said, allow_nan=False)
    missing: list[Refusal] = []
    SHEETS[name].facts.read({}, "", missing)
    assert [one.fact for one in missing] == said["required"]


def test_the_agreement_answers_what_the_rules_leave_to_it() -> None:
    place = RuleBook.load().at("cn")
    facts = month(member(), agreement={"settlement.deposit_ratio": "0.04"})
    assert run_from_cli("monthly-settlement", facts, place, DAY).results["deposit_fen"] == 4
    for agreement in ({"settlement.deposit_ratio": "0.051"}, {}):
        with pytest.raises(Refused) as refused:
            run_from_cli("monthly-settlement", month(member(), agreement=agreement), place, DAY)
        assert [one.rule for one in refused.value.refusals] == ["settlement.deposit_ratio"]


def test_an_agreement_says_no_floats() -> None:
    with pytest.raises(Refused) as refused:
        run_from_cli("monthly-settlement", month(member(), agreement={"settlement.deposit_ratio": [0.05]}),
                     RuleBook.load().at("cn"), DAY)
    assert [one.fact for one in refused.value.refusals] == ["agreement.settlement.deposit_ratio"]
