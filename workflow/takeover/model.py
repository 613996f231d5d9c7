"""What a takeover holds, and what the later stages ask of a confirmed one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from workflow.i18n import lazy as _
from workflow.model import cases, dossiers
from workflow.organisations.model import consortia
from workflow.rules import place_chain

POOLS = ("resident", "employee")
OPENING_AMOUNTS = ("prepayment_fen", "deposit_fen", "budget_used_fen")


class State(StrEnum):
    """Where a takeover stands."""

    PROPOSED = "proposed"
    CHECKED = "checked"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


STATE_LABELS = {
    State.PROPOSED: _("已提出"),
    State.CHECKED: _("已复核"),
    State.CONFIRMED: _("已接入"),
    State.WITHDRAWN: _("已撤回"),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A consortium that has neither been taken over nor recognised here."""

    consortium_id: int
    code: str
    name: str
    name_en: str


def confirmed(connection: Connection, consortium_id: int) -> dict[str, Any] | None:
    """The dossier of the consortium's confirmed takeover; ``None`` when there is none."""
    row = confirmed_row(connection, consortium_id)
    return row and row[1]


def confirmed_row(connection: Connection, consortium_id: int) -> tuple[int, dict[str, Any]] | None:
    """The number and the dossier of the consortium's confirmed takeover; ``None`` when there is none."""
    row = connection.execute(
        select(cases.c.id, dossiers.c.body)
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version))
        .where(
            cases.c.stage == "takeover",
            cases.c.consortium_id == consortium_id,
            cases.c.state == str(State.CONFIRMED),
        )
        .order_by(cases.c.id.desc())
        .limit(1)
    ).one_or_none()
    return (row.id, json.loads(row.body)) if row else None


def taken(connection: Connection, consortium_id: int) -> bool:
    """Whether a takeover is under way or confirmed, or a ruling under way or confirmed, for the consortium."""
    return consortium_id in _taken(connection)


def _taken(connection: Connection) -> set[int]:
    over = (cases.c.stage == "takeover") & (cases.c.state != str(State.WITHDRAWN))
    ruled = (cases.c.stage == "city_ruling") & (cases.c.closed_at.is_(None) | (cases.c.state == "confirmed"))
    return set(connection.scalars(select(cases.c.consortium_id).where(over | ruled)))


def candidates(connection: Connection, place: str) -> list[Candidate]:
    """The consortia under ``place`` that an agency there may still take over, by code."""
    columns, gone = consortia.c, _taken(connection)
    rows = connection.execute(
        select(columns.id, columns.code, columns.name, columns.name_en, columns.place)
        .where(columns.kind != "place")
        .order_by(columns.code)
    )
    return [
        Candidate(row.id, row.code, row.name, row.name_en)
        for row in rows
        if row.id not in gone and place in place_chain(row.place)
    ]


def day_in(dossier: Mapping[str, Any], *path: str) -> date | None:
    """The day at ``path`` of a dossier; ``None`` where it is blank."""
    value: Any = dossier
    for name in path:
        value = (value or {}).get(name)
    return date.fromisoformat(value) if value else None


def opening_total_fen(opening: Mapping[str, Any]) -> int:
    """What one pool's opening balances amount to, in fen, each taken as positive; 0 when nothing is to be booked."""
    carried_fen: int = sum(abs(fen) for fen in opening.get("carry", {}).values())
    return carried_fen + sum(abs(int(opening.get(name) or 0)) for name in ("prepayment_fen", "deposit_fen"))
