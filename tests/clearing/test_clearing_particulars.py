"""The page of a clearing tells what its months hold beside claims, and leads on to what follows from the year."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sqlalchemy import Engine

from governance.roles import Role
from tests.agreement.drawing import drawn
from tests.clearing import preceding
from tests.clearing.clearings import Desk
from tests.clearing.preceding import at
from tests.clearing.test_clearing_supplementary import first_closed
from workflow.clearing.figures import months_of
from workflow.clearing.particulars import _followers
from workflow.db import writing
from workflow.settlement.model import MonthFigure, _figure
from workflow.surplus_plan.opening import open_for

SPECIAL = {
    "what": "special", "member": "tcm", "kind": "inflow", "category": "drg", "amount_fen": 1_234_567,
    "document": "特例评审〔2025〕7号", "reason": "复杂病例追加",
}
DEDUCTED = {
    "member": "town-1", "kind": "own", "amount_fen": 76_543, "decision_number": "审〔2025〕12号", "reason": "超限用药",
}
ABSENT = {"how": "absent", "reason": "系统故障未申报"}


def body(**more: Any) -> dict[str, Any]:
    """A month's dossier as the settlement leaves it."""
    return {
        "worksheet": {"results": {"gross_fen": 1}}, "tallies": {"own_fen": 1, "inflow_fen": 0, "away_fen": 0}, **more,
    }


def test_a_month_tells_its_particulars() -> None:
    month = _figure(7, "2025-04", "closed", body(
        additions=[SPECIAL], deductions=[DEDUCTED], declarations={"town-2": ABSENT, "tcm": {"how": "nil"}},
        left_open_fen={"town-2": 99},
    ))  # fmt: skip
    assert (month.additions, month.deductions) == ((SPECIAL,), (DEDUCTED,))
    assert month.left_open == {"town-2": {"reason": "系统故障未申报", "fen": 99}}
    later = _figure(8, "2025-04", "closed", body(
        supplement={}, difference={"results": {"gross_fen": 1}}, declarations={"town-2": ABSENT},
    ))  # fmt: skip
    assert later.left_open == {}, "a supplement does not tell its month's absences again"
    carried = _figure(9, "2025-05", "carried", body(additions=[SPECIAL]))
    assert carried == MonthFigure(9, "2025-05", "carried", False, True)


def page(desk: Desk) -> str:
    text, _forms = drawn(desk.engine, desk.county, desk.case.id, desk.county.actor(Role.LEAD_HEAD), at(3, 2))
    return str(text)


def test_the_page_lists_them_with_their_documents(engine: Engine, monkeypatch: Any) -> None:
    desk = Desk(engine)
    desk.tick(at(1, 10))
    found = desk.read(months_of)
    third = next(one for one in found if one.period == "2025-03")
    month = _figure(third.case_id, "2025-03", "closed", body(
        additions=[SPECIAL], deductions=[DEDUCTED], declarations={"town-2": ABSENT}, left_open_fen={"town-2": 4_321},
        corrections=[{"what": "rejected_own", "member": "tcm", "category": "", "amount_fen": -500, "note": "误拒付"}],
    ))  # fmt: skip
    carried = MonthFigure(found[3].case_id, "2025-04", "carried", False, True)
    monkeypatch.setattr("workflow.clearing.particulars.months_of", lambda _attempt: [month, carried])
    text = page(desk)
    for said in (
        "特例单议", "特例评审〔2025〕7号", "12,345.67", "审核拒付", "审〔2025〕12号", "-765.43", "未申报，未计入", "43.21",
        "系统故障未申报", "红冲补记", "误拒付", "-5.00", "结转，不计入", f'href="/settlement/{third.case_id}"',
        f'href="/settlement/{carried.case_id}"',
    ):
        assert said in text, said


def test_a_closed_year_leads_to_its_plan(engine: Engine) -> None:
    desk = first_closed(engine)
    assert "/surplus_plan/" not in page(desk)
    with writing(engine) as connection:
        [plan] = open_for(connection, desk.case.id, at=at(3, 2))
    text = page(desk)
    assert f'href="/surplus_plan/{plan}"' in text and "编制中" in text


def test_what_is_deferred_is_led_to_by_its_own_name(engine: Engine) -> None:
    desk = Desk(engine)
    with writing(engine) as connection:
        number = preceding.cleared(connection, desk.county, retained_fen=900, deferred_fen=100)
        plan, deferred = open_for(connection, number, at=at(3, 2))
    rows = desk.read(lambda attempt: _followers(SimpleNamespace(attempt=attempt)))  # type: ignore[arg-type]
    said = [(one["case"], str(one["label"]), str(one["state"]), one["fen"]) for one in rows]
    assert said == [(plan, "结余分配", "编制中", 900), (deferred, "暂缓部分的发放", "暂缓拨付，待发放", 100)]
