"""What the page of a prepayment shows beside the parts every case has."""

from __future__ import annotations

from typing import Any

from workflow.i18n import lazy as _
from workflow.i18n import yuan
from workflow.pages.rule_values import value_text
from workflow.pages.sections import Begin, CasePage, Section
from workflow.pages.words import STATUSES, pick
from workflow.prepayment import commands
from workflow.prepayment.beginning import APPLICANTS
from workflow.prepayment.forms import BeginForm
from workflow.prepayment.model import CONDITION_LABELS, POOL_LABELS, STANDING_LABELS, USE_LABELS, open_fen

BEGIN = Begin(roles=APPLICANTS, form=BeginForm, command=commands.begin, label=_("申请预付金"))
ANSWERS = {"said": _("待核对到账"), "received": _("已到账"), "not_received": _("没有到账")}


def facts(page: CasePage) -> list[tuple[Any, Any]]:
    """The prepayment in a few lines."""
    applied, checked, paid = page.dossier["application"], page.dossier.get("check"), page.progress.get("paid")
    found = [
        (_("险种"), POOL_LABELS[page.attempt.case.pool]),
        (_("申请金额（元）"), yuan(applied["amount_fen"])),
        (_("申请日期"), applied["on"]),
    ]
    if checked:
        found.append((_("拟预付金额（元）"), yuan(checked["amount_fen"])))
    if paid:
        found.append((_("已拨付（元）"), yuan(paid["fen"])))
        found.append((_("未收回（元）"), yuan(max(open_fen(page.attempt), 0))))
    return found


def sections(page: CasePage) -> list[Section]:
    """The application, each condition with its clause, and the way of the money."""
    applied, checked = page.dossier["application"], page.dossier.get("check")
    uses = [USE_LABELS.get(one, one) for one in applied["uses"]]
    found = [Section(_("申请"), "prepayment/application.html", applied=applied, uses=uses)]
    if checked:
        found.append(
            Section(
                _("条件核查"), "prepayment/conditions.html", wide=True, checked=checked,
                rows=[_condition(page, one) for one in checked["conditions"]],
                standing=[STANDING_LABELS.get(one, one) for one in checked["standing"]],
            )
        )  # fmt: skip
    progress, case = page.progress, page.attempt.case
    if any(name in progress for name in ("paid", "refused")):
        found.append(
            Section(
                _("拨付和收回"), "prepayment/money.html", paid=progress.get("paid"), refused=progress.get("refused"),
                demanded=progress.get("demanded"), reminded=progress.get("reminded"),
                rows=[one | {"answer_label": ANSWERS[one["state"]]} for one in progress.get("repayments", [])],
                ledger=f"/ledgers/{case.consortium_id}/{case.pool}/{case.period}",
                bank=f"/prepayment/{case.id}/bank",
            )
        )  # fmt: skip
    return found


def _condition(page: CasePage, one: dict[str, Any]) -> dict[str, Any]:
    return {
        "label": CONDITION_LABELS[one["key"]], "met": one["met"], "found": pick(one["found"], one["found_en"]),
        "asked": value_text(one["rule"], one.get("asked"), one.get("unit", "")),
        "document": one["document"], "clause": one["clause"], "status": STATUSES.get(one["status"], ""),
    }  # fmt: skip
