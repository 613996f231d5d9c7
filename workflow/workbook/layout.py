"""Where everything stands in a workbook: the facts and the rules as rows, and the terms that refer to their cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from governance.facts import AnyOf, Kind, ListOf, MapOf, Record
from workflow.workbook.exact import LARGEST, NotExact, Term, Test, amount

LINES, FACTS, RULES, WORKINGS = "计算表", "事实", "规则", "辅助计算"
FIRST_ROW = 5
"""The row of the first fact, rule or line, below the headings."""
_NUMBER = re.compile(r"-?[0-9]{1,14}(\.[0-9]{1,6})?", re.ASCII)
_MOST_DECIMALS = 6
_FACT_DECIMALS = 4


def places_of(value: Decimal) -> int:
    """How many decimals a number needs."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@dataclass(frozen=True, slots=True)
class Row:
    """One fact or one leaf of a rule: where it comes from, its names, its value, and decimals it is read with."""

    path: str
    title: str
    title_en: str
    value: Any
    decimals: int | None = None
    """None for text, truth values and whole numbers; else the cell beside it holds the number × 10**decimals."""


@dataclass(slots=True)
class Table:
    """The rows of one sheet by their paths, values in column D and integers of decimals in column E."""

    sheet: str
    rows: list[Row] = field(default_factory=list)
    at: dict[str, int] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Put a row below the others; the first of a path is the one that is referred to."""
        self.at.setdefault(row.path, len(self.rows) + FIRST_ROW)
        self.rows.append(row)

    def row(self, path: str) -> Row:
        """The row of a path; raises NotExact when there is none."""
        if path not in self.at:
            raise NotExact(f"no {path}")
        return self.rows[self.at[path] - FIRST_ROW]

    def cell(self, path: str) -> str:
        """The cell of a value."""
        self.row(path)
        return f"'{self.sheet}'!$D${self.at[path]}"

    def term(self, path: str) -> Term:
        """A number; raises NotExact when it is none, or not one that a spreadsheet holds exactly."""
        row = self.row(path)
        if isinstance(row.value, bool) or not isinstance(row.value, int | Decimal):
            raise NotExact(f"{path} is not a number")
        if row.decimals is None:
            return amount(self.cell(path), int(row.value))
        if row.decimals > _MOST_DECIMALS or abs(row.value) * 10**row.decimals >= LARGEST:
            raise NotExact(f"{path} has too many digits")
        return Term(f"'{self.sheet}'!$E${self.at[path]}", Fraction(row.value), 10**row.decimals)

    def flag(self, path: str) -> Test:
        """A truth value; absent is no."""
        if path not in self.at:
            return Test("FALSE", False)
        return Test(f"{self.cell(path)}=TRUE", self.row(path).value is True)

    def under(self, path: str) -> list[str]:
        """The paths directly or further below one."""
        return [found for found in self.at if found.startswith((f"{path}.", f"{path}["))]


def fact_table(given: Mapping[str, Any], declared: Record) -> Table:
    """The facts as they were read, absent ones left out, defaults put in."""
    table = Table(FACTS)
    for row in _leaves("", given, declared, ("", "")):
        table.add(row)
    return table


def _leaves(path: str, value: Any, kind: Kind | None, titles: tuple[str, str]) -> Iterator[Row]:
    if isinstance(kind, AnyOf):
        records = [one for one in kind.kinds if isinstance(one, Record)] if isinstance(value, Mapping) else []
        kind = records[0] if records else None
    if isinstance(value, Mapping):
        for name, inner in value.items():
            found = kind.fields.get(name) if isinstance(kind, Record) else None
            below = kind.kind if isinstance(kind, MapOf) else found.kind if found else None
            said = (found.title, found.title_en) if found else (str(name), str(name))
            yield from _leaves(f"{path}.{name}" if path else str(name), inner, below, _joined(titles, said))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, inner in enumerate(value):
            named = str(inner.get(kind.key, index + 1)) if isinstance(kind, ListOf) and kind.key else str(index + 1)
            below = kind.kind if isinstance(kind, ListOf) else None
            yield from _leaves(f"{path}[{index}]", inner, below, _joined(titles, (named, named)))
    elif value is not None:
        decimals = max(_FACT_DECIMALS, places_of(value)) if isinstance(value, Decimal) else None
        yield Row(path, *titles, value, decimals)


def _joined(titles: tuple[str, str], more: tuple[str, str]) -> tuple[str, str]:
    zh, en = (" · ".join(part for part in pair if part) for pair in zip(titles, more, strict=True))
    return zh, en


def rule_table(lines: Sequence[Mapping[str, Any]]) -> tuple[Table, list[tuple[Mapping[str, Any], int, int]]]:
    """The rules the lines stand on, each leaf of each value a row; and each rule with its first row and row count."""
    table, rules, seen = Table(RULES), [], set()
    for line in lines:
        provision = line["provision"]
        if provision is None or provision["rule"] in seen:
            continue
        seen.add(provision["rule"])
        first = len(table.rows)
        titles = (str(provision.get("title") or provision["rule"]), str(provision.get("title_en") or provision["rule"]))
        for row in _rule_leaves(provision["rule"], provision["value"], titles):
            table.add(row)
        rules.append((provision, first + FIRST_ROW, len(table.rows) - first))
    return table, rules


def _rule_leaves(path: str, value: Any, titles: tuple[str, str]) -> Iterator[Row]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _rule_leaves(f"{path}.{name}", inner, _joined(titles, (str(name), str(name))))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _rule_leaves(f"{path}[{index}]", inner, _joined(titles, (str(index + 1), str(index + 1))))
    elif isinstance(value, str) and _NUMBER.fullmatch(value):
        exact = Decimal(value)
        yield Row(path, *titles, exact, places_of(exact) or None)
    else:
        yield Row(path, *titles, value)
