"""The ledgers of a year from the journals alone: prepayment, deposits held, and what members carry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from workflow.i18n import lazy as _
from workflow.model import cases, dossiers, journals, postings

# Debits are positive: prepayment and carries are owed to the fund, deposits are held for members.
SIGNS = {"prepayment": 1, "deposit": -1, "carry": 1}
WHATS = {
    ("prepayment", "takeover"): _("接入前余额"), ("prepayment", "agreement"): _("拨付预付金"),
    ("prepayment", "prepayment"): _("拨付预付金"),
    ("prepayment", "settlement"): _("按月冲抵"), ("prepayment", "clearing"): _("年度清算归还"),
    ("deposit", "takeover"): _("接入前已预留"), ("deposit", "settlement"): _("按月预留"),
    ("deposit", "clearing"): _("年度清算了结"),
    ("carry", "takeover"): _("接入前结转"), ("carry", "settlement"): _("结转下月"), ("carry", "clearing"): _("年度清算结清"),
}  # fmt: skip
RETURNED, FORFEITED = _("清算返还"), _("清算不予返还")
REPAID = _("退回预付金")


@dataclass(frozen=True, slots=True)
class Entry:
    """One posting, with its voucher and case; ``fen`` as the ledger shows it, ``balance_fen`` after it."""

    number: int
    at: Any
    what: Any
    period: str
    party: str
    url: str
    memo: str
    fen: int
    balance_fen: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """One account of a book for one year."""

    account: str
    brought_fen: int
    entries: list[Entry]
    by_party: dict[str, int]

    @property
    def balance_fen(self) -> int:
        """What stands at the end of the year."""
        return self.entries[-1].balance_fen if self.entries else self.brought_fen


def ledger_of(connection: Connection, book: str, account: str, year: int) -> Ledger:
    """The ledger of one account, every posting of the year in the order of its vouchers; amounts in fen."""
    sign = SIGNS[account]
    own = (journals.c.book == book) & (postings.c.account == account)
    before = select(func.coalesce(func.sum(postings.c.fen), 0)).join_from(postings, journals)
    brought_fen = sign * int(connection.scalar(before.where(own, journals.c.year < year)) or 0)
    rows = connection.execute(
        select(
            journals.c.number, journals.c.at, journals.c.memo, journals.c.case_id, postings.c.party, postings.c.fen,
            cases.c.stage, cases.c.period,
        )
        .join_from(postings, journals)
        .join(cases, cases.c.id == journals.c.case_id)
        .where(own, journals.c.year == year)
        .order_by(journals.c.number, postings.c.line)
    ).all()  # fmt: skip
    kept = _forfeited(connection, rows) if account == "deposit" else {}
    entries, balance_fen = [], brought_fen
    for row in rows:
        for what, fen in _parts(account, row, sign * row.fen, kept):
            balance_fen += fen
            url = f"/{row.stage}/{row.case_id}"
            entries.append(Entry(row.number, row.at, what, row.period, row.party, url, row.memo, fen, balance_fen))
    return Ledger(account, brought_fen, entries, _by_party(connection, own, year, sign))


def _parts(
    account: str, row: Any, fen: int, forfeited: Mapping[tuple[int, str], int]
) -> Iterable[tuple[Any, int]]:
    """A posting as the ledger says it: what a clearing ends of a deposit is returned, or in part forfeited."""
    lost_fen = forfeited.get((row.case_id, row.party), 0)
    if account == "deposit" and row.stage == "clearing":
        return [(what, part) for what, part in ((RETURNED, fen + lost_fen), (FORFEITED, -lost_fen)) if part]
    if (account, row.stage) == ("prepayment", "prepayment") and fen < 0:
        return [(REPAID, fen)]
    return [(WHATS.get((account, row.stage), row.memo), fen)]


def _forfeited(connection: Connection, rows: Iterable[Any]) -> dict[tuple[int, str], int]:
    """What clearings have kept of members' deposits, by case and member."""
    clearings = {row.case_id for row in rows if row.stage == "clearing"}
    if not clearings:
        return {}
    bodies = connection.execute(
        select(cases.c.id, dossiers.c.body)
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version))
        .where(cases.c.id.in_(clearings))
    )
    return {
        (row.id, member): one["deposit_forfeited_fen"]
        for row in bodies
        for member, one in json.loads(row.body)["worksheet"]["results"]["members"].items()
    }


def _by_party(connection: Connection, own: Any, year: int, sign: int) -> dict[str, int]:
    query = (
        select(postings.c.party, func.sum(postings.c.fen))
        .join_from(postings, journals)
        .where(own, journals.c.year <= year)
        .group_by(postings.c.party)
        .order_by(postings.c.party)
    )
    return {party: sign * int(fen) for party, fen in connection.execute(query) if fen}
