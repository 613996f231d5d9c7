"""The page of a case, its steps, its beginning by hand, and its files."""

from __future__ import annotations

import io
import secrets
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, send_file
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.datastructures import CombinedMultiDict, FileStorage

from governance.refusal import Refused
from workflow import door, files, lifecycle, scope
from workflow.attempt import Attempt, Case
from workflow.db import writing
from workflow.i18n import lazy as _
from workflow.inbox import drafts
from workflow.machines import STAGES, Step
from workflow.model import attachments, cases
from workflow.organisations.model import consortia
from workflow.pages import case_page, words
from workflow.pages.beginnings import actor_of, begin_of
from workflow.pages.context import connection, engine, is_demo, now
from workflow.pages.lists import case_url
from workflow.security import signed_in

blueprint = Blueprint("cases", __name__)


def case_in_scope(stage: str, case_id: int) -> Case:
    """The case in the viewer's scope; anything else is not found."""
    if stage not in STAGES:
        abort(404)
    query = select(cases).join(consortia, consortia.c.id == cases.c.consortium_id)
    query = query.where(cases.c.id == case_id, cases.c.stage == stage, scope.visible(current_user.seats))
    row = connection().execute(query).one_or_none()
    if row is None:
        abort(404)
    return Case(*row)


def _render(case: Case, bound: dict[str, Any] | None = None, status: int = 200) -> Any:
    """The page of ``case``; ``bound`` holds forms that came back with errors."""
    page = case_page.build(connection(), case, current_user, now(), bound, demo=is_demo())
    return render_template("pages/case.html", page=page), status


@blueprint.get("/<stage>/<int:case_id>")
@signed_in
def show(stage: str, case_id: int) -> Any:
    """The case."""
    return _render(case_in_scope(stage, case_id))


@blueprint.get("/<stage>/<int:case_id>/<trigger>")
@signed_in
def back_to(stage: str, case_id: int, trigger: str) -> Any:
    """Where a step that was refused is asked for again: its form on the page of the case."""
    case = case_in_scope(stage, case_id)
    if all(one.trigger != trigger for one in Attempt(connection(), case, lifecycle.SYSTEM, now()).stage.steps):
        abort(404)
    return redirect(f"{case_url(stage, case.id)}#step-{trigger}")


@blueprint.post("/<stage>/<int:case_id>/<trigger>")
@signed_in
def step(stage: str, case_id: int, trigger: str) -> Any:
    """Take a step: load, form, valid, one command, redirect; otherwise the page again with what is wrong."""
    case = case_in_scope(stage, case_id)
    attempt = Attempt(connection(), case, lifecycle.SYSTEM, now())
    taken = attempt.stage.step_from(case.state, trigger)
    known = taken or next((one for one in attempt.stage.steps if one.trigger == trigger), None)
    if known is None:
        abort(404)
    actor = scope.actor_for(current_user, known, attempt.parties, stage, request.args.get("seat", type=int))
    if actor is None:
        return _refused(case, Refused(lifecycle.not_yours(known, attempt)), 403)
    attempt = Attempt(connection(), case, actor, attempt.at)
    form = _form(attempt, known)
    if form is not None and not form.validate_on_submit():
        return _not_valid(attempt, known, form)
    return _take(case, known, actor, form)


def _not_valid(attempt: Attempt, known: Step, form: Any) -> Any:
    """What is wrong with the form; where the step is closed by now, why, and where it was taken, the case."""
    if (key := request.form.get("_key")) and door.answered(connection(), f"web:{current_user.person_id}:{key}"):
        return redirect(case_url(attempt.case.stage, attempt.case.id))
    taken = attempt.stage.step_from(attempt.case.state, known.trigger)
    closed = lifecycle.guard_refusals(attempt, taken) if taken else [lifecycle.out_of_order(attempt, known.trigger)]
    if closed:
        return _refused(attempt.case, Refused(*closed), 422)
    return _render(attempt.case, {known.trigger: form}, 422)


def _form(attempt: Attempt, known: Step) -> Any:
    return case_page.form_for(attempt, known, CombinedMultiDict([request.files, request.form]))


def _take(case: Case, known: Step, actor: Any, form: Any) -> Any:
    connection().rollback()
    key = request.form.get("_key") or secrets.token_urlsafe(18)
    try:
        data = kept_files(form.command_data()) if form is not None else {}
        door.take(
            engine(), case.id, known.trigger, actor=actor, key=f"web:{current_user.person_id}:{key}", data=data,
            seen=request.form.get("_seen"),
        )
    except lifecycle.NotFound:
        abort(404)
    except lifecycle.Stale as refused:
        return _refused(case, refused, 409, {known.trigger: form})
    except Refused as refused:
        return _refused(case, refused, 422, {known.trigger: form})
    except door.KeyReused:
        abort(409)
    with writing(engine()) as held:
        drafts.forget(held, current_user.person_id, case.id, known.trigger)
    flash(_("已办理：%(step)s", step=known.label))
    return redirect(case_url(case.stage, case.id))


def _refused(case: Case, refused: Refused, status: int, bound: dict[str, Any] | None = None) -> Any:
    """The page again, with every reason why not, and the typed text kept."""
    flash_refusals(refused)
    forms = {trigger: form for trigger, form in (bound or {}).items() if form is not None}
    return _render(case_in_scope(case.stage, case.id), forms, status)


def flash_refusals(refused: Refused) -> None:
    """Every reason why not, above the page that comes next, each with the way to what it speaks of."""
    for refusal in refused.refusals:
        said = words.shown(refusal)
        text = f"{said.reason}" + (f"（{said.who}）" if said.who else "")
        more = Markup(' <a href="{}">{}</a>').format(said.link, _("去看看")) if said.link else ""
        flash(Markup("{}{}").format(text, more), "error")


def kept_files(data: dict[str, Any]) -> dict[str, Any]:
    """The command's keywords with every uploaded file kept and replaced by its description."""
    return {name: _kept(value) for name, value in data.items()}


def _kept(value: Any) -> Any:
    if isinstance(value, FileStorage):
        return files.keep(value.read(), value.filename) if value.filename else None
    if isinstance(value, list):
        return [one for one in (_kept(item) for item in value) if one is not None]
    if isinstance(value, dict):
        return {key: _kept(item) for key, item in value.items()}
    return value


@blueprint.route("/<stage>/new", methods=["GET", "POST"])
@signed_in
def begin(stage: str) -> Any:
    """Begin a case by hand, where the stage says who may."""
    beginning = begin_of(stage) if stage in STAGES else None
    actor = beginning and actor_of(current_user, beginning, stage)
    if beginning is None or actor is None:
        abort(404)
    form = beginning.form(CombinedMultiDict([request.files, request.form]) if request.method == "POST" else None)
    if hasattr(form, "prepare_for"):
        form.prepare_for(connection(), actor)
    status = 200
    if request.method == "POST":
        if form.validate_on_submit():
            answer = _begin(stage, beginning, actor, form)
            if answer is not None:
                return redirect(case_url(stage, answer))
        status = 422
    label = beginning.label or STAGES[stage].label
    key = request.form.get("_key") or secrets.token_urlsafe(18)
    return render_template("pages/begin.html", form=form, label=label, stage=stage, key=key), status


def _begin(stage: str, beginning: Any, actor: Any, form: Any) -> int | None:
    connection().rollback()
    key = f"web:{current_user.person_id}:{request.form.get('_key') or secrets.token_urlsafe(18)}"
    try:
        data = kept_files(form.command_data())
        body = {"begin": stage, "person": actor.person_id, "data": data}
        answer: int = door.once(
            engine(), key, body, None, lambda held, at: beginning.command(held, actor=actor, at=at, **data)
        )
        return answer
    except Refused as refused:
        for refusal in refused.refusals:
            flash(str(words.shown(refusal).reason), "error")
    except lifecycle.NotFound:
        abort(404)
    return None


@blueprint.get("/files/<int:case_id>/<digest>")
@signed_in
def download(case_id: int, digest: str) -> Response:
    """A file of a case in the viewer's scope, always as a download."""
    row = connection().execute(
        select(attachments, cases.c.consortium_id, consortia.c.lead_id)
        .join(cases, cases.c.id == attachments.c.case_id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .where(attachments.c.case_id == case_id, attachments.c.sha256 == digest)
        .limit(1)
    ).one_or_none()
    if row is None or not scope.may_see(connection(), current_user.seats, row.consortium_id):
        abort(404)
    if not scope.may_open(current_user, row.section, row.person_id, row.lead_id):
        abort(404)
    try:
        content = files.open_bytes(row.sha256)
    except FileNotFoundError:
        abort(404)
    answer = send_file(io.BytesIO(content), row.media_type, as_attachment=True, download_name=row.name)
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer


