"""The tables of a year hold what was decided and nothing else, on both kinds of database."""

from __future__ import annotations

import io
import json

from openpyxl import load_workbook
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.clearing.clearings import Desk
from tests.clearing.preceding import YEAR, at
from workflow.db import reading
from workflow.model import worksheets
from workflow.year_pack.book import book_of
from workflow.year_pack.tables import Mark, Table, tables_of

PLACE = ("样例县", "Sample County")


def tables(desk: Desk, place: str | None = None) -> dict[str, Table]:
    with reading(desk.engine) as connection:
        return {one.key: one for one in tables_of(connection, place or desk.county.place, YEAR)}


def test_a_clearing_counts_from_the_day_both_bureaus_agree(engine: Engine) -> None:
    desk = Desk(engine)
    desk.calculated()
    desk.take("confirm", Role.LEAD_HEAD, at(1, 20))
    row = tables(desk)["clearing"].rows[0]
    assert (row["due_fen"], row["retained_fen"], row["sha256"]) == (Mark.UNDECIDED,) * 3
    assert tables(desk)["clearing"].total_fen("due_fen") == 0 and tables(desk)["clearing"].undecided == 1
    for bureau in ("CITY_INSURANCE", "CITY_FINANCE"):
        desk.take("review", Role[f"{bureau}_REVIEWER"], at(1, 21), verdict="agree")
        desk.take("decide", Role[f"{bureau}_APPROVER"], at(1, 22), verdict="agree")
    row = tables(desk)["clearing"].rows[0]
    with reading(engine) as connection:
        kept = connection.execute(select(worksheets).where(worksheets.c.case_id == desk.case.id)).one()
    results = json.loads(kept.body)["results"]
    assert row["due_fen"] == results["due_fen"] and row["charged_fen"] == results["charged_fen"]
    assert (row["case"], row["sha256"], row["decided_on"]) == (desk.case.id, kept.sha256, at(1, 22).date())
    retained = tables(desk)["retained"].rows[0]
    assert retained["retained_fen"] == results["retained_fen"] and retained["sha256"] == kept.sha256


def test_what_nobody_voted_on_is_not_in_the_tables(engine: Engine) -> None:
    desk = Desk(engine)
    found = tables(desk)
    execution = found["execution"].rows[0]
    assert (execution["budget_fen"], execution["charged_fen"], execution["burn"]) == (Mark.UNDECIDED,) * 3
    assert found["months"].rows and all(row["net_to_lead_fen"] is Mark.UNDECIDED for row in found["months"].rows)
    assert [row["fen"] for row in found["plan"].rows] == [Mark.UNDECIDED]


def test_another_place_and_year_hold_nothing(engine: Engine) -> None:
    desk = Desk(engine)
    assert all(not one.rows for one in tables(desk, "demo-suixi").values())
    with reading(engine) as connection:
        assert all(not one.rows for one in tables_of(connection, desk.county.place, YEAR + 5))


def test_the_workbook_is_the_same_bytes_and_says_what_is_undecided(engine: Engine) -> None:
    desk = Desk(engine)
    desk.approved()
    held = list(tables(desk).values())
    content = book_of(held, PLACE, YEAR, mark="样例")
    assert content == book_of(list(tables(desk).values()), PLACE, YEAR, mark="样例")
    book = load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["执行", "各月", "清算", "留用", "分配"]
    assert str(book["清算"]["A1"].value).startswith("样例")
    heads = [cell.value for cell in book["清算"][4]]
    due = next(number for number, head in enumerate(heads, start=1) if str(head).startswith("清算应付"))
    assert round(book["清算"].cell(5, due).value * 100) == held[2].rows[0]["due_fen"]
    assert book["清算"].cell(6, due).value.startswith("=ROUND(SUM(")
    months = {cell.value for row in book["各月"].iter_rows(min_row=5, min_col=6, max_col=6) for cell in row}
    assert any(str(one).startswith("未定") for one in months) and 0 not in months
