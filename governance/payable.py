"""What the pool pays for a case or for registered heads, category by category; each amount is rounded once, in fen."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from governance.money import round_fen


def drg_standard(*, weight: Decimal, rate_fen: Decimal, coefficient: Decimal) -> int:
    """The standard of one DRG case: weight × rate × institution coefficient."""
    return round_fen(Fraction(weight) * Fraction(rate_fen) * Fraction(coefficient))


def dip_standard(
    *, points: Decimal, point_value_fen: Decimal, coefficient: Decimal, cost_fen: int, group_mean_fen: int,
    outliers: Mapping[str, str],
) -> int:
    """The standard of one DIP case: points × point value × coefficient, points adjusted for cost outliers.

    Below ``low`` of the group mean the points go by actual ÷ mean; above ``high`` by (actual ÷ mean − high) + 1; both
    edges themselves are no outliers. Rule ``settlement.dip.outliers``.
    """
    counted = Fraction(points)
    if group_mean_fen > 0:
        reached = Fraction(cost_fen, group_mean_fen)
        if reached < Fraction(outliers["low"]):
            counted *= reached
        elif reached > Fraction(outliers["high"]):
            counted *= reached - Fraction(outliers["high"]) + 1
    return round_fen(counted * Fraction(point_value_fen) * Fraction(coefficient))


def case_payable(standard_fen: int, *, others_fen: int, floor_at_zero: bool) -> int:
    """Standard less what the patient, catastrophic insurance, medical aid and other funds pay; may be negative.

    Rule ``settlement.drg.floor_at_zero`` cuts it off at zero, case by case.
    """
    payable_fen = standard_fen - others_fen
    return max(payable_fen, 0) if floor_at_zero else payable_fen


def bed_day_payable(*, days: int, daily_rate_fen: int, fund_share: Decimal) -> int:
    """Days × the daily rate of the member's level × the fund's share."""
    return round_fen(Fraction(days * daily_rate_fen) * Fraction(fund_share))


def capitation_payable(*, heads: int, monthly_rate_fen: int, used_outside_fen: int) -> int:
    """Contracted heads × the monthly head rate − what they used outside; may be negative."""
    return heads * monthly_rate_fen - used_outside_fen


def family_doctor_payable(
    *, heads: int, yearly_fee_fen: int, assessment_ratio: Decimal, month: int, paid_before_fen: int,
) -> int:
    """The signing fee of one month (1 to 12), rounded cumulatively so that twelve months make the year exactly.

    ``paid_before_fen`` is what the months before it were paid. Raises ValueError for any other month.
    """
    if not 1 <= month <= 12:
        raise ValueError("a month is 1 to 12")
    return round_fen(Fraction(heads * yearly_fee_fen * month, 12) * Fraction(assessment_ratio)) - paid_before_fen
