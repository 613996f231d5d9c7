"""A file of the register becomes rows without a raw identifier, or every error in it at once."""

from __future__ import annotations

import hmac
import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from governance.refusal import Refusal, Refused
from workflow.attempt import refuse
from workflow.banking.rows import Reading
from workflow.claims.columns import POOLS
from workflow.claims.container import MAX_BYTES, MAX_UNPACKED_BYTES, BadRows, cells
from workflow.claims.engine import cursor
from workflow.i18n import lazy as _

Row = tuple[str, ...]
WHO = _("经办机构经办人")
HEADERS = {
    "person": "参保人标识", "pool": "险种", "consortium": "归属医共体", "county": "参保县区", "since": "起始日",
    "until": "截止日", "change": "变动",
}  # fmt: skip
JOINS = {"birth": "出生", "move_in": "迁入", "enrol": "新参保"}
LEAVES = {"death": "死亡", "move_out": "迁出", "leave": "停保"}
CHANGES = JOINS | LEAVES
MOST_PARQUET_BYTES = 200 * 2**20
MOST_ROWS = 3_000_000
LONGEST_CELL = 80
_KEYED = re.compile(r"[0-9A-Fa-f]{64}")
_GIVEN = re.compile(r"[A-Za-z0-9]{6,32}")
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?[eE]\+?[0-9]+|[0-9]+\.[0-9]+")


@dataclass(frozen=True, slots=True)
class Term:
    """The first and last day of a period, a year or a month."""

    first: date
    last: date

    @classmethod
    def of(cls, period: str) -> Term:
        """The days of ``2026`` or ``2026-03``; raises ``Refused``."""
        if not re.fullmatch(r"20[0-9]{2}(-(0[1-9]|1[0-2]))?", period):
            raise refuse(_("期间“%(period)s”不对，请写成 2026 或 2026-03", period=period[:20]), field="period")
        year, month = int(period[:4]), int(period[5:] or 12)
        after = date(year + month // 12, month % 12 + 1, 1)
        return cls(date(year, int(period[5:] or 1), 1), date.fromordinal(after.toordinal() - 1))


@dataclass(slots=True)
class _Table:
    """What the rows are read against, the two ways of naming a person, and what is wrong so far."""

    term: Term
    consortia: Mapping[str, str]
    counties: Collection[str]
    secret: bytes
    reading: Reading
    ways: set[str] = field(default_factory=set)


def keyed(secret: bytes, given: str) -> str:
    """The keyed hash under which a person is kept; a hash that was keyed elsewhere stays as it is, in lower case."""
    if _KEYED.fullmatch(given):
        return given.lower()
    return hmac.digest(secret, b"register.person:" + given.upper().encode(), "sha256").hex()


def read(
    content: bytes, name: str, *, term: Term, consortia: Mapping[str, str], counties: Collection[str], secret: bytes
) -> list[tuple[int, Row]]:
    """Row numbers and rows (in the order of ``HEADERS``, days as ISO text, nothing as ``""``), all of them or none.

    ``consortia`` gives the county of each consortium by its code. Raises ``Refused`` with every wrong row by its
    number and column; what the cell says is never repeated, because it may be somebody's identity.
    """
    lines = _lines(content, name)
    table = _Table(term, consortia, counties, secret, Reading(WHO))
    places = _places(next(lines, (0, []))[1])
    rows = []
    for number, line in lines:
        if len(rows) >= MOST_ROWS:
            raise _wrong_file(_("超过 %(most)s 行", most=MOST_ROWS), "too many rows")
        if any(cell for at, cell in enumerate(line) if at not in places.values()):
            table.reading.wrong(number, "", _("有单元格没有对应的表头"))
        rows.append((number, _row(table, number, {key: line[at] for key, at in places.items() if at < len(line)})))
    if not rows:
        raise _wrong_file(_("文件里没有数据行"), "no rows")
    if len(table.ways) > 1:
        table.reading.wrong(rows[0][0], HEADERS["person"], _("同一文件里既有密文又有原号，请统一用一种"))
    table.reading.finish()
    return rows


def _wrong_file(reason: Any, english: str) -> Refused:
    return Refused(Refusal(reason=reason, reason_en=english, who=WHO, field="file", fact="file"))


def _lines(content: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    if name.lower().endswith(".parquet"):
        return _parquet_lines(content)
    if len(content) > MAX_BYTES:
        raise _wrong_file(_("CSV 和 Excel 不超过 20 MB；更大的名册请另存为 Parquet"), "larger than 20 MB: use Parquet")
    return _text_lines(content, name)


def _text_lines(content: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from cells(content, name)
    except BadRows as bad:
        told = [
            Refusal(
                reason=_("第 %(row)s 行：%(problem)s；%(mend)s", row=one.row, problem=one.problem, mend=one.mend)
                if one.row
                else _("%(problem)s；%(mend)s", problem=one.problem, mend=one.mend),
                reason_en=one.problem_en, who=WHO, field="file", fact=f"row.{one.row}",
            )
            for one in bad.errors[:50]
        ]  # fmt: skip
        raise Refused(*told) from bad


def _parquet_lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """The rows of a Parquet file as text, numbered as a spreadsheet would; it lies on disk only while it is read."""
    broken = _wrong_file(_("文件内容不是可读取的 Parquet"), "not a readable Parquet file")
    if not (content.startswith(b"PAR1") and content.endswith(b"PAR1")) or len(content) > MOST_PARQUET_BYTES:
        raise broken
    with tempfile.TemporaryDirectory(prefix="register-") as folder:
        path = Path(folder) / "given.parquet"
        path.write_bytes(content)
        with cursor() as database:
            try:
                size = database.execute(
                    "SELECT sum(total_uncompressed_size), count(DISTINCT path_in_schema) FROM parquet_metadata(?)",
                    [str(path)],
                ).fetchone()
                if size is None or (size[0] or 0) > MAX_UNPACKED_BYTES * 5 or size[1] > 50:
                    raise broken
                # Whatever the type, a cell is read as the text that it shows, cut where no cell may be so long.
                found = database.execute(
                    "SELECT substr(CAST(COLUMNS(*) AS VARCHAR), 1, ?) FROM read_parquet(?)",
                    [LONGEST_CELL + 1, str(path)],
                )
                yield 1, [str(one[0]).strip() for one in found.description]
                number = 1
                while some := found.fetchmany(10_000):
                    for line in some:
                        number += 1
                        yield number, ["" if one is None else one.strip() for one in line]
            except duckdb.Error as error:
                raise broken from error


def _places(header: list[str]) -> dict[str, int]:
    """Which cell holds which column; a column that the register does not take is refused, not skipped."""
    wanted = {word: key for key, label in HEADERS.items() for word in (key, label)}
    places: dict[str, int] = {}
    wrong = []
    for at, word in enumerate(header):
        key = wanted.get(word.strip().lower())
        if key is None and word:
            said = _("第 %(column)s 列不是名册的列；名册不收姓名、证件号等，请删除此列", column=at + 1)
            wrong.append(Refusal(reason=said, reason_en=f"column {at + 1} is none of the register's", who=WHO,
                                 field="file", fact="header"))  # fmt: skip
        if key in places:
            wrong.append(_wrong_file(_("“%(column)s”列重复", column=HEADERS[key]), f"{key} twice").refusals[0])
        if key is not None:
            places[key] = at
    lacking = "、".join(label for key, label in HEADERS.items() if key not in places)
    if lacking:
        wrong.append(_wrong_file(_("缺少这些列：%(columns)s", columns=lacking), "columns are missing").refusals[0])
    if wrong:
        raise Refused(*wrong)
    return places


def _row(table: _Table, number: int, said: Mapping[str, str]) -> Row:
    def cell(key: str, parse: Callable[[str], str]) -> str:
        try:
            return parse(said.get(key, ""))
        except ValueError as error:
            table.reading.wrong(number, HEADERS[key], error.args[0])
            return ""

    person = cell("person", lambda text: _person(table, text))
    pool = cell("pool", lambda text: _one_of(POOLS, text))
    county = cell("county", lambda text: _county(table, text))
    consortium = cell("consortium", lambda text: _consortium(table, text, county))
    change = cell("change", lambda text: _one_of(CHANGES, text) if text else "")
    since, until = cell("since", _day), cell("until", lambda text: _day(text) if text else "")
    if (wrong := _wrong_term(table.term, since, until, change)) is not None:
        table.reading.wrong(number, HEADERS[wrong[0]], wrong[1])
    return person, pool, consortium, county, since, until, change


def _wrong_term(term: Term, since: str, until: str, change: str) -> tuple[str, Any] | None:
    first, last = term.first.isoformat(), term.last.isoformat()
    if since > last:
        return "since", _("晚于本期最后一天")
    if until and until < since:
        return "until", _("早于起始日")
    if until and until < first:
        return "until", _("早于本期第一天；以前离开的人不再列入")
    if change in LEAVES and not first <= until <= last:
        return "until", _("死亡、迁出、停保须写明在本期内的截止日")
    if until and until <= last and change not in LEAVES:
        return "change", _("截止日在本期内的，须写明死亡、迁出或停保")
    return None


def _person(table: _Table, text: str) -> str:
    if _SCIENTIFIC.fullmatch(text):
        raise ValueError(_("号码被表格软件改成了科学计数，请设为文本格式后重新导出"))
    if not (_KEYED.fullmatch(text) or _GIVEN.fullmatch(text)):
        raise ValueError(_("须是 64 位十六进制密文，或 6 到 32 位半角字母数字的编号；不能是姓名"))
    table.ways.add("keyed" if len(text) == 64 else "given")
    return keyed(table.secret, text)


def _one_of(words: Mapping[str, str], text: str) -> str:
    for key, label in words.items():
        if text in (key, label):
            return key
    raise ValueError(_("只能是：%(known)s", known="、".join(words.values())))


def _county(table: _Table, text: str) -> str:
    if text not in table.counties:
        raise ValueError(_("不是本名册所属地区的县区代码"))
    return text


def _consortium(table: _Table, text: str, county: str) -> str:
    if text not in table.consortia:
        raise ValueError(_("没有这个代码的医共体"))
    if county and table.consortia[text] != county:
        raise ValueError(_("这个医共体不在所填的参保县区"))
    return text


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        day = None
    if day is None or text not in (day.isoformat(), f"{day.isoformat()} 00:00:00") or not 1900 <= day.year <= 2100:
        raise ValueError(_("请按 2026-11-23 的样子填写日期"))
    return day.isoformat()
