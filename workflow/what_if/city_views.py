"""What one other rule would have done to every consortium of a place: its decided sheets of two years, run again."""

from __future__ import annotations

import io
from datetime import date
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, render_template, request, send_file

from governance.refusal import Refused
from governance.rulebook.catalogue import Document
from governance.rulebook.enacting import Enacted
from governance.sheets import SHEETS
from workflow import rules
from workflow.i18n import gettext
from workflow.pages import words
from workflow.pages.context import connection
from workflow.pages.worksheet_view import line_view
from workflow.rule_change import impact
from workflow.rule_change.model import MONTHLY, PROCEDURAL, YEARLY
from workflow.security import signed_in
from workflow.what_if import city_book, looking
from workflow.what_if.entries import take
from workflow.what_if.rule_fields import RuleFields, rule_fields
from workflow.workbook.writing import MEDIA_TYPE

blueprint = Blueprint("what_if_city", __name__)
looking.read_only(blueprint)

MARK = "试算"


@blueprint.get("/what-if/city")
@signed_in
def show() -> str:
    """The rules that can be tried, and the fields of the one picked."""
    asked = _asked()
    return render_template("what_if/city.html", page=_page(asked, None))


@blueprint.post("/what-if/city")
@signed_in
def tried() -> Any:
    """What the typed value would have done; nothing is kept, and nothing is proposed."""
    asked = _asked()
    if asked.fields is None:
        abort(404)
    asked.since = request.form.get("since", "").strip()
    found = None
    day = _day(asked)
    if take(asked.fields.entries, request.form) and day:
        try:
            found = impact.compute(connection(), _proposed(asked, day), looking.this_day())
        except Refused as refused:
            asked.fields.error = "；".join(words.pick(one.reason, one.reason_en) for one in refused.refusals)
    if found and request.form.get("as") == "xlsx":
        content = city_book.book_of(found, asked.fields.title, asked.today)
        name = f"what-if-city-{asked.place}-{asked.rule}.xlsx"
        return send_file(io.BytesIO(content), MEDIA_TYPE, as_attachment=True, download_name=name)
    page = _page(asked, found)
    return render_template("what_if/city.html", page=page), 422 if page.has_errors else 200


def _asked() -> SimpleNamespace:
    """Place, rule and day by the address; not found for whoever sees no whole city, or for what is not there."""
    places = looking.wide_places()
    place = request.args.get("place") or next(iter(places), "")
    if place not in places:
        abort(404)
    today = looking.this_day()
    found = rules.rulebook(connection()).at(place).provisions(today)
    known = {key: one for key, one in sorted(found.items()) if _reckons(one)}
    rule = request.args.get("rule", "")
    if rule and rule not in known:
        abort(404)
    fields = _fields(known[rule]) if rule else None
    return SimpleNamespace(
        place=place, places=places, rule=rule, known=known, fields=fields, today=today, since=today.isoformat(),
        wrong_day="",
    )  # fmt: skip


def _reckons(provision: Any) -> bool:
    """Whether amounts follow from a rule, and it has a number that can be another one."""
    if provision.rule.split(".", 1)[0] not in MONTHLY | YEARLY or provision.unit in PROCEDURAL:
        return False
    return bool(_fields(provision).entries)


def _fields(provision: Any) -> RuleFields:
    place = rules.rulebook().places[provision.place]
    return rule_fields(provision, provision.value, {}, words.pick(place.name, place.name_en))


def _day(asked: SimpleNamespace) -> date | None:
    try:
        return date.fromisoformat(asked.since)
    except ValueError:
        asked.wrong_day = gettext("请按 2026-11-23 的样子填写日期")
        return None


def _proposed(asked: SimpleNamespace, since: date) -> Enacted:
    return Enacted(
        asked.place, asked.rule, since, asked.fields.tried, "unverified",
        Document(MARK, MARK, issuer=MARK, date=asked.today), MARK, MARK,
    )  # fmt: skip


def _page(asked: SimpleNamespace, found: dict[str, Any] | None) -> SimpleNamespace:
    named = rules.rulebook().places
    errors = [(one.name, one.label, one.error) for one in asked.fields.entries if one.error] if asked.fields else []
    if asked.fields and asked.fields.error:
        errors.append((f"r.{asked.rule}", asked.fields.title, asked.fields.error))
    errors += [("since", gettext("生效日"), asked.wrong_day)] if asked.wrong_day else []
    return SimpleNamespace(
        action=f"/what-if/city?place={asked.place}&rule={asked.rule}", place=asked.place, rule=asked.rule,
        fields=asked.fields, since=asked.since, wrong_day=asked.wrong_day, has_errors=bool(errors),
        places=[
            SimpleNamespace(code=one, name=words.pick(named[one].name, named[one].name_en)) for one in asked.places
        ],
        rules=[SimpleNamespace(key=key, title=words.pick(one.title, one.title_en)) for key, one in asked.known.items()],
        result=SimpleNamespace(errors=errors, refusals=[]),
        impact=_shown(found) if found else None,
    )  # fmt: skip


def _shown(found: dict[str, Any]) -> SimpleNamespace:
    """The impact in the reader's language."""
    return SimpleNamespace(
        first=found["first"], last=found["last"], read=found["read"], changed=found["changed"],
        refused=found["refused"], tallied=found["tallied"], unknown=found["unknown"],
        total=[_sums(one) for one in found["total"]], sums=[_sums(one) for one in found["sums"]],
        cases=[_case(one) for one in found["cases"] if one["changed"] or one["unknown"]],
    )  # fmt: skip


def _sums(one: dict[str, Any]) -> SimpleNamespace:
    sheet = SHEETS[one["sheet"]]
    return SimpleNamespace(**{
        **one, "title": words.pick(sheet.title, sheet.title_en),
        "name": words.pick(one.get("name"), one.get("name_en")),
    })  # fmt: skip


def _case(one: dict[str, Any]) -> SimpleNamespace:
    sheet = SHEETS[one["sheet"]]
    return SimpleNamespace(**{
        **one, "title": words.pick(sheet.title, sheet.title_en), "name": words.pick(one["name"], one["name_en"]),
        "period": words.period_label(one["period"]), "url": f"/{one['stage']}/{one['case']}",
        "lines": [_line(line) for line in one["lines"]],
    })  # fmt: skip


def _line(line: dict[str, Any]) -> SimpleNamespace:
    """Both sides of a line as the worksheet shows them."""
    named = {name: line[name] for name in ("key", "label", "label_en", "unit")}
    base = {**named, "formula": "", "inputs": [], "provision": None, "reason": None}
    was = line_view({**base, "amount_fen": line["was_fen"], "value": line["was"]})
    now = line_view({**base, "amount_fen": line["now_fen"], "value": line["now"]})
    difference = line["now_fen"] - line["was_fen"] if None not in (line["now_fen"], line["was_fen"]) else None
    return SimpleNamespace(label=now.label, was=was, now=now, difference=difference)
