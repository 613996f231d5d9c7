"""``flask sheet verify``: every stored worksheet run again and held against what is stored."""

from __future__ import annotations

import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from workflow.db import reading
from workflow.recalculating.again import Again, every

DIFFERENT = 1


@click.command("verify")
@with_appcontext
@click.option("--all", "whole", is_flag=True, help="全部计算表 (every stored worksheet)")
@click.option("--case", "case_id", type=click.IntRange(1, 1 << 62), help="只核验一件 (one case)")
def verify_command(whole: bool, case_id: int | None) -> None:
    """重算存档的计算表，逐字节比对 (run stored worksheets again); 1 when any differs, 2 when there is none."""
    if whole == (case_id is not None):
        raise click.UsageError("--all 或 --case 选一个 (either --all or --case)")
    counted, different = 0, 0
    with reading(current_app.extensions["gongzhi.engine"]) as connection:
        for row, found in every(connection, case_id):
            counted += 1
            if not found.same:
                different += 1
                click.echo(f"{row.stage} {row.period} 案件 {row.case_id} 第 {row.version} 版：{said(found)}", err=True)
    if case_id is not None and not counted:
        raise click.UsageError(f"案件 {case_id} 没有计算表 (no worksheet)")
    click.echo(f"{counted} 份计算表，{different} 份与重算不一致 ({counted} worksheets, {different} different)")
    sys.exit(DIFFERENT if different else 0)


def said(found: Again) -> str:
    """What is different, in one line."""
    parts = [] if found.intact else ["内容与哈希不符 (text and hash differ)"]
    parts += [] if found.rules_found else ["没有当时的规则 (other rules)"]
    parts += [f"不能重算 (cannot be run): {found.problem}"] if found.problem else []
    parts += ["不同的行 (lines): " + "、".join(key for key, _was, _now in found.lines)] if found.lines else []
    parts += ["不同的结果 (results): " + "、".join(found.results)] if found.results else []
    return "；".join(parts) or "文字不同 (the text differs)"
