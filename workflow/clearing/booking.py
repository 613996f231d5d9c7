"""The journals of a clearing: what stands over from the year is cleared away, what is due is owed, then paid."""

from __future__ import annotations

from workflow import ledger
from workflow.attempt import Attempt
from workflow.clearing.figures import journal_figures, month_sums, months_of
from workflow.clearing.model import pays_after_filing, year_of

Lines = list[tuple[str, str, int]]


def book_approval(attempt: Attempt) -> None:
    """Owe each member its due; deposits held, prepayment outstanding and open carries of the year end with it."""
    code, results = attempt.consortium.code, attempt.results
    advanced_fen, repaid_fen, carries = journal_figures(attempt)
    offset_fen = sum_of_months(attempt, "prepayment_offset_fen")
    lines: Lines = [("prepayment", code, -(advanced_fen - repaid_fen - offset_fen))]
    lines += [("carry", member, -(opening + moved)) for member, (opening, moved) in sorted(carries.items())]
    for member, one in results["members"].items():
        withheld_fen = one["deposit_returned_fen"] + one["deposit_forfeited_fen"]
        lines += [("deposit", member, withheld_fen), ("payable", member, -one["due_fen"])]
    lines += [("payable", code, results["own_share_fen"])]
    if not pays_after_filing(attempt):
        lines.append(("payable", code, -results["retained_fen"]))
    lines.append(("clearing", code, -sum(fen for _account, _party, fen in lines)))
    _post(attempt, "approve", "年度清算审批", lines)


def sum_of_months(attempt: Attempt, name: str) -> int:
    """What the members' months add up to by the facts of the current worksheet, in fen."""
    counted = [one.case_id for one in months_of(attempt) if one.closed]
    return sum(one[name] for one in month_sums(attempt, counted).values())


def book_settlement(attempt: Attempt, bank_reference: str) -> None:
    """Pay what is owed to the lead, who holds the members' part for them; a recovery goes the other way."""
    code, results = attempt.consortium.code, attempt.results
    lead = attempt.parties.codes[attempt.consortium.lead_id]
    parts = [(member, one["due_fen"]) for member, one in results["members"].items()]
    whole_fen = -results["own_share_fen"] + (0 if pays_after_filing(attempt) else results["retained_fen"])
    parts.append((code, whole_fen))
    total_fen = sum(fen for _party, fen in parts)
    lines: Lines = [("payable", party, fen) for party, fen in parts]
    lines += [("bank", code, -total_fen), ("custody", lead, total_fen)]
    lines += [("owed", party, -fen) for party, fen in parts]
    _post(attempt, "settle", f"年度清算结清 {bank_reference}".strip(), lines)


def _post(attempt: Attempt, what: str, memo: str, lines: Lines) -> None:
    if not any(fen for _account, _party, fen in lines):
        return
    ledger.post(
        attempt.connection, book=f"{attempt.consortium.code}/{attempt.case.pool}", year=year_of(attempt),
        biz_key=f"clearing:{attempt.case.id}:{what}", case_id=attempt.case.id, memo=memo, lines=lines, at=attempt.at,
    )
