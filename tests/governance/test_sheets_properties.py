"""What holds for any month, any year and any surplus, not only for the worked ones."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.sheets import run
from tests.governance.books import CASES, book, book_of, month, reordered, sheet_cases, year

AMOUNT = st.integers(-(10**9), 10**11)
COST = st.integers(0, 10**9)
MEMBERS = st.lists(
    st.fixed_dictionaries({
        "payable_fen": st.fixed_dictionaries({
            "drg": st.fixed_dictionaries({"own": AMOUNT, "inflow": AMOUNT}),
            "item": st.fixed_dictionaries({"own": AMOUNT})}),
        "audit_deduction_fen": COST, "carried_in_fen": COST,
    }), min_size=1, max_size=8)


@settings(deadline=None)
@given(MEMBERS, COST, COST, st.sampled_from(["0", "0.03", "0.05"]))
def test_a_month_pays_each_fen_once(members: list[dict[str, Any]], outstanding: int, asked: int, ratio: str) -> None:
    named = [{"member": f"m{index}", **member} for index, member in enumerate(members)]
    results = run("monthly-settlement", month(
        *named, prepayment_outstanding_fen=outstanding, prepayment_offset_requested_fen=asked,
    ), book({"settlement.deposit_ratio": ratio})).results
    rows = results["members"].values()
    for key, whole in (("gross_fen", "gross_fen"), ("deposit_fen", "deposit_fen"), ("net_fen", "net_to_lead_fen"),
                       ("prepayment_offset_fen", "prepayment_offset_fen"), ("carried_out_fen", "carried_out_fen")):
        assert sum(row[key] for row in rows) == results[whole]
    assert all(row["net_fen"] >= 0 and row["prepayment_offset_fen"] >= 0 for row in rows)
    assert all(row["net_fen"] == 0 or row["carried_out_fen"] == 0 for row in rows)
    assert results["prepayment_offset_fen"] <= min(outstanding, asked)
    carried_in = sum(member["carried_in_fen"] for member in members)
    assert results["gross_fen"] - results["audit_deduction_fen"] == (
        results["deposit_fen"] + results["prepayment_offset_fen"] + results["net_to_lead_fen"] + carried_in
        - results["carried_out_fen"])


RETENTIONS = st.sampled_from([
    {"by": "flat", "ratio": "0.7", "cap": {"of_budget": "0.03"}, "withhold": {"ratio": "0.1", "then": "deferred"}},
    {"by": "score", "bands": [{"from": "60", "ratio": "0.5"}, {"from": "90", "ratio": "1"}], "fails_below": "60"},
    {"by": "surplus_rate", "reading": "marginal",
     "bands": [{"from": "0.02", "ratio": "0.5"}, {"from": "0.1", "ratio": "0.9"}],
     "withhold": {"ratio": "0.333", "then": "returned"}},
])
OVERRUNS = st.sampled_from([
    {"kind": "tiers", "tiers": [{"upto": "0.05", "fund": "0.4"}, {"upto": None, "fund": "0.1"}], "cap": "risk_fund"},
    {"kind": "tiers", "tiers": [{"upto": None, "fund": "0.5"}], "causes": ["policy"], "ceiling": "0.10",
     "none_if": ["failed", "fund_deficit"]},
    {"kind": "none"},
])
SCORES = st.decimals("0", "100", places=2).map(str)


@settings(deadline=None)
@given(st.data(), RETENTIONS, OVERRUNS)
def test_every_year_keeps_its_three_identities(data: st.DataObject, retention: Any, overrun: Any) -> None:
    def pick(name: str) -> int:
        return data.draw(COST, label=name)

    gross, audit, deposit, offset, opening, open_carry = (pick(name) for name in (
        "gross", "audit", "deposit", "offset", "opening", "open"))
    net = gross - audit - deposit - offset - opening + open_carry
    names = ("budget_fen", "own_fen", "away_fen", "rejected_own_fen", "rejected_inflow_fen", "penalties_fen",
             "risk_fund_fen", "prepayment_advanced_fen", "prepayment_repaid_fen")
    facts = year(
        **{name: pick(name) for name in names}, inflow_fen=pick("inflow"), score=data.draw(SCORES),
        failed=data.draw(st.booleans()), fund_in_deficit=data.draw(st.booleans()), deposit_withheld_fen=deposit,
        overrun_causes={"policy": pick("cause")}, opening_carry_fen=opening, open_carry_fen=open_carry)
    if net < 0:
        gross, net = gross - net, 0
    facts["months"] = {"gross_fen": gross, "audit_deduction_fen": audit, "deposit_fen": deposit,
                       "prepayment_offset_fen": offset, "net_fen": net}
    results = run("annual-clearing", facts, book({
        "clearing.retention": retention, "clearing.overrun": overrun,
        "clearing.deposit_return": {"bands": [{"from": "60", "ratio": "0.37"}]},
    })).results
    assert results["identities"] == {"months": True, "budget": True, "bridge": True}
    assert not (results["surplus_fen"] and results["overrun_fen"])
    parts = ("retained_fen", "deferred_fen", "returned_to_pool_fen")
    assert sum(results[part] for part in parts) == results["surplus_fen"] and all(results[part] >= 0 for part in parts)
    assert 0 <= results["fund_share_fen"] <= results["overrun_fen"]
    if overrun.get("ceiling"):
        assert results["fund_share_fen"] <= (facts["budget_fen"] + 19) // 20 + 1


WEIGHT = st.decimals("0.01", "100", places=2).map(str)


@settings(deadline=None)
@given(st.integers(1000, 10**12), st.integers(0, 900),
       st.lists(st.lists(WEIGHT, min_size=1, max_size=6), min_size=3, max_size=3))
def test_a_plan_shares_every_fen_once(retained: int, part: int, weights: list[list[str]]) -> None:
    levels = ("county", "township", "village")
    members = [{"member": f"{level}-{index}", "level": level, "weight": weight, "reason": "按考核结果"}
               for level, inside in zip(levels, weights, strict=True) for index, weight in enumerate(inside)]
    facts = {"retained_fen": retained, "lead": "county-0", "members": members,
             "parts": [{"name": "chronic", "amount_fen": part // 2, "ratios_rule": "surplus.chronic_tier_ratios"}],
             "deductions": [{"name": "risk", "amount_fen": part // 3}]}
    results = run("surplus-plan", facts, book({
        "surplus.tier_ratios": {"county": "6", "township": "3", "village": "1"},
        "surplus.chronic_tier_ratios": {"county": "4", "township": "4", "village": "2"},
        "surplus.public_health_share": {
            "ratio": "0.05", "split": {"maternal_child": "30", "cdc": "60", "inspection": "10"}},
    })).results
    shared = sum(results["members"].values()) + sum(results["public_health"].values())
    assert shared == sum(results["tiers"].values()) == retained - results["deductions_fen"]
    assert all(amount >= 0 for amount in results["members"].values())


EXAMPLES = json.loads((CASES / "worked_examples.json").read_text(encoding="utf-8"))
KNOWN = [case for case in sheet_cases() if "refused" not in case] + [
    {"says": name, "sheet": name.partition(":")[0], "rules": example["rules"], "facts": example["facts"]}
    for name, example in EXAMPLES.items()]


@pytest.mark.parametrize("case", KNOWN, ids=lambda case: case["says"])
def test_same_facts_and_rules_give_the_same_bytes_in_whatever_order_they_are_named(case: dict[str, Any]) -> None:
    first, random = run(case["sheet"], case["facts"], book_of(case)), Random(case["says"])
    for _ in range(5):
        again = case | {part: reordered(case[part], random) for part in ("facts", "rules") if part in case}
        sheet = run(case["sheet"], again["facts"], book_of(again))
        assert (sheet.book_digest, sheet.canonical()) == (first.book_digest, first.canonical())
