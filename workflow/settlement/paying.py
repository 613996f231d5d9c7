"""From approval to every member's receipt: what is booked, who has paid, and who has the money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from governance.money import yuan
from governance.roles import Role
from workflow import clocks, ledger, mending
from workflow.attempt import Attempt, refuse
from workflow.banking.standing import open_lines
from workflow.banking.transfer import day_of, transferred
from workflow.i18n import lazy as _
from workflow.settlement import receipts
from workflow.settlement.calculating import outstanding_prepayment_fen
from workflow.settlement.model import (
    is_supplement,
    member_of_actor,
    members_of_month,
    net_by_member,
    results_of,
    unconfirmed,
)

Lines = list[tuple[str, str, int]]


def review(attempt: Attempt, *, verdict: str = "agree", opinion: str = "") -> None:
    """The reviewer has gone through the month; where members differ from the detail, the opinion says why it stands."""
    _only_agreement(verdict)
    differing = [code for code, one in attempt.dossier["declarations"].items() if one.get("differences")]
    if differing and not opinion.strip():
        raise refuse(
            _("%(members)s对账有差异，复核意见须写明如何处理", members="、".join(differing)),
            who=_("医保经办机构复核"), field="opinion",
        )  # fmt: skip


def approve(attempt: Attempt, *, verdict: str = "agree", opinion: str = "") -> None:
    """The agency's head approves: what the fund owes each member is booked; of a supplement, the difference only."""
    _only_agreement(verdict)
    code, results = attempt.consortium.code, results_of(attempt.dossier)
    _check_outstanding(attempt, results["prepayment_offset_fen"])
    lines: Lines = [("prepayment", code, -results["prepayment_offset_fen"])]
    for member, one in results["members"].items():
        kept = (
            ("cost", one["gross_fen"]), ("audit", -one["audit_deduction_fen"]), ("deposit", -one["deposit_fen"]),
            ("payable", -one["net_fen"]),
        )  # fmt: skip
        lines += [(account, member, fen) for account, fen in kept]
        # What is left is what the member still owes after this month, less what it owed before.
        lines.append(("carry", member, one["prepayment_offset_fen"] - sum(fen for _account, fen in kept)))
    _post(attempt, "approve", "红冲补记审批" if is_supplement(attempt) else "月度结算审批", lines)
    if not net_by_member(attempt):
        attempt.follow = "close_unpaid"


def _check_outstanding(attempt: Attempt, offset_fen: int) -> None:
    """What is set off is still out; part of it may have been repaid since the month was calculated."""
    left_fen = outstanding_prepayment_fen(attempt) if offset_fen > 0 else 0
    if offset_fen > max(left_fen, 0):
        raise refuse(
            _(
                "本月冲抵预付金 %(offset)s 元多于尚未收回的 %(left)s 元（计算之后有退回），请退回重新计算",
                offset=yuan(offset_fen), left=yuan(max(left_fen, 0)),
            ),
            who=_("医保经办机构负责人"), field="verdict",
        )


def _only_agreement(verdict: str) -> None:
    if verdict != "agree":
        raise refuse(_("不同意的，请用“提出争议”并写明原因"), field="verdict")


def send_back(attempt: Attempt) -> None:
    """Back at its calculation the month is calculated anew; back at its declarations every member declares again."""
    if attempt.goes_to != "declaring" and "declarations" in attempt.noted["sections"]:
        raise refuse(_("成员申报和明细要改的，请退回到“申报中”，由成员单位重新申报"), field="to")
    if attempt.stage.step_from(attempt.goes_to or "", mending.MENDED) is None:
        mending.hand_back(attempt)  # a month that goes by an earlier table has nobody to hand it back
    if attempt.goes_to in ("declaring", "declared"):
        attempt.dossier.pop("worksheet", None)
    if attempt.goes_to == "declaring":
        attempt.dossier.pop("declarations", None)
        clocks.stop(attempt, "pay_lead")


def dispute(attempt: Attempt, *, reason: str) -> None:
    """Stop the month over a question that has to be answered first."""
    attempt.progress["dispute"] = _reason(attempt, reason)
    for role in (Role.AGENCY_CLERK, Role.LEAD_FINANCE):
        attempt.notify(role, "disputed", reason.strip())


def resolve_dispute(attempt: Attempt, *, reason: str) -> None:
    """The question is answered; the month is calculated again and goes through review once more."""
    attempt.progress.setdefault("resolved", []).append(_reason(attempt, reason))
    attempt.follow = "calculate"


def carry(attempt: Attempt, *, reason: str) -> None:
    """Leave the month's money open for a later month, so that one dispute holds up nothing else."""
    attempt.progress["carried"] = _reason(attempt, reason) | {"left_open_fen": attempt.case.amount_fen}
    attempt.case.amount_fen = None
    for role in (Role.LEAD_FINANCE, Role.LEAD_CLERK):
        attempt.notify(role, "carried", reason.strip())


def _reason(attempt: Attempt, reason: str) -> dict[str, Any]:
    said = reason.strip()
    if not said:
        raise refuse(_("请写明原因"), field="reason")
    attempt.noted["reason"] = said
    return {"reason": said, "on": attempt.day.isoformat(), "by": attempt.actor.name}


def fund(attempt: Attempt, *, document: str, funded_on: str | None = None) -> None:
    """The finance bureau grants the use of funds, with the document that says so."""
    if not document.strip():
        raise refuse(_("请填写用款批复文号"), field="document")
    on = _day(attempt, funded_on, "funded_on")
    attempt.progress["funded"] = {"document": document.strip(), "on": on.isoformat(), "by": attempt.actor.name}


def pay_to_lead(attempt: Attempt, *, bank_reference: str, paid_on: str | None = None) -> None:
    """The agency has paid the lead: booked once, and the days for the lead to pay its members begin."""
    on = _day(attempt, paid_on, "paid_on")
    attempt.progress["paid"] = transferred(attempt, bank_reference, on, attempt.case.amount_fen or 0)
    nets = net_by_member(attempt)
    total_fen = sum(nets.values())
    lead = attempt.parties.codes[attempt.consortium.lead_id]
    lines: Lines = [("payable", member, fen) for member, fen in nets.items()]
    lines += [("bank", attempt.consortium.code, -total_fen), ("custody", lead, total_fen)]
    lines += [("owed", member, -fen) for member, fen in nets.items()]
    _post(attempt, "pay", f"拨付牵头医院 {bank_reference.strip()}", lines)
    clocks.stop(attempt, "pay_lead", on)
    rule = attempt.rule("settlement.pay_members_within")
    clocks.start(attempt, "pay_members", rule, Role.LEAD_FINANCE, started_on=on)
    attempt.notify(Role.LEAD_FINANCE, "paid", f"{attempt.case.period} 结算款已拨付，请按结算单拨付成员单位")


def distribute(attempt: Attempt, *, bank_reference: str, distributed_on: str | None = None) -> None:
    """The lead has paid its members what the worksheet says; its own part stays with it."""
    on = _day(attempt, distributed_on, "distributed_on")
    nets = net_by_member(attempt)
    attempt.progress["distributed"] = transferred(attempt, bank_reference, on, sum(nets.values()))
    lead = attempt.parties.codes[attempt.consortium.lead_id]
    lines: Lines = [("owed", member, fen) for member, fen in nets.items()]
    _post(attempt, "distribute", f"拨付成员单位 {bank_reference.strip()}", [*lines, ("custody", lead, -sum(nets.values()))])
    clocks.stop(attempt, "pay_members", on)
    if lead in nets:
        _received(attempt, [lead], "kept", on)
    for member in members_of_month(attempt):
        if member.code in unconfirmed(attempt) and member.declares:
            attempt.notify(Role.MEMBER_CLERK, "distributed", f"{attempt.case.period} 结算款已拨付，请确认收款", member.id)
    _close_when_received(attempt)


def confirm_receipt(
    attempt: Attempt, *, received_on: str | None = None, received_fen: int | None = None, villages: Sequence[str] = ()
) -> None:
    """A member confirms that its money has come; a township also for village clinics it names."""
    member = member_of_actor(attempt)
    open_codes = unconfirmed(attempt)
    if member is None or (member.code not in open_codes and not villages):
        raise refuse(_("本单位没有待确认的款项"), who=_("本单位"))
    net_fen = net_by_member(attempt).get(member.code, 0)
    if received_fen is not None and received_fen != net_fen:
        raise refuse(_("收到的金额与结算单不符，请与牵头医院财务核对"), who=_("牵头医院财务"), field="received_fen")
    clinics = {one.code for one in members_of_month(attempt) if not one.declares}
    if villages and (member.level != "township" or not set(villages) <= clinics & set(open_codes)):
        raise refuse(_("只有乡镇卫生院可以代村卫生室确认，且须是待确认的款项"), who=_("本单位"), field="villages")
    codes = [one for one in (member.code, *villages) if one in open_codes]
    _received(attempt, codes, "confirmed", _day(attempt, received_on, "received_on"))
    _close_when_received(attempt)


def bank_proof(
    attempt: Attempt, *, bank_reference: str, members: Sequence[str] = (), proof: dict[str, Any] | None = None
) -> None:
    """The lead proves by the bank's record that members have their money: all still open, or those named."""
    receipts.prove(
        attempt, unconfirmed(attempt), net_by_member(attempt), bank_reference=bank_reference, members=members,
        proof=proof,
    )
    _close_when_received(attempt)


def _received(attempt: Attempt, codes: Sequence[str], how: str, on: date) -> None:
    receipts.received(attempt, codes, net_by_member(attempt), how, on)


def _close_when_received(attempt: Attempt) -> None:
    if not unconfirmed(attempt) and not open_lines(attempt.progress):
        attempt.follow = "close"


def _day(attempt: Attempt, written: str | None, field: str) -> date:
    declared_on = attempt.progress.get("declared_on", "")
    return day_of(attempt, written, field, not_before=declared_on, what=_("成员单位申报完成"))


def _post(attempt: Attempt, what: str, memo: str, lines: Lines) -> None:
    """Book one event of the month; a month without any amount has nothing to book."""
    if not any(fen for _account, _party, fen in lines):
        return
    ledger.post(
        attempt.connection,
        book=f"{attempt.consortium.code}/{attempt.case.pool}",
        year=int(attempt.case.period[:4]),
        biz_key=f"settlement:{attempt.case.id}:{what}",
        case_id=attempt.case.id,
        memo=f"{attempt.case.period} {memo}",
        lines=lines,
        at=attempt.at,
    )
