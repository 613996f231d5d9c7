"""What people type in an application and its joint ruling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_wtf.file import MultipleFileField
from wtforms import FieldList, Form, FormField, HiddenField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms import TextAreaField as Text
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from workflow.city_ruling.model import BUREAUS, open_correction
from workflow.forms import DayField, DecisionForm, ReasonForm, StepForm
from workflow.i18n import lazy as _
from workflow.pages.words import grade
from workflow.self_assessment.forms import BeginForm as AssessmentBeginForm
from workflow.self_assessment.forms import GradeForm
from workflow.self_assessment.model import criteria, entry, levels

if TYPE_CHECKING:
    from workflow.attempt import Attempt

LONG = Length(max=2000)


class BeginForm(AssessmentBeginForm):
    """Which consortium applies."""

    total_payment = None


class CorrectionForm(ReasonForm):
    """What must be corrected, told at one time."""

    items = SelectMultipleField(_("需要补正的条目（不选为全部）"), validators=[Optional()])

    def prepare(self, attempt: Attempt) -> None:
        """The criteria of the pinned standard."""
        self.items.choices = [
            SelectChoice(one.key, f"{one.key} {one.label}") for one in criteria(attempt.dossier["standard"])
        ]


class AmendForm(GradeForm):
    """One criterion again."""

    @classmethod
    def initial(cls, attempt: Attempt) -> dict[str, Any]:
        """The first criterion that was named for correction."""
        items = (open_correction(attempt.dossier) or {}).get("items", [])
        first = items[0] if items else next(iter(criteria(attempt.dossier["standard"]))).key
        return {"criterion": first, **entry(attempt.dossier, first)}

    def prepare(self, attempt: Attempt) -> None:
        """Only what was named for correction, or everything where nothing was."""
        super().prepare(attempt)
        items = (open_correction(attempt.dossier) or {}).get("items", [])
        self.criterion.choices = [one for one in self.criterion.choices or [] if not items or one.value in items]


class CorrectForm(StepForm):
    """The answer to a correction."""

    reply = Text(_("补正说明"), validators=[InputRequired(_("请写明补正说明")), LONG])


class SiteVisitForm(StepForm):
    """A site visit."""

    day = DayField(_("核查日期"), validators=[InputRequired(_("请填写日期"))])
    people = StringField(_("参加人员"), validators=[InputRequired(_("请写明参加人员")), Length(max=400)])
    findings = Text(_("核查情况"), validators=[InputRequired(_("请写明核查情况")), LONG])
    files = MultipleFileField(_("核查材料"), validators=[Optional()])


class CriterionForm(Form):
    """One row of the grading: the bureau's own grade, and why it differs."""

    criterion = HiddenField()
    label = StringField(_("条目"), render_kw={"readonly": True})
    own = StringField(_("自评"), render_kw={"readonly": True, "size": 4})
    grade = SelectField(_("本部门评判"), validators=[Optional()])
    reason = StringField(_("与自评不一致的理由"), validators=[Optional(), LONG])


class OpineForm(DecisionForm):
    """A bureau's opinion: grades, substantive operation, and what it proposes."""

    grades = FieldList(FormField(CriterionForm), label=_("逐条评判"))
    substantive = RadioField(
        _("是否实质运行"),
        choices=[SelectChoice("yes", _("是")), SelectChoice("no", _("否"))],
        validators=[Optional()],
    )

    @classmethod
    def initial(cls, attempt: Attempt) -> dict[str, Any]:
        """The self-assessed grades, to be kept or changed."""
        rows = []
        for one in criteria(attempt.dossier["standard"]):
            own = entry(attempt.dossier, one.key).get("grade")
            rows.append({"criterion": one.key, "label": f"{one.key} {one.label}", "own": grade(own or ""), "grade": ""})
        return {"grades": rows}

    def prepare(self, attempt: Attempt) -> None:
        """The levels of the pinned standard; none is chosen beforehand."""
        found = [SelectChoice(one["key"], grade(one["key"])) for one in levels(attempt.dossier["standard"])]
        for row in self.grades:
            row.form.grade.choices = [SelectChoice("", _("未评")), *found]

    def command_data(self) -> dict[str, Any]:
        """Verdict and opinion, with the grades as details."""
        rows = [row.form for row in self.grades]
        return {
            "verdict": self.verdict.data,
            "opinion": (self.opinion.data or "").strip(),
            "details": {
                "grades": {str(row.criterion.data): row.grade.data for row in rows if row.grade.data},
                "reasons": {
                    str(row.criterion.data): row.reason.data.strip() for row in rows if (row.reason.data or "").strip()
                },
                **({"substantive": self.substantive.data == "yes"} if self.substantive.data else {}),
            },
        }


class ConferenceForm(StepForm):
    """A conference of the bureaus."""

    day = DayField(_("会商日期"), validators=[InputRequired(_("请填写日期"))])
    present = SelectMultipleField(_("到会部门"), validators=[InputRequired(_("请选择到会部门"))])
    summary = Text(_("会商情况"), validators=[InputRequired(_("请写明会商情况")), LONG])
    files = MultipleFileField(_("会商纪要"), validators=[InputRequired(_("请上传会商纪要"))])

    def prepare(self, attempt: Attempt) -> None:
        """The bureaus that the place's rule names."""
        parties = attempt.parties
        bodies = [parties.body(kind) for kind in attempt.rule("ruling.parties").value if kind in BUREAUS]
        self.present.choices = [
            SelectChoice(parties.codes[body], parties.names[body]) for body in bodies if body is not None
        ]


class PublishForm(StepForm):
    """Where the notice can be read."""

    where = StringField(_("公示位置（网址或张贴处）"), validators=[InputRequired(_("请写明公示的位置")), Length(max=400)])


class ObjectionForm(ReasonForm):
    """An objection in the notice."""

    objector = StringField(_("异议人"), validators=[InputRequired(_("请写明异议人")), Length(max=200)])
    files = MultipleFileField(_("异议材料"), validators=[Optional()])


class DocumentForm(StepForm):
    """The joint document."""

    number = StringField(_("联合行文文号"), validators=[InputRequired(_("请填写文号")), Length(max=40)])
    issued = DayField(_("印发日期"), validators=[InputRequired(_("请填写日期"))])
    effective = DayField(_("生效日期"), validators=[InputRequired(_("请填写日期"))])
    files = MultipleFileField(_("文件扫描件"), validators=[Optional()])


FORMS = {
    "send_back": ReasonForm,
    "ask_correction": CorrectionForm,
    "amend": AmendForm,
    "correct": CorrectForm,
    "record_site_visit": SiteVisitForm,
    "opine": OpineForm,
    "decide": DecisionForm,
    "record_conference": ConferenceForm,
    "publish": PublishForm,
    "object": ObjectionForm,
    "document": DocumentForm,
    "withdraw": ReasonForm,
}
