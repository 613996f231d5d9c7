"""A rule that works backwards over a year that is cleared: one supplementary clearing with what its months would be."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.clearing.test_clearing_supplement import finished, open_december, with_facts
from tests.rule_change.changing import HEAD, REVIEWER, City, moment
from tests.rule_change.test_rule_change_made_up import everything_of, of_period, standings
from tests.rule_change.test_rule_change_tally import PAYMENT
from tests.settlement.months import Month
from workflow import door
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.clearing.jobs import JOBS as CLEARING_JOBS
from workflow.db import reading, writing
from workflow.model import cases, occurrences
from workflow.occurrences import run_due

# About a hundredth more than the files of the sample have, so that the year stays below its budget.
SLIGHTLY_MORE = {**PAYMENT, "drg": {"rate_fen": "760000"}}
DECEMBER = {"since": "2025-12-01", "backwards": True}


@pytest.fixture
def month(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Month:
    """December 2025 closed, and its year calculated."""
    found = finished(open_december(engine, monkeypatch, tmp_path))
    with_facts(found)
    run_due(engine, moment("2026-01-12"), CLEARING_JOBS)
    return found


def clearings(engine: Engine) -> list[Any]:
    with reading(engine) as connection:
        return list(connection.execute(select(cases).where(cases.c.stage == "clearing").order_by(cases.c.serial)).all())


def on_clearing(month: Month, trigger: str, role: Role, on: str, n: int = 0, **data: Any) -> None:
    number = clearings(month.engine)[-1].id
    door.take(
        month.engine, number, trigger, actor=month.actor(role, n=n), key=f"{trigger}-{role}-{number}-{on}",
        at=moment(on), data=data,
    )  # fmt: skip


def close_year(month: Month) -> None:
    """Reconciled, approved by both bureaus, settled and passed on."""
    on_clearing(month, "confirm", Role.LEAD_HEAD, "2026-01-20")
    for bureau in ("CITY_INSURANCE", "CITY_FINANCE"):
        on_clearing(month, "review", Role[f"{bureau}_REVIEWER"], "2026-01-21", verdict="agree")
        on_clearing(month, "decide", Role[f"{bureau}_APPROVER"], "2026-01-22", verdict="agree")
    on_clearing(month, "settle", Role.AGENCY_CLERK, "2026-01-25", n=1, bank_reference="B1")
    on_clearing(month, "distribute", Role.LEAD_FINANCE, "2026-01-26", bank_reference="D1")
    if clearings(month.engine)[-1].state != "closed":
        on_clearing(month, "bank_proof", Role.LEAD_FINANCE, "2026-01-27", bank_reference="R1")
    assert clearings(month.engine)[-1].state == "closed"


def enacted(month: Month, **changes: Any) -> City:
    """A rule enacted backwards in February 2026."""
    city = City(month.engine, month.county, held={"month": month})
    city.begin(on="2026-02-02", issued_on="2026-02-01", **changes)
    city.jobs("2026-02-02")
    city.take("opine", REVIEWER, on="2026-02-03", verdict="agree", opinion="")
    city.take("decide", HEAD, on="2026-02-03", verdict="agree", opinion="")
    city.take("enact", HEAD, on="2026-02-03")
    return city


def dossier_of(engine: Engine, row: Any) -> dict[str, Any]:
    with reading(engine) as connection:
        return Attempt(connection, Case(*row), SYSTEM, moment("2026-02-03")).dossier


def test_a_closed_year_is_cleared_once_more_with_what_its_months_would_be(month: Month) -> None:
    close_year(month)
    first, december = clearings(month.engine)[0].id, month.case_id
    before = everything_of(month, first), everything_of(month, december)
    city = enacted(month, rule="settlement.payment", value=json.dumps(SLIGHTLY_MORE), **DECEMBER)
    (due,) = city.content()[1]["supplementary"]["due"]
    assert due["case"] == december
    assert [one.error for one in city.jobs("2026-02-04")] == [""] and city.jobs("2026-02-04") == []
    (one,) = standings(city)
    assert (one["outcome"], one["by_stage"], one["by_state"]) == ("clearing", "clearing", "open")
    with writing(month.engine) as connection:
        connection.execute(occurrences.delete())
    assert [one.error for one in city.jobs("2026-02-04")] == [""] and standings(city)[0]["by"] == one["by"]
    assert len(clearings(month.engine)) == 2
    again = clearings(month.engine)[-1]
    assert (again.serial, again.follows_id, len(of_period(month.engine, "2025-12"))) == (2, first, 1)
    lines = dossier_of(month.engine, again)["entered"]["adjustments"]
    assert {line["kind"] for line in lines} <= {"own", "inflow"} and "样例医保发〔2025〕7号" in lines[0]["reason"]
    moved = Counter[str]()
    for line in lines:
        moved[line["kind"]] += line["fen"]
    with reading(month.engine) as connection:
        found = Attempt(connection, Case(*again), SYSTEM, moment("2026-02-04")).dossier["before"]["results"]
    on_clearing(month, "confirm_facts", Role.CITY_FINANCE_REVIEWER, "2026-02-05")
    assert [one.error for one in run_due(month.engine, moment("2026-02-05"), CLEARING_JOBS)] == [""]
    results = dossier_of(month.engine, clearings(month.engine)[-1])["worksheet"]["results"]
    assert results["charged_fen"] - found["charged_fen"] == moved["own"]
    assert all(results["identities"].values())
    assert everything_of(month, first) == before[0]
    assert [row[0] for row in everything_of(month, december)][:1] == [row[0] for row in before[1]][:1]


def test_a_rule_of_the_clearing_itself_clears_the_closed_year_again(month: Month) -> None:
    close_year(month)
    bands = {"by": "score", "bands": [{"from": "60", "ratio": "0.5"}], "fails_below": "60"}
    city = enacted(month, rule="clearing.retention", value=json.dumps(bands), since="2025-01-01", backwards=True)
    (due,) = city.content()[1]["supplementary"]["due"]
    assert (due["stage"], due["case"]) == ("clearing", clearings(month.engine)[0].id)
    assert [one.error for one in city.jobs("2026-02-04")] == [""]
    again = clearings(month.engine)[-1]
    assert (again.serial, again.state) == (2, "open")
    body = dossier_of(month.engine, again)
    assert body["entered"]["adjustments"] == [] and body["rule_change"]["case"] == city.case_id


def test_only_the_deposit_of_a_cleared_year_is_for_people_to_say(month: Month) -> None:
    close_year(month)
    city = enacted(month, **DECEMBER)
    assert [one.error for one in city.jobs("2026-02-04")] == [""]
    assert standings(city)[0]["outcome"] == "by_hand" and len(clearings(month.engine)) == 1


def test_a_reconciled_year_is_calculated_anew_and_waits_for_its_month(month: Month) -> None:
    on_clearing(month, "confirm", Role.LEAD_HEAD, "2026-01-20")
    on_clearing(month, "review", Role.CITY_INSURANCE_REVIEWER, "2026-01-21", verdict="agree")
    city = enacted(month, **DECEMBER)
    assert [one.error for one in city.jobs("2026-02-04")] == [""]
    assert standings(city)[0]["by_state"] == "calculated" and standings(city)[0]["by_stage"] == "settlement"
    assert [row.state for row in clearings(month.engine)] == ["calculated"]


def test_a_year_whose_clearing_is_being_paid_waits(month: Month) -> None:
    on_clearing(month, "confirm", Role.LEAD_HEAD, "2026-01-20")
    for bureau in ("CITY_INSURANCE", "CITY_FINANCE"):
        on_clearing(month, "review", Role[f"{bureau}_REVIEWER"], "2026-01-21", verdict="agree")
        on_clearing(month, "decide", Role[f"{bureau}_APPROVER"], "2026-01-22", verdict="agree")
    city = enacted(month, **DECEMBER)
    assert city.jobs("2026-02-04") == [] and standings(city)[0]["waits"] == "clearing"
