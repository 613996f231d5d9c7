"""The worked examples and the case tables, each as a worksheet: rules, facts, results or refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from governance.refusal import Refused
from governance.sheets import refused_as_data, run
from tests.governance.books import CASES, book, book_of, cases, sheet_cases, year

EXAMPLES = json.loads((CASES / "worked_examples.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_worked_examples_come_out_byte_for_byte(name: str) -> None:
    example = EXAMPLES[name]
    sheet = run(name.partition(":")[0], example["facts"], book(example["rules"]))
    assert json.dumps(sheet.as_data()["results"]) == json.dumps(example["results"])


@pytest.mark.parametrize("case", sheet_cases(), ids=lambda case: case["says"])
def test_each_case_gives_its_results_or_its_refusals(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(Refused) as refused:
            run(case["sheet"], case["facts"], book_of(case))
        said = refused_as_data(case["sheet"], refused.value)["refused"]
        assert [one.get("rule") or one.get("fact") for one in said] == case["refused"]
        assert all(one["reason"] and one["reason_en"] and one["who"] for one in said)
        return
    results = run(case["sheet"], case["facts"], book_of(case)).as_data()["results"]
    assert {key: results[key] for key in case["results"]} == case["results"]


def test_what_suixi_saved_in_four_years_is_close_to_fifty_million_as_printed() -> None:
    saved = [case for case in sheet_cases() if case["sheet"] == "chronic-package" and "万 saved" in case["says"]]
    total_fen = sum(case["results"]["surplus_fen"] for case in saved)
    assert (len(saved), total_fen) == (4, 4_981_400_000)


OVERRUNS = [(table, row) for table in cases("overrun.yaml") for row in table["shares"]]


@pytest.mark.parametrize(("table", "row"), OVERRUNS, ids=lambda part: str(part.get("rule", part))[:60])
def test_the_fund_bears_its_share_of_an_overrun(table: dict[str, Any], row: dict[str, Any]) -> None:
    facts = year(
        own_fen=1000000 + row["overrun"], risk_fund_fen=row.get("risk_fund", 10**9), failed=row.get("failed", False),
        fund_in_deficit=row.get("deficit", False), overrun_causes=row.get("causes", {}))
    results = run("annual-clearing", facts, book(
        {"clearing.overrun": table["value"]}, {"clearing.overrun": table.get("agreement")})).results
    assert (results["overrun_fen"], results["fund_share_fen"]) == (row["overrun"], row["fund"])
    assert results["own_share_fen"] == row["overrun"] - row["fund"]
    assert results["identities"] == {"months": True, "budget": True, "bridge": True}


RETAINED = [(table, row) for table in cases("retention.yaml") for row in table["kept"]]


@pytest.mark.parametrize(("table", "row"), RETAINED, ids=lambda part: str(part.get("rule", part))[:60])
def test_a_surplus_is_kept_by_its_rule(table: dict[str, Any], row: dict[str, Any]) -> None:
    facts = year(own_fen=1000000 - row["surplus"], score=row["score"], failed=row.get("failed", False))
    results = run("annual-clearing", facts, book({"clearing.retention": table["value"]})).results
    assert results["retention_ratio"] == row["ratio"]
    assert [results[key] for key in ("retained_fen", "deferred_fen", "returned_to_pool_fen")] == [
        row["retained"], row.get("deferred", 0), row["returned"]]
    assert results["identities"] == {"months": True, "budget": True, "bridge": True}


DEPOSIT = cases("deposit.yaml")


@pytest.mark.parametrize(("score", "returned_fen"), DEPOSIT["returned"].items())
def test_the_deposit_comes_back_by_the_score(score: str, returned_fen: int) -> None:
    facts = year(deposit_withheld_fen=10000000, own_fen=20000000, budget_fen=20000000, score=score)
    results = run("annual-clearing", facts, book({"clearing.deposit_return": {"bands": DEPOSIT["bands"]}})).results
    assert results["deposit_returned_fen"] == returned_fen
    assert results["deposit_forfeited_fen"] == 10000000 - returned_fen
    assert results["due_fen"] == returned_fen
