"""What an uploaded claims file really is, checked before anything parses it, and its cells as text."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

MAX_BYTES = 20 * 2**20
MAX_UNPACKED_BYTES = 200 * 2**20
MAX_RATIO = 100
MAX_ENTRIES = 1_000
MAX_SHEET_ROWS = 99_999

_WORKBOOK = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_CHUNK_BYTES = 1 << 20
_OVERLAP_BYTES = 512
_FORMULA = re.compile(rb"<(?:\w+:)?f(?=[\s/>])")
_ERROR_CELL = re.compile(rb"<(?:\w+:)?c\s[^>]*?\bt\s*=\s*[\"']e[\"'][^>]*>")
_CELL_REFERENCE = re.compile(rb"<(?:\w+:)?c\s[^>]*?\br\s*=\s*[\"']([A-Za-z]+)([0-9]+)[\"']")
_FAR_CELL = re.compile(rb"\br\s*=\s*[\"'](?:[A-Za-z]{3,}|[B-Zb-z][A-Za-z]|[A-Za-z]*(?=[0-9]{6}))[0-9]+[\"']")
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_MAGIC = {
    b"%PDF": "PDF", b"\xd0\xcf\x11\xe0": "旧版 Office（.xls/.doc）或加密文件", b"PK": "压缩包或 Excel 工作簿",
    b"\x89PNG": "图片", b"\xff\xd8\xff": "图片", b"GIF8": "图片", b"PAR1": "Parquet", b"\x1f\x8b": "压缩包",
    b"Rar!": "压缩包", b"7z\xbc\xaf": "压缩包", b"<": "网页或 XML", b"MZ": "程序",
}


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing wrong: the row as the user sees it in the file (0 for the file itself), the column, and the mend."""

    row: int
    column: str
    value: str
    problem: str
    problem_en: str
    mend: str


class BadRows(Exception):
    """Nothing was imported; every error at once, in the order of the file."""

    def __init__(self, errors: list[RowError], rows: int = 0) -> None:
        self.errors, self.rows = errors, rows
        super().__init__(self.summary)

    @property
    def summary(self) -> str:
        """One sentence for the head of the page."""
        bad = {error.row for error in self.errors if error.row > 1}
        if not bad:
            return f"文件不能导入：{self.errors[0].problem}。未导入任何数据"
        return f"{self.rows:,} 行中 {len(bad):,} 行有错，未导入任何数据"


def refuse_file(problem: str, problem_en: str, mend: str) -> BadRows:
    """The refusal of a whole file."""
    return BadRows([RowError(0, "", "", problem, problem_en, mend)])


def cells(data: bytes, filename: str) -> Iterator[tuple[int, list[str]]]:
    """Row number (from 1, as a spreadsheet shows it) and its cells as text, blank rows left out.

    Raises BadRows when the file is not a CSV or .xlsx, is not what its name says, or is too large once unpacked.
    """
    if not data:
        raise refuse_file("文件是空的", "the file is empty", "重新导出后再上传")
    if len(data) > MAX_BYTES:
        raise refuse_file("文件超过 20 MB", "the file is larger than 20 MB", "按机构或按类别拆成几个文件")
    extension = filename.rpartition(".")[2].lower()
    if extension == "csv":
        return _csv_cells(data)
    if extension == "xlsx":
        _check_workbook(data)
        return _sheet_cells(data)
    raise refuse_file("只接受 .csv 和 .xlsx 文件", "only .csv and .xlsx files are accepted",
                      "用表格软件另存为“Excel 工作簿（.xlsx）”或“CSV”")


def _csv_cells(data: bytes) -> Iterator[tuple[int, list[str]]]:
    for magic, kind in _MAGIC.items():
        if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(magic):
            raise refuse_file(f"文件内容是{kind}，不是 CSV", "the content is not CSV", "用表格软件另存为 CSV 后再上传")
    if b"\x00" in data:
        raise refuse_file("文件含有空字节，不是 CSV 文本", "the file holds NUL bytes", "另存为“CSV UTF-8”后再上传")
    text = _decoded(data)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 0
    try:
        for number, row in enumerate(reader, start=1):
            stripped = [cell.strip(" \t\r\n") for cell in row]
            if any(stripped):
                yield number, stripped
    except csv.Error as error:
        raise BadRows([RowError(number + 1, "", "", "引号不成对或单元格过长，无法读取", f"not readable as CSV: {error}",
                                "检查该行的双引号，或改用 .xlsx 上传")]) from error


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise refuse_file("文字编码既不是 UTF-8 也不是 GB18030", "the text is neither UTF-8 nor GB18030",
                      "另存为“CSV UTF-8”后再上传")


def _check_workbook(data: bytes) -> None:
    """The archive is a workbook without macros, within bounds, every entry unpacked once and looked at."""
    broken = refuse_file("文件内容不是 Excel 工作簿（.xlsx）", "the content is not an .xlsx workbook",
                         "用表格软件打开，另存为“Excel 工作簿（.xlsx）”；加密的先取消密码")
    if not data.startswith(b"PK\x03\x04"):
        raise broken
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_bounds(entries, len(data))
            names = {entry.filename for entry in entries}
            if any("vbaproject" in name.lower() for name in names):
                raise refuse_file("工作簿带宏", "the workbook has macros", "另存为不带宏的 .xlsx")
            if "[Content_Types].xml" not in names or _WORKBOOK not in archive.read("[Content_Types].xml"):
                raise broken
            if any(name.startswith(("/", "\\")) or ".." in name for name in names) or len(names) < len(entries):
                raise broken
            formulas = [error for entry in entries for error in _looked_at(archive, entry)]
    except (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        raise broken from error
    except Exception as error:
        if type(error).__module__ in ("zlib", "_lzma", "lzma"):
            raise broken from error
        raise
    if formulas:
        raise BadRows(formulas)


def _check_bounds(entries: list[zipfile.ZipInfo], size_bytes: int) -> None:
    unpacked_bytes = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES:
        raise refuse_file("压缩包内文件过多（超过 1000 个）", "the archive has more than 1,000 entries",
                          "另存为新的 .xlsx")
    if unpacked_bytes > MAX_UNPACKED_BYTES or unpacked_bytes > MAX_RATIO * size_bytes:
        raise refuse_file("文件解压后过大（超过 200 MB 或 100 倍）",
                          "the file unpacks to over 200 MB or 100 times its size",
                          "删去多余的工作表和格式，或改用 CSV")


def _looked_at(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> list[RowError]:
    """Unpack an entry in pieces (a false size or checksum shows here); formulas and failed ones, with their cells."""
    sheet = "worksheets/" in entry.filename
    errors: list[RowError] = []
    kept, seen_bytes = b"", 0
    with archive.open(entry) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            seen_bytes += len(chunk)
            window = kept + chunk
            # A relationship may name any entry as a sheet, so what an entry holds decides, not where it is.
            sheet = sheet or b"sheetData" in window
            markup = sheet or entry.filename.endswith((".xml", ".rels"))
            if markup and (b"\x00" in chunk or _DOCTYPE.search(window)):
                raise refuse_file("工作簿含有不允许的 XML 声明或编码",
                                  "the workbook declares entities or odd encodings",
                                  "用表格软件打开，另存为新的 .xlsx")
            if sheet and _FAR_CELL.search(window):
                raise refuse_file("工作表超出 52 列或 99,999 行", "the sheet is beyond 52 columns or 99,999 rows",
                                  "删去右侧和下方的空白格式，或改用 CSV")
            if sheet:
                errors += [_cell_error(window, found.end(), failed) for failed in (False, True)
                           for found in (_ERROR_CELL if failed else _FORMULA).finditer(window)
                           if found.end() > len(kept)]
            kept = window[-_OVERLAP_BYTES:]
    if seen_bytes != entry.file_size:
        raise zipfile.BadZipFile(entry.filename)
    return errors


def _cell_error(window: bytes, end: int, failed: bool) -> RowError:
    """A cell that is a formula, or (``failed``) the error one left behind, which would read as an empty cell."""
    references = _CELL_REFERENCE.findall(window[max(0, end - _OVERLAP_BYTES):end])
    column, row = references[-1] if references else (b"", b"0")
    if failed:
        return RowError(int(row), column.decode(), "", "单元格是错误值（如 #REF!），不是金额或文字",
                        "the cell holds an error such as #REF!", "改正后粘贴为数值再上传")
    return RowError(int(row), column.decode(), "", "单元格是公式，不是数值", "the cell is a formula",
                    "复制后“选择性粘贴为数值”再上传")


def _sheet_cells(data: bytes) -> Iterator[tuple[int, list[str]]]:
    from python_calamine import CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except Exception as error:
        raise refuse_file("Excel 工作簿无法读取", "the workbook cannot be read",
                          "用表格软件打开并另存为新的 .xlsx") from error
    for number, row in enumerate(rows, start=1):
        texts = [_cell_text(cell) for cell in row]
        if any(texts):
            yield number, texts


def _cell_text(cell: Any) -> str:
    """An Excel cell as the text a person would have typed: numbers by their shortest decimal form."""
    if isinstance(cell, str):
        return cell.strip(" \t\r\n")
    if isinstance(cell, bool) or cell is None:
        return "" if cell is None else str(cell).upper()
    if isinstance(cell, (int, float)):
        if abs(cell) >= 1e15:
            return repr(float(cell))
        return format(Decimal(repr(cell)), "f").removesuffix(".0")
    if isinstance(cell, datetime):
        return (cell.date() if cell.time().isoformat() == "00:00:00" else cell).isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)
