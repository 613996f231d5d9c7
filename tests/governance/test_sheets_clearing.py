"""Annual clearing: the worked year, members that add up, what is looked up only when needed, and false identities."""

from __future__ import annotations

from typing import Any

import pytest

from governance.refusal import Refused
from governance.sheets import run
from tests.governance.books import book, year

BANDS = {"clearing.deposit_return": {"bands": [{"from": "60", "ratio": "1"}]}}
HOLD = {"months": True, "budget": True, "bridge": True}


def worked_year(**changes: Any) -> dict[str, Any]:
    """Own 1200, deposit 60 returned in full, prepayment 100 advanced and offset, surplus 0 (yuan)."""
    return year(**({
        "budget_fen": 120000, "own_fen": 120000, "score": "90", "deposit_withheld_fen": 6000,
        "prepayment_advanced_fen": 10000,
        "months": {"gross_fen": 120000, "audit_deduction_fen": 0, "deposit_fen": 6000, "prepayment_offset_fen": 10000,
                   "net_fen": 104000},
    } | changes))


def refused_over(facts: dict[str, Any], rules: dict[str, Any]) -> list[str]:
    with pytest.raises(Refused) as refused:
        run("annual-clearing", facts, book(rules))
    return [one.rule or one.fact for one in refused.value.refusals]


def test_the_worked_year_is_due_sixty_yuan() -> None:
    results = run("annual-clearing", worked_year(), book(BANDS)).results
    assert (results["due_fen"], results["surplus_fen"], results["identities"]) == (6000, 0, HOLD)


def test_a_rejected_claim_earns_no_surplus_and_is_no_overrun() -> None:
    results = run("annual-clearing", year(own_fen=1000100, rejected_own_fen=100), book({})).results
    assert (results["surplus_fen"], results["overrun_fen"], results["identities"]["budget"]) == (0, 0, True)


def test_only_the_rules_a_result_needs_are_looked_up() -> None:
    assert run("annual-clearing", year(), book({})).results["identities"] == HOLD
    assert refused_over(year(own_fen=999999), {}) == ["clearing.retention"]
    assert refused_over(year(own_fen=1000001), {}) == ["clearing.overrun"]
    assert refused_over(worked_year(), {}) == ["clearing.deposit_return"]


def test_facts_are_asked_for_when_a_rule_reads_them() -> None:
    by_score = {"clearing.retention": {"by": "score", "bands": [{"from": "60", "ratio": "1"}]}}
    assert refused_over(year(own_fen=1), by_score) == ["score"]
    capped = {"clearing.overrun": {"kind": "tiers", "tiers": [{"upto": None, "fund": "1"}], "cap": "risk_fund"}}
    assert refused_over(year(own_fen=1000001, risk_fund_fen=None), capped) == ["risk_fund_fen"]
    unless = {"clearing.overrun": {"kind": "tiers", "tiers": [{"upto": None, "fund": "1"}],
                                   "none_if": ["failed", "fund_deficit"]}}
    assert refused_over(year(own_fen=1000001, failed=None), unless) == ["failed"]
    assert refused_over(year(own_fen=1000001, fund_in_deficit=None), unless) == ["fund_in_deficit"]


def test_an_overrun_by_agreement_needs_the_agreements_tiers() -> None:
    assert refused_over(year(own_fen=1000001), {"clearing.overrun": {"kind": "agreement"}}) == ["clearing.overrun"]


def test_a_failed_assessment_without_a_score_forfeits_the_deposit() -> None:
    results = run("annual-clearing", worked_year(score=None, failed=True), book(BANDS)).results
    assert (results["deposit_returned_fen"], results["deposit_forfeited_fen"], results["due_fen"]) == (0, 6000, 0)


def test_a_missing_part_of_the_year_is_refused_by_name() -> None:
    facts = worked_year()
    del facts["months"]["net_fen"]
    assert refused_over(facts, BANDS) == ["months.net_fen"]
    del facts["months"]
    assert refused_over(facts, BANDS) == ["months"]


def test_figures_that_disagree_show_as_a_false_identity() -> None:
    facts = worked_year(opening_carry_fen=1)
    assert run("annual-clearing", facts, book(BANDS)).results["identities"]["months"] is False
    facts = worked_year()
    facts["months"]["deposit_fen"] += 1
    facts["months"]["net_fen"] -= 1
    assert run("annual-clearing", facts, book(BANDS)).results["identities"] == HOLD | {"bridge": False}


def test_retained_money_waits_for_the_filing_where_the_place_says_so() -> None:
    rules = {"clearing.retention": {"by": "flat", "ratio": "1"}, "surplus.pay_after_filing": "true"}
    sheet = run("annual-clearing", year(own_fen=900000), book(rules))
    amounts = {line.key: line.amount_fen for line in sheet.lines}
    assert (amounts["settled_now_fen"], amounts["paid_after_filing_fen"]) == (0, 100000)


def member(name: str, **amounts: int) -> dict[str, Any]:
    return {
        "member": name, "own_fen": 0, "inflow_fen": 0, "rejected_own_fen": 0, "rejected_inflow_fen": 0,
        "penalties_fen": 0, "deposit_withheld_fen": 0, "net_fen": 0, **amounts,
    }


def test_members_add_up_to_the_consortium() -> None:
    bands = {"clearing.deposit_return": {"bands": [{"from": "60", "ratio": "0.5"}]}}
    facts = worked_year(members=[
        member("lead", own_fen=80000, deposit_withheld_fen=4001, prepayment_fen=10000, net_fen=65999),
        member("town", own_fen=40000, deposit_withheld_fen=1999, net_fen=38001),
    ])
    sheet = run("annual-clearing", facts, book(bands))
    lead, town = sheet.results["members"]["lead"], sheet.results["members"]["town"]
    assert lead["deposit_returned_fen"] + town["deposit_returned_fen"] == 3000
    assert lead["due_fen"] + town["due_fen"] == sheet.results["due_fen"] == 3000
    assert [line.value for line in sheet.lines if line.key == "members.add_up"] == [True]


def test_members_that_do_not_add_up_are_refused_by_name() -> None:
    facts = worked_year(members=[member("lead", own_fen=119999, deposit_withheld_fen=6000, net_fen=104000)])
    assert refused_over(facts, BANDS) == ["members.own_fen"]
    facts = year(own_fen=1000100, members=[member("lead", own_fen=1000100, net_fen=1000100, own_share_fen=99)])
    assert refused_over(facts, {"clearing.overrun": {"kind": "none"}}) == ["members.own_share_fen"]


def test_an_own_share_is_each_members_once_the_plan_shares_it() -> None:
    rules = {"clearing.overrun": {"kind": "none"}}
    facts = year(own_fen=1000100, members=[member("lead", own_fen=1000100, net_fen=1000100, own_share_fen=100)])
    assert run("annual-clearing", facts, book(rules)).results["members"]["lead"]["due_fen"] == -100
    facts["members"][0]["own_share_fen"] = 0
    sheet = run("annual-clearing", facts, book(rules))
    assert [line.amount_fen for line in sheet.lines if line.key == "members.unshared_own_share_fen"] == [100]
    assert sheet.results["members"]["lead"]["due_fen"] == 0
