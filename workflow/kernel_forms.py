"""Forms of the steps that every stage has: sending back, taking back."""

from __future__ import annotations

from typing import Any

from wtforms import RadioField, SelectMultipleField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from workflow.attempt import Attempt
from workflow.forms import OPINION_LENGTH, ReasonForm, StepForm
from workflow.i18n import lazy as _
from workflow.machines import Step
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


FORMS: dict[str, type[StepForm]] = {SEND_BACK: SendBackForm, TAKE_BACK: ReasonForm}


def form_class(attempt: Attempt, step: Step) -> Any:
    """The form of a step: the stage's, or the kernel's for what every stage has; ``None`` when nothing is typed."""
    return FORMS.get(step.trigger) if step.command else attempt.stage.forms.get(step.trigger)
