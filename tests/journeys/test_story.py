"""The story as it ended: what is told, held against what the database keeps, figure by figure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from governance import sheets
from tests.journeys.conftest import Played
from workflow import guards, ledger, records, rules
from workflow.db import make_engine, moment_text, reading
from workflow.model import (
    cases,
    clocks,
    decisions,
    journals,
    postings,
    rounds,
    worksheets,
)
from workflow.model import records as record_rows
from workflow.organisations.model import consortia, memberships, organisations
from workflow.register import queries
from workflow.story import cast, ruled, script, summary

SUIXI = "demo-suixi"


@pytest.fixture(scope="module")
def held(played_story: Played) -> Iterator[Connection]:
    """A reading transaction on the story's end."""
    engine = make_engine(played_story.url)
    with reading(engine) as connection:
        yield connection
    engine.dispose()


def case_of(held: Connection, code: str, stage: str, period: str) -> Any:
    """The only case of a consortium's stage and period."""
    query = select(cases).join(consortia, consortia.c.id == cases.c.consortium_id)
    return held.execute(query.where(consortia.c.code == code, cases.c.stage == stage, cases.c.period == period)).one()


def sheet_of(held: Connection, code: str, stage: str, period: str) -> dict[str, Any]:
    """The current worksheet of that case, its facts beside its lines by key."""
    case = case_of(held, code, stage, period)
    query = select(worksheets).where(worksheets.c.case_id == case.id).order_by(worksheets.c.version.desc()).limit(1)
    row = held.execute(query).one()
    body = json.loads(row.body)
    lines = {line["key"]: line for line in body["lines"]}
    return {"facts": json.loads(row.facts), "agreement": json.loads(row.agreement), "lines": lines, **body["results"]}


def test_everything_stands_as_told(held: Connection) -> None:
    told = summary.summary(held)
    assert summary.not_as_told(told, script.TOLD) == []
    assert {consortium["code"] for consortium in told["consortia"]} == {*cast.BY_CODE, f"rules:{cast.CITY}"}
    assert told["clock"] == "2026-11-23T02:00:00.000000Z"


def test_a_case_that_is_not_as_told_is_named(held: Connection) -> None:
    told = summary.summary(held)
    wrong = script.TOLD | {("qingxi-e", "city_ruling", "2026"): "confirmed", ("qingxi-e", "clearing", "2026"): "open"}
    assert summary.not_as_told(told, wrong) == [
        "qingxi-e city_ruling 2026：应为 confirmed，实为 under_review", "qingxi-e clearing 2026：应为 open，实为 没有",
    ]


def test_trail_journals_and_guards_are_whole_and_the_demo_is_marked(held: Connection) -> None:
    assert records.verify(held) == []
    assert ledger.check_journals(held) == []
    assert guards.missing(held) == []
    assert rules.is_demo(held)


@pytest.mark.parametrize(
    ("code", "year"),
    [("suixi-1", "2024"), ("suixi-2", "2024"), ("beihe-a", "2025"), ("beihe-b", "2025"), ("qingxi-d", "2025")],
)
def test_every_clearing_holds_its_three_identities(held: Connection, code: str, year: str) -> None:
    sheet = sheet_of(held, code, "clearing", year)
    facts, months = sheet["facts"], sheet["facts"]["months"]
    assert sheet["identities"] == {"months": True, "budget": True, "bridge": True}
    billed_fen = months["gross_fen"] - months["audit_deduction_fen"]
    assert billed_fen == (
        months["deposit_fen"] + months["prepayment_offset_fen"] + months["net_fen"] + facts["opening_carry_fen"]
        - facts["open_carry_fen"]
    )
    charged_fen = facts["own_fen"] + facts["away_fen"]
    if sheet["surplus_fen"]:
        kept_fen = sheet["retained_fen"] + sheet["deferred_fen"] + sheet["returned_to_pool_fen"]
        assert facts["budget_fen"] == charged_fen + kept_fen
    else:
        shares_fen = sheet["fund_share_fen"] + sheet["own_share_fen"]
        assert facts["budget_fen"] + shares_fen == charged_fen - facts["rejected_own_fen"]
    earned_fen = facts["own_fen"] + facts["inflow_fen"] - facts["rejected_own_fen"] - facts["rejected_inflow_fen"]
    prepaid_fen = facts["prepayment_advanced_fen"] - facts["prepayment_repaid_fen"] - months["prepayment_offset_fen"]
    assert sheet["due_fen"] == (
        earned_fen - facts["penalties_fen"] - billed_fen + sheet["retained_fen"] - sheet["own_share_fen"]
        + sheet["deposit_returned_fen"] - prepaid_fen - facts["open_carry_fen"]
    )
    assert sum(one["entitlement_fen"] for one in sheet["members"].values()) == sum(
        (facts["own_fen"], facts["inflow_fen"], -facts["rejected_own_fen"], -facts["penalties_fen"])
    )


def test_the_plan_of_a_is_paid_to_every_member_to_the_fen(held: Connection) -> None:
    plan, sheet = case_of(held, "beihe-a", "surplus_plan", "2025"), sheet_of(held, "beihe-a", "surplus_plan", "2025")
    clearing = sheet_of(held, "beihe-a", "clearing", "2025")
    progress = json.loads(plan.progress)
    members = sheet["members"]
    assert plan.state == "completed" and set(members) == {code for code, _level in cast.BY_CODE["beihe-a"].members}
    assert sum(members.values()) == sheet["distributable_fen"] == sum(sheet["tiers"].values())
    assert sheet["distributable_fen"] + sheet["deductions_fen"] == clearing["retained_fen"]
    assert {code: one["fen"] for code, one in progress["receipts"].items()} == members
    for account in ("owed", "custody", "payable"):
        assert ledger.balance(held, account=account, case_ids=[plan.id]) == 0, account
    parties = select(postings.c.party, func.sum(postings.c.fen)).join(journals).where(journals.c.case_id == plan.id)
    for party, left_fen in held.execute(parties.where(postings.c.account == "owed").group_by(postings.c.party)):
        assert left_fen == 0, party
    paid = {
        row.party: row.fen
        for row in held.execute(
            select(postings.c.party, postings.c.fen).join(journals).where(
                journals.c.biz_key == f"surplus_plan:{plan.id}:distribute", postings.c.account == "owed"
            )
        )
    }
    risk_fund_fen = paid.pop("deduction:consortium_risk_fund")
    assert paid == members and risk_fund_fen == sheet["deductions_fen"] == 68_000_002
    assert sum(paid.values()) + risk_fund_fen == clearing["retained_fen"]
    assert ledger.balance(held, account="bank", case_ids=[plan.id]) == -clearing["retained_fen"]


def test_the_plan_of_a_was_returned_once_before_it_passed(held: Connection) -> None:
    plan = case_of(held, "beihe-a", "surplus_plan", "2025")
    query = select(rounds.c.ballot, rounds.c.outcome).where(rounds.c.case_id == plan.id).order_by(rounds.c.round_no)
    assert [tuple(row) for row in held.execute(query)] == [
        ("committee", "returned"), ("committee", "passed"), ("filing", "passed"), ("filing", "passed")]


@pytest.mark.parametrize(("code", "budget_fen"), [("suixi-1", 52_660_000_000), ("suixi-2", 25_720_000_000)])
def test_suixi_shows_its_published_figures(held: Connection, code: str, budget_fen: int) -> None:
    sheet = sheet_of(held, code, "budget", "2024")
    lines = sheet["lines"]
    assert sheet["consortia"] == {"suixi-1": 52_660_000_000, "suixi-2": 25_720_000_000}
    assert lines[f"consortia.{code}"]["amount_fen"] == budget_fen
    assert sheet["facts"]["insured"] == 840_480
    assert sheet["facts"]["catastrophic_premium_fen"] == 9_665_520_000
    raised = {one["name"]: one["value"] for one in lines["raised_fen"]["inputs"]}
    assert raised == {"insured": 840_480, "per_capita_fen": 105_000}
    formula_fen = Decimal(840_480 * 105_000 - 9_665_520_000) * Decimal("0.99")
    assert lines["formula_fen"]["amount_fen"] == int(formula_fen.quantize(Decimal(1), ROUND_HALF_UP))
    assert lines["difference_fen"]["amount_fen"] == 78_380_000_000 - lines["formula_fen"]["amount_fen"] == 580_968_800
    assert sheet["reason"] and not sheet["reason_missing"]
    assert sheet_of(held, code, "clearing", "2024")["facts"]["budget_fen"] == budget_fen


def test_the_overrun_of_b_is_cut_by_causes_and_ceiling(held: Connection) -> None:
    sheet = sheet_of(held, "beihe-b", "clearing", "2025")
    facts, budget_fen = sheet["facts"], sheet["facts"]["budget_fen"]
    overrun_fen = facts["own_fen"] + facts["away_fen"] - budget_fen
    caused_fen, ceiling_fen = sum(facts["overrun_causes"].values()), budget_fen // 10
    assert overrun_fen == sheet["overrun_fen"] == 3_240_000_000
    assert set(facts["overrun_causes"]) == {"policy", "force_majeure"}
    assert ceiling_fen < caused_fen < overrun_fen, "without either of them more would be shared"
    assert sheet["lines"]["shareable_fen"]["amount_fen"] == ceiling_fen
    borne_fen, reached_fen = 0, 0
    for tier in sheet["agreement"]["clearing.overrun"]:
        upper_fen = min(ceiling_fen, int(Decimal(tier["upto"]) * budget_fen))
        borne_fen += int(Decimal(tier["fund"]) * (upper_fen - reached_fen))
        reached_fen = upper_fen
    assert (borne_fen, overrun_fen - borne_fen) == (sheet["fund_share_fen"], sheet["own_share_fen"])
    assert borne_fen == 945_000_000 <= facts["risk_fund_fen"]
    shared = sheet_of(held, "beihe-b", "surplus_plan", "2025")["members"]
    assert sum(shared.values()) == sheet["own_share_fen"]


def test_a_month_of_a_is_paid_through_the_bank_to_the_fen(held: Connection) -> None:
    case = case_of(held, "beihe-a", "settlement", "2026-08")
    bank = json.loads(case.progress)["bank"]
    [batch], [reply] = bank["batches"], bank["replies"]
    assert case.state == "closed" and reply["batch"] == batch["no"]
    assert sorted(line["ref"] for line in batch["lines"]) == sorted(row["ref"] for row in reply["rows"])
    sheet = sheet_of(held, "beihe-a", "settlement", "2026-08")
    to_others = sum(one["net_fen"] for code, one in sheet["members"].items() if code != "beihe-a-lead")
    assert batch["total_fen"] == sum(line["fen"] for line in batch["lines"]) == to_others > 0


def test_a_register_waits_for_its_reviewer(held: Connection) -> None:
    [file] = queries.of_place(held, cast.BEIHE)
    assert (file.place, file.period, file.row_count, file.verdict) == (cast.BEIHE, "2027", 60, None)


def test_a_rule_was_changed_ahead_of_its_day(held: Connection) -> None:
    book = rules.rulebook(held).at(cast.CITY)
    before, after = (book.on(ruled.RULE, day) for day in (date(2027, 1, 31), ruled.SINCE))
    assert (after.value, after.since, after.cite.document) == ("15", ruled.SINCE, "样例：示范医保发〔2026〕45号")
    assert before.value != after.value and before.since < ruled.SINCE


def test_c_is_not_recognised_after_a_conference(held: Connection) -> None:
    case = case_of(held, "qingxi-c", "city_ruling", "2024")
    query = select(rounds.c.ballot, rounds.c.outcome).where(rounds.c.case_id == case.id).order_by(rounds.c.round_no)
    verbs = held.scalars(select(record_rows.c.verb).where(record_rows.c.case_id == case.id)).all()
    assert case.state == "not_recognised" and case.closed_at is not None
    assert [tuple(row) for row in held.execute(query)] == [("ruling", "failed"), ("conference", "failed")]
    assert verbs.index("confer") < verbs.index("record_conference") < verbs.index("refuse_recognition")


def test_d_asks_its_members(held: Connection) -> None:
    plan = case_of(held, "qingxi-d", "surplus_plan", "2025")
    members = cast.BY_CODE["qingxi-d"].members
    said = json.loads(plan.progress)["opinions"]
    assert plan.state == "consultation" and 0 < len(said) < len(members) - 1
    assert held.scalar(select(func.count()).select_from(journals).where(journals.c.case_id == plan.id)) == 0


def test_e_is_under_review_with_one_bureau_decided(held: Connection) -> None:
    case = case_of(held, "qingxi-e", "city_ruling", "2026")
    cast_now = held.execute(select(decisions).where(decisions.c.case_id == case.id)).all()
    decided = [one.seat_key for one in cast_now if one.link == "approve"]
    assert case.state == "under_review"
    assert held.scalars(select(rounds.c.outcome).where(rounds.c.case_id == case.id)).all() == ["open"]
    assert len(decided) == 1 and {one.seat_key for one in cast_now} == set(decided)


def test_a_clock_that_reaches_2027_is_provisional(held: Connection) -> None:
    found = held.execute(select(clocks.c.deadline, clocks.c.provisional)).all()
    assert {one.provisional for one in found if one.deadline.year >= 2027} == {True}
    assert {one.provisional for one in found if one.deadline.year < 2027} == {False}


def test_time_never_runs_backwards(held: Connection) -> None:
    for table in ("records", "journals", "dossiers", "worksheets", "decisions", "notices"):
        moments = held.exec_driver_sql(f"SELECT at FROM {table} ORDER BY rowid").scalars().all()
        assert moments and moments == sorted(moments), table
    before: dict[int, str] = {}
    for row in held.execute(select(record_rows).order_by(record_rows.c.case_id, record_rows.c.seq)):
        moment = moment_text(row.at)
        assert before.get(row.case_id, "") <= moment, (row.case_id, row.seq)
        before[row.case_id] = moment
    end = summary.summary(held)["clock"]
    assert max(before.values()) <= end


def test_every_worksheet_gives_the_same_bytes_again(held: Connection) -> None:
    found = held.execute(select(worksheets)).all()
    assert {row.sheet for row in found} == {
        "qualification", "budget", "monthly-settlement", "assessment", "annual-clearing", "surplus-plan"}
    for row in found:
        book = rules.book_at(held, row.place, row.day, json.loads(row.agreement))
        again = sheets.run(row.sheet, json.loads(row.facts), book).canonical()
        where = (row.case_id, row.version, row.sheet)
        assert again == row.body.encode(), where
        assert (hashlib.sha256(again).hexdigest(), book.digest) == (row.sha256, row.book_digest), where


def test_every_amount_of_a_case_is_its_worksheets(held: Connection) -> None:
    """The amount in the lists is a result of the case's current worksheet, not a figure of its own."""
    shown = held.execute(select(cases).where(cases.c.amount_fen.is_not(None))).all()
    assert {case.stage for case in shown} >= {"budget", "settlement", "clearing", "surplus_plan"}
    for case in shown:
        query = select(worksheets.c.body).where(worksheets.c.case_id == case.id)
        bodies = held.scalars(query.order_by(worksheets.c.version.desc())).all()
        if bodies:
            assert str(case.amount_fen) in bodies[0], (case.stage, case.period, case.amount_fen)


def test_no_journal_is_in_a_wrong_pool(held: Connection) -> None:
    names = dict(held.execute(select(consortia.c.id, consortia.c.code)).all())
    belongs: dict[str, set[str]] = {code: {code} for code in names.values()}
    of_member = select(memberships.c.consortium_id, organisations.c.code).join(organisations)
    for consortium_id, code in held.execute(of_member):
        belongs[names[consortium_id]].add(code)
    booked = held.execute(select(journals, cases.c.consortium_id, cases.c.pool).join(cases)).all()
    assert len(booked) == held.scalar(select(func.count()).select_from(journals))
    for row in booked:
        code = names[row.consortium_id]
        assert row.book == f"{code}/{row.pool or 'resident'}", row.biz_key
        parties = held.scalars(select(postings.c.party).where(postings.c.journal_id == row.id)).all()
        outside = {one for one in parties if not one.startswith(("deduction:", "public_health:"))} - belongs[code]
        assert not outside, (row.biz_key, outside)
