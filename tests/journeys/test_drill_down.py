"""From an amount to what it stands on: its line, its inputs, its rule with clause and document; each link leads on."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask

from governance.roles import Role
from tests.journeys.walking import Visitor, Walk
from workflow.story.cast import CITY

SHEETS = [
    ("self_assessment", "2024"), ("budget", "2025"), ("settlement", "2025-07"), ("settlement", "2026-08"),
    ("assessment", "2025-fund"), ("clearing", "2025"), ("surplus_plan", "2025"),
]  # fmt: skip
LINK = re.compile(r'<a href="([^"]+)"')
TRACE = re.compile(r'<ol class="trace">(.*?)</ol>', re.DOTALL)


@pytest.fixture
def walk(story_app: Flask) -> Walk:
    return Walk(story_app)


@pytest.fixture
def auditor(walk: Walk) -> Visitor:
    return walk.visitor(f"audit-{CITY}", Role.AUDITOR)


@pytest.mark.parametrize(("stage", "period"), SHEETS)
def test_every_line_leads_to_its_inputs_and_its_clause(walk: Walk, auditor: Visitor, stage: str, period: str) -> None:
    page = auditor.client.get(f"/{stage}/{walk.case('beihe-a', stage, period).id}").get_data(as_text=True)
    anchors = {html.unescape(one) for one in re.findall(r'id="([^"]+)"', page)}
    traces = TRACE.findall(page)
    links = {html.unescape(one) for trace in traces for one in LINK.findall(trace)}
    assert len(traces) > 5 and links
    assert not [one for one in links if one.startswith("#") and one[1:] not in anchors]
    opened: dict[str, str] = {}
    for link in sorted(one for one in links if not one.startswith("#")):
        address, _, anchor = link.partition("#")
        if address not in opened:
            answer = auditor.client.get(address)
            assert answer.status_code == 200, link
            opened[address] = answer.get_data(as_text=True)
        assert not anchor or f'id="{anchor}"' in opened[address], link
    cited = [trace for trace in traces if '<p class="rule">' in trace]
    assert cited and all('href="/rules?' in trace for trace in cited)
    assert not [trace for trace in traces if "<td></td></tr>" in trace], "an input without its origin"


@pytest.mark.parametrize(("stage", "period", "words"), [
    ("settlement", "2025-07", "账簿（以前各期）"), ("clearing", "2025", "账簿（以前各期）"),
    ("surplus_plan", "2025", "成员单位名册"),
])  # fmt: skip
def test_what_other_books_hold_is_a_link(
    walk: Walk, auditor: Visitor, stage: str, period: str, words: str
) -> None:
    page = auditor.client.get(f"/{stage}/{walk.case('beihe-a', stage, period).id}").get_data(as_text=True)
    found = re.findall(rf'<a href="(/[a-z]+/[^"]+)">{re.escape(words)}</a>', page)
    assert found and f">{words}<" not in page.replace(f'">{words}</a>', "")


def test_a_month_leads_to_its_claims_file_and_its_hash(walk: Walk, auditor: Visitor) -> None:
    case = walk.case("beihe-a", "settlement", "2025-07")
    page = auditor.client.get(f"/settlement/{case.id}").get_data(as_text=True)
    sources = page[page.index('-sources" open>'):]
    assert re.search(r'<span class="hash" title="[0-9a-f]{64}">', sources[: sources.index("</details>")])
