"""Double entry: journals with gap-free numbers that balance to the fen, are sealed as they are written, and stay.

A correction is another journal. The triggers of the migrations keep all of this against raw SQL as well.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select, text

from governance.refusal import Refusal, Refused
from workflow.db import moment_text
from workflow.model import journals, postings, vouchers

FEWEST_LINES = 2

# The row of the counter stays locked until the transaction ends: numbers are given in the order of the commits, and
# a transaction that is undone gives its number back.
_NEXT_NUMBER = text(
    "INSERT INTO vouchers (book, year, last_number) VALUES (:book, :year, 1)"
    " ON CONFLICT (book, year) DO UPDATE SET last_number = vouchers.last_number + 1 RETURNING last_number"
)
_NUMBER_BACK = text("UPDATE vouchers SET last_number = last_number - 1 WHERE book = :book AND year = :year")
_OPEN = text(
    "INSERT INTO journals (book, year, number, biz_key, case_id, memo, at, sealed)"
    " VALUES (:book, :year, :number, :biz_key, :case_id, :memo, :at, 0)"
    " ON CONFLICT (biz_key) DO NOTHING RETURNING id"
)
_SEAL = text("UPDATE journals SET sealed = 1 WHERE id = :id")


def post(
    connection: Connection,
    *,
    book: str,
    year: int,
    biz_key: str,
    case_id: int,
    memo: str,
    lines: Sequence[tuple[str, str, int]],
    at: datetime,
) -> int:
    """Book ``lines`` of (account, party, fen), debits positive, as one sealed journal; returns its number.

    Zero lines are dropped. Raises ``Refused``, with nothing written, where fewer than two lines remain, where they do
    not add up to 0 分, and where ``biz_key`` is booked already. Needs a writing transaction.
    """
    kept = [line for line in lines if line[2] != 0]
    _check(kept)
    _check_new(connection, biz_key)
    counter = {"book": book, "year": year}
    number: int = connection.execute(_NEXT_NUMBER, counter).scalar_one()
    head = {"number": number, "biz_key": biz_key, "case_id": case_id, "memo": memo, "at": moment_text(at)}
    journal_id = connection.execute(_OPEN, counter | head).scalar_one_or_none()
    if journal_id is None:
        connection.execute(_NUMBER_BACK, counter)
        raise Refused(_booked_already(biz_key))
    connection.execute(
        postings.insert(),
        [
            {"journal_id": journal_id, "line": line, "account": account, "party": party, "fen": fen}
            for line, (account, party, fen) in enumerate(kept, start=1)
        ],
    )
    connection.execute(_SEAL, {"id": journal_id})
    return number


def _check(lines: Sequence[tuple[str, str, int]]) -> None:
    difference_fen = sum(fen for _account, _party, fen in lines)
    if len(lines) < FEWEST_LINES:
        raise Refused(
            Refusal(
                reason="记账凭证至少要有两条金额不为零的分录",
                reason_en="A journal needs at least two lines that are not zero",
                fact="lines",
            )
        )
    if difference_fen:
        raise Refused(
            Refusal(
                reason=f"记账凭证借贷不平，相差 {difference_fen} 分",
                reason_en=f"The journal does not balance: it is out by {difference_fen} fen",
                fact="lines",
            )
        )


def _check_new(connection: Connection, biz_key: str) -> None:
    if connection.scalar(select(journals.c.id).where(journals.c.biz_key == biz_key)) is not None:
        raise Refused(_booked_already(biz_key))


def _booked_already(biz_key: str) -> Refusal:
    return Refusal(
        reason=f"这笔业务已经记账，不能重复（{biz_key}）",
        reason_en=f"This has been booked already ({biz_key})",
        fact="biz_key",
    )


def balance(
    connection: Connection,
    *,
    account: str,
    party: str | None = None,
    book: str | None = None,
    case_ids: Collection[int] | None = None,
) -> int:
    """What stands on ``account`` in fen, debits positive; of one party, one book or some cases where given."""
    query = select(func.coalesce(func.sum(postings.c.fen), 0)).where(postings.c.account == account)
    if party is not None:
        query = query.where(postings.c.party == party)
    if book is not None or case_ids is not None:
        query = query.join_from(postings, journals)
    if book is not None:
        query = query.where(journals.c.book == book)
    if case_ids is not None:
        query = query.where(journals.c.case_id.in_(case_ids))
    return int(connection.scalar(query) or 0)


def check_journals(connection: Connection) -> list[str]:
    """Every journal that is unsealed or does not balance, and every gap in the numbers; empty when all hold."""
    return _unsound(connection) + _gaps(connection)


def _unsound(connection: Connection) -> list[str]:
    sum_fen = func.coalesce(func.sum(postings.c.fen), 0)
    count = func.count(postings.c.line)
    unsound = (
        select(journals.c.book, journals.c.year, journals.c.number, journals.c.sealed, sum_fen, count)
        .select_from(journals.outerjoin(postings))
        .group_by(journals.c.id, journals.c.book, journals.c.year, journals.c.number, journals.c.sealed)
        .having((journals.c.sealed != 1) | (sum_fen != 0) | (count < FEWEST_LINES))
        .order_by(journals.c.book, journals.c.year, journals.c.number)
    )
    problems = []
    for book, year, number, sealed, difference_fen, lines in connection.execute(unsound):
        where = f"凭证 {book} {year} 年第 {number} 号"
        if not sealed:
            problems.append(f"{where}：未封存")
        if difference_fen:
            problems.append(f"{where}：借贷相差 {difference_fen} 分")
        if lines < FEWEST_LINES:
            problems.append(f"{where}：只有 {lines} 条分录")
    return problems


def _gaps(connection: Connection) -> list[str]:
    numbered = select(
        journals.c.book,
        journals.c.year,
        func.count().label("count"),
        func.min(journals.c.number).label("first"),
        func.max(journals.c.number).label("last"),
    ).group_by(journals.c.book, journals.c.year)
    found = {(row.book, row.year): row for row in connection.execute(numbered)}
    counted = {(row.book, row.year): row.last_number for row in connection.execute(select(vouchers))}
    problems = []
    for book, year in sorted(found.keys() | counted.keys()):
        row, last_number = found.get((book, year)), counted.get((book, year), 0)
        have = (row.count, row.first, row.last) if row else (0, 1, 0)
        # Numbers are unique, so as many as the last one says, from 1 on, leave no gap.
        if have != (last_number, 1, last_number):
            problems.append(
                f"凭证 {book} {year} 年：编号不连续，共 {have[0]} 张，从 {have[1]} 到 {have[2]}，计数到 {last_number}"
            )
    return problems
