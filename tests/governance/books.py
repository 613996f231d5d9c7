"""A rule book of given values, and a year and a month of facts that tests change one thing of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import yaml

from governance.rulebook import Book, RuleBook

DAY = date(2025, 12, 31)
CASES = Path(__file__).parent / "cases"


def book(rules: Mapping[str, Any], agreement: Mapping[str, Any] | None = None) -> Book:
    return Book.of("somewhere", DAY, rules, agreement)


def cases(name: str) -> Any:
    return yaml.safe_load((CASES / name).read_text(encoding="utf-8"))


def sheet_cases() -> list[dict[str, Any]]:
    """Every case of one worksheet: its rules, or a place and a day, its facts, and its results or refusals."""
    files = ["sheets.yaml", *sorted(f"sheets/{path.name}" for path in (CASES / "sheets").glob("*.yaml"))]
    return [case for name in files for case in cases(name)]


def book_of(case: Mapping[str, Any]) -> Book:
    """The rules a case states, or those of the place and day it names."""
    if "place" in case:
        return RuleBook.load().at(case["place"]).in_force(case["on"])
    return book(case["rules"])


def reordered(data: Any, random: Random) -> Any:
    """The same data with the names of every mapping in another order; lists keep theirs, which may say who is first."""
    if isinstance(data, dict):
        return {name: reordered(data[name], random) for name in random.sample(list(data), len(data))}
    return [reordered(item, random) for item in data] if isinstance(data, list) else data


def year(**changes: Any) -> dict[str, Any]:
    """A year that was paid month by month without deposits, prepayment or carries; surplus 0 unless changed."""
    facts: dict[str, Any] = {
        "budget_fen": 1000000, "own_fen": 1000000, "away_fen": 0, "inflow_fen": 0, "rejected_own_fen": 0,
        "rejected_inflow_fen": 0, "penalties_fen": 0, "score": None, "failed": False, "fund_in_deficit": False,
        "risk_fund_fen": 10**9, "overrun_causes": {}, "deposit_withheld_fen": 0, "prepayment_advanced_fen": 0,
        "prepayment_repaid_fen": 0, "opening_carry_fen": 0, "open_carry_fen": 0,
    }
    facts |= changes
    paid_fen = facts["own_fen"] + facts["inflow_fen"] - facts["deposit_withheld_fen"]
    facts.setdefault("months", {
        "gross_fen": facts["own_fen"] + facts["inflow_fen"], "audit_deduction_fen": 0,
        "deposit_fen": facts["deposit_withheld_fen"], "prepayment_offset_fen": 0, "net_fen": paid_fen,
    })
    return facts


def month(*members: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "members": list(members), "away_fen": 0, "prepayment_outstanding_fen": 0,
        "prepayment_offset_requested_fen": 0, **changes,
    }
