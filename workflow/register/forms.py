"""The forms of the register; their field names are the commands' keywords."""

from __future__ import annotations

from flask_wtf.file import FileField
from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from workflow.forms import StepForm
from workflow.i18n import lazy as _


class ImportForm(StepForm):
    """A period and its file."""

    period = StringField(
        _("期间"), [InputRequired(_("请填写")), Length(max=7)], description=_("年度写 2026，月份写 2026-03")
    )
    file = FileField(
        _("名册文件（.parquet、.xlsx 或 .csv）"), validators=[InputRequired(_("请选择文件"))],
        description=_("列：参保人标识、险种、归属医共体、参保县区、起始日、截止日、变动；不要姓名"),
    )  # fmt: skip


class AnswerForm(StepForm):
    """Whether a file holds."""

    verdict = RadioField(
        _("复核结果"), validators=[InputRequired(_("请选择"))],
        choices=[SelectChoice("confirmed", _("确认")), SelectChoice("refused", _("不予确认"))],
    )  # fmt: skip
    note = StringField(_("说明"), [Optional(), Length(max=500)])
