"""Drafts over HTTP: the page sends what is typed now and then; a button throws it away."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, request
from flask_login import current_user
from sqlalchemy import select

from governance.refusal import Refused
from workflow import lifecycle, scope
from workflow.attempt import Attempt, Case
from workflow.db import writing
from workflow.inbox import drafts
from workflow.machines import STAGES
from workflow.model import cases
from workflow.organisations.model import consortia
from workflow.pages.case_page import form_for
from workflow.pages.context import connection, engine, now
from workflow.pages.lists import case_url
from workflow.security import signed_in

blueprint = Blueprint("drafts", __name__)


def _case(case_id: int, trigger: str) -> Case:
    """The case in the viewer's scope, of a stage that knows the step; anything else is not found."""
    query = select(cases).join(consortia, consortia.c.id == cases.c.consortium_id)
    row = connection().execute(query.where(cases.c.id == case_id, scope.visible(current_user.seats))).one_or_none()
    if row is None or row.stage not in STAGES:
        abort(404)
    if all(one.trigger != trigger for one in STAGES[row.stage].steps):
        abort(404)
    return Case(*row)


@blueprint.post("/drafts/<int:case_id>/<trigger>")
@signed_in
def keep(case_id: int, trigger: str) -> Any:
    """Keep what has been typed; whoever could not send the form now is refused."""
    case, at = _case(case_id, trigger), now()
    step = STAGES[case.stage].step_from(case.state, trigger)
    attempt = Attempt(connection(), case, lifecycle.SYSTEM, at)
    actor = scope.actor_for(current_user, step, attempt.parties, case.stage) if step else None
    form = form_for(attempt.by(actor), step) if step and actor else None
    if form is None or request.files:
        abort(403)
    connection().rollback()
    try:
        with writing(engine()) as held:
            person, sent = current_user.person_id, request.form.to_dict()
            drafts.keep(held, person, case, trigger, form, sent, sent.get("_seen", ""), at)
    except Refused as refused:
        return str(refused.refusals[0].reason), 413, {"Content-Type": "text/plain; charset=utf-8"}
    return "", 204


@blueprint.post("/drafts/<int:case_id>/<trigger>/discard")
@signed_in
def discard(case_id: int, trigger: str) -> Any:
    """Throw one's own draft away."""
    case = _case(case_id, trigger)
    connection().rollback()
    with writing(engine()) as held:
        drafts.forget(held, current_user.person_id, case.id, trigger)
    return redirect(f"{case_url(case.stage, case.id)}#step-{trigger}")
