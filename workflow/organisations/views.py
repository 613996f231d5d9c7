"""The register of organisations and people, for administrators within their places."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask_login import current_user

from governance.roles import KIND_NAMES, Role
from workflow import clock
from workflow.forms import PlainForm
from workflow.organisations import commands, queries
from workflow.organisations.forms import EndForm, GrantForm, OrganisationForm, PasswordForm, PersonForm, kinds, roles
from workflow.organisations.office import Office
from workflow.organisations.posting import act, new_key, office_of
from workflow.pages import words
from workflow.pages.context import connection
from workflow.rules import rulebook
from workflow.security import signed_in

blueprint = Blueprint("register", __name__)


def _office() -> Office:
    return office_of(Role.ADMINISTRATOR)


def _today() -> Any:
    return clock.day_of(clock.now(connection()))


def places(office: Office) -> list[tuple[str, Any]]:
    """The office's places to choose from."""
    return [(place.code, words.pick(place.name, place.name_en)) for place in queries.places_of(office)]


def bodies(office: Office) -> list[tuple[str, Any]]:
    """The office's organisations to choose from."""
    return [(one.code, words.pick(one.name, one.name_en)) for one in queries.organisations_of(connection(), office)]


@blueprint.route("/organisations", methods=["GET", "POST"])
@signed_in
def organisations() -> Any:
    """Every organisation of my places, and one more."""
    office = _office()
    form = OrganisationForm().offer(kind=kinds(), place=places(office))
    done = act(form, office, commands.add_organisation, "/organisations") if request.method == "POST" else None
    if done is not None:
        return done
    known = rulebook().places
    rows = [
        SimpleNamespace(
            code=row.code,
            name=words.pick(row.name, row.name_en),
            kind=words.pick(*KIND_NAMES[row.kind]),
            place=words.pick(known[row.place].name, known[row.place].name_en),
        )
        for row in queries.organisations_of(connection(), office)
    ]
    page = SimpleNamespace(rows=rows, has_errors=bool(form.errors))
    return render_template("organisations/organisations.html", page=page, form=form, key=new_key()), _status(form)


@blueprint.route("/people", methods=["GET", "POST"])
@signed_in
def people() -> Any:
    """Everyone with a seat in my places, and one more."""
    office = _office()
    form = PersonForm().offer(organisation=bodies(office), role=roles())
    done = act(form, office, commands.add_seated_person, "/people") if request.method == "POST" else None
    if done is not None:
        return done
    rows = [_shown(one) for one in queries.people_of(connection(), office, _today())]
    page = SimpleNamespace(rows=rows, has_errors=bool(form.errors))
    return render_template("organisations/people.html", page=page, form=form, key=new_key()), _status(form)


def _shown(person: Any) -> Any:
    for seat in person.seats:
        seat.organisation, seat.role_name = words.pick(seat.name, seat.name_en), words.role_name(seat.role)
    return person


def _person(office: Office, number: int) -> Any:
    found = next((one for one in queries.people_of(connection(), office, _today()) if one.id == number), None)
    if found is None:
        abort(404)
    return _shown(found)


@blueprint.get("/people/<int:number>")
@signed_in
def person(number: int) -> Any:
    """One person: seats, password, shutting out."""
    office = _office()
    return _person_page(office, _person(office, number))


@blueprint.post("/people/<int:number>/<any(seats, end, password, disable):what>")
@signed_in
def change_person(number: int, what: str) -> Any:
    """Grant or end a seat, set a password, or disable."""
    office = _office()
    whom = _person(office, number)
    form = FORMS[what]()
    done = act(form, office, COMMANDS[what], f"/people/{number}", login=whom.login)
    return done if done is not None else _person_page(office, whom, {what: form})


FORMS = {"seats": GrantForm, "end": EndForm, "password": PasswordForm, "disable": PlainForm}
COMMANDS = {
    "seats": commands.grant_seat, "end": commands.end_seat, "password": commands.set_password,
    "disable": commands.disable_person,
}  # fmt: skip


def _person_page(office: Office, whom: Any, tried: dict[str, Any] | None = None) -> Any:
    forms = {what: (tried or {}).get(what) or FORMS[what](None) for what in FORMS}
    forms["seats"].offer(organisation=bodies(office), role=roles())
    page = SimpleNamespace(person=whom, own=whom.id == current_user.person_id, has_errors=bool(tried))
    return render_template("organisations/person.html", page=page, forms=forms, key=new_key()), 422 if tried else 200


def _status(form: Any) -> int:
    return 422 if request.method == "POST" and form.errors else 200
