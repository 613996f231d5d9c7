"""What is done with the bank around a case: a file made or voided, a reply brought, a line noted and confirmed."""

from __future__ import annotations

from flask_wtf.file import FileField
from wtforms import RadioField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from workflow.acts.registry import Act, register
from workflow.attempt import Attempt
from workflow.banking import noting, replying, sending
from workflow.banking.standing import OUTCOMES
from workflow.forms import OPINION_LENGTH, ReasonForm, StepForm
from workflow.i18n import lazy as _
from workflow.i18n import yuan

_CHOOSE = InputRequired(_("请选择"))


def _batch_choices(batches: list[dict[str, object]]) -> list[SelectChoice]:
    return [SelectChoice(str(one["no"]), f"{one['no']}（{yuan(int(str(one['total_fen'])))} 元）") for one in batches]


class FileForm(StepForm):
    """Of which payment."""

    kind = SelectField(_("付款"), validators=[_CHOOSE], validate_choice=False)

    def prepare(self, attempt: Attempt) -> None:
        """The payments of which a file may be made now."""
        self.kind.choices = [SelectChoice(one.kind, one.label) for one in sending.sendable(attempt)]


class VoidForm(ReasonForm):
    """Which file, and why."""

    batch = SelectField(_("批次"), validators=[_CHOOSE], validate_choice=False)

    def prepare(self, attempt: Attempt) -> None:
        """The files that no reply has answered."""
        self.batch.choices = _batch_choices(sending.voidable(attempt))


class ReplyForm(StepForm):
    """Which file the bank has answered, and its answer."""

    batch = SelectField(_("批次"), validators=[_CHOOSE], validate_choice=False)
    file = FileField(
        _("银行回执（.xlsx 或 .csv）"), validators=[InputRequired(_("请选择银行回执文件"))],
        description=_("列：业务参考号、金额（元）、状态（成功/失败）、银行流水号、日期；失败原因可有可无"),
    )  # fmt: skip

    def prepare(self, attempt: Attempt) -> None:
        """The files that may be answered now, the newest first."""
        self.batch.choices = _batch_choices(list(reversed(replying.answerable(attempt))))


class NoteForm(ReasonForm):
    """Which line, and how it was settled."""

    line = SelectField(_("未了结的付款"), validators=[_CHOOSE], validate_choice=False)
    proof = FileField(_("凭证（可不附）"), validators=[Optional()])

    def prepare(self, attempt: Attempt) -> None:
        """The open lines without a note."""
        self.line.choices = [
            SelectChoice(one.ref, f"{one.name or one.ref} {yuan(one.fen)} 元：{OUTCOMES[one.outcome]}")
            for one in noting.notable(attempt)
        ]


class AnswerForm(StepForm):
    """Which note, and whether it holds."""

    line = SelectField(_("处理说明"), validators=[_CHOOSE], validate_choice=False)
    verdict = RadioField(
        _("核对结果"), validators=[_CHOOSE],
        choices=[SelectChoice("confirmed", _("确认")), SelectChoice("refused", _("不予确认"))],
    )  # fmt: skip
    opinion = TextAreaField(_("说明"), validators=[Optional(), Length(max=OPINION_LENGTH)])

    def prepare(self, attempt: Attempt) -> None:
        """The notes of others."""
        self.line.choices = [
            SelectChoice(one.ref, f"{one.name or one.ref} {yuan(one.fen)} 元：{one.note['reason']}")
            for one in noting.to_confirm(attempt)
            if one.note
        ]


register(Act("bank_file", _("制作付款文件"), sending.make_file, FileForm, lambda attempt: bool(sending.sendable(attempt))))
register(
    Act(
        "bank_file_void", _("作废付款文件"), sending.void_file, VoidForm,
        lambda attempt: bool(sending.voidable(attempt)), dangerous=True,
    )
)  # fmt: skip
register(
    Act("bank_reply", _("登记银行回执"), replying.bring_reply, ReplyForm, lambda attempt: bool(replying.answerable(attempt)))
)
register(Act("bank_note", _("登记处理说明"), noting.note_line, NoteForm, lambda attempt: bool(noting.notable(attempt))))
register(
    Act(
        "bank_note_confirmed", _("确认处理说明"), noting.answer_note, AnswerForm,
        lambda attempt: bool(noting.to_confirm(attempt)),
    )
)  # fmt: skip
