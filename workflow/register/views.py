"""The page of a place's register of insured people: periods, counts, changes, and what waits for whom."""

from __future__ import annotations

import hmac
import json
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request
from flask_login import current_user
from werkzeug.datastructures import CombinedMultiDict

from governance.refusal import Refused
from governance.roles import Role, levels_of
from workflow import door
from workflow.i18n import lazy as _
from workflow.lifecycle import NotFound
from workflow.organisations.office import Office
from workflow.organisations.posting import act, new_key, office_of
from workflow.pages import words
from workflow.pages.context import connection, engine
from workflow.register import commands, queries
from workflow.register.forms import AnswerForm, ImportForm
from workflow.register.reading import CHANGES, JOINS
from workflow.rules import rulebook
from workflow.security import signed_in

blueprint = Blueprint("insured_register", __name__)
READERS = (
    Role.AGENCY_CLERK, Role.AGENCY_REVIEWER, Role.AGENCY_HEAD, Role.COUNTY_INSURANCE_REVIEWER,
    Role.COUNTY_INSURANCE_APPROVER, Role.AUDITOR, *levels_of("agency", "county_insurance"),
)  # fmt: skip
CHANGE_NAMES = {
    "birth": _("出生"), "move_in": _("迁入"), "enrol": _("新参保"), "death": _("死亡"), "move_out": _("迁出"),
    "leave": _("停保"),
}  # fmt: skip
STATES = {None: _("待复核人确认"), "confirmed": _("已确认"), "refused": _("不予确认")}
MARKS = {None: "b", "confirmed": "g", "refused": "r"}


def _reach(place: str, *roles: Role) -> Office:
    """The viewer's office where it covers the place; else nothing is found."""
    office = office_of(*roles)
    if place not in rulebook().places or not office.covers(place):
        abort(404)
    return office


def deployment_secret() -> bytes:
    """What people's identifiers are hashed with; another secret makes strangers of them all."""
    return str(current_app.config["SECRET_KEY"]).encode()


@blueprint.get("/register/<place>")
@signed_in
def show(place: str) -> Any:
    """The periods of a place."""
    _reach(place, *READERS)
    return _page(place)


@blueprint.post("/register/<place>")
@signed_in
def bring_in(place: str) -> Any:
    """A clerk imports a period's file."""
    office = _reach(place, Role.AGENCY_CLERK)
    form = ImportForm(CombinedMultiDict([request.files, request.form]))
    if not form.validate_on_submit():
        return _page(place, form)
    content, name = form.file.data.read(), form.file.data.filename or ""
    secret = deployment_secret()
    body = {
        "act": "import_file", "person": office.person_id, "place": place, "period": form.period.data,
        "file": hmac.digest(secret, content, "sha256").hex(),
    }  # fmt: skip
    given = {"place": place, "period": form.period.data.strip(), "content": content, "name": name, "secret": secret}
    connection().rollback()
    try:
        door.once(
            engine(), f"web:{office.person_id}:import_file:{new_key()}", body, None,
            lambda held, at: commands.import_file(held, office=office, at=at, **given),
        )  # fmt: skip
    except NotFound:
        abort(404)
    except door.KeyReused:
        abort(409)
    except Refused as refused:
        form.form_errors += [words.shown(one).reason for one in refused.refusals]
        return _page(place, form)
    flash(_("已导入，待复核人确认后计入参保人数"))
    return redirect(f"/register/{place}", 303)


@blueprint.post("/register/<place>/<int:file>")
@signed_in
def answer(place: str, file: int) -> Any:
    """A reviewer confirms or refuses a file."""
    office, form = _reach(place, Role.AGENCY_REVIEWER), AnswerForm()
    done = act(form, office, commands.answer_file, f"/register/{place}", place=place, file=file)
    return done if done is not None else _page(place, None, SimpleNamespace(id=file, form=form))


def _page(place: str, form: ImportForm | None = None, tried: Any = None) -> Any:
    refused = form is not None or tried is not None
    where = rulebook().places[place]
    rows = queries.of_place(connection(), place)
    latest: set[str] = set()
    shown = [_row(place, row, latest) for row in rows]
    page = SimpleNamespace(
        place=place, name=words.pick(where.name, where.name_en), rows=shown, changes=CHANGE_NAMES, tried=tried,
        has_errors=refused, reviews=current_user.has_role(Role.AGENCY_REVIEWER),
    )  # fmt: skip
    if form is None and current_user.has_role(Role.AGENCY_CLERK):
        form = ImportForm(None)
    return render_template(
        "register/place.html", page=page, form=form, blank=AnswerForm(None), key=new_key()
    ), 422 if refused else 200


def _row(place: str, row: Any, latest: set[str]) -> SimpleNamespace:
    """A file as it is shown; the newest confirmed one of a period is in force and held against what is counted."""
    force = row.verdict == "confirmed" and row.period not in latest
    if force:
        latest.add(row.period)
    body = json.loads(row.body)
    return SimpleNamespace(
        id=row.id, period=words.period_label(row.period), rows=row.row_count, sha256=row.sha256, by=row.by, at=row.at,
        state=STATES[row.verdict], mark=MARKS[row.verdict] if row.verdict != "confirmed" or force else "",
        note=row.note or "", force=force, waits=row.verdict is None, mine=row.imported_by == current_user.person_id,
        before=words.period_label(body["before_period"]) if body["before"] else "",
        lines=[_line(row, one, force) for one in body["counts"]],
    )  # fmt: skip


def _line(row: Any, one: dict[str, Any], force: bool) -> SimpleNamespace:
    held = queries.held(connection(), one["consortium"], one["pool"], row.period) if force else None
    differs = held is not None and held.heads != one["heads"]
    return SimpleNamespace(
        consortium=one["consortium"], pool=words.POOLS[one["pool"]], heads=one["heads"], before=one.get("before"),
        changes=[(one[name] if name in JOINS else -one[name]) for name in CHANGES] if "before" in one else None,
        held=held.heads if differs and held is not None else None,
    )  # fmt: skip
