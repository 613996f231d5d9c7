"""Trials over HTTP: what they show is what the worksheet gives, and nothing that was decided is touched."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import exc, select

from governance.money import yuan
from governance.sheets import run
from tests.journeys.walking import Visitor, said
from tests.what_if.conftest import BUDGET, DAY, PLAN, YEAR, Desk
from workflow.db import writing
from workflow.model import settings, worksheets
from workflow.pages.context import connection
from workflow.rules import shipped
from workflow.what_if import looking

COUNTY = "r.surplus.tier_ratios.[0].county"


def words(page: str) -> str:
    """The text of a page."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def plan_with(ratios: dict[str, str]) -> dict[str, Any]:
    """What the plan gives by other ratios, by the sheet itself."""
    book = shipped().at("demo-hunan-beihe").in_force(DAY, own={"surplus.tier_ratios": {
        "value": ratios, "status": "sample", "cite": {"document": "湘医保发〔2024〕31号", "clause": "样例", "says": "样例"},
    }})  # fmt: skip
    return run("surplus-plan", PLAN, book).as_data()["results"]


def every_request(desk: Desk, visitor: Visitor) -> list[tuple[str, Callable[[], Any], int]]:
    """Whatever can be asked of what-if, with the status it answers."""
    plan, cleared = (f"/what-if/{desk.cases[sheet]}/1" for sheet in ("surplus-plan", "annual-clearing"))
    typed = {"f.raised_fen": "1000", "f.spending_fen": "900", "f.in_county_fen": "700", "f.prior_in_county_fen": "650"}
    city = "/what-if/city?rule=clearing.retention"
    proposed = {"since": "2027-01-01", "r.clearing.retention.[0].bands[0].ratio": "40%"}
    return [
        ("index", lambda: visitor.get("/what-if"), 200),
        ("plan", lambda: visitor.get(plan), 200),
        ("cleared", lambda: visitor.get(cleared), 200),
        ("budget", lambda: visitor.get(f"/what-if/{desk.cases['budget']}/1"), 200),
        ("same", lambda: visitor.post(plan), 200),
        ("other", lambda: visitor.post(plan, {COUNTY: "5"}), 200),
        ("floor", lambda: visitor.post(plan, {COUNTY: "9"}), 200),
        ("bad", lambda: visitor.post(plan, {COUNTY: "much"}), 422),
        ("workbook", lambda: visitor.post(plan, {COUNTY: "5", "as": "xlsx"}), 200),
        ("bad workbook", lambda: visitor.post(plan, {COUNTY: "much", "as": "xlsx"}), 422),
        ("score", lambda: visitor.post(cleared, {"f.score": "59"}), 200),
        ("no such version", lambda: visitor.post(plan.replace("/1", "/7"), {}), 404),
        ("modes", lambda: visitor.get("/what-if/payment-modes"), 200),
        ("modes of a year", lambda: visitor.get(f"/what-if/payment-modes?consortium={desk.county.consortium_id}"), 200),
        ("modes typed", lambda: visitor.post("/what-if/payment-modes", typed), 200),
        ("modes empty", lambda: visitor.post("/what-if/payment-modes"), 422),
        ("city", lambda: visitor.get(city), 200),
        ("city tried", lambda: visitor.post(city, proposed), 200),
        ("city workbook", lambda: visitor.post(city, {**proposed, "as": "xlsx"}), 200),
        ("city refused", lambda: visitor.post(city, {"since": "tomorrow"}), 422),
    ]  # fmt: skip


def test_nothing_is_written_whatever_is_asked(desk: Desk) -> None:
    visitor = desk.visitor()
    before = desk.everything()
    assert before["worksheets"] and before["cases"] and len(before) > 30
    for name, ask, status in every_request(desk, visitor):
        answer = ask()
        assert answer.status_code == status, (name, said(answer.text))
        assert desk.everything() == before, name


def test_the_database_itself_refuses_to_write_for_a_trial_and_writes_again_afterwards(desk: Desk) -> None:
    row = {"name": "trial", "value": "1"}
    with desk.app.test_request_context():
        looking._close_to_writing()
        with pytest.raises(exc.DBAPIError):
            connection().execute(settings.insert().values(**row))
        looking._open_again()
    with desk.app.test_request_context():
        connection().execute(settings.insert().values(**row))


def test_every_page_of_what_if_is_closed_to_writing(desk: Desk) -> None:
    for rule in desk.app.url_map.iter_rules():
        if rule.rule.startswith("/what-if"):
            blueprint = rule.endpoint.partition(".")[0]
            assert looking._close_to_writing in desk.app.before_request_funcs[blueprint], rule.rule
            assert looking._open_again in desk.app.teardown_request_funcs[blueprint], rule.rule


def test_an_untouched_form_gives_what_was_decided(sqlite_desk: Desk) -> None:
    visitor = sqlite_desk.visitor()
    for sheet, number in sqlite_desk.cases.items():
        page = words(visitor.get(f"/what-if/{number}/1").text)
        assert "与已定相同" in page and "试算，不是决定" in page, sheet


def test_other_ratios_give_what_the_sheet_gives(sqlite_desk: Desk) -> None:
    visitor, number = sqlite_desk.visitor(), sqlite_desk.cases["surplus-plan"]
    answer = visitor.post(f"/what-if/{number}/1", {COUNTY: "5", "r.surplus.tier_ratios.[0].village": "2"})
    decided = plan_with({"county": "6", "township": "3", "village": "1"})
    tried = plan_with({"county": "5", "township": "3", "village": "2"})
    page = words(answer.text)
    for member, fen in tried["members"].items():
        assert f"{yuan(decided['members'][member])} 元 {yuan(fen)} 元" in page, member
    drawing = re.findall(r'role="img" aria-label="([^"]+)"', answer.text)
    assert len(drawing) == 2 and all(yuan(fen) in drawing[1] for fen in tried["members"].values())
    assert 'value="5"' in answer.text and "全部通过" in page


def test_below_the_floor_the_figures_are_shown_with_the_reason_why_not(sqlite_desk: Desk) -> None:
    visitor, number = sqlite_desk.visitor(), sqlite_desk.cases["surplus-plan"]
    page = words(visitor.post(f"/what-if/{number}/1", {COUNTY: "9"}).text)
    assert "这样做不成" in page and "乡村两级合计低于下限 0.4" in page
    assert "乡村两级合计不低于 40%（现 30.7692%）" in page and "不通过" in page
    assert "5,538,461.54" in page, "9 parts of 13 of eight million"


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("f.members[0].weight", "abc", "请填数字"),
        ("f.members[0].weight", "８７", "请填数字"),
        ("f.members[0].weight", "-1", "不得小于 0"),
        ("f.retained_fen", "1,000", "不加千分位"),
        ("f.retained_fen", "", "须恰填一项"),
        ("f.members[4].weight", "0", "没有权重大于零"),
        ("r.surplus.floor.township_village.[0]", "6", "请填百分比"),
        ("r.surplus.tier_ratios.[0].county", "-1", "county"),
        ("f.members[1].level", "planet", "请从列表中选择"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_what_was_typed_stays(
    sqlite_desk: Desk, field: str, typed: str, says: str
) -> None:
    answer = sqlite_desk.visitor().post(f"/what-if/{sqlite_desk.cases['surplus-plan']}/1", {field: typed})
    assert answer.status_code == 422 and says in said(answer.text), words(answer.text)[:900]
    if field.endswith("level"):
        return
    box = re.search(rf'<input type="text" name="{re.escape(field)}"[^>]*>', answer.text)
    assert box and f'value="{html.escape(typed)}"' in box[0]


def test_a_deposit_ratio_above_the_bound_is_refused_at_its_rule(sqlite_desk: Desk) -> None:
    """A rule is held to the bounds of wider places, as a rule file is."""
    visitor, number = sqlite_desk.visitor(), sqlite_desk.cases["annual-clearing"]
    field = "r.clearing.retention.[0].bands[0].ratio"
    answer = visitor.post(f"/what-if/{number}/1", {field: "150%"})
    assert answer.status_code == 422 and "clearing.retention" in said(answer.text)


def test_each_score_is_cleared_by_the_sheet_at_every_edge(sqlite_desk: Desk) -> None:
    visitor, number = sqlite_desk.visitor(), sqlite_desk.cases["annual-clearing"]
    answer = visitor.post(f"/what-if/{number}/1", {"f.score": "70"}, **{"X-What-If": "1"})
    assert "<html" not in answer.text
    table = answer.text.partition('id="tried-scores"')[2].partition("</table>")[0]
    rows = [words(row).split() for row in table.split("<tr")[2:]]
    assert [row[1] for row in rows] == ["90", "89.99", "80", "79.99", "70", "60", "59.99"]
    book = shipped().at("demo-hunan-beihe").in_force(DAY)
    for row in rows:
        results = run("annual-clearing", {**YEAR, "score": row[1]}, book).as_data()["results"]
        assert [yuan(results[key]) for key in ("retained_fen", "deposit_returned_fen", "due_fen")] == row[-3:], row


def test_next_years_amount_per_head(sqlite_desk: Desk) -> None:
    visitor, number = sqlite_desk.visitor(), sqlite_desk.cases["budget"]
    fields = {"r.budget.per_capita.[0]": "1100", "f.insured": "1200", "r.budget.package_ratio.[0]": "95%"}
    page = words(visitor.post(f"/what-if/{number}/1", fields).text)
    now = run("budget", BUDGET, shipped().at("demo-suixi").in_force(DAY)).as_data()["results"]["package_fen"]
    assert yuan(now) in page and yuan(1200 * 110_000 * 95 // 100) in page


def test_the_workbook_is_marked_on_every_sheet(sqlite_desk: Desk) -> None:
    visitor, number = sqlite_desk.visitor(), sqlite_desk.cases["surplus-plan"]
    answer = visitor.post(f"/what-if/{number}/1", {COUNTY: "9", "as": "xlsx"})
    book = load_workbook(io.BytesIO(answer.data))
    for paper in book:
        assert "试算，不是决定" in str(paper.cell(1, 1).value), paper.title
        assert "试算，不是决定" in str(paper.oddHeader.center.text)
    assert "低于下限" in str(book.worksheets[0].cell(1, 1).value)
    kept = [row[0] for row in book["计算表"].iter_rows(min_row=5, min_col=6, max_col=6, values_only=True)]
    assert 800_000_000 in kept and len(kept) > 8


def test_three_ways_of_paying_side_by_side(sqlite_desk: Desk) -> None:
    visitor = sqlite_desk.visitor()
    filled = visitor.get(f"/what-if/payment-modes?consortium={sqlite_desk.county.consortium_id}").text
    assert 'name="f.spending_fen" id="f.spending_fen" value="1100000.00"' in filled and "上年支出请自己填" in filled
    facts = {"raised_fen": 100_000, "spending_fen": 90_000, "in_county_fen": 70_000, "prior_in_county_fen": 65_000}
    typed = {f"f.{name}": str(fen // 100) for name, fen in facts.items()}
    page = words(visitor.post("/what-if/payment-modes", typed).text)
    modes = run("payment-modes", facts, shipped().at("demo-hunan-city").in_force(DAY)).as_data()["results"]["modes"]
    for key in ("paid_in_county_fen", "retained_fen", "carried_over_fen", "county_income_fen"):
        assert " ".join(yuan(mode[key]) for mode in modes.values()) in page, key


def test_whoever_does_not_see_the_case_does_not_try_it(sqlite_desk: Desk) -> None:
    visitor = sqlite_desk.visitor("stranger", "lead_clerk")
    for number in sqlite_desk.cases.values():
        assert visitor.get(f"/what-if/{number}/1").status_code == 404
        assert visitor.post(f"/what-if/{number}/1", {COUNTY: "5", "as": "xlsx"}).status_code == 404
    assert visitor.get(f"/what-if/payment-modes?consortium={sqlite_desk.county.consortium_id}").status_code == 404
    page = visitor.get("/what-if").text
    assert "样例县人民医院医共体" not in page and "还没有计算表" in page


def test_a_county_sees_its_cases_and_no_whole_city(sqlite_desk: Desk) -> None:
    visitor = sqlite_desk.visitor("town-1", "member_clerk")
    assert visitor.get(f"/what-if/{sqlite_desk.cases['surplus-plan']}/1").status_code == 200
    assert visitor.get("/what-if/city").status_code == 404
    assert "/what-if/city" not in visitor.get("/what-if").text
    assert "/what-if/city" in sqlite_desk.visitor().get("/what-if").text


def test_the_stored_sheet_stands_beside_the_trial_as_it_was_stored(sqlite_desk: Desk) -> None:
    number = sqlite_desk.cases["surplus-plan"]
    with writing(sqlite_desk.engine) as other:
        stored = other.execute(select(worksheets).where(worksheets.c.case_id == number)).one()._asdict()
        body = stored["body"].replace('"amount_fen":800000000', '"amount_fen":123456789', 1)
        assert body != stored["body"]
        other.execute(worksheets.insert(), {**stored, "version": 2, "body": body})
    visitor = sqlite_desk.visitor()
    assert "1,234,567.89" in words(visitor.get(f"/what-if/{number}/2").text)
    assert "1,234,567.89" not in words(visitor.get(f"/what-if/{number}/1").text)
