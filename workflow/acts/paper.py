"""Paper beside the system 线下签署: a registrar enters what somebody decided on paper, with its number and its scan.

Only where the place's rule ``decision.paper_allowed`` names the step. Nothing counts before a second person confirms.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from wtforms.fields.choices import SelectChoice

from governance.paper import RULE
from governance.refusal import Refusal, Refused
from governance.roles import Role
from workflow import clock, counting, decisions, files, standing, straight
from workflow.actor import Actor
from workflow.acts import paper_fields
from workflow.acts.comment import seats_with_part
from workflow.acts.model import papers
from workflow.attempt import Attempt
from workflow.db import canonical
from workflow.i18n import lazy as _
from workflow.machines import Step
from workflow.rounds import OpenRound, chain_of, open_rounds
from workflow.scope import ON_PAPER

HASH_PREFIX = re.compile(r"[0-9a-f]{8,64}")
SCANS = ("application/pdf", "image/png", "image/jpeg")
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
    """The steps out of the case's state that its place lets be signed on paper, as ``[<stage>.]<ballot>.<step>``."""
    casting = [step for step in attempt.stage.steps_from(attempt.case.state) if step.casts]
    if not casting:
        return []
    try:
        rule = attempt.find_rule(RULE)
    except Refused:
        return []
    named = set(rule.value) if rule and isinstance(rule.value, list) else set()
    here = attempt.stage.name
    return [
        step
        for step in casting
        if step.casts and named & {f"{step.casts[0]}.{step.trigger}", f"{here}.{step.casts[0]}.{step.trigger}"}
    ]


def owed(attempt: Attempt) -> Iterator[tuple[Line, list[Refusal]]]:
    """Each decision that the actor's organisation still owes and may sign on paper, and why not yet."""
    if attempt.actor.role not in REGISTRARS or not open_rounds(attempt):
        return
    for step in allowed_steps(attempt):
        ballot_key, link = step.casts or ("", "")
        current = open_rounds(attempt).get(ballot_key)
        if current is None:
            continue
        ballot, done = attempt.stage.ballot(ballot_key), current.done()
        done = done | straight.waived(attempt, ballot_key, current)
        for seat in current.seats:
            if seat.organisation_id != attempt.actor.organisation_id or (seat.seat_key, link) in done:
                continue
            following = decisions.next_link(ballot, seat, done)
            if following is None or link not in chain_of(ballot, seat):
                continue
            found = [] if following == link else [decisions.owed(seat.label, following)]
            found += counting.unheard(step, ballot, current, seat)
            if paper_fields.asks_for_files(attempt, step):
                found.append(_wrong(_("“%(step)s”须上传材料，只能由本人在系统内办理", step=step.label), "decided"))
            yield Line(step, current, seat), found


def lines(attempt: Attempt) -> dict[str, Line]:
    """What the actor's organisation may have signed on paper now, each decision by its key."""
    return {line.key: line for line, refusals in owed(attempt) if not refusals}


def signers(attempt: Attempt, line: Line) -> dict[int, Any]:
    """Who may have signed for a seat, by the number of their seat; never the registrar, nor whom they seated."""
    eligible, people = set(json.loads(line.seat.eligible)), attempt.actor.bound_people
    return {
        one.id: one
        for one in seats_with_part(attempt)
        if one.person_id in eligible
        and Role(one.role) in line.step.by
        and one.organisation_id == line.seat.organisation_id
        and not people & {one.person_id, one.granted_by}
    }


def signer_of(attempt: Attempt, line: Line, seat_id: Any) -> Actor | None:
    """Who signed, acting from their own seat; ``None`` where they may not have."""
    one = signers(attempt, line).get(int(seat_id or 0))
    return one and Actor(one.person_id, one.id, one.organisation_id, Role(one.role), one.name)


def verdicts(attempt: Attempt, step: Step) -> dict[str, Any]:
    """What the step lets somebody decide: what its own form offers, or agreement alone."""
    form = paper_fields.form_class(attempt, step)
    if not hasattr(form, "verdict"):
        return {"agree": decisions.VERDICTS["agree"]}
    bound = form(None)
    bound.prepare(attempt)
    return {str(one.value): one.label for one in map(_as_choice, bound.verdict.choices)}


def _as_choice(one: Any) -> SelectChoice:
    return one if isinstance(one, SelectChoice) else SelectChoice(*one)


def offered(attempt: Attempt) -> bool:
    """Whether the actor may register papers of its organisation, and a decision is owed that may stand on one."""
    return next(owed(attempt), None) is not None


def live(attempt: Attempt) -> list[Any]:
    """What is registered in the case and neither confirmed nor rejected nor overtaken."""
    query = select(papers).where(papers.c.case_id == attempt.case.id, papers.c.state == "registered")
    return attempt.once("live papers", lambda: list(attempt.connection.execute(query.order_by(papers.c.id))))


def refusals(attempt: Attempt) -> Iterable[Refusal]:
    """Why nothing can be registered now: nobody could sign yet, or only the registrar themselves could."""
    if standing.bound(attempt).intervened & attempt.actor.bound_people:
        yield Refusal(
            reason=_("您办理过本件的管理干预，不能登记或确认线下签署"), who=_("同一单位的另一人"), fact="registrar"
        )
    found = list(owed(attempt))
    if all(refused for _line, refused in found):
        yield from (one for _line, refused in found for one in refused)
    elif not any(signers(attempt, line) for line, refused in found if not refused):
        yield Refusal(
            reason=_("除您以外没有列名的决定人可以签署；登记人不能是签署人，也不能是授予签署人席位的人"),
            who=_("同一单位的另一人"), fact="signer",
        )  # fmt: skip


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
        signer = signer_of(attempt, line, row["signer"])
        assert signer is not None
        attempt.connection.execute(
            papers.insert(),
            {
                "case_id": attempt.case.id, "trigger": line.step.trigger, "seat_key": line.seat.seat_key,
                "organisation_id": line.seat.organisation_id, "person_id": signer.person_id, "seat_id": signer.seat_id,
                "document_number": number, "signed_on": day, "scan_sha256": digest,
                "body": canonical({"typed": typed_in(row)}), "subject_hash": attempt.case.subject_hash,
                "registered_by": actor.person_id, "registered_for": actor.for_person_id,
                "registered_at": attempt.at, "state": "registered", "reason": "",
            },
        )  # fmt: skip
    seats = [known[row["key"]].seat.label for row in decided]
    attempt.noted |= {"paper": {"number": number, "signed_on": signed_on, "scan": digest, "seats": seats}}
    said = f"{actor.name}登记了线下签署（文号 {number}），请另一人核对扫描件后确认"
    for role in sorted({one.role for one in seats_with_part(attempt) if one.organisation_id == actor.organisation_id}):
        attempt.notify(Role(role), "paper", said, actor.organisation_id)


def typed_in(row: Mapping[str, Any]) -> list[list[str]]:
    """What was typed of the step's own form, name and value; of a row of the table the verdict and the opinion."""
    if "typed" in row:
        return [[str(name), str(value)] for name, value in row["typed"]]
    return [["verdict", str(row.get("verdict") or "")], ["opinion", str(row.get("opinion") or "").strip()]]


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
            yield _wrong(_("所填席位现在不能登记线下签署：%(why)s", why=_why_not(attempt, str(row.get("key")))), "decided")
            continue
        yield from _said_faults(attempt, line, row)
        if (line.step.trigger, line.seat.seat_key) in taken:
            yield _wrong(_("%(seat)s已有一份待确认的线下签署", seat=line.seat.label), "decided")
        if day is not None and day < clock.day_of(line.current.opened_at):
            yield _wrong(_("签署日期不能早于本轮开始的日期"), "signed_on")


def _why_not(attempt: Attempt, key: str) -> str:
    """Why a decision that somebody named cannot be registered now."""
    step = attempt.stage.step_from(attempt.case.state, key.partition("|")[0])
    if step is None or not step.casts:
        return str(_("本件现在没有这项决定"))
    if step not in allowed_steps(attempt):
        return str(_("本地规则没有允许“%(step)s”线下签署（%(rule)s）", step=step.label, rule=RULE))
    found = next((refused for line, refused in owed(attempt) if line.key == key), [])
    return "；".join(str(one.reason) for one in found) or str(_("不是本单位现在该作的决定"))


def _said_faults(attempt: Attempt, line: Line, row: Mapping[str, Any]) -> Iterable[Refusal]:
    """What is wrong with one seat's decision, by the words of the step's own form."""
    seat, signer, typed = line.seat.label, signer_of(attempt, line, row.get("signer")), dict(typed_in(row))
    if signer is None:
        yield _wrong(_("%(seat)s的签署人须是列名的决定人，且不是登记人本人", seat=seat), "decided")
        return
    verdict = typed.get("verdict") or "agree"
    if verdict not in verdicts(attempt, line.step):
        yield _wrong(_("%(seat)s不能作出这样的决定", seat=seat), "decided")
    elif verdict != "agree" and not typed.get("opinion", "").strip():
        yield _wrong(_("%(seat)s不是“同意”，须写明纸面上的意见", seat=seat), "decided")
    else:
        form = paper_fields.read(attempt, line.step, signer, line.seat.seat_key, typed_in(row))
        for said in paper_fields.faults(form):
            yield _wrong(f"{seat}：{said}", "decided")
