"""Scheduled work as rows: each due run happens once, in one transaction with its effect, late if need be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from governance.refusal import Refused
from workflow.db import reading, writing
from workflow.model import occurrences, settings

BACK_OFF_MINUTES = (1, 5, 30, 120, 720)
HEARTBEAT = "jobs.heartbeat"
LISTING = "listing:"


@dataclass(frozen=True, slots=True)
class Due:
    """One run that is due: its scope (a case or consortium), its period, and since when."""

    scope: int
    period: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of scheduled work: ``due`` lists what is due at a moment, ``run`` does one of it."""

    name: str
    label: Any
    due: Callable[[Connection, datetime], Iterable[Due]]
    run: Callable[[Connection, Due, datetime], None]


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of one due run."""

    job: str
    due: Due
    status: str
    error: str = ""


def _insert(connection: Connection, values: dict[str, Any]) -> None:
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    connection.execute(
        insert(occurrences).values(**values).on_conflict_do_nothing(index_elements=["job", "scope", "period"])
    )


def run_due(engine: Engine, at: datetime, jobs: Iterable[Job]) -> list[Ran]:
    """Run everything that is due at ``at``, each in a transaction of its own; one broken run does not stop the rest.

    What is due is listed first, in one reading transaction; what a run brings about is due at the next call. A job that
    cannot even say what is due fails by itself, as a run of its own.
    """
    known = list(jobs)
    try:
        with reading(engine) as connection:
            listed = [(job, _listed(connection, job, at)) for job in known]
    except Exception:
        listed = [(job, _listed_alone(engine, job, at)) for job in known]
    return [one for job, found in listed for due in found if (one := run_one(engine, job, due, at))]


def _listed(connection: Connection, job: Job, at: datetime) -> list[Due]:
    return sorted(job.due(connection, at), key=_in_turn)


def _listed_alone(engine: Engine, job: Job, at: datetime) -> list[Due]:
    """What is due of one job; where that cannot be said, saying it is what is due. Its scope is no case's."""
    try:
        with reading(engine) as connection:
            return _listed(connection, job, at)
    except Exception:
        return [Due(0, f"{LISTING}{at.date().isoformat()}", at)]


def _doing(job: Job, due: Due) -> Callable[[Connection, Due, datetime], Any]:
    """What a run does: the job's work, or for a failed listing, listing once more."""
    return job.run if not due.period.startswith(LISTING) else lambda connection, _due, at: list(job.due(connection, at))


def _in_turn(due: Due) -> tuple[datetime, int, str]:
    """What is due longest comes first, and equals in one order whatever the database."""
    return due.due_at, due.scope, due.period


def run_one(engine: Engine, job: Job, due: Due, at: datetime, *, forced: bool = False) -> Ran | None:
    """Claim and do one run; ``None`` when it is done already, claimed elsewhere, or waits for its next try."""
    try:
        with writing(engine) as connection:
            row = _claim(connection, job.name, due)
            if row is None or row.status in ("done", "resolved"):
                return None
            if row.status == "failed" and not forced and row.retry_at is not None and row.retry_at > at:
                return None
            _doing(job, due)(connection, due, at)
            connection.execute(
                occurrences.update()
                .where(occurrences.c.id == row.id)
                .values(status="done", attempts=row.attempts + 1, finished_at=at, error="", retry_at=None)
            )
    except Exception as error:
        message = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
        _keep_failure(engine, job.name, due, at, message)
        return Ran(job.name, due, "failed", message)
    return Ran(job.name, due, "done")


def _claim(connection: Connection, name: str, due: Due) -> Any:
    """The row of one run, ours until the transaction ends; ``None`` where another scheduler is at it just now."""
    if connection.dialect.name != "sqlite" and not _first(connection, f"{name}/{due.scope}/{due.period}"):
        return None
    _insert(
        connection,
        {
            "job": name, "scope": due.scope, "period": due.period, "due_at": due.due_at,
            "status": "waiting", "attempts": 0, "error": "", "note": "",
        },
    )
    query = select(occurrences).where(
        occurrences.c.job == name, occurrences.c.scope == due.scope, occurrences.c.period == due.period
    )
    if connection.dialect.name != "sqlite":
        query = query.with_for_update(skip_locked=True)
    return connection.execute(query).one_or_none()


def _first(connection: Connection, run: str) -> bool:
    """Whether nobody else is at this run; asked of PostgreSQL without waiting, as the row may not be there yet."""
    number = int.from_bytes(hashlib.sha256(run.encode()).digest()[:8], signed=True)
    return bool(connection.scalar(select(func.pg_try_advisory_xact_lock(number))))


def _keep_failure(engine: Engine, name: str, due: Due, at: datetime, message: str) -> None:
    with writing(engine) as connection:
        row = _claim(connection, name, due)
        if row is None or row.status in ("done", "resolved"):
            return
        wait = BACK_OFF_MINUTES[min(row.attempts, len(BACK_OFF_MINUTES) - 1)]
        connection.execute(
            occurrences.update()
            .where(occurrences.c.id == row.id)
            .values(
                status="failed",
                attempts=row.attempts + 1,
                error=message[:2000],
                retry_at=at + timedelta(minutes=wait),
            )
        )


def resolve(connection: Connection, occurrence_id: int, note: str) -> None:
    """Lift the block of a failed run with a note saying why; it will not run again."""
    connection.execute(
        occurrences.update()
        .where(occurrences.c.id == occurrence_id, occurrences.c.status == "failed")
        .values(status="resolved", note=note)
    )


def last_beat(connection: Connection) -> datetime | None:
    """When the scheduler last said that it is alive, in real time; ``None`` when it never has."""
    said = connection.scalar(select(settings.c.value).where(settings.c.name == HEARTBEAT))
    return datetime.fromisoformat(said) if said else None


def beat(connection: Connection, at_text: str) -> None:
    """Say that the scheduler is alive."""
    changed = connection.execute(
        settings.update().where(settings.c.name == HEARTBEAT).values(value=at_text)
    )
    if changed.rowcount == 0:
        connection.execute(settings.insert().values(name=HEARTBEAT, value=at_text))
