"""The page on which a stored worksheet is calculated again, now, for whoever sees its case."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, render_template
from flask_login import current_user
from sqlalchemy import select

from governance.sheets import SHEETS
from workflow import scope
from workflow.model import cases, worksheets
from workflow.organisations.model import consortia
from workflow.pages import words
from workflow.pages.context import connection, now
from workflow.pages.lists import case_title, case_url
from workflow.pages.worksheet_view import line_view
from workflow.recalculating.again import Again, again
from workflow.rules import rulebook
from workflow.security import signed_in
from workflow.what_if import looking

blueprint = Blueprint("recalculating", __name__)
looking.read_only(blueprint)


@blueprint.get("/worksheets/<int:case_id>/<int:version>/check")
@signed_in
def check(case_id: int, version: int) -> str:
    """Run a stored sheet again with the rules, facts and agreement of its time; nothing is written."""
    query = (
        select(worksheets, cases.c.stage, cases.c.period, consortia.c.name, consortia.c.name_en)
        .join(cases, cases.c.id == worksheets.c.case_id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .where(worksheets.c.case_id == case_id, worksheets.c.version == version, scope.visible(current_user.seats))
    )
    row = connection().execute(query).one_or_none()
    if row is None:
        abort(404)
    return render_template("recalculating/check.html", page=_page(row, again(connection(), row)))


def _page(row: Any, found: Again) -> SimpleNamespace:
    place, sheet = rulebook().places.get(row.place), SHEETS[row.sheet]
    return SimpleNamespace(
        title=words.pick(sheet.title, sheet.title_en), found=found, row=row, at=now(), who=current_user.name,
        case_title=case_title(row.stage, words.pick(row.name, row.name_en), row.period),
        case_url=case_url(row.stage, row.case_id),
        place_name=words.pick(place.name, place.name_en) if place else row.place,
        lines=[_line(stored, now_) for _key, stored, now_ in found.lines],
    )  # fmt: skip


def _line(stored: Any, now_: Any) -> SimpleNamespace:
    """Both sides of a line; ``said`` where the figures agree and something else does not."""
    was, is_ = (line_view(side) if side else None for side in (stored, now_))
    same = bool(stored and now_) and all(stored.get(name) == now_[name] for name in ("amount_fen", "value"))
    either = was or is_
    assert either is not None
    return SimpleNamespace(label=either.label, key=either.key, was=was, now=is_, only_words=same)
