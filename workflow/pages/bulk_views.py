"""The page on which several cases of one step are decided with one opinion, where the stage allows it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask_login import current_user

from workflow import kernel_forms
from workflow.i18n import lazy as _
from workflow.machines import STAGES
from workflow.pages import bulk_page
from workflow.pages.context import connection, engine, now
from workflow.security import signed_in

blueprint = Blueprint("bulk", __name__)


@blueprint.route("/bulk/<stage>/<trigger>", methods=["GET", "POST"])
@signed_in
def decide(stage: str, trigger: str) -> Any:
    """The picked cases with one form; once sent, what became of each of them."""
    steps = bulk_page.steps_named(stage, trigger)
    held = {str(seat.role) for seat in current_user.seats}
    if not steps or not any(held & {str(role) for role in one.by} for one in steps):
        abort(404)
    items = bulk_page.items_of(request.values.getlist("item"))
    form_class = kernel_forms.stage_form(STAGES[stage], steps[0])
    form = form_class(request.form if request.method == "POST" else None) if form_class else None
    problem, posted = _problem(items), request.method == "POST"
    rows = [] if problem else bulk_page.listed(connection(), current_user, stage, trigger, items, now())
    answered = posted and not problem and (form is None or form.validate_on_submit())
    if answered:
        connection().rollback()
        data = form.command_data() if form is not None else {}
        rows = bulk_page.take_each(engine(), rows, current_user, stage, trigger, data)
    page = SimpleNamespace(
        label=steps[0].label, stage_label=STAGES[stage].label, url=f"/bulk/{stage}/{trigger}", rows=rows, form=form,
        problem=problem, answered=answered, done=sum(row.done for row in rows),
        may_send=any(not row.refusals for row in rows),
    )  # fmt: skip
    return render_template("pages/bulk.html", page=page), 422 if posted and not answered else 200


def _problem(items: list[bulk_page.Item]) -> Any:
    """Why nothing can be decided: nothing was picked, or too much."""
    if not items:
        return _("没有选中要办理的事项，请回到收件箱选择")
    if len(items) > bulk_page.MOST:
        return _("一次最多办理 %(most)s 件，请分几次选择", most=bulk_page.MOST)
    return ""
