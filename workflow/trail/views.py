"""The auditor's pages: the trail of a scope, a case as it stood, versions compared, the evidence package."""

from __future__ import annotations

import io
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, send_file
from flask_login import current_user
from sqlalchemy import select

from governance.roles import Role
from workflow import clock, scope
from workflow.acts.registry import ACTS
from workflow.attempt import Case
from workflow.db import writing
from workflow.i18n import lazy as _
from workflow.machines import STAGES
from workflow.model import cases
from workflow.organisations.model import consortia
from workflow.organisations.office import Office, record
from workflow.pages import lists, words
from workflow.pages.context import connection, engine
from workflow.parties import affiliations_of
from workflow.security import signed_in
from workflow.trail import as_of, checks, evidence, package, reading, sealing

blueprint = Blueprint("trail", __name__)
MOST = 1 << 62
READERS = (Role.AUDITOR, Role.RULES_OFFICER, Role.ADMINISTRATOR)
ONLY_LABELS = {"returned": _("只看退回"), "overdue": _("只看超期"), "amount": _("只看金额")}


def _visible() -> set[int]:
    if not current_user.has_role(*READERS):
        abort(404)
    return scope.visible_consortia(connection(), current_user.seats)


def _case(case_id: int) -> Case:
    if case_id >= MOST:
        abort(404)
    row = connection().execute(select(cases).where(cases.c.id == case_id)).one_or_none()
    if row is None or row.consortium_id not in _visible():
        abort(404)
    return Case(*row)


@blueprint.get("/trail")
@signed_in
def index() -> str:
    """The records of the scope, newest first, with the filters of the address."""
    visible = _visible()
    try:
        asked = reading.filters(request.args)
    except ValueError:
        abort(404)
    found = reading.page_of(connection(), visible, asked, current_user)
    chosen = select(consortia).where(consortia.c.id.in_(visible)).order_by(consortia.c.id)
    page = SimpleNamespace(
        rows=found.rows,
        next=found.next,
        first=asked.address(before="") if asked.before else "",
        asked=asked,
        banner=_banner(),
        only=[
            SimpleNamespace(label=label, url=asked.address(only="" if key == asked.only else key, before=""),
                            active=key == asked.only)
            for key, label in ONLY_LABELS.items()
        ],
        consortia=[
            SimpleNamespace(id=row.id, name=words.pick(row.name, row.name_en))
            for row in connection().execute(chosen)
        ],
        stages=[(name, stage.label) for name, stage in STAGES.items()],
        verbs=_verbs(asked.stage),
        may_take=evidence.may_take(current_user),
    )  # fmt: skip
    return render_template("trail/index.html", page=page)


def _verbs(stage: str) -> list[tuple[str, Any]]:
    """What can be done in a stage, or everywhere, once each."""
    found: dict[str, Any] = words.VERBS | {verb: known.label for verb, known in ACTS.items()}
    for name in [stage] if stage else STAGES:
        for step in STAGES[name].steps:
            found.setdefault(step.trigger, step.label)
    return list(found.items())


def _banner() -> SimpleNamespace:
    told, seal = checks.last(connection()), sealing.last_seal(connection())
    return SimpleNamespace(
        verified=datetime.fromisoformat(told["at"]) if told else None,
        records=told["records"] if told else 0,
        problems=told["problems"] if told else 0,
        seal=seal,
    )


@blueprint.get("/trail/<int:case_id>/as-of")
@signed_in
def case_as_of(case_id: int) -> str:
    """The case as it stood at the moment the address names, else now."""
    case = _case(case_id)
    asked = request.args.get("at", "")
    try:
        at = reading.moment(asked) if asked else clock.now(connection())
    except ValueError:
        abort(404)
    page = SimpleNamespace(
        case=case, title=_title(case), url=lists.case_url(case.stage, case.id), at=at,
        local=at.astimezone(clock.SHANGHAI).strftime("%Y-%m-%dT%H:%M"),
        then=as_of.as_of(connection(), case, at, _names(case)),
        versions=as_of.versions(connection(), case), may_take=evidence.may_take(current_user),
    )  # fmt: skip
    return render_template("trail/as_of.html", page=page)


def _names(case: Case) -> dict[str, tuple[str, str]]:
    return affiliations_of(connection(), case.consortium_id).names()


def _title(case: Case) -> str:
    row = connection().execute(select(consortia).where(consortia.c.id == case.consortium_id)).one()
    return lists.case_title(case.stage, words.pick(row.name, row.name_en), case.period)


@blueprint.get("/trail/<int:case_id>/compare")
@signed_in
def compare(case_id: int) -> str:
    """Two versions of a case's dossier side by side; the last two unless the address names others."""
    case = _case(case_id)
    found = {row.version: row for row in as_of.versions(connection(), case)}
    newest = max(found, default=0)
    left = request.args.get("from", max(newest - 1, 1), type=int)
    right = request.args.get("to", newest, type=int)
    if left not in found or right not in found:
        abort(404)
    rows = as_of.compare(connection(), case, found[left], found[right], _names(case))
    everything = request.args.get("all") == "1"
    page = SimpleNamespace(
        case=case, title=_title(case), url=lists.case_url(case.stage, case.id), left=found[left], right=found[right],
        versions=list(found), rows=[row for row in rows if everything or row.changed], everything=everything,
        changed=sum(row.changed for row in rows), total=len(rows),
    )  # fmt: skip
    return render_template("trail/compare.html", page=page)


@blueprint.get("/trail/<int:case_id>/package")
@signed_in
def take_package(case_id: int) -> Response:
    """The evidence package as a download; who took it is recorded."""
    case = _case(case_id)
    if not evidence.may_take(current_user):
        abort(404)
    content = package.evidence(connection(), case)
    at = clock.now(connection())
    connection().rollback()
    with writing(engine()) as held:
        record(held, Office(current_user.person_id, None), at, "take_package", {"case": case.id})
    name = evidence.package_name(case)
    return send_file(io.BytesIO(content), "application/zip", as_attachment=True, download_name=name)
