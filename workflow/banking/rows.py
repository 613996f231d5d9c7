"""Rows of an uploaded table by the names of their columns; everything that is wrong in it at once, or none."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from governance.money import parse_yuan
from governance.refusal import Refusal, Refused
from workflow.claims.container import BadRows, cells
from workflow.i18n import lazy as _

TOTAL = ("合计", "total", "总计")
MOST_SAID = 50
MOST_ROWS = 5_000
LONGEST_CELL = 200
_DAY = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})")
_FORMULA = ("=", "+", "-", "@", "\t")


@dataclass
class Reading:
    """The rows found so far, and what is wrong with them."""

    who: Any
    wrongs: list[Refusal] = field(default_factory=list)

    def wrong(self, row: int, column: Any, reason: Any) -> None:
        """One thing wrong in a row, as the spreadsheet numbers it."""
        said = _("第 %(row)s 行“%(column)s”：%(reason)s", row=row, column=column, reason=reason)
        english = f"Row {row}, {column}"
        self.wrongs.append(Refusal(reason=said, reason_en=english, who=self.who, field="file", fact=f"row.{row}"))

    def finish(self) -> None:
        """Raise ``Refused`` with everything that is wrong, the first fifty of it in words."""
        if not self.wrongs:
            return
        more = len(self.wrongs) - MOST_SAID
        said = self.wrongs[:MOST_SAID]
        if more > 0:
            said.append(Refusal(reason=_("另有 %(more)s 处错误", more=more), who=self.who, field="file", fact="more"))
        raise Refused(*said)


def read_table(
    content: bytes, name: str, headers: Mapping[str, Sequence[str]], optional: frozenset[str], who: Any
) -> list[tuple[int, dict[str, str]]]:
    """The rows of a CSV or .xlsx by their columns' keys, without the line of totals.

    ``headers`` gives each column's names, the first for people. Raises ``Refused`` for a file that is none, or
    without a column, without rows, or with too many.
    """
    try:
        found = list(cells(content, name))
    except BadRows as bad:
        raise Refused(
            *(_bad(one.row, one.column, one.problem, one.problem_en, one.mend, who) for one in bad.errors[:MOST_SAID])
        ) from bad
    if not found:
        raise _refused(_("文件里没有内容"), who)
    head = [cell.strip().lower() for cell in found[0][1]]
    places: dict[str, int] = {}
    for key, names in headers.items():
        at = [number for number, cell in enumerate(head) if cell in {one.lower() for one in names}]
        if len(at) > 1:
            raise _refused(_("“%(column)s”列出现了 %(times)s 次", column=names[0], times=len(at)), who)
        if at:
            places[key] = at[0]
    missing = [names[0] for key, names in headers.items() if key not in places and key not in optional]
    if missing:
        raise _refused(_("缺少这些列：%(columns)s", columns="、".join(missing)), who)
    rows = [
        (number, {key: row[at] if at < len(row) else "" for key, at in places.items()})
        for number, row in found[1:]
        if row[0].strip().lower() not in TOTAL
    ]
    if not rows or len(rows) > MOST_ROWS:
        raise _refused(_("文件里没有数据行，或超过 %(most)s 行", most=MOST_ROWS), who)
    return rows


def _bad(row: int, column: str, problem: str, problem_en: str, mend: str, who: Any) -> Refusal:
    place = f"{column}{row}：" if row else ""
    return Refusal(reason=f"{place}{problem}；{mend}", reason_en=problem_en, who=who, field="file", fact="file")


def _refused(reason: Any, who: Any) -> Refused:
    return Refused(Refusal(reason=reason, who=who, field="file", fact="file"))


def amount_of(text: str) -> int:
    """An amount in yuan as fen; raises ``ValueError`` with what is wrong."""
    try:
        return parse_yuan(text)
    except Refused as refused:
        raise ValueError(str(refused.refusals[0].reason)) from refused


def positive(text: str) -> int:
    """An amount in yuan above zero as fen; raises ``ValueError``."""
    fen = amount_of(text)
    if fen <= 0:
        raise ValueError(_("金额必须大于零"))
    return fen


def plain_text(text: str) -> str:
    """Text that is no formula, printable, and not too long; raises ``ValueError``."""
    if text.startswith(_FORMULA) or not text.isprintable() or len(text) > LONGEST_CELL:
        raise ValueError(_("不能以 = + - @ 开头，不能有控制字符，最多 %(most)s 字", most=LONGEST_CELL))
    return text


def named(text: str) -> str:
    """Text that is there, as ``plain_text``; raises ``ValueError``."""
    if not text:
        raise ValueError(_("不能为空"))
    return plain_text(text)


def day_of(text: str) -> str:
    """A day written ``2026-11-23`` or ``20261123`` as ISO text; raises ``ValueError``."""
    found = _DAY.fullmatch(text)
    try:
        if found is not None:
            return date(*(int(part) for part in found.groups())).isoformat()
    except ValueError:
        pass
    raise ValueError(_("请按 2026-11-23 的样子填写日期"))


def cell(reading: Reading, number: int, row: Mapping[str, str], key: str, name: str, read: Callable[[str], Any]) -> Any:
    """What ``read`` makes of a cell; ``None`` where it says what is wrong."""
    try:
        return read(row.get(key, ""))
    except ValueError as error:
        reading.wrong(number, name, error.args[0])
        return None
