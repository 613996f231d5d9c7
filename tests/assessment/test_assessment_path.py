"""An assessment goes its way: collected with evidence, reviewed by another person, published, objected to, final."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from tests.assessment.assessments import ENTRIES, INTERNAL, MEMBERS, VALUES, Desk
from tests.clearing import preceding
from tests.clearing.preceding import at
from tests.people import SINCE, make_county
from workflow import door, records
from workflow.assessment.jobs import JOBS
from workflow.assessment.model import final, indicators, months_in_force
from workflow.attempt import Actor
from workflow.db import reading, writing
from workflow.jobs import run_due
from workflow.model import notices
from workflow.organisations.model import seats


@pytest.fixture
def desk(engine: Engine) -> Desk:
    """A county whose fund assessment is open."""
    return Desk(engine)


def test_opens_in_january_for_agreements_of_the_past_year(engine: Engine) -> None:
    with writing(engine) as connection:
        county = make_county(connection)
        preceding.agreed(connection, county, start="2025-03-15", end="2025-12-31")
    assert run_due(engine, at(12, 31, 2025), JOBS) == []
    ran = run_due(engine, at(1, 1), JOBS)
    assert sorted(one.due.period for one in ran) == ["2025-contribution", "2025-fund"]
    assert run_due(engine, at(1, 2), JOBS) == []
    with reading(engine) as connection:
        assert months_in_force(connection, county.consortium_id, 2025)[0] == "2025-03"
        bodies = connection.scalars(select(notices.c.body).where(notices.c.kind == "collect")).all()
    assert len(bodies) == 2


def test_a_fund_assessment_comes_to_its_score(desk: Desk) -> None:
    desk.published()
    results = desk.read(lambda attempt: attempt.results)
    # 20.00 + 15 + 16.25 + 16.50 + 9.00 = 76.75 a year; daily checks 87.33 for three tenths.
    assert results["score"] == "79.92" and results["passed"] is True
    assert "异议期到" in desk.refused("finalise", Role.CITY_INSURANCE_APPROVER, at(1, 14))
    assert desk.take("finalise", Role.CITY_INSURANCE_APPROVER, at(1, 27)) == "final"
    with reading(desk.engine) as connection:
        found = final(connection, desk.county.consortium_id, "fund", 2025)
        assert found is not None and (found.score, found.failed, found.weights) == ("79.92", False, {})
        assert final(connection, desk.county.consortium_id, "fund", 2024) is None
        assert records.verify(connection) == []


def test_members_are_weighed_by_the_centre(engine: Engine) -> None:
    desk = Desk(engine, "contribution")
    entries = [
        {"indicator": key, "value": str(int(value) + place if key == "primary_care" else value), "member": member,
         "document": "中心统计1号"}
        for place, member in enumerate(MEMBERS)
        for key, value in INTERNAL.items()
    ]  # fmt: skip
    assert "不办理" in desk.refused("record", Role.LEAD_CLERK, at(1, 8), entries=entries)
    desk.take("record", Role.CENTRE_CLERK, at(1, 8), entries=entries[:-1])
    said = desk.refused("self_report", Role.CENTRE_CLERK, at(1, 9))
    assert "village-1" in said and "慢病规范管理率" in said
    desk.take("record", Role.CENTRE_CLERK, at(1, 9), entries=entries[-1:])
    desk.take("self_report", Role.CENTRE_CLERK, at(1, 10))
    assert "不办理" in desk.refused("review", Role.CITY_INSURANCE_REVIEWER, at(1, 11))
    desk.take("verify", Role.CENTRE_HEAD, at(1, 11))
    desk.take("publish", Role.CENTRE_CLERK, at(1, 12), document="中心公告1号")
    desk.take("object_to", Role.MEMBER_HEAD, at(1, 13), "town-1", reason="转诊人次少计")
    desk.take("dismiss", Role.CENTRE_HEAD, at(1, 14), reply="已核对台账")
    assert desk.take("finalise", Role.CENTRE_HEAD, at(1, 28)) == "final"
    with reading(engine) as connection:
        found = final(connection, desk.county.consortium_id, "contribution", 2025)
    assert found is not None and set(found.weights) == set(MEMBERS)
    assert all(isinstance(weight, str) for weight in found.weights.values())


@pytest.mark.parametrize("left_out", sorted(VALUES))
def test_each_indicator_left_out_is_named(desk: Desk, left_out: str) -> None:
    desk.take("record", Role.LEAD_CLERK, at(1, 8), entries=[one for one in ENTRIES if one["indicator"] != left_out])
    labels = desk.read(lambda attempt: {one["key"]: one["label"] for one in indicators(attempt)})
    assert labels[left_out] in desk.refused("self_report", Role.LEAD_CLERK, at(1, 9))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"indicator": "nothing", "value": "1", "document": "x"}, "没有“nothing”"),
        ({"indicator": "cost_growth", "value": "６", "document": "x"}, "应填数字"),
        ({"indicator": "cost_growth", "value": "1e3", "document": "x"}, "应填数字"),
        ({"indicator": "cost_growth", "value": "6.4"}, "缺少依据"),
        ({"indicator": "cost_growth", "value": "6.4", "document": "x", "member": "lead"}, "不是本次的考核对象"),
    ],
)
def test_wrong_entries_are_refused(desk: Desk, wrong: dict[str, str], said: str) -> None:
    assert said in desk.refused("record", Role.LEAD_CLERK, at(1, 8), **wrong)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scores": "", "document": "x"}, "请填写日常检查得分"),
        ({"scores": "101", "document": "x"}, "不是 0 到 100"),
        ({"scores": "90 abc", "document": "x"}, "不是 0 到 100"),
        ({"scores": "90", "document": " "}, "编号"),
    ],
)
def test_wrong_daily_scores_are_refused(desk: Desk, given: dict[str, str], said: str) -> None:
    assert said in desk.refused("record_daily", Role.CITY_INSURANCE_REVIEWER, at(1, 8), **given)


def test_review_needs_daily_checks_and_the_rules_bureau(desk: Desk) -> None:
    desk.take("record", Role.LEAD_CLERK, at(1, 8), entries=ENTRIES)
    desk.take("self_report", Role.LEAD_CLERK, at(1, 10))
    assert "缺少日常检查得分" in desk.refused("review", Role.CITY_INSURANCE_REVIEWER, at(1, 12))
    assert "不办理" in desk.refused("record_daily", Role.COUNTY_INSURANCE_REVIEWER, at(1, 12), scores="90", document="x")
    assert "不办理" in desk.refused("review", Role.COUNTY_INSURANCE_REVIEWER, at(1, 12))


def test_who_collected_does_not_verify(engine: Engine) -> None:
    desk = Desk(engine, "contribution")
    clerk = desk.county.actor(Role.CENTRE_CLERK)
    with writing(engine) as connection:
        own = connection.execute(
            seats.insert()
            .values(person_id=clerk.person_id, organisation_id=clerk.organisation_id, role="centre_head", since=SINCE)
            .returning(seats.c.id)
        ).scalar_one()
    entries = [
        {"indicator": key, "value": value, "member": member, "document": "中心统计1号"}
        for member in MEMBERS
        for key, value in INTERNAL.items()
    ]
    desk.take("record", Role.CENTRE_CLERK, at(1, 8), entries=entries)
    desk.take("self_report", Role.CENTRE_CLERK, at(1, 8))
    with pytest.raises(Refused) as caught:
        door.take(engine, desk.case.id, "verify", key="own", at=at(1, 9), data={},
                  actor=Actor(clerk.person_id, own, clerk.organisation_id, Role.CENTRE_HEAD, clerk.name))
    assert "不相容" in str(caught.value.refusals[0].reason)


def test_sent_back_with_a_reason(desk: Desk) -> None:
    desk.reported()
    assert "写明原因" in desk.refused("send_back", Role.CITY_INSURANCE_REVIEWER, at(1, 11), reason=" ")
    assert desk.take("send_back", Role.CITY_INSURANCE_REVIEWER, at(1, 11), reason="口径不符") == "collecting"
    assert desk.read(lambda attempt: attempt.progress["returned"]) == "口径不符"


def test_objections_are_in_time_and_answered(desk: Desk) -> None:
    desk.published()
    assert "写明原因" in desk.refused("object_to", Role.LEAD_HEAD, at(1, 14), reason="")
    assert "牵头医院提出" in desk.refused("object_to", Role.MEMBER_HEAD, at(1, 14), "town-1", reason="不服")
    assert desk.take("object_to", Role.LEAD_HEAD, at(1, 14), reason="基层就诊率漏计两院") == "objection"
    assert "不能办理" in desk.refused("finalise", Role.CITY_INSURANCE_APPROVER, at(1, 27))
    assert desk.take("uphold", Role.CITY_INSURANCE_REVIEWER, at(1, 15), reply="属实，请更正") == "collecting"
    assert desk.read(lambda attempt: attempt.results) == {}
    desk.take("record", Role.LEAD_CLERK, at(1, 16), indicator="primary_visit_share", value="61", document="更正1号")
    desk.take("self_report", Role.LEAD_CLERK, at(1, 16))
    desk.take("review", Role.CITY_INSURANCE_REVIEWER, at(1, 17))
    desk.take("publish", Role.CITY_INSURANCE_REVIEWER, at(1, 18), document="样例医保公告〔2026〕2号")
    assert "异议期已于" in desk.refused("object_to", Role.LEAD_HEAD, at(2, 5), reason="还是不服")
    assert desk.take("finalise", Role.CITY_INSURANCE_APPROVER, at(2, 5)) == "final"


def test_a_published_result_can_be_taken_back(desk: Desk) -> None:
    desk.published()
    assert "收回更正" in desk.refused("finalise", Role.CITY_INSURANCE_APPROVER, at(1, 27), verdict="disagree", opinion="x")
    returned = {"reason": "计分有误", "to": "collecting"}
    assert desk.take("send_back", Role.CITY_INSURANCE_APPROVER, at(1, 27), **returned) == "collecting"


def test_asks_again_each_quarter_while_collecting(desk: Desk) -> None:
    assert desk.tick(at(1, 20)) == []
    assert [one.due.period for one in desk.tick(at(4, 1))] == ["2026-Q2", "2026-Q2"]
    assert desk.tick(at(4, 2)) == []
