"""Claims files for the tests: a good row, and files made of rows."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from openpyxl import Workbook

from workflow.claims.checking import Expected
from workflow.claims.columns import COLUMNS
from workflow.claims.reading import BadRows, Batch, Row, read

MEMBERS = {"LEAD": "county", "TOWN-1": "township", "TOWN-2": "township"}
EXPECTED = Expected("A", "resident", "2026-03", frozenset(MEMBERS))
NAMES = [column.name for column in COLUMNS]
YUAN_HEADERS = [column.label + ("（元）" if column.name.endswith("_fen") else "") for column in COLUMNS]


def case(claim_id: str = "C1", **changes: Any) -> dict[str, Any]:
    """A DRG case of one's own patient at the lead hospital: 8,000.00 standard, 2,000.00 borne by the patient."""
    row = dict.fromkeys(NAMES, "") | {
        "claim_id": claim_id, "provider": "LEAD", "insured_county": "430000", "insured_consortium": "A",
        "pool": "resident", "period": "2026-03", "admitted_on": "2026-03-02", "discharged_on": "2026-03-09",
        "category": "drg", "group_code": "ES31", "weight": "1.2345", "cost_fen": "790000", "bed_days": "7",
        "standard_fen": "800000", "patient_fen": "200000", "catastrophic_fen": "0", "aid_fen": "0", "other_fen": "0",
        "fund_fen": "600000",
    }
    return row | changes


def reversal(claim_id: str, of: str, **changes: Any) -> dict[str, Any]:
    """The mirror of ``case``."""
    mirrored = {name: f"-{value}" for name, value in case().items() if name.endswith("_fen") and value not in ("", "0")}
    return case(claim_id, reverses=of, **(mirrored | changes))


def csv_of(*rows: dict[str, Any], encoding: str = "utf-8", headers: list[str] | None = None) -> bytes:
    lines = [headers or NAMES, *([str(row[name]) for name in NAMES] for row in rows)]
    return "\r\n".join(",".join(line) for line in lines).encode(encoding)


def yuan_row(row: dict[str, Any]) -> list[Any]:
    """The row as typed in yuan into a spreadsheet, amounts as numbers."""
    return [int(value) / 100 if name.endswith("_fen") and value != "" else (value or None)
            for name, value in row.items()]


def xlsx_of(lines: list[list[Any]]) -> bytes:
    book = Workbook()
    for line in lines:
        book.active.append(line)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def rezipped(data: bytes, changed: dict[str, bytes]) -> bytes:
    """The same archive with some entries replaced or added."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in changed:
                new.writestr(name, old.read(name))
        for name, content in changed.items():
            new.writestr(name, content)
    return target.getvalue()


def accepted(data: bytes, filename: str = "claims.csv", known: frozenset[str] = frozenset(),
             expected: Expected = EXPECTED) -> Batch:
    def rows(ids: list[str]) -> dict[str, Row]:
        """The earlier claims that ``known`` names, each a ``case``."""
        found = [case(one) for one in sorted(known & set(ids))]
        batch = read(csv_of(*found), "earlier.csv", expected=EXPECTED, known_rows=None).rows if found else ()
        return {str(row[0]): row for row in batch}

    return read(data, filename, expected=expected, known_rows=rows)


def refused(data: bytes, filename: str = "claims.csv", known: frozenset[str] = frozenset()) -> BadRows:
    try:
        accepted(data, filename, known)
    except BadRows as bad:
        return bad
    raise AssertionError("the file was accepted")
