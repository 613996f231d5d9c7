"""What people type in an assessment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_wtf.file import FileField
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from workflow.assessment.model import FUND, entry, indicators, members_assessed, scheme_of, units
from workflow.forms import AgreeForm, OpinionForm, ReasonForm, StepForm
from workflow.i18n import lazy as _

if TYPE_CHECKING:
    from workflow.attempt import Attempt

_SHORT = [Optional(), Length(max=200)]


def unit_names(attempt: Attempt) -> list[tuple[str, Any]]:
    """Who is assessed, with names."""
    if scheme_of(attempt.dossier) == FUND:
        return [("", attempt.consortium.name)]
    return [(member.code, member.name) for member in members_assessed(attempt)]


class RecordForm(StepForm):
    """One indicator of one unit, with its evidence."""

    member = SelectField(_("考核对象"), validators=[Optional()])
    indicator = SelectField(_("指标"), validators=[InputRequired(_("请选择指标"))])
    value = StringField(_("数值（排名项也可写 3/12）"), validators=[InputRequired(_("请填写数值")), Length(max=30)])
    document = StringField(_("依据的文件编号（有材料可不填）"), validators=_SHORT)
    file = FileField(_("依据材料"), validators=[Optional()])

    @classmethod
    def initial(cls, attempt: Attempt) -> dict[str, Any]:
        """The first indicator that is still blank."""
        for unit in units(attempt):
            for one in indicators(attempt):
                if not entry(attempt.dossier, unit, one["key"]):
                    return {"member": unit, "indicator": one["key"]}
        return {}

    def prepare(self, attempt: Attempt) -> None:
        """Units and indicators of the scheme."""
        self.member.choices = [SelectChoice(*one) for one in unit_names(attempt)]
        self.indicator.choices = [
            SelectChoice(one["key"], f"{one['label']}（{one['unit']}）") for one in indicators(attempt)
        ]


class DailyForm(StepForm):
    """Scores of the daily checks of one unit."""

    member = SelectField(_("考核对象"), validators=[Optional()])
    scores = StringField(
        _("历次日常检查得分，用空格隔开"), validators=[InputRequired(_("请填写得分")), Length(max=2000)]
    )
    document = StringField(_("检查记录编号"), validators=[InputRequired(_("请填写编号")), Length(max=200)])

    def prepare(self, attempt: Attempt) -> None:
        """Who is assessed."""
        self.member.choices = [SelectChoice(*one) for one in unit_names(attempt)]


class PublishForm(StepForm):
    """The document a result is published with."""

    document = StringField(_("公布文件或公告编号"), validators=[InputRequired(_("请填写编号")), Length(max=200)])


class ReplyForm(StepForm):
    """The answer to an objection."""

    reply = TextAreaField(_("答复"), validators=[InputRequired(_("请写明理由")), Length(max=2000)])


FORMS = {
    "record": RecordForm,
    "record_daily": DailyForm,
    "review": OpinionForm,
    "verify": OpinionForm,
    "publish": PublishForm,
    "object_to": ReasonForm,
    "uphold": ReplyForm,
    "dismiss": ReplyForm,
    "finalise": AgreeForm,
}
