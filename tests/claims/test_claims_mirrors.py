"""A reversal mirrors the claim it reverses, and no row changes money by a code or a cost that cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.claims.files import EXPECTED, accepted, case, csv_of, refused, reversal
from workflow.claims.checking import Expected
from workflow.claims.reading import BadRows

KNOWN = Expected(EXPECTED.consortium, EXPECTED.pool, EXPECTED.period, EXPECTED.members, consortia=frozenset({"B"}))
OLD = frozenset({"C1"})

OTHER_THAN_REVERSED = [
    ({"provider": "TOWN-1"}, "provider", "与被冲正的结算不一致（原为LEAD）"),
    ({"insured_consortium": ""}, "insured_consortium", "与被冲正的结算不一致（原为A）"),
    ({"category": "item"}, "category", "与被冲正的结算不一致（原为drg）"),
    ({"weight": "2"}, "weight_ten_thousandths", "与被冲正的结算不一致"),
    ({"bed_days": "8"}, "bed_days", "与被冲正的结算不一致"),
    ({"group_mean_fen": "5"}, "group_mean_fen", "与被冲正的结算不一致（原为空）"),
    ({"standard_fen": "-8000000"}, "standard_fen", "不是原金额的相反数（应为 -8,000.00 元）"),
    ({"fund_fen": ""}, "fund_fen", "不是原金额的相反数（应为 -6,000.00 元）"),
    ({"aid_fen": "-1"}, "aid_fen", "不是原金额的相反数（应为 0.00 元）"),
]


@pytest.mark.parametrize(("changes", "key", "problem"), OTHER_THAN_REVERSED)
@pytest.mark.parametrize("within", [True, False], ids=["in the file", "of an earlier file"])
def test_a_reversal_of_something_else_is_refused(
    changes: dict[str, Any], key: str, problem: str, within: bool
) -> None:
    rows = [case("C1")] if within else []
    bad = refused(csv_of(*rows, reversal("R1", "C1", **changes)), known=frozenset() if within else OLD)
    said = {error.column: error for error in bad.errors}
    found = said.get(key) or said[key.removesuffix("_ten_thousandths")]
    assert found.problem == problem and found.problem_en and found.row == (3 if within else 2)
    assert ("第 2 行的原结算" if within else "以前导入的原结算") in found.mend


@pytest.mark.parametrize("changes", [{}, {"weight": "-1.2345", "bed_days": "-7"}, {"aid_fen": "", "other_fen": "-0"}])
def test_a_mirror_is_taken(changes: dict[str, Any]) -> None:
    assert accepted(csv_of(reversal("R1", "C1", **changes), case("C1"))).numbers == (2, 3)
    assert accepted(csv_of(reversal("R1", "C1", **changes)), known=OLD).rows


def test_a_sign_is_named_once() -> None:
    bad = refused(csv_of(case("C1"), reversal("R1", "C1", patient_fen="200000")))
    assert [error.problem for error in bad.errors] == ["冲正行的金额应为负数"]


def test_a_patient_belongs_to_a_known_consortium_or_to_none() -> None:
    for code in ("A", "B", ""):
        assert accepted(csv_of(case(insured_consortium=code)), expected=KNOWN).rows
    with pytest.raises(BadRows) as found:
        accepted(csv_of(case(insured_consortium="a")), expected=KNOWN)
    (error,) = found.value.errors
    assert (error.row, error.column, error.value) == (2, "insured_consortium", "a")
    assert "名册里没有这个医共体" in error.problem and "留空" in error.mend


def test_nobody_bears_more_than_a_case_cost() -> None:
    parts = {"patient_fen": "200000", "catastrophic_fen": "100000", "aid_fen": "50000", "other_fen": "23387"}
    assert "医疗总费用 0.01 元少于" in refused(csv_of(case(cost_fen="1", **parts))).errors[0].problem
    assert accepted(csv_of(case(cost_fen="373387", **parts), case("C2", cost_fen="", **parts))).rows
    assert accepted(csv_of(case(category="item", cost_fen="1", **parts))).rows


@pytest.mark.parametrize("amount", ["10000000000000", "99999999999999", "9" * 5000, "-" + "9" * 14])
def test_an_amount_too_large_says_so(amount: str) -> None:
    assert "金额过大" in refused(csv_of(case(standard_fen=amount))).errors[0].problem
