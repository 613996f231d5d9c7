"""Say something about a case that decides nothing, and call in by name whoever ought to read it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from wtforms import RadioField, SelectMultipleField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from governance.roles import ROLE_NAMES, Role
from workflow.acts.model import comments
from workflow.acts.registry import Act, register
from workflow.attempt import Attempt, refuse
from workflow.db import canonical
from workflow.forms import OPINION_LENGTH, StepForm
from workflow.i18n import lazy as _
from workflow.organisations.model import persons, seats
from workflow.pages.sections import Section


class CommentForm(StepForm):
    """What is said, to whom it is open, and who is called in."""

    body = TextAreaField(_("留言"), validators=[InputRequired(_("请写下留言")), Length(max=OPINION_LENGTH)])
    audience = RadioField(
        _("谁能看到"),
        choices=[SelectChoice("all", _("能看本件的各方")), SelectChoice("own", _("仅本单位"))],
        default="own",
    )
    mentions = SelectMultipleField(_("提醒谁看"), coerce=int)

    def prepare(self, attempt: Attempt) -> None:
        """Those who have part in the case may be called in."""
        self.mentions.choices = [
            (one.id, f"{attempt.parties.names[one.organisation_id]} {one.name}（{ROLE_NAMES[one.role][0]}）")
            for one in seats_with_part(attempt)
        ]


def seats_with_part(attempt: Attempt) -> list[Any]:
    """The seats, with their people, that have part in the case today, the actor's own left out."""
    bodies = set(attempt.parties.names)
    query = (
        select(seats.c.id, seats.c.person_id, seats.c.organisation_id, seats.c.role, seats.c.granted_by, persons.c.name)
        .join(persons, persons.c.id == seats.c.person_id)
        .where(seats.c.organisation_id.in_(bodies), persons.c.disabled_at.is_(None))
        .where(seats.c.since <= attempt.day, (seats.c.until.is_(None)) | (seats.c.until >= attempt.day))
        .order_by(seats.c.organisation_id, seats.c.id)
    )
    rows = attempt.once("seats with part", lambda: list(attempt.connection.execute(query)))
    return [
        one
        for one in rows
        if one.organisation_id in attempt.parties.of(Role(one.role)) and one.person_id != attempt.actor.person_id
    ]


def do(attempt: Attempt, *, body: str, audience: str = "own", mentions: list[int] | None = None) -> None:
    """Keep the comment; whoever is called in is told, and can open what was said to them."""
    _check(body, audience)
    called = {one.id: one for one in seats_with_part(attempt)}
    unknown = set(mentions or ()) - set(called)
    if unknown:
        raise refuse(_("要提醒的人与本件无关"), field="mentions")
    outside = [one for one in mentions or () if called[one].organisation_id != attempt.actor.organisation_id]
    if audience == "own" and outside:
        raise refuse(_("“仅本单位”的留言不能提醒外单位的人"), field="mentions")
    attempt.connection.execute(
        comments.insert(),
        {
            "case_id": attempt.case.id, "person_id": attempt.actor.person_id,
            "organisation_id": attempt.actor.organisation_id, "audience": audience, "body": body,
            "mentions": canonical(sorted(mentions or ())), "at": attempt.at,
        },
    )  # fmt: skip
    attempt.noted |= {"audience": audience, "mentions": sorted(mentions or ())}
    if audience == "all":
        attempt.noted["note"] = body
    for number in mentions or ():
        one = called[number]
        attempt.notify(Role(one.role), "mention", f"{attempt.actor.name}在留言中提到了{one.name}", one.organisation_id)


def _check(body: str, audience: str) -> None:
    """Raises ``Refused`` for a comment that says nothing, says too much, or is to nobody known."""
    if not body.strip():
        raise refuse(_("请写下留言"), field="body")
    if len(body) > OPINION_LENGTH:
        raise refuse(_("留言不超过 %(most)s 个字", most=OPINION_LENGTH), field="body")
    if audience not in ("all", "own"):
        raise refuse(_("请选择谁能看到"), field="audience")


def said(attempt: Attempt, viewer: Any) -> Section | None:
    """What has been said, newest first: to all, or inside the viewer's own organisations."""
    own = {seat.organisation_id for seat in viewer.seats}
    columns = comments.c
    query = (
        select(columns.body, columns.at, columns.audience, columns.organisation_id, persons.c.name)
        .join(persons, persons.c.id == columns.person_id)
        .where(columns.case_id == attempt.case.id)
        .where((columns.audience == "all") | columns.organisation_id.in_(own))
        .order_by(columns.id.desc())
    )
    rows = list(attempt.connection.execute(query))
    names = attempt.affiliations.names_by_id()
    found = [
        {"body": row.body, "at": row.at, "own": row.audience == "own", "who": row.name,
         "organisation": names.get(row.organisation_id, "")}
        for row in rows
    ]  # fmt: skip
    return Section(_("留言"), "acts/comments.html", comments=found) if found else None


COMMENT = register(Act("comment", _("留言"), do, CommentForm, offered=lambda attempt: True, section=said))
