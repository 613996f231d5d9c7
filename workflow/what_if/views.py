"""What-if of a decided sheet: the page, the figures while someone types, and the workbook of a trial."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Response, render_template, request, send_file
from flask_login import current_user
from sqlalchemy import func, select

from governance.sheets import SHEETS
from workflow import rules, scope
from workflow.model import cases, worksheets
from workflow.organisations.model import consortia
from workflow.pages import words
from workflow.pages.context import connection
from workflow.pages.lists import case_subject
from workflow.security import signed_in
from workflow.what_if import looking
from workflow.what_if.page import Trial, carry_out, of_case, page_of

blueprint = Blueprint("what_if", __name__)
looking.read_only(blueprint)

FRAGMENT = "X-What-If"
MARK = "试算，不是决定 What-if, not a decision"


@blueprint.get("/what-if")
@signed_in
def index() -> str:
    """What the viewer can try: the newest sheet of each kind of every consortium in their scope."""
    page = SimpleNamespace(consortia=_newest_sheets(), wide=bool(looking.wide_places()))
    return render_template("what_if/index.html", page=page)


@blueprint.get("/what-if/<int:case_id>/<int:version>")
@signed_in
def show(case_id: int, version: int) -> Any:
    """The form with what was decided in it."""
    held = looking.decided(case_id, version)
    trial = carry_out(of_case(held), {}, rules.rulebook(connection()))
    return render_template("what_if/trial.html", page=page_of(held, trial))


@blueprint.post("/what-if/<int:case_id>/<int:version>")
@signed_in
def tried(case_id: int, version: int) -> Any:
    """What other facts and rules would give: a page, its result alone, or a workbook; nothing is kept."""
    held = looking.decided(case_id, version)
    trial = carry_out(of_case(held), request.form, rules.rulebook(connection()))
    if request.form.get("as") == "xlsx" and trial.outcome.sheet:
        return workbook_of(trial, held.place, f"what-if-{held.sheet}-{case_id}-{version}.xlsx")
    page = page_of(held, trial)
    template = "what_if/_result.html" if request.headers.get(FRAGMENT) else "what_if/trial.html"
    return render_template(template, page=page), 422 if trial.bad else 200


def workbook_of(trial: Trial, place_code: str, name: str) -> Response:
    """A trial as a workbook, marked on every sheet as no decision."""
    from workflow.workbook.writing import MEDIA_TYPE, workbook

    assert trial.outcome.sheet is not None
    place = rules.rulebook().places.get(place_code)
    said = f"{place.name} {place.name_en}" if place else ""
    against = "；".join(refusal.reason for refusal in trial.outcome.refusals)
    mark = f"{MARK}。{against}" if against else MARK
    content = workbook(trial.outcome.sheet, json.loads(json.dumps(trial.facts)), said, mark=mark)
    return send_file(io.BytesIO(content), MEDIA_TYPE, as_attachment=True, download_name=name)


def _newest_sheets() -> list[SimpleNamespace]:
    """The consortia in scope, each with the newest sheet of each kind and stage."""
    newest = (
        select(func.max(worksheets.c.case_id).label("case_id"))
        .join(cases, cases.c.id == worksheets.c.case_id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .where(scope.visible(current_user.seats))
        .group_by(cases.c.consortium_id, cases.c.stage, cases.c.pool, worksheets.c.sheet)
        .subquery()
    )
    query = (
        select(
            worksheets.c.sheet, worksheets.c.case_id, func.max(worksheets.c.version).label("version"), cases.c.stage,
            cases.c.period, consortia.c.id.label("consortium_id"), consortia.c.name, consortia.c.name_en,
        )
        .join(newest, newest.c.case_id == worksheets.c.case_id)
        .join(cases, cases.c.id == worksheets.c.case_id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .group_by(
            worksheets.c.sheet, worksheets.c.case_id, cases.c.stage, cases.c.period, consortia.c.id, consortia.c.name,
            consortia.c.name_en,
        )
        .order_by(consortia.c.id, worksheets.c.sheet, worksheets.c.case_id)
    )  # fmt: skip
    found: dict[int, SimpleNamespace] = {}
    for row in connection().execute(query):
        name = words.pick(row.name, row.name_en)
        kept = found.setdefault(row.consortium_id, SimpleNamespace(id=row.consortium_id, name=name, sheets=[]))
        titled = SHEETS[row.sheet]
        kept.sheets.append(SimpleNamespace(
            url=f"/what-if/{row.case_id}/{row.version}", title=words.pick(titled.title, titled.title_en),
            subject=case_subject(row.stage, row.period),
        ))  # fmt: skip
    return list(found.values())
