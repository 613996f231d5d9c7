"""What was enacted here, on the command line: laid over the rule books, listed with its documents, tried beforehand."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy import Connection, Engine, inspect, select
from sqlalchemy.exc import OperationalError

from governance import sheets
from governance.money import yuan
from governance.refusal import Refused
from governance.rulebook import STATUSES, RuleBook, rule_names
from governance.rulebook.catalogue import Document
from governance.rulebook.enacting import Enacted
from workflow import clock, enacted, rules
from workflow.db import reading
from workflow.enacted import enacted_rules
from workflow.machines import STAGES
from workflow.model import cases
from workflow.pages.rule_values import value_text
from workflow.rule_change import impact, owed
from workflow.rule_change.written import value_of

REFUSED = 3
Day = click.DateTime(formats=["%Y-%m-%d"])


def _engine() -> Engine:
    found: Engine = current_app.extensions["gongzhi.engine"]
    return found


def _has_rules() -> bool:
    """Whether there is a database, and one that may hold enacted rules; asking makes none."""
    if "gongzhi.engine" not in current_app.extensions:
        return False
    engine = _engine()
    name = engine.url.database or ""
    if engine.dialect.name == "sqlite" and not (name and Path(name).exists()):
        return False
    try:
        return inspect(engine).has_table(enacted_rules.name)
    except OperationalError:
        click.echo("数据库连不上，只用随程序发布的规则 (no database: shipped rules only)", err=True)
        return False


def laid_over(book: RuleBook) -> RuleBook:
    """``book`` with what the database at hand has enacted, where there is one."""
    if not _has_rules():
        return book
    with reading(_engine()) as connection:
        return enacted.book_of(connection, book)


def rows_of(rule: str, places: Collection[str]) -> list[dict[str, Any]]:
    """The enacted values of ``rule`` at ``places`` (of every rule and place where empty), in their order, as data."""
    if not _has_rules():
        return []
    query = select(enacted_rules).order_by(enacted_rules.c.seq)
    query = query.where(enacted_rules.c.rule == rule) if rule else query
    query = query.where(enacted_rules.c.place.in_(places)) if places else query
    with reading(_engine()) as connection:
        return [
            _as_data(row) | ({"made_up": made_up(connection, row.case_id)} if row.backwards else {})
            for row in connection.execute(query).all()
        ]


def made_up(connection: Connection, change: int) -> list[dict[str, Any]]:
    """What became of each case that a rule enacted backwards gives another outcome."""
    progress = json.loads(connection.execute(select(cases.c.progress).where(cases.c.id == change)).scalar_one())
    found = owed.standings(connection, change, progress.get("supplementary", {}).get("due", []))
    names = ("case", "stage", "name", "period", "pool", "difference_fen", "outcome", "waits", "error", "by", "by_stage",
             "by_state")  # fmt: skip
    return [{name: one[name] for name in names} for one in found]


def made_up_text(one: Mapping[str, Any]) -> str:
    """One affected case in a line: by how much it differs, and what is done about it in which case."""
    amount = "—" if one["difference_fen"] is None else yuan(one["difference_fen"])
    what = owed.MADE_UP.get(one["outcome"]) or owed.WAITS.get(one["waits"]) or one["error"] or "待开出"
    stage = one["by_stage"]
    where = f"  /{stage}/{one['by']}（{STAGES[stage].state_labels[one['by_state']]}）" if stage else ""
    return f"  须补充：{one['name']} {one['period']} {one['pool']}（{amount}）  {what}{where}"


def _as_data(row: Any) -> dict[str, Any]:
    days = {name: getattr(row, name).isoformat() for name in ("since", "known_since", "issued_on")}
    texts = ("place", "rule", "status", "document", "document_title", "issuer", "clause", "says", "scan_sha256", "hash")
    return {
        "seq": row.seq, "case": row.case_id, "value": json.loads(row.value), "backwards": row.backwards, **days,
        **{name: getattr(row, name) for name in texts},
    }  # fmt: skip


def said(row: Mapping[str, Any]) -> str:
    """An enacted rule in one line: what, since when, from which document, in which case, with which scan."""
    name = rule_names()[row["rule"]]
    return "  ".join(
        (
            f"已发布第 {row['seq']} 条", f"{name.title}（{row['rule']}）", row["place"],
            value_text(row["rule"], row["value"], name.unit), f"{row['since']} 起",
            f"{row['document']} {row['clause']}", f"办理件 /rule_change/{row['case']}",
            f"扫描件 {row['scan_sha256'][:12]}", f"{row['known_since']} 发布",
        )
    )  # fmt: skip


def add_to(policy: AppGroup) -> None:
    """Give the group of rule books what needs the database."""
    policy.add_command(list_enacted)
    policy.add_command(try_impact)


@click.command("enacted")
@with_appcontext
@click.option("--place", default="")
@click.option("--json", "as_json", is_flag=True)
def list_enacted(place: str, as_json: bool) -> None:
    """Every rule enacted in this database (for PLACE and those above it), in its order."""
    try:
        found = rows_of("", rules.place_chain(place) if place else ())
    except Refused as refused:
        raise click.ClickException(str(refused)) from refused
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True))
        return
    for row in found:
        click.echo(said(row))
        for one in row.get("made_up", ()):
            click.echo(made_up_text(one))
    click.echo(f"{len(found)} 条已发布规则")


@click.command("impact")
@with_appcontext
@click.option("--rule", required=True)
@click.option("--value", required=True, help="一个数或词，或 YAML / JSON 写的表")
@click.option("--place", required=True)
@click.option("--from", "since", type=Day, required=True)
@click.option("--status", type=click.Choice(STATUSES), default="unverified")
@click.option("--backwards", is_flag=True, help="按文件写明溯及以前测算须补充办理的")
@click.option("--json", "as_json", is_flag=True)
def try_impact(rule: str, value: str, place: str, since: Any, status: str, backwards: bool, as_json: bool) -> None:
    """What RULE with VALUE at PLACE would have changed in what was decided lately; nothing is stored."""
    document = Document("试算", "试算（没有文件）")
    with reading(_engine()) as connection:
        try:
            rules.place_chain(place)
            tried = Enacted(place, rule, since.date(), value_of(value), status, document, "试算", "试算")
            found = impact.compute(connection, tried, clock.day_of(clock.now(connection)), backwards=backwards)
        except Refused as refused:
            for refusal in refused.refusals:
                click.echo(f"{refusal.reason}" + (f"（{refusal.who}）" if refusal.who else ""), err=True)
            sys.exit(REFUSED)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True))
        return
    for line in impact_text(found):
        click.echo(line)


def impact_text(found: Mapping[str, Any]) -> Iterator[str]:
    """An impact as lines: how many sheets, the sums, then each that comes out otherwise with its lines."""
    name = rule_names()[found["rule"]]
    before, value = found["before"], value_text(found["rule"], found["value"], name.unit)
    was = value_text(found["rule"], before["value"], name.unit) if before else "—"
    yield f"{name.title}（{found['rule']}）  {found['place']}  {found['since']} 起：{was} → {value}"
    yield (
        f"{found['first']} 至 {found['last']} 已审批的工作表：{found['read']} 张用到，{found['changed']} 张不同，"
        f"{found['refused']} 张不能计算，{found['unknown']} 张不能重算"
    )
    if found["tallied"]:
        yield "这项规则在汇总结算明细时就要用到：各月已按冻结的结算明细文件重新汇总后再算"
    yield from (f"另行规定：{one}" for one in found["overrides"])
    for one in [*found["sums"], *found["total"]]:
        title = sheets.SHEETS[one["sheet"]].title
        yield f"{one.get('name', '合计')}\t{title}\t{one['sheets']} 张\t{_three(one)}"
    for one in found["cases"]:
        if one["changed"] or one["unknown"]:
            yield f"{one['name']} {one['period']} {sheets.SHEETS[one['sheet']].title} {one['pool']}\t{_three(one)}"
            yield from (f"  不能计算：{reason}" for reason in one["refused"])
            yield from (f"  {reason}" for reason in one["unknown"])
            yield from (f"  {line['label']}\t{_side(line, 'was')} → {_side(line, 'now')}" for line in one["lines"])
    for one in found["supplementary"]:
        yield f"须补充：{one['name']} {one['period']} {sheets.SHEETS[one['sheet']].title} {one['pool']}\t{_three(one)}"


def _three(one: Mapping[str, Any]) -> str:
    named = (one["decided_fen"], one["would_fen"], one["difference_fen"])
    decided, would, difference = ("—" if fen is None else yuan(fen) for fen in named)
    return f"{decided} → {would}（{difference}）"


def _side(line: Mapping[str, Any], side: str) -> str:
    fen, value = line[f"{side}_fen"], line[side]
    return yuan(fen) if fen is not None else "—" if value is None else str(value)
