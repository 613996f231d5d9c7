"""Open tasks: whom each case waits for, kept with every change so that inboxes and counts are always right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from governance.roles import Role
from workflow import clocks, decisions
from workflow.attempt import Attempt
from workflow.machines import Step
from workflow.model import tasks as open_tasks

NO_DEADLINE = "9999-12-31"


def refresh(attempt: Attempt) -> None:
    """Make the case's open tasks those of its present state: who is waited for, and by when."""
    case, connection = attempt.case, attempt.connection
    wanted = awaited(attempt)
    present = {
        (row.trigger, row.organisation_id, row.role): row
        for row in connection.execute(select(open_tasks).where(open_tasks.c.case_id == case.id))
    }
    running = clocks.running(connection, case.id) if wanted else []
    gone = [row.id for key, row in present.items() if key not in wanted]
    if gone:
        connection.execute(open_tasks.delete().where(open_tasks.c.id.in_(gone)))
    for key, step in wanted.items():
        deadline = _deadline(step, running)
        if key not in present:
            values = dict(zip(("trigger", "organisation_id", "role"), key, strict=True))
            connection.execute(
                open_tasks.insert(), {"case_id": case.id, "since": case.since, "deadline": deadline, **values}
            )
        elif present[key].deadline != deadline:
            connection.execute(open_tasks.update().where(open_tasks.c.id == present[key].id).values(deadline=deadline))


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
    return wanted


def waiting_organisations(attempt: Attempt, step: Step, role: Role) -> list[int]:
    """The organisations that ``step`` waits for in ``role``."""
    mine = attempt.parties.of(role)
    if step.waiting is not None:
        return [one for one in step.waiting(attempt, role) if one in mine]
    if step.casts:
        return [one for one in decisions.waiting_for(attempt, step) if one in mine]
    return list(mine)
