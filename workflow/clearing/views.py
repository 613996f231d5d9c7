"""What the page of a clearing shows beside the parts every case has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.roles import Role
from workflow.clearing import particulars
from workflow.clearing.dues import member_dues, settled_now_fen
from workflow.clearing.forms import SupplementaryForm
from workflow.clearing.leaving import exits_of
from workflow.clearing.model import CAUSES, KIND_LABELS, STATE_LABELS, State, facts_confirmed_now
from workflow.clearing.supplementing import begin, differences
from workflow.i18n import lazy as _
from workflow.i18n import yuan
from workflow.pages.sections import Begin, CasePage, Section
from workflow.pages.words import pick

RECEIPTS = {
    "kept": _("牵头医院留用"), "confirmed": _("已确认收款"), "proven": _("银行回单"), "recovered": _("已退回"),
    "claimed": _("未收款项"),
}
BEGIN = Begin((Role.AGENCY_CLERK,), SupplementaryForm, begin, _("补充清算"))
IDENTITIES = {
    "months": (_("月度恒等式"), _("Σ(应付 − 拒付) = Σ保证金 + Σ冲抵预付金 + Σ实付 + 年初结转 − 年末结转")),
    "budget": (_("预算恒等式"), _("总额预算 = 计入费用 + 留用 + 暂缓 + 留存统筹基金；超支时加上双方分担")),
    "bridge": (_("衔接恒等式"), _("清算应付与各月账、预付金、保证金逐项相接")),
}


def facts(page: CasePage) -> list[tuple[Any, Any]]:
    """The clearing in a few amounts."""
    results = page.attempt.results
    if not results:
        return [(_("清算结果"), _("尚未计算"))]
    return [
        (_("结余（元）"), yuan(results["surplus_fen"])),
        (_("超支（元）"), yuan(results["overrun_fen"])),
        (_("结余留用（元）"), yuan(results["retained_fen"])),
        (_("暂缓拨付（元，到期后另行发放）"), yuan(results["deferred_fen"])),
        (_("医共体自担（元）"), yuan(results["own_share_fen"])),
        (_("清算应付（元，负数为应收回）"), yuan(results["due_fen"])),
        (_("清算时结清（元）"), yuan(settled_now_fen(page.attempt))),
        (_("结转以后的月份"), "、".join(page.dossier.get("carried_months", [])) or _("无")),
    ]


def sections(page: CasePage) -> list[Section]:
    """Months, facts entered, identities, the member table and objections."""
    months = [
        {
            "case": one.case_id, "period": one.period, "closed": one.closed, "carried": one.carried,
            **_of_month(page, one.results),
        }
        for one in particulars.months(page)
    ]
    found = [Section(_("各月结算"), "clearing/months.html", rows=months), *particulars.sections(page), _entered(page)]
    if "leaving" in page.dossier:
        found.insert(0, _leaving(page))
    elif exits_of(page.attempt):
        found.append(_exits(page))
    results = page.attempt.results
    if results:
        checks = [(*IDENTITIES[name], holds) for name, holds in results["identities"].items()]
        found.insert(0, Section(_("三项恒等式"), "clearing/identities.html", rows=checks))
        found.insert(1, _members(page))
    if "before" in page.dossier:
        found.insert(0, _supplementary(page))
    if page.progress.get("settled"):
        found.append(_payments(page))
    if page.progress.get("objections"):
        found.append(Section(_("医共体异议"), "clearing/objections.html", rows=page.progress["objections"]))
    return found


def _of_month(page: CasePage, results: Mapping[str, Any]) -> dict[str, int | None]:
    """What a month came to: of the consortium, or of the member whose exit is cleared."""
    member = page.dossier.get("leaving", {}).get("member")
    if member is None:
        return {"gross_fen": results.get("gross_fen"), "net_fen": results.get("net_to_lead_fen")}
    own = results.get("members", {}).get(member, {})
    return {"gross_fen": own.get("gross_fen"), "net_fen": own.get("net_fen")}


def _leaving(page: CasePage) -> Section:
    """Who leaves when by which agreement, and what that means for the year's clearing."""
    return Section(
        _("成员退出"), "clearing/leaving.html", name=_name(page, page.dossier["leaving"]["member"]),
        last_day=page.dossier["leaving"]["last_day"], agreement=page.attempt.case.follows_id,
    )


def _exits(page: CasePage) -> Section:
    """The members that left within the year, each with what its own clearing came to."""
    rows = [
        {"name": _name(page, one.member), "last_day": one.last_day, "case": one.case_id, "fixed": one.fixed,
         "state": STATE_LABELS[State(one.state)], "paid_fen": one.paid_fen, "returned_fen": one.returned_fen}
        for one in exits_of(page.attempt).values()
    ]  # fmt: skip
    return Section(_("年中退出的成员"), "clearing/exits.html", rows=rows)


def _name(page: CasePage, code: str) -> str:
    return pick(*page.attempt.affiliations.names().get(code, (code, code)))


def _members(page: CasePage) -> Section:
    """The member clearing table, with its sums."""
    table = page.attempt.results["members"]
    columns = ["entitlement_fen", "net_paid_fen", "deposit_returned_fen", "deposit_forfeited_fen", "due_fen"]
    if exits := any("exit_paid_fen" in one for one in table.values()):
        columns.insert(-1, "exit_paid_fen")
    return Section(
        _("成员清算表"), "clearing/members.html", exits=exits,
        rows=[(_name(page, code), [one.get(name, 0) for name in columns]) for code, one in table.items()],
        sums=[sum(one.get(name, 0) for one in table.values()) for name in columns],
        retained_fen=page.attempt.results["retained_fen"], own_share_fen=page.attempt.results["own_share_fen"],
    )


def _supplementary(page: CasePage) -> Section:
    """Why the year is cleared once more, and what differs from the clearing that it follows."""
    labels = {one["key"]: pick(one["label"], one["label_en"]) for one in (page.worksheet or {}).get("lines", [])}
    return Section(
        _("补充清算：与上次清算逐项对比"), "clearing/differences.html", reason=page.dossier["reason"],
        case=page.dossier["before"]["case"],
        rows=[(labels.get(key, key), *amounts) for key, *amounts in differences(page.attempt)] if page.attempt.results
        else [],
    )  # fmt: skip


def _payments(page: CasePage) -> Section:
    """What was settled with the lead, what it passed on, and where each member's money is."""
    progress, names = page.progress, page.attempt.affiliations.names()
    receipts = progress.get("receipts", {})
    rows = [
        {"name": pick(*names.get(code, (code, code))), "fen": fen, **receipts.get(code, {}),
         "how": RECEIPTS.get(receipts.get(code, {}).get("how"))}
        for code, fen in member_dues(page.attempt).items()
    ]
    collected = [
        {**one, "name": pick(*names.get(one["member"], (one["member"],) * 2))} for one in progress.get("collected", [])
    ]
    return Section(
        _("结清与拨付"), "clearing/payments.html", settled=progress["settled"], distributed=progress.get("distributed"),
        rows=rows, collected=collected,
    )


def _entered(page: CasePage) -> Section:
    """What the agency entered, and whether the finance bureau has confirmed it."""
    entered = page.dossier.get("entered")
    return Section(
        _("清算事实"), "clearing/facts.html", entered=entered, confirmed=page.progress.get("confirmed"),
        current=facts_confirmed_now(page.attempt), returned=page.progress.get("returned"),
        causes=[(CAUSES[name], fen) for name, fen in (entered or {}).get("overrun_causes", {}).items()],
        penalties=[(_name(page, code), fen) for code, fen in (entered or {}).get("penalties", {}).items()],
        adjustments=[
            {**one, "label": KIND_LABELS[one["kind"]], "name": _name(page, one["member"]) if one["member"] else ""}
            for one in (entered or {}).get("adjustments", [])
        ],
    )
