"""How a post to the register becomes one act: the office of the viewer, the key, the command, and its refusals."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import Any

from flask import abort, current_app, flash, redirect, request
from flask_login import current_user

from governance.refusal import Refused
from governance.roles import Role
from workflow import door
from workflow.i18n import lazy as _
from workflow.lifecycle import NotFound
from workflow.organisations.office import Office
from workflow.pages import words
from workflow.pages.context import connection, engine

# What of a post is not stored, nor a hash of it that anybody could try out.
SECRETS = frozenset({"password", "number"})


def office_of(*roles: Role) -> Office:
    """The viewer's office: the places of the seats with one of ``roles``; whoever holds none finds nothing."""
    places = frozenset(seat.place for seat in current_user.own_seats if seat.role in roles)
    if not places:
        abort(404)
    return Office(current_user.person_id, places)


def new_key() -> str:
    """The key of one form on one page; what comes back after a refusal keeps its own."""
    return request.form.get("_key") or secrets.token_urlsafe(18)


def act(form: Any, office: Office, command: Callable[..., Any], back: str, **fixed: Any) -> Any:
    """Do ``command`` once for this form and go ``back``; ``None`` when the form has something to say first.

    What is out of scope is not found.
    """
    if not form.validate_on_submit():
        return None
    data = {**form.command_data(), **fixed}
    key = f"web:{office.person_id}:{command.__name__}:{new_key()}"
    body = {"act": command.__name__, "person": office.person_id, "data": _without_secrets(data)}
    connection().rollback()
    try:
        door.once(engine(), key, body, None, lambda held, at: command(held, office=office, at=at, **data))
    except NotFound:
        abort(404)
    except door.KeyReused:
        abort(409)
    except Refused as refused:
        _say(form, refused)
        return None
    flash(_("已办理，并已记入管理记录"))
    return redirect(back, 303)


def _without_secrets(data: dict[str, Any]) -> dict[str, Any]:
    """``data`` with a keyed digest for a password or an account number: what is stored must not help to guess it."""
    secret = str(current_app.config["SECRET_KEY"]).encode()
    hidden = {name: hmac.new(secret, str(data[name]).encode(), "sha256").hexdigest() for name in SECRETS & data.keys()}
    return {**data, **hidden}


def _say(form: Any, refused: Refused) -> None:
    """Put each refusal where its field is, or over the form."""
    for refusal in refused.refusals:
        said = words.shown(refusal)
        where = form[refusal.field].errors if refusal.field in form else form.form_errors
        reason = f"{said.reason}" + (f"（{said.who}）" if said.who else "")
        if isinstance(where, list):
            where.append(reason)
        else:
            form[refusal.field].errors = [*where, reason]
