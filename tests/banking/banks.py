"""Accounts for the sample county, and the bank's replies to what was sent to it."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from governance.roles import Role
from tests.settlement.months import Month, moment
from workflow import door, stages
from workflow.attempt import SYSTEM, Actor, Attempt
from workflow.banking import accounts
from workflow.banking.sending import HEADER, content_of
from workflow.banking.spreadsheets import csv_bytes, csv_rows
from workflow.db import reading, writing
from workflow.organisations.office import OPERATOR, Office

_keys = itertools.count()
REPLY = ("业务参考号", "金额（元）", "状态", "银行流水号", "日期")
BANKED = ("agency", "lead", "tcm", "town-1", "town-2", "village-1")


def open_accounts(month: Month, codes: Sequence[str] = BANKED) -> None:
    """A confirmed account for each organisation."""
    stages.load()
    people = [month.actor(Role.ADMINISTRATOR, n=n).person_id for n in (0, 1)]
    proposer, confirmer = (Office(person, OPERATOR.places) for person in people)
    with writing(month.engine) as connection:
        for number, code in enumerate(codes):
            typed = f"6222{number:012d}"
            found = accounts.propose_account(
                connection, office=proposer, at=moment("2025-01-02"), organisation=code, holder=f"样例户名{code}",
                bank="样例银行", number=typed, reason="开户许可证样例1号",
            )  # fmt: skip
            accounts.answer_account(
                connection, office=confirmer, at=moment("2025-01-03"), account=found, verdict="confirmed", number=typed
            )


def act(month: Month, verb: str, actor: Actor, on: str, key: str = "", **data: Any) -> dict[str, Any]:
    """Do something with the bank, through the door."""
    return door.act(
        month.engine, month.case_id, verb, actor=actor, key=key or f"bank-{next(_keys)}", at=moment(on), data=data
    )


def book(month: Month) -> dict[str, Any]:
    """Files, replies and notes of the month."""
    found: dict[str, Any] = month.content()[1]["bank"]
    return found


def sent(month: Month, number: int = -1) -> list[dict[str, str]]:
    """The rows of a payment file as they were sent, without the totals."""
    with reading(month.engine) as connection:
        attempt = Attempt(connection, month.case, SYSTEM, moment("2025-04-20"))
        rows = csv_rows(content_of(attempt, book(month)["batches"][number]))
    return [dict(zip(HEADER, row, strict=True)) for row in rows[1:-1]]


def answer(rows: Sequence[Mapping[str, str]], on: str = "2025-04-15", **changed: Mapping[str, str] | None) -> bytes:
    """The bank's answer that everything was paid, but for what ``changed`` says of a payee's last word."""
    told: list[list[str]] = [list(REPLY)]
    for number, row in enumerate(rows, start=1):
        one = {
            "业务参考号": row["业务参考号"], "金额（元）": row["金额（元）"], "状态": "成功", "银行流水号": f"S{number:03d}",
            "日期": on,
        }  # fmt: skip
        change = changed.get(row["业务参考号"].split(":")[3].replace("-", "_"), {})
        if change is not None:
            told.append([(one | dict(change))[name] for name in REPLY])
    return csv_bytes(told)


def plain(rows: Sequence[Sequence[str]]) -> bytes:
    """Rows as CSV exactly as they are, formulas and all."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()
