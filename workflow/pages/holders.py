"""Those who hold a case, each with the nudge that the viewer may send and how often they were nudged."""

from __future__ import annotations

import secrets
from types import SimpleNamespace
from typing import Any

from governance.roles import Role
from workflow.acts import nudge
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.pages import act_offers, words
from workflow.pages.case_reading import Reading
from workflow.pages.lists import case_url


def holders(reading: Reading, viewer: Any) -> list[SimpleNamespace]:
    """The organisations the case waits for, by name; asks the database nothing that the page has not read."""
    attempt = reading.attempt
    attempt.once(nudge.KEPT, lambda: nudge.told(reading.trail))
    actor = act_offers.actor_for_act(attempt, viewer, nudge.NUDGE)
    trying = attempt.by(actor) if actor else None
    own = {seat.organisation_id for seat in viewer.seats}
    names = attempt.parties.names
    return [
        _holder(attempt, trying if one not in own else None, one, words.holder(names[one], *roles))
        for one, roles in sorted(nudge.holding(attempt).items(), key=lambda held: names[held[0]])
    ]


def by_itself(attempt: Attempt) -> list[Any]:
    """Who holds a case that waits for nobody: the system, where the next step is a job's."""
    state = attempt.case.state
    steps = (one for one in attempt.stage.steps_from(state) if Role.SYSTEM in one.by)
    return [_("系统（条件齐备后自动办理）")] if any(set(one.leads_to) - {state} for one in steps) else []


def _holder(attempt: Attempt, trying: Attempt | None, organisation_id: int, name: str) -> SimpleNamespace:
    sent = [one for one in nudge.nudges(attempt) if one.organisation_id == organisation_id]
    refusal = nudge.refused(trying, organisation_id) if trying else None
    return SimpleNamespace(
        id=organisation_id,
        name=name,
        nudged=len(sent),
        last=sent[-1].at if sent else None,
        may_nudge=trying is not None and refusal is None,
        why_not=words.shown(refusal).reason if refusal else "",
        url=f"{case_url(attempt.case.stage, attempt.case.id)}/acts/{nudge.VERB}",
        key=secrets.token_urlsafe(18),
    )
