"""Scheduled work as a page: what failed and blocks, and the last runs; retry, or resolve with a note."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask_login import current_user
from sqlalchemy import func, select

from workflow import clock, jobs, lifecycle, occurrences
from workflow.attempt import Actor
from workflow.db import writing
from workflow.i18n import lazy as _
from workflow.model import cases
from workflow.model import occurrences as rows
from workflow.pages.context import connection, engine
from workflow.security import signed_in

blueprint = Blueprint("jobs", __name__)


def _allowed() -> None:
    if not current_user.may_see_jobs:
        abort(404)


@blueprint.get("/jobs")
@signed_in
def index() -> str:
    """Failed runs first, then the newest."""
    _allowed()
    labels = {job.name: job.label for job in jobs.all_jobs()}
    held = connection()
    query = (
        select(rows, cases.c.stage)
        .outerjoin(cases, cases.c.id == rows.c.scope)
        .order_by((rows.c.status != "failed"), rows.c.id.desc())
        .limit(200)
    )
    page = SimpleNamespace(
        failed=held.scalar(select(func.count()).where(rows.c.status == "failed")) or 0,
        runs=[
            SimpleNamespace(
                id=row.id, label=labels.get(row.job, row.job), scope=row.scope, period=row.period, status=row.status,
                attempts=row.attempts, error=row.error, note=row.note, finished_at=row.finished_at,
                url=f"/{row.stage}/{row.scope}" if row.stage else "",
            )
            for row in held.execute(query)
        ],
    )
    return render_template("pages/jobs.html", page=page)


@blueprint.post("/jobs/<int:run_id>/<act>")
@signed_in
def act(run_id: int, act: str) -> Any:
    """Retry a failed run, or lift its block with a note saying why."""
    _allowed()
    row = connection().execute(select(rows).where(rows.c.id == run_id, rows.c.status == "failed")).one_or_none()
    if row is None or act not in ("retry", "resolve"):
        abort(404)
    at = clock.now(connection())
    connection().rollback()
    if act == "retry":
        job = next(one for one in jobs.all_jobs() if one.name == row.job)
        ran = occurrences.run_one(
            engine(), job, occurrences.Due(row.scope, row.period, row.due_at), at, forced=True
        )
        flash(_("已重试") if ran is None or ran.status == "done" else ran.error, "" if ran else "error")
        return redirect("/jobs")
    note = request.form.get("note", "").strip()
    if not note:
        flash(_("解除须注明原因"), "error")
        return redirect("/jobs")
    _resolve(row, note, at)
    return redirect("/jobs")


def _resolve(row: Any, note: str, at: Any) -> None:
    seat = current_user.seats[0]
    actor = Actor(current_user.person_id, seat.seat_id, seat.organisation_id, seat.role, current_user.name)
    with writing(engine()) as held:
        occurrences.resolve(held, row.id, note)
        if held.scalar(select(cases.c.id).where(cases.c.id == row.scope)):
            lifecycle.note(held, row.scope, "resolve_incident", at=at, data={"note": note, "job": row.job}, actor=actor)
    flash(_("已解除，原因已记入办理记录"))
