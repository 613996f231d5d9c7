"""The budgets, months, clearings and plans of a year at a place, each with the worksheet that was decided, or none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from workflow import clock
from workflow.budget.model import State as Budget
from workflow.clearing.model import EXIT
from workflow.clearing.model import State as Clearing
from workflow.model import cases, dossiers, rounds, worksheets
from workflow.organisations.model import consortia
from workflow.rule_change.model import places_under
from workflow.settlement.model import BEFORE_APPROVAL, results_of
from workflow.settlement.model import State as Month
from workflow.surplus_plan.model import State as Plan

_PASSED = (
    select(rounds.c.case_id, func.max(rounds.c.round_no).label("round_no"))
    .where(rounds.c.outcome == "passed")
    .group_by(rounds.c.case_id)
    .subquery()
)
# The states of each stage in which nothing is decided yet, whatever earlier rounds said.
UNDECIDED_IN: dict[str, frozenset[str]] = {
    "budget": frozenset(map(str, (Budget.DRAFTING, Budget.CALCULATED, Budget.CONSULTED))),
    "settlement": frozenset((*BEFORE_APPROVAL, str(Month.CARRIED))),
    "clearing": frozenset(map(str, (Clearing.OPEN, Clearing.CALCULATED, Clearing.RECONCILED))),
    "surplus_plan": frozenset(
        map(str, (Plan.DRAFTING, Plan.CONSULTATION, Plan.COMMITTEE, Plan.VOTING, Plan.RETURNED))
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """A case of the year; ``body``, ``sha256`` and ``decided_on`` are empty while nothing is decided."""

    case_id: int
    stage: str
    consortium_id: int
    code: str
    name: str
    name_en: str
    place: str
    pool: str
    period: str
    state: str
    dossier: Mapping[str, Any]
    progress: Mapping[str, Any]
    version: int = 0
    sha256: str = ""
    decided_on: date | None = None
    body: Mapping[str, Any] | None = None

    @property
    def results(self) -> Mapping[str, Any]:
        """What was decided, of a supplement what it adds; raises AssertionError where nothing is decided."""
        assert self.body is not None, "nothing is decided"
        results: Mapping[str, Any] = self.body["results"]
        return results_of(self.dossier) if self.supplements else results

    @property
    def supplements(self) -> bool:
        """Whether it only adds to a month that was decided before."""
        return "supplement" in self.dossier

    def line(self, key: str) -> Mapping[str, Any]:
        """A line of the decided worksheet; empty where it has none such."""
        return next((one for one in (self.body or {}).get("lines", ()) if one["key"] == key), {})


def year_of(connection: Connection, place: str, year: int) -> list[Held]:
    """Every case of the year under ``place``: by consortium, stage, pool, month and serial number.

    A worksheet counts when the last round that passed was about it and the case has not gone back since.
    """
    return _read(connection, place, (cases.c.period == str(year)) | cases.c.period.between(f"{year}-01", f"{year}-12"))


def exits_of(connection: Connection, place: str, year: int) -> dict[tuple[int, str], list[Held]]:
    """The exit clearings of members that left within the year under ``place``, by consortium and pool."""
    found: dict[tuple[int, str], list[Held]] = {}
    for one in _read(connection, place, (cases.c.stage == "clearing") & cases.c.period.startswith(f"{year}{EXIT}")):
        found.setdefault((one.consortium_id, one.pool), []).append(one)
    return found


def _read(connection: Connection, place: str, wanted: ColumnElement[bool]) -> list[Held]:
    query = (
        select(
            cases.c.id, cases.c.stage, cases.c.consortium_id, consortia.c.code, consortia.c.name, consortia.c.name_en,
            cases.c.place, cases.c.pool, cases.c.period, cases.c.state, cases.c.progress, rounds.c.closed_at,
            dossiers.c.body,
        )
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .outerjoin(_PASSED, _PASSED.c.case_id == cases.c.id)
        .outerjoin(rounds, (rounds.c.case_id == cases.c.id) & (rounds.c.round_no == _PASSED.c.round_no))
        .outerjoin(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == rounds.c.dossier_version))
        .where(cases.c.stage.in_(UNDECIDED_IN), cases.c.place.in_(places_under(place)), consortia.c.kind != "place")
        .where((cases.c.stage != "settlement") | (cases.c.state != str(Month.WITHDRAWN)))
        .where(wanted)
        .order_by(cases.c.place, consortia.c.code, cases.c.stage, cases.c.pool, cases.c.period, cases.c.serial)
    )
    rows = connection.execute(query).all()
    sheets = _sheets(connection, [row.id for row in rows])
    return [_held(row, sheets) for row in rows]


def _sheets(connection: Connection, numbers: list[int]) -> dict[tuple[int, int], Any]:
    query = select(worksheets.c.case_id, worksheets.c.version, worksheets.c.sha256, worksheets.c.body)
    rows = connection.execute(query.where(worksheets.c.case_id.in_(numbers)))
    return {(row.case_id, row.version): row for row in rows}


def _held(row: Any, sheets: Mapping[tuple[int, int], Any]) -> Held:
    dossier = json.loads(row.body) if row.body else {}
    named = (*row[:10], dossier, json.loads(row.progress))
    sheet = sheets.get((row.id, dossier.get("worksheet", {}).get("version", 0)))
    if sheet is None or row.closed_at is None or row.state in UNDECIDED_IN[row.stage]:
        return Held(*named)
    return Held(*named, sheet.version, sheet.sha256, clock.day_of(row.closed_at), json.loads(sheet.body))


def newest(held: list[Held], stage: str, consortium_id: int, pool: str) -> Held | None:
    """The year's case of a stage for one consortium and pool, of several the last that is decided, else the last."""
    found = [one for one in held if (one.stage, one.consortium_id, one.pool) == (stage, consortium_id, pool)]
    return next((one for one in reversed(found) if one.body is not None), found[-1] if found else None)
