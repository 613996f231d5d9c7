"""The story's ledgers: every book, pool and year has a page, and its last balance is that of the books."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import Engine, func, select

from workflow import ledger
from workflow.banking.ledger_lines import FORFEITED, RETURNED, SIGNS, ledger_of
from workflow.db import reading
from workflow.model import journals


def test_the_ledgers_of_the_story_are_the_books(story_app: Flask) -> None:
    engine: Engine = story_app.extensions["gongzhi.engine"]
    whats = set()
    with reading(engine) as connection:
        last = connection.execute(select(journals.c.book, func.max(journals.c.year)).group_by(journals.c.book)).all()
        assert last
        for book, year in last:
            for account, sign in SIGNS.items():
                found = ledger_of(connection, book, account, year)
                booked_fen = ledger.balance(connection, account=account, book=book)
                assert found.balance_fen == sign * booked_fen, (book, account)
                assert sum(found.by_party.values()) == found.balance_fen
                before = ledger_of(connection, book, account, year - 1)
                assert before.balance_fen == found.brought_fen
                whats |= {str(one.what) for one in before.entries}
    assert str(RETURNED) in whats or str(FORFEITED) in whats, "the story clears its years"
