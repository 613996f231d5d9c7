"""What a clearing's page shows on its way, and how its forms become the commands' data."""

from __future__ import annotations

from sqlalchemy import Engine

from governance.roles import Role
from tests.agreement.drawing import drawn, typed
from tests.clearing.clearings import Desk
from tests.clearing.preceding import at


def test_the_facts_form_becomes_the_facts(engine: Engine) -> None:
    desk = Desk(engine)
    desk.tick(at(1, 10))
    clerk = desk.county.actor(Role.AGENCY_CLERK)
    fields = {
        "policy": "1000.00", "risk_fund_fen": "5000", "penalties": "town-1 12.50\nlead 3",
        "adjustments-0-kind": "own", "adjustments-0-member": "lead", "adjustments-0-fen": "-7.01",
        "adjustments-0-reason": "特例单议", "adjustments-1-kind": "", "adjustments-2-kind": "",
    }
    data, errors = typed(engine, desk.county, desk.case.id, "enter_facts", clerk, at(1, 12), **fields)
    assert errors == {}
    assert data == {
        "fund_in_deficit": False, "overrun_causes": {"policy": 100_000}, "risk_fund_fen": 500_000,
        "penalties": {"town-1": 1_250, "lead": 300}, "answer": "",
        "adjustments": [{"kind": "own", "member": "lead", "fen": -701, "reason": "特例单议"}],
    }
    desk.take("enter_facts", Role.AGENCY_CLERK, at(1, 12), **data)
    _data, errors = typed(engine, desk.county, desk.case.id, "enter_facts", clerk, at(1, 12), penalties="town-1")
    assert set(errors) == {"penalties"}
    text, forms = drawn(engine, desk.county, desk.case.id, clerk, at(1, 12))
    assert "特例单议" in text and "-7.01" in text and "待财政部门确认" in text
    assert "town-1 12.50" in forms["enter_facts"]


def test_the_page_of_a_calculated_year(engine: Engine) -> None:
    desk = Desk(engine)
    desk.calculated()
    head = desk.county.actor(Role.LEAD_HEAD)
    text, forms = drawn(engine, desk.county, desk.case.id, head, at(1, 15))
    for word in ("恒等式", "成立", "2025-12", "样例乡镇卫生院（town-1）", "财政部门已确认"):
        assert word in text
    assert "不成立" not in text and "style=" not in text
    assert set(forms) == {"confirm", "object_to"}
    fields = {"lines-0-line": "due_fen", "lines-0-reason": "少计", "lines-1-line": "", "lines-2-line": ""}
    data, errors = typed(engine, desk.county, desk.case.id, "object_to", head, at(1, 15), **fields)
    assert errors == {} and data == {"lines": [{"line": "due_fen", "reason": "少计"}]}
    desk.take("object_to", Role.LEAD_HEAD, at(1, 15), **data)
    text, _forms = drawn(engine, desk.county, desk.case.id, head, at(1, 15))
    assert "少计" in text and "待答复" in text


def test_the_settling_form_says_how_much(engine: Engine) -> None:
    desk = Desk(engine)
    desk.approved()
    clerk = desk.county.actor(Role.AGENCY_CLERK, n=1)
    _text, forms = drawn(engine, desk.county, desk.case.id, clerk, at(1, 25))
    due_fen = desk.read(lambda attempt: attempt.results["due_fen"] - attempt.results["retained_fen"])
    assert f"{due_fen // 100:,}" in forms["settle"]
