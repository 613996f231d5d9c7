"""Qualification predictions and assessment scores."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from governance.refusal import Refused
from governance.rulebook import RuleBook
from governance.scoring import ranks
from governance.sheets import run
from governance.worksheet import Worksheet
from tests.governance.books import book

KEYS = [f"C{number:02d}" for number in range(1, 12)]


def predict(grades: dict[str, Any], day: date = date(2024, 10, 31), **facts: Any) -> Worksheet:
    return run("qualification", {"grades": grades, **facts}, RuleBook.load().at("cn").in_force(day))


@pytest.mark.parametrize(("letters", "passes", "failures"), [
    ("AAAAAAAAAAA", True, []),
    ("AABAABAABAB", True, []),
    ("AABAABAAABB", False, [("dimension_without_a", "B")]),
    ("AABAABAABBA", True, []),
    ("AABABBAABAB", False, [("min_a", "A")]),
    ("AAAAAAAAAAC", False, [("max_c", "C")]),
    ("AAABBBAACAB", False, [("min_a", "A"), ("max_c", "C"), ("dimension_without_a", "M")]),
])
def test_the_criteria_of_2020(letters: str, passes: bool, failures: list[tuple[str, str]]) -> None:
    results = predict(dict(zip(KEYS, letters, strict=True))).results
    assert (results["standard"], results["passes"], results["complete"]) == ("abc-2020", passes, True)
    assert [(one["code"], one["about"]) for one in results["failures"]] == failures
    assert all(one["reason"] and one["reason_en"] for one in results["failures"])


def test_one_blank_is_incomplete_and_predicts_nothing() -> None:
    for blank in ({}, {"C11": None}):
        results = predict(dict.fromkeys(KEYS[:-1], "A") | blank).results
        assert (results["complete"], results["passes"], results["blank"]) == (False, None, ["C11"])


def test_the_indicators_of_2024_are_all_required_from_november() -> None:
    met = {"Q11": "met", "Q12": "met", "Q13": "met"}
    results = predict(met, date(2024, 11, 1)).results
    assert (results["standard"], results["passes"]) == ("qualitative-2024", True)
    results = predict(met | {"Q12": "not_met"}, date(2024, 11, 1)).results
    assert (results["passes"], [one["about"] for one in results["failures"]]) == (False, ["Q12"])


def test_without_substantive_operation_nothing_passes() -> None:
    results = predict(dict.fromkeys(KEYS, "A"), substantive_operation=False).results
    assert (results["passes"], results["failures"][0]["code"]) == (False, "substantive_operation")


@pytest.mark.parametrize(("grades", "named"), [({"C12": "A"}, "grades.C12"), ({"C01": "D"}, "grades.C01")])
def test_unknown_criteria_and_grades_are_refused(grades: dict[str, str], named: str) -> None:
    with pytest.raises(Refused) as refused:
        predict(grades)
    assert [one.fact for one in refused.value.refusals] == [named]


def indicator(key: str, weight: str, direction: str = "up", **scoring: Any) -> dict[str, Any]:
    return {"key": key, "label": key, "weight": weight, "source": "医保", "direction": direction, "scoring": scoring}


SCHEME = {
    "indicators": [
        indicator("share", "30", kind="linear", floor="0.50", target="0.65"),
        indicator("growth", "20", "down", kind="threshold", target="-0.01", partial="0.5", partial_from="0.05"),
        indicator("events", "20", kind="deduction", per_event="2.5"),
        indicator("place", "30", kind="ranking",
                  quantiles=[{"upto": "0.25", "ratio": "1"}, {"upto": "0.75", "ratio": "0.6"}]),
    ],
    "pass": "60",
}
VALUES: dict[str, Any] = {"share": "0.6", "growth": "-0.01", "events": 3, "place": {"rank": 1, "of": 4}}


def score(values: dict[str, Any], scheme: dict[str, Any] = SCHEME, **facts: Any) -> dict[str, Any]:
    given = {"scheme": "fund", "values": values, **facts}
    return dict(run("assessment", given, book({"assessment.fund.scheme": scheme})).results)


@pytest.mark.parametrize(("changes", "expected"), [
    ({}, "82.5"),
    ({"share": "0.5"}, "62.5"), ({"share": "0.4"}, "62.5"), ({"share": "0.9"}, "92.5"), ({"share": "0.5701"}, "76.52"),
    ({"growth": "-0.0099"}, "72.5"), ({"growth": "0.05"}, "72.5"), ({"growth": "0.0501"}, "62.5"),
    ({"events": 0}, "90"), ({"events": 8}, "70"), ({"events": 99}, "70"),
    ({"place": {"rank": 2, "of": 4}}, "70.5"), ({"place": {"rank": 4, "of": 4}}, "52.5"),
])
def test_each_kind_of_scoring(changes: dict[str, Any], expected: str) -> None:
    results = score(VALUES | changes)
    assert (results["score"], results["passed"]) == (expected, float(expected) >= 60)


@pytest.mark.parametrize(("changes", "named"), [
    ({"extra": "1"}, "values.extra"), ({"events": "1.5"}, "values.events"), ({"events": -1}, "values.events"),
    ({"place": "1"}, "values.place"), ({"place": {"rank": 5, "of": 4}}, "values.place"),
    ({"share": {"rank": 1, "of": 4}}, "values.share"), ({"share": 0.6}, "values.share"),
])
def test_values_that_do_not_fit_are_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(Refused) as refused:
        score(VALUES | changes)
    assert [one.fact for one in refused.value.refusals] == [named]


def test_a_missing_indicator_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        score({key: value for key, value in VALUES.items() if key != "share"})
    assert [one.fact for one in refused.value.refusals] == ["values.share"]


def test_daily_checks_are_combined_by_their_part() -> None:
    scheme = SCHEME | {"daily": "0.4"}
    assert score(VALUES, scheme, daily_scores=["90", "95.5"])["score"] == "86.6"
    with pytest.raises(Refused) as refused:
        score(VALUES, scheme)
    assert [one.fact for one in refused.value.refusals] == ["daily_scores"]


def test_a_tilt_adds_points_up_to_its_most() -> None:
    scheme = SCHEME | {"tilt": {"key": "tcm_share", "from": "0.1", "per_unit": "20", "most": "3"}}
    assert score(VALUES | {"tcm_share": "0.2"}, scheme)["score"] == "84.5"
    assert score(VALUES | {"tcm_share": "0.9"}, scheme)["score"] == "85.5"


def test_members_are_ranked_among_themselves_and_their_scores_are_weights() -> None:
    members = [{"member": name, "values": VALUES | {"place": value}}
               for name, value in (("lead", "9"), ("tcm", "7"), ("town", "7"), ("village", "1"))]
    results = run("assessment", {"scheme": "contribution", "members": members},
                  book({"assessment.contribution.scheme": SCHEME})).results
    assert results["weights"] == {"lead": "82.5", "tcm": "70.5", "town": "70.5", "village": "52.5"}
    assert results["members"]["village"] == {"score": "52.5", "passed": False}
    assert ranks([], "down") == []


def test_a_fund_scheme_below_the_minimum_is_refused() -> None:
    rules = {"assessment.fund.scheme": SCHEME, "assessment.fund.minimum": ["share", "cost_growth"]}
    with pytest.raises(Refused) as refused:
        run("assessment", {"scheme": "fund", "values": VALUES}, book(rules))
    assert refused.value.refusals[0].rule == "assessment.fund.scheme"
    assert "cost_growth" in refused.value.refusals[0].reason
