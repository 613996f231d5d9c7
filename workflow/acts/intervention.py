"""An administrator's intervention, of two people: one proposes it with a reason, another carries it out or refuses it.

It never decides. It opens a round anew in which nobody is left who may decide, or gives a task back to all of its post.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from wtforms import SelectField, TextAreaField
from wtforms.validators import InputRequired, Length

from governance.refusal import Refusal, Refused
from governance.roles import Role
from workflow import decisions, standing
from workflow.acts.model import interventions
from workflow.acts.registry import Act, register
from workflow.attempt import Attempt, refuse
from workflow.forms import OPINION_LENGTH, StepForm
from workflow.i18n import lazy as _
from workflow.model import tasks
from workflow.organisations.model import persons
from workflow.pages.sections import Section
from workflow.rounds import open_rounds
from workflow.vacancies import unseated, vacant_seats

RESEAT, RELEASE = "reseat", "release"
KINDS = {RESEAT: _("重新确认决定人，本轮重来"), RELEASE: _("收回转办，退还本岗位")}
STATES = {"proposed": _("待另一位系统管理员办理"), "done": _("已办理"), "refused": _("不予办理")}


class ProposalForm(StepForm):
    """What to do, and why."""

    target = SelectField(_("干预事项"), validate_choice=False, validators=[InputRequired(_("请选择事项"))])
    reason = TextAreaField(_("原因"), validators=[InputRequired(_("请写明原因")), Length(max=OPINION_LENGTH)])

    def prepare(self, attempt: Attempt) -> None:
        """What needs mending in the case now."""
        self.target.choices = list(targets(attempt).items())


class AnswerForm(StepForm):
    """Which proposal, and a note."""

    intervention = SelectField(_("干预申请"), coerce=int, validate_choice=False)
    note = TextAreaField(_("说明"), validators=[InputRequired(_("请写明核对情况")), Length(max=OPINION_LENGTH)])

    def prepare(self, attempt: Attempt) -> None:
        """The proposals of others that are still open."""
        self.intervention.choices = [(row.id, f"{KINDS[row.kind]}：{row.reason}") for row in to_answer(attempt)]


def targets(attempt: Attempt) -> dict[str, str]:
    """What an intervention could mend now, by ``kind:what``: rounds with an empty seat, tasks that were handed on."""
    found = {
        f"{RESEAT}:{key}": f"{KINDS[RESEAT]}：{attempt.stage.ballot(key).label}"
        for key, current in open_rounds(attempt).items()
        if vacant_seats(attempt, key, current)
    }
    for (trigger, organisation, role), (_person, name) in standing.everything(attempt).assigned.items():
        step = attempt.stage.step_from(attempt.case.state, trigger)
        what = f"{step.label if step else trigger}（{name}）"
        found[f"{RELEASE}:{trigger}|{organisation}|{role}"] = f"{KINDS[RELEASE]}：{what}"
    return found


def of_case(attempt: Attempt) -> list[Any]:
    """Every intervention on the case, oldest first, with the names of both people."""
    first, second = persons.alias("first"), persons.alias("second")
    query = (
        select(interventions, first.c.name.label("proposer"), second.c.name.label("decider"))
        .join_from(interventions, first, first.c.id == interventions.c.proposed_by)
        .outerjoin(second, second.c.id == interventions.c.decided_by)
        .where(interventions.c.case_id == attempt.case.id)
        .order_by(interventions.c.id)
    )
    return attempt.once("interventions", lambda: list(attempt.connection.execute(query)))


def to_answer(attempt: Attempt) -> list[Any]:
    """The open proposals that somebody else made."""
    return [row for row in of_case(attempt) if row.state == "proposed" and row.proposed_by != attempt.actor.person_id]


def _took_part(attempt: Attempt) -> list[Refusal]:
    """Whoever has had a duty in the case does not administer it."""
    if attempt.actor.person_id not in standing.everything(attempt).duties:
        return []
    return [Refusal(reason=_("您在本件中承担过办理岗位，不能办理管理干预"), who=_("另一位系统管理员"), fact="duty")]


def too_early(attempt: Attempt, target: str, proposer: int | None = None) -> list[Refusal]:
    """Why what ``target`` names would mend nothing yet: nobody who may decide has been seated."""
    kind, _colon, what = target.partition(":")
    if kind != RESEAT or what not in open_rounds(attempt):
        return []
    return unseated(attempt, what, {*attempt.actor.bound_people, *([proposer] if proposer else [])})


def _all_too_early(attempt: Attempt, wanted: dict[str, int | None]) -> list[Refusal]:
    """The reasons of all, where none of the targets could be mended now."""
    why = [too_early(attempt, target, proposer) for target, proposer in wanted.items()]
    return [] if not all(why) else [one for each in why for one in each]


def may_propose(attempt: Attempt) -> list[Refusal]:
    """There is something to mend, and the actor has had no part in the case."""
    found = _took_part(attempt)
    if not targets(attempt):
        found.append(
            Refusal(reason=_("本件没有需要干预的事项：各席位都还有人可以决定，也没有转办的待办"), fact="intervention")
        )
    return found + _all_too_early(attempt, dict.fromkeys(targets(attempt)))


def may_answer(attempt: Attempt) -> list[Refusal]:
    """Another administrator has proposed something, and the actor has had no part in the case."""
    found = _took_part(attempt)
    if not to_answer(attempt):
        found.append(
            Refusal(
                reason=_("没有由另一位系统管理员提出、待您办理的干预申请"), who=_("另一位系统管理员"), fact="intervention"
            )
        )
    return found


def may_carry_out(attempt: Attempt) -> list[Refusal]:
    """Somebody else's proposal is open, and would mend what it names."""
    wanted = {f"{row.kind}:{row.body}": row.proposed_by for row in to_answer(attempt)}
    return may_answer(attempt) + _all_too_early(attempt, wanted)


def propose(attempt: Attempt, *, target: str, reason: str) -> None:
    """Propose an intervention; nothing is changed yet."""
    if target not in targets(attempt):
        raise refuse(_("这一事项现在不需要干预"), field="target")
    kind, _colon, what = target.partition(":")
    if not reason.strip():
        raise refuse(_("请写明原因"), field="reason")
    if why := too_early(attempt, target):
        raise Refused(*why)
    if any(row.state == "proposed" and (row.kind, row.body) == (kind, what) for row in of_case(attempt)):
        raise refuse(_("同一事项已有待办理的干预申请"), field="target")
    attempt.connection.execute(
        interventions.insert(),
        {
            "case_id": attempt.case.id, "kind": kind, "reason": reason.strip(), "body": what, "state": "proposed",
            "proposed_by": attempt.actor.person_id, "proposed_at": attempt.at, "note": "",
        },
    )  # fmt: skip
    attempt.noted |= {"intervention": kind, "target": what, "reason": reason.strip()}
    said = f"{attempt.actor.name}提出管理干预：{KINDS[kind]}（{reason.strip()}）"
    attempt.notify(Role.ADMINISTRATOR, "intervention", said)


def carry_out(attempt: Attempt, *, intervention: int, note: str) -> None:
    """Carry out another's proposal, if it is still needed: decisions of a round that begins anew count no more."""
    row = _answered(attempt, intervention, "done", note)
    if f"{row.kind}:{row.body}" not in targets(attempt):
        raise refuse(_("这一事项现在不需要干预；如不再需要，请不予办理"), field="intervention")
    if why := too_early(attempt, f"{row.kind}:{row.body}", row.proposed_by):
        raise Refused(*why)
    if row.kind == RESEAT:
        decisions.reseat(attempt, row.body)
        return
    trigger, organisation, role = row.body.split("|")
    columns = tasks.c
    where = (columns.case_id == attempt.case.id) & (columns.trigger == trigger) & (columns.role == role)
    released = tasks.update().where(where, columns.organisation_id == int(organisation))
    attempt.connection.execute(released, {"person_id": None})


def turn_down(attempt: Attempt, *, intervention: int, note: str) -> None:
    """Refuse another's proposal; nothing is changed."""
    _answered(attempt, intervention, "refused", note)


def _answered(attempt: Attempt, intervention: int, outcome: str, note: str) -> Any:
    row = next((one for one in to_answer(attempt) if one.id == int(intervention)), None)
    if row is None:
        raise refuse(
            _("没有由另一位系统管理员提出的这一申请：提出和办理须是两个人"), who=_("另一位系统管理员"), field="intervention"
        )
    if not note.strip():
        raise refuse(_("请写明核对情况"), field="note")
    ended = {
        "state": outcome, "decided_by": attempt.actor.person_id, "decided_at": attempt.at, "note": note.strip(),
    }  # fmt: skip
    attempt.connection.execute(interventions.update().where(interventions.c.id == row.id), ended)
    attempt.noted |= {"intervention": row.kind, "target": row.body, "proposed_by": row.proposed_by}
    attempt.noted["note"] = note.strip()
    return row


def _administers(attempt: Attempt) -> bool:
    return attempt.actor.role == Role.ADMINISTRATOR


def told(attempt: Attempt, _viewer: Any) -> Section | None:
    """Every intervention on the case, newest first."""
    rows = of_case(attempt)
    shown = [
        {"kind": KINDS[row.kind], "state": STATES[row.state], "reason": row.reason, "note": row.note,
         "at": row.proposed_at, "proposer": row.proposer, "decider": row.decider or ""}
        for row in reversed(rows)
    ]  # fmt: skip
    return Section(_("管理干预"), "acts/interventions.html", rows=shown) if shown else None


PROPOSAL = register(
    Act("intervention_propose", _("提出管理干预"), propose, ProposalForm, _administers, may_propose, dangerous=True,
        section=told)
)  # fmt: skip
CARRYING_OUT = register(
    Act("intervention_done", _("办理管理干预"), carry_out, AnswerForm, _administers, may_carry_out, dangerous=True)
)
TURNING_DOWN = register(Act("intervention_refused", _("不予管理干预"), turn_down, AnswerForm, _administers, may_answer))
