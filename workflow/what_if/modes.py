"""The three ways of paying compared on figures of a consortium's year, or on any that someone types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, select

from governance.payment_modes import FACTS, MODES
from workflow import rules
from workflow.i18n import lazy as _
from workflow.model import cases, worksheets
from workflow.pages import words
from workflow.what_if.bars import bars
from workflow.what_if.fact_fields import Group
from workflow.what_if.page import Trial, start

SHEET = "payment-modes"
_DRAWN = {
    "county_income_fen": _("县域内所得"), "retained_fen": _("医共体结余留用"), "carried_over_fen": _("留在基金滚存"),
}  # fmt: skip


def years(connection: Connection, consortium_id: int, pool: str) -> dict[str, Mapping[str, Any]]:
    """Each year's facts of annual clearing, the newest year first, with what was raised where the budget says it."""
    query = (
        select(cases.c.period, worksheets.c.sheet, worksheets.c.facts, worksheets.c.body)
        .join(cases, cases.c.id == worksheets.c.case_id)
        .where(cases.c.consortium_id == consortium_id, cases.c.pool == pool)
        .where(worksheets.c.sheet.in_(["annual-clearing", "budget"]))
        .order_by(cases.c.period.desc(), worksheets.c.case_id, worksheets.c.version)
    )
    cleared: dict[str, Any] = {}
    raised: dict[str, int] = {}
    for row in connection.execute(query):
        if row.sheet == "annual-clearing":
            cleared[row.period] = json.loads(row.facts)
        else:
            found = {line["key"]: line["amount_fen"] for line in json.loads(row.body)["lines"]}
            raised[row.period] = found.get("raised_fen", raised.get(row.period))
    return {year: {**facts, "raised_fen": raised.get(year)} for year, facts in cleared.items()}


def prefilled(known: Mapping[str, Mapping[str, Any]], year: str) -> dict[str, Any]:
    """The comparison's facts for a year, from its clearing and the one before; the budget where nobody says more."""
    found: dict[str, Any] = {}
    if year in known:
        this, before = known[year], known.get(str(int(year) - 1))
        raised_fen = this["raised_fen"] or this["budget_fen"]
        found |= {
            "year": int(year), "raised_fen": raised_fen, "spending_fen": this["own_fen"] + this["away_fen"],
            "in_county_fen": this["own_fen"],
        }  # fmt: skip
        if before is not None:
            found |= {
                "prior_in_county_fen": before["own_fen"], "prior_spending_fen": before["own_fen"] + before["away_fen"],
            }  # fmt: skip
    return found


def trial_of(connection: Connection, place: str, day: Any, facts: Mapping[str, Any]) -> Trial:
    """The comparison's form: every amount in one group, whether given or not."""
    trial = start(SHEET, facts, rules.book_at(connection, place, day), {})
    fields = {entry.steps[0]: entry for entry in trial.form.entries}
    trial.form.groups = [Group("", [fields[name] for name in FACTS.fields if name in fields])]
    trial.form.absent.entries = []
    return trial


def side_by_side(trial: Trial) -> SimpleNamespace | None:
    """The lines all modes share, the ones of each mode in columns, and their drawing; None without a result."""
    sheet = trial.outcome.sheet
    if sheet is None:
        return None
    lines = {line["key"]: line for line in sheet["lines"]}
    found = sheet["results"]["modes"]
    common = [_line(line, "") for key, line in lines.items() if not key.startswith("modes.")]
    keys = list(dict.fromkeys(key for mode in found.values() for key in mode))
    rows = [
        SimpleNamespace(label=_label(lines, found, key), cells=[found[mode].get(key) for mode in found], key=key)
        for key in keys
    ]
    drawing = [
        (f"{words.pick(*MODES[mode])} · {said}", None, found[mode][key])
        for key, said in _DRAWN.items()
        for mode in found
    ]
    return SimpleNamespace(
        modes=[words.pick(*MODES[mode]) for mode in found], common=common, rows=rows,
        drawings=list(filter(None, [bars(_("谁得多少"), drawing)])),
    )  # fmt: skip


def _line(line: Mapping[str, Any], mode: str) -> SimpleNamespace:
    return SimpleNamespace(label=words.pick(line["label"], line["label_en"]), fen=line["amount_fen"], mode=mode)


def _label(lines: Mapping[str, Any], found: Mapping[str, Any], key: str) -> str:
    """What a row is called; what one mode prepays another budgets."""
    if key == "prepaid_fen":
        return str(_("预付或总额预算"))
    line = next(lines[f"modes.{mode}.{key}"] for mode in found if key in found[mode])
    said = words.pick(line["label"], line["label_en"])
    return said.partition("：")[2] or said.partition(": ")[2] or said
