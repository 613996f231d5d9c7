"""The sheet of an office: every role's open tasks, overdue or due within ten working days, and what they lack."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy import select

from governance.roles import Role
from tests.inbox.conftest import Visit
from tests.kernel.sample_stage import AT, Sample
from workflow.clock import set_demo_clock
from workflow.db import reading, writing
from workflow.inbox import two_weeks
from workflow.inbox.two_weeks import LINES_A_PAGE, offices, paged
from workflow.model import tasks

LAST, NEXT = "2026-03-16", "2026-03-17"


def due(sample: Sample, case_id: int, deadline: str, person_id: int | None = None) -> None:
    """The case's tasks have a deadline, and are somebody's by name."""
    with writing(sample.engine) as connection:
        values = {"deadline": deadline, "person_id": person_id}
        connection.execute(tasks.update().where(tasks.c.case_id == case_id).values(values))


def test_it_lists_every_role_of_the_office_up_to_the_tenth_working_day(sample: Sample) -> None:
    waiting = {name: sample.open_case(state) for name, state in
               (("overdue", "submitted"), ("last", "agreed"), ("next", "submitted"), ("never", "agreed"))}  # fmt: skip
    head = sample.actor(Role.AGENCY_HEAD)
    due(sample, waiting["overdue"], "2026-02-02")
    due(sample, waiting["last"], LAST, head.person_id)
    due(sample, waiting["next"], NEXT)
    elsewhere = sample.open_case("under_review")
    due(sample, elsewhere, "2026-03-03")
    agency = sample.county.organisations["agency"]
    with reading(sample.engine) as connection:
        (office,) = offices(connection, [agency, agency], AT)
    (rows,) = office.pages
    assert [(row.what, str(row.deadline), row.overdue, row.person) for row in rows] == [
        ("受理", "2026-02-02", True, ""), ("支付", LAST, False, head.name),
    ]  # fmt: skip
    assert [row.holder for row in rows] == ["医保经办机构经办", "医保经办机构负责人"]
    assert str(office.until) == LAST and office.name == "样例医保经办机构（agency）"


def test_what_is_missing_is_said_in_the_words_of_the_guards(sample: Sample) -> None:
    without, with_amount = sample.open_case("drafting", fen=0), sample.open_case("drafting")
    for case_id in (without, with_amount):
        due(sample, case_id, "2026-03-03")
    with reading(sample.engine) as connection:
        (office,) = offices(connection, [sample.county.organisations["lead"]], AT)
        missing = [(row.what, row.missing) for page in office.pages for row in page]
        order = list(connection.scalars(select(tasks.c.case_id).order_by(tasks.c.deadline, tasks.c.id)))
    assert order[0] == without
    assert [row for row in missing if row[0] == "提交"] == [("提交", ["金额尚未填写"]), ("提交", [])]


def test_only_so_many_cases_are_looked_into_and_so_many_listed(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        due(sample, sample.open_case("submitted"), "2026-03-03")
    monkeypatch.setattr(two_weeks, "MOST_ROWS", 4)
    monkeypatch.setattr(two_weeks, "MOST_LOOKED_INTO", 3)
    with reading(sample.engine) as connection:
        (office,) = offices(connection, [sample.county.organisations["agency"]], AT)
    ((*rows,),) = office.pages
    assert len(rows) == 4 and office.more
    assert [bool(row.missing) for row in rows] == [False, False, False, True]


def test_pages_hold_what_fits_on_a_sheet() -> None:
    short = SimpleNamespace(consortium="某医共体", subject="月度结算", pool_label="", what="复核", missing=[])
    long = SimpleNamespace(consortium="某医共体", subject="月度结算", pool_label="", what="复核", missing=["缺" * 24] * 20)
    assert [len(page) for page in paged([short] * 40)] == [LINES_A_PAGE // 2, LINES_A_PAGE // 2, 10]
    assert [len(page) for page in paged([long, long, short])] == [1, 2]
    assert [len(page) for page in paged([SimpleNamespace(**vars(long) | {"missing": ["缺" * 24] * 99})])] == [1]
    assert paged([]) == [[]]


def test_the_sheet_names_office_day_and_page(sample: Sample, visit: Visit) -> None:
    with writing(sample.engine) as connection:
        set_demo_clock(connection, AT)
    for _ in range(18):
        due(sample, sample.open_case("submitted"), "2026-03-03")
    client = visit(sample.actor(Role.AGENCY_CLERK))
    text = client.get("/inbox/two-weeks").text
    assert text.count("样例医保经办机构（agency）　两周待办表") == 2
    assert "2026-03-02 周一 制表" in text and "第 1 页，共 2 页" in text and "第 2 页，共 2 页" in text
    assert text.count("<thead>") == 2 and text.count("<td>受理</td>") == 18
    nobody = visit(sample.actor(Role.AUDITOR))
    assert "没有到期的事" in nobody.get("/inbox/two-weeks").text
