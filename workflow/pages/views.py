"""The lists of consortia."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, render_template
from flask_login import current_user

from workflow import clock, scope
from workflow.pages import consortium_links, consortium_page
from workflow.pages.context import connection
from workflow.security import signed_in

blueprint = Blueprint("pages", __name__)


def _today() -> Any:
    return clock.day_of(clock.now(connection()))


@blueprint.get("/consortia")
@signed_in
def consortia_list() -> str:
    """Every consortium in my scope, and how far each has come."""
    held = connection()
    visible = scope.visible_consortia(held, current_user.seats)
    page = SimpleNamespace(rows=consortium_page.rows(held, visible) if visible else [], empty_text="")
    return render_template("pages/consortia.html", page=page)


@blueprint.get("/consortia/<int:consortium_id>")
@signed_in
def consortium(consortium_id: int) -> str:
    """One consortium: where it is, who holds it, what is missing, since when, by when."""
    held = connection()
    if not scope.may_see(held, current_user.seats, consortium_id):
        abort(404)
    page = consortium_page.build(held, consortium_id, _today())
    page.links = consortium_links.links(current_user, page, _today().year)
    return render_template("pages/consortium.html", page=page)
