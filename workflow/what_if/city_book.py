"""What one other rule would have done to a city, as the bytes of one .xlsx file with live sums and differences."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.workbook.properties import CalcProperties

from governance.sheets import SHEETS
from workflow.workbook.sheets import text
from workflow.workbook.writing import settled

FIRST_ROW, SHEET_COLUMN = 5, 3
DECIDED, WOULD, DIFFERENCE = "已定（元） decided", "试算（元） tried", "差额（元） difference"
_HEAD = PatternFill("solid", fgColor="E8ECF1")
_NOTE = (
    "试算，不是规定，也不改变任何已经决定的；各表用当时的数据、协议，假定这条规则一直有效，逐张重算。"
    " A trial: no rule, and nothing decided changes; each sheet is run again from its own facts."
)


def book_of(found: Mapping[str, Any], title: str, day: date) -> bytes:
    """The workbook of an impact ``found`` on ``day``: by consortium, sheet by sheet, line by line; amounts in yuan.

    What cannot be run again is listed with its reason and is in no sum.
    """
    book = Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    head = f"试算：{title}（{found['rule']}）  {found['first']} — {found['last']}"
    _paper(book, head, "各医共体", ("医共体 consortium", "代码 code", "计算表 sheet", "张数 sheets", "不同 changed",
                                  DECIDED, WOULD, DIFFERENCE), _by_consortium(found))  # fmt: skip
    _paper(book, head, "逐张", ("医共体 consortium", "期间 period", "险种 pool", "计算表 sheet", "件号 case", DECIDED, WOULD,
                              DIFFERENCE, "说明 remark"), _by_sheet(found))  # fmt: skip
    _paper(book, head, "逐行", ("医共体 consortium", "期间 period", "计算表 sheet", "件号 case", "项目 line", DECIDED, WOULD,
                              DIFFERENCE), _by_line(found))  # fmt: skip
    book.calculation = CalcProperties(fullCalcOnLoad=True)
    book.properties.creator, book.properties.title = "gongzhi", head
    book.properties.created = datetime(day.year, day.month, day.day)  # noqa: DTZ001
    file = io.BytesIO()
    book.save(file)
    return settled(file.getvalue(), day.isoformat())


def _named(sheet: str) -> str:
    return f"{SHEETS[sheet].title} {SHEETS[sheet].title_en}"


def _by_consortium(found: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    for one in found["sums"]:
        yield (one["name"], one["consortium"], _named(one["sheet"]), one["sheets"], one["changed"],
               _yuan(one["decided_fen"]), _yuan(one["would_fen"]))  # fmt: skip


def _by_sheet(found: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    for one in found["cases"]:
        said = [*one["unknown"], *one["refused"]]
        if not one["reproduced"]:
            said.append("按现行规则重算，本表与当时已不相同")
        yield (one["name"], one["period"], one["pool"], _named(one["sheet"]), one["case"], _yuan(one["decided_fen"]),
               _yuan(one["would_fen"]), None, "；".join(said))  # fmt: skip


def _by_line(found: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    for one in found["cases"]:
        for line in one["lines"]:
            told = (one["name"], one["period"], _named(one["sheet"]), one["case"], line["label"])
            yield (*told, _side(line, "was"), _side(line, "now"))


def _side(line: Mapping[str, Any], side: str) -> Any:
    """One side of a line: yuan where it is an amount, else its value."""
    fen = line[f"{side}_fen"]
    return line[side] if fen is None else _yuan(fen)


def _yuan(fen: int | None) -> Decimal | None:
    return None if fen is None else Decimal(fen) / 100


def _paper(book: Workbook, head: str, name: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """One sheet: heading, columns, rows with a live difference, and the live sums of the columns of yuan."""
    paper = book.create_sheet(name)
    text(paper.cell(1, 1), head)
    paper.cell(1, 1).font = Font(bold=True, size=14)
    text(paper.cell(2, 1), _NOTE)
    for number, column in enumerate(columns, start=1):
        cell: Any = paper.cell(FIRST_ROW - 1, number)
        text(cell, column)
        cell.font, cell.fill, cell.alignment = Font(bold=True), _HEAD, Alignment(wrap_text=True, vertical="top")
        paper.column_dimensions[get_column_letter(number)].width = 20
    paper.freeze_panes = f"B{FIRST_ROW}"
    was, now, moved = (columns.index(one) + 1 for one in (DECIDED, WOULD, DIFFERENCE))
    last = FIRST_ROW - 1
    for last, row in enumerate(rows, start=FIRST_ROW):
        for number, value in enumerate(row, start=1):
            _cell(paper.cell(last, number), value)
        if all(isinstance(row[one - 1], Decimal) for one in (was, now)):
            _formula(paper.cell(last, moved), f"={get_column_letter(now)}{last}-{get_column_letter(was)}{last}")
    if name == "各医共体" and last >= FIRST_ROW:
        _totals(paper, columns, last)


def _totals(paper: Any, columns: tuple[str, ...], last: int) -> None:
    """A live sum for each kind of sheet; amounts of different sheets are no sum."""
    sheets = dict.fromkeys(paper.cell(row, SHEET_COLUMN).value for row in range(FIRST_ROW, last + 1))
    key = get_column_letter(SHEET_COLUMN)
    for row, sheet in enumerate(sheets, start=last + 1):
        text(paper.cell(row, 1), "合计 total")
        text(paper.cell(row, SHEET_COLUMN), sheet)
        for number in (columns.index(one) + 1 for one in (DECIDED, WOULD, DIFFERENCE)):
            held = get_column_letter(number)
            summed = f"${key}${FIRST_ROW}:${key}${last},${key}{row},{held}${FIRST_ROW}:{held}${last}"
            _formula(paper.cell(row, number), f"=SUMIF({summed})")


def _cell(cell: Any, value: Any) -> None:
    if isinstance(value, Decimal):
        cell.value, cell.number_format = value, "#,##0.00"
    elif isinstance(value, int) and not isinstance(value, bool):
        cell.value = value
    elif value is not None:
        text(cell, str(value))


def _formula(cell: Any, formula: str) -> None:
    cell.value, cell.number_format = formula, "#,##0.00"
