"""Lines of a dossier: what they are called, and that nothing changes without one of them saying so."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.kernel.sample_stage import STAGE
from workflow.db import canonical
from workflow.pages.dossier_lines import ORDER, Line, differing, lines

NAMES = {"town-1": ("城关镇卫生院", "Town"), "lead": ("县医院", "Hospital")}
KEYS = st.sampled_from(["members", "amount_fen", "name", "sha256", "size", "key", "on", "files", "1", ""])
LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "1", "改", "town-1", "a" * 50])
CONTENT = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
DOSSIERS = st.dictionaries(st.sampled_from(["members", "claims", "amount_fen", "note"]), CONTENT, max_size=3)


def of(dossier: dict[str, Any]) -> dict[tuple[str, ...], Line]:
    return lines(dossier, STAGE, NAMES)


@given(DOSSIERS, DOSSIERS)
def test_two_dossiers_differ_exactly_when_a_line_says_so(here: dict[str, Any], there: dict[str, Any]) -> None:
    assert bool(differing(of(here), of(there))) == (canonical(here) != canonical(there))


@given(DOSSIERS)
def test_the_same_content_has_no_difference(dossier: dict[str, Any]) -> None:
    assert differing(of(dossier), of(json.loads(canonical(dossier)))) == []


def said(here: dict[str, Any], there: dict[str, Any]) -> list[tuple[str, str, str]]:
    left, right = of(here), of(there)
    return [
        ((right.get(path) or left[path]).label, left[path].value if path in left else "", right[path].value
         if path in right else "")
        for path in differing(left, right)
    ]  # fmt: skip


def test_amounts_are_in_yuan_and_organisations_by_name() -> None:
    before = {"columns": {"town-1": {"patient_fen": 1_234_567_89}}}
    after = {"columns": {"town-1": {"patient_fen": 1_234_567_90}}}
    assert said(before, after) == [("城关镇卫生院 · 个人负担", "1,234,567.89 元", "1,234,567.90 元")]


def test_files_are_told_by_name_and_hash() -> None:
    one = {"name": "明细.csv", "sha256": "a" * 64, "size": 10, "media_type": "text/csv"}
    (line,) = said({"claims": [one]}, {"claims": [one | {"sha256": "a" * 63 + "b"}]})[:1]
    assert "明细.csv" in line[1] + line[2] and "a" * 16 in line[1] + line[2]
    (moved,) = said({"claims": {"x": one}}, {"claims": {"x": one | {"size": 11}}})
    assert moved[1].startswith("明细.csv（校验")
    (more,) = said({"claims": {"x": one}}, {"claims": {"x": one | {"rows": 2}}})
    assert more[2] == "2"


def test_one_more_at_the_front_does_not_move_the_others() -> None:
    assert said({"members": ["lead"]}, {"members": ["town-1", "lead"]}) == [("城关镇卫生院", "", "城关镇卫生院")]
    before = {"deductions": [{"decision_number": "2", "amount_fen": 200}]}
    after = {"deductions": [{"decision_number": "1", "amount_fen": 100}, *before["deductions"]]}
    assert {label for label, _left, _right in said(before, after)} == {"第 1 项 · 金额", "第 1 项 · 决定书文号"}


def test_another_order_alone_is_told() -> None:
    ((label, left, right),) = said({"members": ["lead", "town-1"]}, {"members": ["town-1", "lead"]})
    assert (label, left, right) == ("顺序", "牵头单位、城关镇卫生院", "城关镇卫生院、牵头单位")
    assert ORDER not in label


def test_a_list_that_is_no_longer_empty_is_told_by_its_entries_alone() -> None:
    assert said({"members": []}, {"members": ["town-1"]}) == [("城关镇卫生院", "", "城关镇卫生院")]
    assert said({"members": []}, {}) == [("成员单位", "—", "")]
