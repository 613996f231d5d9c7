"""From filing to every member's receipt: what is booked, who has paid, and who has the money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from governance.roles import Role
from workflow import clocks, ledger
from workflow.attempt import Attempt, refuse
from workflow.banking.standing import open_lines
from workflow.banking.transfer import day_of, transferred
from workflow.i18n import lazy as _
from workflow.settlement import receipts
from workflow.surplus_plan.model import parts_of, shares_overrun, unconfirmed, year_of

Lines = list[tuple[str, str, int]]


def file(attempt: Attempt) -> None:
    """The plan is filed: what each recipient gets (or bears) is booked, and the days for paying begin."""
    code, lead, parts = attempt.consortium.code, _lead(attempt), parts_of(attempt)
    total_fen = sum(parts.values())
    if attempt.dossier["settled_with_clearing"]:
        # What the clearing left with the lead for the plan is now its members'; an overrun goes the other way.
        sign = -1 if shares_overrun(attempt.dossier) else 1
        lines: Lines = [("held", code, sign * total_fen), ("held", lead, -sign * total_fen)]
        lines += [("custody", lead, sign * total_fen)]
        lines += [("owed", party, -sign * fen) for party, fen in parts.items()]
    else:
        source = str(attempt.dossier.get("source", "clearing"))
        lines = [(source, code, total_fen), *(("payable", party, -fen) for party, fen in parts.items())]
    _post(attempt, "file", "分配方案备案", lines)
    rule = attempt.rule("surplus.pay_within_days")
    if attempt.dossier["settled_with_clearing"]:
        clocks.start(attempt, "pay_members", rule, Role.LEAD_FINANCE)
        attempt.follow = "begin_sharing"
        return
    clocks.start(attempt, "pay_lead", rule, Role.AGENCY_CLERK)
    attempt.notify(Role.AGENCY_CLERK, "filed", "分配方案已备案，请拨付留用结余")


def begin_sharing(attempt: Attempt) -> None:
    """Nothing comes from the agency: the lead shares what it holds, or recovers what members bear."""
    attempt.notify(Role.LEAD_FINANCE, "paying", "方案已备案，请按方案支付或收回")


def pay_retained(attempt: Attempt, *, bank_reference: str, paid_on: str | None = None) -> None:
    """The agency has paid the retained surplus to the lead, who holds it for the recipients."""
    on, parts = _day(attempt, paid_on, "paid_on"), parts_of(attempt)
    total_fen = sum(parts.values())
    attempt.progress["paid"] = transferred(attempt, bank_reference, on, total_fen)
    lines: Lines = [("payable", party, fen) for party, fen in parts.items()]
    lines += [("bank", attempt.consortium.code, -total_fen), ("custody", _lead(attempt), total_fen)]
    lines += [("owed", party, -fen) for party, fen in parts.items()]
    _post(attempt, "pay", f"拨付留用结余 {bank_reference.strip()}", lines)
    clocks.stop(attempt, "pay_lead", on)
    rule = attempt.rule("settlement.pay_members_within")
    clocks.start(attempt, "pay_members", rule, Role.LEAD_FINANCE, started_on=on)
    attempt.notify(Role.LEAD_FINANCE, "paid", "留用结余已拨付，请按方案支付成员单位")


def pay_members(attempt: Attempt, *, bank_reference: str, paid_on: str | None = None) -> None:
    """The lead has paid every recipient what the plan says (of an overrun: has recovered it); its own part stays."""
    on, parts = _day(attempt, paid_on, "paid_on"), parts_of(attempt)
    total_fen, lead = sum(parts.values()), _lead(attempt)
    sign = -1 if shares_overrun(attempt.dossier) else 1
    attempt.progress["distributed"] = {**transferred(attempt, bank_reference, on, total_fen), "parts": parts}
    lines: Lines = [("owed", party, sign * fen) for party, fen in parts.items()]
    _post(attempt, "distribute", f"按方案支付 {bank_reference.strip()}", [*lines, ("custody", lead, -sign * total_fen)])
    clocks.stop(attempt, "pay_members", on)
    if lead in parts:
        _received(attempt, [lead], "kept", on)
    for member in attempt.parties.members:
        if member.code in unconfirmed(attempt):
            attempt.notify(Role.MEMBER_CLERK, "distributed", "方案款项已支付，请确认", member.id)
    _complete_when_received(attempt)


def confirm_receipt(attempt: Attempt, *, received_on: str | None = None, received_fen: int | None = None) -> None:
    """A member confirms that its amount has come (of an overrun: has been taken)."""
    member = attempt.parties.member(attempt.actor.organisation_id or 0)
    if member is None or member.code not in unconfirmed(attempt):
        raise refuse(_("本单位没有待确认的款项"), who=_("本单位"))
    if received_fen is not None and received_fen != attempt.results["members"][member.code]:
        raise refuse(_("收到的金额与方案不符，请与牵头医院财务核对"), who=_("牵头医院财务"), field="received_fen")
    _received(attempt, [member.code], "confirmed", _day(attempt, received_on, "received_on"))
    _complete_when_received(attempt)


def bank_proof(
    attempt: Attempt, *, bank_reference: str, members: Sequence[str] = (), proof: dict[str, Any] | None = None
) -> None:
    """The lead proves by the bank's record that members have their money: all still open, or those named."""
    receipts.prove(
        attempt, unconfirmed(attempt), attempt.results["members"], bank_reference=bank_reference, members=members,
        proof=proof,
    )
    _complete_when_received(attempt)


def _received(attempt: Attempt, codes: Sequence[str], how: str, on: date) -> None:
    receipts.received(attempt, codes, attempt.results["members"], how, on)


def _complete_when_received(attempt: Attempt) -> None:
    if not unconfirmed(attempt) and not open_lines(attempt.progress):
        attempt.follow = "complete"


def _lead(attempt: Attempt) -> str:
    return attempt.parties.codes[attempt.consortium.lead_id]


def _day(attempt: Attempt, written: str | None, field: str) -> date:
    filed = max((one["on"] for one in attempt.progress.get("filings", [])), default="")
    return day_of(attempt, written, field, not_before=filed, what=_("方案备案"))


def _post(attempt: Attempt, what: str, memo: str, lines: Lines) -> None:
    ledger.post(
        attempt.connection, book=f"{attempt.consortium.code}/{attempt.case.pool}", year=year_of(attempt),
        biz_key=f"surplus_plan:{attempt.case.id}:{what}", case_id=attempt.case.id, memo=memo, lines=lines,
        at=attempt.at,
    )  # fmt: skip
