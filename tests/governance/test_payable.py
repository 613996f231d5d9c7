"""What the pool pays by category: real cases, outlier edges, and twelve months that make a year."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.payable import (
    bed_day_payable,
    capitation_payable,
    case_payable,
    dip_standard,
    drg_standard,
    family_doctor_payable,
)

OUTLIERS = {"low": "0.5", "high": "2"}


def test_a_case_may_be_negative_unless_the_place_cuts_it_off() -> None:
    assert case_payable(2422705, others_fen=2600632 + 1275196, floor_at_zero=False) == -1453123
    assert case_payable(2422705, others_fen=2600632 + 1275196, floor_at_zero=True) == 0


def test_a_drg_standard_is_rounded_once() -> None:
    assert drg_standard(weight=Decimal("1.2345"), rate_fen=Decimal("623550"), coefficient=Decimal("0.95")) == 731284


@pytest.mark.parametrize(("cost_fen", "standard_fen"), [
    (100000, 500000), (50000, 500000), (49999, 249995), (200000, 500000), (200001, 500005), (300000, 1000000),
])
def test_dip_outliers_begin_beyond_their_bounds(cost_fen: int, standard_fen: int) -> None:
    assert standard_fen == dip_standard(
        points=Decimal(500), point_value_fen=Decimal(1000), coefficient=Decimal(1), cost_fen=cost_fen,
        group_mean_fen=100000, outliers=OUTLIERS)


def test_days_and_heads() -> None:
    assert bed_day_payable(days=7, daily_rate_fen=16001, fund_share=Decimal("0.85")) == 95206
    assert capitation_payable(heads=100, monthly_rate_fen=1500, used_outside_fen=160000) == -10000


@given(st.integers(0, 10**6), st.integers(0, 10**5), st.decimals("0", "1", places=4))
def test_twelve_months_make_the_year(heads: int, yearly_fee_fen: int, ratio: Decimal) -> None:
    paid_fen, parts = 0, []
    for month in range(1, 13):
        parts.append(family_doctor_payable(heads=heads, yearly_fee_fen=yearly_fee_fen, assessment_ratio=ratio,
                                           month=month, paid_before_fen=paid_fen))
        paid_fen += parts[-1]
    assert paid_fen == int((heads * yearly_fee_fen * ratio).quantize(Decimal(1), rounding="ROUND_HALF_UP"))
    assert max(parts) - min(parts) <= 1


def test_there_is_no_thirteenth_month() -> None:
    with pytest.raises(ValueError, match="month"):
        family_doctor_payable(heads=1, yearly_fee_fen=5000, assessment_ratio=Decimal(1), month=13, paid_before_fen=0)
