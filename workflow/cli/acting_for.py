"""Grants to act for another, on the command line: list them, end one."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

from governance.roles import ROLE_NAMES
from workflow import clock
from workflow.acts import acting_for
from workflow.cli.organisations import do, person
from workflow.db import reading

STATES = {"running": "生效中", "coming": "未开始", "ended": "已结束", "revoked": "已收回"}
group = AppGroup("acting-for", help="授权代签 (who acts for whom)")


@group.command("list")
@click.option("--all", "everything", is_flag=True, help="连同已结束和已收回的")
def list_grants(everything: bool) -> None:
    """Every grant that runs or is to come: number, who for whom, post, days, state."""
    with reading(current_app.extensions["gongzhi.engine"]) as connection:
        today = clock.day_of(clock.now(connection))
        for row in acting_for.grants(connection):
            state = acting_for.state_of(row, today)
            if everything or state in ("running", "coming"):
                post = f"{row.name} {ROLE_NAMES[row.role][0]}"
                term = f"{row.since.isoformat()} 至 {row.until.isoformat()}"
                who, stage = f"{row.taker} 代 {row.giver}", row.stage or "全部事项"
                click.echo("\t".join((str(row.id), who, post, term, stage, STATES[state])))


@group.command("revoke")
@click.argument("number", type=int)
def revoke(number: int) -> None:
    """End a grant at once."""
    do(acting_for.revoke, f"已收回授权 {number}", delegation=number)


person.add_command(group)
COMMANDS: tuple[AppGroup, ...] = ()
