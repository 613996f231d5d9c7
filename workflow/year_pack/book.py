"""The year's tables as the bytes of one .xlsx file with live totals, the same bytes for the same decisions."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.workbook.properties import CalcProperties
from openpyxl.worksheet.worksheet import Worksheet as Paper

from workflow.pages.words import spoken
from workflow.workbook.sheets import text
from workflow.workbook.writing import MEDIA_TYPE as MEDIA_TYPE
from workflow.workbook.writing import settled
from workflow.year_pack.columns import Column
from workflow.year_pack.tables import Mark, Table

FIRST_ROW = 5
_MARKS = {Mark.UNDECIDED: "未定 undecided", Mark.CARRIED: "结转 carried over"}
_POOLS = {"resident": "城乡居民 resident", "employee": "职工 employee", "": ""}
_FLAGS = {True: "成立 holds", False: "不成立 fails"}
_HEAD, _OPEN = PatternFill("solid", fgColor="E8ECF1"), PatternFill("solid", fgColor="FFF1D6")
_WIDTHS = {"pair": 34, "hash": 68, "text": 22, "pool": 18, "money": 20, "day": 14}
_NOTE = (
    "金额单位：元；只列已经决定的计算表，未决定的写“未定”，不计入合计；合计与执行率随表重算。"
    " Yuan; decided worksheets only, what is undecided is in no total; totals are formulas."
)


def book_of(tables: Sequence[Table], place: tuple[str, str], year: int, *, mark: str = "") -> bytes:
    """The workbook of a year; ``place`` in both languages, ``mark`` a warning before everything, as on samples."""
    book = Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    title = f"{' '.join(place)} {year} 年度医保基金总额付费结果汇总 Year pack"
    months = next((one for one in tables if one.key == "months"), None)
    with spoken("zh"):
        for table in tables:
            paper = book.create_sheet(table.title[0])
            _heading(paper, table, f"{mark}　{title}" if mark else title)
            for number, row in enumerate(table.rows, start=FIRST_ROW):
                for column, one in enumerate(table.columns, start=1):
                    _cell(paper.cell(number, column), one, row.get(one.key))
                if table.key == "execution" and months is not None:
                    _executed(paper, table, months, number)
            _totals(paper, table)
    book.calculation = CalcProperties(fullCalcOnLoad=True)
    book.properties.creator, book.properties.title = "gongzhi", title
    book.properties.created = datetime(year, 12, 31)  # noqa: DTZ001
    file = io.BytesIO()
    book.save(file)
    return settled(file.getvalue(), date(year, 12, 31).isoformat())


def _heading(paper: Paper, table: Table, title: str) -> None:
    text(paper.cell(1, 1), title)
    paper.cell(1, 1).font = Font(bold=True, size=14)
    text(paper.cell(2, 1), " ".join(table.title))
    text(paper.cell(3, 1), _NOTE)
    for number, one in enumerate(table.columns, start=1):
        cell: Any = paper.cell(FIRST_ROW - 1, number)
        text(cell, f"{one.title} {one.title_en}")
        cell.font, cell.fill = Font(bold=True), _HEAD
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        paper.column_dimensions[cell.column_letter].width = _WIDTHS.get(one.kind, 14)
    paper.freeze_panes = f"E{FIRST_ROW}"


def _cell(cell: Any, column: Column, value: Any) -> None:
    if isinstance(value, Mark):
        text(cell, _MARKS[value])
        cell.fill = _OPEN
    elif value is None:
        return
    elif column.kind == "money":
        cell.value, cell.number_format = Decimal(value) / 100, "#,##0.00"
    elif column.kind == "share":
        cell.value, cell.number_format = value, "0.00%"
    elif column.kind in ("count", "case"):
        cell.value = value
    elif column.kind == "pair":
        text(cell, " ".join(value))
    elif column.kind == "pool":
        text(cell, _POOLS.get(value, value))
    elif column.kind == "flag":
        text(cell, _FLAGS[value])
    else:
        text(cell, value.isoformat() if isinstance(value, date) else value)


def letter(table: Table, key: str) -> str:
    """The letter of a column of a table."""
    return get_column_letter(1 + [one.key for one in table.columns].index(key))


def _executed(paper: Paper, table: Table, months: Table, row: int) -> None:
    """What the months charged and the burn, recalculated from the sheet of the months."""
    held = {name: f"${letter(months, name)}${FIRST_ROW}:${letter(months, name)}${FIRST_ROW + len(months.rows)}"
            for name in ("code", "pool", "charged_fen")}
    here = {one.key: f"{letter(table, one.key)}{row}" for one in table.columns}
    sheet = f"'{months.title[0]}'!"
    named = f"{sheet}{held['code']},{here['code']},{sheet}{held['pool']},{here['pool']}"
    if not isinstance(paper[here["charged_fen"]].value, str):
        paper[here["charged_fen"]].value = f"=ROUND(SUMIFS({sheet}{held['charged_fen']},{named}),2)"
    if not isinstance(paper[here["burn"]].value, str):
        paper[here["burn"]].value = f"=({here['charged_fen']}+{here['before_fen']})/{here['budget_fen']}"


def _totals(paper: Paper, table: Table) -> None:
    """A last row that adds up what is decided, as formulas."""
    if not table.rows:
        text(paper.cell(FIRST_ROW, 1), "本年没有业务 Nothing was begun in this year")
        return
    last = FIRST_ROW + len(table.rows) - 1
    text(paper.cell(last + 1, 1), f"合计 Total（未定 undecided {table.undecided}）")
    paper.cell(last + 1, 1).font = Font(bold=True)
    for number, one in enumerate(table.columns, start=1):
        if one.has_total:
            cell: Any = paper.cell(last + 1, number)
            cell.value = f"=ROUND(SUM({cell.column_letter}{FIRST_ROW}:{cell.column_letter}{last}),2)"
            cell.number_format, cell.font = "#,##0.00", Font(bold=True)
