"""A checked batch, frozen: one Parquet file whose name is the hash of what it says."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from workflow.claims.columns import AMOUNTS, COLUMNS, INDEX, KEYS
from workflow.claims.engine import cursor
from workflow.claims.reading import Batch, Row

_TYPES = {column.key: column.stored for column in COLUMNS}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A frozen file: content hash, where it is, how many rows, and the plain sums of its amounts in fen."""

    sha256: str
    path: Path
    rows: int
    totals: Mapping[str, int]


def canonical(rows: Iterable[Row]) -> bytes:
    """The rows as UTF-8 lines in the order of claim ids: same content, same bytes, whatever the upload's format.

    No value can hold a comma, a quote or a line end: the columns do not admit them.
    """
    ordered = sorted(rows, key=lambda row: str(row[0]))
    lines = [",".join("" if value is None else str(value) for value in row) for row in ordered]
    return "\n".join([",".join(KEYS), *lines, ""]).encode()


def frozen(batch: Batch, folder: Path) -> StoredFile:
    """Write ``folder/<period>/<consortium>/<pool>-<sha256>.parquet`` once, read-only; the same content is kept."""
    content = canonical(batch.rows)
    sha256 = hashlib.sha256(content).hexdigest()
    path = Path(folder) / batch.period / batch.consortium / f"{batch.pool}-{sha256}.parquet"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as workplace:
            lines, parquet = Path(workplace) / "rows.csv", Path(workplace) / "rows.parquet"
            lines.write_bytes(content)
            rows = cursor().read_csv(
                str(lines), header=True, auto_detect=False, sep=",", quotechar="", escapechar="", na_values="",
                columns=_TYPES)
            rows.write_parquet(str(parquet), compression="zstd")
            parquet.chmod(0o444)
            parquet.replace(path)
    totals = {name: sum(value for row in batch.rows if isinstance(value := row[INDEX[name]], int)) for name in AMOUNTS}
    return StoredFile(sha256, path, len(batch.rows), totals)


def stored_rows(path: Path) -> list[Row]:
    """The rows of a frozen file, in the order of ``columns.KEYS``."""
    found: list[Row] = cursor().execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    return found


def content_sha256(path: Path) -> str:
    """The hash of what a frozen file says now; differs from its recorded hash when anything was changed."""
    return hashlib.sha256(canonical(stored_rows(path))).hexdigest()
