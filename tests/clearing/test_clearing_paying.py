"""What a clearing pays the lead reaches its members; what it takes from them is paid back, or stays a named claim."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.clearing.clearings import Desk
from tests.clearing.preceding import at
from workflow import clocks, door, ledger, records
from workflow.clearing.dues import member_dues, passed_on
from workflow.db import reading
from workflow.model import tasks

BOOK = "sample-a/resident"
FINED: dict[str, Any] = {"fund_in_deficit": False, "penalties": {"town-1": 30_000_000, "town-2": 20_000_000}}


def settled(engine: Engine, facts: dict[str, Any] | None = None, **year: Any) -> Desk:
    """A county whose clearing the agency has settled with the lead."""
    desk = Desk(engine, **year)
    desk.approved(facts)
    desk.take("settle", Role.AGENCY_CLERK, at(1, 25), n=1, bank_reference="B1")
    return desk


def member(desk: Desk, trigger: str, code: str, **data: Any) -> str:
    """A step of a member's own clerk; returns the state."""
    desk.keys += 1
    answer = door.take(
        desk.engine, desk.case.id, trigger, actor=desk.county.actor(Role.MEMBER_CLERK, code), key=f"m:{desk.keys}",
        at=at(1, 28), data=data,
    )
    return str(answer["state"])


def balances(desk: Desk, *accounts: str) -> list[int]:
    """What stands on each account of the clearing's own journals."""
    with reading(desk.engine) as connection:
        return [ledger.balance(connection, account=one, case_ids=[desk.case.id]) for one in accounts]


def test_what_the_lead_holds_reaches_each_member(engine: Engine) -> None:
    desk = settled(engine)
    dues = desk.read(passed_on)
    assert dues and all(fen > 0 for fen in dues.values()) and "lead" not in dues
    assert balances(desk, "custody", "owed") == [sum(dues.values()), -sum(dues.values())]
    with reading(engine) as connection:
        (running,) = [one for one in clocks.running(connection, desk.case.id) if one.name == "pay_members"]
        assert running.rule == "settlement.pay_members_within" and str(running.deadline) == "2026-02-06"
    assert "流水号" in desk.refused("distribute", Role.LEAD_FINANCE, at(1, 26), bank_reference=" ")
    early = {"bank_reference": "D1", "distributed_on": "2026-01-24"}
    assert "早于清算结清" in desk.refused("distribute", Role.LEAD_FINANCE, at(1, 26), **early)
    assert desk.take("distribute", Role.LEAD_FINANCE, at(1, 26), bank_reference="D1") == "distributing"
    assert balances(desk, "custody", "owed") == [0, 0]
    with reading(engine) as connection:
        waited = select(tasks.c.organisation_id).where(tasks.c.trigger == "confirm_receipt")
        assert set(connection.scalars(waited)) == {desk.county.organisations[code] for code in dues}
    assert "清算表不符" in desk.refused_by("confirm_receipt", "town-1", at(1, 28), received_fen=1)
    assert member(desk, "confirm_receipt", "town-1", received_fen=dues["town-1"]) == "distributing"
    assert "没有待确认" in desk.refused_by("confirm_receipt", "town-1", at(1, 28))
    assert "没有应退款" in desk.refused("recover", Role.LEAD_FINANCE, at(1, 28), bank_reference="X")
    assert "回单号" in desk.refused("bank_proof", Role.LEAD_FINANCE, at(1, 29), bank_reference="")
    assert desk.take("bank_proof", Role.LEAD_FINANCE, at(1, 29), bank_reference="R1") == "closed"
    found = desk.read(lambda attempt: attempt.progress["receipts"])
    assert {code: one["fen"] for code, one in found.items()} == desk.read(member_dues)
    assert found["town-1"]["how"] == "confirmed" and found["tcm"]["how"] == "proven"


def test_members_pay_back_what_the_clearing_takes(engine: Engine) -> None:
    desk = settled(engine, FINED)
    dues = desk.read(passed_on)
    assert dues["town-1"] < 0 and dues["town-2"] < 0 < dues["tcm"]
    desk.take("distribute", Role.LEAD_FINANCE, at(1, 26), bank_reference="D1")
    assert balances(desk, "custody", "owed")[0] == dues["town-1"] + dues["town-2"]
    assert desk.take("bank_proof", Role.LEAD_FINANCE, at(1, 27), bank_reference="R1") == "distributing"
    assert "不应退款" in desk.refused("recover", Role.LEAD_FINANCE, at(1, 28), bank_reference="T", members=["tcm"])
    assert "流水号" in desk.refused("recover", Role.LEAD_FINANCE, at(1, 28), bank_reference="")
    desk.take("recover", Role.LEAD_FINANCE, at(1, 28), bank_reference="T1", members=["town-1"])
    assert desk.take("recover", Role.LEAD_FINANCE, at(1, 28), bank_reference="T2") == "closed"
    assert balances(desk, "custody", "owed", "claim", "advanced", "held") == [0] * 5
    with reading(engine) as connection:
        assert ledger.check_journals(connection) == [] and records.verify(connection) == []


def test_what_is_not_paid_back_stays_a_claim_that_is_collected_later(engine: Engine) -> None:
    desk = settled(engine, FINED)
    dues = desk.read(passed_on)
    desk.take("distribute", Role.LEAD_FINANCE, at(1, 26), bank_reference="D1")
    desk.take("bank_proof", Role.LEAD_FINANCE, at(1, 27), bank_reference="R1")
    assert "没有以前清算的未收款项" in desk.refused(
        "collect_claim", Role.LEAD_FINANCE, at(1, 28), member="town-1", amount_fen=1, bank_reference="C"
    )
    assert "写明原因" in desk.refused("carry_claim", Role.LEAD_HEAD, at(1, 28), member="town-1", reason=" ")
    assert "没有应退未退" in desk.refused("carry_claim", Role.LEAD_HEAD, at(1, 28), member="tcm", reason="无")
    desk.take("carry_claim", Role.LEAD_HEAD, at(1, 28), member="town-1", reason="账户被冻结，约定六月底前退回")
    assert balances(desk, "claim", "advanced") == [-dues["town-1"], dues["town-1"]]
    too_much = {"member": "town-1", "amount_fen": 1 - dues["town-1"], "bank_reference": "C"}
    assert "不超过尚欠" in desk.refused("collect_claim", Role.LEAD_FINANCE, at(1, 28), **too_much)
    desk.take("collect_claim", Role.LEAD_FINANCE, at(1, 28), member="town-1", amount_fen=7, bank_reference="C1")
    assert desk.take("recover", Role.LEAD_FINANCE, at(1, 28), bank_reference="T2") == "closed"
    assert balances(desk, "custody", "owed", "claim", "advanced") == [0, 0, -dues["town-1"] - 7, dues["town-1"] + 7]


def test_where_nothing_is_due_to_members_only_recovery_is_waited_for(engine: Engine) -> None:
    fines = dict.fromkeys(("tcm", "town-1", "town-2", "village-1"), 300_000_000)
    desk = settled(engine, {"fund_in_deficit": False, "penalties": fines})
    assert desk.case.state == "distributing"
    assert set(desk.read(passed_on)) == set(fines)
    assert desk.take("recover", Role.LEAD_FINANCE, at(1, 28), bank_reference="T1") == "closed"
    assert balances(desk, "custody", "owed") == [0, 0]


def test_an_overruns_own_share_is_held_for_its_sharing(engine: Engine) -> None:
    desk = settled(engine, budget_fen=700_000_000)
    own_fen = desk.read(lambda attempt: attempt.results["own_share_fen"])
    assert own_fen > 0
    desk.passed_on()
    assert balances(desk, "custody", "owed", "held") == [0, 0, 0]
    with reading(engine) as connection:
        assert ledger.balance(connection, account="held", party="lead", case_ids=[desk.case.id]) == -own_fen


@pytest.mark.parametrize("trigger", ["distribute", "recover", "carry_claim", "bank_proof", "confirm_receipt"])
def test_nothing_is_passed_on_before_it_is_settled(engine: Engine, trigger: str) -> None:
    desk = Desk(engine)
    desk.approved()
    role = Role.LEAD_HEAD if trigger == "carry_claim" else Role.LEAD_FINANCE
    said = desk.refused_by(trigger, "town-1", at(1, 24)) if trigger == "confirm_receipt" else desk.refused(
        trigger, role, at(1, 24), bank_reference="X"
    )
    assert "已审批" in said
