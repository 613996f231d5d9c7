"""What the page of a budget shows beside the parts every case has."""

from __future__ import annotations

from typing import Any

from workflow.budget.model import METHOD_LABELS, POOL_LABELS, own_amount_fen
from workflow.i18n import lazy as _
from workflow.i18n import yuan
from workflow.pages.formula_words import term
from workflow.pages.sections import CasePage, Section
from workflow.pages.worksheet_view import names_of


def facts(page: CasePage) -> list[tuple[Any, Any]]:
    """The budget in a few lines."""
    results, progress = page.attempt.results, page.progress
    issued = progress.get("issued", [])
    found = [
        (_("险种"), POOL_LABELS[page.attempt.case.pool]),
        (_("方法"), METHOD_LABELS.get(results.get("method", ""), _("未测算"))),
        (_("本医共体金额（元）"), yuan(own_amount_fen(page.attempt.consortium.code, results))),
        (_("预下达（元）"), yuan(progress.get("pre_issued_fen"))),
        (_("已下达（元）"), yuan(issued[-1]["amount_fen"] if issued else None)),
    ]
    if progress.get("rejected"):
        found.append((_("未获批准"), progress["rejected"]))
    return found


def sections(page: CasePage) -> list[Section]:
    """The difference to the formula, carve-outs, the negotiation, and what was issued when."""
    results, body = page.attempt.results, page.dossier
    found = []
    if results:
        names = names_of(page.attempt, frozenset(results["consortia"]))
        found.append(
            Section(
                _("测算与批准"),
                "budget/figures.html",
                package_fen=results["package_fen"],
                approved_fen=results["approved_fen"],
                difference_fen=results["difference_fen"],
                reason=results["reason"],
                carve_outs=[(term(name), fen) for name, fen in results["carve_outs"].items()],
                general_fen=results["general_fen"],
                consortia=[(names.get(code, code), fen) for code, fen in results["consortia"].items()],
            )
        )
    if body.get("consultation"):
        found.append(Section(_("协商记录"), "budget/consultation.html", record=body["consultation"]))
    history = [
        {**one, "kind": kind}
        for kind, name in ((_("预下达"), "pre_issued"), (_("下达"), "issued"))
        for one in page.progress.get(name, [])
    ]
    found.append(Section(_("下达记录"), "budget/issued.html", rows=history))
    return found
