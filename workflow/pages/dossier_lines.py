"""A dossier as lines that people can read and two versions of it can be held against each other by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.money import yuan
from workflow.db import canonical
from workflow.machines import Stage
from workflow.pages import dossier_words, words

WORKSHEET = "worksheet"
ORDER = "\x7forder"
FILE = frozenset({"name", "sha256", "size", "media_type"})
_LONGEST, _LONG_NUMBER = 40, 4
_EMPTY = ("{}", "[]")
_NAMED_BY = ("key", "code", "consortium", "sha256", "decision_number", "name", "member")
_CODES_STAY = ("own", "inflow", "member", "lead", "fund", "surplus", "overrun")


Path = tuple[str, ...]
Names = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing a dossier says: the section it belongs to, what it is called, its value in words, and exactly."""

    section: str
    label: str
    value: str
    exact: str


def lines(dossier: Mapping[str, Any], stage: Stage, names: Names) -> dict[Path, Line]:
    """Every line of ``dossier`` by its path, its worksheet left out; ``names`` are organisations by their codes.

    Two dossiers that differ anywhere have lines that differ.
    """
    found: dict[Path, Line] = {}
    for key in sorted(dossier.keys() - {WORKSHEET}):
        _walk(dossier[key], (key,), section_of(stage, key), names, found)
    return found


def section_of(stage: Stage, key: str) -> str:
    """The part of the dossier that a top-level entry belongs to, as the stage names it."""
    for one in stage.parts:
        if key in one.holds:
            return str(one.label)
    return dossier_words.term(key)


def differing(here: Mapping[Path, Line], there: Mapping[Path, Line]) -> list[Path]:
    """The paths at which two dossiers differ; the order of a list counts where nothing else in it differs."""
    paths = sorted(
        path
        for path in here.keys() | there.keys()
        if path not in here or path not in there or here[path].exact != there[path].exact
    )
    return [path for path in paths if not _said_by_others(path, paths, here, there)]


def _said_by_others(path: Path, paths: list[Path], here: Mapping[Path, Line], there: Mapping[Path, Line]) -> bool:
    """Whether other lines tell the same: a list's order beside its entries, its emptiness beside what came or went."""
    if path[-1] == ORDER:
        return any(one[: len(path) - 1] == path[:-1] and one != path for one in paths)
    line = here.get(path) or there[path]
    return line.exact in _EMPTY and any(one[: len(path)] == path and one != path for one in paths)


def _walk(content: Any, path: Path, section: str, names: Names, found: dict[Path, Line]) -> None:
    if isinstance(content, dict) and content:
        shown = FILE if _is_file(content) else frozenset()
        if shown:
            said = f"{content['name']}（{words.pick('校验', 'hash')} {content['sha256'][:16]}）"
            _keep(path, section, said, canonical({key: content.get(key) for key in sorted(shown)}), names, found)
        for key in sorted(content.keys() - shown):
            _walk(content[key], (*path, key), section, names, found)
    elif isinstance(content, list) and content:
        entries = _entries(content)
        for key, one in entries:
            _walk(one, (*path, key), section, names, found)
        order = "、".join(_called(key, names) for key, _one in entries)
        _keep((*path, ORDER), section, order, canonical([key for key, _one in entries]), names, found)
    else:
        _keep(path, section, _value(path, content, names), canonical(content), names, found)


def _is_file(content: Mapping[str, Any]) -> bool:
    return all(isinstance(content.get(key), str) and content[key] for key in ("name", "sha256"))


def _entries(content: list[Any]) -> list[tuple[str, Any]]:
    """The entries of a list, each under what names it, so that one more at the front does not move the others."""
    for key in _NAMED_BY:
        given = [one.get(key) if isinstance(one, dict) else None for one in content]
        named = [str(one or "") if isinstance(one, str | int) else "" for one in given]
        if all(named) and len(set(named)) == len(named):
            return list(zip(named, content, strict=True))
    if all(isinstance(one, str) for one in content) and len(set(content)) == len(content):
        return [(one, one) for one in content]
    return [(str(number), one) for number, one in enumerate(content, start=1)]


def _keep(path: Path, section: str, value: str, exact: str, names: Names, found: dict[Path, Line]) -> None:
    head = dossier_words.term(path[0])
    called = [_called(part, names) for part in path[1:]]
    label = " · ".join(called if called and head == section else [head, *called])
    found[path] = Line(section, label, value, exact)


def _called(part: str, names: Names) -> str:
    if not part:
        return str(words.pick("医共体整体", "the consortium"))
    if part == ORDER:
        return str(words.pick("顺序", "order"))
    if part in names and part not in _CODES_STAY:
        return str(words.pick(*names[part]))
    if part.isdigit() and len(part) < _LONG_NUMBER:
        return str(words.pick(f"第 {part} 项", f"no. {part}"))
    said = dossier_words.term(part)
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"


def _value(path: Path, content: Any, names: Names) -> str:
    if isinstance(content, bool):
        return str(words.pick("是", "yes") if content else words.pick("否", "no"))
    if isinstance(content, int) and any(part.endswith("_fen") for part in path):
        return f"{yuan(content)} {words.pick('元', 'yuan')}"
    if content in (None, "", [], {}):
        return "—"
    text = str(content)
    return str(words.pick(*names[text])) if text in names and text not in _CODES_STAY else dossier_words.value(text)
