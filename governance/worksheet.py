"""A worksheet: the lines of one calculation, each with its formula, its inputs and the rule it stands on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

from governance.money import plain, round_fen

Value = str | int | bool | None


class ProvisionLike(Protocol):
    """What a line needs of the rule it was calculated under."""

    @property
    def rule(self) -> str: ...
    @property
    def value(self) -> Any: ...
    @property
    def decimal(self) -> Decimal: ...
    @property
    def integer(self) -> int: ...
    def as_data(self) -> dict[str, Any]: ...


class BookLike(Protocol):
    """The rule book in force at one place on one day."""

    @property
    def place(self) -> str: ...
    @property
    def day(self) -> date: ...
    @property
    def digest(self) -> str: ...
    def rule(self, key: str) -> Any: ...
    def find(self, key: str) -> Any | None: ...


@dataclass(frozen=True, slots=True)
class Line:
    """One amount in fen, or one value with its unit, and how it came about.

    ``formula`` is readable; ``inputs`` are the names and values it used; ``provision`` the rule it used, if any.
    """

    key: str
    label: str
    label_en: str
    amount_fen: int | None = None
    value: Value = None
    unit: str = "fen"
    formula: str = ""
    inputs: tuple[tuple[str, Value], ...] = ()
    provision: ProvisionLike | None = None
    reason: str = ""

    def as_data(self) -> dict[str, Any]:
        """The line as plain JSON values, with its rule: key, value, effective date, document and clause."""
        return {
            "key": self.key, "label": self.label, "label_en": self.label_en, "amount_fen": self.amount_fen,
            "value": self.value, "unit": self.unit, "formula": self.formula,
            "inputs": [{"name": name, "value": value} for name, value in self.inputs],
            "provision": self.provision.as_data() if self.provision is not None else None,
            "reason": self.reason or None,
        }


@dataclass(frozen=True, slots=True)
class Worksheet:
    """The lines and results of one calculation under one book; the same facts and book give the same bytes."""

    sheet: str
    place: str
    on: date
    book_digest: str
    lines: tuple[Line, ...]
    results: Mapping[str, Any]

    def as_data(self) -> dict[str, Any]:
        """Plain JSON values: integers are fen, ratios strings without trailing zeros."""
        return {
            "sheet": self.sheet, "place": self.place, "on": self.on.isoformat(), "book_digest": self.book_digest,
            "lines": [line.as_data() for line in self.lines], "results": plain_values(self.results),
        }

    def canonical(self) -> bytes:
        """The one byte form that is stored and hashed: UTF-8 JSON, sorted keys, no spaces, no floats."""
        data = plain_values(self.as_data())
        return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


@dataclass(slots=True)
class Lines:
    """The lines of a worksheet while it is being calculated."""

    written: list[Line] = field(default_factory=list)

    def amount(
        self, key: str, label: str, label_en: str, fen: int, formula: str = "", /, *,
        provision: ProvisionLike | None = None, reason: str = "", parts: Mapping[str, object] | None = None,
        **inputs: object,
    ) -> int:
        """Write an amount in fen and give it back; ``parts`` are inputs whose names come from the facts."""
        used = _inputs(inputs) + _inputs(parts or {})
        self.written.append(Line(key, label, label_en, amount_fen=fen, formula=formula, inputs=used,
                                 provision=provision, reason=reason))
        return fen

    def value(
        self, key: str, label: str, label_en: str, value: object, unit: str, formula: str = "", /, *,
        provision: ProvisionLike | None = None, reason: str = "", **inputs: object,
    ) -> None:
        """Write a ratio, a count, a score or an answer."""
        self.written.append(Line(key, label, label_en, value=_plain_value(value), unit=unit, formula=formula,
                                 inputs=_inputs(inputs), provision=provision, reason=reason))

    def sheet(self, name: str, book: BookLike, results: Mapping[str, Any]) -> Worksheet:
        """The finished worksheet."""
        return Worksheet(name, book.place, book.day, book.digest, tuple(self.written), results)


def plain_values(data: Any) -> Any:
    """The same data as JSON values, decimals as shortest strings; raises TypeError for a float."""
    if data is None or isinstance(data, str | int):
        return data
    if isinstance(data, Decimal):
        return plain(data)
    if isinstance(data, date):
        return data.isoformat()
    if isinstance(data, Mapping):
        return {str(key): plain_values(value) for key, value in data.items()}
    if isinstance(data, Iterable) and not isinstance(data, bytes):
        return [plain_values(value) for value in data]
    raise TypeError(f"{type(data).__name__} has no place in a worksheet")


def _inputs(inputs: Mapping[str, object]) -> tuple[tuple[str, Value], ...]:
    return tuple((name, _plain_value(value)) for name, value in inputs.items())


def _plain_value(value: object) -> Value:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Fraction):
        return plain(Decimal(round_fen(value * 10**6)).scaleb(-6))
    raise TypeError(f"{type(value).__name__} has no place on a line")
