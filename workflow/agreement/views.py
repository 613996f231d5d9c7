"""What the page of an agreement shows beside the parts every case has."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from workflow.agreement.model import (
    DEPOSIT_RULE,
    OVERRUN_RULE,
    POOL_LABELS,
    TERM_LABELS,
    asked_members,
    unpaid_prepayment_fen,
)
from workflow.agreement.supplements import KINDS
from workflow.i18n import lazy as _
from workflow.model import cases
from workflow.pages.rule_values import ratio_said, tiers_said
from workflow.pages.sections import CasePage, Section


def facts(page: CasePage) -> list[tuple[Any, Any]]:
    """The agreement in a few lines."""
    body = page.dossier
    found = [
        (_("协议编号"), body.get("number") or _("未填")),
        (_("协议期"), " — ".join(filter(None, (body.get("start"), body.get("end")))) or _("未填")),
        (_("认定文件"), body.get("recognition", {}).get("document") or _("未填")),
        (_("双方签署日期"), page.progress.get("signed_on") or _("未签")),
    ]
    if page.progress.get("terminated_on"):
        found.append((_("解除日期"), page.progress["terminated_on"]))
    return found


def sections(page: CasePage) -> list[Section]:
    """Terms, prepayment, authorisations, supplements and suspensions."""
    body = page.dossier
    answers = body.get("answers", {})
    found = [
        Section(
            _("条款"),
            "agreement/terms.html",
            pools=[POOL_LABELS[pool] for pool in body.get("pools", [])],
            deposit_ratio=ratio_said(answers.get(DEPOSIT_RULE)),
            tiers=tiers_said(answers.get(OVERRUN_RULE)),
            circumstances=body.get("overrun_circumstances", []),
            terms=[(label, body.get("terms", {}).get(key)) for key, label in TERM_LABELS.items()],
            returned=page.progress.get("returned"),
        ),
        Section(_("预付金"), "agreement/prepayment.html", rows=_prepayment(page)),
        Section(_("成员授权"), "agreement/authorisations.html", rows=_authorisations(page)),
    ]
    if body.get("supplements"):
        found.append(Section(_("补充协议"), "agreement/supplements.html", rows=_supplements(page)))
    if page.progress.get("suspensions"):
        found.append(Section(_("中止记录"), "agreement/suspensions.html", rows=page.progress["suspensions"]))
    return found


def _prepayment(page: CasePage) -> list[dict[str, Any]]:
    unpaid = unpaid_prepayment_fen(page.dossier, page.progress)
    paid = page.progress.get("prepayment_paid", {})
    return [
        {"pool": POOL_LABELS[pool], "fen": fen, "paid": paid.get(pool), "due": pool in unpaid}
        for pool, fen in page.dossier.get("prepayment_fen", {}).items()
    ]


def _authorisations(page: CasePage) -> list[dict[str, Any]]:
    given = page.dossier.get("authorisations", {})
    declined = page.progress.get("declined", {})
    if page.dossier.get("takeover"):
        return []
    return [
        {"name": one.name, "given": given.get(one.code), "declined": declined.get(one.code)}
        for one in asked_members(page.attempt.parties)
    ]


def _supplements(page: CasePage) -> list[dict[str, Any]]:
    names, exits = page.attempt.affiliations.names(), _exit_clearings(page)
    return [
        {
            **one, "kind": KINDS[one["kind"]], "member": names.get(one["member"], (one["member"],))[0],
            "exits": [(number, POOL_LABELS[pool]) for number, pool, code in exits if code == one["member"]],
        }
        for one in page.dossier["supplements"]
    ]  # fmt: skip


def _exit_clearings(page: CasePage) -> list[tuple[int, str, str]]:
    """Number, pool and member of the exit clearings that followed from members leaving under this agreement."""
    if not any(one["kind"] == "leave" for one in page.dossier["supplements"]):
        return []
    query = select(cases.c.id, cases.c.pool, cases.c.period).where(
        cases.c.follows_id == page.attempt.case.id, cases.c.stage == "clearing", cases.c.period.contains("-exit-")
    )
    rows = page.attempt.connection.execute(query.order_by(cases.c.id))
    return [(row.id, row.pool, row.period.partition("-exit-")[2]) for row in rows]
