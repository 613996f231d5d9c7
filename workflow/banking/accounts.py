"""The account an organisation is paid into: proposed by one administrator, confirmed by another who types it again."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from workflow.attempt import refuse
from workflow.banking import sealing
from workflow.banking.model import bank_account_answers as answers
from workflow.banking.model import bank_account_numbers as numbers
from workflow.banking.model import bank_accounts as accounts
from workflow.i18n import lazy as _
from workflow.organisations.commands import find_organisation
from workflow.organisations.model import organisations, persons
from workflow.organisations.office import Office, begin, record, require_name

_NUMBER = re.compile(r"[0-9]{8,32}")
_FORMULA = ("=", "+", "-", "@")
LONGEST_REASON = 500
STATES = {"proposed": _("待另一位系统管理员确认"), "confirmed": _("已确认"), "refused": _("不予确认")}


@dataclass(frozen=True, slots=True)
class Account:
    """Where an organisation's money goes."""

    id: int
    holder: str
    bank: str
    number: str


def masked(tail: str) -> str:
    """An account number of which only the last four digits are told."""
    return f"····{tail[-sealing.TOLD:]}"


def number_of(row: Any) -> str:
    """The number of a row of accounts joined with its sealed number; raises ``Refused`` where it does not open."""
    return sealing.opened(sealing.Sealed(row.key, row.sealed, row.mark, row.tail), bound_to(row))


def bound_to(row: Any) -> list[str | int]:
    """What a sealed number is bound to: the account, whose it is, and under which name it is paid."""
    return [row.id, row.organisation_id, row.holder, row.bank]


def in_force(connection: Connection, organisation_ids: Collection[int]) -> dict[int, Account]:
    """The account confirmed last of each organisation that has one, by the organisation's number."""
    query = (
        select(accounts, numbers.c.key, numbers.c.sealed, numbers.c.mark, numbers.c.tail)
        .join(answers, answers.c.account_id == accounts.c.id)
        .join(numbers, numbers.c.account_id == accounts.c.id)
        .where(answers.c.verdict == "confirmed", accounts.c.organisation_id.in_(organisation_ids))
        .order_by(answers.c.at, accounts.c.id)
    )
    latest = {row.organisation_id: row for row in connection.execute(query)}
    return {body: Account(row.id, row.holder, row.bank, number_of(row)) for body, row in latest.items()}


def numbers_by_id(connection: Connection, account_ids: Collection[int]) -> dict[int, str]:
    """The numbers of these accounts, by account; raises ``Refused`` where one does not open."""
    query = (
        select(accounts, numbers.c.key, numbers.c.sealed, numbers.c.mark, numbers.c.tail)
        .join(numbers, numbers.c.account_id == accounts.c.id)
        .where(accounts.c.id.in_(account_ids))
    )
    return {row.id: number_of(row) for row in connection.execute(query)}


def everything(connection: Connection, organisation_ids: Collection[int], number: str = "") -> list[Any]:
    """Every account ever proposed for these organisations, newest first, with its state and the two people.

    With a ``number``, only the accounts of that number, found by its keyed hash. The numbers stay sealed.
    """
    query = (
        select(
            accounts, numbers.c.key, numbers.c.sealed, numbers.c.mark, numbers.c.tail, organisations.c.code,
            organisations.c.name, organisations.c.name_en, persons.c.name.label("by"),
            answers.c.verdict, answers.c.note, answers.c.at.label("answered_at"),
        )
        .join(numbers, numbers.c.account_id == accounts.c.id)
        .join(organisations, organisations.c.id == accounts.c.organisation_id)
        .join(persons, persons.c.id == accounts.c.proposed_by)
        .outerjoin(answers, answers.c.account_id == accounts.c.id)
        .where(accounts.c.organisation_id.in_(organisation_ids))
        .order_by(accounts.c.id.desc())
    )  # fmt: skip
    if number:
        query = query.where(numbers.c.mark.in_(sealing.marks(number)))
    return list(connection.execute(query))


def keep_number(connection: Connection, row: Any, number: str) -> None:
    """Keep the sealed number of an account that was just written down."""
    held = sealing.seal(number, bound_to(row))
    connection.execute(
        numbers.insert().values(account_id=row.id, key=held.key, sealed=held.sealed, mark=held.mark, tail=held.tail)
    )


def seal_anew(connection: Connection) -> int:
    """Seal every number under the newest key that is sealed under an older one; returns how many."""
    newest = sealing.keys()[0].name
    query = (
        select(accounts, numbers.c.key, numbers.c.sealed, numbers.c.mark, numbers.c.tail)
        .join(numbers, numbers.c.account_id == accounts.c.id)
        .where(numbers.c.key != newest)
        .order_by(accounts.c.id)
    )
    older = connection.execute(query).all()
    for row in older:
        held = sealing.seal(number_of(row), bound_to(row))
        connection.execute(
            numbers.update()
            .where(numbers.c.account_id == row.id)
            .values(key=held.key, sealed=held.sealed, mark=held.mark)
        )
    return len(older)


def propose_account(
    connection: Connection, *, office: Office, at: datetime, organisation: str, holder: str, bank: str, number: str,
    reason: str,
) -> int:  # fmt: skip
    """Propose the account of an organisation; nothing is paid into it before another administrator confirms."""
    begin(connection)
    body = find_organisation(connection, office, organisation)
    for name, text in (("holder", holder), ("bank", bank)):
        require_name(text, name)
        if text.startswith(_FORMULA):
            raise refuse(_("户名、开户银行不能以 = + - @ 开头"), field=name)
    _require_number(number)
    said = reason.strip()
    if not said or len(said) > LONGEST_REASON:
        raise refuse(_("请写明登记或变更的依据（如开户许可证、变更函文号）"), field="reason")
    waiting = [row for row in everything(connection, [body.id]) if row.verdict is None]
    if waiting:
        raise refuse(_("“%(name)s”已有一个账户待确认，请先确认或不予确认", name=body.name), field="organisation")
    row = {"organisation_id": body.id, "holder": holder, "bank": bank, "reason": said}
    values = row | {"proposed_by": _person(office), "at": at}
    written = connection.execute(accounts.insert().values(**values).returning(accounts)).one()
    keep_number(connection, written, number)
    found: int = written.id
    told = {"account": found, "organisation": organisation, "number": masked(number), "reason": said}
    record(connection, office, at, "propose_account", told)
    return found


def answer_account(
    connection: Connection, *, office: Office, at: datetime, account: int, verdict: str, number: str = "",
    note: str = "",
) -> int:  # fmt: skip
    """Another administrator confirms the account, typing its number again, or refuses it with a note."""
    begin(connection)
    row = connection.execute(
        select(
            accounts, numbers.c.key, numbers.c.sealed, numbers.c.mark, numbers.c.tail, organisations.c.place,
            answers.c.verdict,
        )
        .join(numbers, numbers.c.account_id == accounts.c.id)
        .join(organisations, organisations.c.id == accounts.c.organisation_id)
        .outerjoin(answers, answers.c.account_id == accounts.c.id)
        .where(accounts.c.id == account)
    ).one_or_none()
    if row is None or not office.covers(row.place):
        raise office.unknown(_("没有编号为 %(number)s 的账户", number=account), "account")
    person = _person(office)
    if row.verdict is not None:
        raise refuse(_("这个账户已经办理过"), field="verdict")
    if row.proposed_by == person:
        raise refuse(_("登记和确认账户须由两人办理"), who=_("另一位系统管理员"), field="verdict")
    if verdict not in ("confirmed", "refused"):
        raise refuse(_("请选择确认或不予确认"), field="verdict")
    if verdict == "confirmed" and not hmac.compare_digest(number.encode(), number_of(row).encode()):
        raise refuse(_("再次输入的账号与登记的不一致，请对照原件"), who=_("另一位系统管理员"), field="number")
    if verdict == "refused" and not note.strip():
        raise refuse(_("不予确认的，请写明原因"), field="note")
    values = {"account_id": account, "proposed_by": row.proposed_by, "verdict": verdict, "person_id": person}
    connection.execute(answers.insert().values(**values, note=note.strip()[:LONGEST_REASON], at=at))
    record(connection, office, at, f"account_{verdict}", {"account": account, "note": note.strip()[:LONGEST_REASON]})
    return account


def _person(office: Office) -> int:
    if office.person_id is None:
        raise refuse(_("请写明由哪位系统管理员办理（--by 登录名）"), field="by")
    return office.person_id


def _require_number(number: str) -> None:
    if not _NUMBER.fullmatch(number):
        raise refuse(_("账号只能是 8 到 32 位半角数字，不带空格和连字符"), field="number")
