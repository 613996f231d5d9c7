"""Bad rule data never loads, and the message names the file, the rule and the date."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.refusal import Refused
from governance.rulebook import BadRules, RuleBook, check, notices

CITE = "cite: {document: 样例：湖南示范市规则, clause: 一, says: 测试}"


def rule(value: str, *, key: str = "clearing.retention", day: str = "2030-01-01", status: str = "sample") -> str:
    return f"{key}:\n  values:\n    {day}:\n      value: {value}\n      status: {status}\n      {CITE}\n"


def reasons(place: str, text: str) -> str:
    with pytest.raises(BadRules) as refused:
        RuleBook.load().plus(place, text, "demo/test.yaml")
    assert all(refusal.reason_en for refusal in refused.value.refusals)
    return "\n".join(refusal.reason for refusal in refused.value.refusals)


TEXTS = {
    "duplicate rule": (rule('"5"', key="ruling.notice_days") * 2, "键重复：ruling.notice_days"),
    "duplicate key": (rule('{by: flat, ratio: "1", ratio: "0.5"}'), "键重复：ratio"),
    "duplicate date": (
        f'ruling.notice_days:\n  values:\n    2030-01-01: {{value: "5", status: sample, {CITE}}}\n'
        f'    2030-01-01: {{value: "6", status: sample, {CITE}}}\n',
        "键重复：2030-01-01",
    ),
    "unsorted dates": (
        f'ruling.notice_days:\n  values:\n    2030-01-01: {{value: "5", status: sample, {CITE}}}\n'
        f'    2029-01-01: {{value: "6", status: sample, {CITE}}}\n',
        "须从早到晚",
    ),
    "unquoted integer": (rule("5", key="ruling.notice_days"), "数字须加引号：5"),
    "unquoted float": (rule("{by: flat, ratio: 0.95}"), "数字须加引号：0.95"),
    "unquoted exponent": (rule("1.0e+1", key="ruling.notice_days"), "数字须加引号"),
    "unquoted infinity": (rule("{by: flat, ratio: .inf}"), "数字须加引号"),
    "quoted exponent": (rule('"1e1"', key="ruling.notice_days"), "应是加引号的数字"),
    "quoted NaN": (rule('{by: flat, ratio: "NaN"}'), "ratio 应是加引号的非负数字"),
    "full-width digit": (rule('"５"', key="ruling.notice_days"), "应是加引号的数字"),
    "unknown status": (rule('"5"', key="ruling.notice_days", status="sure"), "不认识的核实状态：sure"),
    "unknown rule": (rule('"5"', key="ruling.notice_day"), "不认识的规则"),
    "no citation": (
        'ruling.notice_days:\n  values:\n    2030-01-01: {value: "5", status: sample}\n',
        "缺少出处 cite",
    ),
    "unregistered document": (
        rule('"5"', key="ruling.notice_days").replace("样例：湖南示范市规则", "没有的文件"),
        "文件未登记：没有的文件",
    ),
    "empty clause": (rule('"5"', key="ruling.notice_days").replace("clause: 一", "clause: ''"), "出处缺少 clause"),
    "unknown key of a value": (
        rule('"5"', key="ruling.notice_days").replace("status:", "sure: yes\n      status:"),
        "不认识的项目：sure",
    ),
    "unknown key of a rule": (
        rule('"5"', key="ruling.notice_days").replace("  values:", "  label: x\n  values:"),
        "不认识的项目：label",
    ),
    "bad date": (rule('"5"', key="ruling.notice_days", day="2030-02-30"), "生效日期应写成"),
    "no values": ("ruling.notice_days: {}\n", "缺少 values"),
    "alias": (rule('{by: &a flat, ratio: *a}'), "alias"),
    "not YAML": ("a: [", "不是可用的 YAML"),
    "a tag": (rule('!!python/name:os.system "x"', key="ruling.notice_days"), "不认识的写法"),
}


@pytest.mark.parametrize("text,expected", TEXTS.values(), ids=TEXTS.keys())
def test_bad_text_is_refused(text: str, expected: str) -> None:
    found = reasons("demo-hunan-city", text)
    assert expected in found
    assert "demo/test.yaml" in found


def test_the_message_names_file_rule_and_date() -> None:
    assert "demo/test.yaml · ruling.notice_days · 2030-01-01：文件未登记" in reasons(
        "demo-hunan-city", rule('"5"', key="ruling.notice_days").replace("样例：湖南示范市规则", "无")
    )


SCORE = "by: score, bands: "
SHAPES = {
    "bands unsorted": ("clearing.retention", f'{{{SCORE}[{{from: "80", ratio: "1"}}, {{from: "60", ratio: "0.5"}}]}}'),
    "bands repeated": ("clearing.retention", f'{{{SCORE}[{{from: "80", ratio: "1"}}, {{from: "80", ratio: "0.5"}}]}}'),
    "gap": ("clearing.retention", f'{{{SCORE}[{{from: "60", to: "70", ratio: "0"}}, {{from: "80", ratio: "1"}}]}}'),
    "overlap": ("clearing.retention", f'{{{SCORE}[{{from: "60", to: "85", ratio: "0"}}, {{from: "80", ratio: "1"}}]}}'),
    "ratio above one": ("clearing.retention", '{by: flat, ratio: "1.01"}'),
    "negative ratio": ("clearing.retention", '{by: flat, ratio: "-0.1"}'),
    "no bands": ("clearing.retention", "{by: score}"),
    "unknown by": ("clearing.retention", '{by: luck, ratio: "1"}'),
    "unknown part": ("clearing.retention", '{by: flat, ratio: "1", luck: "1"}'),
    "reading missing": ("clearing.retention", '{by: surplus_rate, bands: [{from: "0", ratio: "1"}]}'),
    "withhold without then": ("clearing.retention", '{by: flat, ratio: "1", withhold: {ratio: "0.1"}}'),
    "flat with bands": ("clearing.retention", '{by: flat, ratio: "1", bands: [{from: "0", ratio: "1"}]}'),
    "tiers unsorted": (
        "clearing.overrun",
        '{kind: tiers, tiers: [{upto: "0.10", fund: "0.3"}, {upto: "0.05", fund: "0.4"}]}',
    ),
    "open tier in the middle": (
        "clearing.overrun",
        '{kind: tiers, tiers: [{upto: null, fund: "0.3"}, {upto: "0.05", fund: "0.4"}]}',
    ),
    "no tiers": ("clearing.overrun", "{kind: tiers}"),
    "tiers without sharing": ("clearing.overrun", '{kind: none, tiers: [{upto: null, fund: "0.3"}]}'),
    "unknown none_if": ("clearing.overrun", "{kind: none, none_if: [luck]}"),
    "gate below": ("clearing.overrun", '{kind: none, gate: {min_overrun_rate: "0.02", below: luck}}'),
    "deposit gap": (
        "clearing.deposit_return",
        '{bands: [{from: "60", top: "75", ratio_at_top: "1", less_per_point: "0.03"}, {from: "80", ratio: "1"}]}',
    ),
    "deposit below zero": (
        "clearing.deposit_return",
        '{bands: [{from: "60", top: "80", ratio_at_top: "1", less_per_point: "0.06"}]}',
    ),
    "weights not one": ("budget.weights", '{insured: "0.5", risk: "0.4"}'),
    "zero shares": ("surplus.tier_ratios", '{county: "0", township: "0", village: "0"}'),
    "quorum with a float": (
        "committee.quorum",
        '{present: "0.67", ordinary: {of: all, more_than: "1/2"}, major: {of: all, at_least: "2/3"}}',
    ),
    "quorum of both": (
        "committee.quorum",
        '{present: "2/3", ordinary: {of: all, more_than: "1/2", at_least: "1/2"}, major: {of: all, at_least: "2/3"}}',
    ),
    "scheme weights": (
        "assessment.fund.scheme",
        '{pass: "60", indicators: [{key: a, label: 甲, weight: "90", direction: up, '
        'scoring: {kind: linear, floor: "1", target: "2"}}]}',
    ),
    "scheme scoring": (
        "assessment.fund.scheme",
        '{pass: "60", indicators: [{key: a, label: 甲, weight: "100", direction: up, scoring: {kind: luck}}]}',
    ),
    "a list": ("clearing.retention", '["1"]'),
}


@pytest.mark.parametrize("key,value", SHAPES.values(), ids=SHAPES.keys())
def test_bad_shapes_are_refused(key: str, value: str) -> None:
    assert f"{key} · 2030-01-01" in reasons("demo-suixi", rule(value, key=key))


@pytest.mark.parametrize(
    "key,value",
    [
        ("clearing.retention", '{by: flat, ratio: "1", cap: {of_budget: "0.03"}}'),
        (
            "clearing.retention",
            '{by: surplus_rate, reading: marginal, bands: [{from: "0.02", ratio: "0.5"}, {from: "0.1", ratio: "0.5"}], '
            'gate: {min_surplus_rate: "0.02"}, withhold: {ratio: "0.1", then: deferred}}',
        ),
        ("clearing.overrun", '{tiers: [{upto: null, fund: "0.5"}]}'),
        ("clearing.overrun", "{kind: none}"),
    ],
)
def test_shapes_seen_in_practice_load(key: str, value: str) -> None:
    RuleBook.load().plus("demo-suixi", rule(value, key=key), "test.yaml")


class TestBounds:
    def test_a_county_cannot_loosen_ten_days(self) -> None:
        found = reasons("demo-hunan-beihe", rule('"11"', key="settlement.pay_members_within"))
        assert "超出 cn-hunan 自 2024-07-23 起的上限 10（湘医保发〔2024〕31号 二（六））" in found

    def test_a_county_may_tighten_them(self) -> None:
        rules = RuleBook.load().plus("demo-hunan-beihe", rule('"7"', key="settlement.pay_members_within"), "t.yaml")
        assert not any("pay_members_within" in words for words in rules.overridden)

    def test_in_principle_gives_way_to_a_document_of_its_own_and_is_logged(self) -> None:
        rules = RuleBook.load().plus("demo-hunan-beihe", rule('"45"', key="settlement.pay_lead_within"), "t.yaml")
        assert any("pay_lead_within" in words and "原则上的上限 30" in words for words in rules.overridden)
        assert set(rules.overridden) <= set(notices(rules))

    def test_in_principle_does_not_give_way_to_the_same_document(self) -> None:
        text = rule('"45"', key="settlement.pay_lead_within").replace("样例：湖南示范市规则", "湘医保发〔2024〕31号")
        assert "上限 30" in reasons("demo-hunan-beihe", text)

    def test_a_ceiling_inside_a_value_is_bound(self) -> None:
        text = rule('{kind: agreement, ceiling: "0.12"}', key="clearing.overrun")
        assert any("上限 0.10" in words for words in RuleBook.load().plus("demo-hunan-city", text, "t").overridden)
        same = text.replace("样例：湖南示范市规则", "湘医保发〔2024〕31号")
        assert "上限 0.10" in reasons("demo-hunan-city", same)
        left_open = same.replace(', ceiling: "0.12"', "")
        assert "上限 0.10" in reasons("demo-hunan-city", left_open)

    def test_what_the_agreement_may_answer_bounds_narrower_places(self) -> None:
        assert "上限 0.05" in reasons("demo-hunan-city", rule('"0.06"', key="settlement.deposit_ratio"))
        wider = rule('{from: agreement, max: "0.08"}', key="settlement.deposit_ratio")
        assert "上限 0.05" in reasons("demo-hunan-city", wider)

    def test_a_value_before_the_bound_began_is_not_bound(self) -> None:
        text = rule('"12"', key="settlement.pay_members_within", day="2020-01-01")
        ended = text + f'    2024-07-23: {{value: "9", status: sample, {CITE}}}\n'
        RuleBook.load().plus("demo-hunan-beihe", ended, "t.yaml")
        assert "上限 10" in reasons("demo-hunan-beihe", text)


def test_the_same_date_is_never_overwritten() -> None:
    text = rule('{by: flat, ratio: "1"}', day="2024-01-01")
    assert "同一生效日期已有值" in reasons("demo-hunan-city", text)


def test_a_folder_from_outside(tmp_path: Path) -> None:
    (tmp_path / "nowhere").mkdir()
    (tmp_path / "nowhere" / "clearing.yaml").write_text(rule('{by: flat, ratio: "1"}'), encoding="utf-8")
    with pytest.raises(BadRules, match="没有登记这个地区：nowhere"):
        RuleBook.load([tmp_path])
    with pytest.raises(Refused, match="没有这个规则文件夹"):
        RuleBook.load([tmp_path / "missing"])


def test_a_parent_that_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "places.yaml").write_text("x: {parent: y, kind: city, name: 某市}\n", encoding="utf-8")
    with pytest.raises(BadRules, match="上级不存在或循环"):
        RuleBook.load([tmp_path])


def test_the_shipped_book_is_in_order() -> None:
    assert check(RuleBook.load()) == []


def test_a_sample_value_outside_a_sample_place_is_found() -> None:
    rules = RuleBook.load().plus("cn-hunan", rule('{by: flat, ratio: "1"}'), "t.yaml")
    assert any("样例值只能放在样例地区" in problem for problem in check(rules))
