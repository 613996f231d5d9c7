"""What the viewer may do around a case besides its steps: links on its page, forms on a page of their own."""

from __future__ import annotations

import secrets
from types import SimpleNamespace
from typing import Any

from governance.roles import Role
from workflow import scope, standing
from workflow.acts.registry import ACTS, Act
from workflow.attempt import Actor, Attempt
from workflow.pages import words
from workflow.pages.lists import case_title, case_url


def actor_for_act(attempt: Attempt, viewer: Any, act: Act) -> Actor | None:
    """The first seat of ``viewer`` that has part in the case and is offered ``act``, or ``None``."""
    for seat in viewer.seats:
        if seat.organisation_id in attempt.parties.of(Role(seat.role)) and scope.covers(seat, attempt.case.stage):
            actor = scope.actor_in(viewer, seat)
            if act.offered(attempt.by(actor)):
                return actor
    return None


def links(attempt: Attempt, viewer: Any) -> list[SimpleNamespace]:
    """Which acts are offered to the viewer, each with the address of its form; asks the database nothing."""
    page = f"{case_url(attempt.case.stage, attempt.case.id)}/acts"
    return [
        SimpleNamespace(label=act.label, url=f"{page}#act-{act.verb}")
        for act in ACTS.values()
        if actor_for_act(attempt, viewer, act)
    ]


def build(attempt: Attempt, viewer: Any, bound: dict[str, Any] | None = None) -> SimpleNamespace:
    """What the page of a case's acts shows: what is offered, with forms, and what has been done so far."""
    consortium = attempt.consortium
    sections = [act.section(attempt, viewer) for act in ACTS.values() if act.section]
    name = words.pick(consortium.name, consortium.name_en)
    return SimpleNamespace(
        title=case_title(attempt.case.stage, name, attempt.case.period),
        url=case_url(attempt.case.stage, attempt.case.id),
        consortium=SimpleNamespace(name=name, url=f"/consortia/{consortium.id}"),
        state_label=attempt.stage.state_labels[attempt.case.state],
        acts=[] if attempt.case.closed_at else offers(attempt, viewer, bound or {}),
        sections=[one for one in sections if one is not None],
    )


def offers(attempt: Attempt, viewer: Any, bound: dict[str, Any]) -> list[SimpleNamespace]:
    """The acts offered to the viewer, open or closed with every reason, in the order in which they were made known."""
    found = []
    for act in ACTS.values():
        actor = actor_for_act(attempt, viewer, act)
        if actor is not None:
            found.append(_offer(attempt.by(actor), act, bound.get(act.verb)))
    return found


def _offer(attempt: Attempt, act: Act, bound: Any) -> SimpleNamespace:
    refusals = [words.shown(one) for one in (*standing.refusals(attempt), *act.refusals(attempt))]
    return SimpleNamespace(
        verb=act.verb,
        label=act.label,
        open=not refusals,
        refusals=refusals,
        form=bound or (None if refusals else form_of(attempt, act)),
        url=f"{case_url(attempt.case.stage, attempt.case.id)}/acts/{act.verb}",
        dangerous=act.dangerous,
        key=secrets.token_urlsafe(18),
        bound=bound is not None,
    )


def form_of(attempt: Attempt, act: Act, formdata: Any = None) -> Any:
    """The form of ``act`` for this attempt, prefilled; ``None`` when nothing is typed."""
    if act.form is None:
        return None
    form = act.form(formdata, data=act.form.initial(attempt))
    form.prepare(attempt)
    return form
