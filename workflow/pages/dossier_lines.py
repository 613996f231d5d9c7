"""A dossier as lines that people can read and two versions of it can be held against each other by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.money import yuan
from workflow.machines import Stage
from workflow.pages import dossier_words, words

WORKSHEET = "worksheet"
_NAMED_BY = ("key", "code", "consortium", "sha256", "decision_number", "name", "member")
_CODES_STAY = ("own", "inflow", "member", "lead", "fund", "surplus", "overrun")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing a dossier says: its path, the section it belongs to, what it is called, and its value in words."""

    path: str
    section: str
    label: str
    value: str


def lines(dossier: Mapping[str, Any], stage: Stage, names: Mapping[str, tuple[str, str]]) -> dict[str, Line]:
    """Every line of ``dossier`` by its path, its worksheet left out; ``names`` are organisations by their codes."""
    found: dict[str, Line] = {}
    for key in sorted(dossier.keys() - {WORKSHEET}):
        _walk(dossier[key], (key,), section_of(stage, key), names, found)
    return found


def section_of(stage: Stage, key: str) -> str:
    """The part of the dossier that a top-level entry belongs to, as the stage names it."""
    for one in stage.parts:
        if key in one.holds:
            return str(one.label)
    return dossier_words.term(key)


def _walk(
    content: Any, path: tuple[str, ...], section: str, names: Mapping[str, tuple[str, str]], found: dict[str, Line]
) -> None:
    if _is_file(content):
        _keep(path, section, f"{content['name']}（{words.pick('校验', 'hash')} {content['sha256'][:12]}）", names, found)
    elif isinstance(content, dict) and content:
        for key in sorted(content):
            _walk(content[key], (*path, key), section, names, found)
    elif isinstance(content, list) and content:
        for key, one in _entries(content):
            _walk(one, (*path, key), section, names, found)
    else:
        _keep(path, section, _value(path, content, names), names, found)


def _is_file(content: Any) -> bool:
    return isinstance(content, dict) and {"name", "sha256"} <= content.keys() and bool(content["sha256"])


def _entries(content: list[Any]) -> list[tuple[str, Any]]:
    """The entries of a list, each under what names it, so that one more at the front does not move the others."""
    for key in _NAMED_BY:
        named = [str(one.get(key) or "") if isinstance(one, dict) else "" for one in content]
        if all(named) and len(set(named)) == len(named):
            return [(name[:40], one) for name, one in zip(named, content, strict=True)]
    if len({str(one) for one in content}) == len(content) and not any(isinstance(one, dict | list) for one in content):
        return [(str(one)[:60], one) for one in content]
    return [(str(number), one) for number, one in enumerate(content, start=1)]


def _keep(
    path: tuple[str, ...], section: str, value: str, names: Mapping[str, tuple[str, str]], found: dict[str, Line]
) -> None:
    label = " · ".join(_called(part, names) for part in path[1:]) or dossier_words.term(path[0])
    found["/".join(path)] = Line("/".join(path), section, label, value)


def _called(part: str, names: Mapping[str, tuple[str, str]]) -> str:
    if not part:
        return str(words.pick("医共体整体", "the consortium"))
    if part in names and part not in _CODES_STAY:
        return str(words.pick(*names[part]))
    return f"第 {part} 项" if part.isdigit() and not words.english() else dossier_words.term(part)


def _value(path: tuple[str, ...], content: Any, names: Mapping[str, tuple[str, str]]) -> str:
    if isinstance(content, bool):
        return str(words.pick("是", "yes") if content else words.pick("否", "no"))
    if isinstance(content, int) and any(part.endswith("_fen") for part in path):
        return f"{yuan(content)} {words.pick('元', 'yuan')}"
    if content in (None, "", [], {}):
        return "—"
    text = str(content)
    return str(words.pick(*names[text])) if text in names and text not in _CODES_STAY else dossier_words.value(text)
