"""The page of a year's ledgers of one consortium and pool: prepayment, deposits, carries."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Response, abort, render_template, send_file
from flask_login import current_user
from sqlalchemy import Connection, select

from governance.refusal import Refused
from workflow import clock, scope
from workflow.agreement.model import terms_in_force
from workflow.banking.ledger_lines import Entry, ledger_of
from workflow.banking.spreadsheets import XLSX_TYPE, exact, xlsx_bytes
from workflow.i18n import lazy as _
from workflow.i18n import moment_text
from workflow.machines import STAGES
from workflow.model import cases
from workflow.organisations.model import consortia, organisations
from workflow.pages import words
from workflow.pages.context import connection, now
from workflow.rules import book_at
from workflow.security import signed_in

blueprint = Blueprint("ledgers", __name__)
TITLES = {
    "prepayment": (_("预付金"), _("未冲抵（元）"), _("年内按月冲抵，年底前冲抵完毕；冲不完的在年度清算时归还")),
    "deposit": (_("质量保证金"), _("在管（元）"), _("每月预留，年度清算时按考核返还，其余不予返还")),
    "carry": (_("成员结转应扣"), _("未扣（元）"), _("当月可付为负的结转以后月份，年度清算时结清")),
}
OFFSET_BY = {"available": _("按各成员可付额分摊"), "received": _("由收到预付金的成员冲抵")}
EARLIEST, LATEST = 2000, 2100
HEADER = (
    _("台账"), _("凭证号"), _("记账时间"), _("事项"), _("期间"), _("单位"), _("增加（元）"), _("减少（元）"), _("余额（元）"),
    _("案件"),
)  # fmt: skip


@blueprint.get("/ledgers/<int:consortium_id>/<any(resident, employee):pool>/<int:year>")
@signed_in
def show(consortium_id: int, pool: str, year: int) -> Any:
    """Every movement of the year with its voucher and case, and what stands at its end."""
    held, row = connection(), _consortium(consortium_id, year)
    page = SimpleNamespace(
        name=words.pick(row.name, row.name_en), consortium=f"/consortia/{consortium_id}", pool=words.POOLS[pool],
        year=year, ledgers=_ledgers(row, pool, year), terms=_terms(held, consortium_id, pool, year),
        offset_by=_offset_by(held, row, year), download=f"/ledgers/{consortium_id}/{pool}/{year}.xlsx",
        applications=_applications(held, consortium_id, pool, year),
        others=[
            SimpleNamespace(label=label, url=f"/ledgers/{consortium_id}/{key}/{when}", here=(key, when) == (pool, year))
            for key, label in words.POOLS.items() if key
            for when in (year - 1, year, year + 1)
        ],
    )  # fmt: skip
    return render_template("banking/ledgers.html", page=page)


@blueprint.get("/ledgers/<int:consortium_id>/<any(resident, employee):pool>/<int:year>.xlsx")
@signed_in
def download(consortium_id: int, pool: str, year: int) -> Response:
    """The same ledgers as a workbook: opening, every movement with its voucher and case, closing."""
    row = _consortium(consortium_id, year)
    rows: list[list[Any]] = [[str(one) for one in HEADER]]
    for one in _ledgers(row, pool, year):
        title = str(one.title)
        rows.append([title, "", "", str(_("上年结余")), "", "", "", "", exact(one.ledger.brought_fen), ""])
        rows += [[title, *_cells(year, entry, party)] for entry, party in one.entries]
        rows.append([title, "", "", str(_("年末余额")), "", "", "", "", exact(one.ledger.balance_fen), ""])
    for line in rows[1:]:
        line[6:9] = [Decimal(cell) if cell else None for cell in line[6:9]]
    content = xlsx_bytes(str(_("台账")), rows, date(year, 12, 31))
    name = f"ledgers-{row.code}-{pool}-{year}.xlsx"
    return send_file(io.BytesIO(content), XLSX_TYPE, as_attachment=True, download_name=name)


def _cells(year: int, entry: Entry, party: Any) -> list[str]:
    added, less = (exact(entry.fen), "") if entry.fen > 0 else ("", exact(-entry.fen))
    voucher = f"{year}-{entry.number:04d}"
    return [
        voucher, moment_text(entry.at), str(entry.what), entry.period, str(party), added, less,
        exact(entry.balance_fen), entry.url,
    ]


def _consortium(consortium_id: int, year: int) -> Any:
    """The consortium of the address; not found out of scope."""
    held = connection()
    if not EARLIEST <= year <= LATEST or not scope.may_see(held, current_user.seats, consortium_id):
        abort(404)
    return held.execute(select(consortia).where(consortia.c.id == consortium_id)).one()


def _ledgers(row: Any, pool: str, year: int) -> list[SimpleNamespace]:
    held, ledgers = connection(), []
    names = _names(held)
    names[row.code] = words.pick("医共体", "The consortium")
    for account, (title, unit, says) in TITLES.items():
        found = ledger_of(held, f"{row.code}/{pool}", account, year)
        parties = [(names.get(party, party), fen) for party, fen in found.by_party.items()]
        entries = [(one, names.get(one.party, one.party)) for one in found.entries]
        said = {"title": title, "unit": unit, "says": says, "parties": parties}
        ledgers.append(SimpleNamespace(key=account, ledger=found, entries=entries, **said))
    return ledgers


def _applications(held: Connection, consortium_id: int, pool: str, year: int) -> list[SimpleNamespace]:
    """The applications for this pool's prepayment of the year."""
    query = select(cases.c.id, cases.c.state).where(
        cases.c.stage == "prepayment", cases.c.consortium_id == consortium_id, cases.c.pool == pool,
        cases.c.period == str(year),
    )  # fmt: skip
    labels = STAGES["prepayment"].state_labels
    found = held.execute(query.order_by(cases.c.id))
    return [SimpleNamespace(url=f"/prepayment/{row.id}", state=labels[row.state]) for row in found]


def _names(held: Connection) -> dict[str, Any]:
    rows = held.execute(select(organisations.c.code, organisations.c.name, organisations.c.name_en))
    return {row.code: words.pick(row.name, row.name_en) for row in rows}


def _terms(held: Connection, consortium_id: int, pool: str, year: int) -> SimpleNamespace | None:
    """What the agreement of the year says of the prepayment: applied for and agreed there."""
    today = min(max(clock.day_of(now()), date(year, 1, 1)), date(year, 12, 31))
    terms = terms_in_force(held, consortium_id, today)
    if terms is None:
        return None
    agreed_fen = terms.prepayment_fen.get(pool, 0)
    return SimpleNamespace(number=terms.number, url=f"/agreement/{terms.case_id}", fen=agreed_fen)


def _offset_by(held: Connection, row: Any, year: int) -> Any:
    """How an offset is shared between members, where the place says so."""
    try:
        rule = book_at(held, row.place, date(year, 12, 31)).find("settlement.prepayment_offset_by")
    except Refused:
        return ""
    return OFFSET_BY.get(str(rule.value), str(rule.value)) if rule else ""
