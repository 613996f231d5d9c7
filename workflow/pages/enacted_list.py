"""What was enacted for a place and those above it: each rule with its case, document, scan and what followed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, select

from governance.rulebook import rule_names
from workflow import enacted
from workflow.enacted import enacted_rules
from workflow.model import attachments, cases
from workflow.pages import words
from workflow.pages.rule_values import value_text
from workflow.rules import rulebook


def rows(
    connection: Connection, places: Collection[str], visible: Collection[int], day: date
) -> list[SimpleNamespace]:
    """The enacted rules of ``places``, newest first; the case is linked for whoever may see it.

    ``until`` is the last day of one that another has followed, ``gone`` that it never holds, ``ahead`` not yet.
    """
    query = (
        select(enacted_rules, cases.c.consortium_id)
        .join(cases, cases.c.id == enacted_rules.c.case_id)
        .where(enacted_rules.c.place.in_(places))
        .order_by(enacted_rules.c.seq.desc())
    )
    found: list[SimpleNamespace] = []
    for row in connection.execute(query):
        later = [one.since for one in found if (one.place, one.rule) == (row.place, row.rule)]
        found.append(_row(row, row.consortium_id in visible, min(later, default=None), day))
    return found


def _row(row: Any, linked: bool, until: date | None, day: date) -> SimpleNamespace:
    name, place = rule_names()[row.rule], rulebook().places[row.place]
    said = enacted.enacted_from(row)
    return SimpleNamespace(
        seq=row.seq, place=row.place, rule=row.rule, title=words.pick(name.title, name.title_en),
        place_name=words.pick(place.name, place.name_en), value=value_text(row.rule, said.value, name.unit),
        since=row.since, until=until, gone=until is not None and until <= row.since, ahead=row.since > day,
        document=row.document, document_title=row.document_title, clause=row.clause, says=row.says,
        known_since=row.known_since, backwards=row.backwards, scan=row.scan_sha256,
        scan_url=f"/rules/enacted/{row.seq}/scan", case_url=f"/rule_change/{row.case_id}" if linked else "",
        hash=row.hash,
    )  # fmt: skip


def scan_of(connection: Connection, number: int) -> Any | None:
    """The place of an enacted rule and its document's scan as it is kept; ``None`` when there is no such rule."""
    query = (
        select(enacted_rules.c.place, attachments.c.name, attachments.c.media_type, attachments.c.sha256)
        .join(
            attachments,
            (attachments.c.case_id == enacted_rules.c.case_id) & (attachments.c.sha256 == enacted_rules.c.scan_sha256),
        )
        .where(enacted_rules.c.seq == number)
        .limit(1)
    )
    return connection.execute(query).one_or_none()
