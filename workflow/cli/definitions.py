"""Versions of the stages' tables on the command line: list, show, compare, check, and move running cases."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Mapping
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import Connection, func, select

from governance.refusal import Refused
from workflow import clock
from workflow.cli.rules import REFUSED
from workflow.db import moment_text, reading, writing
from workflow.definitions import moving, pinned, versions
from workflow.machines import STAGES
from workflow.model import cases

definitions_group = AppGroup("definitions", help="流程定义 (versions of the stages' tables)")


class _RolledBack(Exception):
    """Ends the transaction of a trial run without keeping anything."""


def _engine() -> Any:
    return current_app.extensions["gongzhi.engine"]


def _stage(name: str) -> str:
    if name not in STAGES:
        raise click.ClickException(f"没有阶段 {name}；有：{'、'.join(STAGES)}")
    return name


def _live(connection: Connection) -> dict[tuple[str, int], int]:
    """How many live cases go by each version, by (stage, version)."""
    query = select(cases.c.stage, cases.c.definition, func.count()).where(cases.c.closed_at.is_(None))
    rows = connection.execute(query.group_by(cases.c.stage, cases.c.definition))
    return {(stage, version): number for stage, version, number in rows}


def _refused(refused: Refused) -> None:
    for one in refused.refusals:
        click.echo(f"{one.reason}" + (f"（{one.who}）" if one.who else ""), err=True)
    sys.exit(REFUSED)


@definitions_group.command("list")
def list_definitions() -> None:
    """Every kept version: stage, number, hash, since when, how many live cases go by it; * is the one in the code."""
    with reading(_engine()) as connection:
        live = _live(connection)
        for row in versions.listed(connection):
            stage = STAGES.get(row.stage)
            mark = "*" if stage and stage.digest == row.sha256 else " "
            number = live.get((row.stage, row.version), 0)
            click.echo(f"{mark} {row.stage}\t{row.version}\t{row.sha256[:12]}\t{moment_text(row.at)[:10]}\t{number}")


@definitions_group.command("show")
@click.argument("stage")
@click.argument("version", type=int, required=False)
def show_definition(stage: str, version: int | None) -> None:
    """A version's table as text; the one in the code where no version is named."""
    with reading(_engine()) as connection:
        click.echo("\n".join(_lines(connection, _stage(stage), version)))


@definitions_group.command("diff")
@click.argument("stage")
@click.argument("old", type=int)
@click.argument("new", type=int)
def diff_definitions(stage: str, old: int, new: int) -> None:
    """What differs between two versions of a stage's table, line by line."""
    with reading(_engine()) as connection:
        before, after = (_lines(connection, _stage(stage), one) for one in (old, new))
    for line in difflib.unified_diff(before, after, f"{stage} {old}", f"{stage} {new}", lineterm="", n=0):
        click.echo(line)


def _lines(connection: Connection, stage: str, version: int | None) -> list[str]:
    number = version or versions.kept(connection, STAGES[stage])
    if number is None:
        raise click.ClickException("现在程序里的流程还没有登记，请先运行 flask upgrade")
    try:
        told = json.loads(versions.body_of(connection, stage, number))
    except Refused as refused:
        _refused(refused)
    lines = [f"state {key}: {label}" for key, label in told["states"].items()]
    lines += [f"final: {' '.join(told['final'])}", f"main path: {' '.join(told['main_path'])}"]
    for kind in ("parts", "steps", "ballots"):
        lines += [f"{kind[:-1]} {_line(one)}" for one in told[kind]]
    return lines


def _line(one: Mapping[str, Any]) -> str:
    said = {key: value for key, value in one.items() if value not in ("", [], {}, False)}
    return json.dumps(said, ensure_ascii=False)


@definitions_group.command("check")
def check_definitions() -> None:
    """Which tables are not kept yet, which cases go by an earlier version, and which of these can take no step."""
    bad = 0
    with reading(_engine()) as connection:
        for stage in STAGES.values():
            if versions.kept(connection, stage) is None:
                bad += 1
                click.echo(f"{stage.name}：现在的流程还没有登记，请运行 flask upgrade", err=True)
        for (name, version), number in sorted(_live(connection).items()):
            if name not in STAGES or versions.kept(connection, STAGES[name]) == version:
                continue
            lost = pinned.lost_names(STAGES[name], versions.body_of(connection, name, version))
            said = f"，程序里已没有：{'、'.join(lost)}，须迁移" if lost else ""
            bad += bool(lost)
            click.echo(f"{name}：{number} 件按第 {version} 版办理{said}", err=bool(lost))
    sys.exit(1 if bad else 0)


@definitions_group.command("move")
@click.argument("stage")
@click.option("--to", "version", type=int, required=True, help="目标版本 (the version to move to)")
@click.option("--map", "pairs", multiple=True, metavar="OLD=NEW", help="原状态=新状态 (old state=new state)")
@click.option("--dry-run", is_flag=True, help="只试算，不留下任何改动 (try it, keep nothing)")
def move_cases(stage: str, version: int, pairs: tuple[str, ...], dry_run: bool) -> None:
    """Move every live case of a stage to a version of its table: all of them, or none."""
    if any(one.count("=") != 1 for one in pairs):
        raise click.ClickException("--map 写成 原状态=新状态")
    mapping = dict(one.split("=") for one in pairs)
    try:
        with writing(_engine()) as connection:
            moved = moving.move(connection, _stage(stage), version, mapping, at=clock.now(connection))
            for one in moved:
                rounds = f"，取代第 {'、'.join(map(str, one.superseded))} 轮" if one.superseded else ""
                way = one.from_state if one.from_state == one.to_state else f"{one.from_state} → {one.to_state}"
                click.echo(f"案件 {one.case_id}：第 {one.from_version} 版 → 第 {version} 版，{way}{rounds}")
            if dry_run:
                raise _RolledBack
    except Refused as refused:
        _refused(refused)
    except _RolledBack:
        click.echo(f"试算：将迁移 {len(moved)} 件，没有留下任何改动")
        return
    click.echo(f"已迁移 {len(moved)} 件" if moved else "没有需要迁移的案件")


COMMANDS = (definitions_group,)
