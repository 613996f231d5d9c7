"""What the page of a red-letter supplement shows, and of a closed month the supplements that follow it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from governance.roles import Role
from workflow.claims.columns import CATEGORIES
from workflow.i18n import lazy as _
from workflow.i18n import yuan
from workflow.model import cases
from workflow.pages.sections import Begin, CasePage, Section
from workflow.settlement.model import STATE_LABELS, State, results_of
from workflow.settlement.supplement_forms import BeginSupplementForm
from workflow.settlement.supplements import WHAT, begin

BEGIN = Begin((Role.AGENCY_CLERK,), BeginSupplementForm, begin, _("红冲补记"))


def facts(page: CasePage) -> list[tuple[Any, Any]]:
    """The supplement in a few lines: which case it follows, why, and what it comes to."""
    named = page.dossier["supplement"]
    found = [
        (_("更正的结算"), f"{page.attempt.case.period} #{named['case']}"),
        (_("更正原因"), named["reason"]),
        (_("立案"), f"{named['on']} {named['by']}"),
    ]
    results = results_of(page.dossier)
    if results:
        found.append((_("补付（元）"), yuan(results["net_to_lead_fen"])))
        found.append((_("扣回，结转成员下月（元）"), yuan(results["carried_out_fen"])))
    if "withdrawn" in page.progress:
        found.append((_("撤销原因"), page.progress["withdrawn"]["reason"]))
    if "dispute" in page.progress:
        found.append((_("争议"), page.progress["dispute"]["reason"]))
    return found


def sections(page: CasePage, names: dict[str, str]) -> list[Section]:
    """The corrections with their evidence, and line by line what was decided, what is right and the difference."""
    body, named = page.dossier, page.dossier["supplement"]
    found = [
        Section(
            _("更正"), "settlement/corrections.html", case_id=page.attempt.case.id, named=named,
            rows=[
                one | {
                    "label": WHAT[one["what"]], "name": names.get(one["member"], one["member"]),
                    "category": CATEGORIES.get(one["category"], ""),
                }
                for one in body["corrections"]
            ],
        )
    ]  # fmt: skip
    difference = body.get("difference")
    if difference:
        members = difference["results"]["members"]
        found.append(
            Section(
                _("原结算、更正后与差额"), "settlement/difference.html", wide=True, lines=difference["lines"],
                parts=[
                    one | {"name": names.get(one["member"], one["member"]), "label": CATEGORIES[one["category"]]}
                    for one in difference["parts"]
                ],
                rows=[
                    one | {"name": names.get(code, code)}
                    for code, one in members.items()
                    if any(one.values())
                ],
                total=difference["results"],
            )
        )  # fmt: skip
    return found


def followers(page: CasePage) -> list[Section]:
    """Of a closed month: the supplements that follow it, and for the agency's clerk the way to another."""
    case = page.attempt.case
    if case.state != State.CLOSED:
        return []
    query = (
        select(cases.c.id, cases.c.serial, cases.c.state, cases.c.amount_fen, cases.c.opened_at)
        .where(
            cases.c.stage == "settlement", cases.c.consortium_id == case.consortium_id, cases.c.pool == case.pool,
            cases.c.period == case.period, cases.c.serial > case.serial,
        )
        .order_by(cases.c.serial)
    )  # fmt: skip
    rows = page.attempt.connection.execute(query).all()
    clerk = any(seat.role == Role.AGENCY_CLERK for seat in getattr(page.viewer, "seats", ()))
    last = all(row.state == State.WITHDRAWN for row in rows)
    if not rows and not clerk:
        return []
    return [
        Section(
            _("红冲补记"), "settlement/followers.html", rows=[(row, STATE_LABELS[row.state]) for row in rows],
            begin=f"/settlement/new?month={case.id}" if clerk and last else "",
        )
    ]  # fmt: skip
