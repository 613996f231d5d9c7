"""The year's workbook as LibreOffice opens it: every total is the sum of the decided amounts, to the fen."""

from __future__ import annotations

import csv
import subprocess
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.clearing.clearings import Desk
from tests.workbook.recalculation import MISSING, soffice
from tests.year_pack.test_year import PLACE, YEAR, tables
from workflow.year_pack.book import book_of
from workflow.year_pack.tables import Mark, Table

EVERY_SHEET = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
FIRST_ROW = 5


def opened(folder: Path, content: bytes) -> dict[str, list[list[str]]]:
    """Each sheet's rows as LibreOffice calculates and shows them."""
    (folder / "pack.xlsx").write_bytes(content)
    done = subprocess.run(
        [str(soffice()), f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--norestore",
         "--convert-to", EVERY_SHEET, "--outdir", str(folder / "out"), str(folder / "pack.xlsx")],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = {}
    for path in sorted((folder / "out").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.stem.partition("-")[2]] = list(csv.reader(file))
    return found


def many(table: Table, random: Random, number: int) -> Table:
    """The table with many rows of random amounts; one in five is not decided."""
    rows: list[dict[str, Any]] = []
    for index in range(number):
        row = dict(table.rows[0]) | {"code": f"c{index}", "name": (f"样例{index}", f"Sample {index}")}
        for column in table.columns:
            if column.kind == "money":
                row[column.key] = random.randint(-(10**13), 10**13)
            elif column.kind == "day":
                row[column.key] = date(YEAR + 1, 3, 1)
        if index % 5 == 4:
            row |= {column.key: Mark.UNDECIDED for column in table.columns if column.kind in ("money", "day", "hash")}
        rows.append(row)
    return replace(table, rows=rows)


@pytest.mark.skipif(soffice() is None, reason=MISSING)
def test_the_totals_are_those_of_the_clearings(engine: Engine, tmp_path: Path) -> None:
    desk = Desk(engine)
    desk.approved()
    held = list(tables(desk).values())
    random = Random(20261122)
    wide = [many(one, random, 12) if one.key in ("clearing", "retained", "plan") else one for one in held]
    for number, given in enumerate((held, wide)):
        folder = tmp_path / str(number)
        folder.mkdir()
        sheets = opened(folder, book_of(given, PLACE, YEAR))
        assert list(sheets) == sorted(one.title[0] for one in given)
        for table in given:
            rows = sheets[table.title[0]]
            assert not any(cell.startswith(("#", "Err:")) for row in rows for cell in row), table.key
            total = rows[FIRST_ROW - 1 + len(table.rows)]
            assert total[0].startswith("合计")
            for place, column in enumerate(table.columns):
                if column.has_total:
                    said = Decimal(total[place].replace(",", "") or "0") * 100
                    assert said == table.total_fen(column.key), (table.key, column.key)
