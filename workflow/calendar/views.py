"""The calendar as a page: a year day by day with its source, and the import of a notice with a preview."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, flash, render_template, request
from flask_login import current_user
from sqlalchemy import Connection, func, select
from wtforms import BooleanField, FileField, IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from governance.refusal import Refused
from governance.roles import Role
from workflow import clock
from workflow.attempt import Actor, refuse
from workflow.calendar import importing
from workflow.calendar.notice import LONGEST_FILE_CHARACTERS, LONGEST_SOURCE, Notice, read_notice
from workflow.calendar_days import days_of, load_calendar
from workflow.db import writing
from workflow.forms import PlainForm
from workflow.i18n import lazy as _
from workflow.model import calendar_days
from workflow.pages import words
from workflow.pages.context import connection, engine
from workflow.security import signed_in

blueprint = Blueprint("calendar", __name__)
FIRST_YEAR, LAST_YEAR = 2019, 2100
SHOWN_MOVES = 100
DAYS_IN_A_WEEK = 7


class ImportForm(PlainForm):
    """A notice, pasted or as a file, for one year."""

    year = IntegerField(_("年份"), [InputRequired(_("请填写年份")), NumberRange(FIRST_YEAR, LAST_YEAR)])
    source = StringField(
        _("通知文号"), [InputRequired(_("请填写通知的文号")), Length(max=LONGEST_SOURCE)],
        description=_("例如 国办发明电〔2026〕8号"),
    )  # fmt: skip
    notice = TextAreaField(
        _("放假与上班日"), [Optional(), Length(max=LONGEST_FILE_CHARACTERS)],
        description=_(
            "粘贴通知里“一、元旦：……放假……”各条即可；也可用 CSV：第一行 date,kind,name，kind 为 holiday（放假）或 workday（上班）"
        ),
    )  # fmt: skip
    file = FileField(_("或选择文件（文字或 CSV）"))
    replace = BooleanField(_("该年已经确定，以本通知替换"))
    reason = StringField(_("替换的原因"), [Optional(), Length(max=500)])

    def text(self) -> str:
        """The notice as typed, or as the chosen file holds it; raises ``Refused`` when the file is no UTF-8 text."""
        uploaded = self.file.data.read() if self.file.data else b""
        try:
            return uploaded.decode("utf-8-sig") if uploaded else self.notice.data or ""
        except UnicodeDecodeError:
            raise refuse(_("文件须为 UTF-8 编码的文字或 CSV"), field="file") from None


def _officer() -> Actor:
    """The seat from which the viewer imports; whoever holds none finds nothing."""
    for seat in current_user.seats:
        if seat.role == Role.RULES_OFFICER:
            return Actor(
                current_user.person_id, seat.seat_id, seat.organisation_id, Role.RULES_OFFICER, current_user.name
            )
    abort(404)


@blueprint.get("/calendar")
@signed_in
def calendar() -> str:
    """A year day by day: worked or not, from which source, and whether it is provisional."""
    today = clock.day_of(clock.now(connection()))
    year = _year(request.args.get("year", str(today.year)))
    form = ImportForm(formdata=None, data={"year": _next_unconfirmed(connection(), today.year)})
    return _page(year, form)


@blueprint.post("/calendar")
@signed_in
def import_year() -> Any:
    """Show what a notice would change, or import it; nothing is written before the button that says so."""
    officer = _officer()
    form = ImportForm()
    if not form.validate():
        return _page(_today().year, form), 422
    try:
        form.notice.data = form.text()
        notice = read_notice(form.notice.data, form.year.data, form.source.data)
        if request.form.get("act") != "import":
            importing.check_year(connection(), notice, replace=form.replace.data, reason=form.reason.data or "x")
            return _page(notice.year, form, notice)
        connection().rollback()
        with writing(engine()) as held:
            found = importing.import_notice(
                held, notice, actor=officer, at=clock.now(held), replace=form.replace.data,
                reason=form.reason.data or "",
            )  # fmt: skip
    except Refused as refused:
        _say(form, refused)
        return _page(form.year.data, form), 422
    changed = sum(one.moved for one in found)
    flash(_("%(year)s 年已导入，用到该年的期限都已重算，%(count)s 项有变化", year=notice.year, count=changed))
    return _page(notice.year, ImportForm(formdata=None))


def _today() -> date:
    return clock.day_of(clock.now(connection()))


def _say(form: ImportForm, refused: Refused) -> None:
    """Put each refusal where its field is."""
    for refusal in refused.refusals:
        name = refusal.field if refusal.field in form else "notice"
        field = form[name]
        field.errors = [*field.errors, str(words.shown(refusal).reason)]


def _year(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and FIRST_YEAR <= int(text) <= LAST_YEAR):
        abort(404)
    return int(text)


def _next_unconfirmed(held: Connection, year: int) -> int:
    confirmed = load_calendar(held).confirmed_years
    return next(one for one in range(year, LAST_YEAR) if one not in confirmed)


def _page(year: int, form: ImportForm, notice: Notice | None = None) -> str:
    held, today = connection(), _today()
    known = load_calendar(held)
    officer = current_user.has_role(Role.RULES_OFFICER)
    bounds = held.execute(select(func.min(calendar_days.c.day), func.max(calendar_days.c.day))).one()
    years = range(bounds[0].year, bounds[1].year + 1)
    page = SimpleNamespace(
        year=year, today=today, known=year in known.known_years, confirmed=year in known.confirmed_years,
        years=[SimpleNamespace(year=one, provisional=one not in known.confirmed_years) for one in years],
        months=_months(held, year, notice), sources=_sources(held, year), may_import=officer,
        preview=_preview(held, notice) if notice else None, has_errors=bool(form.errors),
    )  # fmt: skip
    return render_template("calendar/calendar.html", page=page, form=form)


def _sources(held: Connection, year: int) -> list[Any]:
    columns = calendar_days.c
    query = (
        select(columns.source, columns.confirmed, func.count().label("days"))
        .where(columns.day >= date(year, 1, 1), columns.day <= date(year, 12, 31))
        .group_by(columns.source, columns.confirmed)
    )
    return list(held.execute(query))


def _months(held: Connection, year: int, notice: Notice | None) -> list[SimpleNamespace]:
    """Twelve months of weeks; a previewed notice is shown in place of what the table holds."""
    columns = calendar_days.c
    rows = held.execute(select(calendar_days).where(columns.day >= date(year, 1, 1), columns.day <= date(year, 12, 31)))
    stored = {row.day: row for row in rows}
    if not stored and notice is None:
        return []
    names = importing.names_of(held, year)
    if notice is not None:
        names = {one.day: one.name for one in notice.named if one.name}
    cells: dict[int, list[Any]] = {month: [] for month in range(1, 13)}
    for day in days_of(range(year, year + 1)):
        worked = notice.kinds[day] if notice else stored[day].workday
        cells[day.month].append(
            SimpleNamespace(
                number=day.day,
                day=day,
                worked=worked,
                differs=worked != (day.weekday() < DAYS_IN_A_WEEK - 2),
                name=names.get(day, ""),
                source=notice.source if notice else stored[day].source,
            )
        )
    return [SimpleNamespace(month=month, weeks=_weeks(days)) for month, days in cells.items()]


def _weeks(days: list[Any]) -> list[list[Any]]:
    padded = [None] * days[0].day.weekday() + days
    padded += [None] * (-len(padded) % DAYS_IN_A_WEEK)
    return [padded[at : at + DAYS_IN_A_WEEK] for at in range(0, len(padded), DAYS_IN_A_WEEK)]


def _preview(held: Connection, notice: Notice) -> SimpleNamespace:
    found = importing.moves(held, importing.announced(held, notice), notice.year)
    return SimpleNamespace(
        days_off=notice.days_off, days_worked=notice.days_worked, differing=notice.differing, checked=len(found),
        moved=[one for one in found if one.moved][:SHOWN_MOVES], clocks=words.CLOCKS,
        count=sum(one.moved for one in found),
    )  # fmt: skip
