"""What people type into the steps of a month's settlement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_wtf.file import FileField
from wtforms import BooleanField, Field, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from governance.money import parse_yuan
from governance.refusal import Refused
from workflow.claims.columns import CATEGORIES
from workflow.forms import OPINION_LENGTH, AgreeForm, DayField, MoneyField, PlainForm, ReasonForm, StepForm
from workflow.i18n import lazy as _
from workflow.settlement.additions import ADDED
from workflow.settlement.model import members_of_month, unconfirmed, undeclared
from workflow.settlement.supplement_forms import CorrectForm, DropCorrectionForm

if TYPE_CHECKING:
    from workflow.attempt import Attempt

KINDS = [SelectChoice("own", _("本医共体参保人")), SelectChoice("inflow", _("外来参保人"))]
_BY_WORD = {label: code for code, label in CATEGORIES.items()} | {code: code for code in CATEGORIES}


class ImportForm(StepForm):
    """The month's detail as the platform gives it."""

    file = FileField(_("结算明细（.xlsx 或 .csv）"), validators=[InputRequired(_("请选择结算明细文件"))])
    add = BooleanField(_("与已导入的文件并存（分几个文件导入时勾选）"))


class UploadForm(StepForm):
    """A member's own detail."""

    file = FileField(_("本单位结算明细（.xlsx 或 .csv）"), validators=[InputRequired(_("请选择结算明细文件"))])


class ReconcileForm(StepForm):
    """Agreement, or differences one to a line."""

    differences = TextAreaField(
        _("差异，每行“类别 相差金额（元） 说明”；没有差异留空"), validators=[Optional(), Length(max=OPINION_LENGTH)],
        description=_(
            "类别：%(categories)s。例如：床日 -120.50 少计一例；金额最多两位小数，不加千分号",
            categories="、".join(CATEGORIES.values()),
        ),
    )
    opinion = TextAreaField(_("说明"), validators=[Optional(), Length(max=OPINION_LENGTH)])

    def validate_differences(self, field: Field) -> None:
        """Each line is a category, an amount and a note."""
        try:
            differences_from_text(field.data or "")
        except (ValueError, Refused) as error:
            raise ValidationError(_("这一行看不懂：%(line)s", line=str(error)[:60])) from error

    def command_data(self) -> dict[str, Any]:
        """The command's keywords."""
        return {
            "differences": differences_from_text(self.differences.data or ""),
            "opinion": (self.opinion.data or "").strip(),
        }


def differences_from_text(text: str) -> list[dict[str, Any]]:
    """Differences from lines ``category yuan note``; raises ``ValueError`` or ``Refused`` for a line that is wrong."""
    found = []
    for line in filter(None, (one.strip() for one in text.splitlines())):
        parts = line.split(maxsplit=2)
        if len(parts) < 3 or parts[0] not in _BY_WORD:
            raise ValueError(line)
        found.append({"category": _BY_WORD[parts[0]], "amount_fen": parse_yuan(parts[1]), "note": parts[2]})
    return found


class AbsentForm(ReasonForm):
    """A member to be recorded absent, with the reason."""

    member = SelectField(_("成员单位"), validators=[InputRequired()])

    def prepare(self, attempt: Attempt) -> None:
        """Offer the members that have not declared."""
        self.member.choices = [SelectChoice(one.code, one.name) for one in undeclared(attempt)]


class ConfirmAbsentForm(StepForm):
    """Which proposed absence a second person confirms."""

    member = SelectField(_("成员单位"), validators=[InputRequired()])

    def prepare(self, attempt: Attempt) -> None:
        """Offer the absences proposed, with their reasons."""
        names = {one.code: one.name for one in members_of_month(attempt)}
        proposed = attempt.progress.get("proposed_absences", {})
        self.member.choices = [
            SelectChoice(code, f"{names.get(code, code)}：{one['reason']}") for code, one in proposed.items()
        ]


class DeductForm(ReasonForm):
    """An audit deduction with its decision."""

    member = SelectField(_("成员单位"), validators=[InputRequired()])
    amount_fen = MoneyField(_("拒付金额（元）"), validators=[InputRequired()])
    kind = SelectField(_("涉及的参保人"), choices=KINDS)
    decision_number = StringField(_("审核决定书文号"), validators=[InputRequired(), Length(max=200)])

    def prepare(self, attempt: Attempt) -> None:
        """Offer the members of the month."""
        self.member.choices = [SelectChoice(one.code, one.name) for one in members_of_month(attempt)]


class SpecialForm(ReasonForm):
    """What a grouping appeal or a special case adds, who decided it, and the evidence."""

    what = SelectField(_("事项"), choices=[SelectChoice(*one) for one in ADDED.items()])
    member = SelectField(_("成员单位"), validators=[InputRequired()])
    category = SelectField(_("支付类别"), choices=[SelectChoice(*one) for one in CATEGORIES.items()])
    kind = SelectField(_("涉及的参保人"), choices=KINDS)
    amount_fen = MoneyField(_("增加金额（元，扣减为负数）"), validators=[InputRequired()], signed=True)
    document = StringField(_("评审或复核结论文号"), validators=[InputRequired(), Length(max=200)])
    evidence = FileField(_("依据（评审意见等）"), validators=[InputRequired(_("请附上依据"))])

    def prepare(self, attempt: Attempt) -> None:
        """Offer the members of the month."""
        self.member.choices = [SelectChoice(one.code, one.name) for one in members_of_month(attempt)]


class OffsetForm(ReasonForm):
    """Another prepayment offset than the equal part."""

    amount_fen = MoneyField(_("本月拟冲预付金（元）"), validators=[InputRequired()])


class FundForm(StepForm):
    """The finance bureau's grant."""

    document = StringField(_("用款批复文号"), validators=[InputRequired(), Length(max=200)])
    funded_on = DayField(_("批复日期，留空为今天"), validators=[Optional()])


class PayForm(StepForm):
    """A payment to the lead."""

    bank_reference = StringField(_("银行流水号"), validators=[InputRequired(), Length(max=100)])
    paid_on = DayField(_("拨付日期，留空为今天"), validators=[Optional()])


class DistributeForm(StepForm):
    """The lead's payment to its members."""

    bank_reference = StringField(_("银行流水号或批次号"), validators=[InputRequired(), Length(max=100)])
    distributed_on = DayField(_("拨付日期，留空为今天"), validators=[Optional()])


class ReceiptForm(StepForm):
    """A member's receipt, and the village clinics a township confirms for."""

    received_fen = MoneyField(_("收到金额（元），留空为与结算单一致"), validators=[Optional()])
    received_on = DayField(_("到账日期，留空为今天"), validators=[Optional()])
    villages = SelectMultipleField(_("一并确认的村卫生室"), validators=[Optional()])

    def prepare(self, attempt: Attempt) -> None:
        """Offer the village clinics whose receipt is out."""
        out = set(unconfirmed(attempt))
        clinics = [one for one in members_of_month(attempt) if not one.declares and one.code in out]
        self.villages.choices = [SelectChoice(one.code, one.name) for one in clinics]


class ProofForm(StepForm):
    """The bank's record for members whose receipt is out."""

    members = SelectMultipleField(_("成员单位，不选为全部待确认的"), validators=[Optional()])
    bank_reference = StringField(_("银行回单号"), validators=[InputRequired(), Length(max=100)])
    proof = FileField(_("银行回单"), validators=[Optional()])

    def prepare(self, attempt: Attempt) -> None:
        """Offer the members whose receipt is out."""
        out = set(unconfirmed(attempt))
        waiting = [one for one in members_of_month(attempt) if one.code in out]
        self.members.choices = [SelectChoice(one.code, one.name) for one in waiting]


FORMS = {
    "import_claims": ImportForm,
    "reconcile": ReconcileForm,
    "upload": UploadForm,
    "declare_nil": PlainForm,
    "propose_absent": AbsentForm,
    "confirm_absent": ConfirmAbsentForm,
    "deduct": DeductForm,
    "add_special": SpecialForm,
    "ask_offset": OffsetForm,
    "work_out": PlainForm,
    "correct": CorrectForm,
    "drop_correction": DropCorrectionForm,
    "withdraw": ReasonForm,
    "review": AgreeForm,
    "approve": AgreeForm,
    "dispute": ReasonForm,
    "resolve_dispute": ReasonForm,
    "carry": ReasonForm,
    "fund": FundForm,
    "pay_to_lead": PayForm,
    "distribute": DistributeForm,
    "confirm_receipt": ReceiptForm,
    "bank_proof": ProofForm,
}
