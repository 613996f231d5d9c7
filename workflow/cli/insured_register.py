"""The register of insured people on the command line: import a period's file, show what there is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from governance.refusal import Refused
from governance.roles import Role
from workflow import clock
from workflow.attempt import refuse
from workflow.cli.rules import REFUSED
from workflow.db import reading, writing
from workflow.i18n import lazy as _
from workflow.lifecycle import NotFound
from workflow.organisations.model import organisations, persons, seats
from workflow.organisations.office import Office
from workflow.register import commands, queries
from workflow.register.views import CHANGE_NAMES, STATES, deployment_secret

group = AppGroup("register", help="参保人归属名册：经办人导入，复核人在网页确认 (register of insured people)")


@group.command("import")
@click.argument("place")
@click.argument("period")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--by", "login", required=True, help="经办机构经办人的登录名")
def import_file(place: str, period: str, file: Path, login: str) -> None:
    """Import a period's file (.parquet, .xlsx, .csv) of a place; identifiers are kept as keyed hashes only."""
    try:
        with writing(current_app.extensions["gongzhi.engine"]) as connection:
            at = clock.now(connection)
            today = clock.day_of(at)
            rows = connection.execute(
                select(persons.c.id, organisations.c.place)
                .join(seats, seats.c.person_id == persons.c.id)
                .join(organisations, organisations.c.id == seats.c.organisation_id)
                .where(
                    persons.c.login == login, persons.c.disabled_at.is_(None), seats.c.role == str(Role.AGENCY_CLERK),
                    seats.c.since <= today, seats.c.until.is_(None) | (seats.c.until >= today),
                )
            ).all()  # fmt: skip
            if not rows:
                raise refuse(_("“%(login)s”不是在岗的经办机构经办人", login=login), field="by")
            number = commands.import_file(
                connection, office=Office(rows[0].id, frozenset(row.place for row in rows)), at=at, place=place,
                period=period, content=file.read_bytes(), name=file.name, secret=deployment_secret(),
            )  # fmt: skip
    except NotFound:
        click.echo(f"“{login}”不经办地区“{place}”", err=True)
        sys.exit(REFUSED)
    except Refused as refused:
        for refusal in refused.refusals:
            click.echo(f"{refusal.reason}" + (f"（{refusal.who}）" if refusal.who else ""), err=True)
        sys.exit(REFUSED)
    click.echo(f"已导入名册 {number}，待经办机构复核人确认")


@group.command("show")
@click.argument("place")
def show(place: str) -> None:
    """Every file of a place: period, state, counts, and the changes since the period before."""
    with reading(current_app.extensions["gongzhi.engine"]) as connection:
        for row in queries.of_place(connection, place):
            click.echo(f"{row.id}\t{row.period}\t{STATES[row.verdict]}\t{row.row_count}\t{row.sha256}")
            for one in json.loads(row.body)["counts"]:
                changes = "\t".join(f"{label} {one[name]}" for name, label in CHANGE_NAMES.items() if name in one)
                click.echo(f"\t{one['consortium']}\t{one['pool']}\t{one['heads']}\t{changes}".rstrip())


COMMANDS = (group,)
