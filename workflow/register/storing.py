"""A checked file of the register, frozen: one Parquet file per period and place whose name is the hash of its rows."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import duckdb

from workflow.claims.engine import cursor
from workflow.register.reading import HEADERS, Row

_TYPES = dict.fromkeys(HEADERS, "VARCHAR")


def folder() -> Path:
    """Where frozen files of the register are kept: ``GONGZHI_REGISTER``, else ``var/register``."""
    return Path(os.environ.get("GONGZHI_REGISTER", "var/register"))


def path_of(place: str, period: str, sha256: str) -> Path:
    """Where the file with this hash is kept."""
    return folder() / period / place / f"{sha256}.parquet"


def canonical(rows: Iterable[Row]) -> bytes:
    """The rows as sorted UTF-8 lines: same content, same bytes, whatever the upload's format and order.

    No value can hold a comma, a quote or a line end: the columns do not admit them.
    """
    return "\n".join([",".join(HEADERS), *sorted(",".join(row) for row in rows), ""]).encode()


def frozen(rows: Iterable[Row], place: str, period: str) -> str:
    """Write the rows once, read-only; returns their hash."""
    content = canonical(rows)
    sha256 = hashlib.sha256(content).hexdigest()
    path = path_of(place, period, sha256)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as workplace:
            lines, parquet = Path(workplace) / "rows.csv", Path(workplace) / "rows.parquet"
            lines.write_bytes(content)
            with cursor() as database:
                table = database.read_csv(
                    str(lines), header=True, auto_detect=False, sep=",", quotechar="", escapechar="", na_values="",
                    columns=_TYPES,
                )  # fmt: skip
                table.write_parquet(str(parquet), compression="zstd")
            parquet.chmod(0o444)
            parquet.replace(path)
    return sha256


def content_sha256(path: Path) -> str:
    """The hash of what a frozen file says now; differs from its name when anything was changed, ``""`` if broken."""
    query = f"SELECT {', '.join(HEADERS)} FROM read_parquet(?)"  # noqa: S608 - our own names
    try:
        with cursor() as database:
            found = database.execute(query, [str(path)]).fetchall()
    except duckdb.Error:
        return ""
    return hashlib.sha256(canonical(tuple("" if one is None else one for one in row) for row in found)).hexdigest()
