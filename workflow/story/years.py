"""Each consortium's own line through the story."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from workflow.story import agreements, clearings, months, plans, recognition
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


def suixi(diary: Diary) -> Iterator[Scene]:
    """濉溪 2024: both consortia taken over on the first day of the year, cleared and distributed in 2025."""
    county = {
        "insured": 840480, "risk_fund_increment_fen": 0, "catastrophic_premium_fen": 9665520000,
        "consortia": [
            {"consortium": "suixi-1", "amount_fen": 52660000000}, {"consortium": "suixi-2", "amount_fen": 25720000000},
        ],
        "approved_fen": 78380000000,
        "reason": "下达数为公开的取整数 7.838 亿元（5.266 亿元与 2.572 亿元之和），与公式测算的差额如实列示",
    }
    # The county's DRG budget (4.2 亿元) is divided by package as a sample; the chronic package is published for each.
    carved = {"suixi-1": (28_218_933_401, 10_550_000_000), "suixi-2": (13_781_066_599, 5_550_000_000)}
    used = {"suixi-1": (41_000_000_000, 10_660_000_000), "suixi-2": (19_650_000_000, 5_480_000_000)}
    for number, code in enumerate(("suixi-1", "suixi-2")):
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
                code, 2024, {**county, "carve_outs": _carve_outs(*carved[code])}, date(2024, 1, 8 + number), parties=("county_insurance", "county_finance"),
                issued_on=date(2024, 3, 5), number=f"样例：濉医保〔2024〕{number + 8}号",
            ),
        )
        yield from _months(diary, months.year_of(code, 2024, *used[code], 0))
        yield from clearings.assessed(
            diary,
            clearings.Assessing(
                code, 2024, date(2025, 1, 14 + number), FUND_GOOD, DAILY, bureau="county_insurance", contribution=CONTRIBUTION
            ),
        )
        yield from clearings.cleared(
            diary,
            clearings.Clearing(code, 2024, date(2025, 3, 10 + number), "county_finance", "county_insurance",
                               risk_fund_fen=300_000_000),
        )
        yield from plans.shared(diary, plans.Sharing(code, 2024, date(2025, 4, 8 + number)))
