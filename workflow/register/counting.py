"""What a file of the register says, asked of DuckDB: who is in it twice, how many there are, and what has changed."""

# ruff: noqa: S608 - every name and day in these texts is our own, and paths are quoted
from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from governance.refusal import Refusal
from workflow.banking.rows import Reading
from workflow.claims.engine import cursor, quoted
from workflow.i18n import lazy as _
from workflow.register.reading import HEADERS, JOINS, LEAVES, WHO, Row, Term

MOST_SAID = 51
_OVERLAP = "a.since <= coalesce(b.until, '9999-12-31') AND b.since <= coalesce(a.until, '9999-12-31')"


def _there(last: str) -> str:
    """Who is counted: whoever is still insured once the last day of the period is over."""
    return f"(until IS NULL OR until > '{last}')"


@contextmanager
def staged(rows: Sequence[tuple[int, Row]]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor with the rows as the table ``staged``, each with its number in the upload."""
    with tempfile.TemporaryDirectory(prefix="register-") as folder, cursor() as database:
        path = Path(folder) / "rows.csv"
        with path.open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle, lineterminator="\n").writerows((number, *row) for number, row in rows)
        types = {"row": "BIGINT", **dict.fromkeys(HEADERS, "VARCHAR")}
        database.execute(
            f"CREATE TEMP TABLE staged AS SELECT * FROM read_csv({quoted(str(path))}, header = false, sep = ',',"
            f" auto_detect = false, quote = '', escape = '', nullstr = '', columns = {types})"
        )
        try:
            yield database
        finally:
            database.execute("DROP TABLE staged")


def note_twice(database: duckdb.DuckDBPyConnection, reading: Reading) -> None:
    """Name the rows that have one person in one pool at the same time."""
    found = database.execute(
        f"SELECT a.row, b.row, a.consortium = b.consortium FROM staged a JOIN staged b ON a.person = b.person"
        f" AND a.pool = b.pool AND a.row < b.row AND {_OVERLAP} ORDER BY 2, 1 LIMIT {MOST_SAID}"
    )
    for first, second, same in found.fetchall():
        said = (
            _("与第 %(row)s 行是同一人、同一险种，时间重叠（重复登记）", row=first)
            if same
            else _("与第 %(row)s 行是同一人、同一险种，却属于两个医共体；一人同期只能归属一个", row=first)
        )
        reading.wrong(second, HEADERS["person"], said)


def note_elsewhere(database: duckdb.DuckDBPyConnection, reading: Reading, others: Mapping[Path, Any]) -> None:
    """Name the rows whose person another place's file of the period has in the same pool at the same time."""
    for path, name in others.items():
        found = database.execute(
            f"SELECT DISTINCT a.row FROM staged a JOIN read_parquet(?) b ON a.person = b.person AND a.pool = b.pool"
            f" AND {_OVERLAP} ORDER BY 1 LIMIT {MOST_SAID}",
            [str(path)],
        )
        for (number,) in found.fetchall():
            said = _("同一人同一险种同期已在%(place)s的名册里，请两地经办机构核对", place=name)
            reading.wrong(number, HEADERS["person"], said)


def note_unexplained(
    database: duckdb.DuckDBPyConnection, reading: Reading, before: tuple[Path, Term], term: Term
) -> None:
    """Name the newcomers without a reason, and how many have vanished without one, against the period before."""
    _compare(database, before, term)
    joins = ", ".join(f"'{one}'" for one in JOINS)
    found = database.execute(
        f"SELECT row FROM joined WHERE coalesce(change, '') NOT IN ({joins}) ORDER BY 1 LIMIT {MOST_SAID}"
    )
    for (number,) in found.fetchall():
        reading.wrong(number, HEADERS["change"], _("上期不在这个医共体，须写明出生、迁入或新参保"))
    found = database.execute(
        "SELECT consortium, pool, count(*), min(substr(person, 1, 12)) FROM gone WHERE change IS NULL"
        " GROUP BY ALL ORDER BY ALL"
    )
    for consortium, pool, heads, one in found.fetchall():
        said = _(
            "上期在册的 %(heads)s 人（%(consortium)s，%(pool)s）本期没有出现，也没有死亡、迁出或停保的行；其中一人密文开头为 %(one)s",
            heads=heads, consortium=consortium, pool=pool, one=one,
        )  # fmt: skip
        reading.wrongs.append(Refusal(reason=said, reason_en=f"{heads} people of {consortium} ({pool}) have vanished",
                                      who=WHO, field="file", fact="gone"))  # fmt: skip


def _compare(database: duckdb.DuckDBPyConnection, before: tuple[Path, Term], term: Term) -> None:
    """The tables ``joined`` and ``gone``: who is there now and was not before, and the reverse, with the reason."""
    path, earlier = before
    leaves = ", ".join(f"'{one}'" for one in LEAVES)
    for statement in (
        f"CREATE OR REPLACE TEMP TABLE stood AS SELECT person, pool, consortium FROM read_parquet({quoted(str(path))})"
        f" WHERE {_there(earlier.last.isoformat())}",
        f"CREATE OR REPLACE TEMP TABLE stands AS SELECT * FROM staged WHERE {_there(term.last.isoformat())}",
        "CREATE OR REPLACE TEMP TABLE joined AS"
        " SELECT * FROM stands ANTI JOIN stood USING (person, pool, consortium)",
        "CREATE OR REPLACE TEMP TABLE gone AS SELECT g.person, g.pool, g.consortium, any_value(s.change) AS change"
        " FROM (SELECT * FROM stood ANTI JOIN stands USING (person, pool, consortium)) g"
        f" LEFT JOIN (SELECT * FROM staged WHERE change IN ({leaves})) s USING (person, pool, consortium)"
        " GROUP BY ALL",
    ):
        database.execute(statement)


def counted(
    database: duckdb.DuckDBPyConnection, term: Term, before: tuple[Path, Term] | None
) -> list[dict[str, Any]]:
    """Heads of each consortium and pool at the end of the period, and how they came about since the one before.

    ``heads == before + joins - leaves`` holds for every line; without a period before, its keys are left out.
    """
    lines: dict[tuple[str, str], dict[str, Any]] = {}

    def line(consortium: str, pool: str) -> dict[str, Any]:
        fresh: dict[str, Any] = {"consortium": consortium, "pool": pool, "heads": 0}
        if before is not None:
            fresh |= {"before": 0, **dict.fromkeys((*JOINS, *LEAVES), 0)}
        return lines.setdefault((consortium, pool), fresh)

    here = f"SELECT consortium, pool, 'heads', count(*) FROM staged WHERE {_there(term.last.isoformat())} GROUP BY ALL"
    queries = [here]
    if before is not None:
        _compare(database, before, term)
        queries += [
            "SELECT consortium, pool, 'before', count(*) FROM stood GROUP BY ALL",
            "SELECT consortium, pool, change, count(*) FROM joined GROUP BY ALL",
            "SELECT consortium, pool, change, count(*) FROM gone GROUP BY ALL",
        ]
    for query in queries:
        for consortium, pool, name, heads in database.execute(query).fetchall():
            line(consortium, pool)[name] = heads
    for one in lines.values():
        if before is not None:
            added, lost = sum(one[name] for name in JOINS), sum(one[name] for name in LEAVES)
            assert one["heads"] == one["before"] + added - lost, one
    return [lines[key] for key in sorted(lines)]
