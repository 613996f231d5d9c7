"""Public-health money, chronic packages and health units: the bands of a ranking, and what holds for any county."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.sheets import run
from tests.governance.books import book, cases
from workflow import i18n
from workflow.cli.rules import COMMANDS

BANDS = {"bands": [{"upto": upto, "ratio": ratio} for upto, ratio in (
    ("0.125", "0.4"), ("0.25", "0.3"), ("0.375", "0.2"), ("0.5", "0.1"))]}
VILLAGE = book({
    "public_health.village_parts": {"process": "0.70", "target": "0.20", "result": "0.10"},
    "public_health.quarter_weights": ["0.2", "0.2", "0.2", "0.4"],
    "public_health.result_bands": BANDS,
    "public_health.targets": {"indicators": [
        {"key": key, "label": key, "target": "0.5", "direction": "up"} for key in ("one", "two", "three")]},
})
TIERS = {"county": "4", "township": "4", "village": "2"}
CHRONIC = book({"chronic.per_head": "370000", "surplus.chronic_tier_ratios": TIERS})
UNITS = book({
    "health_unit.takes_part": "fell_or_below_mean", "surplus.chronic_tier_ratios": TIERS,
    "surplus.unit_tier_ratios": {"county": "1", "township": "2", "village": "7"},
    "health_unit.team_ratios": {"county": "1", "township": "2", "village": "7"},
})
LEVELS = ("county", "township", "village")


def village_unit(name: str, **changes: Any) -> dict[str, Any]:
    return {"unit": name, "heads": 1, "quarter_scores": ["100"] * 4, "spending_fen": 0,
            "values": {"one": 1, "two": 1, "three": 1}, **changes}


@pytest.mark.parametrize("row", cases("result_bands.yaml"), ids=lambda row: row["says"])
def test_the_bands_of_a_ranking(row: dict[str, Any]) -> None:
    units = [village_unit(f"u{index}", spending_fen=spent) for index, spent in enumerate(row["spending"])]
    results = run("public-health", {"village_fen": 100000, "units": units}, VILLAGE).results
    found = results["units"].values()
    assert [one["rank"] for one in found] == row["ranks"]
    assert [one["band"] or "-" for one in found] == row["bands"]
    taken = sum(amount for band, amount in results["bands"].items() if band in row["bands"])
    assert (results["result_paid_fen"], results["undistributed_fen"]) == (taken, 10000 - taken)


def test_units_are_ranked_by_what_they_spent_per_head_and_share_a_band_by_heads() -> None:
    units = [village_unit("dear", heads=1, spending_fen=200), village_unit("tied", heads=100, spending_fen=10000),
             village_unit("also", heads=300, spending_fen=30000),
             *(village_unit(f"rest{index}", spending_fen=1000) for index in range(5))]
    results = run("public-health", {"village_fen": 1000000, "units": units}, VILLAGE).results
    ranked = {name: (one["rank"], one["band"], one["result_fen"]) for name, one in results["units"].items()}
    assert results["bands"] == {"A": 40000, "B": 30000, "C": 20000, "D": 10000}
    assert [ranked[name] for name in ("tied", "also", "dear", "rest0")] == [
        (1, "A", 10000), (1, "A", 30000), (3, "C", 20000), (4, "D", 2000)]


def test_a_difference_below_a_fen_still_ranks() -> None:
    units = [village_unit("a", heads=3, spending_fen=301), village_unit("b", heads=3, spending_fen=300)]
    found = run("public-health", {"village_fen": 1000, "units": units}, VILLAGE).results["units"]
    assert [(one["per_head_fen"], one["rank"]) for one in found.values()] == [(100, 2), (100, 1)]


SCORE = st.decimals("0", "100", places=2).map(str)
VALUE = st.sampled_from(["0", "0.49", "0.5", "1"])
VILLAGE_UNITS = st.lists(st.fixed_dictionaries({
    "heads": st.integers(1, 3000), "quarter_scores": st.lists(SCORE, min_size=4, max_size=4),
    "values": st.fixed_dictionaries(dict.fromkeys(("one", "two", "three"), VALUE)),
    "spending_fen": st.integers(0, 40) | st.integers(0, 10**9),
}), min_size=1, max_size=20).map(lambda units: [{"unit": f"u{index}", **unit} for index, unit in enumerate(units)])


@settings(deadline=None)
@given(st.integers(0, 10**11), VILLAGE_UNITS, st.randoms(use_true_random=False))
def test_village_money_is_given_once_and_to_the_fen(village: int, units: list[dict[str, Any]], random: Any) -> None:
    results = run("public-health", {"village_fen": village, "units": units}, VILLAGE).results
    rows = results["units"]
    assert sum(row["total_fen"] for row in rows.values()) + results["undistributed_fen"] == village
    assert sum(results["parts"].values()) == village
    for part in ("process", "target", "result"):
        assert sum(row[f"{part}_fen"] for row in rows.values()) == results[f"{part}_paid_fen"]
        assert all(row[f"{part}_fen"] >= 0 for row in rows.values())
    assert results["process_paid_fen"] <= results["parts"]["process_fen"]
    shuffled = random.sample(units, len(units))
    again = run("public-health", {"village_fen": village, "units": shuffled}, VILLAGE).results["units"]
    for name, row in rows.items():
        assert [row[key] for key in ("score", "unmet", "rank", "band", "per_head_fen")] == [
            again[name][key] for key in ("score", "unmet", "rank", "band", "per_head_fen")]
        assert abs(row["total_fen"] - again[name]["total_fen"]) <= 4 * len(units)


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=8), st.integers(0, 10**5),
       st.sampled_from(["0", "0.7", "1"]))
def test_a_year_is_prepaid_by_quarter_to_the_fen(people: list[int], per_head: int, ratio: str) -> None:
    facts = {"residents": sum(people), "townships": [
        {"township": f"t{index}", "residents": residents} for index, residents in enumerate(people)]}
    results = run("public-health", facts, book(
        {"public_health.per_head": str(per_head), "public_health.prepaid_ratio": ratio})).results
    assert sum(results["prepayments_fen"]) == results["prepaid_fen"]
    assert results["prepaid_fen"] + results["not_prepaid_fen"] == results["total_fen"] == sum(people) * per_head
    assert max(results["prepayments_fen"]) - min(results["prepayments_fen"]) <= 1
    for quarter in range(4):
        paid = sum(found[quarter] for found in results["townships"].values())
        assert paid == results["prepayments_fen"][quarter]


WEIGHT = st.decimals("0.01", "100", places=2).map(str)


@settings(deadline=None)
@given(st.integers(0, 10**5), st.integers(0, 10**11), st.integers(0, 10**11),
       st.lists(st.lists(WEIGHT, min_size=1, max_size=5), min_size=3, max_size=3))
def test_a_chronic_surplus_is_shared_once(heads: int, drg: int, other: int, weights: list[list[str]]) -> None:
    members = [{"member": f"{level}-{index}", "level": level, "weight": weight, "reason": "按考核结果"}
               for level, inside in zip(LEVELS, weights, strict=True) for index, weight in enumerate(inside)]
    facts = {"heads": heads, "drg_spending_fen": drg, "package_spending_fen": other, "members": members}
    results = run("chronic-package", facts, CHRONIC).results
    assert results["package_fen"] + results["overrun_fen"] == drg + other + results["surplus_fen"]
    assert not (results["surplus_fen"] and results["overrun_fen"])
    if not results["surplus_fen"]:
        assert results["tiers"] is results["members"] is results["part"] is None
        return
    assert sum(results["tiers"].values()) == sum(results["members"].values()) == results["surplus_fen"]
    for level in LEVELS:
        inside = sum(results["members"][one["member"]] for one in members if one["level"] == level)
        assert inside == results["tiers"][level]


POPULATION = st.fixed_dictionaries({"package_fen": st.integers(0, 10**9), "spending_fen": st.integers(0, 10**9)})
HEALTH_UNITS = st.lists(st.fixed_dictionaries({
    "heads": st.integers(1, 3000), "prior_heads": st.integers(1, 3000), "prior_spending_fen": st.integers(1, 10**9),
    "general": POPULATION, "chronic": st.none() | POPULATION,
}), min_size=1, max_size=12).map(lambda units: [{"unit": f"u{index}", **unit} for index, unit in enumerate(units)])


@settings(deadline=None)
@given(HEALTH_UNITS, st.randoms(use_true_random=False))
def test_a_unit_shares_only_what_it_left(units: list[dict[str, Any]], random: Any) -> None:
    results = run("health-unit", {"units": units}, UNITS).results
    assert results["shared_fen"] + results["not_shared_fen"] == results["surplus_fen"]
    assert sum(results["tiers"].values()) == results["shared_fen"] == sum(
        part["amount_fen"] for part in results["parts"])
    for row in results["units"].values():
        left = row["general_surplus_fen"] + row["chronic_surplus_fen"]
        assert row["shared_fen"] == (left if row["takes_part"] else 0) == sum(row["tiers"].values())
        assert sum(row["team"].values()) == row["tiers"]["village"]
    shuffled = random.sample(units, len(units))
    assert run("health-unit", {"units": shuffled}, UNITS).as_data()["results"] | {"parts": None, "units": None} == (
        run("health-unit", {"units": units}, UNITS).as_data()["results"] | {"parts": None, "units": None})
    assert run("health-unit", {"units": shuffled}, UNITS).results["units"] == results["units"]


def test_they_run_from_the_command_line_in_json_lines(tmp_path: Path) -> None:
    app = Flask("command-line")
    i18n.init_app(app)
    for command in COMMANDS:
        app.cli.add_command(command)
    file = tmp_path / "facts.jsonl"
    file.write_text('{"heads": 43511}\n{"heads": -1}\n{"heads": 0}\n', encoding="utf-8")
    done = app.test_cli_runner().invoke(args=[
        "sheet", "chronic-package", "--place", "cn-anhui-suixi", "--on", "2024-12-31", "--facts", str(file)])
    first, second, third = (json.loads(line) for line in done.output.splitlines())
    assert done.exit_code == 3
    assert (first["results"]["package_fen"], third["results"]["package_fen"]) == (16099070000, 0)
    assert second["refused"][0]["fact"] == "heads"
    for name in ("public-health", "chronic-package", "health-unit"):
        said = app.test_cli_runner().invoke(args=["sheet", "schema", name])
        assert said.exit_code == 0 and json.loads(said.output)["type"] == "object"
