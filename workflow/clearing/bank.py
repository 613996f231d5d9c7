"""A clearing's two payments through the bank: the agency pays the lead, the lead pays its members."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from governance.refusal import Refusal
from governance.roles import Role
from workflow.attempt import Attempt, refuse
from workflow.banking.payments import Payee, Payment, register
from workflow.clearing.dues import lead_of, passed_on, settled_now_fen, to_receive
from workflow.clearing.model import State
from workflow.clearing.paying import close_when_complete
from workflow.i18n import lazy as _
from workflow.settlement import receipts

APPROVED, SETTLED, DISTRIBUTING = str(State.APPROVED), str(State.SETTLED), str(State.DISTRIBUTING)


def _lead(attempt: Attempt) -> list[Payee]:
    lead = attempt.consortium.lead_id
    return [Payee(lead, lead_of(attempt), attempt.parties.names[lead], settled_now_fen(attempt))]


def _members(attempt: Attempt) -> list[Payee]:
    """The members whose money is out, those that have left since included."""
    out, rows = to_receive(attempt), {row.code: row for row in attempt.affiliations.rows}
    return [Payee(rows[code].id, code, rows[code].name, passed_on(attempt)[code]) for code in out if code in rows]


def _is_paid(attempt: Attempt) -> list[Refusal]:
    if settled_now_fen(attempt) > 0:
        return []
    return [Refusal(
        reason=_("本次清算没有应拨付牵头医院的款项"), reason_en="Nothing is paid to the lead", who=_("医保经办机构经办"),
        field="kind", fact="payment",
    )]  # fmt: skip


def _any(_attempt: Attempt) -> list[Refusal]:
    return []


def _lead_paid(attempt: Attempt, paid: Mapping[str, Mapping[str, Any]], _digest: str) -> None:
    attempt.noted["matched"] = sorted(paid)


def _members_paid(attempt: Attempt, paid: Mapping[str, Mapping[str, Any]], digest: str) -> None:
    """What the bank has paid to the fen stands for the member's receipt, once the payment is booked."""
    if not attempt.progress.get("distributed"):
        raise refuse(_("请先办理“拨付成员单位”，再登记银行回执"), who=_("牵头医院财务"), field="batch")
    dues = passed_on(attempt)
    proven = [code for code in to_receive(attempt) if code in paid and paid[code]["fen"] == dues[code]]
    for code in proven:
        row = paid[code]
        receipts.received(
            attempt, [code], dues, "proven", date.fromisoformat(row["day"]), bank_reference=row["serial"], proof=digest
        )
    attempt.noted["matched"] = sorted(proven)


def _close(attempt: Attempt) -> None:
    if attempt.case.state == State.DISTRIBUTING:
        close_when_complete(attempt)


register(
    Payment(
        "clearing", "lead", _("拨付牵头医院"), (Role.AGENCY_CLERK,), (Role.AGENCY_REVIEWER, Role.AGENCY_HEAD),
        (APPROVED, SETTLED, DISTRIBUTING), (APPROVED, SETTLED, DISTRIBUTING),
        lambda attempt: attempt.parties.body("agency"), _lead, lambda attempt: "settled" in attempt.progress,
        lambda attempt, code: f"clearing:{attempt.case.id}:settle:{code}",
        lambda attempt: f"{attempt.case.period} 年度清算款", _is_paid, _lead_paid, _close,
    )
)  # fmt: skip
register(
    Payment(
        "clearing", "members", _("拨付成员单位"), (Role.LEAD_FINANCE,), (Role.LEAD_HEAD,), (SETTLED, DISTRIBUTING),
        (DISTRIBUTING,), lambda attempt: attempt.consortium.lead_id, _members,
        lambda attempt: "distributed" in attempt.progress,
        lambda attempt, code: f"clearing:{attempt.case.id}:distribute:{code}",
        lambda attempt: f"{attempt.case.period} 年度清算款", _any, _members_paid, _close,
    )
)  # fmt: skip
