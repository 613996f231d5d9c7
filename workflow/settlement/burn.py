"""How much of the year's budget the months have used."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Select, select

from workflow.attempt import Case, dossier_of
from workflow.budget.model import figure
from workflow.model import cases, dossiers
from workflow.settlement.model import SETTLED, results_of
from workflow.takeover.model import State as Takeover

THRESHOLDS = (80, 100)


def budget_of_year(connection: Connection, consortium_id: int, pool: str, year: int) -> int | None:
    """The budget that months run on, in fen: issued, else approved, else pre-issued; ``None`` without any."""
    found = figure(connection, consortium_id, pool, year)
    if found is None:
        return None
    return found.amount_fen if (found.issued or found.approved) and found.amount_fen else found.pre_issued_fen


def burnt_fen(connection: Connection, consortium_id: int, pool: str, period: str) -> tuple[int, int]:
    """What the year had charged to its budget before ``period``, and with it, in fen; months approved only.

    What was used before a takeover in the same year counts.
    """
    year, before_fen, now_fen = period[:4], 0, 0
    for row in connection.execute(_charging(consortium_id, pool, year)):
        dossier = json.loads(row.body)
        if row.stage == "takeover":
            if str(dossier["effective"])[:4] == year:
                before_fen += dossier["opening"].get(pool, {}).get("budget_used_fen") or 0
        elif row.period < period:
            before_fen += results_of(dossier)["charged_fen"]
        elif row.period == period:
            now_fen += results_of(dossier)["charged_fen"]
    return before_fen, before_fen + now_fen


def _charging(consortium_id: int, pool: str, year: str) -> Select[Any]:
    """The approved months of the year with their supplements, and the takeover: whatever charges the year's budget."""
    month = cases.c.state.in_(map(str, SETTLED)) & (cases.c.pool == pool) & cases.c.period.startswith(f"{year}-")
    took_over = cases.c.state == str(Takeover.CONFIRMED)
    return (
        select(cases.c.stage, cases.c.period, dossiers.c.body)
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version))
        .where(cases.c.consortium_id == consortium_id)
        .where((cases.c.stage == "settlement") & month | (cases.c.stage == "takeover") & took_over)
    )


def burnt_by(connection: Connection, case: Case) -> tuple[int, int]:
    """What the year had charged to its budget before one case, and with it, in fen; a supplement comes after all."""
    if case.serial == 1:
        return burnt_fen(connection, case.consortium_id, case.pool, case.period)
    _before_fen, after_fen = burnt_fen(connection, case.consortium_id, case.pool, f"{case.period[:4]}-12")
    return after_fen - results_of(dossier_of(connection, case)).get("charged_fen", 0), after_fen
