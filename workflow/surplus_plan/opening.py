"""What opens when a clearing closes: the plan of what is retained or borne, and the case of what is deferred."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from governance.roles import Role
from workflow import clocks, lifecycle, tasks
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.clearing.dues import moved_fen, pays_after_filing, plan_fen
from workflow.model import cases
from workflow.surplus_plan.model import KIND_LABELS, OVERRUN, SURPLUS, State

DEFERRED_AFTER = "clearing.deferred_after"


def open_for(connection: Connection, clearing_case: int, *, at: datetime) -> list[int]:
    """Open what a closed clearing asks for; nothing where nothing is retained, borne or deferred."""
    cleared = Attempt(
        connection, Case(*connection.execute(select(cases).where(cases.c.id == clearing_case)).one()), SYSTEM, at
    )
    found, fen = [], plan_fen(cleared)
    if fen:
        found.append(_open_plan(cleared, SURPLUS if fen > 0 else OVERRUN, abs(fen)))
    if moved_fen(cleared, "deferred_fen") > 0:
        found.append(_open_deferred(cleared, moved_fen(cleared, "deferred_fen")))
    return found


def _open_plan(cleared: Attempt, kind: str, amount_fen: int) -> int:
    later = kind == SURPLUS and pays_after_filing(cleared)
    attempt = _open(cleared, State.DRAFTING, kind=kind, amount_fen=amount_fen, settled_with_clearing=not later)
    attempt.notify(Role.LEAD_FINANCE, "plan", f"{cleared.case.period} 年度{KIND_LABELS[kind]}方案可以编制")
    return attempt.case.id


def _open_deferred(cleared: Attempt, amount_fen: int) -> int:
    """What the rule defers waits for its release; where the place says when, the days run from the clearing's end."""
    attempt = _open(
        cleared, State.DEFERRED, kind=SURPLUS, amount_fen=amount_fen, settled_with_clearing=False, source="deferred"
    )
    rule = attempt.find_rule(DEFERRED_AFTER)
    if rule is not None:
        clocks.start(attempt, "release", rule, Role.AGENCY_CLERK)
        tasks.refresh(attempt)
    attempt.notify(Role.AGENCY_CLERK, "deferred", f"{cleared.case.period} 年度结余暂缓部分到期后请提出发放")
    return attempt.case.id


def _open(cleared: Attempt, state: State, **body: Any) -> Attempt:
    """A case of the clearing's year and pool, numbered after those that are there."""
    connection, case = cleared.connection, cleared.case
    last = connection.scalar(
        select(func.max(cases.c.serial)).where(
            cases.c.stage == "surplus_plan", cases.c.consortium_id == case.consortium_id, cases.c.pool == case.pool,
            cases.c.period == case.period,
        )
    )
    case_id = lifecycle.open_case(
        connection, "surplus_plan", case.consortium_id, actor=SYSTEM, at=cleared.at, place=case.place, pool=case.pool,
        period=case.period, serial=1 + (last or 0), state=str(state), follows=case.id,
        dossier={"consortium": cleared.consortium.code, "clearing_case": case.id, **body},
    )
    return Attempt(connection, lifecycle.lock(connection, case_id), SYSTEM, cleared.at)
