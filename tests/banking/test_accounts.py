"""Accounts: two people, the number typed twice, shown to few, and kept by the database itself."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from governance.refusal import Refused
from governance.roles import Role
from tests.banking.banks import open_accounts
from tests.settlement.months import Month, moment, prepare
from workflow.banking import accounts
from workflow.db import reading, writing
from workflow.model import bank_accounts
from workflow.organisations.office import Office


def offices(month: Month) -> list[Office]:
    return [Office(month.actor(Role.ADMINISTRATOR, n=n).person_id, None) for n in (0, 1)]


def test_an_account_takes_two_people_and_its_number_twice(engine: Engine) -> None:
    month = prepare(engine)
    one, other = offices(month)
    typed = {"organisation": "tcm", "holder": "样例中医院", "bank": "样例银行", "number": "62220000", "reason": "许可证"}
    at = moment("2025-01-02")
    with writing(engine) as connection:
        found = accounts.propose_account(connection, office=one, at=at, **typed)
        tcm = month.county.organisations["tcm"]
        assert accounts.in_force(connection, [tcm]) == {}
        for office, number, words in ((one, "62220000", "两人"), (other, "62220001", "不一致")):
            with pytest.raises(Refused, match=words):
                accounts.answer_account(
                    connection, office=office, at=at, account=found, verdict="confirmed", number=number
                )
        accounts.answer_account(connection, office=other, at=at, account=found, verdict="confirmed", number="62220000")
        assert accounts.in_force(connection, [tcm])[tcm].number == "62220000"
        for changed_, words in (("１２３４５６７８", "半角"), ("6222 0000", "半角"), ("123", "半角")):
            with pytest.raises(Refused, match=words):
                accounts.propose_account(connection, office=one, at=at, **(typed | {"number": changed_}))
        with pytest.raises(Refused, match="不能以"):
            accounts.propose_account(connection, office=one, at=at, **(typed | {"holder": "=cmd"}))


def test_the_database_itself_keeps_accounts_and_the_two_people(engine: Engine) -> None:
    month = prepare(engine)
    open_accounts(month, ("tcm",))
    person = month.actor(Role.ADMINISTRATOR).person_id
    with reading(engine) as connection:
        number = connection.scalar(select(bank_accounts.c.id))
    for statement in (
        "UPDATE bank_accounts SET holder = '别人'",
        "UPDATE bank_account_numbers SET sealed = 'x'",
        "DELETE FROM bank_account_answers",
        f"INSERT INTO bank_account_answers (account_id, proposed_by, verdict, person_id, note, at)"
        f" VALUES ({number}, {person}, 'confirmed', {person}, '', 'x')",
    ):
        with pytest.raises(DBAPIError), writing(engine) as connection:
            connection.execute(text(statement))
