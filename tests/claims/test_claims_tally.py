"""Tallies are exact to the fen: checked against a plain Decimal calculation of the same cases."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from governance.payable import bed_day_payable, drg_standard
from governance.refusal import Refused
from tests.claims.files import EXPECTED, MEMBERS, accepted, case, csv_of, reversal
from workflow.claims.columns import KEYS
from workflow.claims.reading import Batch
from workflow.claims.storing import content_sha256, frozen
from workflow.claims.tally import CrossConsortium, OutlierBounds, Rate, Tallies, tally

BASIS = {"standard_fen", "weight", "points", "bed_days"}
ITEM = {"category": "item", "weight": "", "standard_fen": "", "bed_days": "", "patient_fen": ""}


def tallied(folder: Path, *rows: dict[str, Any], **rules: Any) -> Tallies:
    stored = frozen(accepted(csv_of(*rows)), folder)
    return tally([stored.path], consortium="A", pool="resident", period="2026-03", members=MEMBERS, **rules)


def payable(tallies: Tallies, member: str, category: str) -> dict[str, int]:
    facts = {entry["member"]: entry for entry in tallies.as_facts()["members"]}
    found: dict[str, int] = facts[member]["payable_fen"].get(category, {})
    return found


def half_up(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def test_freezing_is_once_read_only_and_by_content(tmp_path: Path) -> None:
    rows = [case("C1"), case("C2", patient_fen="199999")]
    first = frozen(accepted(csv_of(*rows)), tmp_path)
    again = frozen(accepted(csv_of(*reversed(rows), encoding="gb18030"), "b.csv"), tmp_path)
    assert (first.sha256, first.path) == (again.sha256, again.path) and first.rows == 2
    assert first.path == tmp_path / "2026-03" / "A" / f"resident-{first.sha256}.parquet"
    assert first.path.stat().st_mode & 0o222 == 0 and content_sha256(first.path) == first.sha256
    assert first.totals["patient_fen"] == 399_999
    assert frozen(accepted(csv_of(case("C1"), case("C2"))), tmp_path).sha256 != first.sha256
    assert sorted(path.suffix for path in first.path.parent.iterdir()) == [".parquet", ".parquet"]


def test_kinds_by_whose_patient_and_whose_institution(tmp_path: Path) -> None:
    rows = [
        case("OWN"), case("IN", insured_consortium="B", provider="TOWN-1"), case("IN2", insured_consortium=""),
        case("AWAY", provider="CITY", weight="", standard_fen="", fund_fen="5"),
        case("AWAY2", provider="B-LEAD", **ITEM | {"fund_fen": "7"}),
        case("NEXT", provider="TOWN-2", insured_consortium="B"),
    ]
    tallies = tallied(tmp_path, *rows)
    assert payable(tallies, "LEAD", "drg") == {"own": 600_000, "inflow": 600_000}
    assert payable(tallies, "TOWN-1", "drg") == {"inflow": 600_000}
    facts = tallies.as_facts()
    assert (facts["away_fen"], facts["excluded_fen"], facts["cases"]) == (12, 0, 6)
    cross = CrossConsortium("provider", {"B": frozenset({"B-LEAD"})})
    carried = tallied(tmp_path, *rows, cross_consortium=cross)
    assert payable(carried, "TOWN-2", "drg") == {"own": 600_000}
    assert payable(carried, "LEAD", "drg") == {"own": 600_000, "inflow": 600_000}
    assert (carried.of_kind("away"), carried.of_kind("excluded")) == (5, 7)


def test_members_without_claims_are_listed_and_empty() -> None:
    facts = tally([], consortium="A", pool="resident", period="2026-03", members=MEMBERS).as_facts()
    assert facts == {
        "members": [{"member": code, "level": level, "payable_fen": {}, "columns": {}}
                    for code, level in MEMBERS.items()],
        "away_fen": 0, "excluded_fen": 0, "cases": 0,
    }


def test_a_real_case_below_nothing_and_the_floor(tmp_path: Path) -> None:
    rows = [case("C1", cost_fen="3875828", standard_fen="2422705", patient_fen="2600632",
                 catastrophic_fen="1275196", fund_fen="-1453123"),
            case("C2", provider="TOWN-1", standard_fen="100", patient_fen="0", fund_fen="100")]
    assert payable(tallied(tmp_path, *rows), "LEAD", "drg") == {"own": -1_453_123}
    floored = tallied(tmp_path, *rows, floor_at_zero=True)
    assert payable(floored, "LEAD", "drg") == {"own": 0} and payable(floored, "TOWN-1", "drg") == {"own": 100}


def test_a_reversal_takes_back_exactly_what_its_case_paid(tmp_path: Path) -> None:
    rows = [case("C1", weight="0.0001", patient_fen="3"), reversal("R1", "C1", weight="0.0001", patient_fen="-3")]
    for floor in (False, True):
        for rates in ({}, {("drg", "LEAD"): Rate(5000, 10_000)}, {("drg", "LEAD"): Rate(1, 1)}):
            tallies = tallied(tmp_path, *rows, rates=rates, floor_at_zero=floor)
            assert payable(tallies, "LEAD", "drg") == {"own": 0}
            columns = tallies.as_facts()["members"][0]["columns"]["drg"]
            assert columns == dict.fromkeys(columns, 0) | {"cases": 2}


@pytest.mark.parametrize(("weight", "rate", "coefficient", "standard"), [
    ("0.0001", 5_000, 10_000, 1), ("0.0001", 4_999, 10_000, 0), ("0.0001", 15_000, 10_000, 2),
    ("0.5", 1, 10_000, 1), ("0.25", 2, 10_000, 1), ("1", 1, 4_999, 0), ("1", 1, 5_000, 1),
    ("999.9999", 9_999_999, 50_000, 49_999_990_000), ("1.2345", 623_550, 9_950, 765_924),
])
def test_standards_round_half_up_once(tmp_path: Path, weight: str, rate: int, coefficient: int, standard: int) -> None:
    assert half_up(Decimal(weight) * rate * coefficient / 10_000) == standard
    tallies = tallied(tmp_path, case(weight=weight, patient_fen="0"), rates={("drg", "LEAD"): Rate(rate, coefficient)})
    assert payable(tallies, "LEAD", "drg")["own"] == standard


def test_cost_outliers_of_dip(tmp_path: Path) -> None:
    rates = {("dip", "LEAD"): Rate(100, 10_000)}
    bounds = OutlierBounds(5_000, 20_000)
    for cost, points in [(4_999, "49.99"), (5_000, "100"), (20_000, "100"), (20_001, "100.01"), (35_000, "250")]:
        row = case(category="dip", weight="", points="100", group_mean_fen="10000", cost_fen=str(cost), patient_fen="0")
        bounded = tallied(tmp_path, row, rates=rates, outliers=bounds)
        assert payable(bounded, "LEAD", "dip")["own"] == Decimal(points) * 100
        assert payable(tallied(tmp_path, row, rates=rates), "LEAD", "dip")["own"] == 10_000


def test_bed_days_items_and_capitation(tmp_path: Path) -> None:
    bed = case("B1", category="bed_day", weight="", bed_days="7", fund_fen="111", provider="TOWN-1")
    rows = [bed, case("I1", **ITEM | {"fund_fen": "42"}),
            case("P1", **ITEM | {"fund_fen": "43", "category": "capitation"})]
    tallies = tallied(tmp_path, *rows)
    assert payable(tallies, "TOWN-1", "bed_day") == {"own": 111}
    assert payable(tallies, "LEAD", "item") == {"own": 42} and payable(tallies, "LEAD", "capitation") == {"own": 43}
    rated = tallied(tmp_path, *rows, rates={("bed_day", "TOWN-1"): Rate(18_050, 8_500)})
    assert payable(rated, "TOWN-1", "bed_day") == {"own": half_up(Decimal(7) * 18_050 * Decimal("0.85"))}


def test_the_computed_standard_counts_and_the_difference_is_a_line(tmp_path: Path) -> None:
    tallies = tallied(tmp_path, case(weight="1", patient_fen="0"), rates={("drg", "LEAD"): Rate(790_000)})
    assert payable(tallies, "LEAD", "drg") == {"own": 790_000}
    assert tallies.differences() == [{"member": "LEAD", "category": "drg", "kind": "own", "cases": 1,
                                      "standard_fen": 790_000, "file_standard_fen": 800_000, "difference_fen": -10_000}]


def test_a_case_without_standard_or_rate_and_a_stray_month_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="尚未配置：LEAD 的DRG住院费率，1 条结算没有支付标准，由医保部门负责配置"):
        tallied(tmp_path, case(standard_fen=""))
    stored = frozen(accepted(csv_of(case())), tmp_path)
    with pytest.raises(Refused, match="1 条结算不属于 2026-04"):
        tally([stored.path], consortium="A", pool="resident", period="2026-04", members=MEMBERS)


def _many(seed: int) -> list[dict[str, Any]]:
    """Cases of every category and kind, with weights that make ties common."""
    draw = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for number in range(240):
        category = draw.choice(["drg", "dip", "bed_day", "item", "capitation"])
        cost_fen = 1000 + draw.randrange(3 * 10**6)
        row = case(
            f"C{number}", category=category, provider=draw.choice([*MEMBERS, "CITY"]),
            weight=f"{draw.randrange(40_000) * 5 / 10_000:.4f}" if category == "drg" else "",
            points=f"{draw.randrange(10**6) / 100:.2f}" if category == "dip" else "",
            group_mean_fen=str(draw.randrange(1, 10**6)), cost_fen=str(cost_fen),
            bed_days=str(draw.randrange(60)), standard_fen=str(draw.randrange(10**6)),
            patient_fen=str(draw.randrange(min(cost_fen - 999, 10**6))), aid_fen=str(draw.randrange(1000)),
            fund_fen=str(draw.randrange(10**6)))
        if row["provider"] != "CITY":
            row["insured_consortium"] = draw.choice(["A", "B", ""])
        rows.append(row)
    return rows


RATES = {
    ("drg", "LEAD"): Rate(623_550, 9_950), ("drg", "TOWN-1"): Rate(500_001, 8_005),
    ("dip", "LEAD"): Rate(1_235, 10_130),
    ("bed_day", "TOWN-1"): Rate(18_053, 8_505), ("bed_day", "TOWN-2"): Rate(17_001, 9_500),
}


def _oracle(row: dict[str, Any], floor: bool) -> int:
    rate = RATES.get((row["category"], row["provider"]))
    number = {name: Decimal(row[name] or 0) for name in row if name.endswith("_fen") or name in BASIS}
    worth = Decimal(rate.rate_fen) * rate.coefficient_ten_thousandths / 10_000 if rate else Decimal(0)
    if row["category"] == "bed_day":
        return half_up(number["bed_days"] * worth) if rate else int(number["fund_fen"])
    if row["category"] not in ("drg", "dip"):
        return int(number["fund_fen"])
    units, mean, cost = number["weight"] + number["points"], number["group_mean_fen"], number["cost_fen"]
    if row["category"] == "dip" and cost / mean < Decimal("0.5"):
        worth = worth * cost / mean
    elif row["category"] == "dip" and cost / mean > 2:
        worth = worth * (cost / mean - 2 + 1)
    standard = half_up(units * worth) if rate else int(number["standard_fen"])
    amount = standard - int(number["patient_fen"] + number["aid_fen"])
    return max(amount, 0) if floor else amount


@pytest.mark.parametrize("floor", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_sql_agrees_with_plain_decimals(tmp_path: Path, seed: int, floor: bool) -> None:
    rows = _many(seed)
    wanted: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in rows:
        here, ours = row["provider"] in MEMBERS, row["insured_consortium"] == "A"
        kind = ("own" if ours else "inflow") if here else "away"
        wanted[row["provider"] if here else "", row["category"], kind] += _oracle(row, floor)
    tallies = tallied(tmp_path, *rows, rates=RATES, floor_at_zero=floor, outliers=OutlierBounds(5_000, 20_000))
    found = {(line["member"], line["category"], line["kind"]): line["payable_fen"] for line in tallies.lines}
    assert found == wanted


def test_the_order_of_rows_and_files_does_not_matter(tmp_path: Path) -> None:
    rows = _many(9)
    whole = tallied(tmp_path, *rows, rates=RATES).canonical()
    paths = [frozen(accepted(csv_of(*rows[start::7])), tmp_path).path for start in range(7)]
    for seed in range(3):
        random.Random(seed).shuffle(paths)
        month = tally(paths, consortium="A", pool="resident", period="2026-03", members=MEMBERS, rates=RATES)
        assert month.canonical() == whole
    assert tally([*paths, paths[0]], consortium="A", pool="resident", period="2026-03", members=MEMBERS,
                 rates=RATES).canonical() == whole


def test_rows_hold_whole_fen_only(tmp_path: Path) -> None:
    batch: Batch = accepted(csv_of(case()), expected=EXPECTED)
    assert len(batch.rows[0]) == len(KEYS) and not any(isinstance(value, float) for value in batch.rows[0])
    line = tallied(tmp_path, case()).lines[0]
    assert all(isinstance(value, (int, str)) for value in line.values())


def test_what_the_rules_compute_stands_beside_a_file_that_counts(tmp_path: Path) -> None:
    rows = [case("C1", weight="1", standard_fen="800000", patient_fen="0", fund_fen="800000"),
            case("C2", weight="1", standard_fen="790000", patient_fen="0", fund_fen="790000"),
            case("B1", category="bed_day", weight="", bed_days="7", fund_fen="111", provider="TOWN-1")]
    rates = {("drg", "LEAD"): Rate(790_000), ("bed_day", "TOWN-1"): Rate(18_050, 8_500)}
    beside = tallied(tmp_path, *rows, rates=rates, computed_counts=False)
    assert payable(beside, "LEAD", "drg")["own"] == 1_590_000
    assert payable(beside, "TOWN-1", "bed_day")["own"] == 111
    counted = tallied(tmp_path, *rows, rates=rates)
    assert payable(counted, "LEAD", "drg")["own"] == 1_580_000
    for tallies in (beside, counted):
        drg, bed_day = sorted(tallies.differences(), key=lambda line: line["member"])
        assert (drg["cases"], drg["file_standard_fen"], drg["difference_fen"]) == (1, 800_000, -10_000)
        worth_fen = bed_day_payable(days=7, daily_rate_fen=18_050, fund_share=Decimal("0.85"))
        assert (bed_day["standard_fen"], bed_day["difference_fen"]) == (worth_fen, worth_fen - 111)
    standard_fen = drg_standard(weight=Decimal(1), rate_fen=Decimal(790_000), coefficient=Decimal(1))
    assert counted.differences()[0]["standard_fen"] == standard_fen
