"""Commands that fill an empty house: organisations, people, seats, consortia, members, insured people by count."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from governance.refusal import Refused
from workflow import clock
from workflow.cli.rules import REFUSED
from workflow.db import writing
from workflow.organisations import commands, consortium_commands
from workflow.organisations.office import OPERATOR

organisation = AppGroup("organisation", help="机构 (organisations)")
person = AppGroup("person", help="人员账号 (people)")
seat = AppGroup("seat", help="席位：机构里的岗位 (seats)")
consortium = AppGroup("consortium", help="医共体与成员 (consortia and their members)")
insured = AppGroup("insured", help="参保人数 (insured people by count)")


def do(command: Callable[..., Any], done: str, **data: Any) -> None:
    """Do one act in a transaction of its own; a refusal is said and ends with status 3."""
    try:
        with writing(current_app.extensions["gongzhi.engine"]) as connection:
            command(connection, office=OPERATOR, at=clock.now(connection), **data)
    except Refused as refused:
        for refusal in refused.refusals:
            click.echo(f"{refusal.reason}" + (f"（{refusal.who}）" if refusal.who else ""), err=True)
        sys.exit(REFUSED)
    click.echo(done)


def _password() -> str:
    """Asked for twice at a terminal, otherwise the first line of standard input."""
    if sys.stdin.isatty():
        return str(click.prompt("密码", hide_input=True, confirmation_prompt="再输一次"))
    return sys.stdin.readline().rstrip("\r\n")


@organisation.command("add")
@click.argument("code")
@click.argument("name")
@click.option("--kind", required=True, help="hospital、township、agency …")
@click.option("--place", required=True, help="规则簿里的地区代码")
@click.option("--name-en", default="")
def add_organisation(code: str, **data: Any) -> None:
    """Add an organisation."""
    do(commands.add_organisation, f"已登记机构 {code}", code=code, **data)


@person.command("add")
@click.argument("login")
@click.argument("name")
def add_person(login: str, name: str) -> None:
    """Add a person; the password is asked for, or read from standard input."""
    do(commands.add_person, f"已登记人员 {login}", login=login, name=name, password=_password())


@person.command("password")
@click.argument("login")
def set_password(login: str) -> None:
    """Give a person another password; every session of theirs ends."""
    do(commands.set_password, f"已更换 {login} 的密码", login=login, password=_password())


@person.command("disable")
@click.argument("login")
def disable_person(login: str) -> None:
    """Shut a person out, at once and in every browser."""
    do(commands.disable_person, f"已停用 {login}", login=login)


@seat.command("grant")
@click.argument("login")
@click.argument("organisation")
@click.argument("role")
@click.option("--since", required=True, help="2026-11-23")
@click.option("--until", help="最后一天；不写为长期")
def grant_seat(login: str, organisation: str, role: str, **term: Any) -> None:
    """Seat a person in an organisation."""
    done = f"已授予席位：{login} {organisation} {role}"
    do(commands.grant_seat, done, login=login, organisation=organisation, role=role, **term)


@seat.command("end")
@click.argument("login")
@click.argument("organisation")
@click.argument("role")
@click.option("--until", help="最后一天；不写为立即终止")
def end_seat(login: str, organisation: str, role: str, until: str | None) -> None:
    """End a seat, at once or on a day."""
    done = f"已终止席位：{login} {organisation} {role}"
    do(commands.end_seat, done, login=login, organisation=organisation, role=role, until=until)


@consortium.command("add")
@click.argument("code")
@click.argument("name")
@click.option("--place", required=True)
@click.option("--lead", required=True, help="牵头单位的机构代码")
@click.option("--name-en", default="")
@click.option("--since", help="牵头单位成为成员之日；不写为今天")
def add_consortium(code: str, **data: Any) -> None:
    """Add a consortium with its lead as first member."""
    do(consortium_commands.add_consortium, f"已登记医共体 {code}", code=code, **data)


@consortium.command("member")
@click.argument("code")
@click.argument("organisation")
@click.argument("level")
@click.option("--since", required=True)
@click.option("--until", help="最后一天；不写为长期")
def join_member(code: str, organisation: str, **data: Any) -> None:
    """Enter a member; LEVEL is county, township or village."""
    done = f"已登记成员 {organisation}"
    do(consortium_commands.join_member, done, consortium=code, organisation=organisation, **data)


@consortium.command("leave")
@click.argument("code")
@click.argument("organisation")
@click.option("--until", required=True, help="最后一天")
def leave_member(code: str, organisation: str, until: str) -> None:
    """Enter the last day of a member."""
    done = f"已登记退出：{organisation}"
    do(consortium_commands.leave_member, done, consortium=code, organisation=organisation, until=until)


@insured.command("set")
@click.argument("consortium")
@click.argument("pool")
@click.argument("period")
@click.argument("heads")
@click.option("--source", required=True, help="出处：文件、日期")
def set_insured(**data: Any) -> None:
    """Register how many people POOL (resident, employee) insures in PERIOD (2026 or 2026-03)."""
    do(consortium_commands.set_insured, f"已登记参保人数 {data['heads']}", **data)


COMMANDS = (organisation, person, seat, consortium, insured)
