"""What people type in a clearing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    Field,
    FieldList,
    Form,
    FormField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, Regexp, ValidationError

from governance.money import parse_yuan, yuan
from governance.refusal import Refused
from workflow.agreement.model import POOL_LABELS
from workflow.clearing.dues import open_claims, passed_on, settled_now_fen, to_receive, to_recover
from workflow.clearing.model import CAUSES, KIND_LABELS
from workflow.forms import DayField, DecisionForm, MoneyField, OpinionForm, ReasonForm, StepForm
from workflow.i18n import lazy as _

if TYPE_CHECKING:
    from workflow.attempt import Attempt

BLANK_ROWS = 3


def choices_of(labels: Mapping[str, Any]) -> list[SelectChoice]:
    """Choices by value, with a blank one before them."""
    return [SelectChoice("", ""), *(SelectChoice(value, label) for value, label in labels.items())]


class SupplementaryForm(StepForm):
    """Which closed clearing is supplemented, and why."""

    consortium = StringField(_("医共体代码"), validators=[InputRequired(), Length(max=80)])
    pool = SelectField(_("基金"), choices=[SelectChoice(key, label) for key, label in POOL_LABELS.items()])
    year = StringField(_("年度"), validators=[InputRequired(), Regexp(r"20[0-9]{2}$", message=_("请填写四位年度"))])
    reason = TextAreaField(_("补充清算的原因"), validators=[InputRequired(_("请写明原因")), Length(max=2000)])


class AdjustmentForm(Form):
    """One final-rate adjustment with its reason."""

    kind = SelectField(_("类别"), choices=choices_of(KIND_LABELS), validators=[Optional()])
    member = StringField(_("成员单位代码"), validators=[Optional(), Length(max=80)])
    fen = MoneyField(_("调整金额（元，可为负）"), validators=[Optional()], signed=True)
    reason = StringField(_("原因"), validators=[Optional(), Length(max=500)])


class FactsForm(StepForm):
    """What the journal does not know."""

    fund_in_deficit = BooleanField(_("县级基金当期赤字"))
    policy = MoneyField(_("政策性原因超支（元）"), validators=[Optional()])
    force_majeure = MoneyField(_("不可抗力超支（元）"), validators=[Optional()])
    other = MoneyField(_("其他原因超支（元）"), validators=[Optional()])
    risk_fund_fen = MoneyField(_("可用风险金（元）"), validators=[Optional()])
    penalties = TextAreaField(_("违约金，每行“单位代码 金额（元）”"), validators=[Optional(), Length(max=4000)])
    adjustments = FieldList(FormField(AdjustmentForm), label=_("最终费率调整"), min_entries=BLANK_ROWS)
    answer = TextAreaField(_("对医共体异议的答复"), validators=[Optional(), Length(max=2000)])

    @classmethod
    def initial(cls, attempt: Attempt) -> dict[str, Any]:
        """What is entered now."""
        entered = attempt.dossier.get("entered")
        if not entered:
            return {}
        fines = "\n".join(f"{code} {yuan(fen).replace(',', '')}" for code, fen in entered["penalties"].items())
        return {**entered, **entered["overrun_causes"], "penalties": fines}

    def validate_penalties(self, field: Field) -> None:
        """Each line names a member and an amount."""
        try:
            penalties_from_text(field.data or "")
        except (ValueError, Refused) as error:
            raise ValidationError(_("这一行看不懂：%(line)s", line=str(error)[:60])) from error

    def command_data(self) -> dict[str, Any]:
        """The command's keywords."""
        data = super().command_data()
        causes = {name: data.pop(name) for name in CAUSES}
        return {
            **data,
            "overrun_causes": {name: fen for name, fen in causes.items() if fen},
            "penalties": penalties_from_text(data["penalties"] or ""),
            "adjustments": [one for one in data["adjustments"] if one["kind"]],
            "answer": data["answer"] or "",
        }


def penalties_from_text(text: str) -> dict[str, int]:
    """Amounts in fen by member from lines ``code yuan``; raises ``ValueError`` or ``Refused`` for a wrong line."""
    found: dict[str, int] = {}
    for line in filter(None, (one.strip() for one in text.splitlines())):
        code, _space, amount = line.partition(" ")
        if not amount.strip() or code in found:
            raise ValueError(line)
        found[code] = parse_yuan(amount.strip())
    return found


class ObjectionLine(Form):
    """One line that is objected to."""

    line = SelectField(_("行"), validators=[Optional()])
    reason = StringField(_("原因"), validators=[Optional(), Length(max=500)])


class ObjectionForm(StepForm):
    """Lines the consortium objects to, each with a reason."""

    lines = FieldList(FormField(ObjectionLine), label=_("异议"), min_entries=BLANK_ROWS)

    def prepare(self, attempt: Attempt) -> None:
        """The lines of the result and of the member table."""
        members = attempt.results.get("members", {})
        amounts = {key: key for key in attempt.results if key.endswith("_fen")}
        for entry in self.lines.entries:
            entry.form.line.choices = choices_of(amounts | {code: code for code in members})

    def command_data(self) -> dict[str, Any]:
        """The lines that were filled in."""
        return {"lines": [one for one in super().command_data()["lines"] if one["line"]]}


class SettleForm(StepForm):
    """The bank's record of the payment or the recovery."""

    bank_reference = StringField(_("银行流水号"), validators=[Optional(), Length(max=100)])
    settled_on = DayField(_("结清日期"), validators=[Optional()])

    def prepare(self, attempt: Attempt) -> None:
        """Say how much is paid or recovered."""
        fen = settled_now_fen(attempt)
        self.bank_reference.description = (
            _("应付 %(amount)s 元", amount=yuan(fen)) if fen >= 0 else _("应收回 %(amount)s 元", amount=yuan(-fen))
        )
        if fen:
            self.bank_reference.validators = [InputRequired(_("请填写银行流水号")), Length(max=100)]


def _named(attempt: Attempt, codes: Iterable[str]) -> dict[str, str]:
    names = attempt.affiliations.names()
    return {code: names.get(code, (code, code))[0] for code in codes}


class DistributeForm(StepForm):
    """The lead's payment to its members."""

    bank_reference = StringField(_("银行流水号或批次号"), validators=[InputRequired(), Length(max=100)])
    distributed_on = DayField(_("拨付日期，留空为今天"), validators=[Optional()])

    def prepare(self, attempt: Attempt) -> None:
        """Say how much is paid on."""
        fen = sum(passed_on(attempt)[code] for code in to_receive(attempt))
        self.bank_reference.description = _("应付 %(amount)s 元", amount=yuan(fen))


class ReceiptForm(StepForm):
    """When the money came."""

    received_on = DayField(_("到账日期"), validators=[Optional()])
    received_fen = MoneyField(_("到账金额（元）"), validators=[Optional()])


class ProofForm(StepForm):
    """The bank's record that members have their money."""

    members = SelectMultipleField(_("成员单位，不选为全部待确认的"), validators=[Optional()])
    bank_reference = StringField(_("银行回单号"), validators=[InputRequired(_("请填写银行回单号")), Length(max=100)])
    proof = FileField(_("银行回单"), validators=[Optional()])

    def prepare(self, attempt: Attempt) -> None:
        """Offer the members whose money is out."""
        self.members.choices = choices_of(_named(attempt, to_receive(attempt)))[1:]


class RecoverForm(StepForm):
    """The bank's record of what members have paid back."""

    members = SelectMultipleField(_("成员单位，不选为全部应退款的"), validators=[Optional()])
    bank_reference = StringField(_("银行流水号"), validators=[InputRequired(_("请填写银行流水号")), Length(max=100)])
    recovered_on = DayField(_("到账日期"), validators=[Optional()])

    def prepare(self, attempt: Attempt) -> None:
        """Offer the members that have not paid back, each with its amount."""
        self.members.choices = choices_of(_with_amounts(attempt, {
            code: -passed_on(attempt)[code] for code in to_recover(attempt)
        }))[1:]  # fmt: skip


class ClaimForm(ReasonForm):
    """A member that does not pay back now, and why."""

    member = SelectField(_("成员单位"), validators=[InputRequired(_("请选择"))])

    def prepare(self, attempt: Attempt) -> None:
        """Offer the members that have not paid back."""
        self.member.choices = choices_of(_named(attempt, to_recover(attempt)))


class CollectForm(StepForm):
    """A payment of what a member still owed."""

    member = SelectField(_("成员单位"), validators=[InputRequired(_("请选择"))])
    amount_fen = MoneyField(_("收回金额（元）"), validators=[InputRequired()])
    bank_reference = StringField(_("银行流水号"), validators=[InputRequired(_("请填写银行流水号")), Length(max=100)])

    def prepare(self, attempt: Attempt) -> None:
        """Offer the members that owe, each with what it owes."""
        self.member.choices = choices_of(_with_amounts(attempt, open_claims(attempt)))


def _with_amounts(attempt: Attempt, amounts: Mapping[str, int]) -> dict[str, str]:
    return {code: f"{name}（{yuan(amounts[code])}）" for code, name in _named(attempt, amounts).items()}


FORMS = {
    "enter_facts": FactsForm,
    "confirm_facts": OpinionForm,
    "return_facts": ReasonForm,
    "confirm": OpinionForm,
    "object_to": ObjectionForm,
    "review": DecisionForm,
    "decide": DecisionForm,
    "settle": SettleForm,
    "distribute": DistributeForm,
    "confirm_receipt": ReceiptForm,
    "bank_proof": ProofForm,
    "recover": RecoverForm,
    "carry_claim": ClaimForm,
    "collect_claim": CollectForm,
}
