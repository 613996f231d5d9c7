"""Acts around a case over HTTP: load, form, valid, one act, redirect."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask_login import current_user
from werkzeug.datastructures import CombinedMultiDict

from governance.refusal import Refused
from workflow import door, lifecycle
from workflow.acts.registry import ACTS, Act
from workflow.attempt import ON_PAGE, SYSTEM, Attempt, Case
from workflow.i18n import lazy as _
from workflow.pages import act_offers
from workflow.pages.case_views import case_in_scope, flash_refusals, kept_files
from workflow.pages.context import connection, engine, now
from workflow.pages.lists import case_url
from workflow.security import signed_in

blueprint = Blueprint("acts", __name__)


@blueprint.get("/<stage>/<int:case_id>/acts")
@signed_in
def acts(stage: str, case_id: int) -> Any:
    """What may be done around the case besides its steps, and what has been."""
    return _page(case_in_scope(stage, case_id))


@blueprint.post("/<stage>/<int:case_id>/acts/<verb>")
@signed_in
def act(stage: str, case_id: int, verb: str) -> Any:
    """Do one thing around a case; otherwise the page again with what is wrong."""
    case = case_in_scope(stage, case_id)
    known = ACTS.get(verb)
    if known is None:
        abort(404)
    attempt = _attempt(case)
    actor = act_offers.actor_for_act(attempt, current_user, known)
    if actor is None:
        return _refused(case, Refused(lifecycle.not_offered(known)), 403)
    form = act_offers.form_of(attempt.by(actor), known, CombinedMultiDict([request.files, request.form]))
    if form is not None and not form.validate_on_submit():
        return _page(case, {verb: form}, 422)
    return _do(case, known, actor, form)


def _attempt(case: Case) -> Attempt:
    return Attempt(connection(), case, SYSTEM, now(), read={ON_PAGE: {}})


def _page(case: Case, bound: dict[str, Any] | None = None, status: int = 200) -> Any:
    return render_template("pages/acts.html", page=act_offers.build(_attempt(case), current_user, bound)), status


def _refused(case: Case, refused: Refused, status: int, bound: dict[str, Any] | None = None) -> Any:
    flash_refusals(refused)
    forms = {verb: form for verb, form in (bound or {}).items() if form}
    return _page(case_in_scope(case.stage, case.id), forms, status)


def _do(case: Case, known: Act, actor: Any, form: Any) -> Any:
    connection().rollback()
    key = request.form.get("_key") or secrets.token_urlsafe(18)
    try:
        data = kept_files(form.command_data()) if form is not None else {}
        door.act(engine(), case.id, known.verb, actor=actor, key=f"web:{current_user.person_id}:{key}", data=data)
    except lifecycle.NotFound:
        abort(404)
    except Refused as refused:
        return _refused(case, refused, 422, {known.verb: form})
    except door.KeyReused:
        abort(409)
    flash(_("已办理：%(step)s", step=known.label))
    return redirect(case_url(case.stage, case.id))
