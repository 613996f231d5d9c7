"""The pages of a year: the tables for the province, their workbook, and the public notice of results."""

from __future__ import annotations

import io
from decimal import ROUND_HALF_UP, Decimal
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, send_file
from flask_login import current_user
from sqlalchemy import func, select

from workflow.i18n import day_text, gettext, yuan
from workflow.model import cases
from workflow.pages import words
from workflow.pages.context import connection, is_demo, now
from workflow.pages.lists import case_url
from workflow.rules import rulebook
from workflow.security import signed_in
from workflow.what_if import looking
from workflow.year_pack import notice, readers
from workflow.year_pack.columns import Column
from workflow.year_pack.tables import Mark, Table, tables_of

blueprint = Blueprint("year_pack", __name__)
looking.read_only(blueprint)
FIRST_YEAR, LAST_YEAR = 2000, 2999
_ONLY_IN_BOOK = ("place", "code")
SAMPLE = "演示数据，样例 Sample data of a demo"


@blueprint.get("/year-pack")
@signed_in
def index() -> str:
    """The places and years whose pack the viewer reads."""
    places = _places()
    years = connection().execute(
        select(func.substr(cases.c.period, 1, 4).label("year"))
        .where(cases.c.stage.in_(("budget", "settlement", "clearing")))
        .distinct()
        .order_by("year")
    )
    found = [row.year for row in years if row.year.isdigit()]
    return render_template("year_pack/index.html", page=SimpleNamespace(places=places, years=found))


@blueprint.get("/year-pack/<place>/<int:year>")
@signed_in
def show(place: str, year: int) -> str:
    """The tables of one year at one place."""
    named = _asked(place, year)
    tables = [_shown(one) for one in tables_of(connection(), place, year)]
    url = f"/year-pack/{place}/{year}"
    page = SimpleNamespace(place_name=words.pick(*named), year=year, tables=tables, url=url, place=place)
    return render_template("year_pack/year.html", page=page)


@blueprint.get("/year-pack/<place>/<int:year>.xlsx")
@signed_in
def take_book(place: str, year: int) -> Response:
    """The same tables as a workbook with live totals."""
    from workflow.year_pack.book import MEDIA_TYPE, book_of

    named = _asked(place, year)
    content = book_of(tables_of(connection(), place, year), named, year, mark=SAMPLE if is_demo() else "")
    name = f"year-pack-{place}-{year}.xlsx"
    return send_file(io.BytesIO(content), MEDIA_TYPE, as_attachment=True, download_name=name)


@blueprint.get("/year-pack/<place>/<int:year>/notice")
@signed_in
def show_notice(place: str, year: int) -> str:
    """The public notice of results, to be printed."""
    named = _asked(place, year)
    page = notice.build(connection(), place, named, year, now(), request.url_root)
    return render_template("print/results.html", page=page)


def _places() -> list[SimpleNamespace]:
    known = rulebook().places
    found = readers.places_of(connection(), current_user)
    if not found:
        abort(404)
    return [SimpleNamespace(code=code, name=words.pick(known[code].name, known[code].name_en)) for code in found]


def _asked(place: str, year: int) -> tuple[str, str]:
    """The place's names; not found for whoever does not read it, and for what is no year."""
    if place not in readers.places_of(connection(), current_user) or not FIRST_YEAR <= year <= LAST_YEAR:
        abort(404)
    found = rulebook().places[place]
    return found.name, found.name_en


def _shown(table: Table) -> SimpleNamespace:
    columns = [one for one in table.columns if one.key not in _ONLY_IN_BOOK]
    totals = [yuan(table.total_fen(one.key)) if one.has_total else "" for one in columns]
    return SimpleNamespace(
        key=table.key, title=words.pick(*table.title), undecided=table.undecided,
        columns=[SimpleNamespace(title=words.pick(one.title, one.title_en), kind=one.kind) for one in columns],
        rows=[[_cell(one, row) for one in columns] for row in table.rows], totals=totals,
    )  # fmt: skip


def _cell(column: Column, row: dict[str, Any]) -> SimpleNamespace:
    value = row.get(column.key)
    cell = SimpleNamespace(text="—", kind=column.kind, open=value is Mark.UNDECIDED, url="", title="", negative=False)
    if value is Mark.UNDECIDED:
        cell.text = gettext("未定")
    elif value is Mark.CARRIED:
        cell.text = gettext("结转")
    elif value is not None:
        cell.text = _text(column.kind, value)
        cell.negative = column.kind == "money" and value < 0
    if column.kind == "case" and value:
        cell.url = case_url(row["stage"], value)
    if column.kind == "hash" and isinstance(value, str):
        cell.url, cell.title = f"/worksheets/{row['case']}/{row['version']}/check", value
    return cell


def _text(kind: str, value: Any) -> str:
    if kind == "money":
        return yuan(value)
    if kind == "share":
        return f"{(Decimal(value) * 100).quantize(Decimal('0.01'), ROUND_HALF_UP)}%"
    if kind == "pair":
        return str(words.pick(*value))
    if kind == "pool":
        return str(words.POOLS.get(value, value))
    if kind == "flag":
        return gettext("成立") if value else gettext("不成立")
    if kind == "day":
        return str(day_text(value))
    return value[:12] if kind == "hash" else str(value)
