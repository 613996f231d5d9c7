"""What the agency types to take over a consortium that already runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_wtf.file import FileField
from sqlalchemy import Connection, select
from wtforms import Field, Form, FormField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from governance.money import parse_yuan, yuan
from governance.refusal import Refused
from workflow.forms import AgreeForm, DayField, MoneyField, ReasonForm, StepForm
from workflow.i18n import lazy as _
from workflow.organisations.model import organisations
from workflow.takeover.model import OPENING_AMOUNTS, POOLS, candidates
from workflow.takeover.proposal import tiers_as_text, tiers_from_text

if TYPE_CHECKING:
    from workflow.attempt import Actor, Attempt

POOL_LABELS = {"resident": _("城乡居民"), "employee": _("职工")}


class OpeningForm(Form):
    """What one pool opens with; everything blank for a pool that is not taken over."""

    prepayment_fen = MoneyField(_("尚未冲抵的预付金（元）"), validators=[Optional()])
    deposit_fen = MoneyField(_("已预留的质量保证金（元）"), validators=[Optional()])
    budget_used_fen = MoneyField(_("本年度已用预算（元）"), validators=[Optional()])
    agreed_prepayment_fen = MoneyField(_("协议约定的预付金（元）"), validators=[Optional()])
    carry = TextAreaField(_("成员单位结转应扣，每行“单位代码 金额（元）”"), validators=[Optional(), Length(max=4000)])

    def validate_carry(self, field: Field) -> None:
        """Each line names a member and an amount."""
        try:
            carry_from_text(field.data or "")
        except (ValueError, Refused) as error:
            raise ValidationError(_("这一行看不懂：%(line)s", line=str(error)[:60])) from error


def carry_from_text(text: str) -> dict[str, int]:
    """Amounts in fen by member from lines ``code yuan``; raises ``ValueError`` or ``Refused`` for a wrong line."""
    carry: dict[str, int] = {}
    for line in filter(None, (one.strip() for one in text.splitlines())):
        code, _space, amount = line.partition(" ")
        if not amount.strip() or code in carry:
            raise ValueError(line)
        carry[code] = parse_yuan(amount.strip())
    return carry


class ProposalForm(StepForm):
    """Recognition, agreement and opening balances of a consortium that already runs."""

    effective = DayField(_("接入日期"), validators=[Optional()])
    recognition_document = StringField(_("认定文件文号"), validators=[Optional(), Length(max=200)])
    recognition_date = DayField(_("认定日期"), validators=[Optional()])
    agreement_number = StringField(_("协议编号"), validators=[Optional(), Length(max=200)])
    agreement_start = DayField(_("协议开始日期"), validators=[Optional()])
    agreement_end = DayField(_("协议结束日期"), validators=[Optional()])
    deposit_ratio = StringField(_("质量保证金比例，例如 0.05"), validators=[Optional(), Length(max=20)])
    overrun_tiers = TextAreaField(
        _("合理超支分担，每行“超支率上限 基金分担比例”，末行上限写“以上”"), validators=[Optional(), Length(max=1000)]
    )
    pools = SelectMultipleField(
        _("险种"), choices=[SelectChoice(*one) for one in POOL_LABELS.items()], validators=[Optional()]
    )
    resident = FormField(OpeningForm, label=_("城乡居民期初余额"))
    employee = FormField(OpeningForm, label=_("职工期初余额"))
    scan = FileField(_("认定文件或协议扫描件"), validators=[Optional()])

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
            "settlement.deposit_ratio": data.pop("deposit_ratio"),
            "clearing.overrun": tiers_from_text(data.pop("overrun_tiers") or ""),
        }
        opening, agreed_fen = {}, {}
        for pool in POOLS:
            given = data.pop(pool)
            agreed = given.pop("agreed_prepayment_fen")
            given["carry"] = carry_from_text(given["carry"] or "")
            if any(given[name] is not None for name in OPENING_AMOUNTS) or given["carry"]:
                opening[pool] = given
            if agreed is not None:
                agreed_fen[pool] = agreed
        scan = data.pop("scan")
        return {
            **data,
            "answers": {rule: answer for rule, answer in answers.items() if answer},
            "opening": opening,
            "prepayment_fen": agreed_fen,
            "files": [scan] if scan else [],
        }


class BeginForm(ProposalForm):
    """A proposal for one of the consortia that are not here yet."""

    consortium = SelectField(_("医共体"), validators=[InputRequired(_("请选择医共体"))])

    def prepare_for(self, connection: Connection, actor: Actor) -> None:
        """Offer the consortia under the agency's place that are neither taken over nor ruled on."""
        place = connection.scalar(select(organisations.c.place).where(organisations.c.id == actor.organisation_id))
        found = candidates(connection, place) if place else []
        self.consortium.choices = [SelectChoice(one.code, one.name) for one in found]


class ReviseForm(ProposalForm):
    """The proposal again, as it stands."""

    @classmethod
    def initial(cls, attempt: Attempt) -> dict[str, Any]:
        """What the dossier says now."""
        body = attempt.dossier
        agreement, recognition = body["agreement"], body["recognition"]
        return {
            "effective": body["effective"],
            "recognition_document": recognition["document"],
            "recognition_date": recognition["date"],
            "agreement_number": agreement["number"],
            "agreement_start": agreement["start"],
            "agreement_end": agreement["end"],
            "deposit_ratio": agreement["answers"].get("settlement.deposit_ratio", ""),
            "overrun_tiers": tiers_as_text(agreement["answers"].get("clearing.overrun")),
            "pools": body["pools"],
            **{pool: _opening_initial(body, pool) for pool in POOLS},
        }


def _opening_initial(body: dict[str, Any], pool: str) -> dict[str, Any]:
    opening = body["opening"].get(pool, {})
    carry = opening.get("carry", {})
    return {
        **{name: opening.get(name) for name in OPENING_AMOUNTS},
        "agreed_prepayment_fen": body["agreement"]["prepayment_fen"].get(pool),
        "carry": "\n".join(f"{code} {yuan(fen).replace(',', '')}" for code, fen in carry.items()),
    }


FORMS = {
    "revise": ReviseForm,
    "check": AgreeForm,
    "confirm": AgreeForm,
    "send_back": ReasonForm,
    "withdraw": ReasonForm,
}
