"""How an application comes about: by hand, or by itself once a self-assessment is filed with that intent."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, literal, select

from governance.refusal import Refusal, Refused
from workflow import lifecycle, rules
from workflow.attempt import SYSTEM, Actor, Attempt, Case, dossier_of
from workflow.city_ruling.model import open_ruling, reapply_from, recognition_in_force
from workflow.clock import day_of
from workflow.i18n import lazy as _
from workflow.model import attachments, cases
from workflow.parties import consortium_of, parties_of
from workflow.self_assessment.commands import led_by
from workflow.self_assessment.model import newest_filed

LEAD = _("牵头医院经办")


def begin(connection: Connection, *, actor: Actor, at: datetime, consortium: str = "") -> int:
    """Apply for the joint ruling of the consortium that the actor's hospital leads; returns the case's number.

    Raises ``NotFound`` out of scope and ``Refused`` with every reason of ``why_not_apply``.
    """
    row = led_by(connection, actor, consortium, day_of(at))
    return open_application(connection, row.id, actor=actor, at=at)


def why_not_apply(connection: Connection, consortium_id: int, day: date) -> list[Refusal]:
    """Every reason why the consortium may not apply on ``day``; empty when it may."""
    found: list[Refusal] = []
    assessment = newest_filed(connection, consortium_id)
    if assessment is None or not dossier_of(connection, assessment).get("total_payment"):
        found.append(
            Refusal(
                reason=_("还没有提交拟实行总额付费的自评"), reason_en="No self-assessment with that intent is filed",
                who=LEAD, link="/self_assessment/new", fact="self_assessment",
            )
        )
    if open_ruling(connection, consortium_id) is not None:
        found.append(Refusal(reason=_("已有一件申请正在办理"), reason_en="An application is under way", fact="ruling"))
    recognition = recognition_in_force(connection, consortium_id, day)
    if recognition is not None:
        found.append(
            Refusal(
                reason=_("已经认定（%(number)s），不用再申请", number=recognition.document_number),
                reason_en=f"Recognised already ({recognition.document_number})", fact="recognition",
            )
        )
    earliest = reapply_from(connection, consortium_id)
    if earliest is not None and day < earliest:
        found.append(
            Refusal(
                reason=_("不予认定后须间隔一段时间，%(day)s 起可以再申请", day=earliest),
                reason_en=f"After a refusal, applying again is possible from {earliest}",
                who=LEAD, rule="ruling.reapply_after_months", fact="reapply",
            )
        )
    return found


def open_application(connection: Connection, consortium_id: int, *, actor: Actor, at: datetime) -> int:
    """Open an application on the self-assessment filed last, and register it; raises ``Refused`` when it may not."""
    day = day_of(at)
    consortium = consortium_of(connection, consortium_id)
    rules.refuse_samples(connection, consortium.place)
    if refusals := why_not_apply(connection, consortium_id, day):
        raise Refused(*refusals)
    assessment = newest_filed(connection, consortium_id)
    assert assessment is not None
    period = str(day.year)
    last = connection.scalar(
        select(func.max(cases.c.serial)).where(
            cases.c.stage == "city_ruling", cases.c.consortium_id == consortium_id, cases.c.period == period
        )
    )
    case_id = lifecycle.open_case(
        connection, "city_ruling", consortium_id, actor=actor, at=at, place=consortium.place, period=period,
        serial=1 + (last or 0), dossier=_content(connection, assessment, day), follows=assessment.id,
    )
    lifecycle.take(connection, case_id, "register", actor=SYSTEM, at=at)
    return case_id


def _content(connection: Connection, assessment: Case, day: date) -> dict[str, Any]:
    filed = dossier_of(connection, assessment)
    parties = parties_of(connection, assessment.consortium_id, day)
    return {
        "consortium": parties.consortium.code,
        "lead": parties.codes[parties.consortium.lead_id],
        "members": [member.code for member in parties.members],
        "applied_on": day.isoformat(),
        "self_assessment": assessment.id,
        "standard": filed["standard"],
        "grades": filed["grades"],
    }


def copy_evidence(attempt: Attempt) -> None:
    """Let the application carry the files of the self-assessment it rests on, each still by who brought it."""
    source = attachments.alias()
    columns = ("section", "name", "media_type", "size", "sha256", "person_id")
    attempt.connection.execute(
        attachments.insert().from_select(
            ["case_id", "at", *columns],
            select(literal(attempt.case.id), source.c.at, *(source.c[name] for name in columns))
            .where(source.c.case_id == attempt.case.follows_id)
            .order_by(source.c.id),
        )
    )
