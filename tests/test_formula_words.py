"""Every worksheet reads in words: no token, input name or unit without one, and the numbers put in give the amount."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel

from governance.rulebook import RuleBook
from governance.sheets import run
from governance.worksheet import Worksheet
from tests.governance.books import CASES, book, book_of, cases, month, sheet_cases, year
from workflow.pages import formula_words, words
from workflow.pages.rule_values import value_text
from workflow.pages.worksheet_view import line_view

GOVERNANCE = Path(__file__).resolve().parent.parent / "governance"
TOKEN = re.compile(r"[A-Za-z_]{2,}")
# Names that facts give, and abbreviations people say.
LATIN = {"DRG", "DIP"}
SPLIT = re.compile(r"largest remainder|public_health\.")
DUE = {"deposit_withheld_fen": 60, "net_fen": 940, "penalties_fen": 0, "rejected_own_fen": 0, "rejected_inflow_fen": 0}
SCORED = {
    "pass": "60", "daily": "0.4", "tilt": {"key": "tcm", "from": "0.1", "per_unit": "10", "most": "2"},
    "indicators": [
        {"key": key, "label": "指标", "weight": "25", "source": "医保", "direction": direction, "scoring": scoring}
        for key, direction, scoring in (
            ("one", "up", {"kind": "linear", "floor": "0.5", "target": "0.65"}),
            ("two", "down", {"kind": "threshold", "target": "5", "partial": "0.5", "partial_from": "9"}),
            ("three", "up", {"kind": "deduction", "per_event": "2.5"}),
            ("four", "up", {"kind": "ranking", "quantiles": [{"upto": "0.5", "ratio": "1"}]}),
        )
    ],
}  # fmt: skip


def clearings() -> Iterator[Worksheet]:
    """Years under every case of retention, overrun and deposit return, and one that reaches its members."""
    for table in cases("retention.yaml"):
        for row in table["kept"]:
            facts = year(own_fen=1000000 - row["surplus"], score=row["score"], failed=row.get("failed", False))
            yield run("annual-clearing", facts, book({"clearing.retention": table["value"]}))
    for table in cases("overrun.yaml"):
        for row in table["shares"]:
            facts = year(
                own_fen=1000000 + row["overrun"], risk_fund_fen=row.get("risk_fund", 10**9),
                failed=row.get("failed", False), fund_in_deficit=row.get("deficit", False),
                overrun_causes=row.get("causes", {}))
            agreed = {"clearing.overrun": table.get("agreement")}
            yield run("annual-clearing", facts, book({"clearing.overrun": table["value"]}, agreed))
    member = {"member": "a", "own_fen": 1000, "inflow_fen": 0, **DUE}
    facts = year(own_fen=1000, budget_fen=1000, deposit_withheld_fen=60, score="72.5", members=[member],
                 earlier_deposits=[{"year": 2024, "returned_fen": 7}])
    rules = {"clearing.deposit_return": {"bands": cases("deposit.yaml")["bands"]}, "surplus.pay_after_filing": "true"}
    yield run("annual-clearing", facts, book(rules))
    rules |= {"clearing.retention": {"by": "flat", "ratio": "0.5"}}
    yield run("annual-clearing", year(own_fen=900000), book(rules))


def scores() -> Iterator[Worksheet]:
    """Assessments by every kind of scoring, and predictions under both standards."""
    for one, two, rank in (("0.6", "5", 1), ("0.1", "8", 2), ("0.9", "10", 4)):
        values = {"one": one, "two": two, "three": 2, "four": {"rank": rank, "of": 4}, "tcm": "0.2"}
        facts = {"scheme": "fund", "values": values, "daily_scores": ["90"]}
        yield run("assessment", facts, book({"assessment.fund.scheme": SCORED}))
    for day, grades in ((date(2024, 1, 1), {"C01": "A"}), (date(2025, 1, 1), {"Q11": "met", "Q12": "not_met"})):
        yield run("qualification", {"grades": grades}, RuleBook.load().at("cn").in_force(day))


def sheets() -> Iterator[Worksheet]:
    """The worked examples, the case tables, and what neither of them reaches."""
    examples = json.loads((CASES / "worked_examples.json").read_text(encoding="utf-8"))
    for name, example in examples.items():
        yield run(name.partition(":")[0], example["facts"], book(example["rules"]))
    for case in sheet_cases():
        if "refused" not in case:
            yield run(case["sheet"], case["facts"], book_of(case))
    yield from clearings()
    yield from scores()
    kinds = {"own": 100, "inflow": 50, "excluded": 10}
    columns = dict.fromkeys(("drg", "dip", "bed_day", "capitation", "item", "family_doctor"), kinds)
    member = {"member": "a", "payable_fen": columns, "audit_deduction_fen": 0, "carried_in_fen": 0}
    facts = month(member, penalties_fen=5, recoveries_fen=6, fines_fen=7)
    yield run("monthly-settlement", facts, book({"settlement.deposit_ratio": "0.05"}))


LINES: list[dict[str, Any]] = [line for sheet in sheets() for line in sheet.as_data()["lines"]]


def test_every_token_name_and_unit_of_the_cases_has_a_word() -> None:
    assert {token for line in LINES for token in formula_words.unknown(line["formula"])} == set()
    names = {one["name"] for line in LINES for one in line["inputs"]} - {"mismanagement"}
    assert {part for name in names for part in formula_words.unknown_in_name(name)} == set()
    assert {line["unit"] for line in LINES} <= set(formula_words.UNITS)


def written() -> Iterator[tuple[str, str]]:
    """What the sources write on lines: (formula, "") for each formula that stands as text, ("", name) for inputs."""
    places = {"amount": 4, "value": 5, "write": 4}
    for path in GOVERNANCE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name not in places or len(node.args) <= 3:
                continue
            said = node.args[places[name]] if len(node.args) > places[name] else None
            if isinstance(said, ast.Constant):
                yield said.value, ""
            yield from (("", one.arg) for one in node.keywords if one.arg not in (None, "provision", "reason", "parts"))


def test_every_formula_and_input_in_the_sources_has_its_words() -> None:
    found = list(written())
    assert len(found) > 100
    assert {token for text, _ in found for token in formula_words.unknown(text)} == set()
    assert {part for _, name in found if name for part in formula_words.unknown_in_name(name)} == set()


def test_a_chinese_reader_meets_no_english() -> None:
    for line in LINES:
        shown = line_view(line)
        names = [name for name, _text in shown.inputs if name != "mismanagement"]
        rule = shown.provision.value if shown.provision and line["unit"] != "points" else ""
        if line["key"].startswith(("points.", "score", "passed", "tilt")):
            rule = ""
        for text in (shown.formula, shown.worked, shown.unit, rule, *names):
            assert set(TOKEN.findall(str(text))) <= LATIN, (line["key"], text)


def test_an_english_reader_meets_no_chinese_and_no_codes() -> None:
    app = Flask("english")
    Babel(app, locale_selector=lambda: "en")
    with app.test_request_context():
        assert words.english()
        for line in LINES:
            shown = line_view(line)
            said = f"{shown.formula} {shown.worked} {shown.unit} {[name for name, _text in shown.inputs]}"
            assert not re.search(r"[一-鿿]|[a-z]_[a-z]", said), (line["key"], said)


def number_of(text: str) -> Fraction:
    """The value of a formula in numbers, by the arithmetic a reader would do."""
    text = text.replace("，尾差按最大余数法", "").replace("最大值", "max").replace("最小值", "min")
    text = re.sub(r"，在 0 与 .*", "", text).replace("，", " , ").replace("−", "-").replace("×", "*").replace("÷", "/")
    text = re.sub(r"[\d,]*\d(\.\d+)?", lambda found: f"F('{found[0].replace(',', '')}')", text).replace("%", "/100")
    found = eval(text, {"__builtins__": {}, "F": Fraction, "max": max, "min": min})
    return Fraction(found)


def test_the_numbers_in_a_formula_give_the_amount() -> None:
    checked = 0
    for line in LINES:
        text = line_view(line).worked
        if not text.startswith("= ") or line["amount_fen"] is None:
            continue
        figures = text.splitlines()[0].removeprefix("= ")
        if re.search(r"[一-鿿]", re.sub("最大值|最小值|尾差按最大余数法", "", figures)):
            continue
        checked += 1
        # A part of a split is off its exact share by less than a fen, any other amount by half a fen at most.
        off = abs(number_of(figures) * 100 - line["amount_fen"])
        assert off <= Fraction(1, 2) or (off < 1 and SPLIT.search(line["formula"] + line["key"])), text
    assert checked > 500


def test_what_is_shown_of_one_line() -> None:
    line = next(line for line in LINES if line["key"].endswith("deposit_fen") and line["amount_fen"] == 126644240)
    stored = deepcopy(line)
    shown = line_view(line, {"lead": "北河县人民医院"})
    assert line == stored
    assert shown.label == "北河县人民医院 质量保证金"
    assert shown.formula == "最大值(应付合计 − 审核拒付，0) × 质量保证金比例"
    assert shown.worked == "= 最大值(25,377,064.82 − 48,216.90，0) × 5%\n= 1,266,442.40 元"
    assert shown.inputs == [
        ("应付合计", "25,377,064.82 元"), ("审核拒付", "48,216.90 元"), ("质量保证金比例", "5%（0.05）")]  # fmt: skip


def test_a_token_nobody_named_is_shown_as_it_is() -> None:
    assert formula_words.unknown("gross × moon_phase") == ["moon_phase"]
    assert formula_words.formula("gross × moon_phase") == "应付合计 × moon_phase"
    assert formula_words.input_name("moon_phase_fen") == "moon_phase"
    assert formula_words.unit("parsec") == "parsec"


@pytest.mark.parametrize(("rule", "value", "unit", "said"), [
    ("clearing.retention", {"by": "score", "bands": [{"from": "60", "ratio": "0.5"}, {"from": "80", "ratio": "0.8"},
     {"from": "90", "ratio": "1"}]}, "bands", "60 分起 50%；80 分起 80%；90 分起 100%"),
    ("clearing.deposit_return", {"bands": cases("deposit.yaml")["bands"]}, "bands",
     "60 分起：80 分为 100%，每低 1 分减 3%；80 分起 100%；低于 60 分不返还"),
    ("clearing.overrun", {"kind": "tiers", "tiers": [{"upto": "0.05", "fund": "0.40"}, {"upto": None, "fund": "0.1"}],
     "cap": "risk_fund"}, "tiers", "至预算 5% 的部分基金分担 40%；其余部分基金分担 10%；以当年风险金为限"),
    ("surplus.tier_ratios", {"county": "6", "township": "3", "village": "1"}, "shares", "县级 6 : 乡镇 3 : 村级 1"),
    ("settlement.deposit_ratio", {"from": "agreement", "max": "0.05"}, "ratio", "由协议约定，最高 5%"),
    ("budget.per_capita", "105000", "fen", "1,050.00 元"), ("budget.per_capita", None, "fen", "—"),
    ("settlement.pay_lead_within", "30", "working_days", "30 个工作日"),
    ("budget.warnings", ["0.8", "1"], "list", "80%、100%"),
    ("public_health.result_bands", {"bands": [{"upto": "0.125", "ratio": "0.4"}, {"upto": "0.5", "ratio": "0.1"}]},
     "bands", "名次由前到后，至 12.5% 的单元得 40%；至 50% 的单元得 10%；其余不参与"),
    ("public_health.targets", {"indicators": [{"key": "a", "label": "管理率", "target": "0.7", "direction": "up"},
     {"key": "b", "label": "迟报率", "target": "0.05", "direction": "down"}]}, "indicators", "管理率 ≥ 0.7；迟报率 ≤ 0.05"),
    ("chronic.disease_groups", "47", "groups", "47 组"),
])  # fmt: skip
def test_rule_values_read_as_sentences(rule: str, value: Any, unit: str, said: str) -> None:
    assert value_text(rule, value, unit) == said


def test_every_configured_rule_reads_in_chinese() -> None:
    rules = RuleBook.load()
    for place in rules.places:
        for day in (date(2024, 6, 1), date(2025, 12, 31)):
            for key, one in rules.at(place).provisions(day).items():
                text = value_text(key, one.value, one.unit)
                assert set(TOKEN.findall(text)) <= LATIN, (place, key, text)
