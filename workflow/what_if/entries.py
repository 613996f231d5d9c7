"""One field of a what-if form: what is shown, what was typed, and the value it stands for. Nothing is rounded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from governance.money import parse_yuan, plain, yuan
from governance.refusal import Refused
from workflow.i18n import lazy as _
from workflow.pages import words

Steps = tuple[str | int, ...]
LONGEST = 2000
_WHOLE = re.compile(r"-?[0-9]{1,17}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", re.ASCII)
_PERCENT = re.compile(r"(-?[0-9]{1,15}(?:\.[0-9]{1,10})?) ?[%％]", re.ASCII)


class NotRead(ValueError):
    """What was typed is not a value of its kind; carries the words for the field."""


@dataclass(slots=True)
class Entry:
    """A field: where its value lies, how it reads, and what was typed where that differs from what was decided."""

    name: str
    steps: Steps
    label: str
    kind: str
    value: Any
    """As it was decided, or None where it was not given."""
    choices: tuple[tuple[str, str], ...] = ()
    typed: str | None = None
    error: str = ""
    slider: tuple[str, str, str] | None = None
    """Least, most and step, where it can be slid as well as typed."""

    @property
    def shown(self) -> str:
        """The text in the field: what was typed, else what was decided."""
        return text_of(self.kind, self.value) if self.typed is None else self.typed

    @property
    def unit(self) -> str:
        """What stands behind the field."""
        return str(words.pick("元", "yuan")) if self.kind == "yuan" else ""

    @property
    def changed(self) -> bool:
        """Whether something else than what was decided was typed."""
        return self.typed is not None and self.typed.strip() != text_of(self.kind, self.value)

    def read(self) -> Any:
        """The value typed, None for nothing; raises ``NotRead`` with words."""
        if not self.changed:
            return self.value
        text = (self.typed or "").strip()
        return READERS[self.kind](text, self) if text else None


def text_of(kind: str, value: Any) -> str:
    """A value as people type it."""
    if value is None:
        return ""
    if kind == "yuan":
        return yuan(value).replace(",", "")
    if kind == "rule_yuan":
        return plain(Decimal(value) / 100)
    if kind == "percent":
        return words.percent(str(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(value) if isinstance(value, Decimal) else str(value)


def _yuan(text: str, _entry: Entry) -> int:
    try:
        return parse_yuan(text)
    except Refused as refused:
        refusal = refused.refusals[0]
        raise NotRead(words.pick(refusal.reason, refusal.reason_en)) from refused


def _whole(text: str, _entry: Entry) -> int:
    if not _WHOLE.fullmatch(text):
        raise NotRead(_("请填整数，只用半角数字，例如 412600"))
    return int(text)


def _number(text: str, _entry: Entry) -> str:
    if not _NUMBER.fullmatch(text):
        raise NotRead(_("请填数字，只用半角数字和小数点，例如 87.6"))
    return plain(Decimal(text))


def _percent(text: str, _entry: Entry) -> str:
    found = _PERCENT.fullmatch(text)
    if found:
        return plain(Decimal(found[1]) / 100)
    if _NUMBER.fullmatch(text) and abs(Decimal(text)) <= 1:
        return plain(Decimal(text))
    raise NotRead(_("请填百分比，例如 6% 或 0.06"))


def _rule_yuan(text: str, entry: Entry) -> str:
    if not _NUMBER.fullmatch(text):
        return str(_yuan(text, entry))
    return plain(Decimal(text) * 100)


def _choice(text: str, entry: Entry) -> Any:
    if text not in {value for value, _label in entry.choices}:
        raise NotRead(_("请从列表中选择"))
    return text


def _flag(text: str, entry: Entry) -> bool:
    return bool(_choice(text, entry) == "true")


def _text(text: str, _entry: Entry) -> str:
    if len(text) > LONGEST:
        raise NotRead(_("不超过 2000 字"))
    return text


READERS: dict[str, Callable[[str, Entry], Any]] = {
    "yuan": _yuan, "whole": _whole, "number": _number, "percent": _percent, "rule_yuan": _rule_yuan, "choice": _choice,
    "flag": _flag, "rule_flag": _choice, "text": _text,
}  # fmt: skip


def yes_no() -> tuple[tuple[str, str], ...]:
    """The choices of a truth value."""
    return (("true", str(_("是"))), ("false", str(_("否"))))


def take(entries: Sequence[Entry], typed: Mapping[str, str]) -> bool:
    """Put what was typed into the fields; whether all of it can be read. What cannot says why at its field."""
    good = True
    for entry in entries:
        if entry.name in typed:
            entry.typed = typed[entry.name]
        try:
            entry.read()
        except NotRead as unread:
            entry.error, good = str(unread), False
    return good


def with_values(data: Any, entries: Sequence[Entry]) -> Any:
    """A copy of ``data`` with the fields' values in it; what was emptied is taken out."""
    found = deepcopy(data)
    for entry in entries:
        if not entry.changed:
            continue
        spot: Any = found
        for step in entry.steps[:-1]:
            spot = spot.setdefault(step, {}) if isinstance(spot, dict) else spot[step]
        value = entry.read()
        if value is None and isinstance(spot, dict):
            spot.pop(entry.steps[-1], None)
        else:
            spot[entry.steps[-1]] = value
    return found


def path_of(steps: Steps) -> str:
    """How a refusal names a fact: ``members[0].weight``."""
    said = ""
    for step in steps:
        said += f"[{step}]" if isinstance(step, int) else f".{step}" if said else step
    return said
