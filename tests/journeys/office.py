"""The served story as people see it: a window for each person, steps taken with the mouse, complaints kept."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

# Pages that answer a refused step say so with 422, which the browser writes to its console.
EXPECTED = re.compile(r"status of 422")


class Office:
    """The served story, and a window for each person who works in it."""

    def __init__(self, browser: Browser, address: str, database: Path) -> None:
        self.browser, self.address = browser, address
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as held:
            self.people = dict(held.execute("select login, id from persons"))
            self.consortia = dict(held.execute("select code, id from consortia"))
            self.cases = {
                (code, stage, period): number
                for code, stage, period, number in held.execute(
                    "select k.code, c.stage, c.period, c.id from cases c join consortia k on k.id = c.consortium_id"
                )
            }
        held.close()
        self.windows: list[BrowserContext] = []
        self.complaints: list[str] = []

    def window(self, login: str, **options: Any) -> Page:
        """A window in which the person has just come in by the demo's entry."""
        wanted = {"viewport": {"width": 1366, "height": 768}, "locale": "zh-CN", **options}
        context = self.browser.new_context(base_url=self.address, **wanted)
        self.windows.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto("/demo")
        entry = f'form[action$="/enter/{self.people[login]}"]'
        for office in page.locator(f"details:not([open]):has({entry}) > summary").all():
            office.click()
        page.locator(f"{entry} button").last.click()
        expect(page.locator("h1")).to_contain_text("今天")
        return page

    def case(self, code: str, stage: str, period: str) -> str:
        """Where a case is shown."""
        return f"/{stage}/{self.cases[(code, stage, period)]}"

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not EXPECTED.search(message.text):
            self.complaints.append(message.text)

    def close(self) -> None:
        """Close every window."""
        for context in self.windows:
            context.close()


def begin(page: Page, case: str) -> None:
    """From the list of tasks, open the one of this case."""
    page.locator(f'.todo a.btn[href^="{case}#"]').first.click()
    expect(page).to_have_url(re.compile(f"{case}#step-"))


def take(page: Page, trigger: str, **typed: str) -> None:
    """Fill the form of a step and send it."""
    form = page.locator(f"#step-{trigger}")
    for name, text in typed.items():
        form.locator(f"[name={name}]").fill(text)
    form.locator(".send button").click()


def done(page: Page, step: str, state: str) -> None:
    """The step was taken, and the case stands in this state now."""
    expect(page.locator(".flash")).to_have_text(f"已办理：{step}")
    expect(page.locator("h1 .tag")).to_have_text(state)


def upload(field: Any, name: str, content: bytes) -> None:
    """Choose a file."""
    field.set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": content})
