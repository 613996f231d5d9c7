"""The form of a signed paper: its number, day, content and scan, and what each seat has decided on it.

Decisions of a verdict and an opinion stand in a table. Where a step's own form asks for more, it stands here whole.
"""

from __future__ import annotations

from typing import Any

from flask_wtf.file import FileField
from wtforms import FieldList, Form, FormField, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.form import BaseForm
from wtforms.validators import InputRequired, Length, Optional

from workflow import decisions
from workflow.acts import paper, paper_fields
from workflow.acts.paper import Line
from workflow.acts.registry import Act, register
from workflow.attempt import Attempt
from workflow.forms import OPINION_LENGTH, DayField, StepForm
from workflow.i18n import lazy as _

NOT_SIGNED = _("未在本件上签")


class LineForm(Form):
    """One seat's decision as it stands on the paper; without a verdict it does not stand there."""

    key = HiddenField()
    label = StringField(_("席位"), render_kw={"readonly": True})
    signer = SelectField(_("签署人"), coerce=int, validators=[Optional()])
    verdict = SelectField(_("决定"), validators=[Optional()])
    opinion = StringField(_("意见（不是同意时必填）"), validators=[Optional(), Length(max=OPINION_LENGTH)])


class WholeField(FormField):
    """A step's own form; it is looked at only where somebody has signed it, as the field before it says."""

    signer: SelectField
    key = ""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        # Drawn as any form within a form.
        self.type = "FormField"

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        """The step's own validation."""
        return not self.signer.data or bool(super().validate(form, extra_validators))


class PaperForm(StepForm):
    """What a signed paper says: its number, its day, the content it was signed on, and each seat's decision."""

    document_number = StringField(_("文号"), validators=[InputRequired(_("请填写文号")), Length(max=100)])
    signed_on = DayField(_("签署日期"), validators=[InputRequired(_("请填写日期"))])
    content = StringField(
        _("内容校验码"), validators=[InputRequired(_("请填写打印件页脚的校验码")), Length(max=64)],
        description=_("打印件页脚的前 8 位至 16 位，用来核对签的就是现在的内容"),
    )  # fmt: skip
    decided = FieldList(FormField(LineForm), label=_("各席位的决定（未签的留空）"))
    scan = FileField(_("盖章签字的扫描件（PDF 或图片）"), validators=[InputRequired(_("请上传扫描件"))])

    def __init__(self, formdata: Any = None, **options: Any) -> None:
        super().__init__(formdata, **options)
        self.posted = formdata
        self.whole: list[WholeField] = []

    @classmethod
    def initial(cls, attempt: Attempt) -> dict[str, Any]:
        """One row for each decision that may stand on paper, of verdict and opinion alone."""
        rows = [{"key": key, "label": _named(line)} for key, line in _in_the_table(attempt).items()]
        return {"decided": rows}

    def prepare(self, attempt: Attempt) -> None:
        """Who may have signed, and what they may have decided; the whole form of a step that asks for more."""
        known = paper.lines(attempt)
        for row in self.decided:
            line = known.get(str(row.form.key.data))
            said = paper.verdicts(attempt, line.step) if line else {}
            row.form.signer.choices = _signers(attempt, line)
            row.form.verdict.choices = [SelectChoice("", NOT_SIGNED), *(SelectChoice(*one) for one in said.items())]
        if not self.decided.entries and not _in_the_table(attempt):
            del self.decided
        for number, line in enumerate(one for one in known.values() if paper_fields.asks_for_more(attempt, one.step)):
            self._add(attempt, number, line)

    def _add(self, attempt: Attempt, number: int, line: Line) -> None:
        """Two fields more: who signed, and the step's own form."""
        own = paper_fields.form_class(attempt, line.step)
        asked = SelectField(_("签署人：%(line)s", line=_named(line)), coerce=int, validators=[Optional()])
        signer = self._another(f"signer-{number}", asked)
        signer.process(self.posted)
        signer.choices = [SelectChoice(0, NOT_SIGNED), *_signers(attempt, line)]
        theirs = paper.signer_of(attempt, line, signer.data)
        field = self._another(f"whole-{number}", WholeField(own, _("%(line)s：纸面上的全部内容", line=_named(line))))
        field.signer, field.key = signer, line.key
        field.process(self.posted, own.initial(attempt.by(theirs) if theirs else attempt))
        field.form.prepare(attempt.by(theirs) if theirs else attempt)
        self.whole.append(field)

    def _another(self, name: str, field: Any) -> Any:
        """One field more of this form alone, before the scan."""
        BaseForm.__setitem__(self, name, field)
        self._fields["scan"] = self._fields.pop("scan")
        return self[name]

    def command_data(self) -> dict[str, Any]:
        """The command's keywords; what nobody signed is left out, a whole form is given as it was typed."""
        data = super().command_data()
        names = ("key", "signer", "verdict", "opinion")
        rows = [{name: row.get(name) for name in names} for row in data.get("decided", ())]
        found = [row for row in rows if row["verdict"]]
        for field in self.whole:
            if field.signer.data:
                found.append({"key": field.key, "signer": field.signer.data, "typed": self._typed(f"{field.name}-")})
        named = ("document_number", "signed_on", "content", "scan")
        return {**{name: data[name] for name in named}, "decided": found}

    def _typed(self, prefix: str) -> list[list[str]]:
        return [
            [name.removeprefix(prefix), value.strip()]
            for name, value in (self.posted.items(multi=True) if self.posted else ())
            if name.startswith(prefix) and isinstance(value, str)
        ]


def _named(line: Line) -> str:
    return f"{line.seat.label} {decisions.link_label((line.step.casts or ('', ''))[1])}"


def _in_the_table(attempt: Attempt) -> dict[str, Line]:
    known = paper.lines(attempt)
    return {key: line for key, line in known.items() if not paper_fields.asks_for_more(attempt, line.step)}


def _signers(attempt: Attempt, line: Line | None) -> list[SelectChoice]:
    found = paper.signers(attempt, line) if line else {}
    return [SelectChoice(one, row.name) for one, row in found.items()]


ENTER = register(
    Act(
        "register_paper", _("登记线下签署"), paper.enter, PaperForm, offered=paper.offered, refusals=paper.refusals,
    )
)  # fmt: skip
