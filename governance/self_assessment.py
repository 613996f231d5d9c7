"""Qualification: what the criteria say of a self-assessment. It predicts; the bureaus rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance import facts as fact
from governance.facts import COMMON, Answers, Field, Flag, Record
from governance.worksheet import BookLike, Lines, Worksheet

FACTS = Record(COMMON | {
    "grades": Field(Answers(), "各条自评（条目: 等级，未评为空）", "grade of each criterion, null when blank"),
    "substantive_operation": Field(Flag(), "实质运行", "substantive operation, as ruled", optional=True),
})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a self-assessment would not pass: a code, the dimension or criterion it is about, and words."""

    code: str
    about: str
    reason: str
    reason_en: str

    def as_data(self) -> dict[str, str]:
        return {"code": self.code, "about": self.about, "reason": self.reason, "reason_en": self.reason_en}


def predict_qualification(facts: Mapping[str, Any], book: BookLike) -> Worksheet:
    """The worksheet ``qualification`` under ``qualification.standard``: counts, what is blank, and the prediction.

    ``passes`` is None while a criterion is blank. Raises Refused for an unknown criterion or grade, or a missing rule.
    """
    given = fact.read(facts, FACTS)
    rule = book.rule("qualification.standard")
    standard, grades = rule.value, given["grades"]
    criteria = [one for dimension in standard["dimensions"] for one in dimension["criteria"]]
    levels = [level["key"] for level in standard["levels"]]
    _refuse_unknown(grades, {one["key"] for one in criteria}, levels)
    lines = Lines()
    for dimension in standard["dimensions"]:
        for one in dimension["criteria"]:
            lines.value(f"grades.{one['key']}", one["label"], one["label_en"], grades.get(one["key"]), "grade",
                        "self-assessed grade", provision=rule, dimension=dimension["label"])
    counts = Counter(grades[one["key"]] for one in criteria if grades.get(one["key"]) is not None)
    for level in standard["levels"]:
        lines.value(f"counts.{level['key']}", f"{level['key']}：{level['label']}",
                    f"{level['key']}: {level['label_en']}", counts[level["key"]], "count", "number of criteria")
    blank = [one["key"] for one in criteria if grades.get(one["key"]) is None]
    failures = [] if blank else [*_failures(standard, grades, counts), *_not_in_operation(given)]
    passes = None if blank else not failures
    lines.value("passes", "预判结果", "Prediction", passes, "flag", _words(standard["decision"]), provision=rule,
                blank=len(blank), failures=len(failures))
    return lines.sheet("qualification", book, {
        "standard": standard["code"], "counts": {level: counts[level] for level in levels}, "blank": blank,
        "complete": not blank, "passes": passes, "failures": [failure.as_data() for failure in failures],
        "substantive_operation": given["substantive_operation"],
    })


def _refuse_unknown(grades: Mapping[str, Any], known: set[str], levels: Sequence[str]) -> None:
    for key, grade in grades.items():
        if key not in known:
            fact.refuse(f"grades.{key}", "评判标准中没有这一条", "the criteria have no such item")
        if grade is not None and grade not in levels:
            fact.refuse(f"grades.{key}", f"等级应为 {'、'.join(levels)}", f"the grade must be one of {', '.join(levels)}")


def _failures(standard: Mapping[str, Any], grades: Mapping[str, Any], counts: Mapping[str, int]) -> list[Failure]:
    """Every part of the decision that does not hold."""
    decision = standard["decision"]
    found = []
    for key in decision.get("all_of", ()):
        if grades[key] != standard["levels"][0]["key"]:
            found.append(Failure("not_met", key, f"{key} 未达到", f"{key} is not met"))
    if "min_a" in decision and counts["A"] < int(decision["min_a"]):
        found.append(Failure("min_a", "A", f"A 级 {counts['A']} 条，少于 {decision['min_a']} 条",
                             f"{counts['A']} graded A, fewer than {decision['min_a']}"))
    if "max_c" in decision and counts["C"] > int(decision["max_c"]):
        found.append(Failure("max_c", "C", f"C 级 {counts['C']} 条，多于 {decision['max_c']} 条",
                             f"{counts['C']} graded C, more than {decision['max_c']}"))
    least = int(decision.get("min_a_per_dimension", "0"))
    for dimension in standard["dimensions"]:
        reached = sum(grades[one["key"]] == "A" for one in dimension["criteria"])
        if reached < least:
            found.append(Failure(
                "dimension_without_a", dimension["key"], f"{dimension['label']}：A 级 {reached} 条，少于 {least} 条",
                f"{dimension['label_en']}: {reached} graded A, fewer than {least}"))
    return found


def _not_in_operation(given: Mapping[str, Any]) -> list[Failure]:
    if given["substantive_operation"] is not False:
        return []
    return [Failure("substantive_operation", "substantive_operation", "未实质运行", "not in substantive operation")]


def _words(decision: Mapping[str, Any]) -> str:
    parts = {
        "min_a": "A ≥ {}", "max_c": "C ≤ {}", "min_a_per_dimension": "A in each dimension ≥ {}",
        "all_of": "all of {} met",
    }
    said = [text.format(", ".join(decision[key]) if isinstance(decision[key], list) else decision[key])
            for key, text in parts.items() if key in decision]
    return "; ".join(said)
