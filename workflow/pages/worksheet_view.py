"""A stored worksheet as a page shows it: every amount with its formula, inputs, rule and clause."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from workflow.pages import words


def worksheet_view(row: Any) -> SimpleNamespace:
    """The worksheet of a stored row; nothing is calculated again."""
    from governance.sheets import SHEETS
    from workflow.rules import rulebook

    body = json.loads(row.body)
    sheet = SHEETS[body["sheet"]]
    place = rulebook().places[body["place"]]
    return SimpleNamespace(
        title=words.pick(sheet.title, sheet.title_en),
        place_name=words.pick(place.name, place.name_en),
        on=row.day,
        book_digest=row.book_digest,
        checked=None,
        lines=[_line(line) for line in body["lines"]],
    )


def _line(line: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(
        key=line["key"],
        label=words.pick(line["label"], line["label_en"]),
        amount_fen=line["amount_fen"],
        value=line["value"],
        unit=line["unit"],
        formula=line["formula"],
        inputs=[(one["name"], one["value"]) for one in line["inputs"]],
        provision=_provision(line["provision"]),
        reason=line.get("reason"),
    )


def _provision(data: dict[str, Any] | None) -> SimpleNamespace | None:
    if data is None:
        return None
    cite = data.get("cite") or {}
    return SimpleNamespace(
        title=words.pick(data.get("title", data["rule"]), data.get("title_en")),
        value=data["value"],
        unit=data.get("unit", ""),
        since=data.get("since"),
        status=data.get("status", ""),
        status_label=words.STATUSES.get(data.get("status", ""), ""),
        document=cite.get("document", data.get("document", "")),
        clause=cite.get("clause", data.get("clause", "")),
        says=cite.get("says", data.get("says", "")),
    )
