"""The year of the story's city: who reads it, what it says, and that every figure leads to its worksheet."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select

from tests.journeys.conftest import played_story, story, story_app  # noqa: F401 - fixtures
from tests.journeys.walking import CITY, Walk
from workflow.db import reading
from workflow.model import worksheets

CITY_FINANCE = f"city-finance-{CITY}"


@pytest.fixture
def walk(story_app: Flask) -> Iterator[Walk]:  # noqa: F811
    """The app on the story's end."""
    yield Walk(story_app)


def test_the_pack_and_the_notice_of_the_story(walk: Walk) -> None:
    reader = walk.visitor(CITY_FINANCE, "city_finance_approver")
    cleared = walk.case("beihe-a", "clearing", "2025")
    with reading(walk.engine) as connection:
        kept = connection.execute(select(worksheets).where(worksheets.c.case_id == cleared.id)).one()
    results = json.loads(kept.body)["results"]
    page = reader.get(f"/year-pack/{CITY}/2025").text
    assert f'href="/worksheets/{cleared.id}/{kept.version}/check"' in page and f'href="/clearing/{cleared.id}"' in page
    assert f"{results['retained_fen'] / 100:,.2f}" in page
    following = reader.get(f"/year-pack/{CITY}/2026").text
    assert "未定" in following.split('id="t-clearing"')[1]
    first, second = (reader.get(f"/year-pack/{CITY}/2025.xlsx").data for _ in range(2))
    assert first == second
    book = load_workbook(io.BytesIO(first))
    assert str(book["执行"]["A1"].value).startswith("演示数据，样例")
    charged = [cell.value for cell in book["执行"][5] if str(cell.value).startswith("=ROUND(SUMIFS('各月'!")]
    assert charged
    notice = reader.get(f"/year-pack/{CITY}/2025/notice").text
    assert "人民币壹仟伍佰壹拾柒万零肆佰叁拾陆元壹角贰分" in notice and "公示期 5 个工作日" in notice
    assert "演示数据，样例" in notice and "分配方案：未定" in notice
    digest = re.search(r'class="hash">([0-9a-f]{64})', notice)
    assert digest and digest[1] in reader.get(f"/year-pack/{CITY}/2025/notice").text
    assert "清算结果：未定" in reader.get(f"/year-pack/{CITY}/2026/notice").text


def test_who_reads_which_place(walk: Walk) -> None:
    finance = walk.visitor("county-finance-demo-hunan-beihe", "county_finance_approver")
    assert finance.get("/year-pack/demo-hunan-beihe/2025").status_code == 200
    for place in (CITY, "demo-hunan-qingxi", "demo-suixi", "nowhere"):
        for tail in ("", ".xlsx", "/notice"):
            assert finance.get(f"/year-pack/{place}/2025{tail}").status_code == 404, place
    assert "清溪县" not in finance.get("/year-pack/demo-hunan-beihe/2025").text
    head = walk.visitor(f"agency-{CITY}", "agency_head")
    assert head.get("/year-pack/demo-suixi/2024").status_code == 404
    assert head.get(f"/year-pack/{CITY}/1999").status_code == 404
    clerk = walk.visitor(f"agency-{CITY}", "agency_clerk")
    assert clerk.get("/year-pack").status_code == 404 and clerk.get(f"/year-pack/{CITY}/2025").status_code == 404
