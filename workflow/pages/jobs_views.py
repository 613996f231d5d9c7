"""Scheduled work as a page: what failed and blocks, and the last runs; retry, or resolve with a note."""

from __future__ import annotations

import re
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask_login import current_user
from sqlalchemy import Connection, and_, case, false, func, or_, select

from governance.roles import ROLE_NAMES, Role
from workflow import clock, jobs, lifecycle, occurrences, scope
from workflow.attempt import Actor
from workflow.db import writing
from workflow.i18n import lazy as _
from workflow.model import cases
from workflow.model import occurrences as rows
from workflow.organisations.model import consortia, organisations
from workflow.organisations.office import begin, record
from workflow.organisations.posting import office_of
from workflow.pages import lists, words
from workflow.pages.context import connection, engine
from workflow.reminders import jobs as reminders
from workflow.rules import place_chain, rulebook
from workflow.security import signed_in

blueprint = Blueprint("jobs", __name__)
_TECHNICAL = re.compile(r"[A-Za-z_][\w.]*(: |$)")
MENDERS = (Role.ADMINISTRATOR, Role.AGENCY_CLERK, Role.AGENCY_REVIEWER, Role.AGENCY_HEAD)


def _in_scope() -> Any:
    """The condition that a run belongs to a case in the viewer's scope; others look as if they did not exist."""
    if not current_user.may_see_jobs:
        abort(404)
    return cases.c.consortium_id.in_(scope.visible_consortia(connection(), current_user.seats))


def _of_no_case() -> Any:
    """The condition that a run belongs to no case, nor to an organisation outside the viewer's places."""
    places = {seat.place for seat in current_user.own_seats}
    under = [code for code in rulebook().places if places & set(place_chain(code))]
    return and_(rows.c.scope <= 0, or_(organisations.c.id.is_(None), organisations.c.place.in_(under)))


def _mendable(in_scope: Any) -> Any:
    """The condition that the viewer may retry or resolve a run: of a case in scope; of no case, the administrator."""
    of_case = in_scope if current_user.has_role(*MENDERS) else false()
    return and_(rows.c.status == "failed", or_(of_case, _of_no_case() if _administers() else false()))


def _with_what_for(query: Any) -> Any:
    """Runs, each with the case it was about or the organisation whose digest it was."""
    body = and_(organisations.c.id == -rows.c.scope, rows.c.job == reminders.DIGEST)
    return query.select_from(rows).outerjoin(cases, cases.c.id == rows.c.scope).outerjoin(organisations, body)


def _administers() -> bool:
    return bool(current_user.has_role(Role.ADMINISTRATOR))


def _scope(row: Any) -> str:
    """The case a run was about, or the organisation whose digest it was; for any other, nothing."""
    if row.stage:
        return lists.case_title(row.stage, words.pick(row.name, row.name_en), row.of_period)
    return str(words.pick(row.body, row.body_en)) if row.body else ""


def _said(error: str) -> Any:
    """Why a run failed: a refusal in words to everybody, what the machine said to administrators alone."""
    if not error or _administers() or not _TECHNICAL.match(error):
        return error
    return _("程序出错，技术细节由系统管理员查看")


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
    """Failed runs of the cases in my scope and of no case first, then the newest."""
    in_scope = _in_scope()
    seen, held = or_(_of_no_case(), in_scope), connection()
    mendable = case((_mendable(in_scope), 1), else_=0).label("mendable")
    columns = (
        rows, cases.c.stage, cases.c.period.label("of_period"), consortia.c.name, consortia.c.name_en, mendable,
        organisations.c.name.label("body"), organisations.c.name_en.label("body_en"),
    )  # fmt: skip
    query = (
        _with_what_for(select(*columns))
        .outerjoin(consortia, consortia.c.id == cases.c.consortium_id)
        .where(seen)
        .order_by((rows.c.status != "failed"), rows.c.id.desc())
        .limit(200)
    )
    page = SimpleNamespace(
        last_beat=occurrences.last_beat(held),
        failed=held.scalar(_with_what_for(select(func.count())).where(seen, rows.c.status == "failed")),
        runs=[_run(row) for row in held.execute(query)],
    )
    return render_template("pages/jobs.html", page=page)


def _run(row: Any) -> SimpleNamespace:
    return SimpleNamespace(
        id=row.id, label=jobs.label_of(row.job), period=period_words(row.period), status=row.status, scope=_scope(row),
        attempts=row.attempts, error=_said(row.error), note=row.note, finished_at=row.finished_at,
        may_mend=bool(row.mendable), url=f"/{row.stage}/{row.scope}" if row.stage else "",
    )  # fmt: skip


@blueprint.post("/jobs/<int:run_id>/<act>")
@signed_in
def act(run_id: int, act: str) -> Any:
    """Retry a failed run, or lift its block with a note saying why."""
    found = _with_what_for(select(rows, cases.c.id.label("case_id")))
    row = connection().execute(found.where(rows.c.id == run_id, _mendable(_in_scope()))).one_or_none()
    if row is None or act not in ("retry", "resolve"):
        abort(404)
    at = clock.now(connection())
    connection().rollback()
    if act == "retry":
        _retry(row, at)
        return redirect("/jobs")
    note = request.form.get("note", "").strip()
    if not note:
        flash(_("解除须注明原因"), "error")
        return redirect("/jobs")
    _resolve(row, note, at)
    return redirect("/jobs")


def _retry(row: Any, at: datetime) -> None:
    job = next(one for one in jobs.all_jobs() if one.name == row.job)
    ran = occurrences.run_one(engine(), job, occurrences.Due(row.scope, row.period, row.due_at), at, forced=True)
    if row.case_id is None:
        with writing(engine()) as held:
            _write_down(held, row, "retry_run", at, {"done": ran is None or ran.status == "done"})
    if ran is None or ran.status == "done":
        flash(_("已重试"))
    else:
        flash(_said(ran.error), "error")


def _write_down(held: Connection, row: Any, verb: str, at: datetime, more: dict[str, Any]) -> None:
    """Record what was done with a run of no case among the administrator's acts."""
    office = office_of(Role.ADMINISTRATOR)
    begin(held)
    record(held, office, at, verb, {"run": row.id, "job": row.job, "scope": row.scope, "period": row.period} | more)


def _resolve(row: Any, note: str, at: datetime) -> None:
    seat = next(one for one in current_user.own_seats if one.role in MENDERS)
    actor = Actor(current_user.person_id, seat.seat_id, seat.organisation_id, Role(seat.role), current_user.name)
    with writing(engine()) as held:
        occurrences.resolve(held, row.id, note)
        if row.case_id is None:
            _write_down(held, row, "resolve_incident", at, {"note": note})
        else:
            lifecycle.note(held, row.scope, "resolve_incident", at=at, data={"note": note, "job": row.job}, actor=actor)
    flash(_("已解除，原因已记入办理记录"))
