"""What the page of a takeover shows beside the parts every case has."""

from __future__ import annotations

from typing import Any

from governance.roles import Role
from workflow.i18n import lazy as _
from workflow.pages.rule_values import ratio_said, tiers_said
from workflow.pages.sections import Begin, CasePage, Section
from workflow.takeover import commands
from workflow.takeover.forms import POOL_LABELS, BeginForm

BEGIN = Begin(
    roles=(Role.AGENCY_CLERK,), form=BeginForm, command=commands.begin, label=_("接入已运行的医共体")
)


def facts(page: CasePage) -> list[tuple[Any, Any]]:
    """The takeover in a few lines."""
    body = page.dossier
    return [
        (_("接入日期"), body.get("effective") or _("未填")),
        (_("认定文件"), body["recognition"]["document"] or _("未填")),
        (_("协议编号"), body["agreement"]["number"] or _("未填")),
        (_("成员单位"), len(body.get("members", []))),
    ]


def sections(page: CasePage) -> list[Section]:
    """Recognition and agreement, and what each pool opens with."""
    body, parties = page.dossier, page.attempt.parties
    names = {parties.codes[number]: name for number, name in parties.names.items()}
    agreement = body["agreement"]
    pools = [
        {
            "label": POOL_LABELS[pool],
            "opening": opening,
            "agreed_fen": agreement["prepayment_fen"].get(pool),
            "carry": [(names.get(code, code), fen) for code, fen in opening.get("carry", {}).items()],
        }
        for pool, opening in body["opening"].items()
    ]
    return [
        Section(
            _("认定与协议"),
            "takeover/papers.html",
            recognition=body["recognition"],
            agreement=agreement,
            deposit_ratio=ratio_said(agreement["answers"].get("settlement.deposit_ratio")),
            overrun=tiers_said(agreement["answers"].get("clearing.overrun")),
            returned=body.get("returned", []),
            members=[names.get(code, code) for code in body.get("members", [])],
        ),
        Section(_("期初余额"), "takeover/opening.html", pools=pools),
    ]
