"""Commands that need no database: rule books, worksheets."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from governance import rulebook, sheets
from governance.money import yuan
from governance.refusal import Refused
from governance.rulebook import BadRules, RuleBook

REFUSED = 3
policy = AppGroup("policy", help="规则：显示与检查 (rule books: show and check)")

Day = click.DateTime(formats=["%Y-%m-%d"])
extra_books = click.option("--rulebook", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path))


def _load(folder: Path | None) -> RuleBook:
    try:
        return RuleBook.load([folder] if folder else [])
    except BadRules as bad:
        click.echo(str(bad), err=True)
        sys.exit(REFUSED)


def _say(refused: Refused) -> None:
    for refusal in refused.refusals:
        click.echo(f"{refusal.reason}" + (f"（{refusal.who}）" if refusal.who else ""), err=True)
    sys.exit(REFUSED)


@policy.command("show")
@click.argument("rule")
@click.option("--place", required=True)
@click.option("--on", "day", type=Day, required=True)
@extra_books
@click.option("--json", "as_json", is_flag=True)
def show_rule(rule: str, place: str, day: Any, folder: Path | None, as_json: bool) -> None:
    """How PLACE answers RULE on a day, with document, clause and status."""
    try:
        found = rulebook.show(_load(folder), rule, place, day.date())
    except Refused as refused:
        return _say(refused)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True))
    else:
        click.echo(f"{found['title']}（{rule}）  {' → '.join(found['chain'])}")
        for one in found["history"]:
            click.echo(json.dumps(one, ensure_ascii=False, sort_keys=True))
        if found["provision"]:
            click.echo("有效：" + json.dumps(found["provision"], ensure_ascii=False, sort_keys=True))
    if found["refused"]:
        click.echo(str(found["refused"]), err=True)
        sys.exit(REFUSED)
    return None


@policy.command("check")
@extra_books
def check_rules(folder: Path | None) -> None:
    """Load every rule book and say what is wrong or not official."""
    book = _load(folder)
    problems = rulebook.check(book)
    for line in problems:
        click.echo(line, err=True)
    for line in rulebook.notices(book):
        click.echo(line)
    click.echo(f"{len(book.places)} 个地区，{len(book.rules)} 项规则，{len(problems)} 处问题")
    sys.exit(1 if problems else 0)


class _Sheets(click.Group):
    """``flask sheet NAME …`` runs a worksheet, ``flask sheet schema NAME`` shows its facts."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["schema", *sheets.SHEETS]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name == "schema":
            return schema_command
        return _run_command(name) if name in sheets.SHEETS else None


@click.command("schema")
@click.argument("name", type=click.Choice(list(sheets.SHEETS)))
def schema_command(name: str) -> None:
    """The JSON Schema of a worksheet's facts."""
    click.echo(json.dumps(sheets.schema(name), ensure_ascii=False, indent=1, sort_keys=True))


def _run_command(name: str) -> click.Command:
    @click.command(name, help=sheets.SHEETS[name].title)
    @click.option("--place", required=True)
    @click.option("--on", "day", type=Day, required=True)
    @click.option("--facts", "source", type=click.File("r", encoding="utf-8"), required=True)
    @extra_books
    @click.option("--json", "as_json", is_flag=True)
    def run(place: str, day: Any, source: Any, folder: Path | None, as_json: bool) -> None:
        text = source.read()
        lines = source.name.endswith((".jsonl", ".ndjson"))
        refused = False
        for facts in _facts(text, lines):
            data = _run(name, place, day.date(), folder, facts)
            refused = refused or "refused" in data
            click.echo(_compact(data) if lines or as_json else _readable(data))
        sys.exit(REFUSED if refused else 0)

    return run


def _facts(text: str, lines: bool) -> Iterator[Any]:
    chunks: Iterable[str] = [line for line in text.splitlines() if line.strip()] if lines else [text]
    for chunk in chunks:
        try:
            yield json.loads(chunk, parse_float=_no_float, parse_constant=_no_float)
        except ValueError as error:
            raise click.ClickException(f"事实文件不是合格的 JSON：{error}") from error


def _no_float(text: str) -> Any:
    raise ValueError(f"数 {text} 不是整数；金额用分的整数，比率写成字符串")


def _run(name: str, place: str, day: date, folder: Path | None, facts: Any) -> dict[str, Any]:
    try:
        if not isinstance(facts, dict):
            raise click.ClickException("每条事实须是一个 JSON 对象")
        return sheets.run_from_cli(name, facts, _load(folder).at(place), day).as_data()
    except Refused as refused:
        return sheets.refused_as_data(name, refused)


def _compact(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _readable(data: dict[str, Any]) -> str:
    if "refused" in data:
        return "\n".join(f"不能计算：{one['reason']}（{one.get('who', '')}）" for one in data["refused"])
    rows = [f"{data['sheet']}  {data['place']}  {data['on']}  规则摘要 {data['book_digest'][:12]}"]
    for line in data["lines"]:
        value = f"{yuan(line['amount_fen'])} 元" if line["amount_fen"] is not None else f"{line['value']}"
        rows.append(f"{line['label']}\t{value}\t{line['formula']}")
    return "\n".join(rows)


sheet_commands = _Sheets("sheet", help="工作表：计算与结构 (worksheets: run and schema)")
COMMANDS = (policy, sheet_commands)
