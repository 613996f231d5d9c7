"""What a month comes to: tallies of the claims, deductions, what is carried, and prepayment set off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from governance.roles import Role
from workflow.attempt import Attempt, refuse
from workflow.claims.tally import Tallies
from workflow.i18n import lazy as _
from workflow.model import journals, postings
from workflow.settlement import supplements
from workflow.settlement.additions import additions_of, with_additions
from workflow.settlement.model import absent, is_supplement, last_day, members_of_month, terms_of_month
from workflow.settlement.tallying import computed_counts, tally_of

DECEMBER = 12
SHOWN = ("standard_fen", "patient_fen", "catastrophic_fen", "aid_fen", "other_fen", "cases")


def calculate(attempt: Attempt) -> None:
    """Tally the month's claims and run the worksheet under the rules and the agreement of the month.

    A supplement runs it on the decided month's facts as they are corrected.
    """
    if is_supplement(attempt):
        supplements.work_out_difference(attempt)
        return
    terms = terms_of_month(attempt.connection, attempt.case.consortium_id, attempt.case.period)
    answers = terms.answers if terms else {}
    on = last_day(attempt.case.period)
    book = attempt.book(on, answers)
    tallies = tally_of(attempt, book)
    attempt.dossier["standard_counts"] = "computed" if computed_counts(book) else "file"
    facts = _facts(attempt, tallies)
    attempt.calculate("monthly-settlement", facts, on=on, agreement=answers)
    attempt.case.amount_fen = attempt.results["net_to_lead_fen"]
    attempt.progress.pop("dispute", None)


def deduct(
    attempt: Attempt, *, member: str, amount_fen: int, decision_number: str, reason: str, kind: str = "own"
) -> None:
    """Enter an audit deduction (审核拒付) of a member with its decision; what was calculated is calculated again."""
    known = {one.code for one in members_of_month(attempt)} - set(absent(attempt.dossier))
    decision = decision_number.strip()
    if member not in known:
        raise refuse(_("“%(member)s”不是本月参加结算的成员单位", member=member), field="member")
    if amount_fen is None or amount_fen <= 0 or kind not in ("own", "inflow"):
        raise refuse(_("拒付金额应大于零，并分清本医共体或外来参保人"), field="amount_fen")
    if not decision or not reason.strip():
        raise refuse(_("请写明审核决定书文号和原因"), field="decision_number")
    held = attempt.dossier.setdefault("deductions", [])
    if any((one["member"], one["decision_number"], one["kind"]) == (member, decision, kind) for one in held):
        raise refuse(_("决定书“%(number)s”已经登记过", number=decision), field="decision_number")
    held.append({
        "member": member, "amount_fen": amount_fen, "decision_number": decision, "reason": reason.strip(),
        "kind": kind, "on": attempt.day.isoformat(), "by": attempt.actor.name,
    })  # fmt: skip
    attempt.noted |= {"member": member, "reason": reason.strip(), "decision_number": decision}
    attempt.notify(Role.LEAD_FINANCE, "deduction", f"{attempt.case.period} 登记审核拒付：{decision}")
    if "worksheet" in attempt.dossier:
        attempt.follow = "calculate"


def ask_offset(attempt: Attempt, *, amount_fen: int, reason: str) -> None:
    """Ask for another prepayment offset this month than the equal part; what was calculated is calculated again."""
    if amount_fen is None or amount_fen < 0 or not reason.strip():
        raise refuse(_("请填写本月拟冲预付金（不小于零）和原因"), field="amount_fen")
    attempt.dossier["offset_asked"] = {
        "amount_fen": amount_fen, "reason": reason.strip(), "on": attempt.day.isoformat(), "by": attempt.actor.name,
    }  # fmt: skip
    attempt.noted |= {"amount_fen": amount_fen, "reason": reason.strip()}
    if "worksheet" in attempt.dossier:
        attempt.follow = "calculate"


def _facts(attempt: Attempt, tallies: Tallies) -> dict[str, Any]:
    """The facts of the worksheet; an absent member's lines are left out and kept in sight as left open."""
    counted = tallies.as_facts()
    missing = set(absent(attempt.dossier))
    payable = {one["member"]: {} if one["member"] in missing else one["payable_fen"] for one in counted["members"]}
    added = {code: additions_of(attempt.dossier, code) for code in payable}
    outstanding_fen, carried = max(outstanding_prepayment_fen(attempt), 0), carried_in_fen(attempt)
    asked = attempt.dossier.get("offset_asked", {}).get("amount_fen")
    _show(attempt, tallies, counted, missing)
    return {
        "consortium": attempt.consortium.code,
        "pool": attempt.case.pool,
        "period": attempt.case.period,
        "members": [
            {
                "member": one.code,
                "level": one.level,
                "payable_fen": with_additions(payable[one.code], added[one.code]),
                **({"additions": added[one.code]} if added[one.code] else {}),
                "audit_deduction_fen": _deduction_fen(attempt, one.code),
                "carried_in_fen": carried.get(one.code, 0),
                "prepayment_outstanding_fen": outstanding_fen if one.id == attempt.consortium.lead_id else 0,
            }
            for one in members_of_month(attempt)
        ],
        "away_fen": counted["away_fen"],
        "excluded_fen": counted["excluded_fen"],
        "prepayment_outstanding_fen": outstanding_fen,
        "prepayment_offset_requested_fen": (
            offset_asked_fen(outstanding_fen, attempt.case.period) if asked is None else asked
        ),
    }


def _show(attempt: Attempt, tallies: Tallies, counted: Mapping[str, Any], missing: set[str]) -> None:
    """Keep beside the worksheet what the page and the year's clearing read of the tallies."""
    present = [one for one in counted["members"] if one["member"] not in missing]
    added = [line for one in present for line in additions_of(attempt.dossier, one["member"])]
    attempt.dossier |= {
        "columns": {one["member"]: _shown(one["columns"]) for one in present},
        "categories": {one["member"]: _by_category(one) for one in present},
        "left_open_fen": {
            one["member"]: _of_kind(one, "own") + _of_kind(one, "inflow")
            for one in counted["members"]
            if one["member"] in missing
        },
        "tallies": {
            **{
                f"{kind}_fen": sum(_of_kind(one, kind) for one in present)
                + sum(line["amount_fen"] for line in added if line["kind"] == kind)
                for kind in ("own", "inflow")
            },
            "away_fen": counted["away_fen"],
            "excluded_fen": counted["excluded_fen"],
            "cases": counted["cases"],
        },
        "differing_standards": tallies.differences(),
    }


def _of_kind(member: Mapping[str, Any], kind: str) -> int:
    return sum(kinds.get(kind, 0) for kinds in member["payable_fen"].values())


def _shown(columns: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    return {name: sum(one[name] for one in columns.values()) for name in SHOWN}


def _by_category(member: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """A member's columns by category: from the standard over what others bear to what the pool pays of its claims."""
    return {
        category: {name: one[name] for name in SHOWN} | {
            "payable_fen": sum(member["payable_fen"][category].get(kind, 0) for kind in ("own", "inflow"))
        }
        for category, one in member["columns"].items()
    }  # fmt: skip


def _deduction_fen(attempt: Attempt, member: str) -> int:
    return sum(one["amount_fen"] for one in attempt.dossier.get("deductions", []) if one["member"] == member)


def offset_asked_fen(outstanding_fen: int, period: str) -> int:
    """One of the equal parts that set everything outstanding off by December, this month's included, rounded."""
    left = DECEMBER + 1 - int(period[5:])
    return (2 * outstanding_fen + left) // (2 * left)


def outstanding_prepayment_fen(attempt: Attempt) -> int:
    """Prepayment booked up to the month's year and not set off yet; a later year's advance is not touched."""
    query = (
        select(func.coalesce(func.sum(postings.c.fen), 0))
        .join_from(postings, journals)
        .where(
            postings.c.account == "prepayment",
            postings.c.party == attempt.consortium.code,
            journals.c.book == _book(attempt),
            journals.c.year <= int(attempt.case.period[:4]),
        )
    )
    return int(attempt.connection.scalar(query) or 0)


def carried_in_fen(attempt: Attempt) -> dict[str, int]:
    """What members owe from earlier months of the year, or from before a takeover; clearing ends it with the year."""
    query = (
        select(postings.c.party, func.sum(postings.c.fen))
        .join_from(postings, journals)
        .where(
            postings.c.account == "carry",
            journals.c.book == _book(attempt),
            journals.c.year == int(attempt.case.period[:4]),
        )
        .group_by(postings.c.party)
    )
    return {party: max(int(fen), 0) for party, fen in attempt.connection.execute(query)}


def _book(attempt: Attempt) -> str:
    return f"{attempt.consortium.code}/{attempt.case.pool}"
