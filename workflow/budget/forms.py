"""What people type on the steps of a budget; of the facts only those that the place's method needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_wtf.file import MultipleFileField
from wtforms import Field, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from governance.money import parse_yuan, yuan
from governance.refusal import Refused
from workflow.budget.model import consortium_codes, county_consortia, insured_heads, working_day
from workflow.forms import DayField, DecisionForm, MoneyField, ReasonForm, StepForm
from workflow.i18n import lazy as _

if TYPE_CHECKING:
    from workflow.attempt import Attempt

METHOD_FIELDS = {
    "per_capita_package": (
        "insured", "risk_fund_increment_fen", "catastrophic_premium_fen", "adjustments", "consortia",
    ),
    "growth": ("prior_years_fen", "prior_settled_fen", "pool_growth", "consortia"),
    "factor_share": ("basis", "pool_budget_fen", "consortia"),
    "prior_year": ("prior_in_area_fen", "prior_out_of_area_fen", "prior_manual_fen", "consortia"),
}
ALWAYS = ("carve_outs", "approved_fen", "reason")
LINES = {"adjustments", "prior_years_fen", "consortia", "carve_outs"}
FACTORS = {
    "insured": "参保人数", "service_volume": "服务量", "prior_payments": "上年支付额", "function": "功能定位",
    "risk": "疾病风险",
}  # fmt: skip
FACTOR_KEYS = {word: key for key, word in FACTORS.items()}
MOST_HEADS = 10**8
LONGEST_TEXT = 4000


def _rows(text: str) -> list[list[str]]:
    return [line.split() for line in (text or "").splitlines() if line.strip()]


def _named(parts: list[str]) -> dict[str, Any]:
    name, amount = parts
    return {"name": name, "amount_fen": parse_yuan(amount)}


def _adjustment(parts: list[str]) -> dict[str, Any]:
    return {**_named(parts[:2]), "reason": " ".join(parts[2:])}


def _consortium(parts: list[str]) -> dict[str, Any]:
    """``consortium amount`` or ``consortium factor=value …``; a factor by its word or its key."""
    code, *given = parts
    if len(given) == 1 and "=" not in given[0]:
        return {"consortium": code, "amount_fen": parse_yuan(given[0])}
    factors = dict(one.replace("＝", "=").split("=", 1) for one in given)
    return {"consortium": code, "factors": {FACTOR_KEYS.get(name, name): value for name, value in factors.items()}}


READERS = {
    "adjustments": _adjustment,
    "prior_years_fen": lambda parts: parse_yuan(parts[0]),
    "consortia": _consortium,
    "carve_outs": _named,
}


def _plain_yuan(fen: int) -> str:
    return yuan(fen).replace(",", "")


def lines_of(name: str, values: Any) -> str:
    """The lines from which the same list of facts is read again."""
    if name == "prior_years_fen":
        return "\n".join(_plain_yuan(fen) for fen in values)
    if name == "consortia":
        return "\n".join(_consortium_line(one) for one in values)
    return "\n".join(
        " ".join(filter(None, (one["name"], _plain_yuan(one["amount_fen"]), one.get("reason")))) for one in values
    )


def _consortium_line(one: dict[str, Any]) -> str:
    if one.get("amount_fen") is not None:
        return f"{one['consortium']} {_plain_yuan(one['amount_fen'])}"
    return " ".join([one["consortium"], *_factors(one.get("factors", {}))])


def _factors(given: dict[str, Any]) -> list[str]:
    return [f"{FACTORS.get(name, name)}={value}" for name, value in given.items()]


class CalculateForm(StepForm):
    """The facts of the year's budget."""

    insured = IntegerField(_("参保人数"), validators=[Optional(), NumberRange(0, MOST_HEADS)])
    risk_fund_increment_fen = MoneyField(_("增量风险金（元）"), validators=[Optional()])
    catastrophic_premium_fen = MoneyField(_("大病保险（元）"), validators=[Optional()])
    adjustments = TextAreaField(
        _("逐项调整，每行“名称 金额（元） 理由”"), validators=[Optional(), Length(max=LONGEST_TEXT)]
    )
    prior_years_fen = TextAreaField(
        _("前三年支付额（元），每行一年"), validators=[Optional(), Length(max=LONGEST_TEXT)]
    )
    prior_settled_fen = MoneyField(_("上年清算总额（元）"), validators=[Optional()])
    pool_growth = StringField(_("统筹地区基金支出增长率，例如 0.05"), validators=[Optional(), Length(max=20)])
    basis = SelectField(
        _("分配基数"),
        choices=[SelectChoice("expenditure", _("基金支出预算")), SelectChoice("income", _("基金收入"))],
        validators=[Optional()],
    )
    pool_budget_fen = MoneyField(_("统筹基金支出预算（范围内，元）"), validators=[Optional()])
    prior_in_area_fen = MoneyField(_("上年本地支付（元）"), validators=[Optional()])
    prior_out_of_area_fen = MoneyField(_("上年异地支付（元）"), validators=[Optional()])
    prior_manual_fen = MoneyField(_("上年零星报销（元）"), validators=[Optional()])
    consortia = TextAreaField(
        _("各医共体，每行“医共体 核定金额（元）”或“医共体 因素=数值 …”"),
        validators=[Optional(), Length(max=LONGEST_TEXT)], render_kw={"rows": 8},
    )
    carve_outs = TextAreaField(_("内含单列，每行“名称 金额（元）”"), validators=[Optional(), Length(max=LONGEST_TEXT)])
    approved_fen = MoneyField(_("拟批准金额（元），不填即按公式"), validators=[Optional()])
    reason = TextAreaField(_("与公式不同的理由"), validators=[Optional(), Length(max=2000)])

    @classmethod
    def initial(cls, attempt: Attempt) -> dict[str, Any]:
        """The facts as they stand; at first the register's head counts and the county's consortia."""
        given = attempt.dossier.get("facts")
        if given is None:
            given = _defaults(attempt)
        if "consortia" in given:
            names = {code: name for name, code in consortium_codes(attempt).items()}
            named = [
                one | {"consortium": names.get(one["consortium"], one["consortium"])} for one in given["consortia"]
            ]
            given = {**given, "consortia": named}
        return {name: lines_of(name, value) if name in LINES else value for name, value in given.items()}

    def prepare(self, attempt: Attempt) -> None:
        """Leave only what the method of the place needs; know the county's consortia by name."""
        self.codes = consortium_codes(attempt)
        method = attempt.rule("budget.method", on=working_day(int(attempt.case.period), attempt.day)).value
        wanted = {*METHOD_FIELDS.get(method, ()), *ALWAYS}
        for field in list(self):
            if field.short_name != "csrf_token" and field.short_name not in wanted:
                delattr(self, field.short_name)

    def validate(self, extra_validators: Any = None) -> bool:
        """Each line of a list is read by its own pattern."""
        valid: bool = super().validate(extra_validators)
        for field in self:
            if field.short_name in LINES and not _readable(field):
                valid = False
        return valid

    def command_data(self) -> dict[str, Any]:
        """The facts that were given."""
        facts = {}
        for name, value in super().command_data().items():
            if name in LINES:
                value = [READERS[name](parts) for parts in _rows(value)]
            if value not in (None, "", []):
                facts[name] = value
        for one in facts.get("consortia", []):
            one["consortium"] = self.codes.get(one["consortium"], one["consortium"])
        return {"facts": facts}


def _readable(field: Field) -> bool:
    for parts in _rows(field.data):
        try:
            READERS[field.short_name](parts)
        except (ValueError, IndexError, Refused):
            field.errors = [*field.errors, _("这一行看不懂：%(line)s", line=" ".join(parts)[:60])]
            return False
    return True


def _defaults(attempt: Attempt) -> dict[str, Any]:
    year = int(attempt.case.period)
    codes = county_consortia(attempt)
    heads = insured_heads(attempt.connection, codes, attempt.case.pool, year)
    found: dict[str, Any] = {}
    if attempt.consortium.code in heads:
        found["insured"] = heads[attempt.consortium.code]
    if attempt.rule("budget.method", on=working_day(year, attempt.day)).value == "factor_share":
        weights = attempt.rule("budget.weights", on=working_day(year, attempt.day)).value
        found["consortia"] = [
            {
                "consortium": code,
                "factors": {name: str(heads.get(code, 0)) if name == "insured" else "0" for name in weights},
            }
            for code in codes
        ]
    return found


class ConsultForm(StepForm):
    """The record of the negotiation."""

    on = DayField(_("协商日期"), validators=[InputRequired(_("请填写协商日期"))])
    participants = TextAreaField(_("参加单位和人员"), validators=[InputRequired(_("请填写参加单位")), Length(max=2000)])
    summary = TextAreaField(_("协商情况"), validators=[InputRequired(_("请填写协商情况")), Length(max=LONGEST_TEXT)])
    approved_fen = MoneyField(_("协商后的金额（元），与测算相同的不填"), validators=[Optional()])
    reason = TextAreaField(_("与公式不同的理由"), validators=[Optional(), Length(max=2000)])
    attached = MultipleFileField(_("会议纪要"), validators=[Optional()])


class IssueForm(StepForm):
    """The document under which the budget is issued."""

    document_number = StringField(_("下达文件文号"), validators=[InputRequired(_("请填写文号")), Length(max=200)])
    on = DayField(_("下达日期，不填为今天"), validators=[Optional()])

    def command_data(self) -> dict[str, Any]:
        """The command's keywords."""
        data = super().command_data()
        return {**data, "on": data["on"] or ""}


class PreIssueForm(IssueForm):
    """A figure told in advance, and its document."""

    amount_fen = MoneyField(_("预下达金额（元）"), validators=[InputRequired(_("请填写金额"))])


class AdjustForm(ReasonForm):
    """Another amount for the year."""

    approved_fen = MoneyField(_("调整后的金额（元）"), validators=[InputRequired(_("请填写金额"))])

    def validate_approved_fen(self, field: Field) -> None:
        """More than nothing."""
        if field.data is not None and field.data <= 0:
            raise ValidationError(_("金额应大于 0"))


FORMS = {
    "calculate": CalculateForm,
    "pre_issue": PreIssueForm,
    "consult": ConsultForm,
    "recalculate": ReasonForm,
    "opine": DecisionForm,
    "decide": DecisionForm,
    "issue": IssueForm,
    "adjust": AdjustForm,
}
