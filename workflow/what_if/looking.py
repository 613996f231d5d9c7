"""Requests that can only look: their connection refuses to write, whatever the code behind them does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, abort, g
from flask_login import current_user
from sqlalchemy import Connection, select

from workflow import clock, rules, scope
from workflow.attempt import ON_PAGE, SYSTEM, Attempt, Case
from workflow.model import cases, worksheets
from workflow.organisations.model import consortia
from workflow.pages.context import connection, now

_MARK = "what_if.looking"
_WIDE = ("city", "province", "nation")


def read_only(blueprint: Blueprint) -> None:
    """Let every request of ``blueprint`` read on a connection that the database itself keeps from writing."""
    blueprint.before_request(_close_to_writing)
    blueprint.teardown_request(_open_again)


def _close_to_writing() -> None:
    reader = connection()
    sqlite = reader.dialect.name == "sqlite"
    reader.exec_driver_sql("PRAGMA query_only = ON" if sqlite else "SET TRANSACTION READ ONLY")
    setattr(g, _MARK, reader)


def _open_again(_error: BaseException | None = None) -> None:
    """Give the connection back as it was: on PostgreSQL the transaction ends with the request."""
    reader: Connection | None = g.pop(_MARK, None)
    if reader is not None and reader.dialect.name == "sqlite":
        reader.exec_driver_sql("PRAGMA query_only = OFF")


@dataclass(frozen=True, slots=True)
class Decided:
    """A stored version of a case's worksheet: what it was calculated from and what it gave."""

    case: Case
    version: int
    sheet: str
    place: str
    day: date
    facts: Mapping[str, Any]
    agreement: Mapping[str, Any]
    body: Mapping[str, Any]


def decided(case_id: int, version: int) -> Decided:
    """The stored sheet, for whoever sees its case; anything else is not found."""
    query = (
        select(worksheets, *(column.label(f"of_{column.name}") for column in cases.c))
        .join(cases, cases.c.id == worksheets.c.case_id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .where(worksheets.c.case_id == case_id, worksheets.c.version == version, scope.visible(current_user.seats))
    )
    row = connection().execute(query).one_or_none()
    if row is None:
        abort(404)
    return Decided(
        Case(*(getattr(row, f"of_{column.name}") for column in cases.c)), row.version, row.sheet, row.place, row.day,
        json.loads(row.facts), json.loads(row.agreement), json.loads(row.body),
    )  # fmt: skip


def attempt_on(case: Case) -> Attempt:
    """The case as a page reads it: names and words, no step."""
    return Attempt(connection(), case, SYSTEM, now(), read={ON_PAGE: {}})


def this_day() -> date:
    """The day that counts for this request."""
    return clock.day_of(now())


def wide_places() -> list[str]:
    """The places whose rules the viewer may try on all that lies under them; empty for whoever sees no whole city."""
    known = rules.rulebook().places
    own = {seat.place for seat in current_user.seats if seat.place in known and known[seat.place].kind in _WIDE}
    return [code for code in known if own & set(rules.place_chain(code))]
