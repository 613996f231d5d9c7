"""What an application and its joint ruling hold, and what later stages ask of a recognition."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, or_, select

from workflow.attempt import Attempt, Case
from workflow.i18n import lazy as _
from workflow.model import cases, dossiers
from workflow.rounds import Round, every_round
from workflow.takeover.model import confirmed_row

DOCUMENT_NUMBER = re.compile(r"[\u4e00-\u9fff]{2,10}〔\d{4}〕[1-9]\d*号", re.ASCII)
BUREAUS = (
    "city_insurance", "city_health", "city_finance", "county_insurance", "county_health", "county_finance",
)


class State(StrEnum):
    """Where an application stands."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    CORRECTION = "correction"
    UNDER_REVIEW = "under_review"
    CONFERENCE = "conference"
    RECONSIDERED = "reconsidered"
    RULED = "ruled"
    PUBLIC_NOTICE = "public_notice"
    DOCUMENTED = "documented"
    CONFIRMED = "confirmed"
    NOT_RECOGNISED = "not_recognised"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"


STATE_LABELS = {
    State.SUBMITTED: _("已申请"),
    State.ACCEPTED: _("已受理"),
    State.CORRECTION: _("待补正"),
    State.UNDER_REVIEW: _("联合评定中"),
    State.CONFERENCE: _("会商"),
    State.RECONSIDERED: _("会商后再评定"),
    State.RULED: _("已评定"),
    State.PUBLIC_NOTICE: _("公示中"),
    State.DOCUMENTED: _("已联合行文"),
    State.CONFIRMED: _("已认定"),
    State.NOT_RECOGNISED: _("不予认定"),
    State.WITHDRAWN: _("已撤回"),
    State.RETURNED: _("已退回自评"),
}
CLOSED = frozenset({State.CONFIRMED, State.NOT_RECOGNISED, State.WITHDRAWN, State.RETURNED})


@dataclass(frozen=True, slots=True)
class Recognition:
    """A recognition in force: by which case and document, on which standard, since when."""

    case_id: int
    document_number: str
    standard: str
    since: date


@dataclass(frozen=True, slots=True)
class Seat:
    """One bureau's part in a round: what its reviewer and its approver said, where they have."""

    key: str
    organisation_id: int
    label: str
    review: Any
    decision: Any
    details: Mapping[str, Any]


def recognition_in_force(connection: Connection, consortium_id: int, day: date) -> Recognition | None:
    """The consortium's recognition on ``day``, by a joint document or by a confirmed takeover; ``None`` without one."""
    rows = connection.execute(
        select(cases.c.id, dossiers.c.body)
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version))
        .where(
            cases.c.stage == "city_ruling",
            cases.c.consortium_id == consortium_id,
            cases.c.state == str(State.CONFIRMED),
        )
        .order_by(cases.c.id.desc())
    )
    for row in rows:
        body = json.loads(row.body)
        document = body["document"]
        since = date.fromisoformat(document["effective"])
        if since <= day:
            return Recognition(row.id, document["number"], body["standard"]["value"]["code"], since)
    return _taken_over(connection, consortium_id, day)


def _taken_over(connection: Connection, consortium_id: int, day: date) -> Recognition | None:
    found = confirmed_row(connection, consortium_id)
    if found is None:
        return None
    case_id, body = found
    since = date.fromisoformat(body["recognition"]["date"])
    return Recognition(case_id, body["recognition"]["document"], "", since) if since <= day else None


def open_ruling(connection: Connection, consortium_id: int) -> int | None:
    """The number of the consortium's application that is not closed; ``None`` when there is none."""
    number: int | None = connection.scalar(
        select(cases.c.id).where(
            cases.c.stage == "city_ruling", cases.c.consortium_id == consortium_id, cases.c.closed_at.is_(None)
        )
    )
    return number


def reapply_from(connection: Connection, consortium_id: int) -> date | None:
    """The first day on which the consortium may apply again after its last refusal; ``None`` without a refusal."""
    progress = connection.scalar(
        select(cases.c.progress)
        .where(
            cases.c.stage == "city_ruling",
            cases.c.consortium_id == consortium_id,
            cases.c.state == str(State.NOT_RECOGNISED),
        )
        .order_by(cases.c.id.desc())
        .limit(1)
    )
    day = json.loads(progress).get("reapply_from") if progress else None
    return date.fromisoformat(day) if day else None


def number_in_use(connection: Connection, number: str, case_id: int) -> bool:
    """Whether another application already carries the joint document's ``number``."""
    told = json.dumps(number, ensure_ascii=False)
    query = (
        select(cases.c.id)
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version))
        .where(
            cases.c.stage == "city_ruling",
            cases.c.id != case_id,
            or_(cases.c.state == str(State.DOCUMENTED), cases.c.state == str(State.CONFIRMED)),
            dossiers.c.body.contains(f'"number":{told}', autoescape=True),
        )
    )
    return connection.scalar(query.limit(1)) is not None


def ruling_rounds(attempt: Attempt) -> list[tuple[Round, list[Seat]]]:
    """Every round of the bureaus with its seats, oldest first, whatever became of it."""
    return [(one, [_seat(row, one.cast) for row in one.seats]) for one in every_round(attempt)]


def _seat(row: Any, cast: Any) -> Seat:
    links = {one.link: one for one in cast if one.seat_key == row.seat_key}
    review = links.get("review")
    details = json.loads(review.details) if review else {}
    return Seat(row.seat_key, row.organisation_id, row.label, review, links.get("approve"), details)


def correction_asked(dossier: Mapping[str, Any]) -> bool:
    """Whether the applicant has been told at acceptance what to correct; it is told once."""
    return any(one["by"] == "acceptance" for one in dossier.get("corrections", []))


def open_correction(dossier: Mapping[str, Any]) -> dict[str, Any] | None:
    """The correction that has not been answered yet, or ``None``."""
    return next((one for one in dossier.get("corrections", []) if not one.get("reply")), None)


def case_of(connection: Connection, case_id: int) -> Case:
    """A case by its number, not locked."""
    return Case(*connection.execute(select(cases).where(cases.c.id == case_id)).one())
