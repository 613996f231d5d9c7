"""All scheduled work of the house, and the alarm clock that wakes it."""

from __future__ import annotations

import importlib
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, select

from governance.roles import Role
from workflow import clock, lifecycle
from workflow.attempt import Attempt, Case
from workflow.calendar import jobs as calendar
from workflow.db import moment_text, reading, writing
from workflow.i18n import lazy as _
from workflow.model import cases, clocks
from workflow.occurrences import Due, Job, Ran, beat, run_due
from workflow.reminders import jobs as reminders
from workflow.stages import ORDER
from workflow.trail import jobs as trail

TICK_SECONDS = 30
WINDOWS = ("objection", "notice", "opinion")


def overdue_clocks(connection: Connection, at: datetime) -> list[Due]:
    """Clocks whose last day has passed and that nobody has been told of; the end of a window is nobody's delay."""
    query = select(clocks).where(
        clocks.c.name.notin_(WINDOWS),
        clocks.c.stopped_on.is_(None),
        clocks.c.paused_on.is_(None),
        clocks.c.overdue_on.is_(None),
        clocks.c.deadline < clock.day_of(at),
    )
    return [Due(row.case_id, f"{row.name}:{row.serial}:{row.deadline}", at) for row in connection.execute(query)]


def flag_overdue(connection: Connection, due: Due, at: datetime) -> None:
    """Record that a clock has run out, and tell who holds it."""
    name, serial, _deadline = due.period.split(":")
    where = (clocks.c.case_id == due.scope, clocks.c.name == name, clocks.c.serial == int(serial))
    row = connection.execute(select(clocks).where(*where)).one()
    facts = {"clock": name, "deadline": row.deadline.isoformat(), "holder": row.holder_role}
    lifecycle.note(connection, due.scope, "overdue", at=at, data=facts)
    connection.execute(clocks.update().where(*where).values(overdue_on=clock.day_of(at)))
    case = Case(*connection.execute(select(cases).where(cases.c.id == due.scope)).one())
    Attempt(connection, case, lifecycle.SYSTEM, at).notify(
        Role(row.holder_role), "overdue", f"期限 {row.deadline.isoformat()} 已过，请尽快办理"
    )


FLAG_OVERDUE = Job("flag_overdue", _("标记超期"), overdue_clocks, flag_overdue)


@cache
def stage_jobs() -> tuple[Job, ...]:
    """The work of the stages, in their order; one run may make another due."""
    found: list[Job] = []
    for name in ORDER:
        try:
            module = importlib.import_module(f"workflow.{name}.jobs")
        except ModuleNotFoundError as missing:
            if missing.name != f"workflow.{name}.jobs":
                raise
            continue
        found += module.JOBS
    return tuple(found)


def daily_jobs() -> list[Job]:
    """What follows the stages' work and makes nothing else due: overdue marks, reminders, calendar, seals."""
    return [FLAG_OVERDUE, *reminders.JOBS, *calendar.JOBS, *trail.JOBS]


def all_jobs() -> list[Job]:
    """Every job, in the order in which one tick runs them."""
    return [*stage_jobs(), *daily_jobs()]


def label_of(name: str) -> Any:
    """What a job is called; one that is no more, by a word that fits any."""
    return next((job.label for job in all_jobs() if job.name == name), _("定时任务"))


def tick(engine: Engine, at: datetime | None = None) -> list[Ran]:
    """Run everything that is due now (or at ``at``), until nothing new becomes due; also tells what failed."""
    with reading(engine) as connection:
        moment = at or clock.now(connection)
    ran = run_due(engine, moment, stage_jobs())
    fresh = ran
    while any(one.status == "done" for one in fresh):
        fresh = run_due(engine, moment, stage_jobs())
        ran += fresh
    ran += run_due(engine, moment, daily_jobs())
    with writing(engine) as connection:
        beat(connection, moment_text(clock.real_now()))
    return ran


def work(engine: Engine) -> None:
    """Be the alarm clock: one process, one tick every half minute, until stopped."""
    from apscheduler.schedulers.blocking import BlockingScheduler

    scheduler = BlockingScheduler(timezone=clock.SHANGHAI)
    scheduler.add_job(
        tick, "interval", [engine], seconds=TICK_SECONDS, misfire_grace_time=None, coalesce=True, max_instances=1
    )
    tick(engine)
    scheduler.start()
