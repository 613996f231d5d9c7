"""What the register says now: files by place and period, which is in force, and which counts budgets have used."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from workflow.budget.model import State
from workflow.model import cases, worksheets
from workflow.organisations.model import consortia, insured_counts, persons
from workflow.register.model import register_file_answers as answers
from workflow.register.model import register_files as files

DECIDED = (State.APPROVED, State.ISSUED, State.ADJUSTED, State.CLOSED)


def source_of(sha256: str) -> str:
    """How a count says which file of the register it comes from."""
    return f"sha256:{sha256}"


def _answered() -> Select[Any]:
    return select(
        files, persons.c.name.label("by"), answers.c.verdict, answers.c.note, answers.c.at.label("answered_at")
    ).join_from(files, persons, persons.c.id == files.c.imported_by).outerjoin(answers, answers.c.file_id == files.c.id)


def one(connection: Connection, number: int) -> Any | None:
    """A file with its answer, or ``None``."""
    return connection.execute(_answered().where(files.c.id == number)).one_or_none()


def of_place(connection: Connection, place: str) -> list[Any]:
    """Every file of a place, newest period first and within it the newest file."""
    query = _answered().where(files.c.place == place).order_by(files.c.period.desc(), files.c.id.desc())
    return list(connection.execute(query))


def in_force(connection: Connection, place: str, period: str) -> Any | None:
    """The file confirmed last for a place and period, or ``None``."""
    query = _answered().where(files.c.place == place, files.c.period == period, answers.c.verdict == "confirmed")
    return connection.execute(query.order_by(answers.c.at.desc(), files.c.id.desc()).limit(1)).first()


def waiting(connection: Connection, place: str, period: str) -> Any | None:
    """The file that waits for a reviewer, or ``None``."""
    query = _answered().where(files.c.place == place, files.c.period == period, answers.c.verdict.is_(None))
    return connection.execute(query).first()


def before(connection: Connection, place: str, period: str) -> Any | None:
    """The file in force of the newest earlier period of the same kind: years with years, months with months."""
    query = select(func.max(files.c.period)).join(answers, answers.c.file_id == files.c.id).where(
        files.c.place == place, files.c.period < period, func.length(files.c.period) == len(period),
        answers.c.verdict == "confirmed",
    )  # fmt: skip
    newest = connection.scalar(query)
    return in_force(connection, place, newest) if newest else None


def of_others(connection: Connection, place: str, period: str) -> list[Any]:
    """The files of every other place for a period that wait or are in force."""
    query = select(files.c.place).where(files.c.place != place, files.c.period == period).distinct()
    return [
        row
        for other in connection.scalars(query.order_by(files.c.place)).all()
        for row in (in_force(connection, other, period), waiting(connection, other, period))
        if row is not None
    ]


def held(connection: Connection, consortium: str, pool: str, period: str) -> Any | None:
    """The registered count of a consortium and pool for a period, or ``None``."""
    columns = insured_counts.c
    query = select(columns.heads, columns.source).join(consortia, consortia.c.id == columns.consortium_id)
    found = query.where(consortia.c.code == consortium, columns.pool == pool, columns.period == period)
    return connection.execute(found).one_or_none()


def used(connection: Connection, place: str, consortium: str, pool: str, period: str) -> bool:
    """Whether a decided budget of the county may have been reckoned on the registered count of this period.

    A budget takes the newest count up to its year, so a later period's is none of its; nor is one that came from the
    register after the budget's last calculation.
    """
    home = connection.scalar(select(consortia.c.place).where(consortia.c.code == consortium))
    query = (
        select(func.max(worksheets.c.at))
        .join(cases, cases.c.id == worksheets.c.case_id)
        .where(
            cases.c.stage == "budget", cases.c.place == home, cases.c.pool == pool,
            cases.c.period >= period[:4], cases.c.state.in_(DECIDED),
        )
    )  # fmt: skip
    calculated_at = connection.scalar(query)
    if calculated_at is None:
        return False
    since = _registered_at(connection, place, period, held(connection, consortium, pool, period))
    return since is None or since <= calculated_at


def _registered_at(connection: Connection, place: str, period: str, count: Any | None) -> datetime | None:
    """When the count came from a file of the register; ``None`` for one that was typed."""
    query = (
        select(files.c.sha256, answers.c.at)
        .join(answers, answers.c.file_id == files.c.id)
        .where(files.c.place == place, files.c.period == period, answers.c.verdict == "confirmed")
    )
    moments = [row.at for row in connection.execute(query) if count and source_of(row.sha256) == count.source]
    return min(moments, default=None)
