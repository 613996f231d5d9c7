"""Workbooks as LibreOffice recalculates them: what each line of the first sheet comes to."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

MISSING = (
    "没有找到 LibreOffice，工作簿没有重算：apt-get install libreoffice-calc-nogui。"
    " LibreOffice is missing, workbooks were not recalculated: apt-get install libreoffice-calc-nogui."
)
FIRST_ROW = 5
AT_ONCE = 30
AS_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false"


def soffice() -> str | None:
    """The path of LibreOffice, or ``None``."""
    return shutil.which("soffice")


def recalculated(folder: Path, contents: Sequence[bytes]) -> list[list[str]]:
    """What column D of the first sheet of each workbook comes to, row by row, when it is opened and calculated.

    The files hold no values of formulas, so whatever comes back has been calculated.
    """
    (folder / "in").mkdir(parents=True)
    names = [folder / "in" / f"{number:05}.xlsx" for number in range(len(contents))]
    for name, content in zip(names, contents, strict=True):
        name.write_bytes(content)
    for first in range(0, len(names), AT_ONCE):
        done = subprocess.run(
            [str(soffice()), f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--norestore",
             "--convert-to", AS_CSV, "--outdir", str(folder / "out"), *map(str, names[first:first + AT_ONCE])],
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return [_figures(folder / "out" / f"{name.stem}.csv") for name in names]


def _figures(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row[3].replace(",", "") for row in csv.reader(file)][FIRST_ROW - 1:]


def changed(content: bytes, changes: Mapping[str, Any]) -> bytes:
    """The workbook with other values in the cells of facts, by their paths."""
    book = load_workbook(io.BytesIO(content))
    left = dict(changes)
    for row in book["事实"].iter_rows(min_row=FIRST_ROW):
        if row[2].value in left:
            said = left.pop(row[2].value)
            row[3].value = Decimal(said) if isinstance(said, str) else said
    assert not left, left
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def how(content: bytes) -> list[str]:
    """How each line got its figure: ``公式``, ``据实`` or ``数值``."""
    paper = load_workbook(io.BytesIO(content), read_only=True)["计算表"]
    return [str(row[0])[:2] for row in paper.iter_rows(min_row=FIRST_ROW, min_col=5, max_col=5, values_only=True)]


def same(line: Mapping[str, Any], figure: str) -> bool:
    """Whether a cell came to what the line of the worksheet says."""
    said = line["value"] if line["amount_fen"] is None else line["amount_fen"]
    if said is None or isinstance(said, bool):
        return figure == ("" if said is None else str(said).upper())
    numbers = [re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", str(one)) for one in (said, figure)]
    return Decimal(figure) == Decimal(said) if all(numbers) else figure == said
