"""Commands of the trail: verify, seal, export, evidence package, event log."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from governance.refusal import Refused
from workflow import clock, occurrences
from workflow.attempt import Case
from workflow.db import reading, writing
from workflow.model import cases
from workflow.trail import checks, export, package, seal_files, sealing
from workflow.trail.jobs import SEAL_DAY
from workflow.trail.ocel import event_log

trail_group = AppGroup("trail", help="办理记录 (the trail)")
Folder = click.Path(file_okay=False, exists=True, path_type=Path)
Target = click.Path(dir_okay=False, path_type=Path)


def _engine() -> Any:
    return current_app.extensions["gongzhi.engine"]


@trail_group.command("verify")
@click.option("--seals", "witness", type=Folder, help="封印文件夹，与之对照 (a copy of the seals to hold it against)")
def verify_trail(witness: Path | None) -> None:
    """Check every chain, journal, guard and seal; name what is broken."""
    with reading(_engine()) as connection:
        found = checks.verify(connection, witness)
    with writing(_engine()) as connection:
        checks.keep(connection, found, clock.real_now())
    for line in found.problems:
        click.echo(line, err=True)
    sealed = f"，封印至 {found.sealed}" if found.sealed else "，尚无封印"
    whole = f"完整：{found.cases} 件，{found.records} 条记录{sealed}"
    click.echo(f"{len(found.problems)} 处问题" if found.problems else whole)
    sys.exit(1 if found.problems else 0)


@trail_group.command("seal")
def seal_trail() -> None:
    """Seal every day that is over and not sealed yet, and write the seals outside the database."""
    with reading(_engine()) as connection:
        at = clock.now(connection)
        due = sealing.days_due(connection, at)
    for one in due:
        ran = occurrences.run_one(_engine(), SEAL_DAY, one, at, forced=True)
        if ran is not None and ran.status != "done":
            raise click.ClickException(f"{one.period}：{ran.error}")
        click.echo(f"已封印 {one.period}")
    try:
        with reading(_engine()) as connection:
            written, last = seal_files.write(connection), sealing.last_seal(connection)
            kept = seal_files.folder(connection)
    except Refused as refused:
        raise click.ClickException(str(refused)) from refused
    click.echo(f"{kept or '演示数据库，不写文件'}：写入 {written} 行" if last else "还没有可以封印的日子")


@trail_group.command("export")
@click.option("--out", type=Target, required=True)
@click.option("--case", type=int)
@click.option("--consortium", help="医共体代码 (its code)")
def export_trail(out: Path, case: int | None, consortium: str | None) -> None:
    """Write the records with their seals as lines that verifier.py checks anywhere."""
    with reading(_engine()) as connection, out.open("w", encoding="utf-8") as file:
        counted = 0
        for line in export.lines(connection, case=case, consortium=consortium):
            counted += file.write(line) > 0
    click.echo(f"{out}：{counted} 行")


@trail_group.command("package")
@click.argument("case", type=int)
@click.option("--out", type=Target, required=True)
def package_case(case: int, out: Path) -> None:
    """Write the evidence package of a case."""
    with reading(_engine()) as connection:
        row = connection.execute(select(cases).where(cases.c.id == case)).one_or_none()
        if row is None:
            raise click.ClickException(f"没有案件 {case}")
        out.write_bytes(package.evidence(connection, Case(*row)))
    click.echo(f"{out}：{out.stat().st_size} 字节")


@trail_group.command("ocel")
@click.option("--out", type=Target, required=True)
def ocel_log(out: Path) -> None:
    """Write the records as an OCEL 2.0 event log in JSON."""
    with reading(_engine()) as connection:
        log = event_log(connection)
    out.write_text(json.dumps(log, ensure_ascii=False, sort_keys=True, indent=1) + "\n", encoding="utf-8")
    click.echo(f"{out}：{len(log['events'])} 个事件，{len(log['objects'])} 个对象")


COMMANDS = (trail_group,)
