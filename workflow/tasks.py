"""Open tasks: whom each case waits for, kept with every change so that inboxes and counts are always right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, select

from governance.roles import Role
from workflow import clocks, counting, decisions
from workflow.attempt import Attempt
from workflow.machines import Step
from workflow.model import tasks as open_tasks
from workflow.prepared import Prepared

NO_DEADLINE = "9999-12-31"

_OPEN = Prepared(select(open_tasks).where(open_tasks.c.case_id == bindparam("case")))
_DONE = Prepared(open_tasks.delete().where(open_tasks.c.id == bindparam("task")))
_MOVED = open_tasks.update().where(open_tasks.c.id == bindparam("task"))
_NEW = Prepared(open_tasks.insert().inline())


def refresh(attempt: Attempt) -> None:
    """Make the case's open tasks those of its present state: who is waited for, and by when."""
    case, connection = attempt.case, attempt.connection
    wanted = awaited(attempt)
    rows = _OPEN.rows(connection, {"case": case.id})
    present = {(row.trigger, row.organisation_id, row.role): row for row in rows}
    running = clocks.running(connection, case.id) if wanted else []
    for key, row in present.items():
        if key not in wanted:
            _DONE.run(connection, {"task": row.id})
    for key, step in wanted.items():
        trigger, organisation, role = key
        deadline = _deadline(step, running)
        if key not in present:
            values = {"trigger": trigger, "organisation_id": organisation, "role": role}
            _NEW.run(connection, {"case_id": case.id, "since": case.since, "deadline": deadline, **values})
        elif present[key].deadline != deadline:
            connection.execute(_MOVED, {"task": present[key].id, "deadline": deadline})


def _deadline(step: Step, running: Iterable[Any]) -> str:
    days = [row.deadline for row in running if row.paused_on is None and (not step.clock or row.name == step.clock)]
    return min(days).isoformat() if days else NO_DEADLINE


def awaited(attempt: Attempt) -> dict[tuple[str, int, str], Step]:
    """Which steps the case waits for, from which organisation and role."""
    wanted: dict[tuple[str, int, str], Step] = {}
    for step in attempt.stage.steps_from(attempt.case.state):
        if not step.task:
            continue
        for role in step.by:
            if role is Role.SYSTEM:
                continue
            for organisation in waiting_organisations(attempt, step, role):
                wanted[(step.trigger, organisation, str(role))] = step
    for asked in counting.waited_for(attempt):
        wanted[(counting.OPINION.trigger, asked.organisation_id, asked.role)] = counting.OPINION
    return wanted


def waiting_organisations(attempt: Attempt, step: Step, role: Role) -> list[int]:
    """The organisations that ``step`` waits for in ``role``."""
    mine = attempt.parties.of(role)
    found = [one for one in step.waiting(attempt, role) if one in mine] if step.waiting is not None else list(mine)
    if step.casts:
        owing = decisions.waiting_for(attempt, step)
        found = [one for one in owing if one in found]
    return found
