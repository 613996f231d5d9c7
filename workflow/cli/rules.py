"""Rule books; where there is a database, with the rules enacted in it, and without one as shipped."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from governance import rulebook, sheets
from governance.refusal import Refused
from workflow.cli import enacted, rules_text
from workflow.cli.sheets import REFUSED, Day, extra_books, load, sheet_commands

policy = AppGroup("policy", help="规则：显示与检查 (rule books: show and check)")


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
        book = load(folder)
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
        book = load(folder)
    except Refused as refused:
        return _say(refused)
    problems = rulebook.check(book)
    for line in problems:
        click.echo(line, err=True)
    for line in rulebook.notices(book):
        click.echo(line)
    click.echo(f"{len(book.places)} 个地区，{len(book.rules)} 项规则，{len(problems)} 处问题")
    sys.exit(1 if problems else 0)


enacted.add_to(policy)
COMMANDS = (policy, sheet_commands)
