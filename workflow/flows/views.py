"""Flows as pages: a stage's diagram with its table of steps, and the report of where cases are stuck."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask_login import current_user

from governance.roles import DUTY_NAMES
from workflow import clock, scope
from workflow.accounts.sessions import DELAY_ROLES
from workflow.flows import overdue, stuck
from workflow.flows.drawing import draw
from workflow.flows.guard_words import guard_text
from workflow.i18n import language
from workflow.machines import STAGES, Stage, Step
from workflow.pages import words
from workflow.pages.context import connection
from workflow.security import signed_in

blueprint = Blueprint("flows", __name__)


@blueprint.get("/flows/<name>")
@signed_in
def flow(name: str) -> str:
    """One stage: its diagram, the present state of a case marked where the address names it, and its steps."""
    stage = STAGES.get(name)
    if stage is None:
        abort(404)
    state = request.args.get("state", "")
    if state and state not in [str(one) for one in stage.states]:
        abort(404)
    page = SimpleNamespace(
        name=name, label=stage.label, state=state, state_label=stage.state_labels[state] if state else "",
        drawing=draw(name, language(), state), steps=[_row(stage, step, state) for step in stage.steps],
        stages=[SimpleNamespace(name=one.name, label=one.label) for one in STAGES.values()],
    )  # fmt: skip
    return render_template("flows/flow.html", page=page)


def _row(stage: Stage, step: Step, state: str) -> SimpleNamespace:
    return SimpleNamespace(
        label=step.label,
        sources=[stage.state_labels[one] for one in step.source],
        dest="、".join(str(stage.state_labels[one]) for one in step.leads_to),
        by=[words.role_name(str(role)) for role in step.by],
        guards=[guard_text(guard) for guard in step.guards],
        duty=words.pick(*DUTY_NAMES[str(step.duty)]) if step.duty else "",
        ballot=stage.ballot(step.casts[0]).label if step.casts else "",
        now=state in step.source,
    )


@blueprint.get("/flows/stuck")
@signed_in
def stuck_report() -> str:
    """Where the cases of my scope get stuck: typical and long stays by state and holder, and the longest open ones."""
    if not current_user.may_see_delays:
        abort(404)
    held = connection()
    seats = [seat for seat in current_user.seats if seat.role in DELAY_ROLES]
    visible = scope.visible_consortia(held, seats)
    filters = _filters()
    today = clock.day_of(clock.now(held))
    page = SimpleNamespace(
        filters=filters, stages=[SimpleNamespace(name=one.name, label=one.label) for one in STAGES.values()],
        taken=stuck.taken(held, visible, filters), longest=stuck.longest(held, visible, filters, today),
        overdue=[
            one for one in overdue.statistics(held, today, visible) if filters.stage in ("", one.stage)
        ],
    )  # fmt: skip
    return render_template("flows/stuck.html", page=page)


def _filters() -> stuck.Filters:
    stage = request.args.get("stage", "")
    if stage and stage not in STAGES:
        abort(404)
    return stuck.Filters(stage, _day("since"), _day("until"))


def _day(name: str) -> Any:
    text = request.args.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        abort(404)
