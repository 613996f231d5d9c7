"""Picking cases in the list of tasks: all at once where the browser runs the script, one by one where it does not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from governance.roles import Role
from tests.acts.entering import enter
from tests.browsers import serving
from tests.conftest import app_on
from tests.kernel.sample_stage import AT, STAGE, Sample, settle_in
from workflow.forms import DecisionForm
from workflow.machines import STAGES

FEN = (1_234_500_00, 0, 7)


@pytest.fixture
def app(sqlite_url: str) -> Iterator[Flask]:
    with app_on(sqlite_url) as found:
        yield found


@pytest.fixture
def sample(app: Flask) -> Iterator[Sample]:
    """Three cases of one step that may be taken for several at once; one of them has no amount."""
    engine: Engine = app.extensions["gongzhi.engine"]
    steps = tuple(dataclasses.replace(one, bulk=one.trigger == "opine") for one in STAGE.steps)
    STAGES["sample"] = dataclasses.replace(STAGE, steps=steps, forms={"opine": DecisionForm})
    found = settle_in(engine)
    for fen in FEN:
        case_id = found.open_case("under_review")
        found.take(case_id, "amend", found.actor(Role.LEAD_CLERK), data={"amount_fen": fen or None})
    yield found
    del STAGES["sample"]


@pytest.fixture
def cookie(app: Flask, sample: Sample) -> Any:
    client = enter(app, sample.actor(Role.CITY_HEALTH_REVIEWER), AT)
    found = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert found is not None
    return found


def window(browser: Browser, address: str, cookie: Any, *, script: bool) -> Page:
    context = browser.new_context(
        base_url=address, viewport={"width": 1366, "height": 768}, java_script_enabled=script
    )  # fmt: skip
    context.add_cookies([{"name": cookie.decoded_key, "value": cookie.value, "url": address}])
    page = context.new_page()
    page.goto("/inbox")
    return page


def test_all_are_picked_and_left_at_once(app: Flask, cookie: Any, browser: Browser) -> None:
    with serving(app) as address:
        page = window(browser, address, cookie, script=True)
        every, boxes = page.get_by_label("全选"), page.locator("input[name=item]")
        expect(boxes).to_have_count(len(FEN))
        every.check()
        assert [one.is_checked() for one in boxes.all()] == [True, True, True]
        boxes.nth(1).uncheck()
        expect(every).not_to_be_checked()
        assert every.evaluate("box => box.indeterminate")
        boxes.nth(1).check()
        expect(every).to_be_checked()
        every.uncheck()
        assert not any(one.is_checked() for one in boxes.all())
        every.check()
        page.get_by_role("button", name="选中的一起").click()
        expect(page.locator("tbody input[name=item]")).to_have_count(len(FEN))
        page.context.close()


def test_without_script_each_is_picked_on_its_own(app: Flask, cookie: Any, browser: Browser) -> None:
    with serving(app) as address:
        page = window(browser, address, cookie, script=False)
        expect(page.locator("input[data-all]")).to_be_hidden()
        page.locator("input[name=item]").first.check()
        page.get_by_role("button", name="选中的一起").click()
        expect(page.locator("tbody input[name=item]")).to_have_count(1)
        page.context.close()


def test_a_row_says_the_amount_of_its_case(app: Flask, sample: Sample) -> None:
    text = enter(app, sample.actor(Role.CITY_HEALTH_REVIEWER), AT).get("/inbox").text
    rows = [one for one in text.split("<tr>") if 'class="about"' in one]
    amounts = ["1,234,500.00" in one for one in rows], ["0.07" in one for one in rows]
    assert len(rows) == len(FEN) and [sum(one) for one in amounts] == [1, 1]
    assert sum("</b> 元" in one for one in rows) == 2
