"""Bank accounts on the command line: list, propose, confirm; still two people, named by their logins."""

from __future__ import annotations

import sys

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from governance.refusal import Refused
from governance.roles import Role
from workflow import clock
from workflow.attempt import refuse
from workflow.banking import accounts, sealing
from workflow.cli.rules import REFUSED
from workflow.db import reading, writing
from workflow.i18n import lazy as _
from workflow.organisations.model import organisations, persons, seats
from workflow.organisations.office import OPERATOR, Office, record

group = AppGroup("bank-account", help="银行账户：一人登记，另一人确认 (bank accounts)")
BY = click.option("--by", "login", required=True, help="办理的系统管理员的登录名")


@group.command("list")
def list_accounts() -> None:
    """Every account with its state; only the last four digits are told."""
    with reading(current_app.extensions["gongzhi.engine"]) as connection:
        bodies = list(connection.scalars(select(organisations.c.id)))
        for row in accounts.everything(connection, bodies):
            state = accounts.STATES[row.verdict or "proposed"]
            click.echo(f"{row.id}\t{row.code}\t{row.holder}\t{row.bank}\t{accounts.masked(row.tail)}\t{state}")


@group.command("propose")
@click.argument("organisation")
@click.argument("holder")
@click.argument("bank")
@click.option("--reason", required=True, help="依据，如开户许可证、变更函文号")
@BY
def propose(organisation: str, holder: str, bank: str, reason: str, login: str) -> None:
    """Propose an organisation's account; the number is asked for, or read from standard input."""
    typed = {"organisation": organisation, "holder": holder, "bank": bank, "reason": reason, "number": _number()}
    _do("propose_account", login, typed, "已登记，待另一位系统管理员确认")


@group.command("confirm")
@click.argument("account", type=int)
@BY
def confirm(account: int, login: str) -> None:
    """Confirm an account that somebody else proposed; its number is typed once more."""
    typed = {"account": account, "verdict": "confirmed", "number": _number()}
    _do("answer_account", login, typed, f"已确认账户 {account}")


@group.command("refuse")
@click.argument("account", type=int)
@click.option("--note", required=True, help="不予确认的原因")
@BY
def refuse_account(account: int, note: str, login: str) -> None:
    """Refuse an account that somebody else proposed, with the reason."""
    _do("answer_account", login, {"account": account, "verdict": "refused", "note": note}, f"未确认账户 {account}")


@group.command("rotate")
def rotate() -> None:
    """Add a new key to the key file and seal every number anew under it; the older keys stay for older back-ups."""
    try:
        click.echo(f"新密钥 {sealing.add_key()}")
        _seal_anew()
    except Refused as refused:
        _say(refused)


@group.command("seal-anew")
def seal_anew() -> None:
    """Seal every number under the newest key that the settings give."""
    try:
        _seal_anew()
    except Refused as refused:
        _say(refused)


def _seal_anew() -> None:
    with writing(current_app.extensions["gongzhi.engine"]) as connection:
        count = accounts.seal_anew(connection)
        record(connection, OPERATOR, clock.now(connection), "seal_accounts_anew", {"accounts": count})
    click.echo(f"已重新加密 {count} 个账号")


def _say(refused: Refused) -> None:
    for refusal in refused.refusals:
        click.echo(f"{refusal.reason}" + (f"（{refusal.who}）" if refusal.who else ""), err=True)
    sys.exit(REFUSED)


def _number() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("账号"))
    return sys.stdin.readline().strip("\r\n")


def _do(name: str, login: str, typed: dict[str, object], done: str) -> None:
    try:
        with writing(current_app.extensions["gongzhi.engine"]) as connection:
            at = clock.now(connection)
            today = clock.day_of(at)
            person = connection.scalar(
                select(persons.c.id)
                .join(seats, seats.c.person_id == persons.c.id)
                .where(
                    persons.c.login == login, persons.c.disabled_at.is_(None), seats.c.role == str(Role.ADMINISTRATOR),
                    seats.c.since <= today, seats.c.until.is_(None) | (seats.c.until >= today),
                )
                .limit(1)
            )  # fmt: skip
            if person is None:
                raise refuse(_("“%(login)s”不是在用的系统管理员", login=login), field="by")
            getattr(accounts, name)(connection, office=Office(person, None), at=at, **typed)
    except Refused as refused:
        _say(refused)
    click.echo(done)


COMMANDS = (group,)
