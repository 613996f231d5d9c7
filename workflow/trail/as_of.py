"""A case as it stood at a moment: state, dossier, worksheet and rules; and two versions of a dossier side by side."""

from __future__ import annotations

import json
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, Table, select

from governance.money import yuan
from governance.refusal import Refused
from workflow import clock, records, rules
from workflow.attempt import Case
from workflow.machines import STAGES
from workflow.model import dossiers, worksheets
from workflow.model import records as record_rows
from workflow.pages import formula_words, words
from workflow.pages.rule_values import value_text


def as_of(connection: Connection, case: Case, at: datetime) -> SimpleNamespace | None:
    """The case as it stood at ``at``, or ``None`` before it was opened."""
    record = _newest(connection, record_rows, case, at, "seq")
    if record is None:
        return None
    dossier = _newest(connection, dossiers, case, at, "version")
    sheet = _newest(connection, worksheets, case, at, "version")
    day = clock.day_of(at)
    return SimpleNamespace(
        at=at,
        state_label=STAGES[case.stage].state_labels[record.to_state],
        seq=record.seq,
        hash=record.hash,
        version=dossier.version if dossier else 0,
        dossier_hash=dossier.sha256 if dossier else "",
        lines=flat(json.loads(dossier.body)) if dossier else [],
        sheet=sheet,
        digest=sheet.book_digest if sheet else "",
        sheet_rules=_sheet_rules(sheet) if sheet else [],
        rules=_in_force(connection, case.place, day),
        day=day,
        problems=records.verify(connection, case.id),
    )


def _newest(connection: Connection, table: Table, case: Case, at: datetime, order: str) -> Any:
    query = select(table).where(table.c.case_id == case.id, table.c.at <= at).order_by(table.c[order].desc()).limit(1)
    return connection.execute(query).one_or_none()


def _sheet_rules(sheet: Any) -> list[SimpleNamespace]:
    """The provisions the worksheet was calculated on, as they were kept with it."""
    found: dict[str, SimpleNamespace] = {}
    for line in json.loads(sheet.body)["lines"]:
        one = line["provision"]
        if one and one["rule"] not in found:
            found[one["rule"]] = _provision(
                one["rule"], one.get("title"), one.get("title_en"), one["value"], one.get("unit", ""), one.get("since"),
                (one.get("cite") or {}).get("document", ""), (one.get("cite") or {}).get("clause", ""),
            )
    return list(found.values())


def _in_force(connection: Connection, place: str, day: Any) -> list[SimpleNamespace]:
    """The provisions in force at the place on the day, as the rule books say today."""
    try:
        provisions = rules.rulebook(connection).at(place).provisions(day)
    except Refused:
        return []
    return [
        _provision(one.rule, one.title, one.title_en, one.value, one.unit, one.since.isoformat(), one.cite.document,
                   one.cite.clause)
        for _key, one in sorted(provisions.items())
    ]  # fmt: skip


def _provision(
    rule: str, title: Any, title_en: Any, value: Any, unit: str, since: Any, document: str, clause: str
) -> SimpleNamespace:
    return SimpleNamespace(
        rule=rule, title=words.pick(title or rule, title_en), value=value_text(rule, value, unit), since=since,
        document=document, clause=clause,
    )


def flat(content: Any, path: str = "") -> list[SimpleNamespace]:
    """Plain data as lines of a path, its words, and a value; an empty list or table is a line of its own."""
    if isinstance(content, dict) and content:
        return [line for key in sorted(content) for line in flat(content[key], f"{path}.{key}" if path else key)]
    if isinstance(content, list) and content:
        return [line for number, one in enumerate(content) for line in flat(one, f"{path}[{number}]")]
    return [SimpleNamespace(path=path, label=_label(path), value=_value(path, content))]


def _label(path: str) -> str:
    return formula_words.input_name(path) if path else ""


def _value(path: str, content: Any) -> str:
    if isinstance(content, bool):
        return str(words.pick("是", "yes") if content else words.pick("否", "no"))
    if isinstance(content, int) and path.rsplit(".", 1)[-1].split("[")[0].endswith("_fen"):
        return f"{yuan(content)} {words.pick('元', 'yuan')}"
    return "—" if content in (None, "", [], {}) else str(content)


def versions(connection: Connection, case: Case) -> list[Any]:
    """Every version of the case's dossier, oldest first."""
    return list(
        connection.execute(select(dossiers).where(dossiers.c.case_id == case.id).order_by(dossiers.c.version))
    )


def compare(left: Any, right: Any) -> list[SimpleNamespace]:
    """Two versions line by line, in the order of their paths; ``changed`` marks where they differ."""
    sides = [{line.path: line for line in flat(json.loads(one.body))} for one in (left, right)]
    found = []
    for path in sorted(sides[0].keys() | sides[1].keys()):
        here, there = sides[0].get(path), sides[1].get(path)
        found.append(
            SimpleNamespace(
                path=path,
                label=(here or there).label,  # type: ignore[union-attr]
                left=here.value if here else "",
                right=there.value if there else "",
                changed=(here and here.value) != (there and there.value),
                kind="added" if here is None else "removed" if there is None else "",
            )
        )
    return found
