"""A worksheet as the bytes of an .xlsx file, the same bytes for the same worksheet."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from openpyxl.styles import Font
from openpyxl.workbook import Workbook
from openpyxl.workbook.properties import CalcProperties

from governance import facts as fact
from governance.refusal import Refused
from governance.sheets import SHEETS
from workflow.workbook.sheets import fill, text
from workflow.workbook.source import Source

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def workbook(data: Mapping[str, Any], facts: Mapping[str, Any], place: str = "", *, mark: str = "") -> bytes:
    """The worksheet ``data`` (as ``Worksheet.as_data`` gives it) on ``facts``, with formulas that recalculate.

    ``place`` is the name of its place. Facts that no longer read as they are declared today leave lines as values.
    ``mark`` says on every sheet, and on every page printed from it, what a reader must know before the figures.
    """
    sheet = SHEETS.get(data["sheet"])
    declared = sheet.facts if sheet else fact.Record({}, open=True)
    try:
        given = fact.read(facts, declared)
    except Refused:
        declared, given = fact.Record({}, open=True), dict(facts)
    title = f"{sheet.title} {sheet.title_en}" if sheet else data["sheet"]
    stands_on = f"{place or data['place']}  {data['on']}  规则摘要 rules {data['book_digest']}"
    book = Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    fill(book, Source(data, given, declared), [title, stands_on])
    _mark(book, mark)
    book.calculation = CalcProperties(fullCalcOnLoad=True)
    day = date.fromisoformat(data["on"])
    book.properties.creator, book.properties.title = "gongzhi", title
    book.properties.created = datetime(day.year, day.month, day.day)  # noqa: DTZ001
    file = io.BytesIO()
    book.save(file)
    return settled(file.getvalue(), data["on"])


def _mark(book: Workbook, mark: str) -> None:
    for paper in book.worksheets if mark else ():
        heading = paper.cell(1, 1)
        text(heading, f"{mark}　{heading.value}")
        heading.font = Font(bold=True, color="B3202B")
        paper.oddHeader.center.text = paper.evenHeader.center.text = mark.replace("&", "&&")
        paper.sheet_properties.tabColor = "B3202B"


def settled(content: bytes, day: str) -> bytes:
    """The same archive without the moment it was written."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as written, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as settled:
        for entry in written.infolist():
            part = written.read(entry)
            if entry.filename == "docProps/core.xml":
                part = _MODIFIED.sub(rb"\g<1>" + f"{day}T00:00:00Z".encode() + rb"\g<2>", part)
            settled.writestr(zipfile.ZipInfo(entry.filename, _EPOCH), part, zipfile.ZIP_DEFLATED)
    return file.getvalue()
