"""Forms of the steps that every stage has: sending back, taking back."""

from __future__ import annotations

from typing import Any

from wtforms import RadioField, SelectMultipleField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from workflow.attempt import Attempt
from workflow.forms import OPINION_LENGTH, AgreeForm, DecisionForm, ReasonForm, StepForm
from workflow.i18n import lazy as _
from workflow.links import LAST
from workflow.machines import Stage, Step
from workflow.passing_on import TRIGGERS
from workflow.returning import IN_ORDER, SEND_BACK, STRAIGHT, TAKE_BACK, open_to, straight_from


class SendBackForm(StepForm):
    """Where to, which parts may change, how the case comes back, and why."""

    to = RadioField(_("退回到"))
    sections = SelectMultipleField(_("需要修改的部分（不选即全部）"))
    way = RadioField(_("改好以后"))
    reason = TextAreaField(_("退回原因"), validators=[InputRequired(_("退回须写明原因")), Length(max=OPINION_LENGTH)])

    @classmethod
    def initial(cls, attempt: Attempt) -> dict[str, Any]:
        """The latest of the steps completed, everything, in order."""
        return {"to": next(reversed(open_to(attempt)), ""), "way": IN_ORDER}

    def prepare(self, attempt: Attempt) -> None:
        """The steps that the case has completed; straight back only where the table has such a way."""
        labels = attempt.stage.state_labels
        self.to.choices = [SelectChoice(state, labels[state]) for state in open_to(attempt)]
        self.sections.choices = [SelectChoice(one.key, one.label) for one in attempt.stage.parts]
        self.way.choices = [SelectChoice(IN_ORDER, _("按顺序重新办理"))]
        if straight_from(attempt):
            self.way.choices.append(SelectChoice(STRAIGHT, _("直接送回我这里")))


class PassOnForm(DecisionForm):
    """What a link before the head says: the matter goes on either way, and the head reads it."""

    def prepare(self, attempt: Attempt) -> None:
        """To send it back is a step of its own."""
        self.verdict.label.text = _("审核意见")
        self.verdict.choices = [
            SelectChoice("agree", _("同意，报上一级")), SelectChoice("disagree", _("不同意，附意见报上一级")),
        ]  # fmt: skip


FORMS: dict[str, type[StepForm]] = {SEND_BACK: SendBackForm, TAKE_BACK: ReasonForm}


def form_class(attempt: Attempt, step: Step) -> Any:
    """The form of a step: the stage's, or the kernel's for what every stage has; ``None`` when nothing is typed."""
    return FORMS.get(step.trigger) if step.command else stage_form(attempt.stage, step)


def stage_form(stage: Stage, step: Step) -> Any:
    """The form of a step that is no return; a link before a head whose decision moves the case only agrees."""
    if step.trigger not in TRIGGERS.values() or step.casts is None:
        return stage.forms.get(step.trigger)
    last = (step.casts[0], LAST)
    moves = any(one.casts == last and one.dest is not None for one in stage.steps)
    return AgreeForm if moves else PassOnForm
