"""The floor for townships and villages on its edge: equal passes, one fen less is refused, and every voice says so."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from governance.money import yuan
from governance.refusal import Refused
from governance.sheets import run as run_sheet
from governance.surplus_plan import least_primary_fen
from tests.governance.books import book
from workflow.what_if import trial
from workflow.what_if.checks import checks

FLOORS = ("0.40", "0.4", "0.333333", "0.05", "0.40000000000000000001", "1", "0.99999999999999999999")
TOTALS = (1, 2, 3, 5, 10, 11, 99, 101, 10**9 + 7, 10**17)


def plan(total_fen: int, primary_fen: int, floor: str, deducted_fen: int = 0) -> tuple[dict[str, Any], Any]:
    """A plan whose townships and villages together get exactly ``primary_fen``, and its rules."""
    township_fen = primary_fen - primary_fen // 3
    ratios = {"county": total_fen - deducted_fen - primary_fen, "township": township_fen,
              "village": primary_fen - township_fen}  # fmt: skip
    members = [
        {"member": level, "level": level, "weight": "1", "reason": "没有份额"} for level in ratios
    ]  # fmt: skip
    facts: dict[str, Any] = {"retained_fen": total_fen, "lead": "county", "members": members}
    if deducted_fen:
        facts["deductions"] = [{"name": "consortium_risk_fund", "amount_fen": deducted_fen}]
    return facts, book({
        "surplus.tier_ratios": {level: str(fen) for level, fen in ratios.items()},
        "surplus.floor.township_village": floor,
    })  # fmt: skip


def edges() -> list[tuple[int, str, int]]:
    """Totals, floors and deductions: the smallest and the largest amounts, and hundreds drawn between them."""
    random = Random(20261122)
    found = [(total, floor, 0) for total in TOTALS for floor in FLOORS]
    for _ in range(200):
        total = random.choice((random.randint(2, 500), random.randint(2, 10**12)))
        floor = random.choice((*FLOORS, f"0.{random.randint(1, 10**6 - 1):06d}"))
        found.append((total, floor, random.choice((0, random.randrange(total)))))
    return found


def test_the_least_is_the_first_whole_fen_that_reaches_the_floor() -> None:
    for total, floor, deducted in edges():
        base = total - deducted
        least = least_primary_fen(Decimal(floor), base)
        assert Fraction(floor) * base <= least < Fraction(floor) * base + 1


def test_equal_passes_and_one_fen_less_is_refused_by_the_sheet_and_told_so_by_the_page() -> None:
    refused = passed = 0
    for total, floor, deducted in edges():
        base = total - deducted
        least = least_primary_fen(Decimal(floor), base)
        for primary in filter(range(1, base + 1).__contains__, (least - 1, least, least + 1)):
            facts, rules = plan(total, primary, floor, deducted)
            holds = Fraction(primary) >= Fraction(floor) * base
            try:
                tiers = run_sheet("surplus-plan", facts, rules).results["tiers"]
                assert holds and tiers["township"] + tiers["village"] == primary, (total, floor, primary)
                passed += 1
            except Refused as caught:
                [one] = caught.refusals
                assert not holds and one.rule == "surplus.floor.township_village", (total, floor, primary, one)
                assert f"{yuan(primary)} 元，至少应为 {yuan(least)} 元" in str(one.reason)
                refused += 1
            tried = trial.run("surplus-plan", facts, rules)
            assert tried.sheet is not None and bool(tried.refusals) is not holds
            whole, reached = checks(tried.sheet, facts, rules)
            assert whole.holds and reached.holds is holds
            assert yuan(primary) in reached.numbers and yuan(least) in reached.numbers
    assert min(passed, refused) > 150


@pytest.mark.parametrize("short_fen", [0, 1])
def test_a_share_a_fen_short_is_never_shown_as_reaching(short_fen: int) -> None:
    facts, rules = plan(10**12, 4 * 10**11 - short_fen, "0.40")
    tried = trial.run("surplus-plan", facts, rules)
    assert tried.sheet is not None
    reached = checks(tried.sheet, facts, rules)[1]
    assert reached.holds is not bool(short_fen)
    assert ("现 39.9999%" if short_fen else "现 40%") in str(reached.said)


@pytest.mark.parametrize("total", range(1, 41))
def test_six_three_one_reaches_forty_percent_only_where_its_rounding_does(total: int) -> None:
    facts, _rules = plan(total, 1, "0.40")
    rules = book({
        "surplus.tier_ratios": {"county": "6", "township": "3", "village": "1"},
        "surplus.floor.township_village": "0.40",
    })  # fmt: skip
    tried = trial.run("surplus-plan", facts, rules)
    if tried.sheet is None:
        assert total == 1, "nothing reaches townships and villages"
        return
    primary = tried.sheet["results"]["tiers"]["township"] + tried.sheet["results"]["tiers"]["village"]
    assert bool(tried.refusals) is (10 * primary < 4 * total) is not checks(tried.sheet, facts, rules)[1].holds
