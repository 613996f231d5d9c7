"""What people type on the steps of an agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_wtf.file import FileField, MultipleFileField
from wtforms import Field, FormField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms import Form as PlainSubform
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from workflow.agreement.model import (
    DEPOSIT_RULE,
    OVERRUN_RULE,
    POOL_LABELS,
    TERM_LABELS,
    asked_members,
    unpaid_prepayment_fen,
)
from workflow.agreement.supplements import KINDS
from workflow.forms import AgreeForm, DayField, DecisionForm, MoneyField, OpinionForm, ReasonForm, StepForm
from workflow.i18n import lazy as _
from workflow.takeover.proposal import tiers_as_text, tiers_from_text

if TYPE_CHECKING:
    from workflow.attempt import Attempt

LONGEST_TEXT = 4000


class PrepaymentForm(PlainSubform):
    """The prepayment agreed for each pool; 0 where there is none."""

    resident = MoneyField(POOL_LABELS["resident"], validators=[Optional()])
    employee = MoneyField(POOL_LABELS["employee"], validators=[Optional()])


TermsForm = type(
    "TermsForm",
    (PlainSubform,),
    {
        "__doc__": "One text for each term the agreement spells out.",
        **{
            key: TextAreaField(label, validators=[Optional(), Length(max=LONGEST_TEXT)])
            for key, label in TERM_LABELS.items()
        },
    },
)


class DraftForm(StepForm):
    """The terms of the agreement."""

    number = StringField(_("协议编号"), validators=[Optional(), Length(max=200)])
    start = DayField(_("协议开始日期"), validators=[Optional()])
    end = DayField(_("协议结束日期"), validators=[Optional()])
    pools = SelectMultipleField(
        _("险种"),
        choices=[SelectChoice(pool, label) for pool, label in POOL_LABELS.items()],
        validators=[Optional()],
    )
    deposit_ratio = StringField(_("质量保证金比例，例如 0.05"), validators=[Optional(), Length(max=20)])
    overrun_tiers = TextAreaField(
        _("合理超支分担，每行“超支率上限 基金分担比例”，末行上限写“以上”"), validators=[Optional(), Length(max=1000)]
    )
    overrun_circumstances = TextAreaField(
        _("可以分担超支的情形，每行一项"), validators=[Optional(), Length(max=LONGEST_TEXT)]
    )
    prepayment_fen = FormField(PrepaymentForm, label=_("预付金（元），没有的填 0"))
    terms = FormField(TermsForm, label=_("条款"))
    files = MultipleFileField(_("草案文件"), validators=[Optional()])

    @classmethod
    def initial(cls, attempt: Attempt) -> dict[str, Any]:
        """The draft as it stands."""
        body = attempt.dossier
        answers = body.get("answers", {})
        kept = ("number", "start", "end", "pools", "prepayment_fen", "terms")
        return {
            **{name: body[name] for name in kept if name in body},
            "deposit_ratio": answers.get(DEPOSIT_RULE, ""),
            "overrun_tiers": tiers_as_text(answers.get(OVERRUN_RULE)),
            "overrun_circumstances": "\n".join(body.get("overrun_circumstances", [])),
        }

    def validate_overrun_tiers(self, field: Field) -> None:
        """Each line is a bound and a share."""
        try:
            tiers_from_text(field.data or "")
        except ValueError as error:
            raise ValidationError(_("这一行看不懂：%(line)s", line=str(error)[:60])) from error

    def command_data(self) -> dict[str, Any]:
        """The command's keywords."""
        data = super().command_data()
        answers = {
            DEPOSIT_RULE: data.pop("deposit_ratio"),
            OVERRUN_RULE: tiers_from_text(data.pop("overrun_tiers") or ""),
        }
        lines = (data.pop("overrun_circumstances") or "").splitlines()
        return {
            **data,
            "answers": {rule: answer for rule, answer in answers.items() if answer},
            "overrun_circumstances": [line.strip() for line in lines if line.strip()],
            "prepayment_fen": {pool: fen for pool, fen in data["prepayment_fen"].items() if fen is not None},
        }


class AuthoriseForm(OpinionForm):
    """The member authorises; it may attach its letter."""

    scan = FileField(_("授权书扫描件"), validators=[Optional()])


class RecordAuthorisationForm(StepForm):
    """A member's letter of authorisation, recorded by the lead."""

    member = SelectField(_("成员单位"), validators=[InputRequired(_("请选择成员单位"))])
    document = StringField(_("授权书名称或编号"), validators=[InputRequired(_("请填写授权书")), Length(max=200)])
    on = DayField(_("授权书日期"), validators=[InputRequired(_("请填写日期"))])
    scan = FileField(_("授权书扫描件"), validators=[Optional()])

    def prepare(self, attempt: Attempt) -> None:
        """Offer the members whose authorisation is still out."""
        given = attempt.dossier.get("authorisations", {})
        self.member.choices = [
            SelectChoice(one.code, one.name) for one in asked_members(attempt.parties) if one.code not in given
        ]


class PayPrepaymentForm(StepForm):
    """What the bank's receipt says."""

    pool = SelectField(_("险种"), validators=[InputRequired(_("请选择险种"))])
    amount_fen = MoneyField(_("拨付金额（元）"), validators=[InputRequired(_("请填写金额"))])
    bank_reference = StringField(_("银行回单号"), validators=[InputRequired(_("请填写银行回单号")), Length(max=100)])
    paid_on = DayField(_("拨付日期"), validators=[Optional()])
    proof = FileField(_("银行回单"), validators=[Optional()])

    def prepare(self, attempt: Attempt) -> None:
        """Offer the pools whose prepayment is unpaid."""
        unpaid = unpaid_prepayment_fen(attempt.dossier, attempt.progress)
        self.pool.choices = [SelectChoice(pool, POOL_LABELS[pool]) for pool in unpaid]

    def command_data(self) -> dict[str, Any]:
        """The command's keywords."""
        data = super().command_data()
        return {**data, "paid_on": data["paid_on"] or ""}


class SupplementForm(ReasonForm):
    """A member joins or leaves."""

    kind = SelectField(
        _("变更"),
        choices=[SelectChoice(kind, label) for kind, label in KINDS.items()],
        validators=[InputRequired(_("请选择变更"))],
    )
    member = StringField(_("单位代码"), validators=[InputRequired(_("请填写单位代码")), Length(max=60)])
    effective = DayField(_("生效日期"), validators=[InputRequired(_("请填写生效日期"))])
    document = StringField(_("依据文件"), validators=[Optional(), Length(max=200)])


class SuspendForm(ReasonForm):
    """From when and how long."""

    since = DayField(_("开始日期，不填为今天"), validators=[Optional()])
    until = DayField(_("截止日期"), validators=[InputRequired(_("请填写截止日期"))])

    def command_data(self) -> dict[str, Any]:
        """The command's keywords."""
        data = super().command_data()
        return {**data, "since": data["since"] or ""}


class ResumeForm(ReasonForm):
    """From when, and why it may be taken up again."""

    on = DayField(_("恢复日期，不填为今天"), validators=[Optional()])

    def command_data(self) -> dict[str, Any]:
        """The command's keywords."""
        data = super().command_data()
        return {**data, "on": data["on"] or ""}


class TerminateForm(ResumeForm):
    """From when, on which ground, by which decision."""

    on = DayField(_("解除日期，不填为今天"), validators=[Optional()])
    document_number = StringField(_("解除通知文号"), validators=[InputRequired(_("请填写文号")), Length(max=200)])


class AskToEndForm(ReasonForm):
    """The day from which the lead wishes to be released."""

    on = DayField(_("希望解除的日期"), validators=[InputRequired(_("请填写日期"))])


FORMS = {
    "draft": DraftForm,
    "authorise": AuthoriseForm,
    "decline": ReasonForm,
    "record_authorisation": RecordAuthorisationForm,
    "lead_sign": AgreeForm,
    "redraft": ReasonForm,
    "review": AgreeForm,
    "sign": AgreeForm,
    "pay_prepayment": PayPrepaymentForm,
    "supplement": SupplementForm,
    "countersign": DecisionForm,
    "suspend": SuspendForm,
    "resume": ResumeForm,
    "terminate": TerminateForm,
    "ask_to_end": AskToEndForm,
}
