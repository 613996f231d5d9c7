"""Money paid to members that left within the year stands in its tables and adds up with its worksheet."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from tests.clearing.clearings import Desk
from tests.clearing.preceding import YEAR
from tests.clearing.test_clearing_member_exit import TOWN, approved, left, settled, the_rest_of_the_year, told
from tests.workbook.recalculation import MISSING, how, recalculated, same, soffice
from tests.year_pack.test_recalculated import FIRST_ROW, opened
from tests.year_pack.test_year import PLACE, tables
from workflow import ledger
from workflow.clearing.exit_facts import gather_exit
from workflow.db import reading
from workflow.model import cases, worksheets
from workflow.workbook.writing import workbook
from workflow.year_pack.book import book_of, letter
from workflow.year_pack.tables import Mark


def clearing_row(desk: Desk) -> dict[str, Any]:
    (row,) = tables(desk)["clearing"].rows
    return row


def paid_out_fen(desk: Desk) -> int:
    """What the bank paid for clearings, by the ledger."""
    with reading(desk.engine) as connection:
        numbers = list(connection.scalars(select(cases.c.id).where(cases.c.stage == "clearing")))
        return -ledger.balance(connection, account="bank", case_ids=numbers)


def test_an_exit_counts_from_its_own_decision_and_the_totals_agree(engine: Engine) -> None:
    desk = left(engine)
    told(desk)
    exit_case, exit_fen = desk.case.id, desk.case.amount_fen
    row = clearing_row(desk)
    assert (row["exit_paid_fen"], row["exits"]) == (Mark.UNDECIDED, str(exit_case))
    settled(desk)
    assert clearing_row(desk)["exit_paid_fen"] == exit_fen == paid_out_fen(desk) != 0
    assert clearing_row(desk)["due_fen"] is Mark.UNDECIDED
    the_rest_of_the_year(desk)
    approved(desk, 2, 2026)
    table = tables(desk)["clearing"]
    (row,) = table.rows
    members = desk.read(lambda attempt: attempt.results)["members"].values()
    assert row["case"] == desk.case.id != exit_case and row["exits"] == str(exit_case)
    assert row["exit_paid_fen"] == sum(one.get("exit_paid_fen", 0) for one in members) == exit_fen
    assert row["due_fen"] == desk.case.amount_fen and table.undecided == 0
    assert (table.total_fen("due_fen"), table.total_fen("exit_paid_fen")) == (row["due_fen"], exit_fen)


def test_a_year_without_exits_says_nothing_was_paid(engine: Engine) -> None:
    desk = Desk(engine)
    desk.approved()
    row = clearing_row(desk)
    assert (row["exit_paid_fen"], row["exits"]) == (0, None)


@pytest.mark.skipif(soffice() is None, reason=MISSING)
def test_both_workbooks_recalculate_the_exit(engine: Engine, tmp_path: Path) -> None:
    desk = left(engine)
    told(desk)
    facts = desk.read(gather_exit)
    with reading(engine) as connection:
        query = select(worksheets.c.body).where(worksheets.c.case_id == desk.case.id)
        sheet = json.loads(connection.execute(query).scalar_one())
    settled(desk)
    held = tables(desk)
    rows = opened(tmp_path, book_of(list(held.values()), PLACE, YEAR))[held["clearing"].title[0]]
    place = ord(letter(held["clearing"], "exit_paid_fen")) - ord("A")
    assert Decimal(rows[FIRST_ROW][place].replace(",", "")) * 100 == held["clearing"].total_fen("exit_paid_fen") > 0
    content = workbook(sheet, facts)
    (figures,) = recalculated(tmp_path / "sheet", [content])
    lines = {line["key"]: (line, figure, way) for line, figure, way in
             zip(sheet["lines"], figures, how(content), strict=False)}  # fmt: skip
    for key in ("deposit_returned_fen", f"members.{TOWN}.deposit_returned_fen", "due_fen", "identities.bridge"):
        line, figure, way = lines[key]
        assert same(line, figure) and way == "公式", key
    assert int(lines["deposit_returned_fen"][1]) == sheet["results"]["deposit_returned_fen"] > 0
