"""Declared access, forged posts, headers on every answer, plain words on errors, languages."""

from __future__ import annotations

import stat
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from sqlalchemy import Engine

from tests.accounts.conftest import add_person, plain_app, post, sign_in, token_of
from workflow import i18n, security
from workflow.db import make_engine, reading

MEGABYTE = 1024 * 1024


def test_a_route_without_declared_access_does_not_start(quick_app: Flask) -> None:
    quick_app.add_url_rule("/naked", "naked", lambda: "secret")
    with pytest.raises(RuntimeError, match="/naked"):
        security.check_access(quick_app)
    assert quick_app.test_client().get("/naked").status_code == 403


def test_a_post_without_its_token_is_refused(quick_app: Flask, quick_engine: Engine) -> None:
    add_person(quick_engine, "wang")
    client = quick_app.test_client()
    sign_in(client, "wang")
    for path in ("/upload", "/logout", "/login", "/language/en", "/display/big", "/preferences", "/demo/enter/1"):
        response = client.post(path)
        assert response.status_code == 400
        assert "页面已经过期" in response.text
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_a_post_from_another_site_is_refused(quick_app: Flask, site: str) -> None:
    client = quick_app.test_client()
    token = token_of(client)
    refused = client.post("/language/en", data={"csrf_token": token}, headers={"Sec-Fetch-Site": site})
    assert refused.status_code == 403
    taken = client.post("/language/en", data={"csrf_token": token}, headers={"Sec-Fetch-Site": "same-origin"})
    assert taken.status_code == 303


@pytest.mark.parametrize(
    ("path", "status"),
    [("/login", 200), ("/static/app.css", 200), ("/away", 302), ("/", 303), ("/broken/400", 400), ("/broken/403", 403),
     ("/nothing", 404), ("/static/nothing", 404), ("/upload", 405), ("/broken/409", 409), ("/broken/418", 418),
     ("/broken/500", 500), ("/broken/503", 503)],
)  # fmt: skip
def test_headers_on_every_answer(quick_app: Flask, path: str, status: int) -> None:
    response = quick_app.test_client().get(path)
    assert response.status_code == status
    assert security.HEADERS.items() <= dict(response.headers).items()
    assert (response.headers["Cache-Control"] == "no-store") == (path != "/static/app.css")
    assert "Strict-Transport-Security" not in response.headers
    text = response.text
    response.close()
    if status >= 400:
        assert "返回待办" in text and "Traceback" not in text and "secret detail" not in text


def test_too_large_an_upload_is_refused_in_words(quick_app: Flask, quick_engine: Engine) -> None:
    add_person(quick_engine, "wang")
    client = quick_app.test_client()
    sign_in(client, "wang")
    response = client.post("/upload", data=b"x" * (20 * MEGABYTE + 1), content_type="multipart/form-data; boundary=x")
    assert response.status_code == 413
    assert "20 MB" in response.text and "Content-Security-Policy" in response.headers


def test_a_broken_page_gives_a_number_to_quote(quick_app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    response = quick_app.test_client().get("/broken/500")
    numbers = [record.args[0] for record in caplog.records if record.msg.startswith("record ") and record.args]
    assert len(numbers) == 1 and str(numbers[0]) in response.text


def test_errors_are_still_told_when_the_page_needs_a_database_that_is_gone(quick_app: Flask) -> None:
    @quick_app.context_processor
    def from_the_database() -> dict[str, object]:
        with reading(make_engine("postgresql://nobody@127.0.0.1:1/none")):
            return {}

    response = quick_app.test_client().get("/nothing")
    assert response.status_code == 404
    assert "没有找到" in response.text and "Content-Security-Policy" in response.headers


def test_programs_get_data(quick_app: Flask) -> None:
    response = quick_app.test_client().get("/api/nothing")
    assert response.status_code == 404
    assert response.json["error"]["code"] == 404


def test_405_names_what_is_allowed(quick_app: Flask) -> None:
    assert "POST" in quick_app.test_client().get("/upload").headers["Allow"]


def test_behind_https_cookies_and_headers_say_so(quick_engine: Engine) -> None:
    client = plain_app(quick_engine, SESSION_COOKIE_SECURE=True).test_client()
    response = client.get("/login", base_url="https://localhost")
    assert "max-age=31536000" in response.headers["Strict-Transport-Security"]
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-sid=")
    assert all(flag in cookie for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Domain" not in cookie


def test_the_secret_key_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secret"
    secret = security.kept_secret(path)
    assert len(secret) >= 32 and security.kept_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
    path.write_text("short")
    with pytest.raises(RuntimeError):
        security.kept_secret(path)


def test_language_and_type_size_go_back_to_the_page(quick_app: Flask, quick_engine: Engine) -> None:
    add_person(quick_engine, "wang")
    client = quick_app.test_client()
    sign_in(client, "wang")
    assert post(client, "/language/en", came_from="/cases/7?tab=2").location == "/cases/7?tab=2"
    assert post(client, "/display/big", came_from="/upload").location == "/"
    page = client.get("/nothing").text
    assert '<html lang="en" class="big">' in page and "Not found" in page
    assert post(client, "/preferences", locale="zh", big="0").location == "/login"
    assert '<html lang="zh-CN">' in client.get("/nothing").text
    assert post(client, "/language/fr").status_code == 404


def test_the_language_outlives_logout(quick_app: Flask, quick_engine: Engine) -> None:
    add_person(quick_engine, "wang")
    client = quick_app.test_client()
    post(client, "/language/en")
    sign_in(client, "wang")
    post(client, "/logout")
    assert '<html lang="en">' in client.get("/login").text


def test_library_messages_follow_the_language(quick_app: Flask) -> None:
    from flask_wtf import FlaskForm
    from wtforms import StringField
    from wtforms.validators import InputRequired

    class Sample(FlaskForm):
        name = StringField(validators=[InputRequired()])

    for chosen, words in (("zh", "该字段是必填字段。"), ("en", "This field is required.")):
        with quick_app.test_request_context(method="POST"):
            from flask import session

            session["language"] = chosen
            form = Sample()
            form.validate()
            assert form.name.errors == [words]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ 123450|yuan }}", "1,234.50"),
        ("{{ -5|yuan }}", "-0.05"),
        ("{{ none|yuan }}", "—"),
        ("{{ 123456789500000|wan }}", "123,456,789.50"),
        ("{{ 1500000|wan }}", "1.50"),
        ("{{ 5000|wan }}", "0.01"),
        ("{{ day|day }}", "2026-11-27 周五"),
        ("{{ at|day }}", "2026-11-27 周五"),
        ("{{ '2026-11-27'|day }}", "2026-11-27 周五"),
        ("{{ none|day }}", "—"),
        ("{{ at|moment }}", "2026-11-27 01:30"),
        ("{{ none|moment }}", "—"),
    ],
)
def test_filters(quick_app: Flask, text: str, shown: str) -> None:
    with quick_app.test_request_context():
        at = datetime(2026, 11, 26, 17, 30, tzinfo=UTC)
        assert render_template_string(text, day=date(2026, 11, 27), at=at) == shown


def test_days_outside_a_request_are_chinese() -> None:
    assert i18n.day_text(date(2026, 11, 28)) == "2026-11-28 周六"
