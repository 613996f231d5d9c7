"""The year's tables as plain data: one row a consortium, month or recipient, each figure from a decided worksheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import Connection

from workflow.budget.model import own_amount_fen
from workflow.rules import rulebook
from workflow.settlement.model import State as Month
from workflow.takeover import model as takeovers
from workflow.year_pack.columns import COLUMNS, TITLES, Column
from workflow.year_pack.decided import Held, exits_of, newest, year_of
from workflow.year_pack.plan_rows import plan_rows


class Mark(Enum):
    """What stands in a cell instead of a figure."""

    UNDECIDED = "undecided"
    CARRIED = "carried"


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table; ``rows`` hold values by the columns' keys: amounts in fen, days, words, ``Mark`` or ``None``."""

    key: str
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def title(self) -> tuple[str, str]:
        """What it is called, Chinese and English."""
        return TITLES[self.key]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Its columns, in order."""
        return COLUMNS[self.key]

    def total_fen(self, column: str) -> int:
        """The decided amounts of a column together."""
        return sum(row[column] for row in self.rows if isinstance(row.get(column), int))

    @property
    def undecided(self) -> int:
        """How many rows are not decided yet."""
        return sum(Mark.UNDECIDED in row.values() for row in self.rows)


def tables_of(connection: Connection, place: str, year: int) -> list[Table]:
    """The five tables of a year at a place, in the order of the workbook; empty tables where nothing was begun."""
    held = year_of(connection, place, year)
    pairs = list(dict.fromkeys((one.consortium_id, one.pool) for one in held))
    groups = [[one for one in held if (one.consortium_id, one.pool) == pair] for pair in pairs]
    months = [_month(one) for group in groups for one in group if one.stage == "settlement"]
    clearings, exits = [newest(held, "clearing", *pair) for pair in pairs], exits_of(connection, place, year)
    return [
        Table("execution", [_execution(connection, group, year) for group in groups]),
        Table("months", months),
        Table("clearing", [{**_clearing(group[0], one), **_exits(exits.get(pair, ()))}
                           for pair, group, one in zip(pairs, groups, clearings, strict=True)]),
        Table("retained", [_retained(group[0], one) for group, one in zip(groups, clearings, strict=True)]),
        Table("plan", [_marked(row) for group, one in zip(groups, clearings, strict=True)
                       for row in plan_rows(connection, _about(group[0]), one, group)]),
    ]  # fmt: skip


def _about(one: Held) -> dict[str, Any]:
    place = rulebook().places.get(one.place)
    return {
        "place": (place.name, place.name_en) if place else one.place, "name": (one.name, one.name_en),
        "code": one.code, "pool": one.pool,
    }  # fmt: skip


def _source(one: Held | None) -> dict[str, Any]:
    """Where the row's figures come from: the case, the day of the decision, the worksheet."""
    if one is None:
        return {"case": None, "stage": "", "decided_on": Mark.UNDECIDED, "sha256": Mark.UNDECIDED}
    if one.body is None:
        return {"case": one.case_id, "stage": one.stage, "decided_on": Mark.UNDECIDED, "sha256": Mark.UNDECIDED}
    return {
        "case": one.case_id, "stage": one.stage, "decided_on": one.decided_on, "sha256": one.sha256,
        "version": one.version,
    }  # fmt: skip


def _undecided(columns: Iterable[str]) -> dict[str, Any]:
    return dict.fromkeys(columns, Mark.UNDECIDED)


def _marked(row: dict[str, Any]) -> dict[str, Any]:
    """The row with what is not decided marked so."""
    return {key: Mark.UNDECIDED if value == "undecided" else value for key, value in row.items()}


def _execution(connection: Connection, group: list[Held], year: int) -> dict[str, Any]:
    """Budget and what the decided months charged to it; what was used before a takeover stands apart."""
    first = group[0]
    budget = newest(group, "budget", first.consortium_id, first.pool)
    decided = [one for one in group if one.stage == "settlement" and one.body is not None]
    opened = [one for one in group if one.stage == "settlement"]
    amount = own_amount_fen(first.code, budget.results) if budget and budget.body is not None else Mark.UNDECIDED
    charged = sum(one.results["charged_fen"] for one in decided) if decided else Mark.UNDECIDED
    before = _before_fen(connection, first, year)
    burn: Any = Mark.UNDECIDED
    if isinstance(amount, int) and isinstance(charged, int) and amount:
        burn = Decimal(charged + before) / Decimal(amount)
    return {
        **_about(first), "budget_fen": amount, "months": len({one.period for one in decided}),
        "opened": len({one.period for one in opened}), "charged_fen": charged,
        "before_fen": before, "burn": burn, **_source(budget),
    }  # fmt: skip


def _before_fen(connection: Connection, one: Held, year: int) -> int:
    taken = takeovers.confirmed(connection, one.consortium_id)
    if not taken or str(taken["effective"])[:4] != str(year):
        return 0
    return int(taken["opening"].get(one.pool, {}).get("budget_used_fen") or 0)


def _month(one: Held) -> dict[str, Any]:
    names = ("charged_fen", "gross_fen", "audit_deduction_fen", "deposit_fen", "prepayment_offset_fen",
             "net_to_lead_fen")
    about = {**_about(one), "period": f"{one.period} 补记" if one.supplements else one.period}
    if one.state == str(Month.CARRIED):
        return {**about, **dict.fromkeys(names, Mark.CARRIED), **_source(one), "decided_on": Mark.CARRIED,
                "sha256": Mark.CARRIED}
    figures = {name: one.results[name] for name in names} if one.body is not None else _undecided(names)
    return {**about, **figures, **_source(one)}


def _clearing(first: Held, one: Held | None) -> dict[str, Any]:
    names = ("charged_fen", "surplus_fen", "overrun_fen", "retained_fen", "deferred_fen", "returned_to_pool_fen",
             "fund_share_fen", "own_share_fen", "deposit_returned_fen", "due_fen")
    checks = ("months", "budget", "bridge")
    if one is None or one.body is None:
        return {**_about(first), **_undecided(("budget_fen", *names, *(f"is_{name}" for name in checks))),
                **_source(one)}
    return {
        **_about(first), "budget_fen": one.line("budget_fen").get("amount_fen"),
        **{name: one.results[name] for name in names},
        **{f"is_{name}": bool(one.results["identities"][name]) for name in checks}, **_source(one),
    }  # fmt: skip


def _exits(exits: Sequence[Held]) -> dict[str, Any]:
    """What was paid to members when they left (negative: recovered), and by which clearings; decided ones only."""
    decided = [one for one in exits if one.body is not None]
    waiting = len(exits) - len(decided)
    paid_fen = sum(int(one.results["due_fen"]) for one in decided)
    return {
        "exit_paid_fen": Mark.UNDECIDED if waiting and not decided else paid_fen,
        "exits": "、".join(str(one.case_id) for one in exits) or None,
    }


def _retained(first: Held, one: Held | None) -> dict[str, Any]:
    names = ("surplus_fen", "ratio", "gross_fen", "retained_fen", "deferred_fen", "returned_to_pool_fen", "rule")
    if one is None or one.body is None:
        return {**_about(first), **_undecided(names), **_source(one)}
    ratio, cite = one.line("retention_ratio"), (one.line("retained_fen").get("provision") or {}).get("cite") or {}
    return {
        **_about(first), "ratio": Decimal(ratio["value"]) if ratio.get("value") else None,
        "gross_fen": one.line("retained_gross_fen").get("amount_fen"),
        **{name: one.results[name] for name in names if name.endswith("_fen") and name != "gross_fen"},
        "rule": " ".join(part for part in (cite.get("document", ""), cite.get("clause", "")) if part) or None,
        **_source(one),
    }  # fmt: skip
