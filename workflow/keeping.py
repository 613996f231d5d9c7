"""What every change of a case leaves: a version of the dossier, a record, its row, its rounds and its tasks."""

from __future__ import annotations

from sqlalchemy import bindparam

from workflow import decisions, records, tasks
from workflow.attempt import Attempt, sha256, subject_text
from workflow.db import canonical
from workflow.model import cases, dossiers
from workflow.prepared import Prepared

_KEEP = Prepared(cases.update().where(cases.c.id == bindparam("case")))
_KEEP_DOSSIER = dossiers.insert()


def keep_dossier(attempt: Attempt) -> None:
    """Write a new version of the dossier when what is decided has changed."""
    case = attempt.case
    if "dossier" not in attempt.__dict__:
        return
    text = subject_text(case, attempt.dossier)
    digest = sha256(text)
    if digest == case.subject_hash and case.record_seq:
        return
    case.dossier_version += 1 if case.record_seq else 0
    case.subject_hash = digest
    attempt.connection.execute(
        _KEEP_DOSSIER,
        {
            "case_id": case.id,
            "version": case.dossier_version,
            "body": canonical(attempt.dossier),
            "sha256": digest,
            "at": attempt.at,
            "person_id": attempt.actor.person_id,
        },
    )


def after(attempt: Attempt, verb: str, before: str, *, refreshed: bool = True) -> None:
    """Rounds, record, case row and tasks after a change; in this order, so that a page never sees half of it."""
    if refreshed:
        decisions.refresh(attempt)
    write_record(attempt, verb, before)
    if "progress" in attempt.__dict__:
        attempt.case.progress = canonical(attempt.progress)
    attempt.case.revision += 1
    keep_case(attempt)
    if refreshed:
        tasks.refresh(attempt)


def write_record(attempt: Attempt, verb: str, before: str) -> None:
    """Append the record of what was done to the chain of the case."""
    case, actor = attempt.case, attempt.actor
    data = {**attempt.noted, "revision": case.revision + 1, "subject": case.subject_hash}
    if actor.for_person_id is not None:
        data["for"] = actor.for_person_id
    case.record_hash = records.append(
        attempt.connection,
        case.id,
        case.record_seq + 1,
        case.record_hash,
        records.Entry(
            attempt.at, verb, before, case.state, str(actor.role), actor.person_id, actor.organisation_id, data
        ),
    )
    case.record_seq += 1


_MUTABLE = (
    "state", "revision", "since", "dossier_version", "subject_hash", "progress", "amount_fen", "record_seq",
    "record_hash", "closed_at", "definition",
)


def keep_case(attempt: Attempt) -> None:
    """Write the row of the case."""
    values = {name: getattr(attempt.case, name) for name in _MUTABLE}
    _KEEP.run(attempt.connection, {"case": attempt.case.id, **values})
