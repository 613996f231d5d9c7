"""What people type in a plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask_wtf.file import FileField
from wtforms import FieldList, Form, FormField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from workflow.decisions import VERDICTS
from workflow.forms import AgreeForm, DayField, MoneyField, ReasonForm, StepForm
from workflow.i18n import lazy as _
from workflow.surplus_plan.model import (
    DEDUCTION_LABELS,
    OPINION_LABELS,
    OUTCOME_LABELS,
    committee_seats,
    members_of_year,
    unconfirmed,
    voting_seats,
)

if TYPE_CHECKING:
    from workflow.attempt import Attempt

BLANK_ROWS = 3


def choices_of(pairs: Iterable[tuple[str, Any]], *, blank: bool = True) -> list[SelectChoice]:
    """Choices by value and label, with a blank one before them where one may choose nothing."""
    found = [SelectChoice(value, label) for value, label in pairs]
    return [SelectChoice("", ""), *found] if blank else found


class MultiCheckboxField(SelectMultipleField):
    """Several of a list, ticked."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class ReleaseForm(StepForm):
    """What becomes of the deferred part, by which reason and document."""

    outcome = RadioField(
        _("处理"), choices=choices_of(OUTCOME_LABELS.items(), blank=False), validators=[InputRequired(_("请选择"))]
    )
    reason = TextAreaField(_("发放条件是否成就的理由"), validators=[InputRequired(_("请写明原因")), Length(max=2000)])
    document = StringField(_("依据文件"), validators=[InputRequired(), Length(max=200)])


class DeductionForm(Form):
    """One deduction before distribution."""

    name = SelectField(
        _("项目"),
        choices=choices_of(DEDUCTION_LABELS.items()),
        validators=[Optional()],
    )
    amount_fen = MoneyField(_("金额（元）"), validators=[Optional()])


class ReasonRow(Form):
    """Why a member gets nothing."""

    member = SelectField(_("成员单位"), validators=[Optional()])
    reason = StringField(_("不分配的理由"), validators=[Optional(), Length(max=500)])


class DraftForm(StepForm):
    """Deductions and reasons; shares follow from rules and frozen weights."""

    deductions = FieldList(FormField(DeductionForm), label=_("分配前扣除"), min_entries=BLANK_ROWS)
    reasons = FieldList(FormField(ReasonRow), label=_("不分配的成员单位"), min_entries=BLANK_ROWS)

    @classmethod
    def initial(cls, attempt: Attempt) -> dict[str, Any]:
        """The present draft."""
        body = attempt.dossier
        reasons = [{"member": code, "reason": said} for code, said in body.get("reasons", {}).items()]
        return {"deductions": body.get("deductions", []), "reasons": reasons}

    def prepare(self, attempt: Attempt) -> None:
        """The members of the year."""
        for row in self.reasons.entries:
            row.form.member.choices = choices_of((one.code, one.name) for one in members_of_year(attempt))

    def command_data(self) -> dict[str, Any]:
        """The command's keywords."""
        data = super().command_data()
        return {
            "deductions": [one for one in data["deductions"] if one["name"] and one["amount_fen"]],
            "reasons": {one["member"]: one["reason"] for one in data["reasons"] if one["member"]},
        }


class MemberOpinionForm(StepForm):
    """A member's opinion on the draft."""

    verdict = RadioField(
        _("意见"), choices=choices_of(OPINION_LABELS.items(), blank=False), validators=[InputRequired(_("请选择"))]
    )
    opinion = TextAreaField(_("具体意见（有意见时必填）"), validators=[Optional(), Length(max=2000)])


class ConveneForm(StepForm):
    """When and where the committee meets."""

    session_date = DayField(_("会议日期"), validators=[InputRequired(_("请填写会议日期"))])
    place = StringField(_("地点"), validators=[InputRequired(_("请填写地点")), Length(max=200)])
    agenda = TextAreaField(_("议程"), validators=[Optional(), Length(max=2000)])


class ProxyRow(Form):
    """One written proxy."""

    absent = SelectField(_("委托人"), validators=[Optional()])
    holder = SelectField(_("受托人"), validators=[Optional()])
    document = StringField(_("委托书编号"), validators=[Optional(), Length(max=100)])


class RecusalRow(Form):
    """One recusal."""

    seat = SelectField(_("回避的委员"), validators=[Optional()])
    reason = StringField(_("原因"), validators=[Optional(), Length(max=300)])


class AttendanceForm(StepForm):
    """Who is there, who votes by written proxy, who is recused."""

    present = MultiCheckboxField(_("到会委员"), validators=[InputRequired(_("请勾选到会委员"))])
    proxies = FieldList(FormField(ProxyRow), label=_("书面委托"), min_entries=BLANK_ROWS)
    recused = FieldList(FormField(RecusalRow), label=_("回避"), min_entries=BLANK_ROWS)

    def prepare(self, attempt: Attempt) -> None:
        """The seats of the committee."""
        choices = [(str(seat.id), seat.name) for seat in committee_seats(attempt)]
        self.present.choices = choices_of(choices, blank=False)
        for row in self.proxies.entries:
            row.form.absent.choices = row.form.holder.choices = choices_of(choices)
        for row in self.recused.entries:
            row.form.seat.choices = choices_of(choices)

    def command_data(self) -> dict[str, Any]:
        """The command's keywords."""
        data = super().command_data()
        return {
            "present": data["present"],
            "proxies": [one for one in data["proxies"] if one["absent"] and one["holder"]],
            "recused": [one for one in data["recused"] if one["seat"]],
        }


class VoteForm(StepForm):
    """A vote; who holds a written proxy says for which seat."""

    seat_key = SelectField(_("为哪个席位表决"), validators=[Optional()])
    verdict = RadioField(
        _("表决"), choices=choices_of(VERDICTS.items(), blank=False), validators=[InputRequired(_("请选择"))]
    )
    opinion = TextAreaField(_("意见（不是同意时必填）"), validators=[Optional(), Length(max=2000)])

    def prepare(self, attempt: Attempt) -> None:
        """The seats the actor votes for."""
        votes = voting_seats(attempt.progress.get("attendance", {}))
        names = {seat.id: seat.name for seat in committee_seats(attempt)}
        mine = [seat for seat, holder in votes.items() if holder == attempt.actor.seat_id]
        self.seat_key.choices = choices_of(((f"seat:{seat}", names.get(seat, "")) for seat in mine), blank=not mine)

    def command_data(self) -> dict[str, Any]:
        """The command's keywords."""
        data = super().command_data()
        return {**data, "seat_key": data["seat_key"] or "", "opinion": data["opinion"] or ""}


class MinutesForm(StepForm):
    """The minutes, as text or as the signed file."""

    minutes = TextAreaField(_("会议纪要"), validators=[Optional(), Length(max=20000)])
    minutes_file = FileField(_("签字的会议纪要"), validators=[Optional()])


class FilingForm(StepForm):
    """The number under which the filing is accepted."""

    filing_number = StringField(_("备案号"), validators=[InputRequired(_("请填写备案号")), Length(max=100)])
    opinion = TextAreaField(_("意见"), validators=[Optional(), Length(max=2000)])


class PaymentForm(StepForm):
    """The bank's record of a payment."""

    bank_reference = StringField(_("银行流水号"), validators=[InputRequired(_("请填写银行流水号")), Length(max=100)])
    paid_on = DayField(_("支付日期"), validators=[Optional()])


class ReceiptForm(StepForm):
    """When the money came."""

    received_on = DayField(_("到账日期"), validators=[Optional()])
    received_fen = MoneyField(_("到账金额（元）"), validators=[Optional()])


class ProofForm(StepForm):
    """The bank's record that members have their money."""

    members = MultiCheckboxField(_("成员单位（不选为全部待确认）"), validators=[Optional()])
    bank_reference = StringField(_("银行回单号"), validators=[InputRequired(_("请填写银行回单号")), Length(max=100)])
    proof = FileField(_("银行回单"), validators=[Optional()])

    def prepare(self, attempt: Attempt) -> None:
        """The members whose amount is open."""
        names = {member.code: member.name for member in attempt.parties.members}
        waiting = unconfirmed(attempt)
        self.members.choices = choices_of(((code, names.get(code, code)) for code in waiting), blank=False)


FORMS = {
    "propose_release": ReleaseForm,
    "return_release": ReasonForm,
    "draft": DraftForm,
    "give_opinion": MemberOpinionForm,
    "recall": ReasonForm,
    "convene": ConveneForm,
    "register_attendance": AttendanceForm,
    "vote": VoteForm,
    "adjourn": ReasonForm,
    "close_session": MinutesForm,
    "accept_filing": FilingForm,
    "check_filing": FilingForm,
    "approve_filing": AgreeForm,
    "pay_retained": PaymentForm,
    "pay_members": PaymentForm,
    "confirm_receipt": ReceiptForm,
    "bank_proof": ProofForm,
}
