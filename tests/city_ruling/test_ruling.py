"""The joint ruling: what each step needs, how the bureaus' decisions count, and who may not take part twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from governance.refusal import Refused
from governance.roles import Role
from tests.city_ruling.ruling import (
    ALL_MET,
    VISIT,
    applied,
    approver,
    decide,
    in_notice,
    minutes,
    opine,
    reviewer,
    rule_all,
    under_review,
)
from tests.people import SINCE, County
from tests.self_assessment.filing import AT, county_on, state_of, take
from workflow import lifecycle
from workflow.attempt import Actor
from workflow.city_ruling.jobs import JOBS
from workflow.db import reading, writing
from workflow.model import cases, clocks, decisions, rounds
from workflow.occurrences import run_due
from workflow.organisations.model import organisations, seats

LATER = AT + timedelta(days=20)
DOCUMENT = {"number": "样医保发〔2025〕3号", "issued": "2025-03-20", "effective": "2025-04-01"}


def refusal(engine: Engine, case_id: int, trigger: str, actor: Actor, at: Any = LATER, **data: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        take(engine, case_id, trigger, actor, at, **data)
    return caught.value


def clock_of(engine: Engine, case_id: int, name: str) -> Any:
    with reading(engine) as connection:
        query = clocks.select().where(clocks.c.case_id == case_id, clocks.c.name == name)
        return connection.execute(query.order_by(clocks.c.serial.desc())).first()


def noticed(engine: Engine, county: County) -> int:
    case_id = in_notice(engine, county)
    run_due(engine, LATER, JOBS)
    return case_id


def test_no_review_without_the_site_visit_the_place_asks_for(engine: Engine) -> None:
    county = county_on(engine)
    case_id = applied(engine, county)
    take(engine, case_id, "accept", reviewer(county, "city_insurance"))
    found = refusal(engine, case_id, "start_review", reviewer(county, "city_insurance")).refusals
    assert [one.rule for one in found] == ["ruling.site_visit_required"]


@pytest.mark.parametrize("blank", ["people", "findings"])
def test_a_site_visit_says_who_and_what(engine: Engine, blank: str) -> None:
    county = county_on(engine)
    case_id = applied(engine, county)
    take(engine, case_id, "accept", reviewer(county, "city_insurance"))
    found = refusal(engine, case_id, "record_site_visit", reviewer(county, "city_health"), **(VISIT | {blank: " "}))
    assert [one.field for one in found.refusals] == [blank]
    future = VISIT | {"day": "2026-01-01"}
    found = refusal(engine, case_id, "record_site_visit", reviewer(county, "city_health"), **future)
    assert [one.field for one in found.refusals] == ["day"]


def test_no_review_without_every_bureau_the_rule_names(engine: Engine) -> None:
    county = county_on(engine)
    case_id = applied(engine, county)
    take(engine, case_id, "accept", reviewer(county, "city_insurance"))
    take(engine, case_id, "record_site_visit", reviewer(county, "city_health"), AT + timedelta(days=1), **VISIT)
    with writing(engine) as connection:
        connection.execute(organisations.update().where(organisations.c.kind == "city_finance").values(kind="audit"))
    found = refusal(engine, case_id, "start_review", reviewer(county, "city_insurance")).refusals
    assert [one.fact for one in found] == ["city_finance"]


@pytest.mark.parametrize(
    ("details", "fact"),
    [
        ({"grades": {"Q11": "met", "Q12": "met"}}, "Q13"),
        ({"grades": ALL_MET["grades"] | {"Q13": "A"}}, "Q13"),
        ({"grades": ALL_MET["grades"] | {"Q99": "met"}}, "Q99"),
        ({"grades": ALL_MET["grades"] | {"Q12": "not_met"}}, "Q12"),
        ({"substantive": None}, "substantive"),
        ({"substantive": False}, "substantive"),
    ],
)
def test_an_opinion_lacks_nothing(engine: Engine, details: dict[str, Any], fact: str) -> None:
    county = county_on(engine)
    case_id = under_review(engine, county)
    found = refusal(
        engine, case_id, "opine", reviewer(county, "city_health"), verdict="agree", details=ALL_MET | details
    ).refusals
    assert [one.fact for one in found] == [fact]


def test_a_differing_grade_with_its_reason_is_taken(engine: Engine) -> None:
    county = county_on(engine)
    case_id = under_review(engine, county)
    differing = ALL_MET | {"grades": ALL_MET["grades"] | {"Q12": "not_met"}, "reasons": {"Q12": "章程未备案"}}
    assert opine(engine, county, case_id, "city_health", details=differing) == "under_review"


def test_a_bureau_that_saw_no_operation_cannot_agree(engine: Engine) -> None:
    county = county_on(engine)
    case_id = under_review(engine, county)
    idle = ALL_MET | {"substantive": False}
    opine(engine, county, case_id, "city_health", verdict="disagree", opinion="没有运行", details=idle)
    found = refusal(engine, case_id, "decide", approver(county, "city_health"), verdict="agree")
    assert [one.fact for one in found.refusals] == ["substantive"]


def test_no_decision_before_the_bureaus_own_reviewer(engine: Engine) -> None:
    county = county_on(engine)
    case_id = under_review(engine, county)
    found = refusal(engine, case_id, "decide", approver(county, "city_health"), verdict="agree")
    assert [one.fact for one in found.refusals] == ["decision"]
    assert "经办意见" in str(found)


def test_a_bureaus_reviewer_is_not_its_approver(engine: Engine) -> None:
    county = county_on(engine)
    held = reviewer(county, "city_health")
    with writing(engine) as connection:
        seat = connection.execute(
            seats.insert()
            .values(person_id=held.person_id, organisation_id=held.organisation_id,
                    role=str(Role.CITY_HEALTH_APPROVER), since=SINCE)
            .returning(seats.c.id)
        ).scalar_one()
    case_id = under_review(engine, county)
    opine(engine, county, case_id, "city_health")
    both = replace(held, seat_id=seat, role=Role.CITY_HEALTH_APPROVER)
    found = refusal(engine, case_id, "decide", both, verdict="agree")
    assert "duty" in [one.fact for one in found.refusals]


def test_a_bureau_speaks_once_and_the_database_says_so_too(engine: Engine) -> None:
    county = county_on(engine)
    case_id = under_review(engine, county)
    opine(engine, county, case_id, "city_health")
    second = county.actor(Role.CITY_HEALTH_REVIEWER, n=1)
    assert "不能重复" in str(refusal(engine, case_id, "opine", second, verdict="agree", details=ALL_MET))
    with pytest.raises(IntegrityError), writing(engine) as connection:
        row = connection.execute(decisions.select().where(decisions.c.case_id == case_id)).first()
        assert row is not None
        connection.execute(decisions.insert(), {**row._asdict(), "id": 9999})


def test_the_round_waits_for_every_seat_before_a_conference(engine: Engine) -> None:
    county = county_on(engine)
    case_id = under_review(engine, county)
    opine(engine, county, case_id, "city_health")
    assert decide(engine, county, case_id, "city_health", "disagree") == "under_review"
    for kind in ("city_insurance", "city_finance"):
        opine(engine, county, case_id, kind)
    assert decide(engine, county, case_id, "city_finance") == "under_review"
    assert decide(engine, county, case_id, "city_insurance") == "conference"


@pytest.mark.parametrize(("verdicts", "state"), [
    (("agree", "agree", "agree"), "ruled"),
    (("agree", "agree", "disagree"), "not_recognised"),
])  # fmt: skip
def test_after_the_conference_one_more_round_decides(engine: Engine, verdicts: tuple[str, ...], state: str) -> None:
    county = county_on(engine)
    case_id = under_review(engine, county)
    assert rule_all(engine, county, case_id, "agree", "disagree", "agree") == "conference"
    at = AT + timedelta(days=4)
    chair = reviewer(county, "city_insurance")
    absent = refusal(engine, case_id, "record_conference", chair, **(minutes() | {"present": ["city_insurance"]}))
    assert [one.field for one in absent.refusals] == ["present"]
    unwritten = refusal(engine, case_id, "record_conference", chair, **(minutes() | {"files": []}))
    assert [one.field for one in unwritten.refusals] == ["files"]
    assert take(engine, case_id, "record_conference", chair, at, **minutes()) == "reconsidered"
    found = refusal(
        engine, case_id, "opine", reviewer(county, "city_health"), verdict="return", opinion="补", details=ALL_MET
    )
    assert [one.field for one in found.refusals] == ["verdict"]
    assert rule_all(engine, county, case_id, *verdicts, at=at) == state


def test_no_conference_where_no_bureau_agrees(engine: Engine) -> None:
    county = county_on(engine)
    case_id = under_review(engine, county)
    assert rule_all(engine, county, case_id, "disagree", "disagree", "disagree") == "not_recognised"
    with reading(engine) as connection:
        row = connection.execute(cases.select().where(cases.c.id == case_id)).one()
        assert '"reapply_from":"2025-06-06"' in row.progress
        assert row.closed_at is not None


def test_a_bureaus_return_counts_once_all_are_heard_and_pauses_the_days(engine: Engine) -> None:
    county = county_on(engine)
    case_id = under_review(engine, county)
    assert rule_all(engine, county, case_id, "return", "disagree", "agree") == "correction"
    assert clock_of(engine, case_id, "review").paused_on is not None
    with reading(engine) as connection:
        outcome = connection.scalar(
            rounds.select().with_only_columns(rounds.c.outcome)
            .where(rounds.c.case_id == case_id, rounds.c.ballot == "ruling")
        )
    assert outcome == "returned"
    again = AT + timedelta(days=8)
    take(engine, case_id, "correct", county.actor(Role.LEAD_HEAD), again, reply="已说明")
    row = clock_of(engine, case_id, "review")
    assert (row.paused_on, row.paused_days) == (None, 3)
    take(engine, case_id, "start_review", reviewer(county, "city_insurance"), again)
    assert rule_all(engine, county, case_id, at=again) == "ruled"
    assert clock_of(engine, case_id, "review").stopped_on is not None


def test_the_notice_runs_its_days_and_an_objection_reopens_the_review(engine: Engine) -> None:
    county = county_on(engine)
    case_id = in_notice(engine, county)
    chair = reviewer(county, "city_insurance")
    early = refusal(engine, case_id, "document", chair, AT + timedelta(days=5), **DOCUMENT)
    assert [one.fact for one in early.refusals] == ["notice"]
    assert clock_of(engine, case_id, "notice").deadline.isoformat() == "2025-03-14"
    assert run_due(engine, AT + timedelta(days=11), JOBS) == []
    raised = {"objector": "样例乡镇卫生院", "reason": "财务没有统一"}
    at = AT + timedelta(days=8)
    found = refusal(engine, case_id, "object", chair, at, **(raised | {"reason": ""}))
    assert [one.field for one in found.refusals] == ["reason"]
    assert take(engine, case_id, "object", chair, at, **raised) == "under_review"
    assert clock_of(engine, case_id, "notice").stopped_on is not None
    assert run_due(engine, LATER, JOBS) == []
    assert rule_all(engine, county, case_id, at=at) == "ruled"


def test_no_objection_once_the_notice_is_over(engine: Engine) -> None:
    county = county_on(engine)
    case_id = noticed(engine, county)
    found = refusal(
        engine, case_id, "object", reviewer(county, "city_insurance"), objector="某人", reason="晚了"
    )
    assert [one.fact for one in found.refusals] == ["notice"]


@pytest.mark.parametrize(
    ("instead", "field"),
    [
        ({"number": "3号"}, "number"),
        ({"number": "样医保发[2025]3号"}, "number"),
        ({"number": "样医保发〔2025〕03号"}, "number"),
        ({"number": "样医保发〔２０２５〕3号"}, "number"),
        ({"issued": "2025-03-30"}, "issued"),
        ({"issued": "2025-03-01"}, "issued"),
        ({"issued": "不知道"}, "issued"),
        ({"effective": "2025-03-19"}, "effective"),
        ({"effective": ""}, "effective"),
    ],
)
def test_a_joint_document_is_numbered_and_dated_right(engine: Engine, instead: dict[str, str], field: str) -> None:
    county = county_on(engine)
    case_id = noticed(engine, county)
    found = refusal(engine, case_id, "document", reviewer(county, "city_insurance"), **(DOCUMENT | instead))
    assert [one.field for one in found.refusals] == [field]
    assert state_of(engine, case_id) == "public_notice"


def test_a_wrong_document_is_registered_again_and_who_registers_does_not_confirm(engine: Engine) -> None:
    county = county_on(engine)
    case_id = noticed(engine, county)
    chair, head = reviewer(county, "city_insurance"), approver(county, "city_insurance")
    take(engine, case_id, "document", chair, LATER, **DOCUMENT)
    refusal(engine, case_id, "confirm", chair)
    assert take(engine, case_id, "send_back", head, LATER, reason="文号登记错") == "public_notice"
    assert take(engine, case_id, "document", chair, LATER, **(DOCUMENT | {"number": "样医保发〔2025〕4号"})) == "documented"
    assert take(engine, case_id, "confirm", head, LATER) == "confirmed"


def test_a_page_from_another_content_cannot_decide(engine: Engine) -> None:
    county = county_on(engine)
    case_id = under_review(engine, county)
    with pytest.raises(lifecycle.Stale), writing(engine) as connection:
        lifecycle.take(
            connection, case_id, "opine", actor=reviewer(county, "city_health"), at=LATER,
            data={"verdict": "agree", "details": ALL_MET}, seen=f"1:{'0' * 16}",
        )
