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


def _year(_context: click.Context, _option: click.Parameter, text: str) -> int:
    """A year of four digits that the pages know too."""
    if not (text.isascii() and text.isdigit() and FIRST_YEAR <= int(text) <= LAST_YEAR):
        raise click.BadParameter(f"“{text}”不是年度，请填四位年度，如 2025 (a year such as 2025)")
    return int(text)


@click.command("year-pack")
@with_appcontext
@click.option("--place", required=True, help="地区代码 (place)")
@click.option("--year", callback=_year, required=True, help="年度，四位数字 (year)")
@click.argument("target", metavar="OUT.xlsx", type=click.Path(dir_okay=False, path_type=Path))
def year_pack_command(place: str, year: int, target: Path) -> None:
    """年度汇总工作簿：执行、清算、留用、分配 (the workbook of a year: decided results only).

    不认识的地区、没有任何业务的年度不写文件；年度清算还没有审批的，照写并提示“未定”。
    """
    found = rulebook().places.get(place)
    if found is None:
        raise click.UsageError(
            f"没有代码为“{place}”的地区；可填：{'、'.join(sorted(rulebook().places))} (no such place)"
        )
    with reading(current_app.extensions["gongzhi.engine"]) as connection:
        tables = tables_of(connection, place, year)
        if not any(one.rows for one in tables):
            raise click.ClickException(
                f"{found.name} {year} 年没有任何预算、结算或清算，不生成工作簿；请核对地区和年度"
                f" (nothing was begun at {found.name_en} in {year})"
            )
        content = book_of(tables, (found.name, found.name_en), year, mark=SAMPLE if is_demo(connection) else "")
    try:
        target.write_bytes(content)
    except OSError as failed:
        raise click.ClickException(f"不能写入 {target}：{failed.strerror}；cannot write it") from failed
    for one in tables:
        click.echo(f"{one.title[0]}：{len(one.rows)} 行，未定 {one.undecided} 行 ({one.title[1]})")
    cleared = next(one for one in tables if one.key == "clearing")
    if cleared.undecided:
        click.echo(
            f"注意：{found.name} {year} 年度清算有 {cleared.undecided} 项还没有审批，工作簿中写“未定”，不计入合计"
            f" ({cleared.undecided} clearings are not decided)", err=True,
        )


COMMANDS = (year_pack_command,)
