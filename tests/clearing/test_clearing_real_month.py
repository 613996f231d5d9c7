"""A month that was really settled is cleared: what the settlement left behind is what the clearing finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.clearing import preceding
from tests.settlement.months import TOTALS, moment, prepare
from workflow import door, ledger, stages
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.clearing.jobs import JOBS
from workflow.db import reading, writing
from workflow.jobs import run_due
from workflow.model import cases

stages.load()


def test_a_settled_month_is_cleared(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    monkeypatch.setenv("GONGZHI_CLAIMS", str(tmp_path / "claims"))
    month = prepare(engine, start="2025-12-01").open("2025-12", "2026-01-01")
    month.import_sample(on="2026-01-04")
    month.reconcile_all("2026-01-05")
    month.jobs("2026-01-05")
    month.take("deduct", Role.AGENCY_CLERK, on="2026-01-06", member="lead", amount_fen=12_345, kind="inflow",
               decision_number="审〔2026〕1号", reason="重复收费")
    month.take("review", Role.AGENCY_REVIEWER, on="2026-01-06", verdict="agree")
    month.take("approve", Role.AGENCY_HEAD, on="2026-01-06", verdict="agree")
    if month.case.state == "approved":
        month.take("fund", Role.CITY_FINANCE_APPROVER, on="2026-01-07", document="样例用款〔2026〕1号")
    month.take("pay_to_lead", Role.AGENCY_CLERK, n=1, on="2026-01-08", bank_reference="B-1")
    month.take("distribute", Role.LEAD_FINANCE, on="2026-01-09", bank_reference="D-1")
    month.take("bank_proof", Role.LEAD_FINANCE, on="2026-01-09", bank_reference="R-1")
    assert month.case.state == "closed"
    with writing(engine) as connection:
        preceding.budgeted(connection, month.county, 120_000_000)
        preceding.assessed(connection, month.county, "fund")
    run_due(engine, moment("2026-01-10"), JOBS)
    with reading(engine) as connection:
        case = Case(*connection.execute(select(cases).where(cases.c.stage == "clearing")).one())
    facts = {"enter_facts": (Role.AGENCY_CLERK, {"fund_in_deficit": False}),
             "confirm_facts": (Role.CITY_FINANCE_REVIEWER, {})}  # fmt: skip
    for trigger, (role, data) in facts.items():
        door.take(engine, case.id, trigger, actor=month.actor(role), key=trigger, at=moment("2026-01-12"), data=data)
    ran = run_due(engine, moment("2026-01-12"), JOBS)
    assert [(one.status, one.error) for one in ran] == [("done", "")]
    with reading(engine) as connection:
        cleared = Attempt(connection, Case(*connection.execute(select(cases).where(cases.c.id == case.id)).one()),
                          SYSTEM, moment("2026-01-13"))
        results = cleared.results
        assert results["charged_fen"] == TOTALS["own_fen"] + TOTALS["away_fen"]
        assert all(results["identities"].values())
        assert results["entitlement_fen"] == (
            TOTALS["own_fen"] + TOTALS["inflow_fen"] - 12_345 + results["retained_fen"]
        )
        assert ledger.check_journals(connection) == []
