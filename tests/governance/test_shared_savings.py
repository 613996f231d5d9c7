"""Another country's shared savings from a folder of rule files alone: the command line, its refusals, its bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from flask import Flask

from tests.governance.books import cases, reordered, year
from workflow import i18n
from workflow.cli.rules import COMMANDS

HOUSE = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent / "rulebooks" / "shared_savings"
CASES = cases("shared_savings.yaml")
BENCHMARK, DAY = 100_000_000, "2025-12-31"
PLAN = {
    "retained_fen": 1875001, "lead": "hospital", "deductions": [],
    "members": [{"member": "hospital", "level": "county", "weight": "1"},
                {"member": "clinic-a", "level": "township", "weight": "2"},
                {"member": "clinic-b", "level": "township", "weight": "1"},
                {"member": "practice", "level": "village", "weight": "1"}],
}  # fmt: skip


def facts_of(case: dict[str, Any]) -> dict[str, Any]:
    """The year of a case: what was spent is all the organisation's own patients, paid in full month by month."""
    return year(budget_fen=BENCHMARK, own_fen=case["spent"], score=case.get("score"))


@pytest.fixture
def cli() -> Any:
    app = Flask("command-line")
    i18n.init_app(app)
    for command in COMMANDS:
        app.cli.add_command(command)
    return app.test_cli_runner().invoke


def said(cli: Any, sheet: str, place: str, facts: Sequence[Any], folder: Path, tmp_path: Path) -> list[dict[str, Any]]:
    """What the command prints for these facts, a line each."""
    file = tmp_path / "facts.jsonl"
    file.write_text("\n".join(json.dumps(one) for one in facts), encoding="utf-8")
    done = cli(args=["sheet", sheet, "--place", place, "--on", DAY, "--facts", str(file), "--rulebook", str(folder)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return [json.loads(line) for line in done.output.splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"])
def test_savings_and_losses_are_shared_by_the_outsiders_rules(cli: Any, tmp_path: Path, case: dict[str, Any]) -> None:
    sheet = said(cli, "annual-clearing", case["place"], [facts_of(case)], FOLDER, tmp_path)[0]
    results = sheet["results"]
    assert {key: results[key] for key in case["results"]} == case["results"]
    assert results["identities"] == {"months": True, "budget": True, "bridge": True}
    cited = {line["provision"]["cite"]["document"] for line in sheet["lines"] if line["provision"]}
    assert cited <= {"Sample State Shared Savings Program"}


def test_what_was_withheld_monthly_comes_back_by_the_outsiders_quality_score(cli: Any, tmp_path: Path) -> None:
    years = [year(budget_fen=BENCHMARK, own_fen=BENCHMARK, deposit_withheld_fen=500, score=score)
             for score in ("39.99", "40")]
    failed, passed = said(cli, "annual-clearing", "us-two-sided", years, FOLDER, tmp_path)
    assert (failed["results"]["due_fen"], passed["results"]["due_fen"]) == (0, 500)


def test_what_the_outsider_has_not_ruled_is_refused_and_nothing_of_china_stands_in(cli: Any, tmp_path: Path) -> None:
    withheld = year(budget_fen=BENCHMARK, own_fen=BENCHMARK, deposit_withheld_fen=500, score="90")
    refused = said(cli, "annual-clearing", "us-one-sided", [withheld], FOLDER, tmp_path)[0]
    assert [one["rule"] for one in refused["refused"]] == ["clearing.deposit_return"]
    compared = {"raised_fen": 2, "spending_fen": 2, "in_county_fen": 1, "prior_in_county_fen": 1}
    refused = said(cli, "payment-modes", "us-one-sided", [compared], FOLDER, tmp_path)[0]
    assert [one["rule"] for one in refused["refused"]] == ["payment_modes.modes"]


def test_quality_is_asked_for_where_the_outsiders_rule_reads_it(cli: Any, tmp_path: Path) -> None:
    unscored = year(budget_fen=BENCHMARK, own_fen=90000000)
    refused = said(cli, "annual-clearing", "us-two-sided", [unscored], FOLDER, tmp_path)[0]
    assert [one["fact"] for one in refused["refused"]] == ["score"]


def test_the_savings_are_distributed_by_the_outsiders_ratios(cli: Any, tmp_path: Path) -> None:
    results = said(cli, "surplus-plan", "us-one-sided", [PLAN], FOLDER, tmp_path)[0]["results"]
    assert results["tiers"] == {"county": 562500, "township": 937501, "village": 375000}
    assert results["members"] == {"hospital": 562500, "clinic-a": 625001, "clinic-b": 312500, "practice": 375000}
    refused = said(cli, "surplus-plan", "us-two-sided", [PLAN], FOLDER, tmp_path)[0]
    assert [one["rule"] for one in refused["refused"]] == ["surplus.tier_ratios"]


def test_the_bytes_depend_on_facts_and_rules_alone(tmp_path: Path) -> None:
    """Other processes, other hash seeds, other orders of facts and of lines: the same line for the same facts."""
    random = Random(7)
    several = [facts_of(case) for case in CASES if case["place"] == "us-two-sided"]
    seen: list[dict[str, bytes]] = []
    for seed in ("0", "4711"):
        order = random.sample(range(len(several)), len(several))
        file = tmp_path / f"{seed}.jsonl"
        file.write_text("\n".join(json.dumps(reordered(several[index], random)) for index in order), encoding="utf-8")
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "sheet", "annual-clearing",
                   "--place", "us-two-sided", "--on", DAY, "--facts", str(file), "--rulebook", str(FOLDER)]
        env = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run(command, cwd=HOUSE, env=env, capture_output=True, check=True)
        seen.append(dict(zip(map(str, order), done.stdout.splitlines(), strict=True)))
    assert seen[0] == seen[1] and len(seen[0]) == len(several)
