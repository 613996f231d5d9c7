"""What happens when a step of an agreement is taken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from governance.money import yuan
from governance.roles import Role
from workflow import clocks, files, ledger, lifecycle
from workflow.agreement.model import (
    day_of,
    next_serial,
    unpaid_prepayment_fen,
    without_authorisation,
)
from workflow.agreement.supplements import (
    countersign,
    drop_supplement,
    enact_supplement,
    supplement,
)
from workflow.agreement.terms import day, drafted, renewed, said
from workflow.attempt import SYSTEM, Attempt, refuse
from workflow.i18n import lazy as _

__all__ = [
    "ask_to_end", "authorise", "countersign", "decline", "draft", "drop_supplement", "enact_supplement",
    "expire_soon", "lapse", "lead_sign", "pay_prepayment", "propose", "record_authorisation", "redraft", "resume",
    "review", "send_back", "sign", "supplement", "suspend", "terminate",
]

TERM_RULE = "agreement.term_months"


def draft(attempt: Attempt, **given: Any) -> None:
    """Put the terms as typed in the place of the old ones.

    Authorisations already given stand as long as the days of the agreement stay what they were.
    """
    attached = list(given.pop("files", None) or [])
    body, before = drafted(given), attempt.dossier
    if (body["start"], body["end"]) != (before.get("start"), before.get("end")):
        before.pop("authorisations", None)
    before.update(body)
    for descriptor in attached:
        files.attach(attempt, "draft", descriptor)
    if attached:
        before["files"] = sorted({*before.get("files", []), *(one["sha256"] for one in attached)})
    attempt.progress.pop("returned", None)


def propose(attempt: Attempt) -> None:
    """Lay the draft before the members and the lead; from here on it names the members it is made for."""
    parties, dossier = attempt.parties, attempt.dossier
    dossier["members"] = [member.code for member in parties.members]
    dossier["lead"] = parties.codes.get(parties.consortium.lead_id, "")
    dossier.setdefault("authorisations", {})
    dossier["own_agreement"] = without_authorisation(parties, dossier)
    attempt.notify(Role.LEAD_HEAD, "proposed", "医保协议草案已提交，请组织成员单位授权并签署")


def authorise(attempt: Attempt, *, opinion: str = "", scan: Mapping[str, Any] | None = None) -> None:
    """The acting member authorises the lead to sign for it."""
    _authorised(attempt, _own_code(attempt), {"by": "member", "on": attempt.day.isoformat()}, scan)


def decline(attempt: Attempt, *, reason: str) -> None:
    """The acting member does not authorise the lead; it stays listed for an agreement of its own."""
    code = _own_code(attempt)
    attempt.noted["reason"] = said(reason, "reason", _("请写明不授权的原因"))
    attempt.progress.setdefault("declined", {})[code] = attempt.noted["reason"]
    attempt.dossier.get("authorisations", {}).pop(code, None)
    attempt.dossier["own_agreement"] = without_authorisation(attempt.parties, attempt.dossier)


def record_authorisation(
    attempt: Attempt, *, member: str, document: str, on: str, scan: Mapping[str, Any] | None = None
) -> None:
    """The lead records a member's written authorisation, with the paper it stands on and its day."""
    found = attempt.parties.member_by_code(member)
    if found is None or found.id == attempt.consortium.lead_id:
        raise refuse(_("“%(member)s”不是本医共体需要授权的成员单位", member=member), field="member")
    paper = said(document, "document", _("请填写授权书的名称或编号"))
    signed = day(on, "on", _("请填写授权书的日期"))
    if signed > attempt.day:
        raise refuse(_("授权书的日期 %(day)s 晚于今天", day=signed), field="on")
    _authorised(attempt, member, {"by": "lead", "on": signed.isoformat(), "document": paper}, scan)


def _own_code(attempt: Attempt) -> str:
    return attempt.parties.codes[attempt.actor.organisation_id or 0]


def _authorised(attempt: Attempt, code: str, entry: dict[str, Any], scan: Mapping[str, Any] | None) -> None:
    if scan:
        files.attach(attempt, "authorisation", dict(scan))
        entry["sha256"] = scan["sha256"]
    attempt.dossier.setdefault("authorisations", {})[code] = entry
    attempt.dossier["own_agreement"] = without_authorisation(attempt.parties, attempt.dossier)
    attempt.progress.get("declined", {}).pop(code, None)
    attempt.noted["member"] = code


def redraft(attempt: Attempt, *, reason: str) -> None:
    """The clerk takes the draft back to change it."""
    attempt.noted["reason"] = said(reason, "reason", _("请写明收回修改的原因"))


def send_back(attempt: Attempt) -> None:
    """Whoever was to sign returns the draft with a reason; every signature is given again afterwards."""
    if attempt.goes_to == "drafting":
        attempt.progress["returned"] = attempt.noted["reason"]


def straight_back(attempt: Attempt) -> None:
    """The mended draft goes straight back to whoever was to sign it, for the members it is made for now."""
    propose(attempt)
    attempt.progress.pop("returned", None)


def lead_sign(attempt: Attempt, *, verdict: str = "agree", opinion: str = "") -> None:
    """The lead's head signs this content; taking this step is agreement."""
    _only_agreement(verdict)


def review(attempt: Attempt, *, verdict: str = "agree", opinion: str = "") -> None:
    """The agency's reviewer has held the draft against the rules; taking this step is agreement."""
    _only_agreement(verdict)


def sign(attempt: Attempt, *, verdict: str = "agree", opinion: str = "") -> None:
    """The agency's head signs the same content as the lead did, and the agreement is in force for its days."""
    _only_agreement(verdict)
    attempt.progress["signed_on"] = attempt.day.isoformat()
    for role in (Role.LEAD_CLERK, Role.MEMBER_CLERK, Role.AGENCY_CLERK):
        attempt.notify(role, "signed", f"医保协议 {attempt.dossier['number']} 已由双方签署")


def _only_agreement(verdict: str) -> None:
    if verdict != "agree":
        raise refuse(_("不同意的，请用“退回修改”并写明原因"), field="verdict")


def pay_prepayment(
    attempt: Attempt, *, pool: str, amount_fen: int, bank_reference: str, paid_on: str = "",
    proof: Mapping[str, Any] | None = None,
) -> None:
    """Book one pool's prepayment as paid, once, in the amount agreed, with the bank's reference."""
    agreed_fen = unpaid_prepayment_fen(attempt.dossier, attempt.progress).get(pool)
    if agreed_fen is None:
        raise refuse(_("这个险种没有待拨的预付金，或者已经拨付"), field="pool")
    reference = said(bank_reference, "bank_reference", _("请填写银行回单号"))
    if amount_fen != agreed_fen:
        raise refuse(
            _("拨付金额 %(paid)s 元与协议约定的预付金 %(agreed)s 元不符", paid=yuan(amount_fen), agreed=yuan(agreed_fen)),
            field="amount_fen",
        )
    paid = day(paid_on, "paid_on", _("请填写拨付日期")) if paid_on else attempt.day
    if paid > attempt.day:
        raise refuse(_("拨付日期 %(day)s 晚于今天", day=paid), field="paid_on")
    entry: dict[str, Any] = {"fen": amount_fen, "reference": reference, "on": paid.isoformat()}
    if proof:
        files.attach(attempt, "prepayment", dict(proof))
        entry["sha256"] = proof["sha256"]
    code = attempt.consortium.code
    ledger.post(
        attempt.connection, book=f"{code}/{pool}", year=paid.year,
        biz_key=f"agreement:{attempt.case.id}:prepayment:{pool}", case_id=attempt.case.id, memo="拨付预付金",
        lines=[("prepayment", code, amount_fen), ("bank", code, -amount_fen)], at=attempt.at,
    )
    attempt.progress.setdefault("prepayment_paid", {})[pool] = entry
    attempt.noted |= {"pool": pool, "fen": amount_fen, "bank_reference": reference}
    attempt.notify(Role.LEAD_FINANCE, "prepaid", f"预付金 {yuan(amount_fen)} 元已拨付，银行回单号 {reference}")


def expire_soon(attempt: Attempt) -> None:
    """The end is near: the agreement that is to follow is opened with the same terms, and both sides are told."""
    months = attempt.rule(TERM_RULE).integer
    body = renewed(attempt.dossier, months)
    period = body["start"][:4]
    attempt.progress["renewal"] = lifecycle.open_case(
        attempt.connection, "agreement", attempt.case.consortium_id, actor=SYSTEM, at=attempt.at,
        place=attempt.case.place, period=period,
        serial=next_serial(attempt.connection, attempt.case.consortium_id, period), dossier=body,
        follows=attempt.case.id,
    )
    for role in (Role.AGENCY_CLERK, Role.LEAD_CLERK):
        attempt.notify(role, "expiring", f"医保协议 {attempt.dossier['number']} 将于 {attempt.dossier['end']} 到期，请办理续签")


def suspend(attempt: Attempt, *, reason: str, until: str, since: str = "") -> None:
    """Suspend performance for a stated time within the longest the rules allow."""
    provision = attempt.rule("agreement.suspension_max_days")
    first = day(since, "since", _("请填写中止的开始日期")) if since else attempt.day
    last = day(until, "until", _("请填写中止的截止日期"))
    start, end = day_of(attempt.dossier, "start"), day_of(attempt.dossier, "end")
    days = (last - first).days + 1
    if not 1 <= days <= provision.integer:
        raise refuse(
            _("中止 %(days)s 日不合规定：至少 1 日，最长 %(most)s 日", days=days, most=provision.integer), field="until"
        )
    if start is None or end is None or not start <= first <= end:
        raise refuse(_("中止的开始日期 %(day)s 不在协议期内", day=first), field="since")
    attempt.noted["reason"] = said(reason, "reason", _("请写明中止的原因"))
    attempt.progress.setdefault("suspensions", []).append({
        "since": first.isoformat(), "until": last.isoformat(), "reason": attempt.noted["reason"], "resumed_on": None,
        "latest": min(end, first + timedelta(days=provision.integer - 1)).isoformat(),
    })
    clocks.start(attempt, "suspension", provision, Role.AGENCY_HEAD, started_on=first - timedelta(days=1))
    for role in (Role.LEAD_HEAD, Role.LEAD_CLERK):
        attempt.notify(role, "suspended", f"医保协议自 {first} 起中止：{attempt.noted['reason']}")


def resume(attempt: Attempt, *, reason: str, on: str = "") -> None:
    """Take up performance again from ``on``, the day of the step unless said otherwise."""
    held = attempt.progress["suspensions"][-1]
    again = day(on, "on", _("请填写恢复的日期")) if on else attempt.day
    if not held["since"] <= again.isoformat() <= attempt.day.isoformat():
        raise refuse(_("恢复日期 %(day)s 应在中止之后、不晚于今天", day=again), field="on")
    attempt.noted["reason"] = said(reason, "reason", _("请写明恢复的依据"))
    held["resumed_on"] = again.isoformat()
    clocks.stop(attempt, "suspension")
    attempt.notify(Role.LEAD_CLERK, "resumed", f"医保协议自 {again} 起恢复")


def lapse(attempt: Attempt) -> None:
    """Nobody resumed in time: the agreement ends by itself (国家医疗保障局令第2号第四十二条)."""
    attempt.progress["terminated_on"] = attempt.day.isoformat()
    attempt.noted["reason"] = "中止期满未恢复，协议自动终止"
    attempt.notify(Role.LEAD_HEAD, "terminated", attempt.noted["reason"])


def terminate(attempt: Attempt, *, reason: str, document_number: str, on: str = "") -> None:
    """The agency ends the agreement from ``on``, by a decision with a number and a reason."""
    start, end = day_of(attempt.dossier, "start"), day_of(attempt.dossier, "end")
    last = day(on, "on", _("请填写解除的日期")) if on else attempt.day
    if start is None or end is None or not start <= last <= end:
        raise refuse(_("解除日期 %(day)s 不在协议期内", day=last), field="on")
    attempt.noted["reason"] = said(reason, "reason", _("请写明解除的原因和依据"))
    attempt.noted["document"] = said(document_number, "document_number", _("请填写解除通知的文号"))
    attempt.progress["terminated_on"] = last.isoformat()
    for role in (Role.LEAD_HEAD, Role.LEAD_CLERK, Role.MEMBER_CLERK):
        attempt.notify(role, "terminated", f"医保协议自 {last} 起解除：{attempt.noted['reason']}")


def ask_to_end(attempt: Attempt, *, reason: str, on: str) -> None:
    """A lead that is no public body asks to leave on a day far enough ahead."""
    months = attempt.rule("agreement.exit_notice_months").integer
    wished = day(on, "on", _("请填写希望解除的日期"))
    earliest: date = clocks.months_after(attempt.day, months)
    if wished < earliest:
        raise refuse(_("主动解除须提前 %(months)s 个月申请，最早 %(day)s", months=months, day=earliest), field="on")
    attempt.noted["reason"] = said(reason, "reason", _("请写明解除的原因"))
    attempt.progress["ending_asked"] = {"on": wished.isoformat(), "reason": attempt.noted["reason"]}
    attempt.notify(Role.AGENCY_HEAD, "ending_asked", f"牵头医院申请自 {wished} 起解除协议：{attempt.noted['reason']}")
