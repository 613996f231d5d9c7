"""Commands of time: the calendar of working days, its notices, and the clocks of cases."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from governance.refusal import Refused
from governance.roles import ROLE_NAMES
from workflow import clock, clocks
from workflow.attempt import SYSTEM
from workflow.calendar import importing
from workflow.calendar.notice import read_notice
from workflow.calendar_days import load_calendar
from workflow.cli.rules import REFUSED
from workflow.db import reading, writing
from workflow.model import calendar_days
from workflow.model import clocks as clock_rows
from workflow.pages import words

calendar_group = AppGroup("calendar", help="工作日历 (the calendar of working days)")
clocks_group = AppGroup("clocks", help="期限 (statutory deadlines)")


def _engine() -> Any:
    return current_app.extensions["gongzhi.engine"]


def _refused(refused: Refused) -> None:
    for refusal in refused.refusals:
        click.echo(f"{refusal.reason}" + (f"（{refusal.who}）" if refusal.who else ""), err=True)
    sys.exit(REFUSED)


@calendar_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--year", type=click.IntRange(2019, 2100), required=True)
@click.option("--source", required=True, help="国办发明电〔2026〕8号")
@click.option("--dry-run", is_flag=True, help="Show what would change and write nothing.")
@click.option("--replace", is_flag=True, help="Replace a year that is confirmed already; needs --reason.")
@click.option("--reason", default="")
def import_command(file: Path, year: int, source: str, dry_run: bool, replace: bool, reason: str) -> None:
    """Import a State Council notice (CSV date,kind[,name]) and recompute every open deadline that reaches its year."""
    try:
        notice = read_notice(file.read_text(encoding="utf-8-sig"), year, source)
        click.echo(
            f"{year} 年：放假 {notice.days_off} 天，周末上班 {notice.days_worked} 天，"
            f"与平常周末不同 {len(notice.differing)} 天"
        )
        for one in notice.differing:
            click.echo(f"{one.day.isoformat()}\t{'上班' if one.workday else '休息'}\t{one.name}")
        if dry_run:
            with reading(_engine()) as connection:
                importing.check_year(connection, notice, replace=replace, reason=reason)
                found = importing.moves(connection, importing.announced(connection, notice), year)
        else:
            with writing(_engine()) as connection:
                found = importing.import_notice(
                    connection, notice, actor=SYSTEM, at=clock.now(connection), replace=replace, reason=reason
                )
    except UnicodeDecodeError:
        raise click.ClickException("文件须为 UTF-8 编码的 CSV") from None
    except Refused as refused:
        return _refused(refused)
    _tell(found, dry_run)
    return None


def _tell(found: list[importing.Move], dry_run: bool) -> None:
    for move in found:
        change = f"{move.before.isoformat()} → {move.after.isoformat()}" if move.moved else move.after.isoformat()
        sure = "暂定" if move.provisional else "确定"
        click.echo(f"案件 {move.case_id}\t{words.CLOCKS.get(move.name, move.name)}\t{change}\t{sure}")
    moved = sum(one.moved for one in found)
    click.echo(
        ("试算，没有写入：" if dry_run else "已导入：") + f"{moved} 项期限改变，{len(found) - moved} 项由暂定转为确定"
    )


@calendar_group.command("show")
@click.option("--year", type=int, required=True)
@click.option("--json", "as_json", is_flag=True)
def show_command(year: int, as_json: bool) -> None:
    """The days of a year that differ from plain weeks, with source, and whether the year is confirmed."""
    columns = calendar_days.c
    with reading(_engine()) as connection:
        known = load_calendar(connection)
        rows = connection.execute(
            select(calendar_days)
            .where(columns.day >= date(year, 1, 1), columns.day <= date(year, 12, 31))
            .order_by(columns.day)
        ).all()
        names = importing.names_of(connection, year)
    if not rows:
        click.echo(f"工作日历里没有 {year} 年，不能推算到该年的期限；请先导入该年的放假通知（规则管理）", err=True)
        sys.exit(REFUSED)
    days = [
        {
            "date": row.day.isoformat(), "kind": "workday" if row.workday else "holiday",
            "name": names.get(row.day, ""), "source": row.source,
        }
        for row in rows
        if row.workday != (row.day.weekday() < 5)
    ]  # fmt: skip
    confirmed = year in known.confirmed_years
    if as_json:
        body = {"year": year, "confirmed": confirmed, "days": days, "workdays": sum(row.workday for row in rows)}
        click.echo(json.dumps(body, ensure_ascii=False, sort_keys=True))
        return
    click.echo(f"{year} 年 {'已确定' if confirmed else '暂定：该年放假安排尚未公布'}，工作日 {sum(r.workday for r in rows)} 天")
    for one in days:
        click.echo(f"{one['date']}\t{'上班' if one['kind'] == 'workday' else '休息'}\t{one['name']}\t{one['source']}")


@clocks_group.command("show")
@click.argument("case_id", type=int)
def show_clocks(case_id: int) -> None:
    """A case's clocks: from when to when, in whose hands, and the days that did not count with whose they were."""
    with reading(_engine()) as connection:
        rows = connection.execute(
            select(clock_rows).where(clock_rows.c.case_id == case_id).order_by(clock_rows.c.started_on)
        ).all()
        pauses = clocks.pauses(connection, [case_id])
    for row in rows:
        end = f"止于 {row.stopped_on.isoformat()}" if row.stopped_on else "在走"
        end = f"暂停于 {row.paused_on.isoformat()}" if row.paused_on and not row.stopped_on else end
        click.echo(
            f"{words.CLOCKS.get(row.name, row.name)}\t{row.started_on.isoformat()} 起 {row.days} 天\t"
            f"期限 {row.deadline.isoformat()}{'（暂定）' if row.provisional else ''}\t{ROLE_NAMES[row.holder_role][0]}\t{end}"
        )
        for one in pauses.get((case_id, row.name, row.serial), []):
            click.echo(f"  暂停 {one.since.isoformat()} 至 {one.until.isoformat()}\t在{ROLE_NAMES[one.hands][0]}手中")


@clocks_group.command("stats")
@click.option("--json", "as_json", is_flag=True)
def stats_command(as_json: bool) -> None:
    """Overdue deadlines by stage and holder: how many, how many still open, working days over."""
    from workflow.flows import overdue

    with reading(_engine()) as connection:
        rows = overdue.statistics(connection, clock.day_of(clock.now(connection)))
    if as_json:
        click.echo(json.dumps([one.as_data() for one in rows], ensure_ascii=False, sort_keys=True))
        return
    for one in rows:
        click.echo(
            f"{one.stage}\t{one.holder}\t{one.number} 项，未结 {one.still_open} 项\t"
            f"合计超 {one.days_over} 个工作日，最长 {one.most_over}"
        )


COMMANDS = (calendar_group, clocks_group)
