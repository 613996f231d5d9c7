"""What guards every request: declared access, forged posts, headers, cookies and the secret key."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, flash, redirect, request, session, url_for
from flask_login import current_user
from flask_wtf import CSRFProtect
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BuildError
from werkzeug.wrappers import Response

from workflow import error_pages
from workflow.i18n import gettext

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC, SIGNED_IN = "public", "signed in"
HOME = "/"
MAX_UPLOAD_BYTES = 20 * 1024 * 1024
SHORTEST_SECRET = 32
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_REMEMBERED = "next"


def public(view: View) -> View:
    """Declare that anybody may open ``view``."""
    view.access = PUBLIC  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Declare that ``view`` is for people who have signed in; what they see of it is the view's own matter."""
    view.access = SIGNED_IN  # type: ignore[attr-defined]
    return view


def init_app(app: Flask) -> None:
    """Guard ``app``; ``SESSION_COOKIE_SECURE`` in its configuration says that people reach it over HTTPS only."""
    https = bool(app.config["SESSION_COOKIE_SECURE"])
    if not app.config["SECRET_KEY"]:
        app.config["SECRET_KEY"] = kept_secret(Path(app.root_path).parent / "var" / "secret")
    app.config["MAX_CONTENT_LENGTH"] = app.config.get("MAX_CONTENT_LENGTH") or MAX_UPLOAD_BYTES
    app.config.update(
        SESSION_COOKIE_NAME="__Host-sid" if https else "sid",
        # A yearly plan has one row of fields for each of some dozens of members.
        MAX_FORM_PARTS=10_000,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # The token lives as long as the session it is bound to, so that a form filled in slowly is not lost.
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.before_request(_refuse_other_sites)
    CSRFProtect(app)
    app.before_request(_require_access)
    app.after_request(_add_headers)
    app.register_error_handler(HTTPException, error_pages.error_page)


def check_access(app: Flask) -> None:
    """Raise ``RuntimeError`` naming every route that declares neither ``@public`` nor ``@signed_in``."""
    naked = sorted({rule.rule for rule in app.url_map.iter_rules() if _access(app, rule.endpoint) is None})
    if naked:
        raise RuntimeError("routes without declared access: " + ", ".join(naked))


def _access(app: Flask, endpoint: str) -> str | None:
    if endpoint == "static":
        return PUBLIC
    access: str | None = getattr(app.view_functions.get(endpoint), "access", None)
    return access


def _refuse_other_sites() -> None:
    """A browser that says where a post comes from must name this site; old browsers say nothing and bring the token."""
    came_from = request.headers.get("Sec-Fetch-Site", "none")
    if request.method not in SAFE_METHODS and came_from not in ("same-origin", "none"):
        abort(403)


def _require_access() -> Response | None:
    if request.endpoint is None:
        return None
    access = _access(current_app, request.endpoint)
    if access == PUBLIC or (access == SIGNED_IN and current_user.is_authenticated):
        return None
    if access != SIGNED_IN:
        abort(403)
    return _ask_to_sign_in()


def _ask_to_sign_in() -> Response:
    if error_pages.wants_data():
        abort(401)
    if session.pop("_user_id", None):
        flash(gettext("登录已失效，请重新登录"), "error")
    if request.method == "GET":
        query = request.query_string.decode("ascii", "ignore")
        session[_REMEMBERED] = [request.endpoint, request.view_args or {}, query]
    return redirect(url_for("accounts.login"), 303)


def remembered_path() -> str:
    """The page someone asked for before signing in, as this site's own path; the first page where there is none."""
    remembered = session.pop(_REMEMBERED, None)
    if not remembered:
        return HOME
    endpoint, arguments, query = remembered
    try:
        path = url_for(endpoint, **arguments)
    except BuildError:
        return HOME
    path = f"{path}?{query}" if query else path
    return path if is_own_path(path) else HOME


def is_own_path(path: str) -> bool:
    """Whether ``path`` can only mean a path of this site, however a browser reads slashes and control characters."""
    return path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()


def same_site_path(address: str | None) -> str:
    """Path and query of ``address`` where it is a page of this site that can be opened, else the first page."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return HOME
    if parts.netloc != request.host or parts.scheme not in ("http", "https") or not is_own_path(parts.path):
        return HOME
    try:
        current_app.url_map.bind(request.host).match(parts.path, method="GET")
    except HTTPException:
        return HOME
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return path if is_own_path(path) else HOME


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure or current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint != "static" or response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    return response


def kept_secret(path: Path) -> str:
    """The secret key kept in ``path``, made at random the first time, readable by its owner only.

    Raises ``RuntimeError`` when what is kept there is too short to be a key.
    """
    if not path.exists():
        _keep_new_secret(path)
    secret = path.read_text().strip()
    if len(secret) < SHORTEST_SECRET:
        raise RuntimeError(f"{path} holds no secret key; remove it and start again")
    return secret


def _keep_new_secret(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48))
    # Linking fails where a second process was faster; then its key counts.
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
