"""What people type to change a rule: which one, the value as the document has it, and the document itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_wtf.file import FileField
from sqlalchemy import Connection, select
from wtforms import BooleanField, Field, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from governance.refusal import Refused
from governance.rulebook import STATUS_NAMES, STATUSES, rule_names
from workflow.forms import DayField, DecisionForm, ReasonForm, StepForm
from workflow.i18n import lazy as _
from workflow.organisations.model import organisations
from workflow.pages.words import pick
from workflow.rule_change.model import places_under
from workflow.rule_change.written import LONGEST, text_of, value_of
from workflow.rules import rulebook

if TYPE_CHECKING:
    from workflow.attempt import Actor, Attempt


class ProposeForm(StepForm):
    """A provision with its document."""

    rule = SelectField(_("规则"), validators=[InputRequired()], validate_choice=True)
    value = TextAreaField(
        _("取值"), validators=[InputRequired(_("请填写取值")), Length(max=LONGEST)], render_kw={"rows": 4},
        description=_("一个数或词照写；档次、比例表按“项目: 内容”逐行写；null 表示自该日起本级不再规定"),
    )
    since = DayField(_("生效日期"), validators=[InputRequired(_("请填写生效日期"))])
    backwards = BooleanField(_("文件本身写明溯及生效日以前已经开始的期间"))
    status = SelectField(_("核实状态"), validators=[InputRequired()])
    document_number = StringField(_("文号"), validators=[InputRequired(_("请填写文号")), Length(max=200)])
    document_title = StringField(_("文件名称"), validators=[InputRequired(_("请填写文件名称")), Length(max=400)])
    issuer = StringField(_("发文机关"), validators=[InputRequired(_("请填写发文机关")), Length(max=200)])
    issued_on = DayField(_("发文日期"), validators=[InputRequired(_("请填写发文日期"))])
    clause = StringField(_("条款"), validators=[InputRequired(_("请写明条款")), Length(max=200)])
    says = TextAreaField(
        _("这一条说了什么（用自己的话）"), validators=[InputRequired(_("请用自己的话写明")), Length(max=4000)]
    )
    scan = FileField(_("文件扫描件"), validators=[Optional()])

    @classmethod
    def initial(cls, attempt: Attempt) -> dict[str, Any]:
        """The proposal as it stands."""
        given = attempt.dossier
        if "rule" not in given:
            return {}
        document = given["document"]
        kept = {name: given[name] for name in ("rule", "since", "backwards", "status", "clause", "says")}
        return kept | {
            "value": text_of(given["value"]), "document_number": document["number"],
            "document_title": document["title"], "issuer": document["issuer"], "issued_on": document["issued_on"],
        }  # fmt: skip

    def prepare(self, attempt: Attempt) -> None:
        """Every rule the project reads, and how sure one may be."""
        self.choose()

    def choose(self) -> None:
        """Fill the choices that no place changes."""
        names = sorted(rule_names().values(), key=lambda one: one.rule)
        self.rule.choices = [
            SelectChoice(one.rule, f"{pick(one.title, one.title_en)}（{one.rule}）") for one in names
        ]
        self.status.choices = [SelectChoice(one, pick(*STATUS_NAMES[one])) for one in STATUSES]

    def validate_value(self, field: Field) -> None:
        """It can be read."""
        try:
            value_of(field.data or "")
        except Refused as refused:
            raise ValidationError(refused.refusals[0].reason) from refused


class BeginForm(ProposeForm):
    """The same, and for which place."""

    place = SelectField(_("地区"), validators=[InputRequired()])

    def prepare_for(self, connection: Connection, actor: Actor) -> None:
        """The cities and counties of the rules officer's own body."""
        self.choose()
        query = select(organisations.c.place).where(organisations.c.id == actor.organisation_id)
        home, known = connection.scalar(query), rulebook().places
        found = [known[code] for code in places_under(home) if known[code].kind in ("city", "county")]
        self.place.choices = [SelectChoice(one.code, pick(one.name, one.name_en)) for one in found]


FORMS = {"propose": ProposeForm, "opine": DecisionForm, "decide": DecisionForm, "withdraw": ReasonForm}
