"""A self-assessment: what each step needs, who may not act twice, and what comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from governance.refusal import Refused
from governance.roles import Role
from tests.people import County
from tests.self_assessment.filing import (
    AT,
    begun,
    county_on,
    endorsed,
    filed,
    grade_all,
    paper,
    signed,
    state_of,
    take,
)
from workflow import lifecycle
from workflow.attempt import Actor, dossier_of, newest_case
from workflow.db import reading, writing
from workflow.model import attachments, cases, decisions, notices, rounds
from workflow.occurrences import run_due
from workflow.self_assessment import commands
from workflow.self_assessment.jobs import JOBS

OLD_STANDARD = AT.replace(year=2024, month=10, day=30)
SUIXI = {"place": "demo-suixi", "city": "demo-suixi"}


def refusal(engine: Engine, case_id: int, trigger: str, actor: Actor, **data: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        take(engine, case_id, trigger, actor, AT, **data)
    return caught.value


def submit_refusal(engine: Engine, county: County, **instead: dict[str, Any]) -> Refused:
    case_id = begun(engine, county)
    grade_all(engine, county, case_id, **instead)
    return refusal(engine, case_id, "submit", county.actor(Role.LEAD_CLERK))


def test_graded_signed_endorsed_and_filed(engine: Engine) -> None:
    county = county_on(engine)
    case_id = filed(engine, county)
    assert state_of(engine, case_id) == "filed"
    with reading(engine) as connection:
        case = newest_case(connection, "self_assessment", county.consortium_id)
        assert case is not None
        assert case.closed_at is not None
        body = dossier_of(connection, case)
        assert body["standard"]["value"]["code"] == "qualitative-2024"
        assert body["standard"]["pinned_on"] == "2025-03-03"
        assert body["worksheet"]["results"]["passes"] is True
        kept = connection.execute(attachments.select().where(attachments.c.case_id == case_id)).all()
    assert {(row.section, row.sha256) for row in kept} == {
        (key, body["grades"][key]["evidence"][0]["sha256"]) for key in ("Q11", "Q12", "Q13")
    }


@pytest.mark.parametrize(
    ("instead", "words"),
    [
        ({"files": []}, "至少要有一份佐证材料"),
        ({"explanation": " "}, "没有说明"),
        ({"grade": "not_met"}, "须写明原因"),
    ],
)
def test_each_requirement_left_out_is_named_with_its_criterion(
    engine: Engine, instead: dict[str, Any], words: str
) -> None:
    found = submit_refusal(engine, county_on(engine), Q12=instead).refusals
    assert [one.fact for one in found] == ["Q12"]
    assert words in str(found[0].reason)


def test_a_blank_criterion_cannot_be_submitted(engine: Engine) -> None:
    county = county_on(engine)
    case_id = begun(engine, county)
    clerk = county.actor(Role.LEAD_CLERK)
    take(engine, case_id, "grade", clerk, criterion="Q11", grade="met", explanation="好", files=[paper()])
    found = refusal(engine, case_id, "submit", clerk)
    assert {one.fact for one in found.refusals} == {"Q12", "Q13"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"criterion": "C99", "grade": "met"}, "criterion"),
        ({"criterion": "Q11", "grade": "A"}, "grade"),
        ({"criterion": "Q11", "grade": "met", "explanation": "长" * 2001}, "explanation"),
    ],
)
def test_a_criterion_or_grade_that_is_not_in_the_standard_is_refused(
    engine: Engine, given: dict[str, Any], field: str
) -> None:
    county = county_on(engine)
    case_id = begun(engine, county)
    found = refusal(engine, case_id, "grade", county.actor(Role.LEAD_CLERK), **given)
    assert [one.field for one in found.refusals] == [field]


def test_dropped_evidence_is_missed_at_submission(engine: Engine) -> None:
    county = county_on(engine)
    case_id, clerk = begun(engine, county), county.actor(Role.LEAD_CLERK)
    grade_all(engine, county, case_id)
    take(engine, case_id, "drop_evidence", clerk, criterion="Q11", sha256=paper("Q11.pdf")["sha256"])
    assert [one.fact for one in refusal(engine, case_id, "submit", clerk).refusals] == ["Q11"]
    refusal(engine, case_id, "drop_evidence", clerk, criterion="Q11", sha256="0" * 64)


def test_a_draft_on_older_criteria_is_renewed_before_it_is_submitted(engine: Engine) -> None:
    county = county_on(engine)
    clerk = county.actor(Role.LEAD_CLERK)
    case_id = begun(engine, county, OLD_STANDARD)
    take(engine, case_id, "grade", clerk, OLD_STANDARD, criterion="C01", grade="A", explanation="好", files=[paper()])
    found = refusal(engine, case_id, "submit", clerk)
    assert "qualification.standard" in [one.rule for one in found.refusals]
    take(engine, case_id, "renew_standard", clerk)
    grade_all(engine, county, case_id)
    assert take(engine, case_id, "submit", clerk) == "ready"
    other = begun_after_filing(engine, county, case_id)
    assert "没有变化" in str(refusal(engine, other, "renew_standard", clerk))


def begun_after_filing(engine: Engine, county: County, case_id: int) -> int:
    """The head signs and it is filed; another is begun."""
    take(engine, case_id, "sign", county.actor(Role.LEAD_HEAD))
    take(engine, case_id, "opine", county.actor(Role.COUNTY_HEALTH_REVIEWER), verdict="agree")
    take(engine, case_id, "endorse", county.actor(Role.COUNTY_HEALTH_APPROVER), verdict="agree")
    take(engine, case_id, "file", county.actor(Role.LEAD_CLERK))
    return begun(engine, county)


def test_where_no_endorsement_is_asked_it_is_filed_after_the_signature(engine: Engine) -> None:
    county = county_on(engine, **SUIXI)
    case_id = signed(engine, county)
    assert state_of(engine, case_id) == "complete"
    assert take(engine, case_id, "file", county.actor(Role.LEAD_CLERK)) == "filed"


def test_where_endorsement_is_asked_it_goes_to_the_county_by_itself(engine: Engine) -> None:
    county = county_on(engine)
    case_id = signed(engine, county)
    assert state_of(engine, case_id) == "endorsing"
    assert "不能办理" in str(refusal(engine, case_id, "file", county.actor(Role.LEAD_CLERK)))


@pytest.mark.parametrize("verdict", ["disagree", "return"])
def test_what_the_county_does_not_endorse_goes_back_with_its_opinion(engine: Engine, verdict: str) -> None:
    county = county_on(engine)
    case_id = signed(engine, county)
    take(engine, case_id, "opine", county.actor(Role.COUNTY_HEALTH_REVIEWER), verdict="agree")
    approver = county.actor(Role.COUNTY_HEALTH_APPROVER)
    assert "意见" in str(refusal(engine, case_id, "endorse", approver, verdict=verdict))
    assert take(engine, case_id, "endorse", approver, verdict=verdict, opinion="佐证不足") == "returned"
    with reading(engine) as connection:
        told = connection.scalars(notices.select().with_only_columns(notices.c.body)).all()
    assert "佐证不足" in told
    grade_all(engine, county, case_id)
    assert take(engine, case_id, "submit", county.actor(Role.LEAD_CLERK)) == "ready"
    assert take(engine, case_id, "sign", county.actor(Role.LEAD_HEAD)) == "endorsing"


def test_the_head_sends_a_draft_back_with_a_reason(engine: Engine) -> None:
    county = county_on(engine)
    case_id = begun(engine, county)
    grade_all(engine, county, case_id)
    take(engine, case_id, "submit", county.actor(Role.LEAD_CLERK))
    head = county.actor(Role.LEAD_HEAD)
    assert "退回经办" in str(refusal(engine, case_id, "sign", head, verdict="disagree", opinion="不行"))
    refusal(engine, case_id, "send_back", head, reason="")
    assert take(engine, case_id, "send_back", head, reason="补材料") == "drafting"


def test_one_person_signs_or_decides_once_and_others_not_at_all(engine: Engine) -> None:
    county = county_on(engine)
    case_id = signed(engine, county)
    take(engine, case_id, "opine", county.actor(Role.COUNTY_HEALTH_REVIEWER), verdict="agree")
    second = county.actor(Role.COUNTY_HEALTH_REVIEWER, n=1)
    assert "不能重复" in str(refusal(engine, case_id, "opine", second, verdict="agree"))
    with pytest.raises(lifecycle.Refused):
        take(engine, case_id, "endorse", county.actor(Role.LEAD_HEAD), verdict="agree")


def test_the_database_refuses_a_second_decision_of_one_seat(engine: Engine) -> None:
    county = county_on(engine)
    case_id = endorsed(engine, county)
    with pytest.raises(IntegrityError), writing(engine) as connection:
        row = connection.execute(decisions.select().where(decisions.c.case_id == case_id)).first()
        assert row is not None
        connection.execute(decisions.insert(), {**row._asdict(), "id": 9999})


def test_changing_what_was_signed_opens_a_new_round(engine: Engine) -> None:
    county = county_on(engine)
    case_id = signed(engine, county)
    take(engine, case_id, "opine", county.actor(Role.COUNTY_HEALTH_REVIEWER), verdict="agree")
    take(engine, case_id, "endorse", county.actor(Role.COUNTY_HEALTH_APPROVER), verdict="return", opinion="补")
    grade_all(engine, county, case_id, Q11={"explanation": "改过"})
    take(engine, case_id, "submit", county.actor(Role.LEAD_CLERK))
    take(engine, case_id, "sign", county.actor(Role.LEAD_HEAD))
    with reading(engine) as connection:
        held = connection.execute(rounds.select().where(rounds.c.case_id == case_id).order_by(rounds.c.round_no)).all()
    assert [(row.ballot, row.outcome) for row in held] == [
        ("signature", "passed"), ("endorsement", "returned"), ("signature", "passed"), ("endorsement", "open"),
    ]
    assert len({row.subject_hash for row in held}) == 2


def test_a_page_from_before_a_change_cannot_sign(engine: Engine) -> None:
    county = county_on(engine)
    case_id = begun(engine, county)
    grade_all(engine, county, case_id)
    with reading(engine) as connection:
        row = connection.execute(cases.select().where(cases.c.id == case_id)).one()
    take(engine, case_id, "submit", county.actor(Role.LEAD_CLERK))
    with pytest.raises(lifecycle.Stale), writing(engine) as connection:
        lifecycle.take(
            connection, case_id, "sign", actor=county.actor(Role.LEAD_HEAD), at=AT, data={"verdict": "agree"},
            seen=f"{row.revision}:{row.subject_hash[:16]}",
        )


def test_one_at_a_time_and_only_by_the_lead(engine: Engine) -> None:
    county = county_on(engine)
    begun(engine, county)
    with pytest.raises(Refused, match="正在办理"):
        begun(engine, county)
    for actor in (county.actor(Role.MEMBER_CLERK, "tcm"), county.actor(Role.LEAD_HEAD)):
        with pytest.raises(lifecycle.NotFound), writing(engine) as connection:
            commands.begin(connection, actor=actor, at=AT)


def test_sample_rules_are_refused_without_the_demo_mark(engine: Engine) -> None:
    county = county_on(engine, demo=False)
    with pytest.raises(Refused, match="样例规则"):
        begun(engine, county)


def test_a_draft_that_lies_is_reminded_of_once_a_month(engine: Engine) -> None:
    county = county_on(engine)
    begun(engine, county)
    assert run_due(engine, AT + timedelta(days=29), JOBS) == []
    assert len(run_due(engine, AT + timedelta(days=31), JOBS)) == 1
    assert run_due(engine, AT + timedelta(days=31), JOBS) == []
    assert [one.status for one in run_due(engine, AT + timedelta(days=61), JOBS)] == ["done"]
    with reading(engine) as connection:
        told = connection.execute(notices.select().where(notices.c.kind == "remind")).all()
    assert {row.role for row in told} == {Role.LEAD_CLERK}
