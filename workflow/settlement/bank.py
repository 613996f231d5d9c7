"""A month's two payments through the bank: the agency pays the lead, the lead pays its members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from governance.refusal import Refusal
from governance.roles import Role
from workflow.attempt import Attempt
from workflow.banking.payments import Payee, Payment, register
from workflow.i18n import lazy as _
from workflow.settlement import receipts
from workflow.settlement.conditions import approval_is_current, release_not_asked, worksheet_unchanged
from workflow.settlement.model import State, members_of_month, net_by_member, unconfirmed

PAID = (str(State.PAID_TO_LEAD), str(State.DISTRIBUTING))
OWED = (str(State.APPROVED), str(State.FUNDED))


def _lead(attempt: Attempt) -> list[Payee]:
    lead = attempt.consortium.lead_id
    parties = attempt.parties
    return [Payee(lead, parties.codes[lead], parties.names[lead], sum(net_by_member(attempt).values()))]


def _members(attempt: Attempt) -> list[Payee]:
    """The members other than the lead that neither have confirmed nor are proven to have their money."""
    nets, out = net_by_member(attempt), set(unconfirmed(attempt))
    return [
        Payee(one.id, one.code, one.name, nets[one.code])
        for one in members_of_month(attempt)
        if one.code in out and one.id != attempt.consortium.lead_id
    ]


def _approved(attempt: Attempt) -> Iterable[Refusal]:
    """What holds a payment up: a decision on other content, or use of funds that is asked for and not granted."""
    found = [approval_is_current(attempt), worksheet_unchanged(attempt)]
    if attempt.case.state == State.APPROVED:
        found.append(release_not_asked(attempt))
    return [one for one in found if one is not None]


def _lead_paid(attempt: Attempt, paid: Mapping[str, Mapping[str, Any]], _digest: str) -> None:
    attempt.noted["matched"] = sorted(paid)


def _members_paid(attempt: Attempt, paid: Mapping[str, Mapping[str, Any]], digest: str) -> None:
    """What the bank has paid to the fen stands for the member's receipt."""
    nets, out = net_by_member(attempt), unconfirmed(attempt)
    proven = [code for code in out if code in paid and paid[code]["fen"] == nets[code]]
    for code in proven:
        row = paid[code]
        receipts.received(
            attempt, [code], nets, "proven", date.fromisoformat(row["day"]), bank_reference=row["serial"], proof=digest
        )
    attempt.noted["matched"] = sorted(proven)


def _close(attempt: Attempt) -> None:
    if attempt.case.state == State.DISTRIBUTING and not unconfirmed(attempt):
        attempt.follow = "close"


def _agency(attempt: Attempt) -> int | None:
    return attempt.parties.body("agency")


AGENCY = (Role.AGENCY_REVIEWER, Role.AGENCY_HEAD)
register(
    Payment(
        "settlement", "lead", _("拨付牵头医院"), (Role.AGENCY_CLERK,), AGENCY, OWED + PAID, OWED + PAID, _agency, _lead,
        lambda attempt: "paid" in attempt.progress, lambda attempt, code: f"settlement:{attempt.case.id}:pay:{code}",
        lambda attempt: f"{attempt.case.period} 医共体月度结算款", _approved, _lead_paid, _close,
    )
)  # fmt: skip
register(
    Payment(
        "settlement", "members", _("拨付成员单位"), (Role.LEAD_FINANCE,), (Role.LEAD_HEAD,), PAID,
        (str(State.DISTRIBUTING),), lambda attempt: attempt.consortium.lead_id, _members,
        lambda attempt: "distributed" in attempt.progress,
        lambda attempt, code: f"settlement:{attempt.case.id}:distribute:{code}",
        lambda attempt: f"{attempt.case.period} 医共体月度结算款", _approved, _members_paid, _close,
    )
)  # fmt: skip
