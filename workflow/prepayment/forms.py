"""What people type on the steps of a prepayment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_wtf.file import FileField, MultipleFileField
from sqlalchemy import Connection, select
from wtforms import BooleanField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from governance.prepayment import STANDING, USES
from workflow.forms import (
    AgreeForm,
    DayField,
    DecisionForm,
    MoneyField,
    OpinionForm,
    ReasonForm,
    StepForm,
)
from workflow.i18n import lazy as _
from workflow.i18n import yuan
from workflow.organisations.model import consortia
from workflow.prepayment.model import POOL_LABELS, STANDING_LABELS, USE_LABELS, monthly_mean

if TYPE_CHECKING:
    from workflow.attempt import Actor, Attempt

LONGEST_TEXT = 2000
_YES_NO = [SelectChoice("no", _("没有")), SelectChoice("yes", _("有"))]


def _uses(allowed: list[str]) -> list[SelectChoice]:
    return [SelectChoice(one, USE_LABELS.get(one, one)) for one in allowed]


class WhichForm(StepForm):
    """Which consortium's pool."""

    consortium = SelectField(_("医共体"), validators=[InputRequired(_("请选择医共体"))], validate_choice=False)
    pool = SelectField(
        _("险种"), choices=[SelectChoice(*one) for one in POOL_LABELS.items()],
        validators=[InputRequired(_("请选择险种"))],
    )  # fmt: skip


class ApplicationForm(StepForm):
    """How much, what for, and the lead's word."""

    amount_fen = MoneyField(_("申请金额（元）"), validators=[InputRequired(_("请填写金额"))])
    uses = SelectMultipleField(_("用途"), validators=[InputRequired(_("请选择用途"))], validate_choice=False)
    statement = TextAreaField(_("申请理由"), validators=[Optional(), Length(max=LONGEST_TEXT)])
    undertaking = BooleanField(
        _("承诺预付金只用于所列用途，不作他用，年底前冲抵完毕或退回"), validators=[InputRequired(_("请作出承诺"))]
    )
    attached = MultipleFileField(_("申请材料"), validators=[Optional()])


class BeginForm(WhichForm, ApplicationForm):
    """An application for one pool of a consortium that the hospital leads."""

    def prepare_for(self, connection: Connection, actor: Actor) -> None:
        """Offer the consortia that the actor's hospital leads."""
        found = connection.execute(
            select(consortia.c.code, consortia.c.name)
            .where(consortia.c.lead_id == actor.organisation_id)
            .order_by(consortia.c.id)
        )
        self.consortium.choices = [SelectChoice(row.code, row.name) for row in found]
        self.uses.choices = _uses(list(USE_LABELS))


class ReviseForm(ApplicationForm):
    """The application again, as it stands."""

    @classmethod
    def initial(cls, attempt: Attempt) -> dict[str, Any]:
        """What was applied for."""
        applied = attempt.dossier["application"]
        return {name: applied[name] for name in ("amount_fen", "uses", "statement")}

    def prepare(self, attempt: Attempt) -> None:
        """Offer the uses the place allows."""
        self.uses.choices = _uses(attempt.rule(USES).value)


class CheckForm(StepForm):
    """What the agency found, condition by condition."""

    amount_fen = MoneyField(_("拟预付金额（元）"), validators=[InputRequired(_("请填写金额"))])
    base_fen = MoneyField(_("月均支出（元）"), validators=[Optional()])
    base_source = StringField(_("月均支出另有来源的，写明来源"), validators=[Optional(), Length(max=300)])
    reserve_months = StringField(
        _("统筹基金累计结余可支付月数"), validators=[InputRequired(_("请填写可支付月数")), Length(max=10)]
    )
    deficit_last_year = RadioField(_("基金上年当期赤字"), choices=_YES_NO, validators=[InputRequired(_("请选择"))])
    deficit_forecast = RadioField(_("基金当年预计赤字"), choices=_YES_NO, validators=[InputRequired(_("请选择"))])
    standing = SelectMultipleField(_("医疗机构符合的条件"), validators=[Optional()], validate_choice=False)
    late_reason = StringField(_("逾期申请的原因"), validators=[Optional(), Length(max=300)])
    evidence = TextAreaField(
        _("核查依据"), validators=[InputRequired(_("请写明核查依据")), Length(max=LONGEST_TEXT)],
        description=_("基金报表、台账、协议考核结果等的名称和文号"),
    )  # fmt: skip
    attached = MultipleFileField(_("佐证材料"), validators=[Optional()])

    @classmethod
    def initial(cls, attempt: Attempt) -> dict[str, Any]:
        """What was found before, else the amount applied for and the mean of the months closed here."""
        checked = attempt.dossier.get("check")
        if checked is None:
            mean_fen, periods = monthly_mean(attempt)
            return {
                "amount_fen": attempt.dossier["application"]["amount_fen"], "base_fen": mean_fen if periods else None,
            }
        kept = ("amount_fen", "reserve_months", "standing", "late_reason", "evidence")
        return {
            **{name: checked[name] for name in kept}, "base_fen": checked["base"]["fen"],
            "base_source": checked["base"]["source"],
            **{name: "yes" if checked[name] else "no" for name in ("deficit_last_year", "deficit_forecast")},
        }

    def prepare(self, attempt: Attempt) -> None:
        """Offer what the place asks of the institution; say what the months closed here come to."""
        asked = attempt.rule(STANDING).value
        self.standing.choices = [SelectChoice(one, STANDING_LABELS.get(one, one)) for one in asked]
        mean_fen, periods = monthly_mean(attempt)
        self.base_fen.description = (
            _("本系统已办结 %(count)s 个月的月均为 %(fen)s 元", count=periods, fen=yuan(mean_fen))
            if periods else _("本系统没有以前年度的月度结算，请按基金台账填写")
        )  # fmt: skip

    def command_data(self) -> dict[str, Any]:
        """The command's keywords."""
        data = super().command_data()
        return data | {name: data[name] == "yes" for name in ("deficit_last_year", "deficit_forecast")}


class PayForm(StepForm):
    """What the bank's receipt says."""

    bank_reference = StringField(_("银行回单号"), validators=[InputRequired(_("请填写银行回单号")), Length(max=100)])
    paid_on = DayField(_("拨付日期，不填为今天"), validators=[Optional()])
    proof = FileField(_("银行回单"), validators=[Optional()])


class RepayForm(StepForm):
    """What the lead has repaid."""

    amount_fen = MoneyField(_("退回金额（元）"), validators=[InputRequired(_("请填写金额"))])
    bank_reference = StringField(_("银行回单号"), validators=[InputRequired(_("请填写银行回单号")), Length(max=100)])
    repaid_on = DayField(_("退回日期，不填为今天"), validators=[Optional()])
    proof = FileField(_("银行回单"), validators=[Optional()])


class ConfirmForm(OpinionForm):
    """Whether it came in."""

    received = RadioField(
        _("是否到账"), choices=[SelectChoice("yes", _("已到账")), SelectChoice("no", _("没有到账"))],
        validators=[InputRequired(_("请选择"))],
    )  # fmt: skip

    def command_data(self) -> dict[str, Any]:
        """The command's keywords."""
        data = super().command_data()
        return data | {"received": data["received"] == "yes"}


class DemandForm(ReasonForm):
    """Why, and by which clause or decision."""

    clause = StringField(_("依据的条款或决定文号"), validators=[InputRequired(_("请写明依据")), Length(max=200)])


FORMS = {
    "revise": ReviseForm,
    "check": CheckForm,
    "withdraw": ReasonForm,
    "review": AgreeForm,
    "approve": AgreeForm,
    "refuse_prepayment": ReasonForm,
    "opine": DecisionForm,
    "decide": DecisionForm,
    "pay": PayForm,
    "repay": RepayForm,
    "confirm_repayment": ConfirmForm,
    "demand": DemandForm,
}
