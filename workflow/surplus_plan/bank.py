"""A plan's two payments through the bank: the agency pays the retained surplus, the lead pays its members."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from governance.refusal import Refusal
from governance.roles import Role
from workflow.attempt import Attempt, refuse
from workflow.banking.payments import Payee, Payment, register
from workflow.i18n import lazy as _
from workflow.settlement import receipts
from workflow.surplus_plan.model import State, members_of_year, parts_of, shares_overrun, unconfirmed

FILED, PAYING = str(State.FILED), str(State.PAYING)


def _lead(attempt: Attempt) -> list[Payee]:
    lead, parties = attempt.consortium.lead_id, attempt.parties
    return [Payee(lead, parties.codes[lead], parties.names[lead], sum(parts_of(attempt).values()))]


def _members(attempt: Attempt) -> list[Payee]:
    """The members other than the lead whose share is out."""
    shares, out = attempt.results["members"], set(unconfirmed(attempt))
    return [
        Payee(one.id, one.code, one.name, shares[one.code])
        for one in members_of_year(attempt)
        if one.code in out and one.id != attempt.consortium.lead_id
    ]


def _comes_from_the_agency(attempt: Attempt) -> list[Refusal]:
    if not attempt.dossier["settled_with_clearing"]:
        return []
    return [_not_paid_here(_("留用结余已随年度清算拨付，这里没有拨付"))]


def _goes_to_members(attempt: Attempt) -> list[Refusal]:
    return [_not_paid_here(_("超支分担是向成员收回，不由银行付款"))] if shares_overrun(attempt.dossier) else []


def _not_paid_here(reason: Any) -> Refusal:
    return Refusal(reason=reason, reason_en="Nothing is paid here", who=_("牵头医院财务"), field="kind", fact="payment")


def _lead_paid(attempt: Attempt, paid: Mapping[str, Mapping[str, Any]], _digest: str) -> None:
    attempt.noted["matched"] = sorted(paid)


def _members_paid(attempt: Attempt, paid: Mapping[str, Mapping[str, Any]], digest: str) -> None:
    """What the bank has paid to the fen stands for the member's receipt, once the payment is booked."""
    if not attempt.progress.get("distributed"):
        raise refuse(_("请先办理“按方案支付”，再登记银行回执"), who=_("牵头医院财务"), field="batch")
    shares, out = attempt.results["members"], unconfirmed(attempt)
    proven = [code for code in out if code in paid and paid[code]["fen"] == shares[code]]
    for code in proven:
        row = paid[code]
        receipts.received(
            attempt, [code], shares, "proven", date.fromisoformat(row["day"]), bank_reference=row["serial"],
            proof=digest,
        )  # fmt: skip
    attempt.noted["matched"] = sorted(proven)


def _complete(attempt: Attempt) -> None:
    if attempt.progress.get("distributed") and not unconfirmed(attempt):
        attempt.follow = "complete"


register(
    Payment(
        "surplus_plan", "retained", _("拨付留用结余"), (Role.AGENCY_CLERK,), (Role.AGENCY_REVIEWER, Role.AGENCY_HEAD),
        (FILED, PAYING), (FILED, PAYING), lambda attempt: attempt.parties.body("agency"), _lead,
        lambda attempt: "paid" in attempt.progress, lambda attempt, code: f"surplus_plan:{attempt.case.id}:pay:{code}",
        lambda attempt: f"{attempt.case.period} 年度医保结余留用资金", _comes_from_the_agency, _lead_paid, _complete,
    )
)  # fmt: skip
register(
    Payment(
        "surplus_plan", "members", _("按方案支付"), (Role.LEAD_FINANCE,), (Role.LEAD_HEAD,), (PAYING,), (PAYING,),
        lambda attempt: attempt.consortium.lead_id, _members, lambda attempt: bool(attempt.progress.get("distributed")),
        lambda attempt, code: f"surplus_plan:{attempt.case.id}:distribute:{code}",
        lambda attempt: f"{attempt.case.period} 年度结余分配", _goes_to_members, _members_paid, _complete,
    )
)  # fmt: skip
