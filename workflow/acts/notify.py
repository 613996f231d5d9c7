"""Notify 阅知: copy a case to those who may read it anyway, with a remark; it never lets anyone see more."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from wtforms import SelectMultipleField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from governance.roles import ROLE_NAMES, Role
from workflow.acts.registry import Act, register
from workflow.attempt import Attempt, refuse
from workflow.clock import day_of
from workflow.forms import StepForm
from workflow.i18n import lazy as _
from workflow.model import notices
from workflow.organisations.model import persons, seats
from workflow.pages import words
from workflow.pages.sections import Section

KIND = "copy"
REMARK_LENGTH = 500


class NotifyForm(StepForm):
    """To whom the case is copied, and what is said with it."""

    to = SelectMultipleField(
        _("阅知谁"), validate_choice=False, validators=[InputRequired(_("请选择阅知谁"))],
        description=_("只能送给本来就看得到本件的单位；附言进入办理记录，各方可见。"),
    )  # fmt: skip
    remark = TextAreaField(_("附言"), validators=[Optional(), Length(max=REMARK_LENGTH)])

    def prepare(self, attempt: Attempt) -> None:
        """The posts that read this case: those with part in it, and the wider bodies over it."""
        names = attempt.affiliations.names_by_id()
        self.to.choices = [
            (f"{organisation}:{role}", f"{names[organisation]} {words.role_name(role)}")
            for organisation, role in readers(attempt)
        ]


def readers(attempt: Attempt) -> list[tuple[int, str]]:
    """The posts held today by whoever may read the case: in members, the lead, and every body over its place."""
    bodies = {row.id for row in attempt.affiliations.rows if row.level is None} | set(attempt.parties.names)
    query = (
        select(seats.c.organisation_id, seats.c.role)
        .join(persons, persons.c.id == seats.c.person_id)
        .where(seats.c.organisation_id.in_(bodies), persons.c.disabled_at.is_(None), seats.c.since <= attempt.day)
        .where(seats.c.until.is_(None) | (seats.c.until >= attempt.day))
        .distinct()
        .order_by(seats.c.organisation_id, seats.c.role)
    )
    rows = attempt.once("posts of readers", lambda: list(attempt.connection.execute(query)))
    return [(row.organisation_id, row.role) for row in rows]


def copies(attempt: Attempt) -> list[Any]:
    """The copies of the case that have been sent, oldest first."""
    query = select(notices).where(notices.c.case_id == attempt.case.id, notices.c.kind == KIND)
    return list(attempt.connection.execute(query.order_by(notices.c.id)))


def posts(to: list[str]) -> list[tuple[int, str]]:
    """Organisation and role of each ``organisation:role``, once each; raises ``Refused`` for anything else."""
    found = []
    for one in dict.fromkeys(to):
        number, _colon, role = str(one).partition(":")
        if not (number.isascii() and number.isdigit()) or role not in ROLE_NAMES:
            raise refuse(_("看不懂要阅知的对象，请在名单里选"), field="to")
        found.append((int(number), role))
    return found


def do(attempt: Attempt, *, to: list[str], remark: str = "") -> None:
    """Send each of them a notice of kind ``copy``; whoever may not read the case is refused, and so is twice a day."""
    chosen = posts(to)
    if not chosen:
        raise refuse(_("请选择阅知谁"), field="to")
    if len(remark) > REMARK_LENGTH:
        raise refuse(_("附言不超过 %(most)s 个字", most=REMARK_LENGTH), field="remark")
    names, open_to = attempt.affiliations.names_by_id(), set(readers(attempt))
    if any(one not in open_to for one in chosen):
        raise refuse(_("所选的对象看不到本件；阅知不扩大查看范围，请在名单里另选"), field="to")
    today = {(row.organisation_id, row.role) for row in copies(attempt) if day_of(row.at) == attempt.day}
    again = [f"{names[number]} {ROLE_NAMES[role][0]}" for number, role in chosen if (number, role) in today]
    if again:
        raise refuse(_("今天已经送过：%(names)s；同一对象每天只送一次", names="、".join(again)), field="to")
    called = "、".join(f"{names[number]} {ROLE_NAMES[role][0]}" for number, role in chosen)
    attempt.noted |= {"copied": [list(one) for one in chosen]}
    attempt.noted["note"] = f"阅知{called}" + (f"：{remark}" if remark else "")
    whose = names.get(attempt.actor.organisation_id or 0, "")
    said = f"{whose} {attempt.actor.name}送阅" + (f"：{remark}" if remark else "")
    for number, role in chosen:
        attempt.notify(Role(role), KIND, said, number)


def sent(attempt: Attempt, viewer: Any) -> Section | None:
    """To whom the case has been copied, newest first."""
    names = attempt.affiliations.names_by_id()
    found = [
        {"at": row.at, "organisation": names.get(row.organisation_id, ""), "role": words.role_name(row.role),
         "body": row.body}
        for row in reversed(copies(attempt))
    ]  # fmt: skip
    return Section(_("已送阅知"), "acts/copies.html", copies=found) if found else None


NOTIFY = register(Act("notify", _("阅知"), do, NotifyForm, offered=lambda attempt: True, section=sent))
