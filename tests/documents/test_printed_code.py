"""The code on a print, read from a picture of the page by a reader that is not ours, says whether it still holds."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import segno
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.browsers import serving
from tests.conftest import app_on
from tests.documents.pictures import codes
from tests.returns.money_roads import Settlement
from workflow import clock, stages
from workflow.accounts import sessions
from workflow.db import reading, writing
from workflow.model import cases


@pytest.fixture
def app(sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Flask]:
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    with app_on(sqlite_url) as found:
        yield found


@pytest.fixture
def road(app: Flask) -> Settlement:
    """A month that waits for its review."""
    stages.load()
    engine: Engine = app.extensions["gongzhi.engine"]
    found = Settlement(engine)
    found.to("calculated")
    return found


@pytest.fixture
def page(app: Flask, road: Settlement, browser: Browser) -> Iterator[Page]:
    """The window of the reviewer."""
    with writing(road.engine) as connection:
        clock.set_demo_clock(connection, road.when)
        person = road.county.actor(Role.AGENCY_REVIEWER).person_id
        token = sessions.open_session(connection, person or 0, clock.real_now())
    client = app.test_client()
    with client.session_transaction() as held:
        held["_user_id"] = token
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = client.get_cookie(name)
    assert cookie is not None
    with serving(app) as address:
        context = browser.new_context(base_url=address, viewport={"width": 1366, "height": 768})
        context.add_cookies([{"name": name, "value": cookie.value, "url": address}])
        yield context.new_page()
        context.close()


def subject(road: Settlement) -> str:
    with reading(road.engine) as connection:
        return str(connection.scalar(select(cases.c.subject_hash).where(cases.c.id == road.case_id)))


def printed(page: Page, road: Settlement) -> str:
    """What the code says on the page as it is printed."""
    page.emulate_media(media="print")
    page.goto(f"/settlement/{road.case_id}/print/settlement")
    found = codes(page.screenshot(full_page=True))
    page.emulate_media(media="screen")
    assert len(found) == 1
    return found[0]


def test_the_printed_code_leads_to_whether_it_is_still_the_content(page: Page, road: Settlement) -> None:
    text, before = printed(page, road), subject(road)
    where = urlsplit(text)
    assert (where.path, where.query) == ("/check", f"hash={before}&case=%2Fsettlement%2F{road.case_id}")
    page.goto(text)
    said = page.locator(".flash")
    expect(said).to_contain_text(re.compile("^一致：打印的就是本件现在的内容"))
    expect(said.locator("a")).to_have_attribute("href", f"/settlement/{road.case_id}")
    road.mend("calculated")
    road.jobs()
    assert subject(road) != before
    page.goto(text)
    expect(said).to_contain_text(re.compile(r"^不一致：打印的是第 \d+ 版，本件后来变更过"))
    again = printed(page, road)
    assert again != text
    page.goto(again)
    expect(said).to_contain_text("一致：打印的就是本件现在的内容")


def test_a_print_has_no_links_of_the_screen(page: Page, road: Settlement) -> None:
    words = ("点一行看来源", "下载 Excel", "试算", "核验", "看规则")
    page.goto(f"/settlement/{road.case_id}")
    screen = page.content()
    assert all(one in screen for one in words)
    page.goto(f"/settlement/{road.case_id}/print/settlement")
    paper = page.content()
    assert "规则版本" in paper and 'class="trace"' in paper
    assert [one for one in words if one in paper] == []


def test_what_was_never_the_content_is_told(page: Page, road: Settlement) -> None:
    page.goto(f"/check?hash={'a' * 64}&case=%2Fsettlement%2F{road.case_id}")
    expect(page.locator(".flash").first).to_contain_text("不一致：打印的从来不是本件的内容")
    for address in ("/settlement/999999", "/budget/1", "/nothing/1", "/settlement/x", "/settlement/" + "9" * 40, "é"):
        page.goto(f"/check?hash={subject(road)}&case={address}")
        assert "一致：" not in page.locator("main").inner_text()


def test_the_reader_of_pictures_reads_another_makers_codes() -> None:
    """The reader itself, without a browser: what it cannot read would prove nothing."""
    held = io.BytesIO()
    segno.make("样例 sample 1", micro=False).save(held, kind="png", scale=4, border=4, dark="#000", light="#fffffe")
    with pytest.raises(AssertionError):
        codes(held.getvalue())
    assert codes(_png([[0 if dark else 255 for dark in row] for row in _points("样例 sample 1")])) == ["样例 sample 1"]
    assert codes(_png([[255] * 200 for _row in range(200)])) == []


def _points(text: str) -> list[list[int]]:
    rows = segno.make(text, micro=False).matrix_iter(scale=4, border=4)
    return [[int(one) for one in row] for row in rows]


def _png(rows: list[list[int]]) -> bytes:
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
