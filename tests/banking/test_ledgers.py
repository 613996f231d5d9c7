"""The ledgers of a year: from the journals, each line with its case and voucher, and the same balance as the books."""

from __future__ import annotations

import pytest

from tests.settlement.months import Month, moment
from workflow import ledger
from workflow.banking.ledger_lines import SIGNS, ledger_of
from workflow.db import reading, writing


@pytest.fixture
def prepaid(month: Month) -> Month:
    """A month in whose year a prepayment was advanced, and a deposit came over from before a takeover."""
    with writing(month.engine) as connection:
        for key, lines in (
            ("advance", [("prepayment", month.county.code, 6_000_000), ("bank", month.county.code, -6_000_000)]),
            ("opening", [("deposit", month.county.code, -70_000), ("opening", month.county.code, 70_000)]),
        ):
            ledger.post(
                connection, book=f"{month.county.code}/resident", year=2025, biz_key=f"test:{key}", lines=lines,
                case_id=month.case_id, memo=key, at=moment("2025-03-02"),
            )  # fmt: skip
    return month


def test_balances_are_those_of_the_books(prepaid: Month) -> None:
    prepaid.to_approved()
    book = f"{prepaid.county.code}/resident"
    with reading(prepaid.engine) as connection:
        for account, sign in SIGNS.items():
            found = ledger_of(connection, book, account, 2025)
            assert found.balance_fen == sign * ledger.balance(connection, account=account, book=book)
            assert sum(found.by_party.values()) == found.balance_fen
            after = ledger_of(connection, book, account, 2026)
            assert (after.brought_fen, after.entries) == (found.balance_fen, [])
        prepayment = ledger_of(connection, book, "prepayment", 2025)
        deposit = ledger_of(connection, book, "deposit", 2025)
    offset_fen = prepaid.results()["prepayment_offset_fen"]
    assert offset_fen > 0 and [one.fen for one in prepayment.entries] == [6_000_000, -offset_fen]
    assert prepayment.entries[-1].url == f"/settlement/{prepaid.case_id}" and prepayment.entries[-1].number == 3
    assert deposit.by_party[prepaid.county.code] == 70_000
    assert sum(one.fen for one in deposit.entries) == 70_000 + prepaid.results()["deposit_fen"]


def test_a_year_without_movements_is_empty(month: Month) -> None:
    with reading(month.engine) as connection:
        found = ledger_of(connection, f"{month.county.code}/employee", "deposit", 2024)
    assert (found.brought_fen, found.entries, found.by_party, found.balance_fen) == (0, [], {}, 0)
