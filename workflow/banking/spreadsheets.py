"""Tables as files: CSV with the mark by which spreadsheets know UTF-8, and .xlsx; the same bytes for the same rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from openpyxl.cell import Cell
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook

from workflow.workbook.writing import MEDIA_TYPE, settled

MARK = b"\xef\xbb\xbf"
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = MEDIA_TYPE
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_WIDEST = 40


def safe(text: str) -> str:
    """``text`` as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def exact(fen: int) -> str:
    """Fen as yuan with two decimals and no separators: ``123450`` → ``1234.50``."""
    whole, cents = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{cents:02d}"


def csv_bytes(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows of text as CSV in UTF-8 with its mark; what looks like a formula is made text."""
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\r\n").writerows([safe(cell) for cell in row] for row in rows)
    return MARK + file.getvalue().encode()


def csv_rows(content: bytes) -> list[list[str]]:
    """The rows of what ``csv_bytes`` wrote."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def xlsx_bytes(title: str, rows: Sequence[Sequence[Any]], on: date) -> bytes:
    """Rows of text and exact amounts (``Decimal``) as one sheet; text is text, whatever it begins with."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title[:31]
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(number, column)
            if isinstance(cell, Cell):
                _write(cell, value)
    for column in range(1, 1 + max(map(len, rows), default=0)):
        longest = max(len(str(row[column - 1])) for row in rows if len(row) >= column)
        sheet.column_dimensions[get_column_letter(column)].width = min(longest, _WIDEST) * 1.6 + 3
    book.properties.creator, book.properties.title = "gongzhi", title
    book.properties.created = datetime(on.year, on.month, on.day)  # noqa: DTZ001
    file = io.BytesIO()
    book.save(file)
    return settled(file.getvalue(), on.isoformat())


def _write(cell: Cell, value: Any) -> None:
    cell.value = value
    if isinstance(value, Decimal):
        cell.number_format = "#,##0.00"
    elif value is not None:
        cell.data_type = "s"
