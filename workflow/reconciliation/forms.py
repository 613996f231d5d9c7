"""What is typed into the reconciliation of a month."""

from __future__ import annotations

from typing import Any

from flask_wtf.file import FileField
from wtforms import HiddenField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from workflow.forms import MoneyField, StepForm
from workflow.i18n import lazy as _
from workflow.reconciliation.commands import LONGEST_REASON


class FiguresForm(StepForm):
    """The agency's own figures as a file."""

    file = FileField(
        _("经办机构的数（.xlsx 或 .csv）"), validators=[InputRequired(_("请选择文件"))],
        description=_("列：成员单位、项目、金额（元）；项目如 DRG住院、本医共体参保人、应付合计、质量保证金、实付；合计行的成员单位写“全医共体”"),
    )  # fmt: skip


class TotalsForm(StepForm):
    """The agency's own totals, typed."""

    gross_fen = MoneyField(_("应付合计（元）"), validators=[Optional()], signed=True)
    audit_deduction_fen = MoneyField(_("审核拒付（元）"), validators=[Optional()])
    deposit_fen = MoneyField(_("质量保证金（元）"), validators=[Optional()])
    prepayment_offset_fen = MoneyField(_("冲抵预付金（元）"), validators=[Optional()])
    net_fen = MoneyField(_("实付（元）"), validators=[Optional()])


class ReasonForm(StepForm):
    """Which difference, and why."""

    line = SelectField(_("有差异的一行"), validators=[InputRequired(_("请选择"))], validate_choice=False)
    reason = TextAreaField(_("原因"), validators=[InputRequired(_("请写明原因")), Length(max=LONGEST_REASON)])

    def offer(self, lines: list[tuple[str, Any]]) -> ReasonForm:
        """Fill in the lines that differ."""
        self.line.choices = [SelectChoice(key, label) for key, label in lines]
        return self


class SignForm(StepForm):
    """The hash of what the signer has seen."""

    content = HiddenField()


FORMS = {"file": FiguresForm, "totals": TotalsForm, "reason": ReasonForm, "sign": SignForm}
