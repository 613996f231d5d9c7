"""The page that puts the three ways of paying side by side."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask_login import current_user
from sqlalchemy import select

from workflow import rules, scope
from workflow.organisations.model import consortia
from workflow.pages import words
from workflow.pages.context import connection
from workflow.security import signed_in
from workflow.what_if import looking
from workflow.what_if.modes import SHEET, prefilled, side_by_side, trial_of, years
from workflow.what_if.page import Trial, carry_out
from workflow.what_if.views import FRAGMENT, workbook_of

blueprint = Blueprint("what_if_modes", __name__)
looking.read_only(blueprint)

_POOL = "resident"


@blueprint.get("/what-if/payment-modes")
@signed_in
def show() -> str:
    """The comparison, with the figures of a consortium's year where one was picked."""
    chosen = _chosen()
    trial = trial_of(connection(), chosen.place, looking.this_day(), chosen.facts)
    if "prior_in_county_fen" in chosen.facts:
        carry_out(trial, {}, rules.rulebook(connection()))
    return render_template("what_if/modes.html", page=_page(chosen, trial))


@blueprint.post("/what-if/payment-modes")
@signed_in
def tried() -> Any:
    """The comparison on what was typed: a page, its result alone, or a workbook; nothing is kept."""
    chosen = _chosen()
    trial = trial_of(connection(), chosen.place, looking.this_day(), chosen.facts)
    carry_out(trial, request.form, rules.rulebook(connection()))
    if request.form.get("as") == "xlsx" and trial.outcome.sheet:
        return workbook_of(trial, chosen.place, f"what-if-{SHEET}.xlsx")
    template = "what_if/_modes_result.html" if request.headers.get(FRAGMENT) else "what_if/modes.html"
    return render_template(template, page=_page(chosen, trial)), 422 if trial.bad else 200


def _chosen() -> SimpleNamespace:
    """Whose year, by the address: a consortium in the viewer's scope, or none; else not found."""
    query = select(consortia).where(scope.visible(current_user.seats)).order_by(consortia.c.id)
    known = {row.id: row for row in connection().execute(query)}
    asked = request.args.get("consortium", "")
    if asked and (not asked.isdecimal() or int(asked) not in known):
        abort(404)
    row = known[int(asked)] if asked else None
    cleared = years(connection(), row.id, _POOL) if row else {}
    year = request.args.get("year") or next(iter(cleared), "")
    if year and year not in cleared:
        abort(404)
    place = row.place if row else next((seat.place for seat in current_user.seats), "cn")
    facts = prefilled(cleared, year)
    return SimpleNamespace(row=row, known=known, years=list(cleared), year=year, place=place, facts=facts)


def _page(chosen: SimpleNamespace, trial: Trial) -> SimpleNamespace:
    row = chosen.row
    address = f"/what-if/payment-modes?consortium={row.id}&year={chosen.year}" if row else "/what-if/payment-modes"
    shown = side_by_side(trial)
    return SimpleNamespace(
        action=address, form=trial.form, rules=trial.rules, consortium=row.id if row else 0, year=chosen.year,
        years=chosen.years, has_prior="prior_in_county_fen" in chosen.facts, has_errors=trial.bad,
        name=words.pick(row.name, row.name_en) if row else "",
        consortia=[SimpleNamespace(id=one.id, name=words.pick(one.name, one.name_en)) for one in chosen.known.values()],
        result=SimpleNamespace(
            errors=trial.errors, refusals=[words.shown(one) for one in trial.general], modes=shown,
        ),
    )  # fmt: skip
