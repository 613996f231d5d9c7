"""Each shape of a rule of clearing, with each thing that can be wrong with it: refused by file, rule, date and word."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.rulebook import BadRules, RuleBook
from governance.rulebook.choices import CHOICES

CITE = "cite: {document: 样例：湖南示范市规则, clause: 一, says: 测试}"
RETENTION, OVERRUN, DEPOSIT = "clearing.retention", "clearing.overrun", "clearing.deposit_return"
RATE = "by: surplus_rate, reading: whole, bands: "
SLOPE = 'from: "60", top: "80", ratio_at_top: "1", less_per_point: "0.03"'

# What can be wrong, down; the rule whose shape it breaks, across; "—" says that the shape has no such place.
TABLE: dict[str, dict[str, tuple[str, str] | str]] = {
    "a gap": {
        RETENTION: (
            '{by: score, bands: [{from: "60", to: "70", ratio: "0"}, {from: "80", ratio: "1"}]}', "有空档：70 到 80",
        ),
        OVERRUN: "—",
        DEPOSIT: (f'{{bands: [{{{SLOPE}}}, {{from: "85", ratio: "1"}}]}}', "有空档：80 到 85"),
    },
    "an overlap": {
        RETENTION: (
            f'{{{RATE}[{{from: "0", to: "0.06", ratio: "0"}}, {{from: "0.05", ratio: "1"}}]}}', "重叠：0.05 到 0.06",
        ),
        OVERRUN: ('{tiers: [{upto: "0.05", fund: "0.4"}, {upto: "0.05", fund: "0.3"}]}', "upto 须从低到高：0.05 之后是 0.05"),
        DEPOSIT: (f'{{bands: [{{{SLOPE}}}, {{from: "75", ratio: "1"}}]}}', "重叠：75 到 80"),
    },
    "unsorted edges": {
        RETENTION: ('{by: score, bands: [{from: "80", ratio: "1"}, {from: "60", ratio: "0"}]}', "从低到高：80 之后是 60"),
        OVERRUN: ('{tiers: [{upto: "0.1", fund: "0.3"}, {upto: "0.05", fund: "0.4"}]}', "从低到高：0.1 之后是 0.05"),
        DEPOSIT: ('{bands: [{from: "80", ratio: "1"}, {from: "60", ratio: "0"}]}', "从低到高：80 之后是 60"),
    },
    "a band that ends before it starts": {
        RETENTION: ('{by: score, bands: [{from: "60", to: "60", ratio: "0"}, {from: "60", ratio: "1"}]}', "上沿不高于下沿"),
        OVERRUN: ('{tiers: [{upto: "0", fund: "0.3"}]}', "从低到高：0 之后是 0"),
        DEPOSIT: ('{bands: [{from: "80", top: "60", ratio_at_top: "1", less_per_point: "0.01"}]}', "上沿不高于下沿：80 到 60"),
    },
    "a top edge nobody answers beyond": {
        RETENTION: ('{by: score, bands: [{from: "60", to: "100", ratio: "1"}]}', "最后一档含下沿及以上，不写 to"),
        OVERRUN: ('{tiers: [{upto: null, fund: "0.3"}, {upto: "0.05", fund: "0.4"}]}', "只有最后一档可为空"),
        DEPOSIT: ('{bands: [{from: "60", to: "100", ratio: "1"}]}', "最后一档含下沿及以上，不写 to"),
    },
    "an unquoted number": {
        RETENTION: ("{by: score, bands: [{from: 60, ratio: '1'}]}", "数字须加引号：60"),
        OVERRUN: ("{tiers: [{upto: null, fund: 0.5}]}", "数字须加引号：0.5"),
        DEPOSIT: ("{bands: [{from: '60', ratio: 1}]}", "数字须加引号：1"),
    },
    "a key twice": {
        RETENTION: ('{by: flat, ratio: "1", ratio: "0.5"}', "键重复：ratio"),
        OVERRUN: ('{tiers: [{upto: null, fund: "0.5", fund: "0.4"}]}', "键重复：fund"),
        DEPOSIT: ('{bands: [{from: "60", from: "70", ratio: "1"}]}', "键重复：from"),
    },
    "a key nobody knows": {
        RETENTION: ('{by: flat, ratio: "1", luck: "1"}', "不认识的项目：luck"),
        OVERRUN: ('{tiers: [{upto: null, fund: "0.5", share: "1"}]}', "不认识的项目：share"),
        DEPOSIT: ('{bands: [{from: "60", ratio: "1", top: "80"}]}', "不认识的项目：top"),
    },
    "a share above one": {
        RETENTION: ('{by: score, bands: [{from: "60", ratio: "1.01"}]}', "ratio 大于 1：1.01"),
        OVERRUN: ('{tiers: [{upto: null, fund: "1.5"}]}', "fund 大于 1：1.5"),
        DEPOSIT: ('{bands: [{from: "60", ratio: "2"}]}', "ratio 大于 1：2"),
    },
    "a share below zero": {
        RETENTION: ('{by: flat, ratio: "-0.1"}', "ratio 应是加引号的非负数字"),
        OVERRUN: ('{tiers: [{upto: null, fund: "-0.5"}]}', "fund 应是加引号的非负数字"),
        DEPOSIT: (f'{{bands: [{{{SLOPE.replace("0.03", "0.06")}}}]}}', "在 60 分时比例小于零"),
    },
    "no number": {
        RETENTION: ('{by: flat, ratio: "NaN"}', "ratio 应是加引号的非负数字"),
        OVERRUN: ('{tiers: [{upto: "1e-1", fund: "0.5"}]}', "upto 应是加引号的数字"),
        DEPOSIT: ('{bands: [{from: "６０", ratio: "1"}]}', "from 应是加引号的非负数字"),
    },
    "nothing where the rows should be": {
        RETENTION: ("{by: score, bands: []}", "bands 应为非空列表"),
        OVERRUN: ("{kind: tiers}", "tiers 应为非空列表"),
        DEPOSIT: ("{}", "bands 应为非空列表"),
    },
    "another kind of data": {
        RETENTION: ('["1"]', "应为若干“项目: 内容”"),
        OVERRUN: ("none", "应为若干“项目: 内容”"),
        DEPOSIT: ('"0.95"', "应为若干“项目: 内容”"),
    },
    "a percentage written as a whole number": {
        RETENTION: (f'{{{RATE}[{{from: "2", ratio: "0.5"}}]}}', "from 大于 1：2"),
        OVERRUN: ('{kind: none, ceiling: "10"}', "ceiling 大于 1：10"),
        DEPOSIT: ('{bands: [{from: "60", ratio: "100"}]}', "ratio 大于 1：100"),
    },
    "a part left out": {
        RETENTION: ('{by: surplus_rate, bands: [{from: "0", ratio: "1"}]}', "reading 应为 whole | marginal"),
        OVERRUN: ('{kind: none, gate: {min_overrun_rate: "0.02"}}', "below 应为 fund | own"),
        DEPOSIT: ('{bands: [{from: "60", top: "80", ratio_at_top: "1"}]}', "less_per_point 应是加引号的非负数字"),
    },
    "parts that exclude each other": {
        RETENTION: ('{by: flat, ratio: "1", reading: whole}', "统一比例不应再有 reading"),
        OVERRUN: ('{kind: none, tiers: [{upto: null, fund: "0.3"}]}', "不分担时不应有 tiers"),
        DEPOSIT: (f'{{bands: [{{{SLOPE}, ratio: "1"}}]}}', "不认识的项目：less_per_point"),
    },
}  # fmt: skip
CELLS = [(defect, rule, *cell) for defect, row in TABLE.items() for rule, cell in row.items() if cell != "—"]
DAY = "2030-01-01"


def written(rule: str, value: str) -> str:
    return f"{rule}:\n  values:\n    {DAY}:\n      value: {value}\n      status: sample\n      {CITE}\n"


def refusals(rule: str, value: str, place: str = "demo-suixi") -> list[str]:
    with pytest.raises(BadRules) as refused:
        RuleBook.load().plus(place, written(rule, value), f"{place}/test.yaml")
    assert all(one.reason_en and one.rule == rule for one in refused.value.refusals)
    return [one.reason for one in refused.value.refusals]


def test_every_shape_is_tried_with_every_defect() -> None:
    assert all(set(row) == {RETENTION, OVERRUN, DEPOSIT} for row in TABLE.values())


@pytest.mark.parametrize(("defect", "rule", "value", "expected"), CELLS, ids=[f"{one[1]}: {one[0]}" for one in CELLS])
def test_the_defect_is_refused_by_file_rule_date_and_word(defect: str, rule: str, value: str, expected: str) -> None:
    found = refusals(rule, value)
    assert any(expected in one for one in found), (defect, found)
    assert all(one.startswith("规则数据有误：demo-suixi/test.yaml · ") and f"{rule} · {DAY}：" in one for one in found)


def test_the_same_of_a_folder(tmp_path: Path) -> None:
    place = tmp_path / "demo-suixi"
    place.mkdir()
    (place / "own.yaml").write_text(written(OVERRUN, '{tiers: [{upto: null, fund: "1.5"}]}'), encoding="utf-8")
    with pytest.raises(BadRules) as refused:
        RuleBook.load([tmp_path])
    assert [one.reason for one in refused.value.refusals] == [
        f"规则数据有误：demo-suixi/own.yaml · {OVERRUN} · {DAY}：tiers 第 1 档：fund 大于 1：1.5"]


@pytest.mark.parametrize("rule", [
    "surplus.tier_ratios", "surplus.chronic_tier_ratios", "surplus.unit_tier_ratios", "overrun.tier_ratios",
])  # fmt: skip
def test_tiers_are_county_township_and_village(rule: str) -> None:
    assert "不认识的项目：city" in refusals(rule, '{city: "6", township: "3", village: "1"}')[0]
    assert "至少一份须大于零" in refusals(rule, '{county: "0"}')[0]


def test_the_weights_of_a_split_sum_to_one() -> None:
    assert "权重之和应为 1，现为 0.9" in refusals("budget.split_weights", '{insured: "0.5", risk: "0.4"}')[0]


@pytest.mark.parametrize("rule", CHOICES)
def test_a_choice_is_one_of_those_there_are(rule: str) -> None:
    assert f"value 应为 {' | '.join(CHOICES[rule])}：luck" in refusals(rule, "luck")[0]


BOUNDED = "settlement.pay_members_within"
BOUNDS = {
    "a value below the least": ('"5"', '{min: "6"}', '"5"', "超出 demo-hunan-city 自 2030-01-01 起的下限 6"),
    "a value above the most": ('"5"', '{max: "6"}', '"7"', "的上限 6"),
}


@pytest.mark.parametrize(("value", "bounds", "narrower", "expected"), BOUNDS.values(), ids=BOUNDS.keys())
def test_a_bound_of_a_wider_place_holds(value: str, bounds: str, narrower: str, expected: str) -> None:
    text = written(BOUNDED, value).replace("      status", f"      bounds: {bounds}\n      status")
    wider = RuleBook.load().plus("demo-hunan-city", text, "wider.yaml")
    with pytest.raises(BadRules) as refused:
        wider.plus("demo-hunan-beihe", written(BOUNDED, narrower), "demo-hunan-beihe/own.yaml")
    [said] = [one.reason for one in refused.value.refusals]
    assert f"demo-hunan-beihe/own.yaml · {BOUNDED} · {DAY}：" in said and expected in said
    wider.plus("demo-hunan-beihe", written(BOUNDED, '"6"'), "demo-hunan-beihe/own.yaml")


@pytest.mark.parametrize(("bounds", "expected"), [
    ('{least: "6"}', "bounds 只能有 min、max、field、in_principle"), ("{max: 6}", "数字须加引号：6"),
    ('{max: "six"}', "bounds 的 max 应是加引号的数字"), ('{min: "7", max: "6"}', "bounds 的 min 大于 max"),
])  # fmt: skip
def test_bounds_have_a_shape_too(bounds: str, expected: str) -> None:
    text = written(BOUNDED, '"5"').replace("      status", f"      bounds: {bounds}\n      status")
    with pytest.raises(BadRules) as refused:
        RuleBook.load().plus("demo-hunan-city", text, "demo-hunan-city/test.yaml")
    assert any(expected in one.reason for one in refused.value.refusals)
