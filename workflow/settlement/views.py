"""What the page of a month's settlement shows beside the parts every case has."""

from __future__ import annotations

from collections import Counter
from typing import Any

from workflow.claims.columns import CATEGORIES
from workflow.i18n import lazy as _
from workflow.i18n import yuan
from workflow.pages.sections import CasePage, Section
from workflow.reconciliation.section import section
from workflow.settlement import supplement_views
from workflow.settlement.additions import ADDED
from workflow.settlement.burn import budget_of_year, burnt_fen
from workflow.settlement.calculating import SHOWN
from workflow.settlement.declaring import declare_by
from workflow.settlement.model import is_supplement, members_of_month, results_of
from workflow.settlement.supplement_views import BEGIN as BEGIN

HOW = {
    "reconciled": _("对账确认"), "uploaded": _("自行上传"), "nil": _("零申报"), "absent": _("登记未申报"),
}  # fmt: skip
RECEIPTS = {"kept": _("牵头医院留用"), "confirmed": _("已确认收款"), "proven": _("银行回单")}


def facts(page: CasePage) -> list[tuple[Any, Any]]:
    """The month in a few lines: the agreement, the days to declare, the budget it runs on."""
    case, body, progress = page.attempt.case, page.dossier, page.progress
    if is_supplement(page.attempt):
        return supplement_views.facts(page)
    found = [
        (_("协议编号"), body.get("agreement", "")),
        (_("申报截止"), declare_by(page.attempt).isoformat()),
        (_("总额预算"), _budget(page)),
    ]
    if case.amount_fen is not None:
        found.append((_("拨付牵头医院（元）"), yuan(case.amount_fen)))
    if "left_open_fen" in progress.get("carried", {}):
        found.append((_("结转、尚未结算（元）"), yuan(progress["carried"]["left_open_fen"])))
    if "offset_asked" in body:
        found.append((_("本月拟冲预付金（元）"), yuan(body["offset_asked"]["amount_fen"])))
    if "dispute" in progress:
        found.append((_("争议"), progress["dispute"]["reason"]))
    return found


def _budget(page: CasePage) -> Any:
    attempt, case = page.attempt, page.attempt.case
    year = int(case.period[:4])
    budget_fen = budget_of_year(attempt.connection, case.consortium_id, case.pool, year)
    if not budget_fen:
        return _("尚未下达，本月不以预算为准")
    _before_fen, after_fen = burnt_fen(attempt.connection, case.consortium_id, case.pool, case.period)
    return _("%(budget)s 元，已用 %(percent)s%%", budget=yuan(budget_fen), percent=after_fen * 100 // budget_fen)


def sections(page: CasePage) -> list[Section]:
    """Declarations, claims files, amounts by member, deductions, and the way of the money."""
    names = {one.code: one.name for one in members_of_month(page.attempt)}
    body = page.dossier
    if is_supplement(page.attempt):
        return [*supplement_views.sections(page, names), *_payments(page, names)]
    found = [
        Section(_("成员单位申报"), "settlement/declarations.html", rows=_declarations(page)),
        Section(
            _("结算明细"), "settlement/claims.html",
            files=[one | {"by": names.get(one["owner"], _("医保经办机构"))} for one in body.get("claims", [])],
            unregistered=_unregistered(body.get("claims", [])),
            counts=body.get("standard_counts", ""),
            differing=[
                one | {"name": names.get(one["member"], one["member"]), "label": CATEGORIES[one["category"]]}
                for one in body.get("differing_standards", [])
            ],
        ),
    ]  # fmt: skip
    if body.get("worksheet"):
        found.append(Section(_("各成员单位应付"), "settlement/amounts.html", wide=True, **_amounts(page, names)))
    if body.get("deductions"):
        rows = [one | {"name": names.get(one["member"], one["member"])} for one in body["deductions"]]
        found.append(Section(_("审核拒付"), "settlement/deductions.html", rows=rows))
    if body.get("additions"):
        rows = [
            one | {
                "name": names.get(one["member"], one["member"]), "label": ADDED[one["what"]],
                "category": CATEGORIES[one["category"]],
            }
            for one in body["additions"]
        ]  # fmt: skip
        found.append(
            Section(_("特例单议、申诉"), "settlement/additions.html", rows=rows, case_id=page.attempt.case.id)
        )
    return [*found, *_payments(page, names), *section(page), *supplement_views.followers(page)]


def _payments(page: CasePage, names: dict[str, str]) -> list[Section]:
    """The way of the money, once there is something of it."""
    progress = page.progress
    if "paid" not in progress and "funded" not in progress:
        return []
    return [
        Section(
            _("拨付与收款"), "settlement/payments.html", funded=progress.get("funded"), paid=progress.get("paid"),
            distributed=progress.get("distributed"), receipts=_receipts(page, names),
        )
    ]  # fmt: skip


def _unregistered(files: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The providers of the files that are in no register, with how many claims each has."""
    found: Counter[str] = Counter()
    for file in files:
        found.update({code: file["cases"][code] for code in file.get("unregistered", ())})
    return [{"code": code, "cases": cases} for code, cases in sorted(found.items())]


def _declarations(page: CasePage) -> list[dict[str, Any]]:
    declared = page.dossier.get("declarations", {})
    proposed = page.progress.get("proposed_absences", {})
    rows = []
    for member in members_of_month(page.attempt):
        said = declared.get(member.code, {})
        rows.append({
            "name": member.name, "through_township": not member.declares, "how": HOW.get(said.get("how")),
            "on": said.get("on"), "by": said.get("by"), "remark": said.get("reason") or said.get("remark") or "",
            "proposed": proposed.get(member.code, {}).get("reason"),
            "differences": [one | {"label": CATEGORIES[one["category"]]} for one in said.get("differences", [])],
        })  # fmt: skip
    return rows


def _amounts(page: CasePage, names: dict[str, str]) -> dict[str, Any]:
    results, columns = page.dossier["worksheet"]["results"], page.dossier.get("columns", {})
    amounts = results["members"]
    rows = [
        {"name": names.get(code, code), "columns": columns.get(code, dict.fromkeys(SHOWN)), **amounts[code]}
        for code in _in_order(amounts, names)
    ]
    left_open = [(names.get(code, code), fen) for code, fen in page.dossier.get("left_open_fen", {}).items()]
    held = page.dossier.get("categories", {})
    categories = [
        (names.get(code, code), [(CATEGORIES[category], one) for category, one in held[code].items()])
        for code in _in_order(amounts, names) if held.get(code)
    ]  # fmt: skip
    return {
        "rows": rows, "total": results, "left_open": left_open, "tallies": page.dossier["tallies"],
        "categories": categories,
    }  # fmt: skip


def _in_order(amounts: dict[str, Any], names: dict[str, str]) -> list[str]:
    """The members that have amounts, in the order of the month's list of members."""
    return [code for code in names if code in amounts] + [code for code in amounts if code not in names]


def _receipts(page: CasePage, names: dict[str, str]) -> list[dict[str, Any]]:
    receipts = page.progress.get("receipts", {})
    rows = []
    amounts = results_of(page.dossier)["members"]
    for code in _in_order(amounts, names):
        one = amounts[code]
        said = receipts.get(code, {})
        if one["net_fen"] > 0:
            rows.append({
                "name": names.get(code, code), "fen": one["net_fen"], "how": RECEIPTS.get(said.get("how")),
                "on": said.get("on"), "bank_reference": said.get("bank_reference", ""),
            })  # fmt: skip
    return rows
