"""What a clearing moves now: all it comes to or, of a supplementary one, what differs from the clearing before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from workflow.attempt import Attempt
from workflow.clearing.model import last_day, year_of
from workflow.model import journals, postings


def before(attempt: Attempt) -> Mapping[str, Any]:
    """The results of the closed clearing that this one supplements; empty for the first of its year."""
    found: Mapping[str, Any] = attempt.dossier.get("before", {}).get("results", {})
    return found


def moved_fen(attempt: Attempt, name: str) -> int:
    """What one amount of the results changes by; the whole of it in the first clearing of a year, in fen."""
    return int(attempt.results.get(name, 0) - before(attempt).get(name, 0))


def member_dues(attempt: Attempt) -> dict[str, int]:
    """By member, what is paid to it now (negative: what it pays back), in fen; members with nothing left out."""
    now, earlier = attempt.results.get("members", {}), before(attempt).get("members", {})
    found = {
        code: now.get(code, {}).get("due_fen", 0) - earlier.get(code, {}).get("due_fen", 0)
        for code in sorted({*now, *earlier})
    }
    return {code: fen for code, fen in found.items() if fen}


def lead_of(attempt: Attempt) -> str:
    """The code of the lead hospital."""
    return attempt.parties.codes[attempt.consortium.lead_id]


def passed_on(attempt: Attempt) -> dict[str, int]:
    """The dues of the members other than the lead, which the lead holds for them or has paid for them, in fen."""
    return {code: fen for code, fen in member_dues(attempt).items() if code != lead_of(attempt)}


def plan_fen(attempt: Attempt) -> int:
    """What is left to a plan: retained surplus, or (negative) an overrun's own share, in fen."""
    return moved_fen(attempt, "retained_fen") - moved_fen(attempt, "own_share_fen")


def pays_after_filing(attempt: Attempt) -> bool:
    """Whether retained surplus is paid only after the plan is filed."""
    rule = attempt.find_rule("surplus.pay_after_filing", last_day(year_of(attempt)))
    return bool(rule is not None and rule.value in ("true", True) and plan_fen(attempt) > 0)


def whole_now_fen(attempt: Attempt) -> int:
    """The consortium's own part of what is settled now, which the lead holds for the plan, in fen."""
    return 0 if pays_after_filing(attempt) else plan_fen(attempt)


def settled_now_fen(attempt: Attempt) -> int:
    """What is paid (or recovered, negative) when the clearing is settled, in fen."""
    return sum(member_dues(attempt).values()) + whole_now_fen(attempt)


def to_receive(attempt: Attempt) -> list[str]:
    """The members that are owed money by the lead and are neither confirmed nor proven to have it."""
    done = attempt.progress.get("receipts", {})
    return [code for code, fen in passed_on(attempt).items() if fen > 0 and code not in done]


def to_recover(attempt: Attempt) -> list[str]:
    """The members that have neither paid back what the clearing takes from them, nor owe it as an open claim."""
    done = attempt.progress.get("receipts", {})
    return [code for code, fen in passed_on(attempt).items() if fen < 0 and code not in done]


def open_claims(attempt: Attempt) -> dict[str, int]:
    """What members still owe the lead from clearings of this pool, in fen."""
    return attempt.once("open claims", lambda: _open_claims(attempt))


def _open_claims(attempt: Attempt) -> dict[str, int]:
    total = func.sum(postings.c.fen)
    rows = attempt.connection.execute(
        select(postings.c.party, total.label("fen"))
        .join(journals)
        .where(journals.c.book == f"{attempt.consortium.code}/{attempt.case.pool}", postings.c.account == "claim")
        .group_by(postings.c.party)
        .having(total != 0)
        .order_by(postings.c.party)
    )
    return {row.party: int(row.fen) for row in rows}
