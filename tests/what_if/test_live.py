"""A trial in a real browser: figures follow the typing, the drawing says its numbers, and a phone fits it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests import browsers
from tests.journeys.walking import Walk
from tests.what_if.conftest import Desk

COUNTY = '[id="r.surplus.tier_ratios.[0].county"]'


@pytest.fixture
def trial(sqlite_desk: Desk, page: Page) -> Iterator[str]:
    """The address of a plan's trial, with the agency's reviewer signed in."""
    person = Walk(sqlite_desk.app).person("agency", "agency_reviewer")
    with browsers.serving(sqlite_desk.app) as address:
        page.goto(f"{address}/demo")
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        page.locator(f'form[action$="/demo/enter/{person}"] button').first.click()
        yield f"{address}/what-if/{sqlite_desk.cases['surplus-plan']}/1"


def test_the_figures_follow_the_typing_without_a_new_page(trial: str, page: Page) -> None:
    page.goto(trial)
    page.evaluate("window.same = true")
    page.locator(COUNTY).fill("5")
    expect(page.locator("#tried")).to_contain_text("4,444,444.4")
    assert "4,444,444.4" in page.locator("#tried svg[role=img]").first.get_attribute("aria-label")
    page.locator(COUNTY).fill("9")
    expect(page.locator("#tried")).to_contain_text("乡村两级合计低于下限")
    page.locator(COUNTY).fill("many")
    expect(page.locator(COUNTY)).to_have_attribute("aria-invalid", "true")
    expect(page.locator(COUNTY)).to_have_value("many")
    page.locator(COUNTY).fill("6")
    expect(page.locator("#tried")).to_contain_text("与已定相同")
    expect(page.locator(COUNTY)).not_to_have_attribute("aria-invalid", "true")
    assert page.evaluate("window.same")


def test_the_slider_moves_the_field_and_the_figures(trial: str, page: Page) -> None:
    page.goto(trial)
    slider = page.locator('[data-for="r.surplus.tier_ratios.[0].village"]')
    slider.focus()
    slider.press("ArrowRight")
    expect(page.locator('[id="r.surplus.tier_ratios.[0].village"]')).to_have_value("1.1")
    expect(page.locator("#tried .heads, #tried .tried-rows").first).to_be_visible()


def test_a_phone_has_no_sideways_page(trial: str, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(trial)
    page.locator(COUNTY).fill("5")
    expect(page.locator("#tried")).to_contain_text("4,444,444.4")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
