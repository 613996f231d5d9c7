"""Scheduled work as a page: what failed and blocks, and the last runs; retry, or resolve with a note."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask_login import current_user
from sqlalchemy import func, or_, select

from governance.roles import ROLE_NAMES, Role
from workflow import clock, jobs, lifecycle, occurrences, scope
from workflow.attempt import Actor
from workflow.db import writing
from workflow.i18n import lazy as _
from workflow.model import cases
from workflow.model import occurrences as rows
from workflow.organisations.model import consortia
from workflow.pages import lists, words
from workflow.pages.context import connection, engine
from workflow.security import signed_in

blueprint = Blueprint("jobs", __name__)
MENDERS = (Role.ADMINISTRATOR, Role.AGENCY_CLERK, Role.AGENCY_REVIEWER, Role.AGENCY_HEAD)


def _in_scope() -> Any:
    """The condition that a run belongs to a case in the viewer's scope; others look as if they did not exist."""
    if not current_user.may_see_jobs:
        abort(404)
    return cases.c.consortium_id.in_(scope.visible_consortia(connection(), current_user.seats))


def _scope(row: Any) -> str:
    """The case a run was about; for a run about no case, nothing."""
    return lists.case_title(row.stage, words.pick(row.name, row.name_en), row.of_period) if row.stage else ""


def period_words(period: str) -> Any:
    """What a run was for, as people say it: a month, a day, a clock's end, or the how-manieth time since a day."""
    name, _colon, rest = period.partition(":")
    if name == occurrences.LISTING[:-1]:
        return _("%(day)s 查找到期事项", day=rest)
    if name in ROLE_NAMES:
        return f"{words.role_name(name)} {rest}"
    if name in words.CLOCKS:
        return f"{words.CLOCKS[name]} {rest.partition(':')[2]}".strip()
    if "T" in period:
        since, _hash, times = period.partition("#")
        day = clock.day_of(datetime.fromisoformat(since)).isoformat()
        return _("%(day)s 起第 %(times)s 次", day=day, times=times) if times else day
    year, _colon, pool = period.partition(":")
    return f"{words.period_label(year)} {words.POOLS.get(pool, '')}".strip()


@blueprint.get("/jobs")
@signed_in
def index() -> str:
    """Failed runs of the cases in my scope first, then the newest."""
    in_scope = _in_scope()
    labels = {job.name: job.label for job in jobs.all_jobs()}
    held = connection()
    query = (
        select(rows, cases.c.stage, cases.c.period.label("of_period"), consortia.c.name, consortia.c.name_en)
        .outerjoin(cases, cases.c.id == rows.c.scope)
        .outerjoin(consortia, consortia.c.id == cases.c.consortium_id)
        .where(or_(cases.c.id.is_(None), in_scope))
        .order_by((rows.c.status != "failed"), rows.c.id.desc())
        .limit(200)
    )
    page = SimpleNamespace(
        last_beat=occurrences.last_beat(held),
        failed=held.scalar(
            select(func.count()).select_from(rows).join(cases, cases.c.id == rows.c.scope)
            .where(in_scope, rows.c.status == "failed")
        ),
        may_mend=current_user.has_role(*MENDERS),
        runs=[
            SimpleNamespace(
                id=row.id, label=labels.get(row.job, row.job), period=period_words(row.period), status=row.status,
                scope=_scope(row),
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
    found = select(rows).join(cases, cases.c.id == rows.c.scope).where(rows.c.id == run_id, rows.c.status == "failed")
    row = connection().execute(found.where(_in_scope())).one_or_none()
    if row is None or act not in ("retry", "resolve") or not current_user.has_role(*MENDERS):
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
    seat = next(one for one in current_user.own_seats if one.role in MENDERS)
    actor = Actor(current_user.person_id, seat.seat_id, seat.organisation_id, Role(seat.role), current_user.name)
    with writing(engine()) as held:
        occurrences.resolve(held, row.id, note)
        lifecycle.note(held, row.scope, "resolve_incident", at=at, data={"note": note, "job": row.job}, actor=actor)
    flash(_("已解除，原因已记入办理记录"))
