"""``flask year-pack``: the workbook of a year at a place, as the page gives it."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from workflow.db import reading
from workflow.rules import is_demo, rulebook
from workflow.year_pack.book import book_of
from workflow.year_pack.tables import tables_of
from workflow.year_pack.views import FIRST_YEAR, LAST_YEAR, SAMPLE


@click.command("year-pack")
@with_appcontext
@click.option("--place", required=True, help="地区代码 (place)")
@click.option("--year", type=click.IntRange(FIRST_YEAR, LAST_YEAR), required=True)
@click.argument("target", metavar="OUT.xlsx", type=click.Path(dir_okay=False, path_type=Path))
def year_pack_command(place: str, year: int, target: Path) -> None:
    """年度汇总工作簿：执行、清算、留用、分配 (the workbook of a year: decided results only)."""
    found = rulebook().places.get(place)
    if found is None:
        raise click.UsageError(f"没有这个地区：{place} (no such place)")
    with reading(current_app.extensions["gongzhi.engine"]) as connection:
        tables = tables_of(connection, place, year)
        content = book_of(tables, (found.name, found.name_en), year, mark=SAMPLE if is_demo(connection) else "")
    try:
        target.write_bytes(content)
    except OSError as failed:
        raise click.ClickException(f"不能写入 {target}：{failed.strerror}；cannot write it") from failed
    for one in tables:
        click.echo(f"{one.title[0]}：{len(one.rows)} 行，未定 {one.undecided} 行 ({one.title[1]})")


COMMANDS = (year_pack_command,)
