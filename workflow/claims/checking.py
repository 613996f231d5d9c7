"""What must hold inside one claims row, and between the rows of a file."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from governance.money import yuan
from workflow.claims.columns import AMOUNTS, CATEGORIES, INPATIENT_GROUPS, POOLS, Value

Wrong = tuple[str, str, str, str]
"""Column key, the problem in Chinese, in English, and how to mend it."""

_MEASURES = ("weight_ten_thousandths", "points_ten_thousandths", "bed_days")
_BORNE_BY_OTHERS = ("patient_fen", "catastrophic_fen", "aid_fen", "other_fen")
_SAME = ("provider", "insured_consortium", "pool", "category")
_BLANK_IS_NOTHING = frozenset({"cost_fen", *_BORNE_BY_OTHERS})


@dataclass(frozen=True, slots=True)
class Expected:
    """What the file must be about. ``period`` is ``YYYY-MM``; ``members`` are provider codes of the consortium.

    ``others`` are providers whose cases may be listed here though neither institution nor patient belongs to the
    consortium (they are counted as excluded). ``consortia`` are the codes a patient may belong to; not checked if None.
    """

    consortium: str
    pool: str
    period: str
    members: frozenset[str]
    others: frozenset[str] = frozenset()
    consortia: frozenset[str] | None = None

    @property
    def last_day(self) -> str:
        """The last day of the settlement month, ISO."""
        year, month = map(int, self.period.split("-"))
        return f"{self.period}-{calendar.monthrange(year, month)[1]}"


def wrongs_of(row: Mapping[str, Value], expected: Expected) -> Iterator[Wrong]:
    """Everything wrong inside one row whose cells could be read."""
    yield from _scope(row, expected)
    yield from _days(row, expected)
    yield from _signs(row)
    yield from _cost(row)
    yield from _basis(row, expected)


def _scope(row: Mapping[str, Value], expected: Expected) -> Iterator[Wrong]:
    if row["pool"] != expected.pool:
        yield ("pool", f"险种与本次导入不符（应为{POOLS[expected.pool]}）", f"the pool should be {expected.pool}",
               "居民和职工分开导入，删去此行")
    if row["period"] != expected.period:
        yield ("period", f"清算月份与本次导入不符（应为 {expected.period}）", f"the period should be {expected.period}",
               "迟到的结算按到达的月份填写，或改到对应月份导入")
    insured = row["insured_consortium"]
    known = expected.consortia
    if insured not in (None, expected.consortium) and known is not None and insured not in known:
        yield ("insured_consortium", "名册里没有这个医共体", "no consortium has this code",
               "按名册填写医共体编码；参保人不归属任何医共体的留空")
    here, ours = row["provider"] in expected.members, row["insured_consortium"] == expected.consortium
    if not here and not ours and row["provider"] not in expected.others:
        yield ("provider", "医疗机构不是本医共体成员，参保人也不归属本医共体",
               "neither the provider nor the patient belongs to this consortium", "核对机构编码和归属名册，或删去此行")


def _days(row: Mapping[str, Value], expected: Expected) -> Iterator[Wrong]:
    admitted, discharged = str(row["admitted_on"]), row["discharged_on"]
    if discharged is not None and str(discharged) < admitted:
        yield "discharged_on", "出院日期早于入院日期", "discharged before being admitted", "核对两个日期"
    for key in ("admitted_on", "discharged_on"):
        if row[key] is not None and str(row[key]) > expected.last_day:
            yield key, "日期晚于清算月份", "the day is after the settlement period", "核对日期，或改到对应月份导入"


def _signs(row: Mapping[str, Value]) -> Iterator[Wrong]:
    """Amounts are negative only in a reversal; a DRG or DIP fund share may be (standard less than the deductions)."""
    free = {"fund_fen"} if row["category"] in INPATIENT_GROUPS else set()
    reversal = row["reverses"] is not None
    for key in AMOUNTS:
        amount = row[key]
        if not isinstance(amount, int) or key in free:
            continue
        if reversal and amount > 0:
            yield key, "冲正行的金额应为负数", "amounts of a reversal are negative", "填写原金额的相反数"
        if not reversal and amount < 0:
            yield (key, "金额为负，但不是冲正行", "a negative amount outside a reversal",
                   "填写“冲正原流水号”，或改为正数")
    for key in ("group_mean_fen", *(() if reversal else _MEASURES)):
        measure = row[key]
        if isinstance(measure, int) and measure < 0:
            yield key, "不能为负数", "must not be negative", "改为正数"


def _cost(row: Mapping[str, Value]) -> Iterator[Wrong]:
    """Nobody bears more of an inpatient case than it cost; what the pool pays may still be less than nothing."""
    cost = row["cost_fen"]
    if row["category"] not in INPATIENT_GROUPS or row["reverses"] is not None or not isinstance(cost, int) or cost < 0:
        return
    borne_fen = sum(amount for key in _BORNE_BY_OTHERS if isinstance(amount := row[key], int) and amount > 0)
    if cost < borne_fen:
        yield ("cost_fen", f"医疗总费用 {yuan(cost)} 元少于个人负担、大病保险、医疗救助和其他基金之和 {yuan(borne_fen)} 元",
               f"the total cost, {yuan(cost)} yuan, is less than what others bear of it, {yuan(borne_fen)} yuan",
               "核对医疗总费用和各项支付")


def mirror_wrongs(row: Mapping[str, Value], original: Mapping[str, Value], where: str) -> Iterator[Wrong]:
    """How a reversal differs from the claim it reverses, which stands at ``where``.

    It is of the same institution, consortium, pool and category, of as much weight, points and days, and each amount
    is the exact opposite. A blank cost or part of it is nothing.
    """
    for key in (*_SAME, "group_mean_fen"):
        if row[key] != original[key]:
            was = "空" if original[key] is None else str(original[key])
            yield (key, f"与被冲正的结算不一致（原为{was}）", f"differs from the claim it reverses ({original[key]})",
                   f"照{where}填写")
    for key in _MEASURES:
        if _size(row[key]) != _size(original[key]):
            yield (key, "与被冲正的结算不一致", "differs from the claim it reverses", f"照{where}填写")
    for key in AMOUNTS:
        amount, was_fen = row[key], original[key]
        if key in _BLANK_IS_NOTHING:
            amount, was_fen = amount or 0, was_fen or 0
        opposite_fen = -was_fen if isinstance(was_fen, int) else None
        if amount != opposite_fen:
            wanted = "空" if opposite_fen is None else f" {yuan(opposite_fen)} 元"
            yield (key, f"不是原金额的相反数（应为{wanted}）", "not the exact opposite of the amount it reverses",
                   f"照{where}填写相反数")


def _size(measure: Value) -> Value:
    return abs(measure) if isinstance(measure, int) else measure


def _basis(row: Mapping[str, Value], expected: Expected) -> Iterator[Wrong]:
    """A row carries what its category is paid by; rates are the members' own, so others carry an amount."""
    category = str(row["category"])
    measure = {"drg": "weight_ten_thousandths", "dip": "points_ten_thousandths", "bed_day": "bed_days"}.get(category)
    here = row["provider"] in expected.members
    if here and measure and row[measure] is not None:
        return
    if category in INPATIENT_GROUPS and row["standard_fen"] is None and (here or row["fund_fen"] is None):
        yield ("standard_fen", f"{CATEGORIES[category]}需要支付标准" + ("，或权重（分值）" if here else "，或统筹基金支付"),
               "an inpatient case needs its standard, or " + ("its weight or points" if here else "the fund share"),
               "补填支付标准" + ("或权重（分值）" if here else "或统筹基金支付"))
    elif category not in INPATIENT_GROUPS and row["fund_fen"] is None:
        yield ("fund_fen", f"{CATEGORIES[category]}需要统筹基金支付金额", f"{category} needs the fund share",
               "补填统筹基金支付，没有支付的填 0")


def identity_wrongs(
    rows: list[tuple[int, str, str | None]], known: set[str],
) -> Iterator[tuple[int, str, Wrong]]:
    """Duplicates and reversals of nothing. ``rows``: row number, claim id, what it reverses; ``known`` imported ids.

    Yields row number, the value and the wrong.
    """
    first: dict[str, int] = {}
    reversals = {claim for _, claim, target in rows if target}
    for number, claim, _ in rows:
        if claim in first:
            yield number, claim, ("claim_id", f"结算流水号与第 {first[claim]} 行重复",
                                              f"the claim id repeats row {first[claim]}", "删去重复的一行")
        elif claim in known:
            yield number, claim, ("claim_id", "结算流水号以前已导入", "the claim was imported before",
                                              "删去此行；要更正的，另开一行冲正")
        first.setdefault(claim, number)
    undone: dict[str, int] = {}
    for number, claim, target in rows:
        if target is None:
            continue
        if target == claim or (target not in first and target not in known):
            yield number, target, ("reverses", "被冲正的结算流水号不存在", "it reverses an unknown claim",
                                               "核对原流水号，先导入原结算")
        elif target in reversals:
            yield number, target, ("reverses", "不能冲正一条冲正", "a reversal cannot be reversed",
                                               "另报一条新的结算")
        elif target in undone:
            yield number, target, ("reverses", f"与第 {undone[target]} 行冲正同一条结算",
                                               f"row {undone[target]} reverses the same claim", "只保留一条冲正")
        undone.setdefault(target, number)
