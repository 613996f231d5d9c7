"""A claims file becomes a batch of checked rows, or every error in it at once; never a part of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from workflow.claims.checking import Expected, identity_wrongs, mirror_wrongs, wrongs_of
from workflow.claims.columns import (
    COLUMNS,
    IGNORED_HEADERS,
    INDEX,
    KEYS,
    REQUIRED,
    BadCell,
    Column,
    Value,
    column_of,
)
from workflow.claims.container import BadRows, RowError, cells, refuse_file

__all__ = ["BadRows", "Batch", "Expected", "RowError", "read"]

Row = tuple[Value, ...]
KnownRows = Callable[[list[str]], Mapping[str, Row]]
_LABELS = {column.key: column.label for column in COLUMNS}


@dataclass(frozen=True, slots=True)
class Batch:
    """A whole file that holds: rows in the order of ``columns.KEYS``, amounts in fen, days as ISO text.

    ``numbers`` are where the rows stand in the file.
    """

    consortium: str
    pool: str
    period: str
    rows: tuple[Row, ...]
    filename: str
    file_sha256: str
    numbers: tuple[int, ...] = ()

    def as_dicts(self) -> list[dict[str, Value]]:
        """The rows by name."""
        return [dict(zip(KEYS, row, strict=True)) for row in self.rows]


@dataclass(slots=True)
class _Reading:
    """The file as it is being read: the rows so far, where each is, and everything wrong with them."""

    expected: Expected
    headers: dict[str, str] = field(default_factory=dict)
    named: set[int] = field(default_factory=set)
    rows: list[Row] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    identities: list[tuple[int, str, str | None]] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    seen: int = 0

    def wrong(self, row: int, key: str, value: object, problem: str, problem_en: str, mend: str) -> None:
        column = self.headers.get(key, _LABELS.get(key, key))
        shown = "" if value is None else str(value)[:100]
        self.errors.append(RowError(row, column, shown, problem, problem_en, mend))


def read(data: bytes, filename: str, *, expected: Expected, known_rows: KnownRows | None) -> Batch:
    """The rows of a CSV (UTF-8 or GB18030) or .xlsx file, all of them or none.

    ``known_rows`` answers, once, the rows of those of the given claim ids that were imported before. Raises BadRows
    with every error: what the file is not, headers, cells, rows that contradict themselves, duplicates, reversals of
    nothing or of something else.
    """
    lines = iter(cells(data, filename))
    first = next(lines, None)
    if first is None:
        raise refuse_file("文件里没有内容", "the file has no rows", "重新导出后再上传")
    reading = _Reading(expected)
    columns = _header(reading, *first)
    for number, line in lines:
        reading.seen += 1
        row = _row(reading, columns, number, line)
        if row is not None:
            reading.rows.append(row)
            reading.numbers.append(number)
    if not reading.seen:
        raise refuse_file("文件只有表头，没有数据行", "the file has a header and no rows", "确认导出范围后再上传")
    _check_identity(reading, known_rows)
    if reading.errors:
        raise BadRows(sorted(reading.errors, key=lambda error: error.row), reading.seen)
    return Batch(expected.consortium, expected.pool, expected.period, tuple(reading.rows), filename,
                 hashlib.sha256(data).hexdigest(), tuple(reading.numbers))


_Cells = list[tuple[int, Column, Callable[[str], Value]]]


def _header(reading: _Reading, number: int, line: list[str]) -> _Cells:
    """Which cell holds which column; raises BadRows for unknown, repeated or missing headers."""
    columns: _Cells = []
    reading.named = {position for position, header in enumerate(line) if header}
    for position, header in enumerate(line):
        found = column_of(header)
        if found is None:
            if header and header not in IGNORED_HEADERS:
                reading.wrong(number, header[:50], header, "不认识的列", "unknown column",
                              "删除此列，或改成模板里的列名")
            continue
        column, parse = found
        if column.key in reading.headers:
            reading.wrong(number, column.key, header, "列重复", "the column appears twice", "只保留一列")
        reading.headers[column.key] = header
        columns.append((position, column, parse))
    for column in COLUMNS:
        if column.name in REQUIRED and column.key not in reading.headers:
            reading.wrong(number, column.key, None, f"缺少“{column.label}”列", f"column {column.name} is missing",
                          "按模板补上此列")
    if reading.errors:
        raise BadRows(reading.errors)
    return columns


def _row(reading: _Reading, columns: _Cells, number: int, line: list[str]) -> Row | None:
    """One row in the order of ``KEYS``, or None when a cell of it cannot be read."""
    values: list[Value] = [None] * len(KEYS)
    before = len(reading.errors)
    stray = [cell for position, cell in enumerate(line) if cell and position not in reading.named]
    if stray:
        reading.wrong(number, "", stray[0], "单元格没有对应的表头", "a cell under no header",
                      "检查该行是否多了逗号，或补上表头")
    for position, column, parse in columns:
        text = line[position] if position < len(line) else ""
        try:
            if text:
                values[INDEX[column.key]] = parse(text)
            elif column.required:
                raise BadCell("不能为空", "must not be empty", "补填此格")
        except BadCell as bad:
            reading.wrong(number, column.key, text, bad.problem, bad.problem_en, bad.mend)
    if len(reading.errors) > before:
        _note_identity(reading, number, values)
        return None
    row = dict(zip(KEYS, values, strict=True))
    for key, problem, problem_en, mend in wrongs_of(row, reading.expected):
        reading.wrong(number, key, row[key], problem, problem_en, mend)
    _note_identity(reading, number, values)
    return tuple(values)


def _note_identity(reading: _Reading, number: int, values: list[Value]) -> None:
    """Keep the claim id of a row, wrong or not, so that reversals and duplicates are judged on the whole file."""
    claim, target = values[INDEX["claim_id"]], values[INDEX["reverses"]]
    if claim is not None:
        reading.identities.append((number, str(claim), None if target is None else str(target)))


def _check_identity(reading: _Reading, known_rows: KnownRows | None) -> None:
    identities = reading.identities
    asked = sorted({claim for _, claim, _ in identities} | {target for _, _, target in identities if target})
    known = known_rows(asked) if known_rows and asked else {}
    for number, value, (key, problem, problem_en, mend) in identity_wrongs(identities, set(known)):
        reading.wrong(number, key, value, problem, problem_en, mend)
    _check_mirrors(reading, known)


def _check_mirrors(reading: _Reading, known: Mapping[str, Row]) -> None:
    """A reversal takes back what was entered, neither more nor elsewhere."""
    originals = {claim: (row, "以前导入的原结算") for claim, row in known.items()}
    for number, row in zip(reading.numbers, reading.rows, strict=True):
        originals.setdefault(str(row[INDEX["claim_id"]]), (row, f"第 {number} 行的原结算"))
    said = {(error.row, error.column) for error in reading.errors}
    for number, values in zip(reading.numbers, reading.rows, strict=True):
        target = values[INDEX["reverses"]]
        if target not in originals or originals[str(target)][0][INDEX["reverses"]] is not None:
            continue
        row = dict(zip(KEYS, values, strict=True))
        original, where = originals[str(target)]
        for key, problem, problem_en, mend in mirror_wrongs(row, dict(zip(KEYS, original, strict=True)), where):
            if (number, reading.headers.get(key, _LABELS.get(key, key))) not in said:
                reading.wrong(number, key, row[key], problem, problem_en, mend)
