"""The facts of one member's exit clearing: its months to its last day, its part of the journal, what was entered."""

from __future__ import annotations

from typing import Any

from workflow.attempt import Attempt
from workflow.clearing.figures import journal_figures, member_facts, month_sums, months_of
from workflow.clearing.model import leaves_on, leaving_member, year_of
from workflow.settlement.model import last_day as month_end


def gather_exit(attempt: Attempt) -> dict[str, Any]:
    """The facts of the worksheet ``annual-clearing`` for the member alone, in fen.

    The prepayment it leaves with is what its months set off; what is outstanding stays with the consortium. Its part
    of the budget is what it was charged: it takes neither surplus nor overrun with it.
    """
    code, last = leaving_member(attempt), leaves_on(attempt)
    counted = [one for one in months_of(attempt) if one.closed and month_end(one.period) <= last]
    advanced_fen, repaid_fen, carries = journal_figures(attempt)
    rows = member_facts(attempt, counted, advanced_fen - repaid_fen, carries)
    row = next(one for one in rows if one["member"] == code)
    sums = month_sums(attempt, [one.case_id for one in counted])[code]
    row["prepayment_fen"] = sums["prepayment_offset_fen"]
    opening_fen, moved_fen = carries.get(code, (0, 0))
    return {
        "consortium": attempt.consortium.code, "pool": attempt.case.pool, "year": year_of(attempt), "leaving": True,
        "budget_fen": row["own_fen"], "away_fen": 0,
        **{name: row[name] for name in (
            "own_fen", "inflow_fen", "rejected_own_fen", "rejected_inflow_fen", "penalties_fen", "deposit_withheld_fen",
            "opening_carry_fen")},
        "months": {name: sums[name] for name in (
            "gross_fen", "audit_deduction_fen", "deposit_fen", "prepayment_offset_fen", "net_fen")},
        "prepayment_advanced_fen": row["prepayment_fen"], "prepayment_repaid_fen": 0,
        "open_carry_fen": opening_fen + moved_fen, "members": [row],
        "earlier_deposits": attempt.dossier["entered"]["earlier_deposits"],
    }  # fmt: skip
