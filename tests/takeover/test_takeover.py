"""A takeover: what it needs, who may not take part twice, and what it books."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from governance.refusal import Refused
from governance.roles import Role
from tests.people import SINCE, County
from tests.self_assessment.filing import county_on, state_of, take
from tests.takeover.proposing import AT, GIVEN, OPENING, TIERS, proposed
from workflow import ledger, lifecycle
from workflow.attempt import Actor
from workflow.city_ruling.model import recognition_in_force
from workflow.db import reading, writing
from workflow.model import cases
from workflow.organisations.model import memberships, seats
from workflow.takeover.commands import begin
from workflow.takeover.model import candidates, confirmed


def refusal(engine: Engine, case_id: int, trigger: str, actor: Actor, **data: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        take(engine, case_id, trigger, actor, AT, **data)
    return caught.value


def checked(engine: Engine, county: County, **instead: Any) -> int:
    case_id = proposed(engine, county, **instead)
    assert take(engine, case_id, "check", county.actor(Role.AGENCY_REVIEWER), AT, verdict="agree") == "checked"
    return case_id


def other_seat(engine: Engine, actor: Actor, role: Role) -> Actor:
    """The same person in a second post of the same organisation."""
    with writing(engine) as connection:
        seat = connection.execute(
            seats.insert()
            .values(person_id=actor.person_id, organisation_id=actor.organisation_id, role=str(role), since=SINCE)
            .returning(seats.c.id)
        ).scalar_one()
    return replace(actor, seat_id=seat, role=role)


def test_three_people_take_over_and_the_opening_balances_are_booked(engine: Engine) -> None:
    county = county_on(engine)
    case_id = checked(engine, county)
    assert take(engine, case_id, "confirm", county.actor(Role.AGENCY_HEAD), AT, verdict="agree") == "confirmed"
    with reading(engine) as connection:
        body = confirmed(connection, county.consortium_id)
        assert body is not None
        assert body["consortium"] == county.code
        assert body["opening"] == OPENING
        assert body["agreement"] == {
            "number": "样协2025-1", "start": "2025-01-01", "end": "2025-12-31", "answers": GIVEN["answers"],
            "prepayment_fen": {"resident": 500_000_00},
        }
        booked = {
            name: ledger.balance(connection, account=name, book=f"{county.code}/resident")
            for name in ("prepayment", "deposit", "carry", "opening")
        }
        assert booked == {
            "prepayment": 500_000_00, "deposit": -30_000_00, "carry": 120, "opening": -(500_000_00 - 30_000_00 + 120)
        }
        assert ledger.check_journals(connection) == []
        recognition = recognition_in_force(connection, county.consortium_id, date(2025, 1, 1))
        assert recognition is not None
        assert recognition.document_number == "样医保发〔2023〕8号"


def test_nothing_is_booked_when_everything_opens_at_zero(engine: Engine) -> None:
    county = county_on(engine)
    zero = {"resident": {"prepayment_fen": 0, "deposit_fen": 0, "budget_used_fen": 0, "carry": {}}}
    case_id = checked(engine, county, opening=zero)
    take(engine, case_id, "confirm", county.actor(Role.AGENCY_HEAD), AT, verdict="agree")
    with reading(engine) as connection:
        assert ledger.balance(connection, account="opening") == 0


@pytest.mark.parametrize(
    ("instead", "fact", "words"),
    [
        ({"recognition_document": ""}, "recognition", "认定文件"),
        ({"recognition_date": ""}, "recognition", "认定文件"),
        ({"agreement_number": ""}, "agreement", "协议编号"),
        ({"agreement_end": None}, "agreement", "起止日期"),
        ({"effective": ""}, "effective", "接入日期"),
        ({"agreement_start": "2025-02-01"}, "effective", "不在协议期"),
        ({"answers": {"clearing.overrun": TIERS}}, "settlement.deposit_ratio", "保证金"),
        ({"opening": {}}, "opening.resident", "期初余额"),
        ({"pools": [], "opening": {}, "prepayment_fen": {}}, "pools", "险种"),
    ],
)
def test_what_is_missing_is_named_before_the_check(
    engine: Engine, instead: dict[str, Any], fact: str, words: str
) -> None:
    county = county_on(engine)
    case_id = proposed(engine, county, **instead)
    found = refusal(engine, case_id, "check", county.actor(Role.AGENCY_REVIEWER), verdict="agree").refusals
    assert [one.fact for one in found] == [fact]
    assert words in str(found[0].reason)
    assert state_of(engine, case_id) == "proposed"


def test_a_lead_without_members_cannot_be_taken_over(engine: Engine) -> None:
    county = county_on(engine)
    with writing(engine) as connection:
        connection.execute(
            memberships.update()
            .where(memberships.c.organisation_id != county.organisations["lead"])
            .values(until=date(2021, 1, 1))
        )
    opening = {"resident": OPENING["resident"] | {"carry": {}}}
    case_id = proposed(engine, county, opening=opening)
    found = refusal(engine, case_id, "check", county.actor(Role.AGENCY_REVIEWER), verdict="agree")
    assert [one.fact for one in found.refusals] == ["members"]


@pytest.mark.parametrize(
    ("instead", "field"),
    [
        ({"effective": "2025-13-01"}, "effective"),
        ({"agreement_end": "2024-12-31"}, "agreement_end"),
        ({"recognition_date": "2025-06-01", "effective": "2025-07-01"}, "recognition_date"),
        ({"effective": "2023-01-01"}, "effective"),
        ({"opening": {"resident": OPENING["resident"] | {"deposit_fen": -1}}}, "opening.resident.deposit_fen"),
        ({"opening": {"resident": OPENING["resident"] | {"prepayment_fen": 1.5}}}, "opening.resident.prepayment_fen"),
        ({"opening": {"resident": OPENING["resident"] | {"carry": {"nobody": 1}}}}, "opening.resident.carry"),
        ({"opening": {"employee": OPENING["resident"]}}, "opening"),
        ({"prepayment_fen": {"resident": -5}}, "prepayment_fen.resident"),
        ({"pools": ["resident", "others"]}, "pools"),
        ({"answers": {"settlement.deposit_ratio": "five"}}, "settlement.deposit_ratio"),
    ],
)
def test_wrong_input_is_refused_by_field(engine: Engine, instead: dict[str, Any], field: str) -> None:
    county = county_on(engine)
    with pytest.raises(Refused) as caught:
        proposed(engine, county, **instead)
    assert field in [one.field for one in caught.value.refusals]


def test_a_deposit_above_the_ceiling_is_refused_at_confirmation(engine: Engine) -> None:
    county = county_on(engine)
    case_id = checked(engine, county, answers=GIVEN["answers"] | {"settlement.deposit_ratio": "0.06"})
    found = refusal(engine, case_id, "confirm", county.actor(Role.AGENCY_HEAD), verdict="agree")
    assert [one.rule for one in found.refusals] == ["settlement.deposit_ratio"]


def test_a_database_without_the_demo_mark_refuses_sample_places(engine: Engine) -> None:
    county = county_on(engine, demo=False)
    with pytest.raises(Refused, match="样例规则"):
        proposed(engine, county)


def test_one_takeover_at_a_time_and_none_after_a_confirmed_one(engine: Engine) -> None:
    county = county_on(engine)
    case_id = proposed(engine, county)
    with pytest.raises(Refused, match="已经接入"):
        proposed(engine, county)
    with reading(engine) as connection:
        assert candidates(connection, county.city) == []
    take(engine, case_id, "withdraw", county.actor(Role.AGENCY_CLERK), AT, reason="选错了医共体")
    with reading(engine) as connection:
        assert [one.code for one in candidates(connection, county.city)] == [county.code]
    assert proposed(engine, county) != case_id


def test_only_a_clerk_of_the_agency_proposes(engine: Engine) -> None:
    county = county_on(engine)
    for role in (Role.AGENCY_HEAD, Role.LEAD_CLERK):
        with pytest.raises(lifecycle.NotFound), writing(engine) as connection:
            begin(connection, actor=county.actor(role), at=AT, consortium=county.code, **GIVEN)


def test_who_proposed_neither_checks_nor_confirms(engine: Engine) -> None:
    county = county_on(engine)
    case_id = proposed(engine, county)
    clerk = other_seat(engine, county.actor(Role.AGENCY_CLERK), Role.AGENCY_REVIEWER)
    assert refusal(engine, case_id, "check", clerk, verdict="agree").refusals[0].fact == "duty"
    reviewer = county.actor(Role.AGENCY_REVIEWER)
    take(engine, case_id, "check", reviewer, AT, verdict="agree")
    head = other_seat(engine, reviewer, Role.AGENCY_HEAD)
    assert refusal(engine, case_id, "confirm", head, verdict="agree").refusals[0].fact == "duty"


def test_a_return_is_revised_and_checked_again(engine: Engine) -> None:
    county = county_on(engine)
    reviewer, head = county.actor(Role.AGENCY_REVIEWER), county.actor(Role.AGENCY_HEAD)
    case_id = checked(engine, county)
    refusal(engine, case_id, "send_back", head, reason=" ")
    assert take(engine, case_id, "send_back", head, AT, reason="余额不符") == "proposed"
    assert refusal(engine, case_id, "check", reviewer, verdict="agree").refusals[0].fact == "returned"
    refusal(engine, case_id, "confirm", head, verdict="agree")
    take(engine, case_id, "revise", county.actor(Role.AGENCY_CLERK), AT, **(GIVEN | {"agreement_number": "样协2025-2"}))
    assert take(engine, case_id, "check", reviewer, AT, verdict="agree") == "checked"
    assert take(engine, case_id, "confirm", head, AT, verdict="agree") == "confirmed"


def test_disagreement_is_a_return_never_a_step_forward(engine: Engine) -> None:
    county = county_on(engine)
    case_id = proposed(engine, county)
    refusal(engine, case_id, "check", county.actor(Role.AGENCY_REVIEWER), verdict="disagree", opinion="不对")
    assert state_of(engine, case_id) == "proposed"


def test_a_page_from_before_a_revision_is_stale(engine: Engine) -> None:
    county = county_on(engine)
    case_id = proposed(engine, county)
    with reading(engine) as connection:
        row = connection.execute(cases.select().where(cases.c.id == case_id)).one()
    seen = f"{row.revision}:{row.subject_hash[:16]}"
    take(engine, case_id, "revise", county.actor(Role.AGENCY_CLERK), AT, **(GIVEN | {"agreement_number": "样协2025-2"}))
    with pytest.raises(lifecycle.Stale), writing(engine) as connection:
        lifecycle.take(
            connection, case_id, "check", actor=county.actor(Role.AGENCY_REVIEWER), at=AT,
            data={"verdict": "agree"}, seen=seen,
        )
