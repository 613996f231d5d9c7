"""The register of consortia, members and insured people, for administrators and the county's health bureau."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, render_template, request

from governance.roles import OrganisationKind, Role
from workflow.organisations import consortium_commands as commands
from workflow.organisations import queries
from workflow.organisations.forms import ConsortiumForm, InsuredForm, LeaveForm, MemberForm
from workflow.organisations.office import Office
from workflow.organisations.posting import act, new_key, office_of
from workflow.organisations.posts import LEVEL_OF
from workflow.pages import words
from workflow.pages.context import connection
from workflow.security import signed_in

blueprint = Blueprint("consortium_register", __name__)
FORMS = {"members": MemberForm, "leave": LeaveForm, "insured": InsuredForm}
COMMANDS = {"members": commands.join_member, "leave": commands.leave_member, "insured": commands.set_insured}


def _office() -> Office:
    return office_of(Role.ADMINISTRATOR, Role.COUNTY_HEALTH_REVIEWER)


def _bodies(office: Office, *kinds: str) -> list[tuple[str, Any]]:
    found = queries.organisations_of(connection(), office)
    return [(one.code, words.pick(one.name, one.name_en)) for one in found if one.kind in kinds]


@blueprint.route("/consortia/new", methods=["GET", "POST"])
@signed_in
def new() -> Any:
    """A new consortium in one of my counties."""
    office = _office()
    counties = [place for place in queries.places_of(office) if place.kind == "county"]
    form = ConsortiumForm().offer(
        place=[(place.code, words.pick(place.name, place.name_en)) for place in counties],
        lead=_bodies(office, OrganisationKind.HOSPITAL),
    )
    done = act(form, office, commands.add_consortium, "/consortia") if request.method == "POST" else None
    if done is not None:
        return done
    page = SimpleNamespace(has_errors=bool(form.errors))
    status = 422 if form.errors else 200
    return render_template("organisations/consortium.html", page=page, form=form, key=new_key()), status


@blueprint.get("/consortia/<int:number>/register")
@signed_in
def register(number: int) -> Any:
    """Members and insured people of a consortium."""
    office = _office()
    return _page(office, _consortium(office, number))


@blueprint.post("/consortia/<int:number>/<any(members, leave, insured):what>")
@signed_in
def change(number: int, what: str) -> Any:
    """Enter a member, the last day of one, or a count of insured people."""
    office = _office()
    which = _consortium(office, number)
    form = FORMS[what]()
    done = act(form, office, COMMANDS[what], f"/consortia/{number}/register", consortium=which.code)
    return done if done is not None else _page(office, which, {what: form})


def _consortium(office: Office, number: int) -> Any:
    found = queries.consortium_in(connection(), office, number)
    if found is None:
        abort(404)
    return found


def _page(office: Office, which: Any, tried: dict[str, Any] | None = None) -> Any:
    forms = {what: (tried or {}).get(what) or FORMS[what](None) for what in FORMS}
    forms["members"].offer(organisation=_bodies(office, *LEVEL_OF))
    page = SimpleNamespace(
        id=which.id,
        name=words.pick(which.name, which.name_en),
        members=[
            SimpleNamespace(
                code=row.code, name=words.pick(row.name, row.name_en), level=words.LEVELS[row.level], since=row.since,
                until=row.until, stays=row.organisation_id == which.lead_id,
            )
            for row in queries.members_of(connection(), which.id)
        ],
        insured=[
            SimpleNamespace(
                pool=words.POOLS[row.pool], period=words.period_label(row.period), heads=row.heads, source=row.source
            )
            for row in queries.insured_of(connection(), which.id)
        ],
        has_errors=bool(tried),
    )  # fmt: skip
    return render_template("organisations/register.html", page=page, forms=forms, key=new_key()), 422 if tried else 200
