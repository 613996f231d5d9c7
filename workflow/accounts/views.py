"""The pages of signing in and out, the demo's entry, and how a reader wants the pages shown."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import LoginManager, current_user, login_user
from sqlalchemy import Engine
from werkzeug.wrappers import Response

from workflow import clock
from workflow.accounts import demo, passwords, sessions, throttle
from workflow.accounts.forms import LoginForm
from workflow.db import reading, writing
from workflow.i18n import LANGUAGES, gettext, language, ngettext
from workflow.rules import is_demo
from workflow.security import public, remembered_path, same_site_path

blueprint = Blueprint("accounts", __name__)
login_manager = LoginManager()
login_manager.session_protection = None
_KEPT = ("language", "big")


def _engine() -> Engine:
    engine: Engine = current_app.extensions["gongzhi.engine"]
    return engine


@login_manager.user_loader  # type: ignore[untyped-decorator]
def _viewer(token: str) -> sessions.Viewer | None:
    return sessions.load_viewer(_engine(), token, clock.real_now(), language())


def page_words() -> dict[str, Any]:
    """How the reader wants every page shown: ``locale`` and ``big``."""
    return {"locale": language(), "big": session.get("big", False)}


@blueprint.get("/login")
@public
def login() -> Response:
    """The form to sign in with."""
    if current_user.is_authenticated:
        return redirect("/")
    return make_response(render_template("pages/login.html", form=LoginForm()))


@blueprint.post("/login")
@public
def sign_in() -> Response:
    """Sign in, or say what was wrong and how many tries are left."""
    form = LoginForm()
    if not form.validate_on_submit():
        return _login_page(form, 422)
    name, address = form.login.data, request.remote_addr or ""
    try:
        attempt = throttle.begin_attempt(_engine(), name, address, clock.real_now())
    except throttle.TooManyAttempts as refusal:
        form.form_errors.append(
            ngettext("尝试次数过多，请 %(num)s 分钟后再试", "尝试次数过多，请 %(num)s 分钟后再试", refusal.wait_minutes)
        )
        response = _login_page(form, 429)
        response.headers["Retry-After"] = str(refusal.wait_minutes * 60)
        return response
    person_id = passwords.identify(_engine(), name, form.password.data)
    if person_id is None:
        form.form_errors.append(_tries_left(attempt.left))
        return _login_page(form, 422)
    throttle.note_success(_engine(), attempt)
    path = remembered_path()
    _enter(person_id)
    return redirect(path, 303)


def _login_page(form: LoginForm, status: int) -> Response:
    return make_response(render_template("pages/login.html", form=form), status)


def _tries_left(left: int) -> str:
    if left > 0:
        return ngettext(
            "登录名或密码不正确，还可以再试 %(num)s 次", "登录名或密码不正确，还可以再试 %(num)s 次", left
        )
    minutes = int(throttle.WINDOW.total_seconds() // 60)
    return gettext("登录名或密码不正确，请 %(minutes)s 分钟后再试；忘记密码请联系系统管理员", minutes=minutes)


def _enter(person_id: int) -> None:
    """End the session this browser had, if any, and start a new one with nothing left over from before."""
    at, token = clock.real_now(), session.get("_user_id")
    with writing(_engine()) as connection:
        if token:
            sessions.end_session(connection, token, at)
        token = sessions.open_session(
            connection, person_id, at, request.remote_addr or "", request.headers.get("User-Agent", "")
        )
    _forget()
    login_user(sessions.load_viewer(_engine(), token, at, language()))


def _forget() -> None:
    kept = {key: session[key] for key in _KEPT if key in session}
    session.clear()
    session.update(kept)


@blueprint.post("/logout")
@public
def logout() -> Response:
    """End the session on the server and forget it in this browser."""
    token = session.get("_user_id")
    if token:
        with writing(_engine()) as connection:
            sessions.end_session(connection, token, clock.real_now())
    _forget()
    flash(gettext("已退出登录"), "info")
    return redirect(url_for("accounts.login"), 303)


@blueprint.get("/demo")
@public
def choose() -> str:
    """The demo's people, one button each; there is no such page without the demo mark."""
    with reading(_engine()) as connection:
        if not is_demo(connection):
            abort(404)
        found = demo.groups(connection, language())
    shown = [
        {"organisation": group.organisation, "people": [_person(card) for card in group.people]} for group in found
    ]
    return render_template("pages/demo.html", page={"groups": shown})


def _person(card: demo.Card) -> dict[str, Any]:
    return {
        "name": card.name,
        "role_name": card.role_name,
        "sentence": card.sentence,
        "todo_count": card.todo_count,
        "url": url_for("accounts.enter", person_id=card.id),
    }


@blueprint.post("/demo/enter/<int:person_id>")
@public
def enter(person_id: int) -> Response:
    """Enter as one of the demo's people, without a password, in a database with the demo mark only."""
    with reading(_engine()) as connection:
        if not is_demo(connection) or not demo.may_enter(connection, person_id):
            abort(404)
    _enter(person_id)
    return redirect("/", 303)


@blueprint.post("/language/<any(zh, en):chosen>")
@public
def choose_language(chosen: str) -> Response:
    """Show pages in Chinese or English from now on, and go back to the page this came from."""
    session["language"] = chosen
    return redirect(same_site_path(request.referrer), 303)


@blueprint.post("/display/<any(big, normal):chosen>")
@public
def choose_display(chosen: str) -> Response:
    """Show pages in large type, or as usual, and go back to the page this came from."""
    session["big"] = chosen == "big"
    return redirect(same_site_path(request.referrer), 303)


@blueprint.post("/preferences")
@public
def prefer() -> Response:
    """Take over ``locale`` and ``big`` as the buttons in the head of each page send them."""
    if request.form.get("locale") in LANGUAGES:
        session["language"] = request.form["locale"]
    if request.form.get("big") in ("0", "1"):
        session["big"] = request.form["big"] == "1"
    return redirect(same_site_path(request.referrer), 303)
