"""The facts of a worksheet as fields, drawn from their declaration and from what was stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from governance import facts as fact
from governance.facts import AnyOf, Flag, Kind, ListOf, MapOf, Number, Record, Text, Whole
from workflow.pages import formula_words, rule_values, words
from workflow.what_if.entries import Entry, Steps, path_of, yes_no

# What a sheet is about, and what only names a part of it: shown, never tried.
FIXED = {
    "agreement", "consortium", "pool", "year", "period", "scheme", "member", "name", "lead", "ratios_rule", "township",
    "unit", "key", "standard",
}  # fmt: skip
_HUNDRED = ("0", "100", "0.1")
_CONTAINERS = (Record, ListOf, MapOf)


@dataclass(slots=True)
class Row:
    """One member of a list: what it is called and its fields, by column."""

    title: str
    cells: list[Entry | None]


@dataclass(slots=True)
class Group:
    """Fields that belong together; of a list, a table with a row for each of its members."""

    title: str
    entries: list[Entry] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    @property
    def all(self) -> list[Entry]:
        """Every field of the group."""
        return [*self.entries, *(cell for row in self.rows for cell in row.cells if cell)]


@dataclass(slots=True)
class FactForm:
    """The fields of a sheet: those that were given, the lists, and those that were not given."""

    groups: list[Group]
    absent: Group

    @property
    def single(self) -> list[Group]:
        """The groups without a table."""
        return [group for group in self.groups if not group.rows]

    @property
    def lists(self) -> list[Group]:
        """The tables."""
        return [group for group in self.groups if group.rows]

    @property
    def entries(self) -> list[Entry]:
        """Every field."""
        return [entry for group in (*self.groups, self.absent) for entry in group.all]

    def at(self, path: str) -> Entry | None:
        """The field that a refusal names."""
        return next((entry for entry in self.entries if path_of(entry.steps) == path), None)


def fact_form(declared: Record, given: Mapping[str, Any], names: Mapping[str, str]) -> FactForm:
    """The fields of ``given`` facts; ``names`` are the words of codes in them: members, consortia, indicators."""
    plain, absent = Group(""), Group("")
    groups = [plain]
    for name, declaration in declared.fields.items():
        value, kind = given.get(name), declaration.kind
        if name in FIXED:
            continue
        title = words.pick(declaration.title, declaration.title_en)
        if value is None:
            if not isinstance(kind, _CONTAINERS) and not isinstance(kind, fact.Answers | AnyOf):
                absent.entries.append(_entry(kind, None, (name,), title))
        elif isinstance(kind, ListOf) and isinstance(kind.kind, Record):
            if value:
                groups.append(_table(kind.kind, value, name, title, kind.key, names))
        elif isinstance(kind, Record | MapOf | fact.Answers | ListOf):
            found = list(_leaves(kind, value, (name,), "", names))
            groups += [Group(title, found)] if found else []
        else:
            plain.entries.append(_entry(kind, value, (name,), title))
    return FactForm([group for group in groups if group.all], absent)


def _table(
    kind: Record, values: Sequence[Any], name: str, title: str, key: str, names: Mapping[str, str]
) -> Group:
    """A list as a table: a column for every field that one of its members has."""
    rows = []
    for index, one in enumerate(values):
        found = _leaves(kind, one, (name, index), "", names)
        rows.append((str(one.get(key, index + 1)), {entry.steps[2:]: entry for entry in found}))
    columns: dict[Steps, str] = {}
    for _code, cells in rows:
        for steps, entry in cells.items():
            columns.setdefault(steps, entry.label)
    for code, cells in rows:
        for entry in cells.values():
            entry.label = f"{names.get(code, code)} {entry.label}"
    shown = [Row(names.get(code, code), [cells.get(steps) for steps in columns]) for code, cells in rows]
    return Group(title, columns=list(columns.values()), rows=shown)


def _leaves(kind: Kind | None, value: Any, steps: Steps, label: str, names: Mapping[str, str]) -> Iterator[Entry]:
    """The fields of a value, however deep; of a record also those that were not given."""
    kind = _that_reads(kind, value)
    if isinstance(kind, Record):
        for name, declaration in kind.fields.items():
            said = words.pick(declaration.title, declaration.title_en)
            if name not in FIXED and not (value.get(name) is None and _holds_more(declaration.kind)):
                yield from _leaves(declaration.kind, value.get(name), (*steps, name), _joined(label, said), names)
    elif isinstance(value, Mapping):
        below = kind.kind if isinstance(kind, MapOf) else Text()
        for name, one in value.items():
            yield from _leaves(below, one, (*steps, name), _joined(label, _word(name, names)), names)
    elif isinstance(kind, ListOf):
        for index, one in enumerate(value or ()):
            yield from _leaves(kind.kind, one, (*steps, index), _joined(label, f"{index + 1}"), names)
    elif kind is not None:
        yield _entry(kind, value, steps, label)


def _that_reads(kind: Kind | None, value: Any) -> Kind | None:
    """Of several kinds the one that takes the value."""
    if not isinstance(kind, AnyOf):
        return kind
    for one in kind.kinds:
        bad: list[Any] = []
        one.read(value, "", bad)
        if not bad:
            return one
    return None


def _holds_more(kind: Kind) -> bool:
    return isinstance(kind, (*_CONTAINERS, AnyOf, fact.Answers))


def _joined(label: str, more: str) -> str:
    return f"{label} · {more}" if label else more


def _word(code: str, names: Mapping[str, str]) -> str:
    if code in names:
        return names[code]
    return rule_values.word(code) if code in rule_values.WORDS else formula_words.term(code)


def _entry(kind: Kind, value: Any, steps: Steps, label: str) -> Entry:
    name = f"f.{path_of(steps)}"
    if isinstance(kind, Whole):
        amount = any(isinstance(step, str) and step.endswith(("_fen", "_causes")) for step in steps)
        return Entry(name, steps, label, "yuan" if amount else "whole", value)
    if isinstance(kind, Number):
        return Entry(name, steps, label, "number", value, slider=_HUNDRED if steps == ("score",) else None)
    if isinstance(kind, Flag):
        return Entry(name, steps, label, "flag", value, yes_no())
    if isinstance(kind, Text) and kind.choices:
        return Entry(name, steps, label, "choice", value, tuple((one, rule_values.word(one)) for one in kind.choices))
    return Entry(name, steps, label, "text", value)
