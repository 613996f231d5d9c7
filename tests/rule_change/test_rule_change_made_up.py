"""A rule that works backwards: each closed month gets its supplement once, running ones are decided anew, the rest not.

The month of March 2025 keeps five per cent of 98 million fen as a deposit, rounded member by member. A document of
April says three per cent from 1 March on: what was kept too much is paid by a supplement that people decide on.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text

from governance.refusal import Refused
from governance.roles import Role
from tests.calendar.test_calendar_page import enter
from tests.rule_change.changing import City, city_with_month, moment
from tests.settlement.months import Month, prepare
from tests.settlement.test_settlement_supplements import approve, everything_of, pay
from workflow import files, ledger, rules, stages
from workflow.db import reading, writing
from workflow.model import cases, rounds, worksheets
from workflow.occurrences import Due, run_one
from workflow.rule_change import owed
from workflow.rule_change.jobs import JOBS
from workflow.settlement import supplements

BACKWARDS = {"since": "2025-03-01", "backwards": True}
TOO_MUCH_FEN = 98_000_000 * 2 // 100 + 2
MAKE_UP = next(job for job in JOBS if job.name == owed.MAKE_UP)


def close(month: Month) -> None:
    """March 2025 paid to everyone."""
    month.take("fund", Role.CITY_FINANCE_APPROVER, on="2025-04-10", document="样例用款〔2025〕4号")
    month.take("pay_to_lead", Role.AGENCY_CLERK, on="2025-04-11", bank_reference="B-1", paid_on="2025-04-11")
    month.take("distribute", Role.LEAD_FINANCE, on="2025-04-14", bank_reference="D-1")
    month.take("bank_proof", Role.LEAD_FINANCE, on="2025-04-15", bank_reference="R-1")
    assert month.case.state == "closed"


@pytest.fixture
def city(engine: Engine) -> City:
    """The city after March 2025 was closed in its county."""
    found = city_with_month(engine)
    close(found.held["month"])
    return found


def of_period(engine: Engine, period: str = "2025-03") -> list[Any]:
    """Every settlement of a month, in the order in which they were opened."""
    query = select(cases.c.id, cases.c.serial, cases.c.state).where(
        cases.c.stage == "settlement", cases.c.period == period
    )
    with reading(engine) as connection:
        return list(connection.execute(query.order_by(cases.c.serial)).all())


def standings(city: City) -> list[dict[str, Any]]:
    due = city.content()[1]["supplementary"]["due"]
    with reading(city.engine) as connection:
        return owed.standings(connection, city.case_id, due)


def rounds_of(engine: Engine, case_id: int) -> list[tuple[int, str | None]]:
    query = select(rounds.c.round_no, rounds.c.outcome).where(rounds.c.case_id == case_id).order_by(rounds.c.round_no)
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_a_closed_month_gets_one_supplement_of_the_difference(city: City) -> None:
    month, engine = city.held["month"], city.engine
    first = month.case_id
    city.to_enacted(**BACKWARDS)
    assert [one["waits"] for one in standings(city)] == [owed.READY]
    assert [(one.job, one.due.scope, one.error) for one in city.jobs()] == [("make_up_for_rule", first, "")]
    assert city.jobs() == []
    (one,) = standings(city)
    assert (one["outcome"], one["by_stage"], one["by_state"]) == ("supplement", "settlement", "calculated")
    assert [row.serial for row in of_period(engine)] == [1, 2]
    month.case_id = one["by"]
    dossier = month.content()[0]
    assert month.case.follows_id == first and dossier["supplement"]["rule_change"]["case"] == city.case_id
    assert dossier["supplement"]["evidence"] == city.content()[0]["scan"]
    results = dossier["difference"]["results"]
    assert (results["gross_fen"], results["deposit_fen"]) == (0, -TOO_MUCH_FEN)
    assert month.case.amount_fen == results["net_to_lead_fen"] == TOO_MUCH_FEN
    assert {line["key"] for line in dossier["difference"]["lines"]} >= {"deposit_fen", "members.lead.deposit_fen"}
    with reading(engine) as connection:
        kept = connection.execute(select(worksheets).where(worksheets.c.case_id == month.case_id)).one()
        old = connection.execute(select(worksheets).where(worksheets.c.case_id == first)).one()
        book = rules.book_at(connection, kept.place, kept.day, {"settlement.deposit_ratio": "0.05"})
    assert kept.book_digest == book.digest != old.book_digest


def test_people_decide_on_it_and_it_is_paid(city: City) -> None:
    month = city.held["month"]
    first, held_fen = month.case_id, month.balance("deposit")
    city.to_enacted(**BACKWARDS)
    city.jobs()
    before = everything_of(month, first)
    month.case_id = standings(city)[0]["by"]
    with pytest.raises(Refused, match="溯及以前的规则（样例医保发〔2025〕7号 第二条）开出，不能撤销"):
        month.take("withdraw", Role.AGENCY_CLERK, on="2025-06-03", reason="不想办")
    assert rounds_of(city.engine, month.case_id) == [(1, "open")]
    approve(month)
    pay(month)
    assert month.case.state == "closed" and everything_of(month, first) == before
    assert month.balance("deposit") - held_fen == TOO_MUCH_FEN
    assert month.balance("payable") == month.balance("owed") == month.balance("custody") == 0
    assert [one["by_state"] for one in standings(city)] == ["closed"]
    with reading(city.engine) as connection:
        assert ledger.check_journals(connection) == []


def test_a_month_being_paid_waits_until_it_is_closed(engine: Engine) -> None:
    city = city_with_month(engine).to_enacted(**BACKWARDS)
    assert city.jobs() == [] and [one["waits"] for one in standings(city)] == [owed.PAYING]
    close(city.held["month"])
    assert [one.status for one in city.jobs()] == ["done"]
    assert standings(city)[0]["by_state"] == "calculated"


@pytest.mark.parametrize("reviewed", [False, True])
def test_a_month_nobody_has_approved_is_calculated_again_and_decided_anew(engine: Engine, reviewed: bool) -> None:
    stages.load()
    month = prepare(engine)
    month.open()
    month.to_calculated()
    if reviewed:
        month.take("review", Role.AGENCY_REVIEWER, on="2025-04-09", verdict="agree", opinion="")
    before = month.case
    city = City(engine, month.county, held={"month": month}).to_enacted(**BACKWARDS)
    (due,) = city.content()[1]["supplementary"]["due"]
    assert (due["case"], due["running"]) == (month.case_id, True)
    assert month.case.subject_hash == before.subject_hash
    assert [one.status for one in city.jobs()] == ["done"] and city.jobs() == []
    assert month.case.state == "calculated" and month.case.subject_hash != before.subject_hash
    assert (month.case.amount_fen or 0) - (before.amount_fen or 0) == TOO_MUCH_FEN
    assert [outcome for _number, outcome in rounds_of(engine, month.case_id)] == ["void", "open"]
    assert len(of_period(engine)) == 1 and standings(city)[0]["outcome"] == "recalculated"
    with pytest.raises(Refused, match=r"经办意见|不能办理"):
        month.take("approve", Role.AGENCY_HEAD, on="2025-04-17", verdict="agree", opinion="")
    approve(month, on="2025-04-17")
    assert month.case.state == "approved"


def test_what_the_rule_does_not_change_is_left_alone(city: City) -> None:
    """From 1 April on: March stays as it is, and April, whose outcome is another one, is decided anew."""
    march, engine = city.held["month"], city.engine
    first = march.case_id
    march.open("2025-04", on="2025-05-01")
    march.import_sample(on="2025-05-02")
    march.reconcile_all("2025-05-08")
    march.jobs("2025-05-08")
    april = march.case_id
    before = everything_of(march, first)
    city.begin(on="2025-05-09", since="2025-04-01", backwards=True)
    city.jobs("2025-05-09")
    city.take("opine", Role.CITY_INSURANCE_REVIEWER, on="2025-05-09", verdict="agree", opinion="")
    city.take("decide", Role.CITY_INSURANCE_APPROVER, on="2025-05-09", verdict="agree", opinion="")
    city.take("enact", Role.CITY_INSURANCE_APPROVER, on="2025-05-09")
    progress = city.content()[1]["supplementary"]
    assert [one["case"] for one in progress["due"]] == [april] and progress["unaffected"] == 0
    assert [one.due.scope for one in city.jobs("2025-05-09")] == [april]
    assert everything_of(march, first) == before
    assert [outcome for _number, outcome in rounds_of(engine, first)] == ["passed"]


def test_a_rule_that_gives_the_same_amounts_reopens_nothing(city: City) -> None:
    city.to_enacted(value="0.05", **BACKWARDS)
    progress = city.content()[1]["supplementary"]
    assert (progress["due"], progress["unaffected"]) == ([], 1)
    assert city.jobs() == [] and len(of_period(city.engine)) == 1


def test_a_supplement_begun_by_hand_carries_it_or_gives_way(city: City) -> None:
    month, engine = city.held["month"], city.engine
    first = month.case_id
    with writing(engine) as connection:
        by_hand = supplements.begin(
            connection, actor=month.actor(Role.AGENCY_CLERK), at=moment("2025-04-15"), month=first, reason="漏报",
            evidence=files.keep(b"recheck", "recheck.txt"),
        )  # fmt: skip
    city.to_enacted(**BACKWARDS)
    assert city.jobs() == [] and [one["waits"] for one in standings(city)] == [owed.CALCULATING]
    month.case_id = by_hand
    month.take("withdraw", Role.AGENCY_CLERK, on="2025-04-17", reason="依据有误")
    assert [one.status for one in city.jobs()] == ["done"]
    assert [(row.serial, row.state) for row in of_period(engine)] == [
        (1, "closed"), (2, "withdrawn"), (3, "calculated"),
    ]  # fmt: skip


def test_worked_out_by_hand_it_is_made_up_already(city: City) -> None:
    month = city.held["month"]
    with writing(city.engine) as connection:
        by_hand = supplements.begin(
            connection, actor=month.actor(Role.AGENCY_CLERK), at=moment("2025-04-15"), month=month.case_id,
            reason="漏报", evidence=files.keep(b"recheck", "recheck.txt"),
        )  # fmt: skip
    city.to_enacted(**BACKWARDS)
    month.case_id = by_hand
    month.take("work_out", Role.AGENCY_CLERK, on="2025-04-17")
    assert month.case.amount_fen == TOO_MUCH_FEN
    city.jobs()
    (one,) = standings(city)
    assert (one["outcome"], one["by"]) == ("unchanged", by_hand) and len(of_period(city.engine)) == 2


def test_pressed_twice_or_by_two_schedulers_it_is_opened_once(city: City) -> None:
    city.to_enacted(**BACKWARDS)
    due = Due(city.held["month"].case_id, owed.period_of(city.case_id), moment("2025-04-16"))
    ran = [run_one(city.engine, MAKE_UP, due, due.due_at, forced=True) for _press in range(3)]
    assert [one and one.status for one in ran] == ["done", None, None]
    assert len(of_period(city.engine)) == 2
    with writing(city.engine) as connection:
        connection.execute(text("DELETE FROM occurrences"))
    late = run_one(city.engine, MAKE_UP, due, due.due_at)
    assert late is not None and late.status == "done" and len(of_period(city.engine)) == 2


def test_the_job_waits_its_turn_even_when_forced(engine: Engine) -> None:
    city = city_with_month(engine).to_enacted(**BACKWARDS)
    due = Due(city.held["month"].case_id, owed.period_of(city.case_id), moment("2025-04-16"))
    ran = run_one(engine, MAKE_UP, due, due.due_at, forced=True)
    assert ran is not None and ran.status == "failed" and "拨付办理中" in ran.error
    assert len(of_period(engine)) == 1
    assert "拨付办理中" in standings(city)[0]["error"]


def test_the_command_line_lists_what_is_made_up(city: City, app: Flask) -> None:
    city.to_enacted(**BACKWARDS)
    listed = app.test_cli_runner().invoke(args=["policy", "enacted"])
    assert listed.exit_code == 0 and "须补充：" in listed.output and "待开出" in listed.output, listed.output
    city.jobs()
    said = app.test_cli_runner().invoke(args=["policy", "enacted"]).output
    assert f"补充结算  /settlement/{standings(city)[0]['by']}（已计算）" in said and "19,600.02" in said
    (row,) = json.loads(app.test_cli_runner().invoke(args=["policy", "enacted", "--json"]).stdout)
    assert [one["by_state"] for one in row["made_up"]] == ["calculated"]


def test_the_page_lists_each_case_with_its_supplement(city: City, app: Flask) -> None:
    city.to_enacted(**BACKWARDS)
    reader = enter(app, city.engine, "city_insurance.city_insurance_reviewer.0")
    assert "待开出（定时任务）" in reader.get(f"/rule_change/{city.case_id}").text
    city.jobs()
    text = reader.get(f"/rule_change/{city.case_id}").text
    assert f'<a href="/settlement/{standings(city)[0]["by"]}">补充结算</a>　已计算' in text and "其他案件 0 件" in text
    clerk = enter(app, city.engine, "agency.agency_clerk.0").get(f"/settlement/{standings(city)[0]['by']}").text
    assert "由溯及以前的规则（样例医保发〔2025〕7号 第二条" in clerk and "还没有登记更正" not in clerk
