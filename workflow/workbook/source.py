"""What the formula of a line may refer to: facts, the rule the line stands on, other lines, and cells of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from workflow.workbook.exact import LARGEST, NotExact, Term, amount
from workflow.workbook.layout import FIRST_ROW, LINES, WORKINGS, Table, fact_table, places_of, rule_table

Line = Mapping[str, Any]
_GROUPS = {"members": "member", "consortia": "consortium", "units": "unit", "townships": "township"}
# The decimals that another line counts with, by the unit of a value.
_NUMBERS = {"points": 2, "ratio": 6, "per_10000": 6, "multiple": 6}
_CELL = re.compile(r"'[^']+'!\$[A-Z]+\$[0-9]+")


@dataclass(slots=True)
class Workings:
    """The rows of intermediate results: each a list of texts (names) and formulas (beginning with ``=``)."""

    rows: list[list[str]] = field(default_factory=list)

    def add(self, cells: list[str]) -> int:
        """Write a row and say which one it is."""
        self.rows.append(cells)
        return len(self.rows) + FIRST_ROW - 1

    @property
    def next(self) -> int:
        """The row that is written next."""
        return len(self.rows) + FIRST_ROW

    def cell(self, column: str, row: int) -> str:
        """The name of a cell."""
        return f"'{WORKINGS}'!${column}${row}"


class Source:
    """One worksheet with its facts: the terms its lines are made of."""

    def __init__(self, data: Mapping[str, Any], given: Mapping[str, Any], declared: Any) -> None:
        self.data, self.given = data, given
        self.lines: list[Line] = list(data["lines"])
        self.facts: Table = fact_table(given, declared)
        self.rules, self.provisions = rule_table(self.lines)
        self.fixed: set[str] = set()
        self.begin()
        self._rows = {line["key"]: index + FIRST_ROW for index, line in enumerate(self.lines)}
        self._places = {f"{group}.{one[name]}": f"{group}[{index}]"
                        for group, name in _GROUPS.items() for index, one in enumerate(given.get(group) or ())}

    def begin(self) -> None:
        """Start over with no intermediate results; ``fixed`` stays, the lines that are values."""
        self.workings = Workings()
        self.tables: dict[str, list[Term]] = {}

    def has_line(self, key: str) -> bool:
        """Whether the worksheet has the line."""
        return key in self._rows

    def cell(self, key: str) -> str:
        """The cell of a line's amount or value; raises NotExact when the worksheet has no such line."""
        if key not in self._rows or key in self.fixed:
            raise NotExact(f"no line {key} that follows the facts")
        return f"'{LINES}'!$D${self._rows[key]}"

    def line(self, key: str) -> Term:
        """Another line's amount in fen, or its number."""
        cell, line = self.cell(key), self.lines[self._rows[key] - FIRST_ROW]
        if line["amount_fen"] is not None:
            return amount(cell, line["amount_fen"])
        if isinstance(line["value"], int) and not isinstance(line["value"], bool):
            return amount(cell, line["value"])
        if line["unit"] not in _NUMBERS or line["value"] is None:
            raise NotExact(f"{key} is not a number")
        value = Decimal(line["value"])
        over = 10 ** max(_NUMBERS[line["unit"]], places_of(value))
        if abs(value) * over >= LARGEST:
            raise NotExact(f"{key} has too many digits")
        count = f"ROUND({cell}*{over},0)"
        return Term(f"IF({count}/{over}={cell},{count},NA())", Fraction(value), over)

    def fact(self, path: str) -> Term:
        """A fact that is a number."""
        return self.facts.term(path)

    def about(self, line: Line) -> tuple[str, str]:
        """The group of a line about one member or consortium, as the prefix of its lines and of its facts."""
        for prefix, place in self._places.items():
            if line["key"].startswith(f"{prefix}."):
                return f"{prefix}.", f"{place}."
        group, _, rest = line["key"].partition(".")
        return (f"{group}.{rest.partition('.')[0]}.", "") if group == "modes" else ("", "")

    def record(self, key: str) -> str:
        """The facts of what a line names: ``adjustments.X`` → the adjustment whose name is X."""
        group, _, name = key.partition(".")
        for index, one in enumerate(self.given.get(group) or ()):
            if isinstance(one, Mapping) and name in (one.get("name"), one.get("member"), one.get("consortium"),
                                                     str(one.get("year"))):
                return f"{group}[{index}]"
        raise NotExact(f"no fact {key}")

    def rule(self, line: Line, below: str = "") -> Term:
        """A number of the rule the line stands on."""
        return self.rules.term(self.rule_path(line) + below)

    def rule_path(self, line: Line) -> str:
        """The path of the rule the line stands on; raises NotExact when it stands on none."""
        if line["provision"] is None:
            raise NotExact("no rule")
        return str(line["provision"]["rule"])

    def rule_value(self, line: Line) -> Any:
        """The rule's value as it was stored."""
        self.rule_path(line)
        return line["provision"]["value"]

    def keep(self, name: str, term: Term) -> Term:
        """Give an intermediate result its own cell, #N/A beyond what is exact; a cell already stays itself."""
        if _CELL.fullmatch(term.text):
            return term
        if abs(term.count) >= LARGEST:
            raise NotExact("too large for a spreadsheet")
        row = self.workings.next
        checked = f"=IF(ABS($C${row})<1E+15,$C${row},NA())"
        self.workings.add([name, f"÷{term.over}" if term.over > 1 else "", f"={term.text}", checked])
        return Term(self.workings.cell("D", row), term.value, term.over)

    def each(self, group: str) -> list[tuple[str, str]]:
        """The members or consortia: prefix of their lines, prefix of their facts."""
        return [(f"{prefix}.", f"{place}.") for prefix, place in self._places.items() if prefix.startswith(f"{group}.")]
