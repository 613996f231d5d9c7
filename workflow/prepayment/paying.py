"""The money of a prepayment: advanced by the agency, repaid in cash by the lead, each booked once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from governance.money import yuan
from governance.prepayment import REPAY_BY
from governance.roles import Role
from workflow import clocks, files, ledger
from workflow.attempt import Attempt, refuse
from workflow.banking.transfer import day_of, reference_of
from workflow.i18n import lazy as _
from workflow.prepayment.model import days_until, open_fen, repay_by, waiting_repayment


def pay(
    attempt: Attempt, *, bank_reference: str, paid_on: str | None = None, proof: Mapping[str, Any] | None = None
) -> None:
    """The agency has advanced the approved amount: booked once, and the days to repay it begin."""
    on, fen = _day(attempt, paid_on, "paid_on"), attempt.case.amount_fen or 0
    reference = reference_of(bank_reference)
    _post(attempt, "pay", f"拨付预付金 {reference}", fen)
    attempt.progress["paid"] = {
        "fen": fen, "bank_reference": reference, "on": on.isoformat(), "by": attempt.actor.name,
        "proof": files.attach(attempt, "prepayment", dict(proof)) if proof else "",
    }
    attempt.noted |= {"bank_reference": reference, "amount_fen": fen}
    clocks.stop(attempt, "prepay", on)
    last = repay_by(attempt)
    rule = attempt.rule(REPAY_BY, on=date(int(attempt.case.period), 1, 1))
    clocks.start(attempt, "repay", days_until(rule, on, last), Role.LEAD_FINANCE, started_on=on)
    said = f"预付金 {yuan(fen)} 元已拨付，银行回单号 {reference}；按月冲抵，{last.isoformat()} 前收回"
    attempt.notify(Role.LEAD_FINANCE, "prepaid", said)


def repay(
    attempt: Attempt, *, amount_fen: int, bank_reference: str, repaid_on: str | None = None,
    proof: Mapping[str, Any] | None = None,
) -> None:
    """The lead says what it has repaid in cash; it counts once the agency has seen it on its account."""
    left_fen = open_fen(attempt)
    if not 0 < amount_fen <= left_fen:
        raise refuse(_("退款金额应大于 0，且不超过未收回的 %(left)s 元", left=yuan(left_fen)), field="amount_fen")
    entry = {
        "fen": amount_fen, "bank_reference": reference_of(bank_reference), "state": "said", "by": attempt.actor.name,
        "on": _day(attempt, repaid_on, "repaid_on").isoformat(),
        "proof": files.attach(attempt, "repayment", dict(proof)) if proof else "",
    }
    attempt.progress.setdefault("repayments", []).append(entry)
    attempt.noted |= {"amount_fen": amount_fen, "bank_reference": entry["bank_reference"]}


def confirm_repayment(attempt: Attempt, *, received: bool, opinion: str = "") -> None:
    """The agency has looked at its account: what came in is booked, what did not is struck out with the reason."""
    said = waiting_repayment(attempt.progress)
    assert said is not None
    fen, number = said["fen"], len(attempt.progress["repayments"])
    if not received:
        if not opinion.strip():
            raise refuse(_("没有到账的，请写明情况"), field="opinion")
        said |= {"state": "not_received", "answer": opinion.strip(), "answered_by": attempt.actor.name}
        attempt.notify(Role.LEAD_FINANCE, "not_received", f"退款 {yuan(fen)} 元没有到账：{opinion.strip()}")
        return
    left_fen = open_fen(attempt)
    if fen > left_fen:
        raise refuse(
            _("未收回的只剩 %(left)s 元，退款 %(fen)s 元多于应退；请登记未到账并退还牵头医院", left=yuan(left_fen), fen=yuan(fen)),
            field="received",
        )
    _post(attempt, f"repay:{number}", f"退回预付金 {said['bank_reference']}", -fen)
    said |= {"state": "received", "answer": opinion.strip(), "answered_by": attempt.actor.name}
    attempt.noted |= {"amount_fen": fen, "bank_reference": said["bank_reference"]}
    if left_fen == fen:
        attempt.follow = "close"


def _post(attempt: Attempt, what: str, memo: str, fen: int) -> None:
    """Book ``fen`` more (or less) out, in the year the prepayment is for."""
    case, code = attempt.case, attempt.consortium.code
    ledger.post(
        attempt.connection, book=f"{code}/{case.pool}", year=int(case.period), biz_key=f"prepayment:{case.id}:{what}",
        case_id=case.id, memo=memo, lines=[("prepayment", code, fen), ("bank", code, -fen)], at=attempt.at,
    )  # fmt: skip


def _day(attempt: Attempt, written: str | None, field: str) -> date:
    paid, applied = attempt.progress.get("paid", {}).get("on"), attempt.dossier["application"]["on"]
    return day_of(attempt, written, field, not_before=paid or applied, what=_("拨付") if paid else _("申请"))
