"""One answer of the rules on one day: the value, where it is in force, and the clause it comes from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from governance.refusal import Refusal, Refused

STATUSES = ("official", "partly-verified", "default", "unverified", "sample")
STATUS_NAMES = {
    "official": ("正式规定", "official"),
    "partly-verified": ("部分核实", "partly verified"),
    "default": ("参照默认", "borrowed default"),
    "unverified": ("未核实", "unverified"),
    "sample": ("样例", "sample"),
}
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z", re.ASCII)


def canonical(data: object) -> str:
    """JSON with sorted keys and no spaces: equal data, equal text."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def settled(value: Any) -> Any:
    """The value as rule data: numbers and truth values become strings, everything else stays as it is.

    Raises Refused for a float, whose digits are not the ones that were written.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): settled(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [settled(item) for item in value]
    if value is None or isinstance(value, str):
        return value
    raise Refused(Refusal(f"规则的值应是加引号的数字或文字：{value!r}", f"Not rule data, quote numbers: {value!r}"))


@dataclass(frozen=True, slots=True)
class Citation:
    """Where an answer comes from: document id, its title, the clause, and what it says in our own words."""

    document: str
    title: str = ""
    clause: str = ""
    says: str = ""

    def as_data(self) -> dict[str, str]:
        return {"document": self.document, "title": self.title, "clause": self.clause, "says": self.says}


@dataclass(frozen=True, slots=True)
class Provision:
    """A rule's answer at a place since a day. Numbers in ``value`` are strings; ``value`` is not to be changed.

    ``answered_by`` is empty for a rule of the place, ``agreement`` where the agreement fills it in, ``own`` for an
    approval given to this one consortium.
    """

    rule: str
    place: str
    since: date
    value: Any
    unit: str = ""
    title: str = ""
    title_en: str = ""
    status: str = "official"
    cite: Citation = Citation("")
    known_since: date | None = None
    answered_by: str = ""

    @property
    def decimal(self) -> Decimal:
        """The value as a Decimal; raises Refused when it is not a plain number."""
        if not isinstance(self.value, str) or not NUMBER.match(self.value):
            raise Refused(self._not_a("数字", "number"))
        return Decimal(self.value)

    @property
    def integer(self) -> int:
        """The value as a whole number (fen, days, months); raises Refused when it is not one."""
        number = self.decimal
        if number != number.to_integral_value():
            raise Refused(self._not_a("整数", "whole number"))
        return int(number)

    @property
    def flag(self) -> bool:
        """The value as yes or no; raises Refused when it is neither "true" nor "false"."""
        if self.value not in ("true", "false"):
            raise Refused(self._not_a("是或否", "yes or no"))
        return bool(self.value == "true")

    def as_data(self) -> dict[str, Any]:
        """Plain data for a worksheet line, a page or JSON; dates are ISO days."""
        data: dict[str, Any] = {
            "rule": self.rule,
            "place": self.place,
            "since": self.since.isoformat(),
            "value": self.value,
            "unit": self.unit,
            "title": self.title,
            "title_en": self.title_en,
            "status": self.status,
            "cite": self.cite.as_data(),
            "known_since": self.known_since.isoformat() if self.known_since else None,
        }
        return data | {"answered_by": self.answered_by} if self.answered_by else data

    def _not_a(self, kind: str, kind_en: str) -> Refusal:
        return Refusal(
            reason=f"规则的值不是{kind}：{self.title or self.rule}（{self.rule}）",
            reason_en=f"The rule's value is not a {kind_en}: {self.title_en or self.rule} ({self.rule})",
            who="规则管理",
            who_en="Rules officer",
            rule=self.rule,
        )
