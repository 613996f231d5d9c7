"""A year with a red-letter supplement is cleared: the month and its correction count once, and the identities hold."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from tests.clearing import preceding
from tests.settlement.months import TOTALS, Month, moment, prepare
from workflow import door, files, ledger, stages
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.clearing.jobs import JOBS
from workflow.db import reading, writing
from workflow.jobs import run_due
from workflow.model import cases
from workflow.settlement import supplements

stages.load()


def open_december(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Month:
    """December 2025, the only month of the year, calculated."""
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    monkeypatch.setenv("GONGZHI_CLAIMS", str(tmp_path / "claims"))
    month = prepare(engine, start="2025-12-01").open("2025-12", "2026-01-01")
    month.import_sample(on="2026-01-04")
    month.reconcile_all("2026-01-05")
    month.jobs("2026-01-05")
    return month


def finished(month: Month) -> Month:
    """The month closed; the year's budget and assessment are there."""
    decided(month)
    with writing(month.engine) as connection:
        preceding.budgeted(connection, month.county, 120_000_000)
        preceding.assessed(connection, month.county, "fund")
    return month


@pytest.fixture
def december(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Month:
    """December 2025, closed; budget and assessment are there."""
    return finished(open_december(engine, monkeypatch, tmp_path))


def decided(month: Month) -> None:
    """Reviewed, approved, paid and received, as far as there is something to pay."""
    month.take("review", Role.AGENCY_REVIEWER, on="2026-01-06", verdict="agree")
    month.take("approve", Role.AGENCY_HEAD, on="2026-01-06", verdict="agree")
    if month.case.state == "closed":
        return
    month.take("fund", Role.CITY_FINANCE_APPROVER, on="2026-01-07", document="样例用款〔2026〕1号")
    month.take("pay_to_lead", Role.AGENCY_CLERK, n=1, on="2026-01-08", bank_reference="B-1")
    month.take("distribute", Role.LEAD_FINANCE, on="2026-01-09", bank_reference="D-1")
    if month.case.state != "closed":
        month.take("bank_proof", Role.LEAD_FINANCE, on="2026-01-09", bank_reference="R-1")


def supplemented(month: Month, *lines: dict[str, Any]) -> None:
    with writing(month.engine) as connection:
        month.case_id = supplements.begin(
            connection, actor=month.actor(Role.AGENCY_CLERK), at=moment("2026-01-06"), month=month.case_id,
            reason="复查更正", evidence=files.keep("复查意见".encode(), "evidence.txt"),
        )  # fmt: skip
    for line in lines:
        month.take("correct", Role.AGENCY_CLERK, on="2026-01-06", note="复查", **line)


def clearing_of(month: Month) -> Attempt:
    """The clearing once its job has done what it can."""
    ran = run_due(month.engine, moment("2026-01-12"), JOBS)
    assert all(one.status == "done" for one in ran)
    with reading(month.engine) as connection:
        case = Case(*connection.execute(select(cases).where(cases.c.stage == "clearing")).one())
        found = Attempt(connection, case, SYSTEM, moment("2026-01-13"))
        assert found.dossier is not None
    return found


def with_facts(month: Month) -> None:
    number = clearing_of(month).case.id
    facts = {"enter_facts": (Role.AGENCY_CLERK, {"fund_in_deficit": False}),
             "confirm_facts": (Role.CITY_FINANCE_REVIEWER, {})}  # fmt: skip
    for trigger, (role, data) in facts.items():
        door.take(
            month.engine, number, trigger, actor=month.actor(role), key=trigger, at=moment("2026-01-12"), data=data
        )


def test_more_and_less_are_cleared_with_their_month(december: Month) -> None:
    supplemented(
        december,
        {"what": "own", "member": "town-1", "category": "item", "amount_fen": 200_000},
        {"what": "own", "member": "lead", "category": "drg", "amount_fen": -500_000},
        {"what": "rejected_inflow", "member": "lead", "amount_fen": 30_000},
        {"what": "away", "amount_fen": 11},
    )  # fmt: skip
    decided(december)
    with_facts(december)
    cleared = clearing_of(december)
    results = cleared.results
    assert cleared.dossier["months"] == ["2025-12"]
    assert results["charged_fen"] == TOTALS["own_fen"] - 300_000 + TOTALS["away_fen"] + 11
    assert results["entitlement_fen"] == (
        TOTALS["own_fen"] + TOTALS["inflow_fen"] - 300_000 - 30_000 + results["retained_fen"]
    )
    assert results["identities"] == {"months": True, "budget": True, "bridge": True}
    with reading(december.engine) as connection:
        assert ledger.check_journals(connection) == []


def test_a_year_waits_for_its_supplement(december: Month) -> None:
    supplemented(december, {"what": "own", "member": "town-1", "category": "item", "amount_fen": 200_000})
    with_facts(december)
    assert clearing_of(december).case.state == "open"
    december.take("withdraw", Role.AGENCY_CLERK, on="2026-01-07", reason="依据有误")
    cleared = clearing_of(december)
    assert cleared.case.state == "calculated"
    assert cleared.results["charged_fen"] == TOTALS["own_fen"] + TOTALS["away_fen"]


def test_a_special_case_settled_in_its_month_is_not_counted_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    month = open_december(engine, monkeypatch, tmp_path)
    month.take(
        "add_special", Role.AGENCY_CLERK, on="2026-01-05", what="special", member="town-1", category="drg",
        amount_fen=1_000_000, document="特例〔2026〕1号", reason="费用极高病例",
        evidence=files.keep(b"opinion", "opinion.txt"),
    )  # fmt: skip
    finished(month)
    with_facts(month)
    cleared = clearing_of(month)
    assert cleared.results["charged_fen"] == TOTALS["own_fen"] + 1_000_000 + TOTALS["away_fen"]
    assert all(cleared.results["identities"].values())
    line = {"kind": "own", "member": "town-1", "fen": 1_000_000, "reason": "特例单议"}
    for member, said in (("town-1", "特例〔2026〕1号"), ("town-2", "")):
        given = {"fund_in_deficit": False, "adjustments": [line | {"member": member}]}
        with pytest.raises(Refused, match=said) if said else nullcontext():
            door.take(
                engine, cleared.case.id, "enter_facts", actor=month.actor(Role.AGENCY_CLERK), key=f"again-{member}",
                at=moment("2026-01-13"), data=given,
            )  # fmt: skip
