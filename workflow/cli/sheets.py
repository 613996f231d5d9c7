"""Worksheets on the command line: which there are, what facts they take, one run or many, and a workbook."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

import click
from flask.cli import with_appcontext

from governance import sheets
from governance.refusal import Refused
from governance.rulebook import BadRules, Place, RuleBook
from workflow.cli import enacted, facts, recalculating, rules_text

REFUSED = 3
HELP = """工作表：列出、看填报结构、计算 (worksheets: list, schema, run)

\b
flask sheet list                          有哪些工作表
flask sheet schema annual-clearing        填报数据的结构（JSON Schema）
flask sheet annual-clearing --place demo-suixi --on 2025-12-31 --facts facts.json

结束码：0 算出；2 命令写错；3 不能计算，并说明哪一项、为什么、由谁改。
Ends with 0 when calculated, 2 when the command is wrong, 3 when refused, saying what, why and who can mend it.
"""


class _Day(click.ParamType):
    """A day as 2025-12-31."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            return datetime.strptime(value, "%Y-%m-%d")  # noqa: DTZ007
        except ValueError:
            self.fail(f"“{value}”不是日期，应写成 2025-12-31；not a day, write 2025-12-31", param, ctx)


class _Facts(click.File):
    """A file of facts; ``-`` is what comes in by the pipe."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> IO[bytes]:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"打不开“{value}”：没有这个文件或不可读；no such file, or not readable", param, ctx)


Day = _Day()
extra_books = click.option(
    "--rulebook", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="另加规则文件夹，内为 <地区>/<环节>.yaml，可带 places.yaml、documents.yaml (a folder of further rules)",
)  # fmt: skip


def load(folder: Path | None) -> RuleBook:
    """The rules shipped with those of the folder, or with those enacted in the database; raises ``Refused``."""
    try:
        return RuleBook.load([folder]) if folder else enacted.laid_over(RuleBook.load())
    except BadRules as bad:
        raise Refused(*(one if one.rule else replace(one, fact="rulebook") for one in bad.refusals)) from bad


class _Sheets(click.Group):
    """``flask sheet NAME …`` runs a worksheet; the others list, describe and verify."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_OTHERS, *sheets.SHEETS]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return _OTHERS.get(name) or (_run_command(name) if name in sheets.SHEETS else None)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None:
            _no_such_sheet(args[0], ctx)
        return super().resolve_command(ctx, args)


def _no_such_sheet(name: str, ctx: click.Context | None) -> None:
    known = "、".join(sheets.SHEETS)
    raise click.UsageError(f"没有名为“{name}”的工作表；可用：{known}；no such worksheet", ctx)


@click.command("list", help="有哪些工作表：名称、中文、英文 (the worksheets there are)")
@click.option("--json", "as_json", is_flag=True, help="每行一个 JSON 对象")
def list_command(as_json: bool) -> None:
    for sheet in sheets.SHEETS.values():
        named = {"sheet": sheet.name, "title": sheet.title, "title_en": sheet.title_en}
        click.echo(_compact(named) if as_json else "\t".join(named.values()))


@click.command("schema", help="填报数据的结构，JSON Schema (the JSON Schema of a worksheet's facts)")
@click.argument("name")
@click.pass_context
def schema_command(ctx: click.Context, name: str) -> None:
    if name not in sheets.SHEETS:
        _no_such_sheet(name, ctx)
    click.echo(json.dumps(sheets.schema(name), ensure_ascii=False, indent=1, sort_keys=True))


_OTHERS = {"list": list_command, "schema": schema_command, "verify": recalculating.verify_command}


def _run_command(name: str) -> click.Command:
    @click.command(name, help=f"{sheets.SHEETS[name].title} {sheets.SHEETS[name].title_en}")
    @with_appcontext
    @click.option("--place", required=True, help="地区代码，如 demo-suixi，登记在 places.yaml (code of a place)")
    @click.option("--on", "day", type=Day, required=True, help="按哪一天的规则 (the day whose rules apply)")
    @click.option("--facts", "source", type=_Facts("rb"), required=True,
                  help="填报数据：JSON；.jsonl 为每行一份；- 为管道输入 (JSON, .jsonl for many, - for a pipe)")
    @extra_books
    @click.option("--lines", is_flag=True, help="每行一份填报数据，不论文件名 (one set of facts a line)")
    @click.option("--json", "as_json", is_flag=True, help="输出 JSON (print JSON)")
    @click.option("--xlsx", "target", type=click.Path(dir_okay=False, path_type=Path),
                  help="另存为带公式的工作簿 (also save a workbook with live formulas)")
    def run(place: str, day: datetime, source: Any, folder: Path | None, lines: bool, as_json: bool,
            target: Path | None) -> None:
        many = lines or str(getattr(source, "name", "")).endswith((".jsonl", ".ndjson"))
        if target is not None and many:
            raise click.UsageError("--xlsx 只收一份填报数据，不收逐行的 .jsonl；one set of facts only")
        sys.exit(_run_all(name, (place, day.date()), source.read(), folder, many=many, as_json=as_json, target=target))

    return run


def _run_all(
    name: str, where: tuple[str, date], content: bytes, folder: Path | None, *, many: bool, as_json: bool,
    target: Path | None,
) -> int:
    """Print every worksheet, or its refusal in its place; how the command ends."""
    try:
        book: RuleBook | Refused = load(folder)
    except Refused as unfit:
        book = unfit
    places = {} if isinstance(book, Refused) else book.places
    refused = False
    for number, chunk in facts.chunks(content, lines=many):
        data = _run(name, where, book, chunk, number)
        refused = refused or "refused" in data
        if target is not None and not refused:
            _save(target, data, facts.read(chunk, number), places)
        click.echo(_compact(data) if many or as_json else "\n".join(rules_text.sheet_text(data, places)))
    return REFUSED if refused else 0


def _run(
    name: str, where: tuple[str, date], book: RuleBook | Refused, chunk: bytes, number: int,
) -> dict[str, Any]:
    """One worksheet, or the refusal in its place."""
    try:
        if isinstance(book, Refused):
            raise book
        place, day = where
        return sheets.run_from_cli(name, facts.read(chunk, number), book.at(place), day).as_data()
    except Refused as refused:
        return sheets.refused_as_data(name, refused)


def _save(target: Path, data: Mapping[str, Any], given: Mapping[str, Any], places: Mapping[str, Place]) -> None:
    """Write the worksheet as a workbook with live formulas."""
    from workflow.workbook.writing import workbook

    place = places.get(data["place"])
    try:
        target.write_bytes(workbook(data, given, f"{place.name} {place.name_en}" if place else ""))
    except OSError as failed:
        raise click.ClickException(f"不能写入 {target}：{failed.strerror}；cannot write it") from failed


def _compact(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


sheet_commands = _Sheets("sheet", help=HELP)
