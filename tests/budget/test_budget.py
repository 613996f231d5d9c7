"""A year's budget from its facts to its issue and adjustment."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from tests.agreement.signing import at_day, county_of, look, take
from tests.budget.budgeting import (
    AT,
    FACTORS,
    FACTS,
    POOL_BUDGET_FEN,
    RECORD,
    budgets,
    calculated,
    consulted,
    decide,
    issued,
    opened,
)
from tests.people import County
from workflow import lifecycle
from workflow.attempt import SYSTEM
from workflow.budget.machine import STAGE
from workflow.budget.model import BudgetFigure, State, figure
from workflow.db import reading, writing
from workflow.model import cases, tasks
from workflow.organisations.model import organisations

DOCUMENT = {"document_number": "样医保〔2025〕1号"}


def names(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {one.field or one.fact or one.rule for one in refused.value.refusals}


def figure_of(engine: Engine, county: County, year: int = 2025) -> BudgetFigure:
    with reading(engine) as connection:
        found = figure(connection, county.consortium_id, "resident", year)
    assert found is not None
    return found


def test_from_facts_to_issue(engine: Engine) -> None:
    county = county_of(engine)
    case_id = issued(engine, county)
    (case,) = budgets(engine, county.consortium_id)
    assert case.amount_fen == POOL_BUDGET_FEN
    found = figure_of(engine, county)
    assert found == BudgetFigure(case_id, "issued", POOL_BUDGET_FEN, None, True, True)
    _state, dossier, progress = look(engine, case_id)
    assert dossier["facts"]["consortia"][0]["factors"]["insured"] == 300000
    assert progress["issued"] == [
        {"amount_fen": POOL_BUDGET_FEN, "document": "样医保〔2025〕3号", "on": "2025-01-06"}
    ]


def test_only_the_bureau_that_prepares_is_waited_for(engine: Engine) -> None:
    county = county_of(engine)
    case_id = opened(engine, county)
    with reading(engine) as connection:
        query = select(tasks.c.trigger, tasks.c.role).where(tasks.c.case_id == case_id)
        waiting = {tuple(row) for row in connection.execute(query)}
    assert waiting == {("calculate", "city_insurance_reviewer")}
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "calculate", county.actor(Role.COUNTY_INSURANCE_REVIEWER), facts=FACTS)
    assert names(refused) == {"bureau"}


@pytest.mark.parametrize(
    ("instead", "fact"),
    [
        ({"basis": "income"}, "basis"),
        ({"basis": None}, "basis"),
        ({"pool_budget_fen": None}, "pool_budget_fen"),
        ({"pool_budget_fen": -1}, "pool_budget_fen"),
        ({"consortia": None}, "consortia"),
        ({"consortia": [{"consortium": "sample-a", "factors": {}}]}, "consortia[0].factors.service_volume"),
        ({"consortia": [{"consortium": "someone-else", "factors": FACTORS | {"insured": "1"}}]}, "consortium"),
        ({"carve_outs": [{"name": "x", "amount_fen": POOL_BUDGET_FEN + 1}]}, "carve_outs"),
        ({"approved_fen": POOL_BUDGET_FEN - 1}, "reason"),
    ],
)
def test_facts_that_are_missing_or_wrong_are_named(engine: Engine, instead: dict[str, Any], fact: str) -> None:
    county = county_of(engine)
    with pytest.raises(Refused) as refused:
        calculated(engine, county, **instead)
    assert fact in names(refused)


def test_another_amount_than_the_formulas_needs_its_reason(engine: Engine) -> None:
    county = county_of(engine)
    case_id = calculated(engine, county)
    clerk = county.actor(Role.CITY_INSURANCE_REVIEWER)
    with pytest.raises(Refused, match="须写明理由"):
        take(engine, case_id, "consult", clerk, **RECORD, approved_fen=POOL_BUDGET_FEN - 100)
    take(engine, case_id, "consult", clerk, **RECORD, approved_fen=POOL_BUDGET_FEN - 100, reason="扣除上年暂缓")
    _state, dossier, _progress = look(engine, case_id)
    assert dossier["worksheet"]["results"]["difference_fen"] == -100
    assert budgets(engine, county.consortium_id)[0].amount_fen == POOL_BUDGET_FEN - 100


def test_the_negotiation_is_on_record_with_everything_it_needs(engine: Engine) -> None:
    county = county_of(engine)
    case_id = calculated(engine, county)
    clerk = county.actor(Role.CITY_INSURANCE_REVIEWER)
    for wrong in ({"on": ""}, {"on": "2025-01-07"}, {"participants": " "}, {"summary": ""}, {"approved_fen": -1}):
        with pytest.raises(Refused) as refused:
            take(engine, case_id, "consult", clerk, **(RECORD | wrong))
        assert names(refused) == set(wrong)


def test_a_bureau_that_is_not_there_stops_the_round(engine: Engine) -> None:
    county = county_of(engine)
    case_id = calculated(engine, county)
    with writing(engine) as connection:
        connection.execute(
            organisations.update().where(organisations.c.code == "city_finance").values(place="demo-suixi")
        )
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "consult", county.actor(Role.CITY_INSURANCE_REVIEWER), **RECORD)
    assert names(refused) == {"parties.city_finance"}


def test_who_prepared_gives_no_opinion_and_reviewer_comes_first(engine: Engine) -> None:
    county = county_of(engine)
    case_id = consulted(engine, county)
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "opine", county.actor(Role.CITY_INSURANCE_REVIEWER), verdict="agree")
    assert names(refused) == {"duty"}
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "decide", county.actor(Role.CITY_FINANCE_APPROVER), verdict="agree")
    assert names(refused) == {"decision"}
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "opine", county.actor(Role.COUNTY_FINANCE_REVIEWER), verdict="agree")
    assert names(refused) == {"seat"}


@pytest.mark.parametrize("verdict", ["disagree", "return"])
def test_one_refusal_sends_it_back_to_its_calculation(engine: Engine, verdict: str) -> None:
    county = county_of(engine)
    case_id = consulted(engine, county)
    take(engine, case_id, "opine", county.actor(Role.CITY_FINANCE_REVIEWER), verdict="agree")
    said = {"verdict": verdict, "opinion": "口径不一致"}
    assert take(engine, case_id, "decide", county.actor(Role.CITY_FINANCE_APPROVER), **said) == "calculated"
    assert "consultation" not in look(engine, case_id)[1]
    assert not figure_of(engine, county).approved
    take(engine, case_id, "consult", county.actor(Role.CITY_INSURANCE_REVIEWER), **RECORD)
    assert decide(engine, county, case_id) == "approved"


def test_calculating_again_voids_what_was_negotiated(engine: Engine) -> None:
    county = county_of(engine)
    case_id = consulted(engine, county)
    clerk = county.actor(Role.CITY_INSURANCE_REVIEWER)
    with pytest.raises(Refused):
        take(engine, case_id, "recalculate", clerk, reason=" ")
    assert take(engine, case_id, "recalculate", clerk, reason="口径更正") == "calculated"
    other = FACTS | {"pool_budget_fen": 100_000_00, "carve_outs": []}
    assert take(engine, case_id, "calculate", clerk, facts=other) == "calculated"
    assert look(engine, case_id)[1]["worksheet"]["version"] == 2


def test_a_figure_is_issued_in_advance_without_waiting(engine: Engine) -> None:
    county = county_of(engine)
    case_id = opened(engine, county)
    head = county.actor(Role.CITY_INSURANCE_APPROVER)
    for wrong in ({"amount_fen": 0}, {"amount_fen": -5}, {"document_number": ""}, {"on": "2025-02-01"}):
        with pytest.raises(Refused) as refused:
            take(engine, case_id, "pre_issue", head, **({"amount_fen": 9_000_000_00} | DOCUMENT | wrong))
        assert names(refused) == set(wrong)
    assert take(engine, case_id, "pre_issue", head, amount_fen=9_000_000_00, **DOCUMENT) == "drafting"
    assert figure_of(engine, county) == BudgetFigure(case_id, "drafting", None, 9_000_000_00, False, False)


def test_issue_needs_a_document(engine: Engine) -> None:
    county = county_of(engine)
    case_id = consulted(engine, county)
    decide(engine, county, case_id)
    assert figure_of(engine, county).amount_fen is None
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "issue", county.actor(Role.CITY_INSURANCE_APPROVER), document_number=" ")
    assert names(refused) == {"document_number"}
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "issue", county.actor(Role.CITY_INSURANCE_REVIEWER), **DOCUMENT)
    assert names(refused) == {"role"}


def test_an_adjustment_is_decided_by_all_again(engine: Engine) -> None:
    county = county_of(engine)
    case_id = issued(engine, county)
    clerk, at = county.actor(Role.CITY_INSURANCE_REVIEWER), at_day("2025-08-01")
    for wrong in ({"approved_fen": 0}, {"reason": ""}, {"approved_fen": POOL_BUDGET_FEN}):
        with pytest.raises(Refused) as refused:
            take(engine, case_id, "adjust", clerk, at, **({"approved_fen": 1, "reason": "政策"} | wrong))
        assert names(refused) == set(wrong)
    more_fen = POOL_BUDGET_FEN + 5_000_00
    assert take(engine, case_id, "adjust", clerk, at, approved_fen=more_fen, reason="参保人数增加") == "adjusted"
    assert figure_of(engine, county).amount_fen == POOL_BUDGET_FEN
    assert decide(engine, county, case_id, at=at) == "approved"
    take(engine, case_id, "issue", county.actor(Role.CITY_INSURANCE_APPROVER), at, document_number="样医保〔2025〕9号")
    found = figure_of(engine, county)
    assert (found.amount_fen, found.state) == (more_fen, "issued")
    assert [one.get("reason") for one in look(engine, case_id)[2]["issued"]] == [None, "参保人数增加"]


def test_an_adjustment_refused_leaves_the_issued_budget(engine: Engine) -> None:
    county = county_of(engine)
    case_id = issued(engine, county)
    before = look(engine, case_id)[1]
    take(engine, case_id, "adjust", county.actor(Role.CITY_INSURANCE_REVIEWER), approved_fen=1_000_000_00, reason="试")
    take(engine, case_id, "opine", county.actor(Role.CITY_FINANCE_REVIEWER), verdict="agree")
    refusing = {"verdict": "disagree", "opinion": "不同意"}
    assert take(engine, case_id, "decide", county.actor(Role.CITY_FINANCE_APPROVER), **refusing) == "issued"
    assert look(engine, case_id)[1] == before
    assert budgets(engine, county.consortium_id)[0].amount_fen == POOL_BUDGET_FEN


def test_a_county_package_by_head_is_split_as_stated_and_approved_by_the_county(engine: Engine) -> None:
    county = county_of(engine, place="demo-suixi", city="cn-anhui")
    case_id = opened(engine, county)
    facts = {
        "risk_fund_increment_fen": 0,
        "catastrophic_premium_fen": 0,
        "approved_fen": 300_000_000_00,
        "reason": "按公布数取整",
        "consortia": [
            {"consortium": "sample-a", "amount_fen": 200_000_000_00},
            {"consortium": "other", "amount_fen": 100_000_000_00},
        ],
    }
    take(engine, case_id, "calculate", county.actor(Role.COUNTY_INSURANCE_REVIEWER), facts=facts)
    results = look(engine, case_id)[1]["worksheet"]["results"]
    assert results["package_fen"] == 300_000 * 105_000 * 99 // 100
    assert budgets(engine, county.consortium_id)[0].amount_fen == 200_000_000_00
    take(engine, case_id, "consult", county.actor(Role.COUNTY_INSURANCE_REVIEWER), **RECORD)
    assert decide(engine, county, case_id, "county") == "approved"
    take(engine, case_id, "issue", county.actor(Role.COUNTY_INSURANCE_APPROVER), **DOCUMENT)
    assert figure_of(engine, county).amount_fen == 200_000_000_00


def test_every_step_out_of_place_is_refused(engine: Engine) -> None:
    county = county_of(engine)
    triggers = {one.trigger for one in STAGE.steps}
    for serial, state in enumerate(State, start=1):
        with writing(engine) as connection:
            case_id = lifecycle.open_case(
                connection, "budget", county.consortium_id, actor=SYSTEM, at=AT, place=county.place, pool="resident",
                period="2030", serial=serial, dossier={"consortium": county.code},
            )
            connection.execute(cases.update().where(cases.c.id == case_id).values({"state": str(state)}))
        for trigger in triggers - {one.trigger for one in STAGE.steps_from(str(state))}:
            with pytest.raises(Refused) as refused:
                take(engine, case_id, trigger, SYSTEM)
            assert names(refused) == {"state"}, (state, trigger)
