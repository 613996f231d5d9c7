"""Nudge 催办: tell those who hold an open task that others wait, once a working day whoever asks."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from wtforms import RadioField, StringField
from wtforms.validators import InputRequired, Length, Optional

from governance.refusal import Refusal
from governance.roles import Role
from governance.workdays import Calendar
from workflow import tasks
from workflow.acts.registry import Act, register
from workflow.attempt import Attempt, refuse
from workflow.calendar_days import load_calendar
from workflow.forms import StepForm
from workflow.i18n import lazy as _
from workflow.model import records

VERB = "nudge"
REMARK_LENGTH = 200
KEPT = "nudges"


@dataclass(frozen=True, slots=True)
class Nudge:
    """One nudge as the trail tells it: which organisation, on which working day it counts, and when."""

    organisation_id: int
    counts_on: date
    at: datetime


class NudgeForm(StepForm):
    """Whom to nudge, and a word with it."""

    organisation_id = RadioField(
        _("催办谁"), coerce=int, validate_choice=False, validators=[InputRequired(_("请选择催办谁"))]
    )
    remark = StringField(_("附言"), validators=[Optional(), Length(max=REMARK_LENGTH)])

    def prepare(self, attempt: Attempt) -> None:
        """The holders of today's tasks, the actor's own organisation left out."""
        names = attempt.parties.names
        own = attempt.actor.organisation_id
        self.organisation_id.choices = [(one, names[one]) for one in sorted(holding(attempt)) if one != own]


def holding(attempt: Attempt) -> dict[int, set[Role]]:
    """The organisations the case waits for now, each with the roles it waits for."""
    found: dict[int, set[Role]] = {}
    for _trigger, organisation, role in attempt.once("awaited", lambda: tasks.awaited(attempt)):
        found.setdefault(organisation, set()).add(Role(role))
    return found


def counting_day(day: date, calendar: Calendar) -> date:
    """The working day on which a nudge of ``day`` counts: the same, or the next one after days off."""
    while not calendar.is_workday(day):
        day += timedelta(days=1)
    return day


def nudges(attempt: Attempt) -> list[Nudge]:
    """Every nudge of the case, oldest first."""
    return attempt.once(KEPT, lambda: _asked(attempt))


def _asked(attempt: Attempt) -> list[Nudge]:
    columns = records.c
    query = select(columns.verb, columns.body, columns.at)
    query = query.where(columns.case_id == attempt.case.id, columns.verb == VERB).order_by(columns.seq)
    return told(attempt.connection.execute(query))


def told(rows: Iterable[Any]) -> list[Nudge]:
    """The nudges among records of a case."""
    found = []
    for row in rows:
        if row.verb == VERB:
            data = json.loads(row.body)["data"]
            found.append(Nudge(data["nudged"], date.fromisoformat(data["counts_on"]), row.at))
    return found


def refused(attempt: Attempt, organisation_id: int) -> Refusal | None:
    """Why this organisation cannot be nudged now, or ``None``."""
    held = holding(attempt)
    name = attempt.affiliations.names_by_id().get(organisation_id, "")
    if organisation_id not in held:
        said = _("本件现在不由%(name)s办理，不用催办", name=name) if name else _("要催办的单位与本件无关")
        return Refusal(reason=said, field="organisation_id", fact="holder")
    if organisation_id == attempt.actor.organisation_id:
        return Refusal(reason=_("这是本单位自己的待办，不用催办，请直接办理"), who=name, field="organisation_id", fact="own")
    day = counting_day(attempt.day, load_calendar(attempt.connection))
    if any(one.organisation_id == organisation_id and one.counts_on == day for one in nudges(attempt)):
        said = _("%(name)s在 %(day)s 这个工作日已经催办过，每个工作日只催一次；请下一个工作日再催", name=name, day=day.isoformat())
        return Refusal(reason=said, field="organisation_id", fact="once")
    return None


def nobody_else(attempt: Attempt) -> Iterable[Refusal]:
    """Closed where nobody but the actor's own organisation holds the case."""
    if set(holding(attempt)) - {attempt.actor.organisation_id}:
        return ()
    return (Refusal(reason=_("本件现在没有别的单位在办，不用催办"), fact="holder"),)


def do(attempt: Attempt, *, organisation_id: int, remark: str = "") -> None:
    """Tell the holder's roles that are waited for; the trail says whom, for which working day."""
    if (why_not := refused(attempt, organisation_id)) is not None:
        raise refuse(why_not.reason, who=why_not.who, field=why_not.field)
    if len(remark) > REMARK_LENGTH:
        raise refuse(_("附言不超过 %(most)s 个字", most=REMARK_LENGTH), field="remark")
    roles = sorted(holding(attempt)[organisation_id])
    day = counting_day(attempt.day, load_calendar(attempt.connection))
    attempt.noted |= {"nudged": organisation_id, "roles": [str(role) for role in roles], "counts_on": day.isoformat()}
    name = attempt.parties.names[organisation_id]
    attempt.noted["note"] = f"催办{name}" + (f"：{remark}" if remark else "")
    whose = attempt.parties.names.get(attempt.actor.organisation_id or 0, "")
    said = f"{whose} {attempt.actor.name}催办，请尽快办理" + (f"：{remark}" if remark else "")
    for role in roles:
        attempt.notify(role, VERB, said, organisation_id)


NUDGE = register(Act(VERB, _("催办"), do, NudgeForm, offered=lambda attempt: True, refusals=nobody_else))
