"""What the lead types in a self-assessment, and the county in its endorsement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_wtf.file import MultipleFileField
from sqlalchemy import Connection, select
from wtforms import BooleanField, RadioField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from workflow.forms import AgreeForm, DecisionForm, StepForm
from workflow.i18n import lazy as _
from workflow.organisations.model import consortia
from workflow.pages.words import grade
from workflow.self_assessment.model import criteria, entry, levels

if TYPE_CHECKING:
    from workflow.attempt import Actor, Attempt


class BeginForm(StepForm):
    """Which consortium grades itself, and whether it means to apply."""

    consortium = SelectField(_("医共体"), validators=[InputRequired(_("请选择医共体"))])
    total_payment = BooleanField(_("拟申请实行总额付费"), default=True)

    def prepare_for(self, connection: Connection, actor: Actor) -> None:
        """Offer the consortia that the actor's hospital leads."""
        query = select(consortia.c.code, consortia.c.name).where(consortia.c.lead_id == actor.organisation_id)
        rows = connection.execute(query.order_by(consortia.c.code))
        self.consortium.choices = [SelectChoice(row.code, row.name) for row in rows]


class GradeForm(StepForm):
    """One criterion: grade, explanation, reason and evidence."""

    criterion = SelectField(_("条目"), validators=[InputRequired(_("请选择条目"))])
    grade = RadioField(_("自评等级"), validators=[InputRequired(_("请选择等级"))])
    explanation = TextAreaField(_("情况说明"), validators=[InputRequired(_("请写明情况")), Length(max=2000)])
    reason = TextAreaField(_("原因（评为最低等级时必填）"), validators=[Optional(), Length(max=2000)])
    files = MultipleFileField(_("佐证材料（评为最高等级时至少一份）"), validators=[Optional()])

    @classmethod
    def initial(cls, attempt: Attempt) -> dict[str, Any]:
        """The first criterion that is still blank."""
        found = list(criteria(attempt.dossier["standard"]))
        first = next((one for one in found if not entry(attempt.dossier, one.key)), found[0])
        return {"criterion": first.key, **entry(attempt.dossier, first.key)}

    def prepare(self, attempt: Attempt) -> None:
        """The criteria and levels of the pinned standard."""
        standard = attempt.dossier["standard"]
        self.criterion.choices = [SelectChoice(one.key, f"{one.key} {one.label}") for one in criteria(standard)]
        self.grade.choices = [SelectChoice(one["key"], _level(one)) for one in levels(standard)]


def _level(level: dict[str, Any]) -> str:
    """A level with what it means, once where both say the same."""
    name = str(grade(level["key"]))
    return name if name == level["label"] else f"{name} {level['label']}"


class DropEvidenceForm(StepForm):
    """One file of one criterion."""

    evidence = SelectField(_("材料"), validators=[InputRequired(_("请选择材料"))])

    def prepare(self, attempt: Attempt) -> None:
        """Every file that is evidence now."""
        self.evidence.choices = [
            SelectChoice(f"{key}:{one['sha256']}", f"{key} {one['name']}")
            for key, filled in sorted(attempt.dossier.get("grades", {}).items())
            for one in filled.get("evidence", [])
        ]

    def command_data(self) -> dict[str, Any]:
        """The criterion and the file's SHA-256."""
        criterion, _colon, sha256 = str(self.evidence.data).partition(":")
        return {"criterion": criterion, "sha256": sha256}


FORMS = {
    "grade": GradeForm,
    "drop_evidence": DropEvidenceForm,
    "sign": AgreeForm,
    "opine": DecisionForm,
    "endorse": DecisionForm,
}
