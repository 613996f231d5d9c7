"""Rule books and worksheets; where there is a database, with the rules enacted in it, and without one as shipped."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup, with_appcontext

from governance import rulebook, sheets
from governance.refusal import Refused
from governance.rulebook import BadRules, Place, RuleBook
from workflow.cli import enacted, facts, recalculating, rules_text

REFUSED = 3
policy = AppGroup("policy", help="规则：显示与检查 (rule books: show and check)")

Day = click.DateTime(formats=["%Y-%m-%d"])
extra_books = click.option("--rulebook", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path))


def _load(folder: Path | None) -> RuleBook:
    try:
        return RuleBook.load([folder]) if folder else enacted.laid_over(RuleBook.load())
    except BadRules as bad:
        raise Refused(*(one if one.rule else replace(one, fact="rulebook") for one in bad.refusals)) from bad


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
        book = _load(folder)
        found = rulebook.show(book, rule, place, day.date())
        if laid := [] if folder else enacted.rows_of(rule, book.chain(place)):
            found["enacted"] = laid
    except Refused as refused:
        if as_json:
            said = {"rule": rule, "refused": sheets.refused_as_data("", refused)["refused"]}
            click.echo(json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True))
        return _say(refused)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True))
    else:
        for line in rules_text.rule_text(found, book.places):
            click.echo(line)
        for row in found.get("enacted", ()):
            click.echo(enacted.said(row))
    if found["refused"]:
        click.echo(str(found["refused"]), err=True)
        sys.exit(REFUSED)
    return None


@policy.command("check")
@extra_books
def check_rules(folder: Path | None) -> None:
    """Load every rule book and say what is wrong or not official."""
    try:
        book = _load(folder)
    except Refused as refused:
        return _say(refused)
    problems = rulebook.check(book)
    for line in problems:
        click.echo(line, err=True)
    for line in rulebook.notices(book):
        click.echo(line)
    click.echo(f"{len(book.places)} 个地区，{len(book.rules)} 项规则，{len(problems)} 处问题")
    sys.exit(1 if problems else 0)


class _Sheets(click.Group):
    """``flask sheet NAME …`` runs a worksheet, ``flask sheet schema NAME`` its facts, ``verify`` those stored."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["schema", "verify", *sheets.SHEETS]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name == "schema":
            return schema_command
        if name == "verify":
            return recalculating.verify_command
        return _run_command(name) if name in sheets.SHEETS else None


@click.command("schema")
@click.argument("name", type=click.Choice(list(sheets.SHEETS)))
def schema_command(name: str) -> None:
    """The JSON Schema of a worksheet's facts."""
    click.echo(json.dumps(sheets.schema(name), ensure_ascii=False, indent=1, sort_keys=True))


def _run_command(name: str) -> click.Command:
    @click.command(name, help=sheets.SHEETS[name].title)
    @with_appcontext
    @click.option("--place", required=True)
    @click.option("--on", "day", type=Day, required=True)
    @click.option("--facts", "source", type=click.File("rb"), required=True)
    @extra_books
    @click.option("--json", "as_json", is_flag=True)
    @click.option("--xlsx", "target", type=click.Path(dir_okay=False, path_type=Path), help="另存为带公式的工作簿")
    def run(place: str, day: Any, source: Any, folder: Path | None, as_json: bool, target: Path | None) -> None:
        lines = source.name.endswith((".jsonl", ".ndjson"))
        if target is not None and lines:
            raise click.UsageError("--xlsx 只收一份填报数据，不收逐行的 .jsonl；one set of facts only")
        try:
            book: RuleBook | Refused = _load(folder)
        except Refused as unfit:
            book = unfit
        places = {} if isinstance(book, Refused) else book.places
        refused = False
        for number, chunk in facts.chunks(source.read(), lines=lines):
            data = _run(name, place, day.date(), book, chunk, number)
            refused = refused or "refused" in data
            if target is not None and not refused:
                _save(target, data, facts.read(chunk, number), places)
            click.echo(_compact(data) if lines or as_json else "\n".join(rules_text.sheet_text(data, places)))
        sys.exit(REFUSED if refused else 0)

    return run


def _run(name: str, place: str, day: date, book: RuleBook | Refused, chunk: bytes, number: int) -> dict[str, Any]:
    """One worksheet, or the refusal in its place."""
    try:
        if isinstance(book, Refused):
            raise book
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


enacted.add_to(policy)
sheet_commands = _Sheets("sheet", help="工作表：计算与结构 (worksheets: run and schema)")
COMMANDS = (policy, sheet_commands)
