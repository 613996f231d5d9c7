"""Commands of operation: schema, working days, jobs, sample claims."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from governance.refusal import Refused
from governance.workdays import Calendar, add_workdays
from workflow import clock, guards, jobs, occurrences
from workflow.calendar_days import load_calendar, seed_calendar
from workflow.cli.rules import REFUSED
from workflow.db import make_engine, metadata, reading, upgrade, writing
from workflow.model import occurrences as occurrence_rows

MIGRATIONS = Path(__file__).resolve().parent.parent.parent / "migrations"
Day = click.DateTime(formats=["%Y-%m-%d"])
jobs_group = AppGroup("jobs", help="定时任务 (scheduled work)")
claims_group = AppGroup("claims", help="费用明细 (claims)")


def _engine() -> Any:
    return current_app.extensions["gongzhi.engine"]


@click.command("upgrade")
def upgrade_command() -> None:
    """Bring the database to the newest schema and calendar."""
    upgrade(_engine())
    with reading(_engine()) as connection:
        missing = guards.missing(connection)
    for name in missing:
        click.echo(f"缺少触发器 {name}", err=True)
    sys.exit(1 if missing else 0)


def _calendar() -> Calendar:
    try:
        with reading(_engine()) as connection:
            found = load_calendar(connection)
    except SQLAlchemyError:
        found = Calendar({}, set())
    if found.known_years:
        return found
    engine = make_engine("sqlite://")
    metadata.create_all(engine, [metadata.tables["settings"], metadata.tables["calendar_days"]])
    with writing(engine) as connection:
        seed_calendar(connection)
        return load_calendar(connection)


@click.command("workdays")
@click.option("--from", "start", type=Day, required=True)
@click.option("--days", type=click.IntRange(0, 3660), required=True)
@click.option("--json", "as_json", is_flag=True)
@with_appcontext
def workdays_command(start: Any, days: int, as_json: bool) -> None:
    """The last day of a period of working days; the start day is not counted.

    Counted on the calendar of this database, imported notices included; before it is set up, on the one shipped.
    """
    try:
        day, provisional = add_workdays(start.date(), days, _calendar())
    except Refused as refused:
        click.echo(f"{refused}（{refused.refusals[0].who}）", err=True)
        sys.exit(REFUSED)
    if as_json:
        click.echo(json.dumps({"date": day.isoformat(), "provisional": provisional}))
    else:
        click.echo(f"{day.isoformat()}{'（暂定：该年放假安排尚未公布）' if provisional else ''}")


@jobs_group.command("list")
def list_jobs() -> None:
    """Every kind of scheduled work."""
    for job in jobs.all_jobs():
        click.echo(f"{job.name}\t{job.label}")


@jobs_group.command("due")
def due_jobs() -> None:
    """What is due now."""
    with reading(_engine()) as connection:
        at = clock.now(connection)
        for job in jobs.all_jobs():
            for due in job.due(connection, at):
                click.echo(f"{job.name}\t{due.scope}\t{due.period}")


@jobs_group.command("run")
def run_jobs() -> None:
    """Run everything that is due, once."""
    for one in jobs.tick(_engine()):
        click.echo(f"{one.job}\t{one.due.scope}\t{one.due.period}\t{one.status}\t{one.error}")


@jobs_group.command("work")
def work_jobs() -> None:
    """Be the scheduler until stopped."""
    jobs.work(_engine())


@jobs_group.command("resolve")
@click.argument("occurrence", type=int)
@click.option("--note", required=True)
def resolve_job(occurrence: int, note: str) -> None:
    """Lift the block of a failed run, saying why."""
    with writing(_engine()) as connection:
        if connection.scalar(select(occurrence_rows.c.status).where(occurrence_rows.c.id == occurrence)) != "failed":
            raise click.ClickException(f"任务 {occurrence} 不是失败状态")
        occurrences.resolve(connection, occurrence, note)


@claims_group.command("sample")
@click.option("--consortium", required=True)
@click.option("--pool", type=click.Choice(["resident", "employee"]), default="resident")
@click.option("--period", required=True, help="2025-03")
@click.option("--member", "members", multiple=True, required=True, help="code:level")
@click.option("--own-fen", type=int, required=True)
@click.option("--away-fen", type=int, default=0)
@click.option("--inflow-fen", type=int, default=0)
@click.option("--cases", type=click.IntRange(1, 1_000_000), default=300)
@click.option("--seed", default="sample")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def sample_claims(members: tuple[str, ...], out: Path, cases: int, seed: str, **given: Any) -> None:
    """Labelled, seeded sample claims whose tally is exactly the given totals."""
    from workflow.claims.sampling import sample

    pairs = [tuple(one.split(":", 1)) for one in members]
    if any(len(pair) != 2 or pair[1] not in ("county", "township", "village") for pair in pairs):
        raise click.ClickException("成员写成 代码:级别，级别为 county、township 或 village")
    totals = {key: given[key] for key in ("own_fen", "away_fen", "inflow_fen")}
    out.write_bytes(
        sample(
            seed=seed, consortium=given["consortium"], other_consortium="",
            pool=given["pool"], period=given["period"], members=pairs, totals=totals, cases=cases,
        )
    )
    click.echo(f"{out}：样例明细，{cases} 行，{totals}")


COMMANDS = (upgrade_command, workdays_command, jobs_group, claims_group)
