"""A year cleared once more: its own approvals, only the difference moves, and what was closed stays as it was."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from tests.agreement.drawing import drawn
from tests.clearing.clearings import Desk
from tests.clearing.preceding import at
from workflow import ledger, lifecycle
from workflow.clearing.dues import passed_on, settled_now_fen
from workflow.clearing.model import closed
from workflow.clearing.supplementing import begin, differences
from workflow.db import reading, writing
from workflow.model import cases, dossiers, journals

BOOK = "sample-a/resident"
MORE = [{"kind": "own", "member": "town-1", "fen": 5_000_000, "reason": "特例单议追加"}]


def begun(desk: Desk, **changed: Any) -> int:
    """The supplementary clearing of the year."""
    given = {"consortium": "sample-a", "pool": "resident", "year": "2025", "reason": "漏计特例单议", **changed}
    with writing(desk.engine) as connection:
        return begin(connection, actor=desk.county.actor(Role.AGENCY_CLERK), at=at(2, 2), **given)


def refused(desk: Desk, **changed: Any) -> str:
    """Why none is begun."""
    with pytest.raises(Refused) as caught:
        begun(desk, **changed)
    return str(caught.value.refusals[0].reason)


def kept(desk: Desk, case_id: int) -> list[Any]:
    """Everything a case holds, as rows."""
    with reading(desk.engine) as connection:
        return [
            connection.execute(query).all()
            for query in (
                select(cases).where(cases.c.id == case_id), select(dossiers).where(dossiers.c.case_id == case_id),
                select(journals).where(journals.c.case_id == case_id),
            )
        ]


def first_closed(engine: Engine) -> Desk:
    """A county whose year is cleared and closed."""
    desk = Desk(engine)
    desk.approved()
    assert "还没有办结" in refused(desk)
    desk.take("settle", Role.AGENCY_CLERK, at(1, 25), n=1, bank_reference="B1")
    desk.passed_on()
    return desk


def approved_again(desk: Desk) -> None:
    """Reconciled and approved by both bureaus, anew."""
    desk.take("confirm", Role.LEAD_HEAD, at(2, 5))
    for bureau in ("CITY_INSURANCE", "CITY_FINANCE"):
        desk.take("review", Role[f"{bureau}_REVIEWER"], at(2, 6), verdict="agree")
        desk.take("decide", Role[f"{bureau}_APPROVER"], at(2, 6), verdict="agree")


def test_it_follows_a_closed_clearing_with_a_reason(engine: Engine) -> None:
    desk = first_closed(engine)
    first = desk.case
    assert "写明补充" in refused(desk, reason=" ")
    assert "还没有清算" in refused(desk, year="2024")
    with pytest.raises(lifecycle.NotFound):
        begun(desk, consortium="nobody")
    assert begun(desk) == desk.case.id
    assert (desk.case.serial, desk.case.follows_id, desk.case.state) == (2, first.id, "open")
    assert "还没有办结" in refused(desk)
    assert desk.tick(at(2, 2)) == []


def test_only_the_difference_moves(engine: Engine) -> None:
    desk = first_closed(engine)
    first, before = desk.case, kept(desk, desk.case.id)
    begun(desk)
    desk.take("enter_facts", Role.AGENCY_CLERK, at(2, 3), fund_in_deficit=False, adjustments=MORE)
    desk.take("confirm_facts", Role.CITY_FINANCE_REVIEWER, at(2, 3))
    desk.tick(at(2, 4))
    rows = {key: moved for key, _before, _now, moved in desk.read(differences)}
    assert rows["charged_fen"] == 5_000_000 == -rows["surplus_fen"]
    assert rows["members.town-1.due_fen"] == 5_000_000 and "members.tcm.due_fen" not in rows
    assert rows["retained_fen"] == -4_000_000 and rows["due_fen"] == 1_000_000 == desk.case.amount_fen
    assert all(desk.read(lambda attempt: attempt.results["identities"]).values())
    text, _forms = drawn(engine, desk.county, desk.case.id, desk.county.actor(Role.LEAD_HEAD), at(2, 4))
    assert "逐项对比" in text and "漏计特例单议" in text
    approved_again(desk)
    assert desk.read(passed_on) == {"town-1": 5_000_000} and desk.read(settled_now_fen) == 1_000_000
    desk.take("settle", Role.AGENCY_CLERK, at(2, 9), n=1, bank_reference="B2")
    desk.take("distribute", Role.LEAD_FINANCE, at(2, 10), bank_reference="D2")
    assert desk.take("bank_proof", Role.LEAD_FINANCE, at(2, 10), bank_reference="R2") == "closed"
    assert kept(desk, first.id) == before
    with reading(engine) as connection:
        for account in ("deposit", "prepayment", "custody", "owed"):
            assert ledger.balance(connection, account=account, book=BOOK) == 0
        assert ledger.balance(connection, account="bank", case_ids=[desk.case.id]) == -1_000_000
        # What was retained too much is held against the lead, for its sharing by a plan.
        assert ledger.balance(connection, account="held", party="lead", book=BOOK) == -4_000_000
        figure = closed(connection, desk.county.consortium_id, "resident", 2025)
        assert figure is not None and figure.case_id == desk.case.id
        assert ledger.check_journals(connection) == []
