"""Each consortium's own line through the story."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from workflow.story import agreements, clearings, months, plans, prepayments, recognition
from workflow.story.player import Diary, Scene

FUND_GOOD = {
    "cost_growth": "5.8", "reimbursement_ratio": "64.2", "primary_visit_share": "62.4", "in_county_fund_share": "70.9",
    "primary_fund_share": "26.1",
}
FUND_FAIR = {
    "cost_growth": "8.4", "reimbursement_ratio": "63.0", "primary_visit_share": "58.0", "in_county_fund_share": "68.0",
    "primary_fund_share": "24.0",
}
CONTRIBUTION = {
    "county": ("96", "2", "72"), "township": ("94", "1", "76"), "village": ("90", "0", "71"),
}
DAILY = ("88", "90", "91", "89")


def _months(diary: Diary, plans_of_year: list[months.Month]) -> Iterator[Scene]:
    for month in plans_of_year:
        yield from months.played(diary, month)


def _carve_outs(drg_fen: int, chronic_fen: int) -> list[dict[str, object]]:
    return [
        {"name": "drg_budget", "amount_fen": drg_fen}, {"name": "chronic_package", "amount_fen": chronic_fen},
    ]


SUIXI_COUNTY: dict[str, object] = {
    "insured": 840480, "risk_fund_increment_fen": 0, "catastrophic_premium_fen": 9665520000,
    "consortia": [
        {"consortium": "suixi-1", "amount_fen": 52660000000}, {"consortium": "suixi-2", "amount_fen": 25720000000},
    ],
    "approved_fen": 78380000000,
    "reason": "下达数为公开的取整数 7.838 亿元（5.266 亿元与 2.572 亿元之和），与公式测算的差额如实列示",
}  # fmt: skip
# The county's DRG budget (4.2 亿元) is divided by package as a sample; the chronic package is published for each.
SUIXI_CARVED = {"suixi-1": (28_218_933_401, 10_550_000_000), "suixi-2": (13_781_066_599, 5_550_000_000)}
SUIXI_USED = {"suixi-1": (41_000_000_000, 10_660_000_000), "suixi-2": (19_650_000_000, 5_480_000_000)}


def suixi(diary: Diary) -> Iterator[Scene]:
    """濉溪 2024: both consortia taken over on the first day of the year, cleared and distributed in 2025."""
    for number, code in enumerate(("suixi-1", "suixi-2")):
        yield from _suixi_begins(diary, code, number)
        yield from _months(diary, months.year_of(code, 2024, *SUIXI_USED[code], 0))
        yield from _suixi_ends(diary, code, number)


def _suixi_begins(diary: Diary, code: str, number: int) -> Iterator[Scene]:
    yield from recognition.taken_over(
        diary,
        recognition.Taking(
            code, date(2024, 1, 2), date(2024, 1, 1), date(2024, 12, 31), "样例：濉溪县医共体认定文件",
            date(2023, 12, 29),
        ),
    )
    yield from agreements.budgeted(
        diary,
        agreements.Budgeting(
            code, 2024, {**SUIXI_COUNTY, "carve_outs": _carve_outs(*SUIXI_CARVED[code])}, date(2024, 1, 8 + number),
            parties=("county_insurance", "county_finance"), issued_on=date(2024, 3, 5),
            number=f"样例：濉医保〔2024〕{number + 8}号",
        ),
    )


def _suixi_ends(diary: Diary, code: str, number: int) -> Iterator[Scene]:
    yield from clearings.assessed(
        diary,
        clearings.Assessing(
            code, 2024, date(2025, 1, 14 + number), FUND_GOOD, DAILY, bureau="county_insurance",
            contribution=CONTRIBUTION,
        ),
    )
    yield from clearings.cleared(
        diary,
        clearings.Clearing(
            code, 2024, date(2025, 3, 10 + number), "county_finance", "county_insurance", risk_fund_fen=300_000_000
        ),
    )
    yield from plans.shared(
        diary,
        plans.Sharing(
            code, 2024, date(2025, 4, 8 + number), 20_000_000, filers=(("county_health", "county_health_reviewer"),)
        ),
    )


A_KEYS = recognition.CRITERIA_2020
A_BUDGET = 48_600_000_000
B_BUDGET = 27_000_000_000
D_BUDGET = 35_200_000_000


# Sample facts, declared county by county: a county's expenditure budget is apportioned between its own consortia only.
COUNTIES: dict[str, tuple[int, dict[str, tuple[str, ...]]]] = {
    "beihe": (76_200_000_000, {
        "beihe-a": ("412600", "905000", "470000000", "1.1", "1.0"),
        "beihe-b": ("238400", "498000", "262000000", "0.9", "1.1"),
    }),
    "qingxi": (35_600_000_000, {"qingxi-d": ("305200", "640000", "338000000", "1.0", "1.0")}),
}  # fmt: skip
FACTORS = ("insured", "service_volume", "prior_payments", "function", "risk")


def _factors(code: str, approved_fen: int) -> dict[str, object]:
    """Sample factors with which the county's expenditure budget is apportioned; the approved figure is negotiated."""
    budget_fen, declared = COUNTIES[code.partition("-")[0]]
    return {
        "basis": "expenditure", "pool_budget_fen": budget_fen,
        "consortia": [
            {"consortium": one, "factors": dict(zip(FACTORS, values, strict=True))} for one, values in declared.items()
        ],
        "approved_fen": approved_fen, "reason": "样例：经协商按近三年实际支出取整下达",
    }


def _contracted(diary: Diary, code: str, prepayment_fen: int) -> Iterator[Scene]:
    """Agreements of 2025 and 2026, and the renewal for 2027 that the story leaves with one authorisation missing."""
    yield from agreements.signed(
        diary, agreements.Signing(code, 2025, date(2024, 12, 3), prepayment_fen, date(2025, 1, 15))
    )
    yield from agreements.signed(
        diary, agreements.Signing(code, 2026, date(2025, 11, 10), prepayment_fen)
    )
    yield from prepayments.prepaid(
        diary, prepayments.Prepaying(code, 2026, prepayment_fen, date(2026, 1, 8), date(2026, 2, 24))
    )
    yield from agreements.signed(
        diary, agreements.Signing(code, 2027, date(2026, 11, 9), prepayment_fen, stops_at="authorising")
    )


def _budgets(diary: Diary, code: str, amount_fen: int, day: int, first_year_ready: date) -> Iterator[Scene]:
    """Budgets of 2025 (pre-issued on signing, issued in April) and of 2026."""
    yield from agreements.budgeted(
        diary,
        agreements.Budgeting(
            code, 2025, _factors(code, amount_fen), date(2025, 3, day), amount_fen * 9 // 10, first_year_ready,
            issued_on=date(2025, 4, 10 + day % 5), number=f"样例：示范医保发〔2025〕{day + 10}号",
        ),
    )
    yield from agreements.budgeted(
        diary,
        agreements.Budgeting(
            code, 2026, _factors(code, amount_fen + amount_fen // 25), date(2025, 12, day),
            issued_on=date(2026, 3, day),
            number=f"样例：示范医保发〔2026〕{day + 10}号",
        ),
    )


def consortium_a(diary: Diary) -> Iterator[Scene]:
    """Recognised after a correction and a conference; 2025 ends with a surplus whose plan is returned, then passed."""
    code = "beihe-a"
    yield from recognition.application(
        diary,
        recognition.Application(
            code, date(2024, 8, 5), A_KEYS, "A", {"C02": "B", "C11": "B"}, corrected="C05",
            first=("agree", "agree", "disagree"), after_conference=("agree", "agree", "agree"),
            number="示范医保发〔2024〕31号",
        ),
    )
    yield from _contracted(diary, code, 2_000_000_000)
    yield from _budgets(diary, code, A_BUDGET, 10, date(2024, 12, 20))
    yield from agreements.budgeted(
        diary, agreements.Budgeting(code, 2027, _factors(code, 52_000_000_000), date(2026, 11, 9), ends_opined=True)
    )
    year = months.year_of(
        code, 2025, 35_900_000_000, 10_875_300_125, 1_234_567_800, m05={"late": f"{code}-town-2"},
        m07={"disputed": True, "deduct_fen": 60_000_000}, m09={"absent": f"{code}-town-3"},
    )
    yield from _months(diary, year)
    running = months.year_of(
        code, 2026, 36_800_000_000, 11_100_000_000, 1_300_000_000, m03={"late": f"{code}-town-1"},
        m08={"stops_at": "distribute"},
        m09={"stops_at": "pay"}, m10={"stops_at": "declare", "declared_on": date(2026, 11, 20)},
    )
    yield from _months(diary, running[:10])
    yield from clearings.assessed(
        diary, clearings.Assessing(code, 2025, date(2026, 1, 12), FUND_GOOD, DAILY, contribution=CONTRIBUTION)
    )
    yield from clearings.cleared(
        diary, clearings.Clearing(code, 2025, date(2026, 3, 2), risk_fund_fen=500_000_000)
    )
    yield from plans.shared(diary, plans.Sharing(code, 2025, date(2026, 4, 7), 68_000_002, True))


def consortium_b(diary: Diary) -> Iterator[Scene]:
    """2025 ends 12 % over its budget; causes and the ceiling bite, and its own share is shared inside."""
    code = "beihe-b"
    yield from recognition.application(
        diary,
        recognition.Application(
            code, date(2024, 8, 12), A_KEYS, "A", {"C02": "B", "C11": "B", "C08": "B"}, number="示范医保发〔2024〕32号"
        ),
    )
    yield from _contracted(diary, code, 1_000_000_000)
    yield from _budgets(diary, code, B_BUDGET, 11, date(2024, 12, 23))
    yield from _months(diary, months.year_of(code, 2025, 22_800_000_000, 7_440_000_000, 420_000_000))
    running = months.year_of(
        code, 2026, 22_000_000_000, 7_000_000_000, 430_000_000, m09={"stops_at": "approve"},
        m10={"stops_at": "declare", "absent": f"{code}-town-3"},
    )
    yield from _months(diary, running[:10])
    yield from clearings.assessed(
        diary, clearings.Assessing(code, 2025, date(2026, 1, 13), FUND_FAIR, DAILY, contribution=CONTRIBUTION)
    )
    yield from clearings.cleared(
        diary,
        clearings.Clearing(
            code, 2025, date(2026, 3, 9), causes={"policy": 2_000_000_000, "force_majeure": 900_000_000},
            risk_fund_fen=1_500_000_000,
        ),
    )
    yield from plans.shared(diary, plans.Sharing(code, 2025, date(2026, 4, 14), overrun=True))


def consortium_c(diary: Diary) -> Iterator[Scene]:
    """Refused recognition after a conference; in 2026 it tries again and waits for the county's endorsement."""
    code = "qingxi-c"
    yield from recognition.application(
        diary,
        recognition.Application(
            code, date(2024, 9, 2), A_KEYS, "A", {"C02": "B", "C11": "B", "C05": "B", "C06": "B"},
            first=("agree", "agree", "disagree"), after_conference=("agree", "agree", "disagree"),
        ),
    )
    yield from recognition.assessed_again(
        diary, recognition.Application(code, date(2026, 11, 9), recognition.CRITERIA_2024, "met", {})
    )


def consortium_d(diary: Diary) -> Iterator[Scene]:
    """Taken over in 2025 as it already ran; its plan is in consultation when the story ends."""
    code = "qingxi-d"
    yield from recognition.taken_over(
        diary,
        recognition.Taking(
            code, date(2025, 1, 6), date(2025, 1, 1), date(2025, 12, 31), "样例：清溪县医共体认定文件",
            date(2024, 12, 10), tuple(agreements.ANSWERS.items()),
        ),
    )
    yield from agreements.signed(diary, agreements.Signing(code, 2026, date(2025, 11, 12)))
    yield from agreements.signed(diary, agreements.Signing(code, 2027, date(2026, 11, 10), stops_at="authorising"))
    yield from _budgets(diary, code, D_BUDGET, 12, date(2025, 1, 13))
    yield from _months(diary, months.year_of(code, 2025, 26_300_000_000, 7_900_000_000, 300_000_000))
    running = months.year_of(
        code, 2026, 26_900_000_000, 8_000_000_000, 310_000_000, m03={"stops_at": "pay"},
        m09={"stops_at": "review"}, m10={"stops_at": "import"},
    )
    yield from _months(diary, running[:10])
    yield from clearings.assessed(
        diary, clearings.Assessing(code, 2025, date(2026, 1, 14), FUND_GOOD, DAILY, contribution=CONTRIBUTION)
    )
    yield from clearings.cleared(diary, clearings.Clearing(code, 2025, date(2026, 4, 20), risk_fund_fen=400_000_000))
    yield from plans.shared(diary, plans.Sharing(code, 2025, date(2026, 11, 18), stops_at="consultation"))


def consortium_e(diary: Diary) -> Iterator[Scene]:
    """A new application on the criteria of 2024, under review by three bureaus with one decided."""
    yield from recognition.under_review(
        diary, recognition.Application("qingxi-e", date(2026, 9, 28), recognition.CRITERIA_2024, "met", {})
    )
