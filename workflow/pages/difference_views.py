"""The page that says what changed in a case."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request

from workflow.pages import differences
from workflow.pages.case_reading import read_case
from workflow.pages.case_views import case_in_scope
from workflow.pages.context import connection, now
from workflow.security import signed_in

blueprint = Blueprint("differences", __name__)


@blueprint.get("/<stage>/<int:case_id>/differences")
@signed_in
def show(stage: str, case_id: int) -> str:
    """What changed since the last round, or between the versions that the address names."""
    page = differences.build(read_case(connection(), case_in_scope(stage, case_id), now()), request.args)
    if page is None:
        abort(404)
    return render_template("pages/differences.html", page=page)
