"""From approval to every member's receipt: the agency and the lead settle, the lead pays its members or recovers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from governance.roles import Role
from workflow import clocks
from workflow.attempt import Attempt, refuse
from workflow.banking.standing import open_lines
from workflow.banking.transfer import day_of, reference_of
from workflow.clearing import booking
from workflow.clearing.dues import (
    lead_of,
    member_dues,
    open_claims,
    passed_on,
    settled_now_fen,
    to_receive,
    to_recover,
)
from workflow.i18n import lazy as _
from workflow.settlement import receipts

FINANCE = _("牵头医院财务")
LONGEST_TEXT = 2000


def settle(attempt: Attempt, *, bank_reference: str, settled_on: str | None = None) -> None:
    """Pay what is due, or record what was recovered, with the bank's reference; nothing due needs none.

    The lead's own part has then come; what is its members' it pays on within the members' days, or recovers.
    """
    fen, reference = settled_now_fen(attempt), bank_reference.strip()
    if fen and not reference:
        raise refuse(_("请填写银行流水号"), field="bank_reference")
    on = _day(attempt, settled_on, "settled_on")
    attempt.progress["settled"] = {
        "fen": fen, "bank_reference": reference, "on": on.isoformat(), "by": attempt.actor.name,
        "kind": "pay" if fen > 0 else "recover" if fen < 0 else "nothing",
    }
    attempt.noted |= {"bank_reference": reference, "amount_fen": fen}
    booking.book_settlement(attempt, reference)
    attempt.notify(Role.LEAD_FINANCE, "settled", "年度清算已结清")
    if lead_of(attempt) in member_dues(attempt):
        receipts.received(attempt, [lead_of(attempt)], member_dues(attempt), "kept", on)
    if to_receive(attempt):
        rule = attempt.rule("settlement.pay_members_within")
        clocks.start(attempt, "pay_members", rule, Role.LEAD_FINANCE, started_on=on)
        return
    attempt.follow = "begin_recovery" if to_recover(attempt) else "close"


def distribute(attempt: Attempt, *, bank_reference: str, distributed_on: str | None = None) -> None:
    """The lead has paid every member that is owed something what the member clearing table says."""
    on, reference = _day(attempt, distributed_on, "distributed_on"), reference_of(bank_reference)
    amounts = {code: passed_on(attempt)[code] for code in to_receive(attempt)}
    total_fen = sum(amounts.values())
    attempt.progress["distributed"] = {
        "bank_reference": reference, "on": on.isoformat(), "fen": total_fen, "by": attempt.actor.name,
    }
    attempt.noted |= {"bank_reference": reference, "amount_fen": total_fen}
    booking.book_passing(attempt, "distribute", f"清算款拨付成员单位 {reference}", amounts)
    clocks.stop(attempt, "pay_members", on)
    for member in attempt.parties.members:
        if member.code in amounts:
            attempt.notify(Role.MEMBER_CLERK, "distributed", f"{attempt.case.period} 年度清算款已拨付，请确认收款", member.id)
    _say_what_is_recovered(attempt)


def begin_recovery(attempt: Attempt) -> None:
    """Nothing is to be paid to members: what the clearing takes from them is recovered."""
    _say_what_is_recovered(attempt)


def _say_what_is_recovered(attempt: Attempt) -> None:
    waited = to_recover(attempt)
    for member in attempt.parties.members:
        if member.code in waited:
            attempt.notify(Role.MEMBER_CLERK, "recover", f"{attempt.case.period} 年度清算应退款，请退回牵头医院", member.id)


def confirm_receipt(attempt: Attempt, *, received_on: str | None = None, received_fen: int | None = None) -> None:
    """A member confirms that its money has come."""
    member = attempt.parties.member(attempt.actor.organisation_id or 0)
    if member is None or member.code not in to_receive(attempt):
        raise refuse(_("本单位没有待确认的款项"), who=_("本单位"))
    if received_fen is not None and received_fen != passed_on(attempt)[member.code]:
        raise refuse(_("收到的金额与清算表不符，请与牵头医院财务核对"), who=FINANCE, field="received_fen")
    receipts.received(
        attempt, [member.code], passed_on(attempt), "confirmed", _day(attempt, received_on, "received_on")
    )
    close_when_complete(attempt)


def bank_proof(
    attempt: Attempt, *, bank_reference: str, members: Sequence[str] = (), proof: dict[str, Any] | None = None
) -> None:
    """The lead proves by the bank's record that members have their money: all still open, or those named."""
    receipts.prove(
        attempt, to_receive(attempt), passed_on(attempt), bank_reference=bank_reference, members=members, proof=proof
    )
    close_when_complete(attempt)


def recover(
    attempt: Attempt, *, bank_reference: str, members: Sequence[str] = (), recovered_on: str | None = None
) -> None:
    """Members have paid back to the lead what the clearing takes from them: all still waited for, or those named."""
    waited = to_recover(attempt)
    if not set(members) <= set(waited):
        raise refuse(_("所列成员单位中有不应退款的"), who=FINANCE, field="members")
    on, reference = _day(attempt, recovered_on, "recovered_on"), reference_of(bank_reference)
    amounts = {code: passed_on(attempt)[code] for code in list(members) or waited}
    attempt.noted |= {"bank_reference": reference, "amount_fen": sum(amounts.values())}
    booking.book_passing(attempt, f"recover:{min(amounts)}", f"收回成员单位清算应退款 {reference}", amounts)
    receipts.received(attempt, list(amounts), amounts, "recovered", on, bank_reference=reference)
    close_when_complete(attempt)


def carry_claim(attempt: Attempt, *, member: str, reason: str) -> None:
    """What a member does not pay back now stays open as the lead's claim on it, so that the year may close."""
    if member not in to_recover(attempt):
        raise refuse(_("“%(code)s”没有应退未退的清算款", code=member[:40]), who=FINANCE, field="member")
    said = _reason(reason)
    attempt.noted |= {"reason": said, "member": member}
    booking.book_claim(attempt, member, passed_on(attempt)[member])
    receipts.received(attempt, [member], passed_on(attempt), "claimed", attempt.day, reason=said)
    close_when_complete(attempt)


def collect_claim(attempt: Attempt, *, member: str, amount_fen: int, bank_reference: str) -> None:
    """A member has paid all or part of what it still owed from an earlier clearing."""
    reference, owed_fen = reference_of(bank_reference), open_claims(attempt).get(member, 0)
    if not 0 < amount_fen <= owed_fen:
        raise refuse(_("应大于零且不超过尚欠的金额"), who=FINANCE, field="amount_fen")
    collected = attempt.progress.setdefault("collected", [])
    booking.book_collection(attempt, member, amount_fen, len(collected) + 1, reference)
    collected.append({
        "member": member, "fen": amount_fen, "bank_reference": reference, "on": attempt.day.isoformat(),
        "by": attempt.actor.name,
    })
    attempt.noted |= {"bank_reference": reference, "amount_fen": amount_fen, "member": member}


def close_when_complete(attempt: Attempt) -> None:
    """Close once every member has its money, has paid back, or owes it as a claim, and no bank line is open."""
    if not to_receive(attempt) and not to_recover(attempt) and not open_lines(attempt.progress):
        attempt.follow = "close"


def _reason(reason: str) -> str:
    said = reason.strip()
    if not said or len(said) > LONGEST_TEXT:
        raise refuse(_("请写明原因"), field="reason")
    return said


def _day(attempt: Attempt, written: str | None, field: str) -> date:
    settled = attempt.progress.get("settled", {}).get("on", "")
    return day_of(attempt, written, field, not_before=settled, what=_("清算结清"))
