"""Signing in, guessing, and what a remembered page may be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from tests.accounts.conftest import PASSWORD, add_person, post, sign_in, token_of
from workflow.accounts import passwords, throttle
from workflow.accounts.model import auth_sessions, login_attempts
from workflow.db import reading, writing
from workflow.organisations.model import persons

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
ELSEWHERE = [
    "https://evil.example", "http://evil.example", "//evil.example", "///evil.example", "////evil.example",
    "/\\evil.example", "\\\\evil.example", "\\/evil.example", "/\t/evil.example", "/\n/evil.example",
    "https:evil.example", "https:/evil.example", "javascript:alert(1)", "data:text/html,x", "//evil.example/%2f..",
    "http://localhost@evil.example", "http://localhost.evil.example/",
]  # fmt: skip


def test_right_password_signs_in_and_keeps_only_a_hash(app: Flask, engine: Engine) -> None:
    add_person(engine, "wang")
    client = app.test_client()
    response = sign_in(client, "wang")
    assert (response.status_code, response.location) == (303, "/")
    assert client.get("/").text == "home"
    with client.session_transaction() as cookie, reading(engine) as connection:
        assert connection.scalars(select(auth_sessions.c.token_hash)).all() != [cookie["_user_id"]]
        assert len(cookie["_user_id"]) == 43


@pytest.mark.parametrize("login", ["wang", "nobody"])
def test_wrong_password_and_unknown_login_read_alike(quick_app: Flask, quick_engine: Engine, login: str) -> None:
    add_person(quick_engine, "wang")
    client = quick_app.test_client()
    response = sign_in(client, login, "错误")
    assert response.status_code == 422
    assert "登录名或密码不正确，还可以再试 4 次" in response.text
    assert client.get("/").status_code == 303


def test_empty_form_names_the_fields(quick_app: Flask) -> None:
    response = sign_in(quick_app.test_client(), "", "")
    assert response.status_code == 422
    assert "请填写登录名" in response.text and "请填写密码" in response.text


@pytest.mark.parametrize("login", ["a\x00b", "x" * 65])
def test_logins_no_database_takes_are_refused(quick_app: Flask, login: str) -> None:
    assert sign_in(quick_app.test_client(), login).status_code == 422


def test_sixth_try_is_put_off_even_with_the_right_password(app: Flask, engine: Engine) -> None:
    add_person(engine, "wang")
    client = app.test_client()
    fifth = [sign_in(client, "wang", "错误") for _ in range(5)][-1]
    assert "请 15 分钟后再试" in fifth.text
    response = sign_in(client, "wang")
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "900"
    assert "尝试次数过多" in response.text


def test_a_guesser_elsewhere_does_not_keep_the_real_user_out(quick_engine: Engine) -> None:
    throttle.note_success(quick_engine, throttle.begin_attempt(quick_engine, "wang", "10.0.0.1", AT))
    for _ in range(5):
        throttle.begin_attempt(quick_engine, "wang", "10.9.9.9", AT + timedelta(minutes=1))
    with pytest.raises(throttle.TooManyAttempts):
        throttle.begin_attempt(quick_engine, "WANG", "10.9.9.8", AT + timedelta(minutes=2))
    assert throttle.begin_attempt(quick_engine, "wang", "10.0.0.1", AT + timedelta(minutes=2)).left == 4


def test_the_limit_passes_by_itself(quick_engine: Engine) -> None:
    for _ in range(5):
        throttle.begin_attempt(quick_engine, "wang", "10.0.0.1", AT)
    with pytest.raises(throttle.TooManyAttempts) as refused:
        throttle.begin_attempt(quick_engine, "wang", "10.0.0.1", AT + timedelta(minutes=14, seconds=30))
    assert refused.value.wait_minutes == 1
    assert throttle.begin_attempt(quick_engine, "wang", "10.0.0.1", AT + timedelta(minutes=15)).left == 4


def test_one_address_has_thirty_failures_over_all_logins(quick_engine: Engine) -> None:
    for number in range(30):
        throttle.begin_attempt(quick_engine, f"person{number}", "10.0.0.1", AT)
    with pytest.raises(throttle.TooManyAttempts):
        throttle.begin_attempt(quick_engine, "somebody", "10.0.0.1", AT)
    throttle.begin_attempt(quick_engine, "somebody", "10.0.0.2", AT)


def test_parallel_guesses_share_one_limit(engine: Engine) -> None:
    start, let_through = Barrier(16), []

    def guess(number: int) -> None:
        start.wait()
        try:
            let_through.append(throttle.begin_attempt(engine, "wang", f"10.0.0.{number}", AT).id)
        except throttle.TooManyAttempts:
            return

    threads = [Thread(target=guess, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as connection:
        kept = connection.scalars(select(login_attempts.c.id)).all()
    assert len(let_through) == 5 and sorted(let_through) == sorted(kept)


def test_password_parameters_and_renewal(quick_engine: Engine) -> None:
    from argon2 import PasswordHasher

    person = add_person(quick_engine, "wang")
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    with writing(quick_engine) as connection:
        connection.execute(persons.update().values(password_hash=old))
    assert passwords.identify(quick_engine, "wang", PASSWORD) == person
    with reading(quick_engine) as connection:
        assert connection.scalar(select(persons.c.password_hash)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.identify(quick_engine, "wang", PASSWORD) == person


@pytest.mark.parametrize("stored", [None, "", passwords.UNUSABLE, "$argon2id$broken"])
@pytest.mark.parametrize("password", ["", PASSWORD])
def test_unusable_passwords_never_match(stored: str | None, password: str) -> None:
    assert not passwords.matches(stored, password)


def test_signing_in_leads_to_the_page_asked_for(quick_app: Flask, quick_engine: Engine) -> None:
    add_person(quick_engine, "wang")
    client = quick_app.test_client()
    assert client.get("/cases/12/甲?tab=2&x=%2F").location == "/login"
    assert sign_in(client, "wang").location == "/cases/12/%E7%94%B2?tab=2&x=%2F"


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nobody_is_led_elsewhere(quick_app: Flask, quick_engine: Engine, target: str) -> None:
    add_person(quick_engine, "wang")
    client = quick_app.test_client()
    client.get("/login", query_string={"next": target})
    client.get(f"/cases/{target}", query_string={"next": target})
    response = post(client, "/login?next=" + target.strip(), login="wang", password=PASSWORD, next=target)
    assert stays(response.location)
    for address in (target.replace("\n", ""), "http://localhost" + target.replace("\n", "")):
        back = client.post(
            "/language/en", data={"csrf_token": token_of(client)}, headers={"Referer": address}
        )
        assert back.status_code == 303 and stays(back.location)


def stays(location: str) -> bool:
    return location.startswith("/") and not location.startswith(("//", "/\\")) and location.isprintable()
