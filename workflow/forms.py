"""Forms of steps: what people type becomes a command's keywords as plain data."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask_wtf import FlaskForm
from wtforms import Field, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from governance.money import parse_yuan, yuan
from governance.refusal import Refused
from workflow.i18n import lazy as _

if TYPE_CHECKING:
    from workflow.attempt import Attempt

OPINION_LENGTH = 2000


class MoneyField(StringField):
    """An amount in yuan as people write it; its data are integer fen. Anything but plain digits is refused.

    Below zero only where the field says ``signed``.
    """

    def __init__(self, label: Any = None, validators: Any = None, *, signed: bool = False, **options: Any) -> None:
        super().__init__(label, validators, **options)
        self.signed = signed

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else yuan(self.data).replace(",", "")

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = None
        if valuelist and str(valuelist[0]).strip():
            try:
                self.data = parse_yuan(str(valuelist[0]).strip())
            except Refused as refused:
                raise ValueError(str(refused.refusals[0].reason)) from refused
            if self.data < 0 and not self.signed:
                raise ValueError(_("金额不能为负数"))


class DayField(StringField):
    """A day as ``YYYY-MM-DD``; its data are that text."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = None
        text = str(valuelist[0]).strip() if valuelist else ""
        if text:
            try:
                self.data = date.fromisoformat(text).isoformat()
            except ValueError as error:
                self.data = text
                raise ValueError(_("请按 2026-11-23 的样子填写日期")) from error


class StepForm(FlaskForm):
    """The form of a step; its field names are the command's keywords."""

    class Meta(FlaskForm.Meta):
        locales = ("zh",)

    @classmethod
    def initial(cls, attempt: Attempt) -> dict[str, Any]:
        """What the form shows before anything is typed."""
        return {}

    def prepare(self, attempt: Attempt) -> None:
        """Fill choices from the case."""

    def command_data(self) -> dict[str, Any]:
        """The command's keywords as plain data."""
        return {
            field.name: "" if field.data is None and _is_text(field) else _plain(field.data)
            for field in self
            if field.short_name not in ("csrf_token", "submit")
        }


def _is_text(field: Field) -> bool:
    """Whether nothing typed is an empty text here; of an amount or a day it is ``None``."""
    return isinstance(field, StringField) and not isinstance(field, MoneyField | DayField)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if key != "csrf_token"}
    return value.strip() if isinstance(value, str) else value


class PlainForm(StepForm):
    """A step that needs nothing typed."""


class OpinionForm(StepForm):
    """A step with an optional remark."""

    opinion = TextAreaField(_("说明"), validators=[Optional(), Length(max=OPINION_LENGTH)])


class ReasonForm(StepForm):
    """A step that needs a reason."""

    reason = TextAreaField(_("原因"), validators=[InputRequired(_("请写明原因")), Length(max=OPINION_LENGTH)])


class DecisionForm(StepForm):
    """A decision: verdict and opinion; an opinion is required unless one agrees."""

    verdict = RadioField(
        _("决定"),
        choices=[
            SelectChoice("agree", _("同意")), SelectChoice("disagree", _("不同意")), SelectChoice("return", _("退回"))
        ],
        validators=[InputRequired(_("请选择决定"))],
    )
    opinion = TextAreaField(_("意见"), validators=[Length(max=OPINION_LENGTH)])

    def validate_opinion(self, field: Field) -> None:
        """Anything but agreement needs an opinion."""
        if self.verdict.data != "agree" and not (field.data or "").strip():
            raise ValidationError(_("不是“同意”时须写明意见"))


class AgreeForm(StepForm):
    """A step whose taking is agreement; a remark is optional."""

    opinion = TextAreaField(_("意见"), validators=[Optional(), Length(max=OPINION_LENGTH)])

    def command_data(self) -> dict[str, Any]:
        """Agreement with the remark."""
        return {"verdict": "agree", "opinion": (self.opinion.data or "").strip()}
