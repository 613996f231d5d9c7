"""What was decided beside what was tried, line by line; every figure comes from the two sheets."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from workflow.pages.worksheet_view import line_view

Line = Mapping[str, Any]


def compare(decided: Mapping[str, Any] | None, tried: Mapping[str, Any], names: Mapping[str, str]) -> SimpleNamespace:
    """``changed`` and ``same`` rows in the order of the sheet, and the ``main`` ones that people look for first."""
    before = {line["key"]: line for line in (decided or {"lines": ()})["lines"]}
    after = {line["key"]: line for line in tried["lines"]}
    rows = [_row(before.get(key), after.get(key), names) for key in _in_order(list(before), list(after))]
    return SimpleNamespace(
        rows=rows,
        main=[row for row in rows if row.total],
        changed=[row for row in rows if row.changed],
        same=[row for row in rows if not row.changed],
    )


def _in_order(before: list[str], after: list[str]) -> list[str]:
    """The keys as tried, each one that is no longer there behind the one it followed."""
    order = list(after)
    for index, key in enumerate(before):
        if key not in after:
            previous = before[index - 1] if index else None
            order.insert(order.index(previous) + 1 if previous in order else 0, key)
    return order


def _row(before: Line | None, after: Line | None, names: Mapping[str, str]) -> SimpleNamespace:
    either = after or before
    assert either is not None
    shown = line_view(either, names)
    difference = None
    if before and after and before["amount_fen"] is not None and after["amount_fen"] is not None:
        difference = after["amount_fen"] - before["amount_fen"]
    return SimpleNamespace(
        key=either["key"],
        label=shown.label,
        formula=shown.formula,
        worked=shown.worked,
        provision=shown.provision,
        total=shown.total,
        before=line_view(before, names) if before else None,
        after=shown if after else None,
        difference=difference,
        changed=_figure(before) != _figure(after),
    )


def _figure(line: Line | None) -> tuple[Any, Any] | None:
    return None if line is None else (line["amount_fen"], line["value"])
