"""What an assessment's page shows on its way, and how its forms become the commands' data."""

from __future__ import annotations

from sqlalchemy import Engine

from governance.roles import Role
from tests.agreement.drawing import drawn, typed
from tests.assessment.assessments import Desk
from tests.clearing.preceding import at


def test_the_form_becomes_an_entry(engine: Engine) -> None:
    desk = Desk(engine)
    clerk = desk.county.actor(Role.LEAD_CLERK)
    fields = {"member": "", "indicator": "cost_growth", "value": "6.4", "document": "统计1号"}
    data, errors = typed(engine, desk.county, desk.case.id, "record", clerk, at(1, 8), **fields)
    assert errors == {}
    assert {name: value for name, value in data.items() if name != "file"} == fields
    text, forms = drawn(engine, desk.county, desk.case.id, clerk, at(1, 8))
    assert "医疗费用增长率" in text and "未填" in text and set(forms) == {"record"}


def test_the_page_of_a_published_result(engine: Engine) -> None:
    desk = Desk(engine)
    desk.published()
    desk.take("object_to", Role.LEAD_HEAD, at(1, 14), reason="漏计两院")
    reviewer = desk.county.actor(Role.CITY_INSURANCE_REVIEWER)
    text, forms = drawn(engine, desk.county, desk.case.id, reviewer, at(1, 14))
    for word in ("79.92", "漏计两院", "待答复", "样例统计〔2026〕2号", "90、84、88", "样例医保公告〔2026〕1号"):
        assert word in text
    assert set(forms) == {"uphold", "dismiss"} and "style=" not in text


def test_each_member_has_its_table(engine: Engine) -> None:
    desk = Desk(engine, "contribution")
    text, forms = drawn(engine, desk.county, desk.case.id, desk.county.actor(Role.CENTRE_CLERK), at(1, 8))
    assert text.count("<table") == 5 and "village-1" in forms["record"]
