"""What a clearing's page tells of its months one by one, and of the cases that follow from the closed year."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from workflow.clearing.figures import months_of
from workflow.clearing.model import State, leaves_on
from workflow.i18n import lazy as _
from workflow.machines import STAGES
from workflow.model import cases, dossiers
from workflow.pages.sections import CasePage, Section
from workflow.pages.words import pick
from workflow.settlement.additions import ADDED
from workflow.settlement.model import MonthFigure
from workflow.settlement.model import last_day as month_end
from workflow.settlement.supplements import WHAT

PATIENTS = {"own": _("本医共体参保人"), "inflow": _("外来参保人")}
PLANS = {"surplus": _("结余分配"), "overrun": _("超支分摊"), "deferred": _("暂缓部分的发放")}


def months(page: CasePage) -> list[MonthFigure]:
    """The months that are cleared here, those of a member's exit to its last day."""
    last = leaves_on(page.attempt)
    return [one for one in months_of(page.attempt) if month_end(one.period) <= last]


def sections(page: CasePage) -> list[Section]:
    """The particulars of the months where they have any, and what follows from the year once it is closed."""
    found, rows = [], [row for one in months(page) for row in _of_month(page, one)]
    member = page.dossier.get("leaving", {}).get("member")
    rows = [row for row in rows if member in (None, row["member"])]
    if rows:
        found.append(Section(_("各月特例、拒付、更正和未申报"), "clearing/particulars.html", rows=rows))
    followers = _followers(page) if page.attempt.case.state == State.CLOSED else []
    if followers:
        found.append(Section(_("年度清算之后"), "clearing/followers.html", rows=followers))
    return found


def _of_month(page: CasePage, month: MonthFigure) -> Iterable[dict[str, Any]]:
    """Special cases and appeals, deductions, corrections and absences, each with the document or words behind it."""
    if month.carried:
        return
    for one in month.additions:
        yield _row(page, month, one, ADDED[one["what"]], one["document"], one.get("reason", ""), one["kind"])
    for one in month.deductions:
        said = one.get("decision_number", ""), one.get("reason", "")
        yield _row(page, month, {**one, "amount_fen": -one["amount_fen"]}, _("审核拒付"), *said, one["kind"])
    for one in month.corrections:
        yield _row(page, month, one, _("红冲补记：%(what)s", what=WHAT[one["what"]]), "", one["note"])
    for code, one in month.left_open.items():
        yield _row(page, month, {"member": code, "amount_fen": one["fen"]}, _("未申报，未计入"), "", one["reason"])


def _row(
    page: CasePage, month: MonthFigure, one: Any, label: Any, document: str, reason: str, kind: str = ""
) -> dict[str, Any]:
    code = one.get("member", "")
    names = page.attempt.affiliations.names()
    return {
        "case": month.case_id, "period": month.period, "label": label, "member": code, "document": document,
        "reason": reason, "name": pick(*names.get(code, (code, code))), "fen": one["amount_fen"],
        "patients": PATIENTS.get(kind, ""),
    }


def _followers(page: CasePage) -> list[dict[str, Any]]:
    """The plans that opened when the year closed, and the release of what was deferred."""
    rows = page.attempt.connection.execute(
        select(cases.c.id, cases.c.state, dossiers.c.body)
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version))
        .where(cases.c.follows_id == page.attempt.case.id, cases.c.stage == "surplus_plan")
        .order_by(cases.c.serial)
    )
    return [_follower(row.id, row.state, json.loads(row.body)) for row in rows]


def _follower(case_id: int, state: str, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "case": case_id, "label": PLANS[body.get("source") or body["kind"]], "fen": body["amount_fen"],
        "state": STAGES["surplus_plan"].state_labels[state],
    }
