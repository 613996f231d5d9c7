"""The journals of a clearing: what stands over from the year is cleared away, what is due is owed, paid, passed on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import func, select

from workflow import ledger
from workflow.attempt import Attempt
from workflow.clearing.dues import lead_of, member_dues, moved_fen, passed_on, settled_now_fen, whole_now_fen
from workflow.clearing.figures import journal_figures, month_sums, months_of
from workflow.clearing.model import leaving_member, year_of
from workflow.model import cases, journals, postings

Lines = list[tuple[str, str, int]]
STANDING = ("prepayment", "carry", "deposit")


def book_approval(attempt: Attempt) -> None:
    """Owe each member its due; deposits held, prepayment outstanding and open carries of the year end with it.

    What the rule defers stands on an account of its own. A supplementary clearing books only what earlier ones of the
    year have not.
    """
    code, results, leaving = attempt.consortium.code, attempt.results, leaving_member(attempt)
    advanced_fen, repaid_fen, carries = journal_figures(attempt)
    standing: Counter[tuple[str, str]] = Counter()
    if leaving:
        carries = {leaving: carries.get(leaving, (0, 0))}
    else:
        offset_fen = sum_of_months(attempt, "prepayment_offset_fen")
        standing["prepayment", code] = -(advanced_fen - repaid_fen - offset_fen)
    standing.update({("carry", member): -(opening + moved) for member, (opening, moved) in carries.items()})
    standing.update(
        {("deposit", member): one["deposit_returned_fen"] + one["deposit_forfeited_fen"]
         for member, one in results["members"].items()}
    )
    if not leaving:
        standing.subtract(_ended_before(attempt))
    lines: Lines = [(account, party, fen) for (account, party), fen in sorted(standing.items())]
    lines += [("payable", member, -fen) for member, fen in member_dues(attempt).items()]
    lines += [("payable", code, -whole_now_fen(attempt)), ("deferred", code, -moved_fen(attempt, "deferred_fen"))]
    lines.append(("clearing", code, -sum(fen for _account, _party, fen in lines)))
    _post(attempt, "approve", "成员退出清算审批" if leaving else "年度清算审批", lines)


def _ended_before(attempt: Attempt) -> Mapping[tuple[str, str], int]:
    """What earlier clearings of the year, exits included, have ended of deposits, prepayment and carries, in fen."""
    case, found = attempt.case, Counter[tuple[str, str]]()
    rows = attempt.connection.execute(
        select(postings.c.account, postings.c.party, postings.c.fen)
        .select_from(postings.join(journals).join(cases, cases.c.id == journals.c.case_id))
        .where(
            cases.c.stage == "clearing", cases.c.consortium_id == case.consortium_id, cases.c.pool == case.pool,
            func.substr(cases.c.period, 1, 4) == case.period, cases.c.id != case.id, postings.c.account.in_(STANDING),
        )
    )
    for row in rows:
        found[row.account, row.party] += row.fen
    return found


def sum_of_months(attempt: Attempt, name: str) -> int:
    """What the members' months add up to by the facts of the current worksheet, in fen."""
    counted = [one.case_id for one in months_of(attempt) if one.closed]
    return sum(one[name] for one in month_sums(attempt, counted).values())


def book_settlement(attempt: Attempt, bank_reference: str) -> None:
    """Pay what is owed: the lead its own, and into its custody what it passes on; the plan's part is held apart.

    A recovery goes the other way: the lead pays for its members, who then owe it.
    """
    code, lead, parts, whole_fen = attempt.consortium.code, lead_of(attempt), passed_on(attempt), whole_now_fen(attempt)
    lines: Lines = [("payable", party, fen) for party, fen in member_dues(attempt).items()]
    lines += [("payable", code, whole_fen), ("bank", code, -settled_now_fen(attempt))]
    lines += [("custody", lead, sum(parts.values())), *(("owed", party, -fen) for party, fen in parts.items())]
    lines += [("held", lead, whole_fen), ("held", code, -whole_fen)]
    _post(attempt, "settle", f"年度清算结清 {bank_reference}".strip(), lines)


def book_passing(attempt: Attempt, what: str, memo: str, amounts: Mapping[str, int]) -> None:
    """The lead has passed on ``amounts`` in fen by member; those below zero members have paid back to it."""
    lines: Lines = [("owed", party, fen) for party, fen in amounts.items()]
    _post(attempt, what, memo, [*lines, ("custody", lead_of(attempt), -sum(amounts.values()))])


def book_claim(attempt: Attempt, member: str, fen: int) -> None:
    """What a member does not pay back now stays as the lead's claim on it; ``fen`` is below zero."""
    lead = lead_of(attempt)
    lines: Lines = [("owed", member, fen), ("custody", lead, -fen), ("claim", member, -fen), ("advanced", lead, fen)]
    _post(attempt, f"claim:{member}", f"{member} 应退款转为未收款项", lines)


def book_collection(attempt: Attempt, member: str, fen: int, number: int, bank_reference: str) -> None:
    """A member has paid ``fen`` of what it owed from an earlier clearing."""
    lines: Lines = [("claim", member, -fen), ("advanced", lead_of(attempt), fen)]
    _post(attempt, f"collect:{number}", f"收回以前清算未收款项 {bank_reference}", lines)


def _post(attempt: Attempt, what: str, memo: str, lines: Lines) -> None:
    if not any(fen for _account, _party, fen in lines):
        return
    ledger.post(
        attempt.connection, book=f"{attempt.consortium.code}/{attempt.case.pool}", year=year_of(attempt),
        biz_key=f"clearing:{attempt.case.id}:{what}", case_id=attempt.case.id, memo=memo, lines=lines, at=attempt.at,
    )
