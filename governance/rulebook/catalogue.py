"""What is known about rules, documents and places before any value: titles, units, who configures them, the chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from .findings import Findings, Where
from .reading import read_file

HERE = Path(__file__).parent
KINDS = ("nation", "province", "city", "county", "model")
_RULE_KEYS = {"title", "title_en", "unit", "who", "who_en"}
_DOCUMENT_KEYS = {"title", "title_en", "issuer", "date", "note", "grade"}
_PLACE_KEYS = {"parent", "kind", "name", "name_en", "sample"}


@dataclass(frozen=True, slots=True)
class RuleName:
    """How a rule is called, what its value is measured in, and who is to configure it."""

    rule: str
    title: str
    title_en: str = ""
    unit: str = ""
    who: str = "规则管理"
    who_en: str = "the rules officer"


@dataclass(frozen=True, slots=True)
class Document:
    """A source that citations name by its id (the document number where it has one)."""

    id: str
    title: str
    title_en: str = ""
    issuer: str = ""
    date: date | None = None
    note: str = ""
    grade: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A place that may have rules; ``kind`` is nation, province, city, county or model."""

    code: str
    parent: str | None
    kind: str
    name: str
    name_en: str
    sample: bool = False


@cache
def rule_names() -> Mapping[str, RuleName]:
    """Every rule the project itself reads, by key."""
    findings = Findings()
    read = read_file(HERE / "rules.yaml", "rules.yaml", findings)
    names = {}
    for rule, entry in read.items():
        known = _fields(entry, _RULE_KEYS, {"title", "title_en"}, Where("rules.yaml", rule), findings)
        names[rule] = RuleName(rule, **known)
    findings.raise_if_any()
    return names


def documents_in(root: Path, findings: Findings) -> dict[str, Document]:
    """The documents.yaml of a rule book folder, empty when it has none."""
    path = root / "documents.yaml"
    if not path.exists():
        return {}
    found = {}
    for id_, entry in read_file(path, f"{root.name}/documents.yaml", findings).items():
        where = Where(f"{root.name}/documents.yaml", id_)
        found[id_] = Document(id_, **_fields(entry, _DOCUMENT_KEYS, {"title"}, where, findings))
    return found


def places_in(root: Path, findings: Findings) -> dict[str, Place]:
    """The places.yaml of a rule book folder, empty when it has none."""
    path = root / "places.yaml"
    if not path.exists():
        return {}
    found = {}
    for code, entry in read_file(path, f"{root.name}/places.yaml", findings).items():
        where = Where(f"{root.name}/places.yaml", code)
        known = _fields(entry, _PLACE_KEYS, {"kind", "name"}, where, findings)
        parent, kind, name = known.get("parent"), known.get("kind", ""), known.get("name", code)
        if kind not in KINDS:
            findings.add(where, f"不认识的层级：{kind}", f"unknown kind of place: {kind}")
        found[code] = Place(code, parent, kind, name, known.get("name_en", name), known.get("sample") is True)
    return found


def chains(places: Mapping[str, Place], findings: Findings) -> dict[str, tuple[str, ...]]:
    """For each place its chain from the nation down to itself; a missing parent or a circle is a finding."""
    found: dict[str, tuple[str, ...]] = {}
    for code in places:
        chain: list[str] = []
        step: str | None = code
        while step is not None:
            if step in chain or step not in places:
                where = Where("places.yaml", code)
                findings.add(where, f"上级不存在或循环：{step}", f"parent missing or circular: {step}")
                break
            chain.append(step)
            step = places[step].parent
        found[code] = tuple(reversed(chain))
    return found


def _fields(entry: Any, allowed: set[str], needed: set[str], where: Where, findings: Findings) -> dict[str, Any]:
    if not isinstance(entry, dict):
        findings.add(where, "应为若干“项目: 内容”", "must be a mapping")
        return dict.fromkeys(needed, "")
    for key in entry.keys() - allowed:
        findings.add(where, f"不认识的项目：{key}", f"unknown key: {key}")
    for key in needed - entry.keys():
        findings.add(where, f"缺少：{key}", f"missing: {key}")
    return dict.fromkeys(needed, "") | {key: value for key, value in entry.items() if key in allowed}
