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
from workflow.pages import dossier_words, words
from workflow.pages.dossier_lines import WORKSHEET, Line, Names, Path, lines
from workflow.pages.rule_values import value_text
from workflow.pages.worksheet_view import line_label


def as_of(connection: Connection, case: Case, at: datetime, names: Names) -> SimpleNamespace | None:
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
        lines=list(told(connection, case, dossier, names).values()) if dossier else [],
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


def told(connection: Connection, case: Case, dossier: Any, names: Names) -> dict[Path, Line]:
    """A version of the dossier in words, and each line of the worksheet that it is bound to."""
    content = json.loads(dossier.body)
    found, bound = lines(content, STAGES[case.stage], names), content.get(WORKSHEET) or {}
    query = select(worksheets.c.body).where(worksheets.c.case_id == case.id)
    body = connection.scalar(query.where(worksheets.c.version == bound.get("version")))
    called = {code: str(words.pick(*name)) for code, name in names.items()}
    for line in json.loads(body)["lines"] if body else ():
        own = line_label(line, called)
        whose = [called[part] for part in line["key"].split(".") if part in called and called[part] not in own]
        label = [dossier_words.term(WORKSHEET), *whose, own]
        fen, said = line.get("amount_fen"), dossier_words.value(str(line.get("value") or "—"))
        value = said if fen is None else f"{yuan(fen)} {words.pick('元', 'yuan')}"
        found[WORKSHEET, line["key"]] = Line("", " · ".join(label), value, value)
    return found


def versions(connection: Connection, case: Case) -> list[Any]:
    """Every version of the case's dossier, oldest first."""
    return list(
        connection.execute(select(dossiers).where(dossiers.c.case_id == case.id).order_by(dossiers.c.version))
    )


def compare(connection: Connection, case: Case, left: Any, right: Any, names: Names) -> list[SimpleNamespace]:
    """Two versions line by line, in the order of their paths; ``changed`` marks where they differ."""
    here, there = (told(connection, case, one, names) for one in (left, right))
    found = []
    for path in sorted(here.keys() | there.keys()):
        before, after = here.get(path), there.get(path)
        found.append(
            SimpleNamespace(
                label=(after or here[path]).label,
                left=before.value if before else "",
                right=after.value if after else "",
                changed=(before and before.exact) != (after and after.exact),
                kind="added" if before is None else "removed" if after is None else "",
            )
        )
    return found
