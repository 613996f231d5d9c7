"""A stored worksheet run again with the rules of its time and its stored facts and agreement; nothing is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from governance import sheets
from governance.refusal import Refused
from workflow import enacted, rules
from workflow.attempt import sha256
from workflow.model import cases, worksheets


@dataclass(frozen=True, slots=True)
class Again:
    """How a stored worksheet compares with the same run again, byte for byte.

    ``same`` says that both the text and its hash are as stored. ``lines`` are those that differ: key, stored line, line
    now, either ``None`` where one side lacks it. ``rules_found`` says that the rules of that time are still the same.
    ``problem`` is why it could not be run at all.
    """

    case_id: int
    version: int
    sheet: str
    same: bool
    intact: bool
    rules_found: bool
    lines: list[tuple[str, Any, Any]] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    problem: str = ""


def again(connection: Connection, row: Any) -> Again:
    """Run the stored sheet ``row`` (a row of ``worksheets``) again and hold it against what is stored."""
    intact = sha256(row.body) == row.sha256
    named = (row.case_id, row.version, row.sheet)
    try:
        facts, agreement, stored = (json.loads(text) for text in (row.facts, row.agreement, row.body))
        book = enacted.book_of_its_time(
            connection, rules.shipped(), place=row.place, day=row.day, digest=row.book_digest, at=row.at,
            agreement=agreement,
        )
        text = sheets.run(row.sheet, facts, book).canonical().decode()
    except Refused as refused:
        reasons = "；".join(str(one.reason) for one in refused.refusals)
        return Again(*named, same=False, intact=intact, rules_found=True, problem=reasons)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Again(*named, same=False, intact=intact, rules_found=True, problem=f"{type(error).__name__}: {error}")
    found, same = book.digest == row.book_digest, text == row.body
    if same or not isinstance(stored, dict):
        return Again(*named, same=same and intact, intact=intact, rules_found=found)
    now = json.loads(text)
    return Again(
        *named, same=False, intact=intact, rules_found=found,
        lines=_differing(stored.get("lines") or [], now["lines"]),
        results=_names_differing(stored.get("results") or {}, now["results"]),
    )  # fmt: skip


def _differing(stored: list[dict[str, Any]], now: list[dict[str, Any]]) -> list[tuple[str, Any, Any]]:
    sides = [{line["key"]: line for line in lines} for lines in (stored, now)]
    keys = dict.fromkeys([*sides[0], *sides[1]])
    return [(key, sides[0].get(key), sides[1].get(key)) for key in keys if sides[0].get(key) != sides[1].get(key)]


def _names_differing(stored: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [name for name in {**stored, **now} if stored.get(name) != now.get(name)]


def every(connection: Connection, case_id: int | None = None) -> Iterator[tuple[Any, Again]]:
    """Each stored worksheet (of one case where given) with its case's stage and period, and what it gives again."""
    query = (
        select(worksheets, cases.c.stage, cases.c.period)
        .join(cases, cases.c.id == worksheets.c.case_id)
        .order_by(worksheets.c.case_id, worksheets.c.version)
    )
    for row in connection.execute(query if case_id is None else query.where(worksheets.c.case_id == case_id)).all():
        yield row, again(connection, row)
