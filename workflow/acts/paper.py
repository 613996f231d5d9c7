"""Paper beside the system 线下签署: a registrar enters what somebody decided on paper, with its number and its scan.

Only where the place's rule ``decision.paper_allowed`` names the step. Nothing counts before a second person confirms.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_wtf.file import FileField
from sqlalchemy import select
from wtforms import FieldList, Form, FormField, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from governance.refusal import Refusal, Refused
from governance.roles import Role
from workflow import clock, counting, decisions, files
from workflow.acts.comment import seats_with_part
from workflow.acts.model import papers
from workflow.acts.registry import Act, register
from workflow.attempt import Attempt
from workflow.db import canonical
from workflow.forms import OPINION_LENGTH, AgreeForm, DayField, StepForm
from workflow.i18n import lazy as _
from workflow.machines import Step
from workflow.rounds import OpenRound, open_rounds
from workflow.scope import ON_PAPER

RULE = "decision.paper_allowed"
HASH_PREFIX = re.compile(r"[0-9a-f]{8,64}")
SCANS = ("application/pdf", "image/png", "image/jpeg")
KNOWN_FIELDS = {"verdict", "opinion", "seat_key"}
REGISTRARS = frozenset(
    role for role in Role if role.endswith(("_clerk", "_reviewer", "_secretary")) or role is Role.LEAD_FINANCE
)


@dataclass(frozen=True, slots=True)
class Line:
    """A decision that may be signed on paper now: the step, its round, and the seat that owes it."""

    step: Step
    current: OpenRound
    seat: Any

    @property
    def key(self) -> str:
        """How a form names it."""
        return f"{self.step.trigger}|{self.seat.seat_key}"


def allowed_steps(attempt: Attempt) -> list[Step]:
    """The steps out of the case's state that its place lets be signed on paper, as ``<ballot>.<step>``."""
    casting = [step for step in attempt.stage.steps_from(attempt.case.state) if step.casts]
    if not casting:
        return []
    try:
        rule = attempt.find_rule(RULE)
    except Refused:
        return []
    named = set(rule.value) if rule and isinstance(rule.value, list) else set()
    return [step for step in casting if step.casts and f"{step.casts[0]}.{step.trigger}" in named]


def asks_for_more(attempt: Attempt, step: Step) -> bool:
    """Whether the step's form asks for more than verdict and opinion, which has to be entered in the system itself."""
    form = attempt.stage.forms.get(step.trigger)
    return any(hasattr(getattr(form, name), "field_class") and name not in KNOWN_FIELDS for name in dir(form))


def lines(attempt: Attempt) -> dict[str, Line]:
    """What the actor's organisation may have signed on paper now, each decision by its key."""
    if attempt.actor.role not in REGISTRARS or not open_rounds(attempt):
        return {}
    found = {}
    for step in allowed_steps(attempt):
        ballot_key, link = step.casts or ("", "")
        current = open_rounds(attempt).get(ballot_key)
        if current is None or asks_for_more(attempt, step):
            continue
        ballot, done = attempt.stage.ballot(ballot_key), current.done()
        before = ballot.chain[: ballot.chain.index(link)]
        for seat in current.seats:
            if seat.organisation_id != attempt.actor.organisation_id or (seat.seat_key, link) in done:
                continue
            if all((seat.seat_key, one) in done for one in before) and not counting.unheard(
                step, ballot, current, seat.seat_key
            ):
                line = Line(step, current, seat)
                found[line.key] = line
    return found


def signers(attempt: Attempt, line: Line) -> dict[int, Any]:
    """Who may have signed for a seat, by the number of their seat; never the registrar."""
    eligible = set(json.loads(line.seat.eligible))
    return {
        one.id: one
        for one in seats_with_part(attempt)
        if one.person_id in eligible
        and Role(one.role) in line.step.by
        and one.organisation_id == line.seat.organisation_id
        and one.person_id not in attempt.actor.bound_people
    }


def verdicts(attempt: Attempt, step: Step) -> dict[str, Any]:
    """What the step lets somebody decide: what its own form offers, or agreement alone."""
    form = attempt.stage.forms.get(step.trigger)
    if form is None or not hasattr(form, "verdict"):
        plain = form is not None and issubclass(form, AgreeForm)
        return {"agree": decisions.VERDICTS["agree"]} if plain else dict(decisions.VERDICTS)
    offered = [one.value if isinstance(one, SelectChoice) else one[0] for one in form.verdict.kwargs["choices"]]
    return {key: label for key, label in decisions.VERDICTS.items() if key in offered}


class LineForm(Form):
    """One seat's decision as it stands on the paper; without a verdict it does not stand there."""

    key = HiddenField()
    label = StringField(_("席位"), render_kw={"readonly": True})
    signer = SelectField(_("签署人"), coerce=int, validators=[Optional()])
    verdict = SelectField(_("决定"), validators=[Optional()])
    opinion = StringField(_("意见（不是同意时必填）"), validators=[Optional(), Length(max=OPINION_LENGTH)])


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

    @classmethod
    def initial(cls, attempt: Attempt) -> dict[str, Any]:
        """One row for each decision that may stand on paper."""
        rows = [
            {"key": key, "label": f"{line.seat.label} {decisions.link_label((line.step.casts or ('', ''))[1])}"}
            for key, line in lines(attempt).items()
        ]
        return {"decided": rows}

    def prepare(self, attempt: Attempt) -> None:
        """Who may have signed, and what they may have decided."""
        known = lines(attempt)
        for row in self.decided:
            line = known.get(str(row.form.key.data))
            names = {one: row.name for one, row in signers(attempt, line).items()} if line else {}
            said = verdicts(attempt, line.step) if line else {}
            row.form.signer.choices = [SelectChoice(one, name) for one, name in names.items()]
            row.form.verdict.choices = [SelectChoice("", _("未在本件上签")), *(SelectChoice(*one) for one in said.items())]

    def command_data(self) -> dict[str, Any]:
        """The command's keywords; rows without a verdict are left out."""
        data = super().command_data()
        rows = [{name: row.get(name) for name in ("key", "signer", "verdict", "opinion")} for row in data["decided"]]
        return {**data, "decided": [row for row in rows if row["verdict"]]}


def offered(attempt: Attempt) -> bool:
    """Whether the actor may register papers of its organisation, and a decision is owed that may stand on one."""
    return bool(lines(attempt))


def live(attempt: Attempt) -> list[Any]:
    """What is registered in the case and neither confirmed nor rejected nor overtaken."""
    query = select(papers).where(papers.c.case_id == attempt.case.id, papers.c.state == "registered")
    return attempt.once("live papers", lambda: list(attempt.connection.execute(query.order_by(papers.c.id))))


def enter(
    attempt: Attempt, *, document_number: str, signed_on: str, content: str, decided: list[dict[str, Any]],
    scan: dict[str, Any] | None,
) -> None:  # fmt: skip
    """Keep what the paper says, with its scan, for a second person to confirm."""
    number, day = document_number.strip(), _day(signed_on)
    bad = [*_paper_faults(attempt, number, day, content), *_line_faults(attempt, decided, day)]
    if not scan or scan.get("media_type") not in SCANS:
        bad.append(_wrong(_("请上传盖章签字的扫描件（PDF 或图片）"), "scan"))
    if bad or scan is None:
        raise Refused(*bad)
    known, actor = lines(attempt), attempt.actor
    digest = files.attach(attempt, f"{ON_PAPER}{actor.organisation_id}", scan)
    for row in decided:
        line = known[row["key"]]
        signer = signers(attempt, line)[int(row["signer"])]
        attempt.connection.execute(
            papers.insert(),
            {
                "case_id": attempt.case.id, "trigger": line.step.trigger, "seat_key": line.seat.seat_key,
                "organisation_id": line.seat.organisation_id, "person_id": signer.person_id, "seat_id": signer.id,
                "document_number": number, "signed_on": day, "scan_sha256": digest,
                "body": canonical({"verdict": row["verdict"], "opinion": str(row.get("opinion") or "").strip()}),
                "subject_hash": attempt.case.subject_hash, "registered_by": actor.person_id,
                "registered_at": attempt.at, "state": "registered", "reason": "",
            },
        )  # fmt: skip
    seats = [known[row["key"]].seat.label for row in decided]
    attempt.noted |= {"paper": {"number": number, "signed_on": signed_on, "scan": digest, "seats": seats}}
    said = f"{actor.name}登记了线下签署（文号 {number}），请另一人核对扫描件后确认"
    for role in sorted({one.role for one in seats_with_part(attempt) if one.organisation_id == actor.organisation_id}):
        attempt.notify(Role(role), "paper", said, actor.organisation_id)


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def _wrong(reason: Any, field: str) -> Refusal:
    return Refusal(reason=reason, who=_("登记人"), field=field, fact=field)


def _paper_faults(attempt: Attempt, number: str, day: date | None, content: str) -> Iterable[Refusal]:
    if not number:
        yield _wrong(_("请填写文号"), "document_number")
    if day is None:
        yield _wrong(_("请按 2026-11-23 的样子填写日期"), "signed_on")
    elif day > attempt.day:
        yield _wrong(_("签署日期不能晚于今天"), "signed_on")
    typed, now = content.strip().lower(), attempt.case.subject_hash
    if not HASH_PREFIX.fullmatch(typed):
        yield _wrong(_("内容校验码是打印件页脚的 8 至 64 位数字和字母 a–f"), "content")
    elif not now.startswith(typed):
        yield _wrong(
            _(
                "内容校验码不一致：纸面是 %(typed)s，系统内现在的内容是 %(now)s；签的不是现在的内容，请重新打印签署",
                typed=typed[:16], now=now[:16],
            ), "content",
        )  # fmt: skip


def _line_faults(attempt: Attempt, decided: list[dict[str, Any]], day: date | None) -> Iterable[Refusal]:
    known, taken = lines(attempt), {(one.trigger, one.seat_key) for one in live(attempt)}
    if not decided or len({row.get("key") for row in decided}) != len(decided):
        yield _wrong(_("请至少填写一个席位的决定，每个席位只填一次"), "decided")
    for row in decided:
        line = known.get(str(row.get("key")))
        if line is None:
            yield _wrong(_("所填席位现在不能登记线下签署"), "decided")
            continue
        seat = line.seat.label
        if int(row.get("signer") or 0) not in signers(attempt, line):
            yield _wrong(_("%(seat)s的签署人须是列名的决定人，且不是登记人本人", seat=seat), "decided")
        if row["verdict"] not in verdicts(attempt, line.step):
            yield _wrong(_("%(seat)s不能作出这样的决定", seat=seat), "decided")
        if row["verdict"] != "agree" and not str(row.get("opinion") or "").strip():
            yield _wrong(_("%(seat)s不是“同意”，须写明纸面上的意见", seat=seat), "decided")
        if (line.step.trigger, line.seat.seat_key) in taken:
            yield _wrong(_("%(seat)s已有一份待确认的线下签署", seat=seat), "decided")
        if day is not None and day < clock.day_of(line.current.opened_at):
            yield _wrong(_("签署日期不能早于本轮开始的日期"), "signed_on")


ENTER = register(Act("register_paper", _("登记线下签署"), enter, PaperForm, offered=offered))
