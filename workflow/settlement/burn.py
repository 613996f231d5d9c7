"""How much of the year's budget the months have used."""

from __future__ import annotations

from sqlalchemy import Connection

from workflow.attempt import Case, dossier_of
from workflow.budget.model import figure
from workflow.settlement.model import SETTLED, months, results_of
from workflow.takeover.model import confirmed

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
    year = int(period[:4])
    taken_over = confirmed(connection, consortium_id)
    used_fen = 0
    if taken_over and str(taken_over["effective"])[:4] == str(year):
        used_fen = taken_over["opening"].get(pool, {}).get("budget_used_fen") or 0
    approved = [one for one in months(connection, consortium_id, pool, year) if one.state in SETTLED]
    before_fen = used_fen + sum(one.results["charged_fen"] for one in approved if one.period < period)
    return before_fen, before_fen + sum(one.results["charged_fen"] for one in approved if one.period == period)


def burnt_by(connection: Connection, case: Case) -> tuple[int, int]:
    """What the year had charged to its budget before one case, and with it, in fen; a supplement comes after all."""
    if case.serial == 1:
        return burnt_fen(connection, case.consortium_id, case.pool, case.period)
    _before_fen, after_fen = burnt_fen(connection, case.consortium_id, case.pool, f"{case.period[:4]}-12")
    return after_fen - results_of(dossier_of(connection, case)).get("charged_fen", 0), after_fen
