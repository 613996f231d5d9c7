"""What a month's settlement holds, and what the later stages ask of it."""

from __future__ import annotations

import calendar
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from workflow.agreement.model import Terms, terms_in_force
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.model import cases, dossiers
from workflow.parties import Member

AGENCY = "agency"


class State(StrEnum):
    """Where a month stands."""

    DECLARING = "declaring"
    DECLARED = "declared"
    CALCULATED = "calculated"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    FUNDED = "funded"
    PAID_TO_LEAD = "paid_to_lead"
    DISTRIBUTING = "distributing"
    CLOSED = "closed"
    DISPUTED = "disputed"
    CARRIED = "carried"
    WITHDRAWN = "withdrawn"


STATE_LABELS = {
    State.DECLARING: _("申报中"),
    State.DECLARED: _("已申报齐"),
    State.CALCULATED: _("已计算"),
    State.REVIEWED: _("已复核"),
    State.APPROVED: _("已审批"),
    State.FUNDED: _("用款已批复"),
    State.PAID_TO_LEAD: _("已拨付牵头医院"),
    State.DISTRIBUTING: _("拨付成员单位中"),
    State.CLOSED: _("已办结"),
    State.DISPUTED: _("有争议"),
    State.CARRIED: _("结转以后月份"),
    State.WITHDRAWN: _("补记已撤销"),
}
BEFORE_APPROVAL = tuple(
    str(one) for one in (State.DECLARING, State.DECLARED, State.CALCULATED, State.REVIEWED, State.DISPUTED)
)
SETTLED = tuple(
    str(one) for one in (State.APPROVED, State.FUNDED, State.PAID_TO_LEAD, State.DISTRIBUTING, State.CLOSED)
)


@dataclass(frozen=True, slots=True)
class MonthFigure:
    """One month as the year's clearing reads it; amounts in fen.

    A carried month has no results: its claims are settled in the month whose file brings them again. ``left_open`` is
    who was recorded absent: its reason, and ``fen`` that its claims would come to.
    """

    case_id: int
    period: str
    state: str
    closed: bool
    carried: bool
    results: Mapping[str, Any] = field(default_factory=dict)
    own_fen: int = 0
    inflow_fen: int = 0
    away_fen: int = 0
    rejected_own_fen: int = 0
    rejected_inflow_fen: int = 0
    additions: tuple[Mapping[str, Any], ...] = ()
    deductions: tuple[Mapping[str, Any], ...] = ()
    corrections: tuple[Mapping[str, Any], ...] = ()
    left_open: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def first_day(period: str) -> date:
    """The first day of a month ``YYYY-MM``."""
    return date.fromisoformat(f"{period}-01")


def last_day(period: str) -> date:
    """The last day of a month ``YYYY-MM``."""
    first = first_day(period)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def period_of(day: date) -> str:
    """The month of ``day`` as ``YYYY-MM``."""
    return day.isoformat()[:7]


def periods_between(first: str, last: str) -> Iterator[str]:
    """Every month from ``first`` to ``last``, both included."""
    year, month = map(int, first.split("-"))
    while (period := f"{year:04d}-{month:02d}") <= last:
        yield period
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def terms_of_month(connection: Connection, consortium_id: int, period: str) -> Terms | None:
    """The agreement in force in a month: at its end, else at its beginning; ``None`` when there was none."""
    return terms_in_force(connection, consortium_id, last_day(period)) or terms_in_force(
        connection, consortium_id, first_day(period)
    )


def members_of_month(attempt: Attempt) -> tuple[Member, ...]:
    """The members on the last day of the case's month, village clinics included."""
    return attempt.parties_on(last_day(attempt.case.period)).members


def member_of_actor(attempt: Attempt) -> Member | None:
    """The member of the month for which the actor acts, or ``None``."""
    return next((one for one in members_of_month(attempt) if one.id == attempt.actor.organisation_id), None)


def declarations(attempt: Attempt) -> dict[str, Any]:
    """Who has declared how, by member code."""
    return dict(attempt.dossier.get("declarations", {}))


def undeclared(attempt: Attempt) -> list[Member]:
    """The members who declare for themselves and have not, nor are recorded absent; a supplement waits for nobody."""
    if is_supplement(attempt):
        return []
    done = declarations(attempt)
    return [one for one in members_of_month(attempt) if one.declares and one.code not in done]


def absent(dossier: Mapping[str, Any]) -> list[str]:
    """The codes of the members recorded absent."""
    return [code for code, said in dossier.get("declarations", {}).items() if said["how"] == "absent"]


def is_supplement(attempt: Attempt) -> bool:
    """Whether the case is a red-letter supplement of a month that was closed before."""
    return "supplement" in attempt.dossier


def corrected(attempt: Attempt) -> bool:
    """Whether the case is a supplement with a correction that could be taken back."""
    return is_supplement(attempt) and bool(attempt.dossier.get("corrections"))


def results_of(dossier: Mapping[str, Any]) -> dict[str, Any]:
    """What a case adds to its month, in fen: all of it, or of a supplement what it is more or less than was decided."""
    if "supplement" in dossier:
        return dict(dossier.get("difference", {}).get("results", {}))
    return dict(dossier.get("worksheet", {}).get("results", {}))


def rejections(dossier: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Member, kind (``own`` or ``inflow``) and amount in fen of what a case rejects; below zero where it corrects."""
    for one in dossier.get("deductions", []):
        yield one["member"], one["kind"], one["amount_fen"]
    for one in dossier.get("corrections", []):
        if one["what"].startswith("rejected_"):
            yield one["member"], one["what"].removeprefix("rejected_"), one["amount_fen"]


def net_by_member(attempt: Attempt) -> dict[str, int]:
    """What each member with a positive amount is paid, in fen, by the current worksheet."""
    members = results_of(attempt.dossier).get("members", {})
    return {code: one["net_fen"] for code, one in members.items() if one["net_fen"] > 0}


def unconfirmed(attempt: Attempt) -> list[str]:
    """The codes of the members whose money has neither been confirmed nor proven."""
    return [code for code in net_by_member(attempt) if code not in attempt.progress.get("receipts", {})]


def months(connection: Connection, consortium_id: int, pool: str, year: int) -> list[MonthFigure]:
    """The months of a year that have been opened for one consortium and pool, in order.

    A supplement follows its month as one more, with what it adds to it; one that was withdrawn adds nothing.
    """
    rows = connection.execute(
        select(cases.c.id, cases.c.period, cases.c.state, dossiers.c.body)
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version))
        .where(
            cases.c.stage == "settlement",
            cases.c.consortium_id == consortium_id,
            cases.c.pool == pool,
            cases.c.period >= f"{year}-01",
            cases.c.period <= f"{year}-12",
            cases.c.state != str(State.WITHDRAWN),
        )
        .order_by(cases.c.period, cases.c.serial)
    )
    return [_figure(row.id, row.period, row.state, json.loads(row.body)) for row in rows]


def _figure(case_id: int, period: str, state: str, dossier: Mapping[str, Any]) -> MonthFigure:
    closed, carried = state == State.CLOSED, state == State.CARRIED
    results = results_of(dossier)
    if carried or not results:
        return MonthFigure(case_id, period, state, closed, carried)
    rejected = dict.fromkeys(("own", "inflow"), 0)
    for _member, kind, fen in rejections(dossier):
        rejected[kind] += fen
    tallies = dossier["tallies"]
    return MonthFigure(
        case_id, period, state, closed, carried, results, tallies["own_fen"], tallies["inflow_fen"],
        tallies["away_fen"], rejected["own"], rejected["inflow"],
        *(tuple(dossier.get(name, ())) for name in ("additions", "deductions", "corrections")), _left_open(dossier),
    )  # fmt: skip


def _left_open(dossier: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    if "supplement" in dossier:
        return {}
    amounts, said = dossier.get("left_open_fen", {}), dossier.get("declarations", {})
    return {code: {"reason": said[code].get("reason", ""), "fen": amounts.get(code, 0)} for code in absent(dossier)}
