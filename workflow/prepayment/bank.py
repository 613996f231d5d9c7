"""A prepayment through the bank: the agency pays the lead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from governance.refusal import Refusal
from governance.roles import Role
from workflow.attempt import Attempt
from workflow.banking.payments import Payee, Payment, register
from workflow.i18n import lazy as _
from workflow.prepayment.conditions import approval_stands, earlier_years_repaid, still_agreed, year_not_cleared
from workflow.prepayment.model import State

BEFORE = (str(State.APPROVED), str(State.CONSENTED))
SENT = (*BEFORE, str(State.ADVANCED))


def _lead(attempt: Attempt) -> list[Payee]:
    lead, parties = attempt.consortium.lead_id, attempt.parties
    return [Payee(lead, parties.codes[lead], parties.names[lead], attempt.case.amount_fen or 0)]


def _payable(attempt: Attempt) -> Iterable[Refusal]:
    """What holds the payment up; once it is booked, only the bank's failure is mended."""
    if "paid" in attempt.progress:
        return []
    found = (approval_stands, still_agreed, earlier_years_repaid, year_not_cleared)
    return [one for one in (guard(attempt) for guard in found) if one is not None]


def _matched(attempt: Attempt, paid: Mapping[str, Mapping[str, Any]], _digest: str) -> None:
    attempt.noted["matched"] = sorted(paid)


register(
    Payment(
        "prepayment", "lead", _("拨付预付金"), (Role.AGENCY_CLERK,), (Role.AGENCY_REVIEWER, Role.AGENCY_HEAD), SENT, SENT,
        lambda attempt: attempt.parties.body("agency"), _lead, lambda attempt: "paid" in attempt.progress,
        lambda attempt, code: f"prepayment:{attempt.case.id}:pay:{code}",
        lambda attempt: f"{attempt.case.period} 年医共体预付金", _payable, _matched,
    )
)  # fmt: skip
