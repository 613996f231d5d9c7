"""Ways of payment, unit accounts and indicators: what single ones come to, and what holds for any facts."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.measures import AGES, probability_of_dying
from governance.refusal import Refused
from governance.rulebook import RuleBook
from governance.sheets import run
from tests.governance.books import DAY, book, book_of, cases, sheet_cases
from workflow import i18n
from workflow.cli.rules import COMMANDS

CASES = {name: cases(f"sheets/{name}.yaml") for name in ("payment-modes", "unit-accounts", "indicators")}
MODES = CASES["payment-modes"][0]["rules"]
PRICES = CASES["unit-accounts"][0]["rules"]


@pytest.mark.parametrize("case", [one for one in sheet_cases() if "unit_results" in one or "measures" in one],
                         ids=lambda case: case["says"])
def test_single_units_and_measures_come_to_what_the_case_says(case: dict[str, Any]) -> None:
    results = run(case["sheet"], case["facts"], book_of(case)).as_data()["results"]
    for said, found in (("unit_results", "units"), ("measures", "indicators")):
        for name, expected in case.get(said, {}).items():
            assert {key: results[found][name][key] for key in expected} == expected, name


@pytest.mark.parametrize("case", [one for one in CASES["unit-accounts"] if "difference" in one],
                         ids=lambda case: case["says"])
def test_the_refusal_of_unequal_trade_gives_the_difference(case: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        run("unit-accounts", case["facts"], book_of(case))
    first, gap = refused.value.refusals[0], case["difference"]
    assert f"差额 {gap} 元" in first.reason and f"a difference of {gap} yuan" in first.reason_en


AMOUNT = st.integers(0, 10**13)


@settings(deadline=None)
@given(AMOUNT, AMOUNT, AMOUNT, AMOUNT)
def test_every_fen_raised_is_paid_kept_or_carried_over(raised: int, in_county: int, away: int, prior: int) -> None:
    results = run("payment-modes", {
        "raised_fen": raised, "spending_fen": in_county + away, "in_county_fen": in_county,
        "prior_in_county_fen": prior,
    }, book(MODES)).results
    for mode in results["modes"].values():
        assert raised == (mode["paid_in_county_fen"] + results["away_fen"] + mode["retained_fen"]
                          + mode["carried_over_fen"])
        assert mode["paid_in_county_fen"] + mode["deducted_fen"] == in_county
        assert min(mode["retained_fen"], mode["deducted_fen"], mode["excess_fen"]) >= 0
    dual, case_based, budget = (results["modes"][name] for name in ("double_control", "drg_dip", "global_budget"))
    assert dual["paid_in_county_fen"] == min(in_county, prior) <= case_based["paid_in_county_fen"] == in_county
    assert budget["carried_over_fen"] == 0 and budget["retained_fen"] == max(results["saving_fen"], 0)


NAMES = st.sampled_from(["a", "b", "c", "d"])
DEALS = st.lists(st.tuples(st.sampled_from(["referral", "remote_consultation", "shared_centre", "lent_hours"]), NAMES,
                           NAMES, st.integers(0, 10**4), st.integers(0, 10**7)), max_size=12)
SIDES = st.fixed_dictionaries({
    "income": st.dictionaries(st.sampled_from(["medical_services", "signing_fees"]), st.integers(-(10**9), 10**10)),
    "costs": st.dictionaries(st.sampled_from(["staff_pay", "utilities"]), st.integers(-(10**9), 10**10))})


def _units(deals: list[tuple[str, str, str, int, int]], sides: list[Any]) -> list[dict[str, Any]]:
    """Four units that state every deal between two of them, each on its own side."""
    units = [{"unit": name, "operating": side, "sold": [], "bought": []}
             for name, side in zip("abcd", sides, strict=True)]
    by_name = {unit["unit"]: unit for unit in units}
    for kind, seller, buyer, times, cost_fen in deals:
        if seller != buyer:
            said = {"kind": kind, "times": times, "cost_fen": cost_fen}
            by_name[seller]["sold"].append({**said, "with": buyer})
            by_name[buyer]["bought"].insert(0, {**said, "with": seller})
    return units


@settings(deadline=None)
@given(DEALS, st.lists(SIDES, min_size=4, max_size=4), st.data())
def test_internal_trade_nets_to_zero_whatever_was_dealt(deals: Any, sides: Any, data: st.DataObject) -> None:
    units = _units(deals, sides)
    results = run("unit-accounts", {"units": units}, book(PRICES)).results
    found = results["units"]
    assert sum(unit["internal_income_fen"] - unit["internal_costs_fen"] for unit in found.values()) == 0
    assert sum(unit["balance_fen"] for unit in found.values()) == results["balance_fen"]
    shuffled = data.draw(st.permutations(units))
    assert run("unit-accounts", {"units": shuffled}, book(PRICES)).results["units"] == found
    selling = [unit for unit in units if any(deal["kind"] != "shared_centre" for deal in unit["sold"])]
    if selling:
        one = next(deal for deal in selling[0]["sold"] if deal["kind"] != "shared_centre")
        one["times"] += 1
        with pytest.raises(Refused) as refused:
            run("unit-accounts", {"units": units}, book(PRICES))
        assert {refusal.fact for refusal in refused.value.refusals} == {f"units[{units.index(selling[0])}].sold"}


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(10000, 10**6)), min_size=8, max_size=8))
def test_a_death_more_is_never_a_lower_risk(groups: list[tuple[int, int]]) -> None:
    def risk(extra: int) -> Decimal:
        return probability_of_dying([{"age": age, "deaths": deaths + extra, "population": heads}
                                     for age, (deaths, heads) in zip(AGES, groups, strict=True)], "groups")

    risks = [risk(extra) for extra in (0, 1, 100)]
    assert all(0 <= one <= 1 for one in risks) and all(one <= other for one, other in pairwise(risks))


def test_the_set_of_2024_has_fourteen_indicators_three_of_them_qualitative() -> None:
    rule = RuleBook.load().at("cn").in_force(DAY).rule("indicators.national")
    counted = [len(one["indicators"]) for one in rule.value["dimensions"]]
    qualitative = [one["key"] for dimension in rule.value["dimensions"] for one in dimension["indicators"]
                   if one.get("kind") == "qualitative"]
    assert (counted, qualitative) == ([3, 3, 3, 3, 2], ["Q11", "Q12", "Q13"])
    assert rule.status == "partly-verified"


BAD: list[tuple[str, Any, str]] = [
    ("payment_modes.modes", {}, "至少要有一种方式"),
    ("payment_modes.modes", {"fee": {}}, "不认识的项目：fee"),
    ("payment_modes.modes", {"drg_dip": {"prepaid": "raised", "excess": "lost", "saving": "retained"}}, "excess 应为"),
    ("payment_modes.modes", {"drg_dip": "all"}, "应为若干"),
    ("unit_accounts.score_weights", {"public_benefit": "1"}, "缺少 operating"),
    ("unit_accounts.score_weights", {"public_benefit": "0.5", "operating": "0.4"}, "权重之和应为 1"),
    ("unit_accounts.prices", {"referral": {"each_fen": "1", "cost_plus": "0.1"}}, "恰取其一"),
    ("unit_accounts.prices", {"referral": {"each_fen": "1.5"}}, "应为整数"),
    ("unit_accounts.prices", {"gifts": {"each_fen": "1"}}, "不认识的项目：gifts"),
    ("indicators.milestones", {"m": {"measure": "Q31", "label": "一", "label_en": "one", "at_least": "1", "at_most": "2",
                                     "by": "2025-12-31"}}, "恰取其一"),
    ("indicators.milestones", {"m": {"measure": "Q31", "label": "一", "label_en": "one", "at_least": "1", "by": "2025"}},
     "by 应写成"),
    ("indicators.milestones", {"m": {"label": "一", "label_en": "one", "at_least": "1", "by": "2025-12-31"}},
     "缺少 measure"),
    ("indicators.local", {"code": "x"}, "dimensions 应为非空列表"),
]
MEASURE = {"key": "M", "label": "一", "label_en": "one", "unit": "ratio", "direction": "up", "of": "a", "per": "b"}
BAD_MEASURES: list[tuple[dict[str, Any], str]] = [
    ({"unit": "yuan"}, "unit 应为"), ({"direction": "sideways"}, "direction 应为"), ({"label_en": ""}, "缺少 label_en"),
    ({"per": None}, "恰取其一"), ({"life_table": "premature_deaths"}, "恰取其一"), ({"growth": "yes"}, "growth 应为"),
    ({"sum": "c"}, "不认识的项目：sum"),
]  # fmt: skip


def _set_of(measure: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"code": "x", "dimensions": [{"key": "D", "indicators": [
        {"key": "I", "label": "一", "label_en": "one", "measures": [measure], **more}]}]}


BAD += [("indicators.local", _set_of(MEASURE | change), said) for change, said in BAD_MEASURES]
BAD += [("indicators.local", _set_of(MEASURE, kind="qualitative"), "定性指标不应有"),
        ("indicators.local", _set_of(MEASURE | {"key": ""}), "key 缺少或重复")]


@pytest.mark.parametrize(("rule", "value", "said"), BAD, ids=lambda part: str(part)[:50])
def test_a_rule_of_the_wrong_shape_is_refused(rule: str, value: Any, said: str) -> None:
    with pytest.raises(Refused) as refused:
        book({rule: value})
    assert any(said in one.reason for one in refused.value.refusals), [one.reason for one in refused.value.refusals]


def test_a_measure_of_the_right_shape_is_taken() -> None:
    added = book({"indicators.local": _set_of(MEASURE), "indicators.national": _set_of(MEASURE | {"key": "N"})})
    assert added.rule("indicators.local").value["code"] == "x"


@pytest.mark.parametrize("name", CASES)
def test_each_runs_from_the_command_line_line_by_line_and_shows_its_facts(name: str, tmp_path: Path) -> None:
    app = Flask("command-line")
    i18n.init_app(app)
    for command in COMMANDS:
        app.cli.add_command(command)
    cli = app.test_cli_runner()
    facts = CASES[name][0]["facts"]
    lines, single = tmp_path / "facts.jsonl", tmp_path / "facts.json"
    single.write_text(json.dumps(facts), encoding="utf-8")
    lines.write_text(f"{json.dumps(facts)}\n{{}}\n{json.dumps(facts)}\n", encoding="utf-8")
    place = ["--place", "demo-suixi", "--on", "2025-12-31"]
    done = cli.invoke(args=["sheet", name, *place, "--facts", str(lines)])
    first, refused, again = (json.loads(line) for line in done.output.splitlines())
    assert done.exit_code == 3 and first == again and first["sheet"] == name
    assert all(one["fact"] and one["reason"] and one["who"] for one in refused["refused"])
    shown = cli.invoke(args=["sheet", name, *place, "--facts", str(single)])
    assert shown.exit_code == 0 and len(shown.output.splitlines()) == len(first["lines"]) + 1
    schema = json.loads(cli.invoke(args=["sheet", "schema", name]).output)
    assert {one["fact"] for one in refused["refused"]} == set(schema["required"])
    assert set(facts) <= set(schema["properties"])
