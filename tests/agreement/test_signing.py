"""An agreement from the draft to both signatures: what each step needs, and what is refused without it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from tests.agreement.signing import (
    DRAFT,
    agreements,
    at_day,
    county_of,
    drafted,
    lead_signed,
    look,
    opened,
    proposed,
    recognised,
    signed,
    take,
    tick,
)
from workflow import lifecycle
from workflow.agreement.machine import STAGE
from workflow.agreement.model import TERM_LABELS, State, terms_in_force
from workflow.attempt import SYSTEM
from workflow.db import reading, writing
from workflow.model import decisions, tasks


def facts_of(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {one.fact or one.rule or one.field for one in refused.value.refusals}


def test_from_ruling_to_force(engine: Engine) -> None:
    county = county_of(engine)
    case_id = signed(engine, county)
    state, dossier, progress = look(engine, case_id)
    assert state == "in_force"
    assert progress["signed_on"] == "2025-01-06"
    assert set(dossier["authorisations"]) == {"tcm", "town-1"}
    assert dossier["own_agreement"] == ["town-2"]
    assert "town-2" in dossier["members"]
    with reading(engine) as connection:
        given = connection.execute(select(decisions).where(decisions.c.case_id == case_id)).all()
        terms = terms_in_force(connection, county.consortium_id, at_day("2025-06-01").date())
        before = terms_in_force(connection, county.consortium_id, at_day("2024-12-31").date())
    assert len({row.subject_hash for row in given}) == 1
    assert len({row.person_id for row in given}) == 3
    assert before is None
    assert terms is not None
    assert terms.answers["settlement.deposit_ratio"] == "0.05"
    assert (terms.prepayment_fen, terms.pools) == ({"resident": 500_000_00}, ["resident"])


def test_it_opens_once_after_a_ruling(engine: Engine) -> None:
    county = county_of(engine)
    opened(engine, county)
    assert tick(engine, at_day("2025-01-07")) == []
    assert [case.period for case in agreements(engine, county.consortium_id)] == ["2025"]
    with reading(engine) as connection:
        waiting = connection.execute(select(tasks.c.trigger, tasks.c.role)).all()
    assert [tuple(row) for row in waiting] == [("draft", "agency_clerk")]


def test_a_ruling_late_in_the_year_opens_the_next_years(engine: Engine) -> None:
    county = county_of(engine)
    recognised(engine, county, at_day("2024-12-05"))
    tick(engine, at_day("2024-12-05"))
    assert [case.period for case in agreements(engine, county.consortium_id)] == ["2025"]


WITHOUT: list[tuple[dict[str, Any], set[str]]] = [
    ({"number": ""}, {"number"}),
    ({"start": ""}, {"start"}),
    ({"end": ""}, {"end"}),
    ({"end": "2026-01-01"}, {"end"}),
    ({"pools": [], "prepayment_fen": {}}, {"pools"}),
    ({"answers": {"clearing.overrun": DRAFT["answers"]["clearing.overrun"]}}, {"settlement.deposit_ratio"}),
    ({"answers": {"settlement.deposit_ratio": "0.05"}}, {"clearing.overrun"}),
    ({"answers": DRAFT["answers"] | {"settlement.deposit_ratio": "0.06"}}, {"settlement.deposit_ratio"}),
    ({"answers": DRAFT["answers"] | {"clearing.overrun": {"tiers": [{"upto": "2", "fund": "1.2"}]}}},
     {"clearing.overrun"}),
    ({"answers": DRAFT["answers"] | {"settlement.pay_lead_within": "90"}}, {"settlement.pay_lead_within"}),
    ({"overrun_circumstances": []}, {"overrun_circumstances"}),
    ({"prepayment_fen": {}}, {"prepayment_fen.resident"}),
    *[({"terms": {key: text for key, text in DRAFT["terms"].items() if key != left_out}}, {f"terms.{left_out}"})
      for left_out in TERM_LABELS],
]  # fmt: skip


def test_a_draft_lacking_anything_is_not_proposed(engine: Engine) -> None:
    county = county_of(engine)
    case_id = drafted(engine, county)
    clerk = county.actor(Role.AGENCY_CLERK)
    for instead, facts in WITHOUT:
        take(engine, case_id, "draft", clerk, **(DRAFT | instead))
        with pytest.raises(Refused) as refused:
            take(engine, case_id, "propose", clerk)
        assert facts_of(refused) == facts, instead
        assert all(str(one.reason) for one in refused.value.refusals)
    take(engine, case_id, "draft", clerk, **DRAFT)
    assert take(engine, case_id, "propose", clerk) == "authorising"


@pytest.mark.parametrize(
    ("instead", "field"),
    [
        ({"start": "2025-13-01"}, "start"),
        ({"end": "2024-12-31"}, "end"),
        ({"pools": ["farmers"]}, "pools"),
        ({"prepayment_fen": {"resident": -1}}, "prepayment_fen.resident"),
        ({"prepayment_fen": {"resident": True}}, "prepayment_fen.resident"),
        ({"prepayment_fen": {"employee": 100}}, "prepayment_fen"),
        ({"answers": {"settlement.deposit_ratio": "五"}}, "settlement.deposit_ratio"),
        ({"answers": {"settlement.deposit_ratio": 5}}, "settlement.deposit_ratio"),
        ({"terms": {"gossip": "x"}}, "terms"),
        ({"number": "长" * 201}, "number"),
    ],
)
def test_a_field_that_is_wrong_is_named(engine: Engine, instead: dict[str, Any], field: str) -> None:
    county = county_of(engine)
    case_id = opened(engine, county)
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "draft", county.actor(Role.AGENCY_CLERK), **(DRAFT | instead))
    assert field in {one.field for one in refused.value.refusals}


def test_nothing_is_signed_without_recognition(engine: Engine) -> None:
    county = county_of(engine)
    with writing(engine) as connection:
        case_id = lifecycle.open_case(
            connection, "agreement", county.consortium_id, actor=SYSTEM, at=at_day("2025-01-06"), place=county.place,
            period="2025", dossier={"consortium": county.code},
        )
    take(engine, case_id, "draft", county.actor(Role.AGENCY_CLERK), **DRAFT)
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "propose", county.actor(Role.AGENCY_CLERK))
    assert facts_of(refused) == {"recognition"}


def test_terms_that_overlap_another_agreement_are_refused(engine: Engine) -> None:
    county = county_of(engine)
    signed(engine, county)
    with writing(engine) as connection:
        second = lifecycle.open_case(
            connection, "agreement", county.consortium_id, actor=SYSTEM, at=at_day("2025-01-06"), place=county.place,
            period="2025", serial=2, dossier={"consortium": county.code},
        )
    clerk = county.actor(Role.AGENCY_CLERK)
    take(engine, second, "draft", clerk, **(DRAFT | {"start": "2025-12-31", "end": "2026-06-30"}))
    with pytest.raises(Refused) as refused:
        take(engine, second, "propose", clerk)
    assert facts_of(refused) == {"start"}


def test_authorisation_is_recorded_or_declined_and_never_the_leads(engine: Engine) -> None:
    county = county_of(engine)
    case_id = drafted(engine, county)
    take(engine, case_id, "propose", county.actor(Role.AGENCY_CLERK))
    with pytest.raises(Refused, match="不需要授权"):
        take(engine, case_id, "authorise", county.actor(Role.MEMBER_CLERK, "lead"))
    take(engine, case_id, "decline", county.actor(Role.MEMBER_HEAD, "town-2"), reason="自行签约")
    clerk = county.actor(Role.LEAD_CLERK)
    for wrong in ({"member": "lead"}, {"member": "nobody"}, {"document": " "}, {"on": "x"}, {"on": "2025-02-01"}):
        given = {"member": "tcm", "document": "授权书1", "on": "2025-01-05"} | wrong
        with pytest.raises(Refused) as refused:
            take(engine, case_id, "record_authorisation", clerk, **given)
        assert {one.field for one in refused.value.refusals} == set(wrong)
    take(engine, case_id, "record_authorisation", clerk, member="tcm", document="授权书1", on="2025-01-05")
    with pytest.raises(Refused, match="已经授权"):
        take(engine, case_id, "authorise", county.actor(Role.MEMBER_HEAD, "tcm"))
    _state, dossier, progress = look(engine, case_id)
    assert dossier["own_agreement"] == ["town-1", "town-2"]
    assert progress["declined"] == {"town-2": "自行签约"}
    with reading(engine) as connection:
        waiting = set(connection.scalars(select(tasks.c.organisation_id).where(tasks.c.trigger == "authorise")))
    assert waiting == {county.organisations["town-1"]}


def test_a_change_of_members_stops_the_signature(engine: Engine) -> None:
    from workflow.organisations.model import memberships

    county = county_of(engine)
    case_id = proposed(engine, county)
    with writing(engine) as connection:
        connection.execute(
            memberships.update()
            .where(memberships.c.organisation_id == county.organisations["town-2"])
            .values(until=at_day("2025-01-01").date())
        )
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "lead_sign", county.actor(Role.LEAD_HEAD), verdict="agree")
    assert facts_of(refused) == {"members"}


def test_reviewer_before_head_and_both_on_one_content(engine: Engine) -> None:
    county = county_of(engine)
    case_id = lead_signed(engine, county)
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "sign", county.actor(Role.AGENCY_HEAD), verdict="agree")
    assert facts_of(refused) == {"decision"}
    with pytest.raises(Refused, match="退回修改"):
        take(engine, case_id, "review", county.actor(Role.AGENCY_REVIEWER), verdict="disagree", opinion="x")
    reviewer = county.actor(Role.AGENCY_REVIEWER)
    assert take(engine, case_id, "send_back", reviewer, reason="金额写错", to="drafting") == "drafting"
    clerk = county.actor(Role.AGENCY_CLERK)
    take(engine, case_id, "draft", clerk, **(DRAFT | {"prepayment_fen": {"resident": 400_000_00}}))
    take(engine, case_id, "propose", clerk)
    with pytest.raises(Refused):
        take(engine, case_id, "review", county.actor(Role.AGENCY_REVIEWER), verdict="agree")
    take(engine, case_id, "lead_sign", county.actor(Role.LEAD_HEAD), verdict="agree")
    take(engine, case_id, "review", county.actor(Role.AGENCY_REVIEWER), verdict="agree")
    assert take(engine, case_id, "sign", county.actor(Role.AGENCY_HEAD), verdict="agree") == "in_force"
    assert set(look(engine, case_id)[1]["authorisations"]) == {"tcm", "town-1"}


def test_new_days_ask_for_new_authorisations(engine: Engine) -> None:
    county = county_of(engine)
    case_id = proposed(engine, county)
    take(engine, case_id, "send_back", county.actor(Role.LEAD_HEAD), reason="改期")
    take(engine, case_id, "draft", county.actor(Role.AGENCY_CLERK), **(DRAFT | {"end": "2025-11-30"}))
    assert "authorisations" not in look(engine, case_id)[1]


def test_whoever_drafted_neither_reviews_nor_signs(engine: Engine) -> None:
    county = county_of(engine)
    case_id = lead_signed(engine, county)
    drafter = county.actor(Role.AGENCY_CLERK)
    with writing(engine) as connection:
        from workflow.organisations.model import seats

        for role in (Role.AGENCY_REVIEWER, Role.AGENCY_HEAD):
            seat = connection.execute(
                seats.insert().values(
                    person_id=drafter.person_id, organisation_id=drafter.organisation_id, role=role,
                    since=at_day("2020-01-01").date(),
                ).returning(seats.c.id)
            ).scalar_one()
            county.actors[("agency", role)].append(type(drafter)(
                drafter.person_id, seat, drafter.organisation_id, role, drafter.name
            ))
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "review", county.actor(Role.AGENCY_REVIEWER, n=2), verdict="agree")
    assert "duty" in facts_of(refused)
    take(engine, case_id, "review", county.actor(Role.AGENCY_REVIEWER), verdict="agree")
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "sign", county.actor(Role.AGENCY_HEAD, n=2), verdict="agree")
    assert "duty" in facts_of(refused)


def test_every_step_out_of_place_is_refused(engine: Engine) -> None:
    county = county_of(engine)
    triggers = {one.trigger for one in STAGE.steps}
    for serial, state in enumerate(State, start=1):
        with writing(engine) as connection:
            case_id = lifecycle.open_case(
                connection, "agreement", county.consortium_id, actor=SYSTEM, at=at_day("2025-01-06"),
                place=county.place, period="2030", serial=serial,
                state=str(State.DRAFTING), dossier={"consortium": county.code, "suspensions": []},
            )
            from workflow.model import cases

            connection.execute(cases.update().where(cases.c.id == case_id).values({"state": str(state)}))
        for trigger in triggers - {one.trigger for one in STAGE.steps_from(str(state))}:
            with pytest.raises(Refused) as refused:
                take(engine, case_id, trigger, SYSTEM)
            assert facts_of(refused) == {"state"}, (state, trigger)


def test_the_clerk_takes_a_proposal_back_with_a_reason(engine: Engine) -> None:
    county = county_of(engine)
    case_id = proposed(engine, county)
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "redraft", county.actor(Role.AGENCY_CLERK), reason=" ")
    assert facts_of(refused) == {"reason"}
    assert take(engine, case_id, "redraft", county.actor(Role.AGENCY_CLERK), reason="补一条") == "drafting"
    with pytest.raises(Refused) as refused:
        take(engine, case_id, "lead_sign", county.actor(Role.LEAD_HEAD), verdict="agree")
    assert facts_of(refused) == {"state"}
