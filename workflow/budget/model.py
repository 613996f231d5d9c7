"""What a budget holds, and what settlement and clearing ask of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.model import cases
from workflow.organisations.model import consortia, insured_counts

POOL_LABELS = {"resident": _("城乡居民"), "employee": _("职工")}
METHOD_LABELS = {
    "per_capita_package": _("按人头筹资包干"),
    "growth": _("按历史支付和增长率"),
    "factor_share": _("按因素分配"),
    "prior_year": _("按上年实际支付"),
}


class State(StrEnum):
    """Where a budget stands."""

    DRAFTING = "drafting"
    CALCULATED = "calculated"
    CONSULTED = "consulted"
    APPROVED = "approved"
    ISSUED = "issued"
    ADJUSTED = "adjusted"
    CLOSED = "closed"


STATE_LABELS = {
    State.DRAFTING: _("编制中"),
    State.CALCULATED: _("已测算"),
    State.CONSULTED: _("已协商"),
    State.APPROVED: _("已批准"),
    State.ISSUED: _("已下达"),
    State.ADJUSTED: _("调整审批中"),
    State.CLOSED: _("已结束"),
}


@dataclass(frozen=True, slots=True)
class BudgetFigure:
    """A year's budget of one pool in fen: as issued (or adjusted), and as issued in advance; ``None`` where not yet."""

    case_id: int
    state: str
    amount_fen: int | None
    pre_issued_fen: int | None
    approved: bool
    issued: bool


def figure(connection: Connection, consortium_id: int, pool: str, year: int) -> BudgetFigure | None:
    """The budget of a consortium's pool and year as it stands; ``None`` when none was opened.

    While an adjustment is being decided, and when it is refused, the amount stays the one issued last.
    """
    row = connection.execute(
        select(cases.c.id, cases.c.state, cases.c.progress)
        .where(
            cases.c.stage == "budget", cases.c.consortium_id == consortium_id, cases.c.pool == pool,
            cases.c.period == str(year),
        )
        .order_by(cases.c.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    progress = json.loads(row.progress)
    issued = progress.get("issued", [])
    return BudgetFigure(
        row.id,
        row.state,
        issued[-1]["amount_fen"] if issued else None,
        progress.get("pre_issued_fen"),
        bool(issued) or row.state in (State.APPROVED, State.ISSUED, State.CLOSED),
        bool(issued),
    )


def own_amount_fen(consortium: str, results: Mapping[str, Any]) -> int | None:
    """The consortium's own part of a budget's worksheet in fen; ``None`` before anything is calculated.

    By factors what is approved is the consortium's own amount; else it is the county's, of which the split gives the
    consortium's part.
    """
    if not results:
        return None
    total_fen = results["package_fen"] if results["approved_fen"] is None else results["approved_fen"]
    if results["method"] == "factor_share":
        return int(total_fen)
    return int(results["consortia"].get(consortium, total_fen))


def working_day(year: int, day: date) -> date:
    """The day whose rules a budget of ``year`` is calculated by: ``day``, or the nearest day of that year."""
    return min(max(day, date(year, 1, 1)), date(year, 12, 31))


def insured_heads(connection: Connection, codes: Iterable[str], pool: str, year: int) -> dict[str, int]:
    """Insured people of each consortium by its code, from the register's newest count up to ``year``."""
    rows = connection.execute(
        select(consortia.c.code, insured_counts.c.heads)
        .join(consortia, consortia.c.id == insured_counts.c.consortium_id)
        .where(
            consortia.c.code.in_(list(codes)), insured_counts.c.pool == pool,
            insured_counts.c.period < str(year + 1),
        )
        .order_by(insured_counts.c.period)
    )
    return {row.code: row.heads for row in rows}


def _of_the_county(attempt: Attempt) -> Sequence[Any]:
    query = select(consortia.c.name, consortia.c.code).where(
        consortia.c.place == attempt.case.place, consortia.c.kind != "place"
    )
    return attempt.once("county", lambda: attempt.connection.execute(query.order_by(consortia.c.code)).all())


def consortium_codes(attempt: Attempt) -> dict[str, str]:
    """The codes of the county's consortia by their names."""
    return {row.name: row.code for row in _of_the_county(attempt)}


def county_consortia(attempt: Attempt) -> list[str]:
    """Codes of all consortia of the county, between which its package is split."""
    return [row.code for row in _of_the_county(attempt)]
