"""From the text of a rule file to dated values, each checked on its own before any place is put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from .catalogue import Document, RuleName
from .findings import Findings, Where
from .provisions import NUMBER, STATUSES, Citation, Provision, settled
from .shapes import shape_faults

NUMERIC_UNITS = frozenset(
    {"working_days", "days", "months", "years", "ratio", "fen", "day_of_month", "count", "score", "yuan_per_point"}
)
_ENTRY_KEYS = {"title", "title_en", "unit", "who", "who_en", "values"}
_VALUE_KEYS = {"value", "status", "known_since", "cite", "bounds"}
_CITE_KEYS = {"document", "clause", "says"}
_BOUND_KEYS = {"min", "max", "field", "in_principle"}


@dataclass(frozen=True, slots=True)
class Bound:
    """Limits a wider place sets on the value, or on one ``field`` of it; ``in_principle`` (原则上) gives way."""

    least: Decimal | None = None
    most: Decimal | None = None
    field: str = ""
    in_principle: bool = False


@dataclass(frozen=True, slots=True)
class Dated:
    """One value of one rule at one place; a ``None`` value says that from this day the place no longer answers."""

    provision: Provision
    bound: Bound | None
    where: Where


@dataclass(frozen=True, slots=True)
class Known:
    """What entries are read against."""

    names: Mapping[str, RuleName]
    documents: Mapping[str, Document]


def entries(read: Mapping[str, Any], place: str, file: str, known: Known, findings: Findings) -> dict[str, list[Dated]]:
    """The dated values of one file by rule, in the order written, which must be by date."""
    found = {}
    for rule, entry in read.items():
        where = Where(file, rule)
        if not isinstance(entry, dict) or not isinstance(entry.get("values"), dict) or not entry["values"]:
            findings.add(where, "缺少 values（按生效日期列出的值）", "missing: values, by effective date")
            continue
        name = _name(rule, entry, known, where, findings)
        found[rule] = _dated_values(entry["values"], name, place, known, where, findings)
    return found


def _name(rule: str, entry: Mapping[str, Any], known: Known, where: Where, findings: Findings) -> RuleName:
    for key in entry.keys() - _ENTRY_KEYS:
        findings.add(where, f"不认识的项目：{key}", f"unknown key: {key}")
    usual = known.names.get(rule)
    if usual is None and not entry.get("title"):
        findings.add(where, "不认识的规则；新规则须有 title", "unknown rule; a new rule needs a title")
    usual = usual or RuleName(rule, rule)
    return RuleName(
        rule,
        title=str(entry.get("title", usual.title)),
        title_en=str(entry.get("title_en", usual.title_en)),
        unit=str(entry.get("unit", usual.unit)),
        who=str(entry.get("who", usual.who)),
        who_en=str(entry.get("who_en", usual.who_en)),
    )


def _dated_values(
    values: Mapping[str, Any], name: RuleName, place: str, known: Known, where: Where, findings: Findings
) -> list[Dated]:
    found: list[Dated] = []
    for written, entry in values.items():
        spot = where.at(day=written)
        since = day_of(written)
        if since is None:
            findings.add(spot, "生效日期应写成 2024-07-23", "an effective date reads 2024-07-23")
            continue
        if found and since <= found[-1].provision.since:
            findings.add(spot, "生效日期须从早到晚、不得重复", "effective dates must ascend without repeats")
        dated = dated_value(entry, name, place, since, known, spot, findings)
        if dated is not None:
            found.append(dated)
    return found


def dated_value(
    entry: Any, name: RuleName, place: str, since: date, known: Known, where: Where, findings: Findings
) -> Dated | None:
    """One checked value, or None when it is unusable; every fault goes to ``findings``."""
    if not isinstance(entry, dict) or "value" not in entry:
        findings.add(where, "缺少 value", "missing: value")
        return None
    for key in entry.keys() - _VALUE_KEYS:
        findings.add(where, f"不认识的项目：{key}", f"unknown key: {key}")
    status = entry.get("status")
    if status not in STATUSES:
        findings.add(where, f"不认识的核实状态：{status}", f"unknown status: {status}")
    value = settled(entry["value"])
    check_value(value, name, where, findings)
    known_since = entry.get("known_since")
    if known_since is not None and not isinstance(known_since, date):
        findings.add(where, "known_since 应是日期", "known_since must be a day")
        known_since = None
    cite = _citation(entry.get("cite"), known.documents, where, findings)
    provision = Provision(
        name.rule, place, since, value, name.unit, name.title, name.title_en, str(status), cite, known_since
    )
    return Dated(provision, _bound(entry.get("bounds"), value, where, findings), where)


def day_of(written: object) -> date | None:
    """The day written as 2024-07-23, or None."""
    try:
        return date.fromisoformat(str(written)) if len(str(written)) == 10 else None
    except ValueError:
        return None


def check_value(value: Any, name: RuleName, where: Where, findings: Findings) -> None:
    """Reports a value that does not have the shape its rule needs."""
    from_agreement = isinstance(value, dict) and value.get("from") == "agreement"
    if from_agreement:
        for key in value.keys() - {"from", "min", "max"}:
            findings.add(where, f"不认识的项目：{key}", f"unknown key: {key}")
    elif name.unit in NUMERIC_UNITS and value is not None and not (isinstance(value, str) and NUMBER.match(value)):
        findings.add(where, f"应是加引号的数字：{value}", f"must be a quoted number: {value}")
    elif value is not None:
        for zh, en in shape_faults(name.rule, value):
            findings.add(where, zh, en)


def _citation(cite: Any, documents: Mapping[str, Document], where: Where, findings: Findings) -> Citation:
    if not isinstance(cite, dict):
        findings.add(where, "缺少出处 cite（文件、条款、内容）", "missing: cite (document, clause, what it says)")
        return Citation("")
    for key in cite.keys() - _CITE_KEYS:
        findings.add(where, f"出处有不认识的项目：{key}", f"unknown key in cite: {key}")
    for key in sorted(_CITE_KEYS):
        if not isinstance(cite.get(key), str) or not cite[key].strip():
            findings.add(where, f"出处缺少 {key}", f"cite lacks {key}")
    document = str(cite.get("document", ""))
    if document and document not in documents:
        findings.add(where, f"文件未登记：{document}", f"document not registered: {document}")
    title = documents[document].title if document in documents else ""
    return Citation(document, title, str(cite.get("clause", "")), str(cite.get("says", "")))


def _bound(bounds: Any, value: Any, where: Where, findings: Findings) -> Bound | None:
    from_agreement = value if isinstance(value, dict) and value.get("from") == "agreement" else {}
    if bounds is None and not from_agreement:
        return None
    written = from_agreement if bounds is None else bounds
    if not isinstance(written, dict) or written.keys() - _BOUND_KEYS - {"from"}:
        findings.add(where, "bounds 只能有 min、max、field、in_principle", "bounds take min, max, field, in_principle")
        return None
    limits = []
    for key in ("min", "max"):
        limit = written.get(key)
        if limit is not None and not (isinstance(limit, str) and NUMBER.match(limit)):
            findings.add(where, f"bounds 的 {key} 应是加引号的数字", f"bounds: {key} must be a quoted number")
            limit = None
        limits.append(None if limit is None else Decimal(limit))
    least, most = limits
    if least is not None and most is not None and least > most:
        findings.add(where, "bounds 的 min 大于 max", "bounds: min is above max")
    return Bound(least, most, str(written.get("field", "")), written.get("in_principle") is True)
