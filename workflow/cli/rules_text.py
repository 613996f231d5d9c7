"""Rules and worksheets as lines of text for people: the words, units and answers that the pages have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from governance import sheets
from governance.money import yuan
from governance.rulebook import STATUS_NAMES, Place
from workflow.pages.rule_values import value_text
from workflow.pages.words import pick
from workflow.pages.worksheet_view import line_view


def rule_text(found: Mapping[str, Any], places: Mapping[str, Place]) -> Iterator[str]:
    """What a place answers: the rule and its places, every dated value, and the one in force on the day."""
    chain = " → ".join(_place(code, places) for code in found["chain"])
    yield f"{pick(found['title'], found['title_en'])}（{found['rule']}）  {chain}"
    for one in found["history"]:
        yield _provision(one, places)
    if found["provision"]:
        yield f"{found['on']} {pick('有效', 'in force')}：{_provision(found['provision'], places)}"


def _provision(one: Mapping[str, Any], places: Mapping[str, Place]) -> str:
    cite, status = one["cite"], one["status"]
    said = [
        value_text(one["rule"], one["value"], one["unit"]),
        pick(f"{one['since']} 起", f"since {one['since']}"),
        _place(one["place"], places),
        pick(*STATUS_NAMES[status]) if status in STATUS_NAMES else status,
        " ".join(part for part in (cite["document"], cite["title"], cite["clause"]) if part),
    ]
    return "  ".join(part for part in said if part)


def _place(code: str, places: Mapping[str, Place]) -> str:
    return str(pick(places[code].name, places[code].name_en)) if code in places else code


def sheet_text(data: Mapping[str, Any], places: Mapping[str, Place]) -> Iterator[str]:
    """A worksheet, or why there is none, line by line: label, amount or value, formula in words."""
    if "refused" in data:
        for one in data["refused"]:
            yield f"不能计算：{one['reason']}" + (f"（{one['who']}）" if one.get("who") else "")
        return
    sheet = sheets.SHEETS[data["sheet"]]
    place = _place(data["place"], places)
    yield f"{pick(sheet.title, sheet.title_en)}  {place}  {data['on']}  规则摘要 {data['book_digest'][:12]}"
    for line in data["lines"]:
        view = line_view(line)
        value = f"{view.value} {view.unit}".rstrip() if view.amount_fen is None else f"{yuan(view.amount_fen)} 元"
        yield f"{view.label}\t{value}\t{view.formula}"
