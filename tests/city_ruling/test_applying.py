"""Applying: what stands in the way, corrections, returns to the self-assessment, refusals and re-checks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from governance.refusal import Refused
from governance.roles import Role
from tests.city_ruling.ruling import KINDS, applied, approver, reviewer, rule_all, under_review
from tests.people import County
from tests.self_assessment.filing import AT, begun, county_on, filed, grade_all, paper, signed, state_of, take
from tests.takeover.proposing import proposed
from workflow import lifecycle
from workflow.attempt import dossier_of, newest_case
from workflow.city_ruling import commands
from workflow.city_ruling.jobs import JOBS
from workflow.city_ruling.model import State
from workflow.db import reading, writing
from workflow.model import attachments, cases, clocks
from workflow.occurrences import run_due

CHANGED = {"grade": "met", "explanation": "补充了章程", "reason": ""}


def apply(engine: Engine, county: County, at: Any = AT) -> int:
    with writing(engine) as connection:
        return commands.begin(connection, actor=county.actor(Role.LEAD_CLERK), at=at)


def why_not(engine: Engine, county: County, at: Any = AT) -> list[str]:
    with pytest.raises(Refused) as caught:
        apply(engine, county, at)
    return [one.fact for one in caught.value.refusals]


def asked(engine: Engine, county: County, **data: Any) -> int:
    case_id = applied(engine, county)
    told = {"reason": "章程不全", "items": ["Q12"]} | data
    take(engine, case_id, "ask_correction", reviewer(county, "city_insurance"), AT + timedelta(days=1), **told)
    return case_id


def test_without_a_filed_self_assessment_nothing_is_applied_for(engine: Engine) -> None:
    county = county_on(engine)
    assert why_not(engine, county) == ["self_assessment"]
    signed(engine, county)
    assert why_not(engine, county) == ["self_assessment"]


def test_without_the_intent_a_self_assessment_does_not_serve(engine: Engine) -> None:
    county = county_on(engine)
    filed(engine, county, total_payment=False)
    assert why_not(engine, county) == ["self_assessment"]


def test_one_application_at_a_time(engine: Engine) -> None:
    county = county_on(engine)
    applied(engine, county)
    assert why_not(engine, county) == ["ruling"]


def test_who_runs_already_does_not_apply(engine: Engine) -> None:
    county = county_on(engine)
    case_id = proposed(engine, county)
    take(engine, case_id, "check", county.actor(Role.AGENCY_REVIEWER), verdict="agree")
    take(engine, case_id, "confirm", county.actor(Role.AGENCY_HEAD), verdict="agree")
    filed(engine, county)
    assert why_not(engine, county) == ["recognition"]
    assert "open_city_ruling" not in [one.job for one in run_due(engine, AT, JOBS)]


def test_only_the_leads_clerk_applies(engine: Engine) -> None:
    county = county_on(engine)
    filed(engine, county)
    with pytest.raises(lifecycle.NotFound), writing(engine) as connection:
        commands.begin(connection, actor=county.actor(Role.MEMBER_CLERK, "tcm"), at=AT)


def test_the_application_carries_the_assessments_content_evidence_and_prediction(engine: Engine) -> None:
    county = county_on(engine)
    case_id = applied(engine, county)
    with reading(engine) as connection:
        case = newest_case(connection, "city_ruling", county.consortium_id)
        assert case is not None
        body = dossier_of(connection, case)
        kept = connection.execute(attachments.select().where(attachments.c.case_id == case_id)).all()
        running = connection.execute(clocks.select().where(clocks.c.case_id == case_id)).all()
    assert set(body["grades"]) == {"Q11", "Q12", "Q13"}
    assert body["worksheet"]["results"]["passes"] is True
    assert body["members"] == ["lead", "tcm", "town-1", "town-2", "village-1"]
    assert {row.section for row in kept} == {"Q11", "Q12", "Q13"}
    assert [(row.name, row.deadline.isoformat()) for row in running] == [("correction", "2025-03-10")]


def test_a_correction_changes_only_what_was_named_and_the_head_answers(engine: Engine) -> None:
    county = county_on(engine)
    case_id, clerk, head = asked(engine, county), county.actor(Role.LEAD_CLERK), county.actor(Role.LEAD_HEAD)
    with pytest.raises(Refused, match="只能修改"):
        take(engine, case_id, "amend", clerk, criterion="Q11", **CHANGED)
    take(engine, case_id, "amend", clerk, criterion="Q12", files=[paper("章程.pdf")], **CHANGED)
    with pytest.raises(Refused, match="补正说明"):
        take(engine, case_id, "correct", head, reply=" ")
    assert take(engine, case_id, "correct", head, AT + timedelta(days=3), reply="已补章程") == "accepted"
    with reading(engine) as connection:
        query = clocks.select().where(clocks.c.case_id == case_id, clocks.c.name == "review")
        running = connection.execute(query).one()
    assert running.started_on.isoformat() == "2025-03-06"


@pytest.mark.parametrize(
    "spoiled", [{"explanation": ""}, {"grade": "not_met"}],
)
def test_a_correction_leaves_no_gap(engine: Engine, spoiled: dict[str, str]) -> None:
    county = county_on(engine)
    case_id = asked(engine, county)
    take(engine, case_id, "amend", county.actor(Role.LEAD_CLERK), criterion="Q12", **(CHANGED | spoiled))
    with pytest.raises(Refused) as caught:
        take(engine, case_id, "correct", county.actor(Role.LEAD_HEAD), reply="好了")
    assert [one.fact for one in caught.value.refusals] == ["Q12"]


def test_what_to_correct_is_told_once(engine: Engine) -> None:
    county = county_on(engine)
    case_id = asked(engine, county)
    take(engine, case_id, "correct", county.actor(Role.LEAD_HEAD), reply="已说明")
    with pytest.raises(Refused, match="一次性告知"):
        take(engine, case_id, "ask_correction", reviewer(county, "city_insurance"), reason="还有", items=[])


@pytest.mark.parametrize(("data", "field"), [({"reason": ""}, "reason"), ({"items": ["C99"]}, "items")])
def test_a_correction_says_what_by_criteria_that_exist(engine: Engine, data: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as caught:
        asked(engine, county_on(engine), **data)
    assert [one.field for one in caught.value.refusals] == [field]


def test_what_is_not_accepted_opens_the_self_assessment_again(engine: Engine) -> None:
    county = county_on(engine)
    case_id = applied(engine, county)
    chair = reviewer(county, "city_insurance")
    with pytest.raises(Refused, match="原因"):
        take(engine, case_id, "send_back", chair, reason="")
    assert take(engine, case_id, "send_back", chair, reason="材料不符") == "returned"
    with reading(engine) as connection:
        assessment = newest_case(connection, "self_assessment", county.consortium_id)
    assert assessment is not None
    assert (assessment.state, assessment.closed_at) == ("returned", None)
    assert run_due(engine, AT, JOBS) == []
    later = AT + timedelta(days=5)
    grade_all(engine, county, assessment.id, later)
    take(engine, assessment.id, "submit", county.actor(Role.LEAD_CLERK), later)
    take(engine, assessment.id, "sign", county.actor(Role.LEAD_HEAD), later)
    take(engine, assessment.id, "opine", county.actor(Role.COUNTY_HEALTH_REVIEWER), later, verdict="agree")
    take(engine, assessment.id, "endorse", county.actor(Role.COUNTY_HEALTH_APPROVER), later, verdict="agree")
    take(engine, assessment.id, "file", county.actor(Role.LEAD_CLERK), later)
    assert [(one.job, one.status) for one in run_due(engine, later, JOBS)] == [("open_city_ruling", "done")]


@pytest.mark.parametrize("state", ["submitted", "accepted", "correction", "under_review"])
def test_the_lead_may_withdraw_until_the_bureaus_have_ruled(engine: Engine, state: str) -> None:
    county = county_on(engine)
    case_id = under_review(engine, county) if state == "under_review" else applied(engine, county)
    if state == "accepted":
        take(engine, case_id, "accept", reviewer(county, "city_insurance"))
    if state == "correction":
        take(engine, case_id, "ask_correction", reviewer(county, "city_insurance"), reason="补", items=[])
    assert state_of(engine, case_id) == state
    later = AT + timedelta(days=2)
    assert take(engine, case_id, "withdraw", county.actor(Role.LEAD_HEAD), later, reason="另行安排") == "withdrawn"
    assert run_due(engine, later, JOBS) == []
    assert apply(engine, county, later) != case_id


def test_after_a_refusal_the_interval_passes_before_applying_again(engine: Engine) -> None:
    county = county_on(engine)
    case_id = under_review(engine, county)
    rule_all(engine, county, case_id, "disagree", "disagree", "disagree")
    assert why_not(engine, county, AT + timedelta(days=30)) == ["reapply"]
    assert why_not(engine, county, AT.replace(month=6, day=5)) == ["reapply"]
    assert apply(engine, county, AT.replace(month=6, day=6)) != case_id


def confirmed(engine: Engine, county: County) -> int:
    case_id = under_review(engine, county)
    rule_all(engine, county, case_id)
    chair, later = reviewer(county, "city_insurance"), AT + timedelta(days=20)
    take(engine, case_id, "publish", chair, AT + timedelta(days=4), where="网站")
    run_due(engine, later, JOBS)
    told = {"number": "样医保发〔2025〕3号", "issued": "2025-03-20", "effective": "2025-04-01"}
    take(engine, case_id, "document", chair, later, **told)
    take(engine, case_id, "confirm", approver(county, "city_insurance"), later)
    return case_id


def test_a_year_after_recognition_a_recheck_opens_once(engine: Engine) -> None:
    county = county_on(engine)
    case_id = confirmed(engine, county)
    assert run_due(engine, AT.replace(year=2026, month=3, day=31), JOBS) == []
    due = AT.replace(year=2026, month=4, day=1)
    assert [(one.job, one.status) for one in run_due(engine, due, JOBS)] == [("open_recheck", "done")]
    assert run_due(engine, due, JOBS) == []
    with reading(engine) as connection:
        case = newest_case(connection, "self_assessment", county.consortium_id)
        assert case is not None
        assert (case.period, case.follows_id) == ("2026", case_id)
        assert dossier_of(connection, case)["purpose"] == "recheck"
    with pytest.raises(Refused, match="正在办理"):
        begun(engine, county, due)


def test_one_number_names_one_joint_document(engine: Engine) -> None:
    county = county_on(engine)
    confirmed(engine, county)
    with writing(engine) as connection:
        second = lifecycle.open_case(
            connection, "city_ruling", county.consortium_id, actor=commands.SYSTEM, at=AT, place=county.place,
            period="2025", serial=2, state=str(State.PUBLIC_NOTICE),
            dossier={"ruling": {"on": "2025-03-06", "outcome": "recognised", "bureaus": []}},
        )
    later = AT + timedelta(days=20)
    with writing(engine) as connection:
        connection.execute(cases.update().where(cases.c.id == second).values(progress='{"notice":{"closed":"x"}}'))
    with pytest.raises(Refused, match="已经用在另一件上"):
        take(engine, second, "document", reviewer(county, KINDS[0]), later,
             number="样医保发〔2025〕3号", issued="2025-03-20", effective="2025-04-01")
