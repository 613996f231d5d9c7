"""What the kernel keeps of a case, read in few questions, and left where guards and sections look for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from workflow import standing
from workflow.acts.model import comments
from workflow.attempt import ON_PAGE, SYSTEM, Attempt, Case
from workflow.model import attachments, dossiers, journals, occurrences, records, worksheets
from workflow.organisations.model import organisations, persons
from workflow.pages import words
from workflow.recalling import LAST_BOOKING
from workflow.returning import completed_in


@dataclass(frozen=True, slots=True)
class Reading:
    """A case as its page reads it: for guards and sections, its newest worksheet, and its records, oldest first."""

    attempt: Attempt
    sheet: Row[Any] | None
    trail: list[Row[Any]]
    people: Mapping[int, str]
    bodies: Mapping[int, str]

    def person(self, number: int | None) -> str:
        """The name of someone in the trail, or of whom they acted for."""
        if number is None:
            return ""
        return self.people.get(number) or standing.everything(self.attempt).names.get(number, "")

    def organisation(self, number: int | None) -> str:
        """The name of an organisation in the trail."""
        return "" if number is None else self.bodies.get(number, "")


def read_case(connection: Connection, case: Case, at: datetime, *, demo: bool = False) -> Reading:
    """Dossier, newest worksheet and trail of ``case`` for a page; ``demo`` where the database is known to be a demo."""
    kept: dict[Any, Any] = {}
    attempt = Attempt(connection, case, SYSTEM, at, read={ON_PAGE: kept})
    if demo:
        attempt.read["place allowed"] = True
    head, *more = connection.execute(_head(case)).all()
    attempt.dossier = json.loads(head.dossier)
    sheet = None if head.version is None else head
    if sheet is not None:
        kept["worksheet", sheet.version] = sheet.body
    kept[LAST_BOOKING] = head.booked_at
    attempt.read["failures"] = [row for row in (head, *more) if row.job]
    kept["trail"] = trail = list(connection.execute(_trail(case.id)))
    kept["completed"] = completed_in(trail)
    return Reading(
        attempt,
        sheet,
        trail,
        {row.person_id: row.person for row in trail if row.person_id},
        {row.organisation_id: words.pick(row.name, row.name_en) for row in trail if row.organisation_id},
    )


def _head(case: Case) -> Any:
    """The present dossier, the newest worksheet and the last booking, once for each scheduled run that has failed."""
    newest = select(func.max(worksheets.c.version)).where(worksheets.c.case_id == case.id).scalar_subquery()
    booked = select(func.max(journals.c.at)).where(journals.c.case_id == case.id).scalar_subquery()
    sheet = worksheets.c
    failed = (occurrences.c.status == "failed") & (occurrences.c.scope == dossiers.c.case_id)
    return (
        select(dossiers.c.body.label("dossier"), sheet.version, sheet.body, sheet.day, sheet.book_digest)
        .add_columns(occurrences.c.job, occurrences.c.error, booked.label("booked_at"))
        .outerjoin_from(dossiers, worksheets, (sheet.case_id == dossiers.c.case_id) & (sheet.version == newest))
        .outerjoin(occurrences, failed)
        .where(dossiers.c.case_id == case.id, dossiers.c.version == case.dossier_version)
    )


def _trail(case_id: int) -> Any:
    """The records with the names of who acted, and for whom; that of a comment also with what was said.

    A comment and its record are kept together under the case's lock, so that the n-th of one is the n-th of the other.
    """
    noted = select(records.c.seq, func.row_number().over(order_by=records.c.seq).label("number")).where(
        records.c.case_id == case_id, records.c.verb == "comment"
    )
    said = select(comments.c.body, func.row_number().over(order_by=comments.c.id).label("number")).where(
        comments.c.case_id == case_id
    )
    first, second = noted.subquery(), said.subquery()
    return (
        select(records, persons.c.name.label("person"), organisations.c.name, organisations.c.name_en)
        .add_columns(second.c.body.label("said"))
        .outerjoin_from(records, persons, persons.c.id == records.c.person_id)
        .outerjoin(organisations, organisations.c.id == records.c.organisation_id)
        .outerjoin(first, first.c.seq == records.c.seq)
        .outerjoin(second, second.c.number == first.c.number)
        .where(records.c.case_id == case_id)
        .order_by(records.c.seq)
    )


def attached(reading: Reading) -> list[Row[Any]]:
    """The files of the case, oldest first."""
    case_id = reading.attempt.case.id
    query = select(attachments).where(attachments.c.case_id == case_id).order_by(attachments.c.id)
    return list(reading.attempt.connection.execute(query))
