"""What must hold besides: the bureau of the place's own level, a registered bureau, a proposal that stands."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from governance.refusal import Refused
from governance.roles import Role
from tests.people import make_county
from tests.rule_change.changing import CITY, HEAD, OFFICER, RATIO, REVIEWER, City, moment
from workflow import lifecycle, rules, stages
from workflow.attempt import SYSTEM
from workflow.db import reading, writing
from workflow.organisations.model import organisations

COUNTY_REVIEWER, COUNTY_HEAD = Role.COUNTY_INSURANCE_REVIEWER, Role.COUNTY_INSURANCE_APPROVER


@pytest.fixture
def city(engine: Engine) -> City:
    stages.load()
    with writing(engine) as connection:
        return City(engine, make_county(connection))


def test_a_countys_rule_is_enacted_by_the_countys_bureau(city: City) -> None:
    city.begin(place=city.county.place, value="0.04")
    city.jobs()
    for trigger, role in (("opine", REVIEWER), ("decide", HEAD)):
        with pytest.raises(Refused):
            city.take(trigger, role, verdict="agree", opinion="")
    city.take("opine", COUNTY_REVIEWER, verdict="agree", opinion="")
    city.take("decide", COUNTY_HEAD, verdict="agree", opinion="")
    with pytest.raises(Refused, match="本地规则由县医保局审批和发布"):
        city.take("enact", HEAD)
    city.take("enact", COUNTY_HEAD)
    with reading(city.engine) as connection:
        held, day = rules.rulebook(connection), moment("2025-06-01").date()
        assert held.at(city.county.place).on(RATIO, day).value == "0.04"
        assert held.at("demo-hunan-qingxi").on(RATIO, day).place == CITY
        assert held.at(CITY).on(RATIO, day).value != "0.04"


def test_without_the_bureau_nothing_is_shown(city: City) -> None:
    with writing(city.engine) as connection:
        renamed = organisations.update().where(organisations.c.code == "city_insurance")
        connection.execute(renamed.values(kind="centre"))
    city.begin()
    (ran,) = city.jobs()
    assert ran.status == "failed" and "没有登记市医保局" in ran.error


def test_what_was_returned_is_not_shown_until_it_is_changed(city: City) -> None:
    city.to_shown()
    city.take("opine", REVIEWER, verdict="agree", opinion="")
    city.take("decide", HEAD, verdict="return", opinion="请补充")
    with writing(city.engine) as connection, pytest.raises(Refused, match="退回后还没有修改"):
        lifecycle.take(connection, city.case_id, "show_impact", actor=SYSTEM, at=moment("2025-04-17"))


def test_a_changed_proposal_voids_what_was_said_of_it(city: City) -> None:
    city.to_shown()
    city.take("opine", REVIEWER, verdict="agree", opinion="")
    given = city.content()[0]
    document = given["document"]
    city.take(
        "propose", OFFICER, value="0.02", document_number=document["number"], document_title=document["title"],
        issuer=document["issuer"], issued_on=document["issued_on"],
        **{name: given[name] for name in ("rule", "since", "status", "clause", "says")},
    )  # fmt: skip
    city.jobs()
    assert city.case.state == "impact_shown" and city.content()[0]["value"] == "0.02"
    with pytest.raises(Refused, match="经办意见"):
        city.take("decide", HEAD, verdict="agree", opinion="")


def test_a_shipped_value_of_a_later_day_stays(city: City) -> None:
    """From its first day on the newest enacted value holds; a shipped one of a later day is not taken away."""
    city.to_enacted(rule="clearing.due_by", value='{"2025": "2026-03-31"}', since="2025-05-01")
    with reading(city.engine) as connection:
        held = rules.rulebook(connection).at("demo-hunan-qingxi")
        assert held.on("clearing.due_by", moment("2025-06-01").date()).value == {"2025": "2026-03-31"}
        nation = rules.rulebook(connection).at("cn")
        assert nation.on("clearing.due_by", moment("2026-01-01").date()).value["2026"] == "2027-04-30"


def test_an_earlier_day_enacted_later_takes_the_place_of_the_later_one(city: City) -> None:
    city.to_enacted(value="0.02", since="2025-09-01")
    city.to_enacted(value="0.03", since="2025-06-01")
    with reading(city.engine) as connection:
        held = rules.rulebook(connection).at(CITY)
        values = [held.on(RATIO, moment(day).date()).value for day in ("2025-06-01", "2025-12-01")]
    assert values == ["0.03", "0.03"]
