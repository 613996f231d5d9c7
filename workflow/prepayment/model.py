"""What a prepayment holds, and what stands out of it by the books."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, func, select

from governance.prepayment import REPAY_BY, YEARS, day_of_year
from governance.rulebook import Provision
from workflow.agreement.model import POOL_LABELS as POOL_LABELS
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.model import cases, journals, postings
from workflow.settlement.model import months

PARTIES_RULE = "prepayment.consent_parties"
MONTHS_OF_A_YEAR = 12
STANDING_LABELS = {
    "agreement_performed": _("协议履行良好"), "accounts_sound": _("财务制度健全，预付金专账管理"),
    "no_serious_violation": _("上年没有重大违规"),
}  # fmt: skip
USE_LABELS = {"drugs": _("药品采购周转"), "consumables": _("医用耗材采购周转")}
CONDITION_LABELS = {
    "agreed": _("不超过协议约定"), "within_base": _("不超过基数"), "reserve": _("基金结余可支付月数"),
    "no_deficit": _("基金没有赤字"), "standing": _("医疗机构条件"), "uses": _("用途"),
    "prior_repaid": _("以前年度已全部收回"), "not_excluded": _("没有因违规被收回"), "applied_in_time": _("申请时间"),
}  # fmt: skip


class State(StrEnum):
    """Where a prepayment stands."""

    APPLIED = "applied"
    CHECKED = "checked"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    CONSENTING = "consenting"
    CONSENTED = "consented"
    ADVANCED = "advanced"
    RECOVERING = "recovering"
    REPAID = "repaid"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


STATE_LABELS = {
    State.APPLIED: _("已申请"),
    State.CHECKED: _("已核查"),
    State.REVIEWED: _("已复核"),
    State.APPROVED: _("经办机构已审批"),
    State.CONSENTING: _("会同审核中"),
    State.CONSENTED: _("会同审核通过"),
    State.ADVANCED: _("已拨付"),
    State.RECOVERING: _("收回中"),
    State.REPAID: _("已收回"),
    State.REFUSED: _("不予预付"),
    State.WITHDRAWN: _("已撤回"),
}
OUT = (State.ADVANCED, State.RECOVERING)


def outstanding_fen(connection: Connection, code: str, pool: str, year: int) -> int:
    """Prepayment of a consortium's pool booked up to ``year`` and neither set off nor repaid, in fen."""
    query = (
        select(func.coalesce(func.sum(postings.c.fen), 0))
        .join_from(postings, journals)
        .where(
            postings.c.account == "prepayment", postings.c.party == code, journals.c.book == f"{code}/{pool}",
            journals.c.year <= year,
        )
    )  # fmt: skip
    return int(connection.scalar(query) or 0)


def open_fen(attempt: Attempt, years_before: int = 0) -> int:
    """What is out of the case's pool up to its year, or up to an earlier one, in fen."""
    case = attempt.case
    year = int(case.period) - years_before
    return attempt.once(
        ("outstanding", year),
        lambda: outstanding_fen(attempt.connection, attempt.consortium.code, case.pool, year),
    )


def waiting_repayment(progress: dict[str, Any]) -> dict[str, Any] | None:
    """What the lead says it has repaid and the agency has not answered; ``None`` when there is nothing."""
    return next((one for one in progress.get("repayments", []) if one["state"] == "said"), None)


def repay_by(attempt: Attempt) -> date:
    """The day by which the prepayment is to be back."""
    year = int(attempt.case.period)
    return day_of_year(str(attempt.rule(REPAY_BY, on=date(year, 1, 1)).value), year)


def days_until(rule: Provision, day: date, last: date) -> Provision:
    """The rule, which names the ``last`` day, as so many days from ``day``."""
    return replace(rule, value=str((last - day).days), unit="days")


def monthly_mean(attempt: Attempt) -> tuple[int, int]:
    """From the months closed here in the years before: what the pool owed a month on average, in fen, and how many."""
    case, year = attempt.case, int(attempt.case.period)
    closed = [
        one
        for before in range(1, 1 + attempt.rule(YEARS).integer)
        for one in months(attempt.connection, case.consortium_id, case.pool, year - before)
        if one.closed
    ]
    periods = len({one.period for one in closed})
    if not periods:
        return 0, 0
    owed_fen = sum(one.results["gross_fen"] - one.results["audit_deduction_fen"] for one in closed)
    return (2 * owed_fen + periods) // (2 * periods), periods


def last_violation(connection: Connection, consortium_id: int, pool: str, before: int) -> int | None:
    """The last year before ``before`` whose prepayment had to be demanded back; ``None`` when none had."""
    query = select(func.max(cases.c.period)).where(
        cases.c.stage == "prepayment", cases.c.consortium_id == consortium_id, cases.c.pool == pool,
        cases.c.period < str(before), cases.c.progress.like('%"demanded":%'),
    )  # fmt: skip
    found = connection.scalar(query)
    return int(found) if found else None


def under_way(connection: Connection, consortium_id: int, pool: str, year: int) -> int | None:
    """The number of a prepayment of this pool and year that was neither refused nor withdrawn, or ``None``."""
    ended = [str(one) for one in (State.REFUSED, State.WITHDRAWN)]
    found: int | None = connection.scalar(
        select(cases.c.id)
        .where(
            cases.c.stage == "prepayment", cases.c.consortium_id == consortium_id, cases.c.pool == pool,
            cases.c.period == str(year), cases.c.state.not_in(ended),
        )
        .limit(1)
    )  # fmt: skip
    return found
