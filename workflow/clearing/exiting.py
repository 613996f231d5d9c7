"""An exit clearing: a consortium whose agreement ended within the year is cleared for the months it was bound."""

from __future__ import annotations

import json
from datetime import date

from sqlalchemy import select

from governance.refusal import Refusal, Refused
from workflow.agreement.model import State as Agreement
from workflow.agreement.model import terms_in_force
from workflow.assessment.model import months_in_force
from workflow.attempt import Attempt
from workflow.clearing.model import last_day, leaving_member, year_of
from workflow.model import cases

EXIT_BUDGET = "clearing.exit_budget"
PRO_RATA = "pro_rata"
MONTHS = 12


def exit_day(attempt: Attempt) -> date | None:
    """The day in the year cleared from which no agreement binds any more; ``None`` where one does to the end."""
    return attempt.once("exit day", lambda: _exit_day(attempt))


def _exit_day(attempt: Attempt) -> date | None:
    progress = attempt.connection.scalars(
        select(cases.c.progress).where(
            cases.c.stage == "agreement", cases.c.consortium_id == attempt.case.consortium_id,
            cases.c.state == str(Agreement.TERMINATED),
        )
    ).all()
    ended = [day for day in (json.loads(one).get("terminated_on") for one in progress) if day]
    found = [day for day in ended if day.startswith(attempt.case.period)]
    if not found or terms_in_force(attempt.connection, attempt.case.consortium_id, last_day(year_of(attempt))):
        return None
    return date.fromisoformat(max(found))


def budget_share_fen(attempt: Attempt, amount_fen: int) -> int:
    """The part of the year's budget that is cleared: all of it, or of an exit what the place's rule says.

    By the months of the agreement, half a fen up, where the rule is ``pro_rata``; raises ``Refused`` without a rule.
    """
    if exit_day(attempt) is None or attempt.rule(EXIT_BUDGET, last_day(year_of(attempt))).value != PRO_RATA:
        return amount_fen
    months = len(months_in_force(attempt.connection, attempt.case.consortium_id, year_of(attempt)))
    return (2 * amount_fen * months + MONTHS) // (2 * MONTHS)


def exit_budget_ruled(attempt: Attempt) -> list[Refusal]:
    """Of a consortium's exit, the place has said which part of the budget counts."""
    if leaving_member(attempt):
        return []
    try:
        budget_share_fen(attempt, 0)
    except Refused as refused:
        return list(refused.refusals)
    return []
