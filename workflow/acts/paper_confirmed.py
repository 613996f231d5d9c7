"""A second person holds a registered paper against its scan: confirmed, it is the signer's decision; or it is rejected.

Neither the registrar nor the signer confirms. Minutes with the votes of several seats may be confirmed by somebody who
voted, such as the chair: they vouch for the paper, not for their own vote alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select
from wtforms import RadioField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from governance.refusal import Refusal, Refused
from governance.roles import Role
from workflow import standing
from workflow.actor import Actor, Signed
from workflow.acts import paper_fields
from workflow.acts.comment import seats_with_part
from workflow.acts.model import papers
from workflow.acts.paper import live
from workflow.acts.registry import Act, register
from workflow.attempt import Attempt, refuse
from workflow.forms import OPINION_LENGTH, StepForm
from workflow.i18n import lazy as _
from workflow.organisations.model import persons, seats
from workflow.pages.sections import Section
from workflow.rounds import open_rounds

CONFIRM, REJECT = "confirm", "reject"
STATES = {"registered": _("待确认"), "confirmed": _("已确认"), "rejected": _("未予确认"), "overtaken": _("已失效")}


def documents(attempt: Attempt) -> dict[int, list[Any]]:
    """The papers of the actor's organisation that wait to be confirmed, by the first of their lines."""
    found: dict[tuple[Any, ...], list[Any]] = {}
    for row in live(attempt):
        if row.organisation_id == attempt.actor.organisation_id:
            found.setdefault((row.document_number, row.registered_by, row.registered_at), []).append(row)
    return {rows[0].id: rows for rows in found.values()}


def offered(attempt: Attempt) -> bool:
    """Whether papers of the actor's organisation wait to be confirmed."""
    waiting = any(one.papers for one in open_rounds(attempt).values())
    return waiting and attempt.actor.person_id is not None and bool(documents(attempt))


def closed(attempt: Attempt, rows: list[Any]) -> Refusal | None:
    """Why the actor may not confirm or reject a paper: they registered it, it holds their decision alone, or they put
    in office who signed or registered it, or were put there by who registered it.
    """
    people = attempt.actor.bound_people
    if {rows[0].registered_by, rows[0].registered_for} & people:
        return _closed(_("登记人不能确认自己登记的线下签署"), "registrar")
    if len(rows) == 1 and rows[0].person_id in people:
        return _closed(_("签署人不能确认自己的线下签署"), "signer")
    if standing.bound(attempt).intervened & people:
        return _closed(_("您办理过本件的管理干预，不能登记或确认线下签署"), "intervention")
    others = {rows[0].registered_by, *(row.person_id for row in rows)}
    for one in granted(attempt):
        if one.granted_by in people and one.person_id in others:
            return _closed(_("%(name)s的席位由您授予，您不能确认其签署或登记的线下签署", name=one.name), "appointed")
        if one.granted_by == rows[0].registered_by and one.id == attempt.actor.seat_id:
            return _closed(_("您的席位由登记人授予，不能确认其登记的线下签署"), "appointed")
    return None


def _closed(reason: Any, fact: str) -> Refusal:
    return Refusal(reason=reason, who=_("同一单位的另一人"), fact=fact)


def granted(attempt: Attempt) -> list[Any]:
    """Every seat in the actor's organisation that somebody granted, past ones too: whose it is and by whom."""
    query = (
        select(seats.c.id, seats.c.person_id, seats.c.granted_by, persons.c.name)
        .join(persons, persons.c.id == seats.c.person_id)
        .where(seats.c.organisation_id == attempt.actor.organisation_id, seats.c.granted_by.isnot(None))
    )
    key = "granted seats", attempt.actor.organisation_id
    return attempt.once(key, lambda: list(attempt.connection.execute(query)))


def refusals(attempt: Attempt) -> Iterable[Refusal]:
    """Why none of the papers is the actor's to confirm."""
    why = [closed(attempt, rows) for rows in documents(attempt).values()]
    return [] if None in why else [one for one in why if one][:1]


class ConfirmForm(StepForm):
    """Which paper, and whether it says what was registered."""

    paper = SelectField(_("哪一份"), coerce=int)
    said = RadioField(
        _("核对结果"),
        choices=[SelectChoice(CONFIRM, _("与扫描件一致，确认")), SelectChoice(REJECT, _("不一致，不予确认"))],
        validators=[InputRequired(_("请选择"))],
    )  # fmt: skip
    reason = TextAreaField(_("不予确认的原因"), validators=[Optional(), Length(max=OPINION_LENGTH)])
    sheet = "acts/paper_sheets.html"

    def prepare(self, attempt: Attempt) -> None:
        """The papers that are not the actor's own."""
        open_ones = {number: rows for number, rows in documents(attempt).items() if closed(attempt, rows) is None}
        self.sheets = [entered(attempt, rows) for rows in open_ones.values()]
        self.paper.choices = [
            SelectChoice(number, _named(sheet)) for number, sheet in zip(open_ones, self.sheets, strict=True)
        ]


def _named(sheet: SimpleNamespace) -> str:
    """A paper by its whole number and every decision on it."""
    return f"{sheet.number}：{'、'.join(line.label for line in sheet.lines)}"


def confirm(attempt: Attempt, *, paper: int, said: str, reason: str = "") -> None:
    """Confirm a paper, so that every decision on it is taken as its signer's with every guard; or reject it."""
    rows = documents(attempt).get(paper)
    if rows is None or said not in (CONFIRM, REJECT):
        raise refuse(_("没有这份待确认的线下签署"), field="paper")
    if why := closed(attempt, rows):
        raise Refused(why)
    if any(row.subject_hash != attempt.case.subject_hash for row in rows):
        raise refuse(_("登记之后内容已经变更，这份签署不再有效，请重新打印签署"), field="paper")
    if said == REJECT and not reason.strip():
        raise refuse(_("不予确认须写明原因"), field="reason")
    state = "confirmed" if said == CONFIRM else "rejected"
    values = {"state": state, "closed_by": attempt.actor.person_id, "closed_at": attempt.at, "reason": reason.strip()}
    attempt.connection.execute(papers.update().where(papers.c.id.in_([row.id for row in rows])).values(values))
    noted = {"number": rows[0].document_number, "scan": rows[0].scan_sha256, "state": state}
    attempt.noted |= {"paper": noted} | ({"reason": reason.strip()} if said == REJECT else {})
    if said == CONFIRM:
        attempt.signed = tuple(_signed(attempt, rows))


def held(attempt: Attempt, rows: list[Any]) -> dict[int, Actor]:
    """Who signed each line of a paper, by its number, as they act from their own seats."""
    query = select(seats.c.id, seats.c.role, persons.c.name).join(persons, persons.c.id == seats.c.person_id)
    query = query.where(seats.c.id.in_([one.seat_id for one in rows]))
    found = {row.id: row for row in attempt.connection.execute(query)}
    return {
        row.id: Actor(
            row.person_id, row.seat_id, row.organisation_id, Role(found[row.seat_id].role), found[row.seat_id].name
        )
        for row in rows
    }


def form_of(attempt: Attempt, row: Any, signer: Actor) -> StepForm:
    """The form of the signer's own step, with what was typed from the paper; raises ``Refused`` where there is none."""
    step = attempt.stage.step_from(attempt.case.state, row.trigger)
    if step is None:
        raise refuse(_("本件现在没有这项决定，请不予确认后重新登记"), field="paper")
    body = json.loads(row.body)
    return paper_fields.read(attempt, step, signer, row.seat_key, body.get("typed") or list(body.items()))


def entered(attempt: Attempt, rows: list[Any]) -> SimpleNamespace:
    """What was entered of a paper, field by field, for whoever holds it against the scan."""
    signers, labels = held(attempt, rows), _labels(attempt)
    names = {one.person_id: one.name for one in seats_with_part(attempt)}
    return SimpleNamespace(
        number=rows[0].document_number, signed_on=rows[0].signed_on, hash=rows[0].subject_hash,
        scan=f"/files/{rows[0].case_id}/{rows[0].scan_sha256}", registrar=names.get(rows[0].registered_by, ""),
        lines=[
            SimpleNamespace(
                label=labels.get((row.trigger, row.seat_key), row.seat_key), signer=signers[row.id].name,
                entries=paper_fields.shown(form_of(attempt, row, signers[row.id])),
            )
            for row in rows
        ],
    )  # fmt: skip


def _labels(attempt: Attempt) -> dict[tuple[str, str], str]:
    """What each decision is called, by step and seat."""
    return {
        (step.trigger, seat.seat_key): f"{seat.label} {step.label}"
        for step in attempt.stage.steps_from(attempt.case.state)
        if step.casts and (current := open_rounds(attempt).get(step.casts[0]))
        for seat in current.seats
    }


def _signed(attempt: Attempt, rows: list[Any]) -> Iterable[Signed]:
    signers = held(attempt, rows)
    for number, row in enumerate(rows, 1):
        signer = signers[row.id]
        form = form_of(attempt, row, signer)
        if said := paper_fields.faults(form):
            raise refuse(_("登记的内容现在不能办理，请不予确认后重新登记：%(why)s", why="；".join(said)), field="paper")
        noted = {
            "number": row.document_number, "signed_on": row.signed_on.isoformat(), "scan": row.scan_sha256,
            "registered_by": row.registered_by, "confirmed_by": attempt.actor.person_id, "id": row.id,
        }  # fmt: skip
        yield Signed(row.id, signer, row.trigger, form.command_data(), {"paper": noted}, counts=number == len(rows))
        told = f"{signer.name}的决定已按线下签署（文号 {row.document_number}）登记并确认"
        attempt.notify(signer.role, "paper", told, row.organisation_id)


def told(attempt: Attempt, viewer: Any) -> Section | None:
    """The papers of the viewer's own organisations, newest first; all of them for audit."""
    own = {seat.organisation_id for seat in viewer.seats}
    every = any(seat.role == str(Role.AUDITOR) for seat in viewer.seats)
    query = select(papers, persons.c.name).join(persons, persons.c.id == papers.c.person_id)
    query = query.where(papers.c.case_id == attempt.case.id).order_by(papers.c.id.desc())
    rows = [
        SimpleNamespace(
            number=row.document_number, signer=row.name, signed_on=row.signed_on, state=STATES[row.state],
            organisation=attempt.affiliations.names_by_id().get(row.organisation_id, ""), reason=row.reason,
            hash=row.subject_hash, scan=f"/files/{row.case_id}/{row.scan_sha256}",
            decided=attempt.stage.verb_label(row.trigger),
        )
        for row in attempt.connection.execute(query)
        if every or row.organisation_id in own
    ]  # fmt: skip
    return Section(_("线下签署"), "acts/papers.html", papers=rows) if rows else None


CONFIRMED = register(
    Act("confirm_paper", _("确认线下签署"), confirm, ConfirmForm, offered=offered, refusals=refusals, section=told)
)
