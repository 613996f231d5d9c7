"""What holds after every step, and a picture of a whole database to compare two moments by."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, func, select

from workflow import ledger, records, tasks
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.db import metadata, reading
from workflow.model import answers, case_actors, cases, decisions, journals, rounds
from workflow.model import tasks as open_tasks


def counts(engine: Engine) -> dict[str, int]:
    """How many rows each table holds."""
    with reading(engine) as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }


def problems(connection: Connection, after: int = 0) -> list[str]:
    """Every half-written step: chains, journals, tasks that are not those awaited, rounds that should be closed.

    Tasks and rounds are looked at for the cases numbered above ``after``.
    """
    found = records.verify(connection) + ledger.check_journals(connection)
    for row in connection.execute(select(cases).where(cases.c.id > after)).all():
        found += _wrong_tasks(connection, Case(*row)) + _wrong_rounds(connection, Case(*row))
    if connection.scalar(select(func.count()).where(answers.c.answer == "")):
        found.append("an answer is missing")
    return found


def _wrong_tasks(connection: Connection, case: Case) -> list[str]:
    attempt = Attempt(connection, case, SYSTEM, case.opened_at)
    wanted = set(tasks.awaited(attempt))
    rows = connection.execute(select(open_tasks).where(open_tasks.c.case_id == case.id))
    present = {(row.trigger, row.organisation_id, row.role) for row in rows}
    return [] if wanted == present else [f"case {case.id} in {case.state}: tasks {present}, awaited {wanted}"]


def _wrong_rounds(connection: Connection, case: Case) -> list[str]:
    """A round is open exactly while the case is under review, on its present content, and not decided yet."""
    query = select(rounds).where(rounds.c.case_id == case.id, rounds.c.outcome == "open")
    opened = connection.execute(query).all()
    if len(opened) != (case.state == "under_review"):
        return [f"case {case.id} in {case.state} has {len(opened)} open rounds"]
    if opened and opened[0].subject_hash != case.subject_hash:
        return [f"case {case.id}: its round is on other content"]
    if opened and approvals(connection, case.id, opened[0].round_no) == 3:
        return [f"case {case.id} is stuck: all have decided"]
    paid = connection.scalar(select(func.count()).select_from(journals).where(journals.c.case_id == case.id))
    return [] if paid == (case.state == "paid") else [f"case {case.id} in {case.state} has {paid} journals"]


def approvals(connection: Connection, case_id: int, round_no: int) -> int:
    """How many approvers have decided in a round."""
    return connection.scalar(
        select(func.count())
        .select_from(decisions)
        .where(decisions.c.case_id == case_id, decisions.c.round_no == round_no, decisions.c.link == "approve")
    ) or 0


def state_of(engine: Engine, case_id: int) -> Any:
    """The row of a case."""
    with reading(engine) as connection:
        return connection.execute(select(cases).where(cases.c.id == case_id)).one()


def duties_of(engine: Engine, case_id: int) -> dict[int, str]:
    """Who took on which duty in a case."""
    with reading(engine) as connection:
        rows = connection.execute(select(case_actors).where(case_actors.c.case_id == case_id))
        return {row.person_id: row.duty for row in rows}


def sound(engine: Engine) -> None:
    """Asserts that nothing is half written."""
    with reading(engine) as connection:
        assert problems(connection) == []
