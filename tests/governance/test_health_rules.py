"""Rules on public-health money, chronic packages and health units: on which days they bind, and what is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from governance.refusal import Refused
from governance.rulebook import RuleBook

SUIXI, SAMPLE = "cn-anhui-suixi", "demo-suixi"
QUARTERS = ["0.2", "0.2", "0.2", "0.4"]
BOTH_SIDES = [
    ("chronic.per_head", SUIXI, date(2020, 12, 31), None),
    ("chronic.per_head", SUIXI, date(2021, 12, 31), "100000"),
    ("chronic.per_head", SUIXI, date(2022, 1, 1), None),
    ("chronic.per_head", SUIXI, date(2023, 12, 31), None),
    ("chronic.per_head", SUIXI, date(2024, 1, 1), "370000"),
    ("chronic.per_head", SUIXI, date(2025, 1, 1), None),
    ("chronic.per_head", SAMPLE, date(2025, 1, 1), "370000"),
    ("chronic.disease_groups", SUIXI, date(2021, 1, 1), "30"),
    ("chronic.disease_groups", SUIXI, date(2022, 1, 1), "41"),
    ("chronic.disease_groups", SUIXI, date(2023, 12, 31), "41"),
    ("chronic.disease_groups", SUIXI, date(2024, 1, 1), "47"),
    ("chronic.disease_groups", "model-double-package", date(2024, 1, 1), "47"),
    ("chronic.signed_supplement", SUIXI, date(2024, 12, 31), "10000"),
    ("chronic.signed_supplement", SUIXI, date(2025, 1, 1), None),
    ("public_health.per_head", SUIXI, date(2024, 12, 31), None),
    ("public_health.per_head", SAMPLE, date(2024, 12, 31), "9400"),
    ("public_health.quarter_weights", SUIXI, date(2023, 12, 31), None),
    ("public_health.quarter_weights", SUIXI, date(2024, 1, 1), QUARTERS),
    ("public_health.prepaid_ratio", SUIXI, date(2024, 1, 1), "0.70"),
    ("health_unit.team_ratios", SUIXI, date(2024, 1, 1), {"village": "7", "township": "2", "county": "1"}),
    ("health_unit.takes_part", SUIXI, date(2023, 12, 31), None),
    ("health_unit.takes_part", SUIXI, date(2024, 1, 1), "fell_or_below_mean"),
]


@pytest.mark.parametrize(("rule", "place", "day", "value"), BOTH_SIDES)
def test_both_sides_of_an_effective_date(rule: str, place: str, day: date, value: Any) -> None:
    provision = RuleBook.load().at(place).provisions(day).get(rule)
    assert (provision.value if provision else None) == value
    if provision:
        assert provision.status == ("sample" if provision.place == SAMPLE else "partly-verified")
        assert provision.cite.document and provision.cite.clause and provision.cite.says


def put(rule: str, value: str) -> None:
    cite = "cite: {document: 样例：濉溪示范规则, clause: 测试, says: 测试}"
    text = f"{rule}:\n  values:\n    2030-01-01: {{value: {value}, status: sample, {cite}}}\n"
    RuleBook.load().plus(SAMPLE, text, "test.yaml")


BAD = [
    ("chronic.per_head", '"-1"'), ("chronic.per_head", '"0.5"'), ("chronic.signed_supplement", '"-1"'),
    ("chronic.disease_groups", "many"), ("public_health.per_head", '"-9400"'),
    ("public_health.prepaid_ratio", '"1.01"'), ("public_health.prepaid_ratio", '"-0.1"'),
    ("public_health.village_parts", '{process: "0.7", target: "0.2", result: "0.2"}'),
    ("public_health.village_parts", '{process: "0.7", target: "0.3"}'),
    ("public_health.village_parts", '{process: "0.7", target: "0.2", result: "0.1", rest: "0"}'),
    ("public_health.village_parts", '["0.7", "0.2", "0.1"]'),
    ("public_health.quarter_weights", '["0.5", "0.5"]'), ("public_health.quarter_weights", '"1"'),
    ("public_health.quarter_weights", '["0.2", "0.2", "0.2", "0.3"]'),
    ("public_health.quarter_weights", '["0.5", "0.5", "0.5", "-0.5"]'),
    ("public_health.result_bands", '{bands: []}'), ("public_health.result_bands", '["0.4", "0.3"]'),
    ("public_health.result_bands", '{bands: [{upto: "0.25", ratio: "0.4"}, {upto: "0.25", ratio: "0.3"}]}'),
    ("public_health.result_bands", '{bands: [{upto: "0.25", ratio: "0.6"}, {upto: "0.5", ratio: "0.5"}]}'),
    ("public_health.result_bands", '{bands: [{upto: "1.25", ratio: "0.6"}]}'),
    ("public_health.result_bands", '{bands: [{upto: "0.25"}]}'),
    ("public_health.targets", '{indicators: []}'), ("public_health.targets", '[]'),
    ("public_health.targets", '{indicators: [{key: a, label: 甲, target: high, direction: up}]}'),
    ("public_health.targets", '{indicators: [{key: a, label: 甲, target: "1", direction: left}]}'),
    ("public_health.targets", '{indicators: [{key: a, target: "1", direction: up}]}'),
    ("public_health.targets", '{indicators: [{key: a, label: 甲, target: "1", direction: up}, '
     '{key: a, label: 乙, target: "1", direction: up}]}'),
    ("public_health.targets", '{indicators: [{key: a, label: 甲, target: "1", direction: up, weight: "1"}, '
     '{key: b, label: 乙, target: "1", direction: up}]}'),
    ("public_health.targets", '{indicators: [{key: a, label: 甲, target: "1", direction: up, weight: "0"}]}'),
    ("health_unit.takes_part", "always"),
    ("health_unit.team_ratios", '{village: "7", town: "3"}'), ("health_unit.team_ratios", '{village: "0"}'),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "value"), BAD)
def test_a_bad_shape_is_refused_with_its_rule_and_date(rule: str, value: str) -> None:
    with pytest.raises(Refused) as refused:
        put(rule, value)
    assert all(f"{rule} · 2030-01-01" in one.reason for one in refused.value.refusals)


@pytest.mark.parametrize(("rule", "value"), [
    ("chronic.per_head", '"0"'), ("public_health.prepaid_ratio", '"1"'),
    ("public_health.quarter_weights", '["0.25", "0.25", "0.25", "0.25"]'),
    ("public_health.village_parts", '{process: "1", target: "0", result: "0"}'),
    ("public_health.result_bands", '{bands: [{upto: "1", ratio: "1"}]}'),
    ("public_health.targets", '{indicators: [{key: a, label: 甲, target: "0.9", direction: down, weight: "3"}]}'),
    ("health_unit.takes_part", "fell"), ("health_unit.team_ratios", '{village: "1"}'),
])  # fmt: skip
def test_shapes_that_may_be_enacted_load(rule: str, value: str) -> None:
    put(rule, value)
