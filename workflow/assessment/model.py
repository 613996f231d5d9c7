"""What an assessment holds, and the score and weights that later stages read."""

from __future__ import annotations

import calendar
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from governance.roles import Role
from workflow.agreement import model as agreements
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.model import cases, dossiers
from workflow.parties import Member
from workflow.takeover import model as takeovers

FUND, CONTRIBUTION = "fund", "contribution"
SCHEMES = (FUND, CONTRIBUTION)
SCHEME_LABELS = {FUND: _("医保基金成效考核"), CONTRIBUTION: _("医共体内部考核")}
MONTHS_IN_A_YEAR = 12


class State(StrEnum):
    """Where an assessment stands."""

    COLLECTING = "collecting"
    SELF_REPORTED = "self_reported"
    REVIEWED = "reviewed"
    PUBLISHED = "published"
    OBJECTION = "objection"
    FINAL = "final"


STATE_LABELS = {
    State.COLLECTING: _("收集中"),
    State.SELF_REPORTED: _("已自报"),
    State.REVIEWED: _("已复核"),
    State.PUBLISHED: _("已公布"),
    State.OBJECTION: _("异议处理中"),
    State.FINAL: _("已定论"),
}


@dataclass(frozen=True, slots=True)
class AssessmentFigure:
    """A final assessment: its score as text ("" for the members'), whether it failed, and each member's weight."""

    case_id: int
    score: str
    failed: bool
    weights: dict[str, str]


def final(connection: Connection, consortium_id: int, scheme: str, year: int) -> AssessmentFigure | None:
    """The final assessment of ``scheme`` for ``year``; ``None`` while there is none."""
    row = connection.execute(
        select(cases.c.id, dossiers.c.body)
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version))
        .where(
            cases.c.stage == "assessment",
            cases.c.consortium_id == consortium_id,
            cases.c.period == f"{year}-{scheme}",
            cases.c.state == str(State.FINAL),
        )
        .order_by(cases.c.serial.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    results = json.loads(row.body)["worksheet"]["results"]
    return AssessmentFigure(
        row.id, results.get("score") or "", results.get("passed") is False, dict(results.get("weights") or {})
    )


def scheme_of(dossier: Mapping[str, Any]) -> str:
    """``fund`` or ``contribution``."""
    return str(dossier["scheme"])


def year_of(dossier: Mapping[str, Any]) -> int:
    """The year that is assessed."""
    return int(dossier["year"])


def last_day(year: int) -> date:
    """The day whose rules judge a year: its last."""
    return date(year, 12, 31)


def indicators(attempt: Attempt) -> list[dict[str, Any]]:
    """The indicators of the scheme in force at the end of the year; raises ``Refused`` when there is no scheme."""
    return list(scheme_rule(attempt).value["indicators"])


def scheme_rule(attempt: Attempt) -> Any:
    """The provision that is the scheme; raises ``Refused`` when nobody has enacted one."""
    day = last_day(year_of(attempt.dossier))
    return attempt.rule(f"assessment.{scheme_of(attempt.dossier)}.scheme", day)


def counts_daily_checks(attempt: Attempt) -> bool:
    """Whether the scheme counts daily checks."""
    return "daily" in scheme_rule(attempt).value


def members_assessed(attempt: Attempt) -> list[Member]:
    """Whom the contribution assessment weighs: the members on the year's last day."""
    return list(attempt.parties_on(last_day(year_of(attempt.dossier))).members)


def units(attempt: Attempt) -> list[str]:
    """Who is assessed: the members' codes, or "" for the consortium as a whole."""
    if scheme_of(attempt.dossier) == FUND:
        return [""]
    return [member.code for member in members_assessed(attempt)]


def entry(dossier: Mapping[str, Any], unit: str, indicator: str) -> dict[str, Any]:
    """What was recorded of an indicator for a unit; empty while nothing was."""
    return dict(dossier.get("entries", {}).get(unit, {}).get(indicator, {}))


def insurance_bureau(attempt: Attempt) -> str:
    """The kind of the insurance bureau that assesses: the one that approves the clearing here."""
    parties: Iterable[str] = attempt.rule("clearing.approval_parties").value
    return next((kind for kind in parties if kind.endswith("_insurance")), "city_insurance")


def assessor_roles(attempt: Attempt) -> tuple[Role, ...]:
    """Who reviews and decides here: reviewer and approver of the bureau, or the management centre."""
    if scheme_of(attempt.dossier) == CONTRIBUTION:
        return (Role.CENTRE_CLERK, Role.CENTRE_HEAD)
    kind = insurance_bureau(attempt)
    return (Role(f"{kind}_reviewer"), Role(f"{kind}_approver"))


def months_in_force(connection: Connection, consortium_id: int, year: int) -> list[str]:
    """The months of ``year`` in which an agreement bound the consortium here, as ``2025-03``.

    Months before the day on which a running consortium was taken over are not ours to settle.
    """
    taken_over = takeovers.confirmed(connection, consortium_id)
    effective = takeovers.day_in(taken_over, "effective") if taken_over else None
    found = []
    for month in range(1, MONTHS_IN_A_YEAR + 1):
        first, last = date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
        if effective is not None and last < effective:
            continue
        if any(agreements.terms_in_force(connection, consortium_id, day) for day in (last, first)):
            found.append(f"{year}-{month:02d}")
    return found
