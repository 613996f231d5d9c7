"""Hand on 转办: an open task goes to one person of the same post, until it is handed on again or given back to all."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import or_, select
from wtforms import SelectField, TextAreaField
from wtforms.validators import InputRequired, Length

from governance.refusal import Refusal
from governance.roles import ROLE_NAMES, Role
from workflow import standing
from workflow.acts.registry import Act, register
from workflow.attempt import Attempt, refuse
from workflow.forms import OPINION_LENGTH, StepForm
from workflow.i18n import lazy as _
from workflow.machines import Step
from workflow.model import tasks
from workflow.organisations.model import persons, seats
from workflow.organisations.posts import OVERSEEING, leads
from workflow.rounds import open_rounds

EVERYONE = 0


class ReassignForm(StepForm):
    """Which task, to whom, why."""

    task = SelectField(_("事项"), validate_choice=False, validators=[InputRequired(_("请选择事项"))])
    person = SelectField(_("转给谁"), coerce=int, validate_choice=False)
    reason = TextAreaField(_("原因"), validators=[InputRequired(_("请写明原因")), Length(max=OPINION_LENGTH)])

    def prepare(self, attempt: Attempt) -> None:
        """The open tasks that are the actor's to hand on, and who could take them."""
        mine = open_tasks(attempt)
        self.task.choices = [(key_of(row), _label(attempt, row)) for row in mine]
        people = {one.id: one.name for row in mine for one in colleagues(attempt, row.role)}
        self.person.choices = [(EVERYONE, _("退还本岗位，由任何一人办理")), *people.items()]


def key_of(row: Any) -> str:
    """The name of a task within its case and organisation."""
    return f"{row.trigger}|{row.role}"


def _step(attempt: Attempt, row: Any) -> Step | None:
    return attempt.stage.step_from(attempt.case.state, row.trigger)


def _label(attempt: Attempt, row: Any) -> str:
    step = _step(attempt, row)
    return f"{step.label if step else row.trigger}（{ROLE_NAMES[row.role][0]}）"


def open_tasks(attempt: Attempt) -> list[Any]:
    """The open tasks of the actor's organisation: those of their own post, for a head all."""
    actor = attempt.actor
    query = select(tasks).where(tasks.c.case_id == attempt.case.id).order_by(tasks.c.id)
    rows = attempt.once("open tasks", lambda: list(attempt.connection.execute(query)))
    own = [row for row in rows if row.organisation_id == actor.organisation_id]
    return own if leads(actor.role) else [row for row in own if row.role == actor.role]


def colleagues(attempt: Attempt, role: str) -> list[Any]:
    """Everyone with a post of ``role`` in the actor's organisation today who has not stepped back from the case."""
    query = (
        select(persons.c.id, persons.c.name)
        .join(seats, seats.c.person_id == persons.c.id)
        .where(
            seats.c.organisation_id == attempt.actor.organisation_id,
            seats.c.role == role,
            seats.c.since <= attempt.day,
            or_(seats.c.until.is_(None), seats.c.until >= attempt.day),
            persons.c.disabled_at.is_(None),
        )
        .order_by(persons.c.id)
        .distinct()
    )
    key = ("colleagues", role, attempt.actor.organisation_id)
    found = attempt.once(key, lambda: list(attempt.connection.execute(query)))
    gone = standing.everything(attempt).recused
    return [one for one in found if one.id not in gone]


def cannot_take(attempt: Attempt, row: Any, person: int) -> Refusal | None:
    """Why someone of the right post could not take the step themselves: another duty, or not among those frozen."""
    step, bound = _step(attempt, row), standing.everything(attempt)
    if step is None:
        return None
    duty = step.duty_of(row.role)
    if person in bound.intervened or (duty and bound.duties.get(person, duty) != duty):
        return Refusal(
            reason=_("不相容岗位：此人在本件中已经承担别的岗位，不能接办，请转给另一人"), who=_("转办人"), field="person",
            fact="duty",
        )  # fmt: skip
    current = open_rounds(attempt).get(step.casts[0]) if step.casts else None
    frozen = [
        set(json.loads(seat.eligible))
        for seat in (current.seats if current else ())
        if seat.organisation_id == row.organisation_id
    ]
    if current and not any(person in one for one in frozen):
        return Refusal(reason=_("此人不在本轮的决定人之列，不能接办，请转给另一人"), who=_("转办人"), field="person", fact="seat")
    return None


def refusals(attempt: Attempt) -> list[Refusal]:
    """There is something to hand on."""
    if open_tasks(attempt):
        return []
    return [Refusal(reason=_("本岗位现在没有可以转办的待办"), fact="task")]


def do(attempt: Attempt, *, task: str, person: int, reason: str) -> None:
    """Hand the task to ``person``, or with ``EVERYONE`` back to all of its post."""
    actor, whom = attempt.actor, int(person)
    row = next((one for one in open_tasks(attempt) if key_of(one) == task), None)
    if row is None:
        raise refuse(_("没有这个待办，或它不由您转办"), field="task")
    if not reason.strip():
        raise refuse(_("请写明原因"), field="reason")
    holder = standing.everything(attempt).assigned.get((row.trigger, row.organisation_id, row.role))
    if holder and holder[0] not in actor.bound_people and not leads(actor.role):
        raise refuse(_("本项已转由%(name)s办理，由其本人或负责人再转", name=holder[1]), who=holder[1], field="task")
    if whom != EVERYONE:
        if whom not in {one.id for one in colleagues(attempt, row.role)}:
            raise refuse(_("只能转给本单位同一岗位、未回避的人"), field="person")
        if said := cannot_take(attempt, row, whom):
            raise refuse(said.reason, who=said.who, field="person")
    attempt.connection.execute(tasks.update().where(tasks.c.id == row.id), {"person_id": whom or None})
    attempt.noted |= {"task": row.trigger, "role": row.role, "person": whom or None, "reason": reason.strip()}
    if whom:
        name = next(one.name for one in colleagues(attempt, row.role) if one.id == whom)
        said_to = f"{actor.name}把“{_label(attempt, row)}”转由{name}办理"
        attempt.notify(Role(row.role), "reassigned", said_to, row.organisation_id)


REASSIGNMENT = register(
    Act("reassign", _("转办"), do, ReassignForm, lambda attempt: attempt.actor.role not in OVERSEEING, refusals)
)
