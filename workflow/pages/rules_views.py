"""Policy and rules as pages: what is in force for a place on a day, and each stage's table of steps."""

from __future__ import annotations

import io
from datetime import date
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, send_file
from flask_login import current_user
from sqlalchemy import select

from workflow import clock, files, scope
from workflow.machines import STAGES
from workflow.organisations.model import consortia
from workflow.pages import enacted_list, words
from workflow.pages.context import connection
from workflow.pages.rule_values import value_text
from workflow.rules import place_chain, rulebook
from workflow.security import signed_in

blueprint = Blueprint("rules", __name__)


def _places() -> list[str]:
    """The places whose rules the viewer may read: those of their consortia, and what stands above them."""
    visible = scope.visible_consortia(connection(), current_user.seats)
    own = connection().scalars(select(consortia.c.place).where(consortia.c.id.in_(visible)).distinct()).all()
    found = {one for place in own for one in place_chain(place)} | {
        one for seat in current_user.seats for one in place_chain(seat.place)
    }
    return sorted(found, key=lambda place: (len(place_chain(place)), place))


@blueprint.get("/rules")
@signed_in
def rules() -> str:
    """Every provision in force at a place on a day, with its clause and how sure we are."""
    places = _places()
    place = request.args.get("place", places[-1])
    if place not in places:
        abort(404)
    today = clock.day_of(clock.now(connection()))
    try:
        day = date.fromisoformat(request.args.get("on", today.isoformat()))
    except ValueError:
        abort(404)
    held, names = rulebook(connection()).at(place), rulebook().places
    visible = scope.visible_consortia(connection(), current_user.seats)
    enacted = enacted_list.rows(connection(), place_chain(place), visible, day)
    sources = {(one.place, one.rule, one.since): one for one in reversed(enacted)}
    page = SimpleNamespace(
        place=place,
        on=day,
        places=[SimpleNamespace(code=one, name=words.pick(names[one].name, names[one].name_en)) for one in places],
        digest=held.in_force(day).digest,
        provisions=[
            _row(one, sources.get((one.place, one.rule, one.since)))
            for _key, one in sorted(held.provisions(day).items())
        ],
        enacted=enacted,
    )
    return render_template("pages/rules.html", page=page)


@blueprint.get("/rules/enacted/<int:enacted>/scan")
@signed_in
def scan(enacted: int) -> Response:
    """The document of an enacted rule, for everybody whom its place's rules bind; always as a download."""
    row = enacted_list.scan_of(connection(), enacted)
    if row is None or row.place not in _places():
        abort(404)
    try:
        content = files.open_bytes(row.sha256)
    except FileNotFoundError:
        abort(404)
    answer = send_file(io.BytesIO(content), row.media_type, as_attachment=True, download_name=row.name)
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer


def _row(provision: Any, enacted: SimpleNamespace | None) -> SimpleNamespace:
    place = rulebook().places[provision.place]
    return SimpleNamespace(
        key=provision.rule,
        title=words.pick(provision.title, provision.title_en),
        value=value_text(provision.rule, provision.value, provision.unit),
        unit="",
        since=provision.since,
        place_name=words.pick(place.name, place.name_en),
        status=provision.status,
        status_label=words.STATUSES.get(provision.status, provision.status),
        document=provision.cite.document,
        clause=provision.cite.clause,
        says=provision.cite.says,
        known_since=provision.known_since,
        enacted=enacted if enacted is None or enacted.known_since == provision.known_since else None,
    )


@blueprint.get("/flows")
@signed_in
def flows() -> str:
    """Each stage's steps as a table: from, to, by whom."""
    page = SimpleNamespace(
        stages=[
            SimpleNamespace(
                name=stage.name,
                label=stage.label,
                path=[stage.state_labels[state] for state in stage.main_path or stage.states],
                steps=[
                    SimpleNamespace(
                        label=step.label,
                        sources=[stage.state_labels[state] for state in step.source],
                        dest="、".join(str(stage.state_labels[one]) for one in step.leads_to),
                        by=[words.role_name(str(role)) for role in step.by],
                        duty=str(step.duty or ""),
                    )
                    for step in stage.steps
                ],
            )
            for stage in STAGES.values()
        ]
    )
    return render_template("pages/flows.html", page=page)
