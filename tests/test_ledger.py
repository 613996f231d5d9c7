"""The ledger: balanced, sealed, numbered without a gap, each business booked once."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Connection, Engine, func, select

from governance.refusal import Refused
from workflow.clock import moment
from workflow.db import reading, writing
from workflow.ledger import balance, check_journals, post
from workflow.model import cases, journals, postings, vouchers
from workflow.organisations.model import consortia, organisations

AT = moment(date(2026, 3, 2))
TWO_LINES = (("cash", "", -100), ("due", "hospital", 100))
JOURNALS = 300
THREADS = 4
EACH = 40


@pytest.fixture
def ledger(engine: Engine) -> Engine:
    """A database with two cases to book on."""
    with writing(engine) as connection:
        body = {"id": 1, "code": "o", "name": "样例", "name_en": "o", "kind": "hospital", "place": "p"}
        connection.execute(organisations.insert(), body)
        connection.execute(
            consortia.insert(), {"id": 1, "code": "c", "name": "样例", "name_en": "c", "place": "p", "lead_id": 1}
        )
        same = {
            "stage": "settlement", "consortium_id": 1, "place": "p", "state": "open", "revision": 1, "since": AT,
            "dossier_version": 1, "subject_hash": "", "progress": "{}", "record_seq": 0, "record_hash": "",
            "opened_at": AT,
        }  # fmt: skip
        connection.execute(cases.insert(), [{**same, "id": n, "period": f"2026-0{n}"} for n in (1, 2)])
    return engine


def book(connection: Connection, key: str, **other: object) -> int:
    """Book two lines under ``key``."""
    given = {"book": "fund", "year": 2026, "case_id": 1, "memo": "月度结算", "lines": TWO_LINES, "at": AT, **other}
    return post(connection, biz_key=key, **given)  # type: ignore[arg-type]


def test_numbers_run_by_book_and_year(ledger: Engine) -> None:
    with writing(ledger) as connection:
        numbers = [book(connection, "a"), book(connection, "b"), book(connection, "c", year=2027)]
        numbers += [book(connection, "d", book="surplus"), book(connection, "e")]
        assert check_journals(connection) == []
    assert numbers == [1, 2, 1, 1, 3]


def test_zero_lines_are_dropped(ledger: Engine) -> None:
    with writing(ledger) as connection:
        book(connection, "a", lines=(("cash", "", -5), ("nothing", "", 0), ("due", "hospital", 5)))
        assert connection.execute(select(postings.c.line, postings.c.account, postings.c.fen)).all() == [
            (1, "cash", -5),
            (2, "due", 5),
        ]
        assert connection.scalar(select(journals.c.sealed)) == 1


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((("cash", "", -100), ("due", "hospital", 99)), "借贷不平，相差 -1 分"),
        ((("cash", "", 0), ("due", "hospital", 0)), "至少要有两条"),
        ((("cash", "", 0), ("due", "hospital", 7)), "至少要有两条"),
        ((), "至少要有两条"),
    ],
)
def test_a_journal_that_does_not_balance_is_refused(
    ledger: Engine, lines: tuple[tuple[str, str, int], ...], said: str
) -> None:
    with writing(ledger) as connection:
        with pytest.raises(Refused, match=said) as refused:
            book(connection, "a", lines=lines)
        assert refused.value.refusals[0].reason_en
        assert connection.scalar(select(func.count()).select_from(vouchers)) == 0


def test_a_business_is_booked_once_and_a_refusal_leaves_no_gap(ledger: Engine) -> None:
    with writing(ledger) as connection:
        book(connection, "a")
        for year in (2026, 2027):
            with pytest.raises(Refused, match="已经记账"):
                book(connection, "a", year=year)
        assert book(connection, "b") == 2
        assert check_journals(connection) == []


def test_balances(ledger: Engine) -> None:
    with writing(ledger) as connection:
        book(connection, "a")
        book(connection, "b", case_id=2, lines=(("cash", "", -30), ("due", "hospital", 10), ("due", "clinic", 20)))
        book(connection, "c", book="surplus", lines=(("cash", "", 1), ("due", "clinic", -1)))
    with reading(ledger) as connection:
        assert balance(connection, account="due") == 129
        assert balance(connection, account="due", party="clinic") == 19
        assert balance(connection, account="due", party="clinic", book="fund") == 20
        assert balance(connection, account="cash", case_ids=[1]) == -99
        assert balance(connection, account="cash", book="fund", case_ids=[1, 2]) == -130
        assert balance(connection, account="cash", case_ids=[]) == 0
        assert balance(connection, account="nobody") == 0


def test_random_journals_balance_or_are_refused(ledger: Engine) -> None:
    chance = random.Random(20260302)
    booked = 0
    with writing(ledger) as connection:
        for number in range(JOURNALS):
            amounts_fen = [chance.choice((0, 1, -1, chance.randrange(-(10**12), 10**12))) for _ in range(4)]
            if chance.random() < 0.7:
                amounts_fen.append(-sum(amounts_fen))
            lines = [("account", str(place), fen) for place, fen in enumerate(amounts_fen)]
            sound = sum(amounts_fen) == 0 and sum(fen != 0 for fen in amounts_fen) > 1
            if sound:
                booked += 1
                assert book(connection, str(number), lines=lines) == booked
            else:
                with pytest.raises(Refused):
                    book(connection, str(number), lines=lines)
        assert check_journals(connection) == []
        assert balance(connection, account="account") == 0


def together(act: Callable[[int], None]) -> None:
    """Run ``act`` in several threads that start at once; raises what any of them raised."""
    barrier, errors = threading.Barrier(THREADS), []

    def run(number: int) -> None:
        barrier.wait()
        try:
            act(number)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


class Undone(Exception):
    """A transaction that is given up on purpose."""


def test_numbers_have_no_gap_under_four_threads(ledger: Engine) -> None:
    """A fifth of the transactions are undone after they took their number; the number goes to the next one."""

    def act(thread: int) -> None:
        chance = random.Random(thread)
        for turn in range(EACH):
            try:
                with writing(ledger) as connection:
                    book(connection, f"{thread}-{turn}", case_id=1 + turn % 2)
                    if chance.random() < 0.2:
                        raise Undone
            except Undone:
                with writing(ledger) as connection:
                    book(connection, f"{thread}-{turn}")

    together(act)
    with reading(ledger) as connection:
        assert check_journals(connection) == []
        numbers = connection.scalars(select(journals.c.number).order_by(journals.c.number)).all()
    assert numbers == list(range(1, THREADS * EACH + 1))


def test_four_threads_book_the_same_business_once(ledger: Engine) -> None:
    outcomes: list[str] = []

    def act(thread: int) -> None:
        for turn in range(EACH):
            try:
                with writing(ledger) as connection:
                    book(connection, f"same-{turn}", year=2026 + thread % 2)
                outcomes.append("booked")
            except Refused:
                outcomes.append("refused")

    together(act)
    assert outcomes.count("booked") == EACH
    assert outcomes.count("refused") == (THREADS - 1) * EACH
    with reading(ledger) as connection:
        assert check_journals(connection) == []


def test_the_check_finds_what_is_wrong(ledger: Engine) -> None:
    with writing(ledger) as connection:
        book(connection, "a")
        connection.execute(vouchers.update().values(last_number=5))
        row = {"book": "surplus", "year": 2026, "number": 2, "biz_key": "x", "case_id": 1, "memo": "", "at": AT}
        key = connection.execute(journals.insert().values(**row, sealed=0).returning(journals.c.id)).scalar_one()
        connection.execute(postings.insert(), {"journal_id": key, "line": 1, "account": "cash", "party": "", "fen": 3})
    with reading(ledger) as connection:
        problems = "\n".join(check_journals(connection))
    for words in (
        "surplus 2026 年第 2 号：未封存",
        "借贷相差 3 分",
        "只有 1 条",
        "fund 2026 年：编号不连续",
        "surplus 2026 年：编号不连续",
    ):
        assert words in problems
