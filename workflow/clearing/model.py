"""What a year's clearing holds, and what the surplus plan asks of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from governance.roles import Role
from governance.workdays import workdays_between
from workflow import tasks
from workflow.attempt import Attempt, sha256
from workflow.calendar_days import load_calendar
from workflow.db import canonical
from workflow.i18n import lazy as _
from workflow.model import cases, clocks, dossiers

DUE_BY = "clearing.due_by"
EXIT = "-exit-"
KINDS = ("own", "inflow", "away", "rejected_own", "rejected_inflow")
KIND_LABELS = {
    "own": _("本地参保人在本医共体"),
    "inflow": _("外来参保人"),
    "away": _("县域外及零星报销"),
    "rejected_own": _("本地拒付"),
    "rejected_inflow": _("外来拒付"),
}
CAUSES = {"policy": _("政策性原因"), "force_majeure": _("突发公共卫生等不可抗力"), "other": _("其他")}


class State(StrEnum):
    """Where a clearing stands."""

    OPEN = "open"
    CALCULATED = "calculated"
    RECONCILED = "reconciled"
    APPROVED = "approved"
    SETTLED = "settled"
    DISTRIBUTING = "distributing"
    CLOSED = "closed"


STATE_LABELS = {
    State.OPEN: _("准备中"),
    State.CALCULATED: _("已计算，待医共体核对"),
    State.RECONCILED: _("医共体已确认"),
    State.APPROVED: _("已审批"),
    State.SETTLED: _("已结清，待拨付成员单位"),
    State.DISTRIBUTING: _("拨付成员单位中"),
    State.CLOSED: _("已办结"),
}


@dataclass(frozen=True, slots=True)
class ClearingFigure:
    """A closed clearing: its results, what is retained of a surplus, and what the consortium bears of an overrun."""

    case_id: int
    results: Mapping[str, Any]
    retained_fen: int
    own_share_fen: int


def closed(connection: Connection, consortium_id: int, pool: str, year: int) -> ClearingFigure | None:
    """The closed clearing of a year; ``None`` while there is none."""
    row = connection.execute(
        select(cases.c.id, dossiers.c.body)
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version))
        .where(
            cases.c.stage == "clearing",
            cases.c.consortium_id == consortium_id,
            cases.c.pool == pool,
            cases.c.period == str(year),
            cases.c.state == str(State.CLOSED),
        )
        .order_by(cases.c.serial.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    results = json.loads(row.body)["worksheet"]["results"]
    return ClearingFigure(row.id, results, results["retained_fen"], results["own_share_fen"])


def year_of(attempt: Attempt) -> int:
    """The year that is cleared, of a member's exit the year in which it left."""
    return int(attempt.case.period[:4])


def leaving_member(attempt: Attempt) -> str:
    """The code of the member whose exit is cleared; nothing where a whole consortium is."""
    found: str = attempt.dossier.get("leaving", {}).get("member", "")
    return found


def leaves_on(attempt: Attempt) -> date:
    """The last day of what is cleared: a member's last, else the year's."""
    last = attempt.dossier.get("leaving", {}).get("last_day")
    return date.fromisoformat(last) if last else last_day(year_of(attempt))


def last_day(year: int) -> date:
    """The day whose rules clear a year: its last."""
    return date(year, 12, 31)


def bureau(attempt: Attempt, what: str) -> str:
    """The kind of the ``insurance`` or ``finance`` bureau that approves here."""
    parties = attempt.rule("clearing.approval_parties").value
    return next((str(kind) for kind in parties if kind.endswith(f"_{what}")), f"city_{what}")


def facts_digest(dossier: Mapping[str, Any]) -> str:
    """SHA-256 of what the agency entered, by which a confirmation is bound to it."""
    return sha256(canonical(dossier.get("entered", {})))


def facts_confirmed_now(attempt: Attempt) -> bool:
    """Whether the finance bureau has confirmed exactly what is entered now."""
    confirmed = attempt.progress.get("confirmed", {})
    return "entered" in attempt.dossier and confirmed.get("digest") == facts_digest(attempt.dossier)


def open_objections(progress: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Objections of the consortium that the agency has not answered."""
    return [one for one in progress.get("objections", []) if not one.get("answer")]


def start_statutory_clock(attempt: Attempt) -> date | None:
    """Start the clock that ends on the statutory day of the year cleared; ``None`` where no day is set for it."""
    rule = attempt.find_rule(DUE_BY)
    text = rule.value.get(attempt.case.period) if rule else None
    if rule is None or text is None:
        return None
    deadline = date.fromisoformat(text)
    calendar = load_calendar(attempt.connection)
    attempt.connection.execute(
        clocks.insert(),
        {
            "case_id": attempt.case.id,
            "name": "clearing",
            "serial": 1,
            "rule": rule.rule,
            "started_on": attempt.day,
            "days": max(workdays_between(attempt.day, deadline, calendar), 0),
            "deadline": deadline,
            "provisional": not calendar.is_confirmed(deadline),
            "holder_role": str(Role.AGENCY_CLERK),
            "paused_days": 0,
        },
    )
    tasks.refresh(attempt)
    return deadline
