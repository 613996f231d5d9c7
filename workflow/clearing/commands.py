"""What happens when a step of a clearing is taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from governance.refusal import Refusal, Refused
from governance.roles import Role
from workflow import lifecycle, mending
from workflow.assessment.model import months_in_force
from workflow.attempt import SYSTEM, Attempt, refuse
from workflow.clearing import booking
from workflow.clearing.dues import moved_fen
from workflow.clearing.exit_facts import gather_exit
from workflow.clearing.figures import counted_in_months, gather, members_of_year, months_of
from workflow.clearing.model import (
    CAUSES,
    KINDS,
    facts_digest,
    leaves_on,
    leaving_member,
    open_objections,
    start_statutory_clock,
    year_of,
)
from workflow.clearing.paying import (
    bank_proof,
    begin_recovery,
    carry_claim,
    collect_claim,
    confirm_receipt,
    distribute,
    recover,
    settle,
)
from workflow.i18n import lazy as _
from workflow.organisations.model import consortia
from workflow.settlement.model import last_day as month_end
from workflow.settlement.model import terms_of_month

__all__ = [
    "bank_proof", "begin_recovery", "carry_claim", "collect_claim", "confirm_receipt", "distribute", "recover",
    "settle",
]  # fmt: skip

LONGEST_TEXT = 2000


def open_for(connection: Connection, consortium_id: int, pool: str, year: int, *, at: datetime, follows: int) -> int:
    """Open the clearing of a year, with the clock that ends on its statutory day; returns the case's number."""
    row = connection.execute(select(consortia).where(consortia.c.id == consortium_id)).one()
    case_id = lifecycle.open_case(
        connection, "clearing", consortium_id, actor=SYSTEM, at=at, place=row.place, pool=pool, period=str(year),
        dossier={"consortium": row.code}, follows=follows,
    )
    attempt = Attempt(connection, lifecycle.lock(connection, case_id), SYSTEM, at)
    start_statutory_clock(attempt)
    attempt.notify(Role.AGENCY_CLERK, "clearing", f"{year} 年度清算开始，请登记清算所需事实")
    return case_id


def enter_facts(
    attempt: Attempt,
    *,
    fund_in_deficit: bool,
    overrun_causes: Mapping[str, int] | None = None,
    risk_fund_fen: int | None = None,
    penalties: Mapping[str, int] | None = None,
    adjustments: Iterable[Mapping[str, Any]] = (),
    earlier_deposits: Iterable[Mapping[str, int]] = (),
    answer: str = "",
) -> None:
    """Enter what the journal does not know; the finance bureau confirms it before the year is calculated.

    ``overrun_causes`` by cause and ``penalties`` by member are integer fen; an adjustment is ``{kind, member, fen,
    reason}``, its kind one of ``KINDS``. Open objections need an ``answer``. Raises ``Refused`` with all that is wrong.
    """
    if not isinstance(fund_in_deficit, bool):
        raise refuse(_("请说明县级基金当期是否赤字"), field="fund_in_deficit")
    known = _known(attempt)
    bad: list[Refusal] = []
    causes = _amounts(overrun_causes or {}, set(CAUSES), "overrun_causes", _("超支原因"), bad)
    fines = _amounts(penalties or {}, known, "penalties", _("违约金"), bad)
    adjusted = [_adjustment(one, known, bad) for one in adjustments]
    bad += [_wrong("adjustments", reason) for reason in _out_of_place(attempt, adjusted)]
    if risk_fund_fen is not None and not _is_amount(risk_fund_fen):
        bad.append(_wrong("risk_fund_fen", _("可用风险金应为不小于零的金额")))
    if open_objections(attempt.progress) and not answer.strip():
        bad.append(_wrong("answer", _("医共体提出了异议，请写明答复")))
    if bad:
        raise Refused(*bad)
    attempt.dossier["entered"] = {
        "fund_in_deficit": fund_in_deficit, "overrun_causes": causes, "risk_fund_fen": risk_fund_fen,
        "penalties": fines, "adjustments": adjusted,
        "earlier_deposits": [{"year": one["year"], "returned_fen": one["returned_fen"]} for one in earlier_deposits],
    }  # fmt: skip
    _handed_on(attempt, answer.strip())


def _handed_on(attempt: Attempt, answer: str) -> None:
    """The facts are there: objections are answered, what was returned is handed back, the finance bureau is asked."""
    for objection in open_objections(attempt.progress):
        objection["answer"] = answer
    attempt.progress.pop("returned", None)
    mending.hand_back(attempt)
    attempt.notify(_finance_reviewer(attempt), "confirm_facts", "请确认清算登记事实")


def _known(attempt: Attempt) -> set[str]:
    """Of whom something may be entered: the members of the year, in an exit the one that leaves."""
    return {leaving_member(attempt)} if leaving_member(attempt) else members_of_year(attempt)


def _out_of_place(attempt: Attempt, adjusted: list[dict[str, Any]]) -> list[Any]:
    """Why adjustments do not belong here: counted before, or of no member where a single one is cleared."""
    found = list(counted_in_months(attempt, adjusted))
    if leaving_member(attempt) and any(one["kind"] == "away" for one in adjusted):
        found.append(_("成员退出清算不含县域外费用，请在年度清算中登记"))
    return found


def _finance_reviewer(attempt: Attempt) -> Role:
    kinds = attempt.rule("clearing.approval_parties").value
    return Role(f"{next((kind for kind in kinds if kind.endswith('_finance')), 'city_finance')}_reviewer")


def _is_amount(fen: Any) -> bool:
    return type(fen) is int and fen >= 0


def _wrong(field: str, reason: Any) -> Refusal:
    return Refusal(reason=reason, who=_("医保经办机构经办"), field=field, fact=field)


def _amounts(
    given: Mapping[str, Any], known: set[str], field: str, label: Any, bad: list[Refusal]
) -> dict[str, int]:
    for name, fen in given.items():
        if name not in known:
            bad.append(_wrong(field, _("%(label)s：没有“%(name)s”这一项", label=label, name=str(name)[:40])))
        elif not _is_amount(fen):
            bad.append(_wrong(field, _("%(label)s：“%(name)s”应为不小于零的金额", label=label, name=str(name)[:40])))
    return {str(name): fen for name, fen in given.items() if fen}


def _adjustment(given: Mapping[str, Any], known: set[str], bad: list[Refusal]) -> dict[str, Any]:
    kind, member, reason = (str(given.get(name) or "").strip() for name in ("kind", "member", "reason"))
    if kind not in KINDS:
        bad.append(_wrong("adjustments", _("清算调整：没有“%(kind)s”这一类", kind=kind[:40])))
    if (kind == "away") == bool(member) or (member and member not in known):
        bad.append(_wrong("adjustments", _("清算调整：请写明是哪个成员单位（县域外费用不填）")))
    if type(given.get("fen")) is not int:
        bad.append(_wrong("adjustments", _("清算调整：金额应以分计")))
    if not reason or len(reason) > LONGEST_TEXT:
        bad.append(_wrong("adjustments", _("清算调整：请写明原因")))
    return {"kind": kind, "member": member, "fen": given.get("fen"), "reason": reason}


def confirm_facts(attempt: Attempt, *, opinion: str = "") -> None:
    """The finance bureau confirms exactly what is entered now."""
    attempt.progress["confirmed"] = {
        "digest": facts_digest(attempt.dossier), "by": attempt.actor.name, "on": attempt.day.isoformat(),
        "opinion": opinion.strip(),
    }


def return_facts(attempt: Attempt, *, reason: str) -> None:
    """The finance bureau does not confirm, and says why."""
    _return(attempt, reason)


def calculate(attempt: Attempt) -> None:
    """Calculate the year from the months, the journal and the facts; raises ``Refused`` when an identity fails."""
    year = year_of(attempt)
    in_force = months_in_force(attempt.connection, attempt.case.consortium_id, year)
    terms = terms_of_month(attempt.connection, attempt.case.consortium_id, in_force[-1]) if in_force else None
    facts = gather_exit(attempt) if leaving_member(attempt) else gather(attempt)
    attempt.calculate("annual-clearing", facts, on=leaves_on(attempt), agreement=terms.answers if terms else {})
    broken = [name for name, holds in attempt.results["identities"].items() if not holds]
    if broken:
        raise refuse(
            _("清算恒等式不成立：%(names)s；各月账与清算数不符，请查明后重算", names="、".join(broken)),
            who=_("医保经办机构"),
        )
    months = [one for one in months_of(attempt) if month_end(one.period) <= leaves_on(attempt)]
    attempt.dossier["months"] = sorted({one.period for one in months if one.closed})
    attempt.dossier["carried_months"] = [one.period for one in months if one.carried]
    attempt.case.amount_fen = moved_fen(attempt, "due_fen")
    attempt.notify(Role.LEAD_HEAD, "reconcile", f"{year} 年度清算结果已计算，请逐项核对")


def confirm(attempt: Attempt, *, opinion: str = "") -> None:
    """The consortium has gone through the lines and the member table and agrees."""
    attempt.progress["reconciled"] = {
        "by": attempt.actor.name, "on": attempt.day.isoformat(), "opinion": opinion.strip(),
    }


def object_to(attempt: Attempt, *, lines: Iterable[Mapping[str, str]]) -> None:
    """Object to single lines of the worksheet, each with its reason; the agency answers, the year is recalculated."""
    known = set(attempt.results) | set(attempt.results.get("members", {}))
    found = []
    for one in lines:
        line, reason = str(one.get("line") or "").strip(), str(one.get("reason") or "").strip()
        if line not in known:
            raise refuse(_("清算表里没有“%(line)s”这一行", line=line[:40]), field="lines")
        if not reason or len(reason) > LONGEST_TEXT:
            raise refuse(_("对“%(line)s”的异议须写明原因", line=line), field="lines")
        found.append({"line": line, "reason": reason, "on": attempt.day.isoformat(), "answer": ""})
    if not found:
        raise refuse(_("请至少列出一行异议"), field="lines")
    attempt.progress.setdefault("objections", []).extend(found)
    attempt.noted["reason"] = "；".join(f"{one['line']}：{one['reason']}" for one in found)
    attempt.notify(Role.AGENCY_CLERK, "objection", attempt.noted["reason"])


def send_back(attempt: Attempt) -> None:
    """A bureau sends the clearing back; on other facts they are confirmed again."""
    if attempt.goes_to == "open":
        attempt.progress["returned"] = attempt.noted["reason"]
        attempt.progress.pop("confirmed", None)


def reopen(attempt: Attempt) -> None:
    """The bureaus did not agree: the facts are looked at again."""
    attempt.progress["returned"] = "审批未通过，请按审批意见核对后重报"
    attempt.progress.pop("confirmed", None)
    attempt.notify(Role.AGENCY_CLERK, "returned", attempt.progress["returned"])


def approve(attempt: Attempt) -> None:
    """Both bureaus agree: what the clearing comes to is booked."""
    booking.book_approval(attempt)
    attempt.notify(Role.AGENCY_CLERK, "approved", "年度清算已审批，请结清")


def _return(attempt: Attempt, reason: str) -> None:
    said = reason.strip()
    if not said:
        raise refuse(_("请写明原因"), field="reason")
    attempt.progress["returned"] = said
    attempt.progress.pop("confirmed", None)
    attempt.noted["reason"] = said
    attempt.notify(Role.AGENCY_CLERK, "returned", said)
