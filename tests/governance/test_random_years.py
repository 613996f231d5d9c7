"""Twenty thousand random years with members joining and leaving: each keeps its identities and what the policy says."""

from __future__ import annotations

import os
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from governance.money import apportion
from governance.sheets import run
from tests.governance.random_years import Year, drawn, lived

DEEP = os.environ.get("FAULTS") == "deep"
SEED = int(os.environ.get("FAULTS_SEED", "20261122"))
RUNS, YEARS_EACH = 10, 2000
LIVED_ONE_IN = 1 if DEEP else 8
HOLD = {"months": True, "budget": True, "bridge": True}


def check(year: Year) -> None:
    """What must hold of any year: the identities, the whole surplus and overrun, and the limits of the rules."""
    facts, results = year.facts, run("annual-clearing", year.facts, year.book).results
    assert results["identities"] == HOLD
    charged_fen = facts["own_fen"] + facts["away_fen"]
    surplus_fen, overrun_fen = results["surplus_fen"], results["overrun_fen"]
    assert surplus_fen == max(facts["budget_fen"] - charged_fen, 0) and not (surplus_fen and overrun_fen)
    parts = [results[part] for part in ("retained_fen", "deferred_fen", "returned_to_pool_fen")]
    assert sum(parts) == surplus_fen and min(parts) >= 0
    assert results["fund_share_fen"] + results["own_share_fen"] == overrun_fen and results["fund_share_fen"] >= 0
    assert 0 <= results["deposit_returned_fen"] <= facts["deposit_withheld_fen"]
    check_limits(year, results)
    check_members(year, results)
    if year.lived:
        check_accounts(year, results)


def check_limits(year: Year, results: dict[str, Any]) -> None:
    """No more is kept or shared than the rule of the year allows."""
    facts, retention, overrun = year.facts, year.retention, year.overrun
    if "cap" in retention:
        assert results["retained_fen"] <= Fraction(retention["cap"]["of_budget"]) * facts["budget_fen"] + Fraction(1, 2)
    if facts["failed"] or Decimal(facts["score"]) < Decimal(retention.get("fails_below", 0)):
        assert results["retained_fen"] == results["deferred_fen"] == 0
    if overrun["kind"] == "none" or ("none_if" in overrun and (facts["failed"] or facts["fund_in_deficit"])):
        assert results["fund_share_fen"] == 0
    if "ceiling" in overrun:
        assert results["fund_share_fen"] <= Fraction(overrun["ceiling"]) * facts["budget_fen"]
    if overrun.get("cap") == "risk_fund":
        assert results["fund_share_fen"] <= facts["risk_fund_fen"]
    if isinstance(overrun.get("causes"), list):
        recognised = sum(facts["overrun_causes"].get(cause, 0) for cause in overrun["causes"])
        assert results["fund_share_fen"] <= recognised


def check_accounts(year: Year, results: dict[str, Any]) -> None:
    """What clearing pays is what the journal's open accounts come to, and the members' is the consortium's."""
    facts, accounts = year.facts, year.accounts
    cost_fen = facts["own_fen"] + facts["inflow_fen"] - facts["penalties_fen"] - sum(
        facts[f"rejected_{kind}_fen"] for kind in ("own", "inflow"))
    settled_fen = accounts["gross"] - accounts["audit"]
    assert results["due_fen"] == (
        cost_fen - settled_fen + results["deposit_returned_fen"] - accounts["prepayment"] - accounts["carry"]
        + results["retained_fen"] - results["own_share_fen"] - facts["exit_paid_fen"])


def check_members(year: Year, results: dict[str, Any]) -> None:
    """The members' parts are the whole to the fen, and who was cleared when it left gets nothing more."""
    facts = year.facts
    shares = apportion(results["own_share_fen"], [1] * len(facts["members"]))
    members = [member | {"own_share_fen": part} for member, part in zip(facts["members"], shares, strict=True)]
    shared = run("annual-clearing", facts | {"members": members}, year.book).results
    due_fen = sum(member["due_fen"] for member in shared["members"].values())
    assert due_fen + results["retained_fen"] == shared["due_fen"] == results["due_fen"]
    returned_fen = sum(member["deposit_returned_fen"] for member in shared["members"].values())
    assert returned_fen == results["deposit_returned_fen"]
    alone = results["members"]
    for member in facts["members"]:
        if "exit_returned_fen" in member:
            row = alone[member["member"]]
            assert row["due_fen"] == 0 and row["deposit_returned_fen"] == member["exit_returned_fen"]
    check_plan(year, results, sum(row["due_fen"] for row in alone.values()))


def check_plan(year: Year, results: dict[str, Any], dues_fen: int) -> None:
    """What the plan gives (or takes from) those that stayed, with all dues, is the consortium's due to the fen."""
    stayed = [member["member"] for member in year.facts["members"] if "exit_returned_fen" not in member]
    whole_fen = results["retained_fen"] - results["own_share_fen"]
    levels = ["county", *(("township", "village")[number % 2] for number in range(len(stayed) - 1))]
    if abs(whole_fen) < 10 or len(stayed) < 3:
        assert dues_fen + whole_fen == results["due_fen"]
        return
    name = "retained_fen" if whole_fen > 0 else "own_share_fen"
    members = [{"member": code, "level": level, "weight": str(number % 3 + 1), "reason": "份额过小"}
               for number, (code, level) in enumerate(zip(stayed, levels, strict=True))]  # fmt: skip
    plan = run("surplus-plan", {name: abs(whole_fen), "lead": stayed[0], "members": members}, year.book).results
    assert set(plan["members"]) == set(stayed)
    shared_fen = sum(plan["members"].values())
    assert dues_fen + (shared_fen if whole_fen > 0 else -shared_fen) == results["due_fen"]


@pytest.mark.parametrize("part", range(RUNS))
def test_two_thousand_years_keep_their_identities(part: int) -> None:
    random = Random(f"{SEED}-{part}")
    surpluses = overruns = lives = joins = leaves = 0
    for number in range(YEARS_EACH):
        year = lived(random) if number % LIVED_ONE_IN == 0 else drawn(random)
        try:
            check(year)
        except AssertionError as failed:
            raise AssertionError(f"FAULTS_SEED={SEED}, part {part}, year {number}: {year.facts}") from failed
        charged_fen = year.facts["own_fen"] + year.facts["away_fen"]
        surpluses += charged_fen < year.facts["budget_fen"]
        overruns += charged_fen > year.facts["budget_fen"]
        lives += year.lived
        joins += year.joins
        leaves += year.leaves
    assert min(joins, leaves) > lives // 4
    assert min(surpluses, overruns) > YEARS_EACH // 10 and lives >= YEARS_EACH // LIVED_ONE_IN


@pytest.mark.parametrize("figure", [
    "gross_fen", "audit_deduction_fen", "deposit_fen", "prepayment_offset_fen", "net_fen",
])
def test_a_fen_off_in_any_figure_of_the_months_shows(figure: str) -> None:
    random = Random(f"{SEED}-{figure}")
    for _ in range(50):
        year = lived(random)
        months = year.facts["months"] | {figure: year.facts["months"][figure] + 1}
        facts = {name: value for name, value in year.facts.items() if name != "members"} | {"months": months}
        assert run("annual-clearing", facts, year.book).results["identities"]["months"] is False
