"""Recusal 回避: someone steps back from a case, or their head records it; from then on they do nothing in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wtforms import SelectField, TextAreaField
from wtforms.validators import InputRequired, Length

from governance.refusal import Refusal
from governance.roles import Role
from workflow import standing
from workflow.acts.comment import seats_with_part
from workflow.acts.model import recusals
from workflow.acts.registry import Act, register
from workflow.attempt import Attempt, refuse
from workflow.forms import OPINION_LENGTH, StepForm
from workflow.i18n import lazy as _
from workflow.organisations.posts import OVERSEEING, leads
from workflow.pages.sections import Section
from workflow.vacancies import vacancies


class RecusalForm(StepForm):
    """Who steps back, and why."""

    person = SelectField(_("回避的人"), coerce=int, validate_choice=False)
    reason = TextAreaField(
        _("回避原因"),
        validators=[InputRequired(_("请写明原因")), Length(max=OPINION_LENGTH)],
        description=_("如近亲属、利益关系、参与过申报；回避后不能撤回，不能再办理本件任何事项"),
    )

    def prepare(self, attempt: Attempt) -> None:
        """Oneself; a head may record it for anyone of the same organisation."""
        self.person.choices = list(choices(attempt).items())


def choices(attempt: Attempt) -> dict[int, str]:
    """Those whose recusal the actor may record: themselves first, and a head's own people."""
    actor = attempt.actor
    found = {actor.person_id or 0: f"{actor.name}（本人）"}
    if leads(actor.role):
        own = [one for one in seats_with_part(attempt) if one.organisation_id == actor.organisation_id]
        found |= {one.person_id: one.name for one in own}
    gone = standing.everything(attempt).recused
    return {number: name for number, name in found.items() if number not in gone}


def may_be_recused(attempt: Attempt) -> bool:
    """Whether the actor's seat has anything to step back from, and is their own."""
    return attempt.actor.role not in OVERSEEING and attempt.actor.for_person_id is None


def refusals(attempt: Attempt) -> Iterable[Refusal]:
    """A recusal is a person's own, or recorded by the head's own hand."""
    if not choices(attempt):
        yield Refusal(reason=_("您已在本件中回避"), fact="recusal")


def do(attempt: Attempt, *, person: int, reason: str) -> None:
    """Keep the recusal; administrators are told where nobody is left in a seat."""
    if not reason.strip():
        raise refuse(_("请写明原因"), field="reason")
    known = choices(attempt)
    if int(person) not in known:
        raise refuse(
            _("只能登记本人回避，或由负责人登记本单位人员回避；已经回避的不再登记"), who=_("本单位负责人"), field="person"
        )
    attempt.connection.execute(
        recusals.insert(),
        {
            "case_id": attempt.case.id, "person_id": int(person), "reason": reason.strip(),
            "recorded_by": attempt.actor.person_id, "at": attempt.at,
        },
    )  # fmt: skip
    attempt.noted |= {"person": int(person), "reason": reason.strip()}
    for one in vacancies(attempt):
        attempt.notify(Role.ADMINISTRATOR, "vacancy", str(one.reason))


def stepped_back(attempt: Attempt, _viewer: Any) -> Section | None:
    """Who has stepped back from the case."""
    bound = standing.everything(attempt)
    names = sorted(bound.names[one] for one in bound.recused)
    return Section(_("回避"), "acts/recusals.html", names=names) if names else None


RECUSAL = register(
    Act("recuse", _("回避"), do, RecusalForm, may_be_recused, refusals, dangerous=True, section=stepped_back)
)
