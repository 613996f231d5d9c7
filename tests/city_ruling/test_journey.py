"""One application from a filed self-assessment to the confirmed recognition."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from governance.refusal import Refused
from governance.roles import Role
from tests.city_ruling.ruling import accepted, approver, in_notice, opine, reviewer, rule_all, under_review
from tests.self_assessment.filing import AT, county_on, filed, state_of, take
from workflow.city_ruling.jobs import JOBS
from workflow.city_ruling.model import recognition_in_force
from workflow.db import reading
from workflow.model import cases, notices
from workflow.occurrences import run_due
from workflow.records import verify


def test_from_a_filed_self_assessment_to_the_joint_document(engine: Engine) -> None:
    county = county_on(engine)
    case_id = in_notice(engine, county)
    later = AT + timedelta(days=20)
    assert [one.job for one in run_due(engine, later, JOBS)] == ["end_public_notice"]
    assert run_due(engine, later, JOBS) == []
    told = {"number": "样医保发〔2025〕3号", "issued": "2025-03-20", "effective": "2025-04-01"}
    assert take(engine, case_id, "document", reviewer(county, "city_insurance"), later, **told) == "documented"
    assert take(engine, case_id, "confirm", approver(county, "city_insurance"), later) == "confirmed"
    with reading(engine) as connection:
        found = recognition_in_force(connection, county.consortium_id, date(2025, 4, 1))
        assert found is not None
        assert (found.case_id, found.document_number) == (case_id, told["number"])
        assert (found.standard, found.since) == ("qualitative-2024", date(2025, 4, 1))
        assert recognition_in_force(connection, county.consortium_id, date(2025, 3, 31)) is None
        assert verify(connection) == []
        heard = set(connection.scalars(notices.select().with_only_columns(notices.c.role)
                                       .where(notices.c.kind == "recognised")))
    assert heard == {Role.LEAD_CLERK, Role.AGENCY_CLERK}


def test_an_application_opens_by_itself_once(engine: Engine) -> None:
    county = county_on(engine)
    filed(engine, county)
    assert [one.status for one in run_due(engine, AT, JOBS)] == ["done"]
    assert run_due(engine, AT, JOBS) == []
    with reading(engine) as connection:
        rows = connection.execute(cases.select().where(cases.c.stage == "city_ruling")).all()
    assert [row.state for row in rows] == ["submitted"]


def test_without_the_intent_no_application_opens(engine: Engine) -> None:
    county = county_on(engine)
    filed(engine, county, total_payment=False)
    assert run_due(engine, AT, JOBS) == []


def test_all_bureaus_agreeing_rules_at_the_last_decision(engine: Engine) -> None:
    county = county_on(engine)
    case_id = under_review(engine, county)
    assert rule_all(engine, county, case_id) == "ruled"


def test_accepted_is_where_a_site_visit_is_recorded(engine: Engine) -> None:
    county = county_on(engine)
    assert state_of(engine, accepted(engine, county)) == "accepted"


def test_anything_but_agreement_needs_an_opinion(engine: Engine) -> None:
    county = county_on(engine)
    case_id = under_review(engine, county)
    with pytest.raises(Refused) as caught:
        opine(engine, county, case_id, "city_health", verdict="disagree")
    assert [one.field for one in caught.value.refusals] == ["opinion"]
