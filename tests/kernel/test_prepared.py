"""Prepared statements behave as the connection's own would: types, names, transactions and errors."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, bindparam, select
from sqlalchemy.exc import IntegrityError

from workflow.db import reading, writing
from workflow.model import answers, calendar_days
from workflow.prepared import Prepared

AT = datetime(2026, 3, 2, 1, 2, 3, 4, tzinfo=UTC)
ADD = Prepared(answers.insert())
ONE = Prepared(select(answers).where(answers.c.key == bindparam("wanted"), answers.c.answer != "nothing"))
DAY = Prepared(select(calendar_days).where(calendar_days.c.day == bindparam("day", type_=calendar_days.c.day.type)))
ROW = {"key": "k", "body_hash": "h", "answer": "a", "at": AT}


def test_values_and_rows_keep_their_types(engine: Engine) -> None:
    with writing(engine) as connection:
        ADD.run(connection, ROW)
        found = ONE.first(connection, {"wanted": "k"})
        own = connection.execute(select(answers)).one()
    assert tuple(found) == tuple(own)
    assert (found.key, found.at) == ("k", AT)
    with reading(engine) as connection:
        day = DAY.first(connection, {"day": date(2026, 3, 2)})
    assert (day.day, day.workday is True) == (date(2026, 3, 2), True)


def test_nothing_found_is_none_and_an_empty_list(engine: Engine) -> None:
    with reading(engine) as connection:
        assert ONE.first(connection, {"wanted": "x"}) is None
        assert ONE.rows(connection, {"wanted": "x"}) == []


def test_what_is_undone_is_gone_also_when_it_was_the_first_statement(engine: Engine) -> None:
    with reading(engine) as connection:
        ADD.run(connection, ROW)
    with reading(engine) as connection:
        assert ONE.first(connection, {"wanted": "k"}) is None


def test_an_error_is_the_connection_s_own_and_undoes_the_transaction(engine: Engine) -> None:
    with pytest.raises(IntegrityError), writing(engine) as connection:
        ADD.run(connection, ROW)
        ADD.run(connection, ROW)
    with reading(engine) as connection:
        assert ONE.first(connection, {"wanted": "k"}) is None


def test_values_in_another_order_or_fewer_are_put_where_they_belong(engine: Engine) -> None:
    with writing(engine) as connection:
        ADD.run(connection, dict(reversed(ROW.items())))
        assert ONE.first(connection, {"wanted": "k"}).body_hash == "h"
    with pytest.raises(IntegrityError), writing(engine) as connection:
        ADD.run(connection, {"key": "other", "at": AT})
