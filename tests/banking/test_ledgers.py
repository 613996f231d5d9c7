"""The ledgers of a year: from the journals, each line with its case and voucher, and the same balance as the books."""

from __future__ import annotations

import pytest
from flask import Flask

from governance.money import parse_yuan
from governance.roles import Role
from tests.banking.test_bank_pages import visitor
from tests.settlement.months import Month, moment
from workflow import ledger
from workflow.banking.ledger_lines import SIGNS, ledger_of
from workflow.claims.container import cells
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


def test_what_the_ledgers_close_with_is_what_the_worksheet_carried(prepaid: Month) -> None:
    prepaid.to_approved()
    book, results = f"{prepaid.county.code}/resident", prepaid.results()
    with reading(prepaid.engine) as connection:
        carry, deposit, prepayment = (
            ledger_of(connection, book, account, 2025) for account in ("carry", "deposit", "prepayment")
        )
    members = results["members"]
    assert carry.by_party == {code: one["carried_out_fen"] for code, one in members.items() if one["carried_out_fen"]}
    withheld = {code: one["deposit_fen"] for code, one in members.items() if one["deposit_fen"]}
    assert deposit.by_party == withheld | {prepaid.county.code: 70_000}
    assert prepayment.balance_fen == 6_000_000 - results["prepayment_offset_fen"]


def test_the_page_and_its_workbook_open_move_and_close_alike(app: Flask, prepaid: Month) -> None:
    prepaid.to_approved()
    one = visitor(app, prepaid, Role.LEAD_FINANCE)
    url = f"/ledgers/{prepaid.county.consortium_id}/resident/2025"
    page = one.get(url).text
    assert "上年结余" in page and "年末余额" in page and f"{url}.xlsx" in page
    answer = one.get(f"{url}.xlsx")
    assert answer.status_code == 200 and "spreadsheetml" in answer.headers["Content-Type"]
    rows = [row for _number, row in cells(answer.data, "ledgers.xlsx")][1:]
    with reading(prepaid.engine) as connection:
        for title, account in (("预付金", "prepayment"), ("质量保证金", "deposit"), ("成员结转应扣", "carry")):
            found = ledger_of(connection, f"{prepaid.county.code}/resident", account, 2025)
            own = [row for row in rows if row[0] == title]
            assert [row[3] for row in (own[0], own[-1])] == ["上年结余", "年末余额"]
            assert parse_yuan(own[-1][8]) == found.balance_fen and len(own) == 2 + len(found.entries)
            assert [row[9] for row in own[1:-1]] == [entry.url for entry in found.entries]
    assert visitor(app, prepaid, Role.LEAD_FINANCE).get(url.replace("2025", "1999")).status_code == 404
    assert one.get("/ledgers/99999/resident/2025.xlsx").status_code == 404
