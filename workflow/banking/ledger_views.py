"""The page of a year's ledgers of one consortium and pool: prepayment, deposits, carries."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, render_template
from flask_login import current_user
from sqlalchemy import Connection, select

from governance.refusal import Refused
from workflow import clock, scope
from workflow.agreement.model import terms_in_force
from workflow.banking.ledger_lines import ledger_of
from workflow.i18n import lazy as _
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


@blueprint.get("/ledgers/<int:consortium_id>/<any(resident, employee):pool>/<int:year>")
@signed_in
def show(consortium_id: int, pool: str, year: int) -> Any:
    """Every movement of the year with its voucher and case, and what stands at its end."""
    held = connection()
    if not EARLIEST <= year <= LATEST or not scope.may_see(held, current_user.seats, consortium_id):
        abort(404)
    row = held.execute(select(consortia).where(consortia.c.id == consortium_id)).one()
    names = _names(held)
    names[row.code] = words.pick("医共体", "The consortium")
    ledgers = []
    for account, (title, unit, says) in TITLES.items():
        found = ledger_of(held, f"{row.code}/{pool}", account, year)
        parties = [(names.get(party, party), fen) for party, fen in found.by_party.items()]
        entries = [(one, names.get(one.party, one.party)) for one in found.entries]
        said = {"title": title, "unit": unit, "says": says, "parties": parties}
        ledgers.append(SimpleNamespace(key=account, ledger=found, entries=entries, **said))
    page = SimpleNamespace(
        name=words.pick(row.name, row.name_en), consortium=f"/consortia/{consortium_id}", pool=words.POOLS[pool],
        year=year, ledgers=ledgers, terms=_terms(held, consortium_id, pool, year),
        offset_by=_offset_by(held, row, year),
        others=[
            SimpleNamespace(label=label, url=f"/ledgers/{consortium_id}/{key}/{when}", here=(key, when) == (pool, year))
            for key, label in words.POOLS.items() if key
            for when in (year - 1, year, year + 1)
        ],
    )  # fmt: skip
    return render_template("banking/ledgers.html", page=page)


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
