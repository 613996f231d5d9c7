"""The end of the story in a real browser: people of several offices do their work, and the pages hold up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsers import serving
from tests.conftest import app_on
from tests.journeys.conftest import Played
from tests.journeys.office import Office, begin, done, take, upload

AXE = Path(__file__).parents[1] / "vendor" / "axe-core-4.14.1" / "axe.min.js"
AXE_RUN = """async () => (await axe.run(document, {
  resultTypes: ['violations'],
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
})).violations.map(one => one.id + ': ' + one.nodes.slice(0, 3).map(node => node.target.join(' ')).join(' | '))"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
CODES = re.compile(r"\b(?:None|True|False|undefined|Decimal)\b|%\(|\b[a-z]+_[a-z_]+\b")

AGENCY, CITY = "agency-demo-hunan-city", "demo-hunan-city"
REVIEWER, HEAD, CLERK = f"{AGENCY}.agency_reviewer.1", f"{AGENCY}.agency_head.1", f"{AGENCY}.agency_clerk.2"
TREASURER = f"city-finance-{CITY}.city_finance_approver.1"
LEAD_CLERK, LEAD_FINANCE = "beihe-a-lead.lead_clerk.1", "beihe-a-lead.lead_finance.1"


@pytest.fixture
def office(story: Played, browser: Browser) -> Iterator[Office]:
    """The story served from a copy of its own; at the end no window may have complained."""
    with app_on(story.url) as app, serving(app) as address:
        found = Office(browser, address, story.database)
        yield found
        found.close()
    assert found.complaints == []


def test_a_month_goes_from_review_to_the_lead_hospital(office: Office) -> None:
    """Four people of three offices; the first presses twice, the last has no JavaScript."""
    month = office.case("beihe-a", "settlement", "2026-10")
    page = office.window(REVIEWER)
    begin(page, month)
    page.locator("#step-review textarea").fill("核对无误")
    page.locator("#step-review .send button").dblclick()
    done(page, "复核", "已复核")
    expect(page.locator(".trail tbody b", has_text=re.compile("^复核$"))).to_have_count(1)

    page = office.window(HEAD)
    begin(page, month)
    take(page, "approve")
    done(page, "审批", "已审批")

    page = office.window(TREASURER)
    page.goto(month)
    take(page, "fund")
    expect(page.locator(".errors")).to_be_focused()
    expect(page.locator(".errors li")).to_have_text(re.compile("用款批复文号"))
    take(page, "fund", document="示范财〔2026〕88号")
    done(page, "批复用款", "用款已批复")

    page = office.window(CLERK, java_script_enabled=False)
    page.goto(month)
    take(page, "pay_to_lead", bank_reference="样例回单-1")
    done(page, "拨付牵头医院", "已拨付牵头医院")


def test_the_lead_hands_on_and_a_member_confirms(office: Office) -> None:
    """Money reaches a member; an amount that cannot be read is named and everything typed is kept."""
    month = office.case("beihe-a", "settlement", "2026-09")
    page = office.window(LEAD_FINANCE)
    page.goto(month)
    take(page, "distribute", bank_reference="样例批次-9")
    done(page, "拨付成员单位", "拨付成员单位中")

    page = office.window("beihe-a-town-1.member_clerk.1", java_script_enabled=False)
    begin(page, month)
    take(page, "confirm_receipt", received_fen="12.345", received_on="2026-11-23")
    expect(page.locator(".errors li")).to_contain_text("最多两位小数")
    expect(page.locator("[name=received_fen]")).to_have_value("12.345")
    expect(page.locator("[name=received_on]")).to_have_value("2026-11-23")
    take(page, "confirm_receipt", received_fen="")
    done(page, "确认收款", "拨付成员单位中")


def test_a_bureau_grades_and_decides(office: Office) -> None:
    """The reviewer of one bureau opines, its approver decides; the other bureaus do not see what was said."""
    ruling = office.case("qingxi-e", "city_ruling", "2026")
    page = office.window(f"city-health-{CITY}.city_health_reviewer.1")
    page.goto(ruling)
    form = page.locator("#step-opine")
    form.locator("[name=verdict][value=agree]").check()
    form.locator("[name=opinion]").fill("三项均已达到")
    for grade in form.locator("select").all():
        grade.select_option("met")
    form.locator("[name=substantive][value=yes]").check()
    form.locator(".send button").click()
    done(page, "出具经办意见", "联合评定中")

    page = office.window(f"city-health-{CITY}.city_health_approver.1")
    page.goto(ruling)
    page.locator("#step-decide [name=verdict][value=disagree]").check()
    take(page, "decide")
    expect(page.locator(".flash.error, .errors")).to_contain_text("须写明意见")
    page.locator("#step-decide [name=verdict][value=agree]").check()
    take(page, "decide")
    done(page, "作出本部门决定", "联合评定中")

    page = office.window(f"city-finance-{CITY}.city_finance_reviewer.1")
    page.goto(ruling)
    expect(page.locator("main")).not_to_contain_text("三项均已达到")


def test_a_member_gives_its_opinion_on_the_plan(office: Office) -> None:
    """Who has not spoken is named before, and one less afterwards."""
    page = office.window("qingxi-d-village-2.member_head.1")
    begin(page, office.case("qingxi-d", "surplus_plan", "2025"))
    missing = page.locator(".facts .refusals li")
    expect(missing).to_have_count(4)
    page.locator("#step-give_opinion input[type=radio]").first.check()
    take(page, "give_opinion")
    done(page, "提出意见", "征求成员意见")
    expect(missing).to_have_count(3)


def test_a_clerk_grades_with_evidence(office: Office) -> None:
    """A file that is not what its name says is refused, the words stay; the right one is kept and can be fetched."""
    page = office.window(LEAD_CLERK)
    begin(page, office.case("beihe-a", "self_assessment", "2025"))
    form = page.locator("#step-grade")
    form.locator("[name=grade][value=met]").check()
    form.locator("[name=explanation]").fill("制度已经印发")
    upload(form.locator("[type=file]"), "坏文件.pdf", b"MZ")
    form.locator(".send button").click()
    expect(page.locator(".flash.error")).to_contain_text("内容与扩展名不符")
    expect(form.locator("[name=explanation]")).to_have_value("制度已经印发")
    upload(form.locator("[type=file]"), "制度.pdf", PDF)
    form.locator(".send button").click()
    done(page, "逐条自评", "填报中")
    with page.expect_download() as fetched:
        page.locator(".files a", has_text="制度.pdf").first.click()
    assert Path(fetched.value.path()).read_bytes() == PDF


def test_a_wrong_file_is_refused_line_by_line(office: Office) -> None:
    """Each column that is unknown or missing is one item of one list."""
    page = office.window(CLERK)
    page.goto(office.case("beihe-b", "settlement", "2026-10"))
    page.locator("#step-import_claims summary").click()
    upload(page.locator("#step-import_claims [type=file]"), "明细.csv", "机构,金额\n甲,1\n".encode())
    take(page, "import_claims")
    expect(page.locator(".errors")).to_be_focused()
    expect(page.locator(".errors li", has_text="医疗机构编码")).to_have_count(1)


def main_pages(office: Office) -> list[str]:
    """The pages people spend their days on, and one case of each kind."""
    return [
        "/", "/inbox?box=notices", "/consortia", f"/consortia/{office.consortia['qingxi-d']}", "/rules", "/flows",
        office.case("beihe-a", "settlement", "2026-10"), office.case("qingxi-d", "surplus_plan", "2025"),
        office.case("qingxi-e", "city_ruling", "2026"), office.case("qingxi-d", "agreement", "2027"),
        office.case("beihe-a", "clearing", "2025"), office.case("beihe-a", "assessment", "2025-contribution"),
        office.case("beihe-a", "budget", "2027"), office.case("beihe-a", "self_assessment", "2025"),
    ]  # fmt: skip


def enlarge(page: Page) -> None:
    """Switch to large type."""
    page.get_by_role("button", name="大字版").click()
    expect(page.locator("html")).to_have_class("big")


def wide(page: Page) -> list[str]:
    """Whether the page is wider than its window."""
    return [f"{page.evaluate(WIDER)} px too wide"] if page.evaluate(WIDER) > 0 else []


def accessible(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(AXE_RUN)
    return found


def raw(page: Page) -> list[str]:
    """Codes of ours where people read."""
    return sorted(set(CODES.findall(page.locator("main").inner_text())))


def findings(paths: list[str], page: Page, *looks: Callable[[Page], list[str]]) -> dict[str, list[str]]:
    """What the looks find on these pages, by page; nothing where all is well."""
    found = {}
    for path in paths:
        page.goto(path)
        if problems := [problem for look in looks for problem in look(page)]:
            found[path] = problems
    return found


def test_main_pages_are_accessible_and_fit(office: Office) -> None:
    """In normal size: WCAG 2.2 AA, no sideways scrolling, no codes; the main button is in sight."""
    page = office.window(REVIEWER)
    assert findings(main_pages(office), page, wide, accessible, raw) == {}
    page.goto(office.case("beihe-a", "settlement", "2026-10"))
    expect(page.locator(".actbar .btn-p")).to_be_in_viewport()


def test_main_pages_are_accessible_in_large_type(office: Office) -> None:
    """In large type likewise: home, lists, and every other kind of case."""
    page = office.window(REVIEWER)
    enlarge(page)
    assert findings(main_pages(office)[::2], page, wide, accessible) == {}


def test_main_pages_fit_a_telephone(office: Office) -> None:
    """390 pixels wide, in both sizes."""
    page = office.window(REVIEWER, viewport={"width": 390, "height": 844})
    assert findings(main_pages(office), page, wide) == {}
    enlarge(page)
    assert findings(main_pages(office), page, wide) == {}


def test_an_amount_opens_onto_its_source(office: Office) -> None:
    """Member, line, formula with numbers, inputs, clause."""
    page = office.window(REVIEWER)
    page.goto(office.case("beihe-a", "settlement", "2026-10"))
    member = page.locator(".bunch", has_text="北河县人民医院（样例）")
    member.locator("summary").first.click()
    line = member.locator("li", has_text="质量保证金").first
    line.locator("summary").click()
    trace = line.locator(".trace")
    expect(trace).to_contain_text("× 质量保证金比例")
    expect(trace).to_contain_text("5%（0.05）")
    expect(trace).to_contain_text("样例")
