"""The levels of a place in other decisions: budgets, clearings, filings; on the page, by delegation, and as a rule."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import render_template_string
from sqlalchemy import Engine, select

from governance.chains import links_asked
from governance.refusal import Refused
from governance.roles import BETWEEN, Role
from governance.rulebook import RuleBook
from tests.budget import budgeting
from tests.city_ruling import ruling
from tests.clearing.clearings import Desk as Clearing
from tests.clearing.preceding import at
from tests.kernel.levels import CITY, TEXT, frozen, given, rule_of_place, seated, take, waits_for
from tests.rule_change.changing import City
from tests.self_assessment.filing import county_on
from tests.settlement.months import moment, prepare
from tests.surplus_plan.plans import Desk as Plan
from workflow import door, kernel_forms, stages
from workflow.acts import added_seats
from workflow.attempt import Attempt
from workflow.db import reading
from workflow.forms import AgreeForm
from workflow.machines import PASSING_ON, STAGES
from workflow.model import notices
from workflow.pages import case_page
from workflow.pages.level_values import levels_text

DEDUCTION = {"member": "lead", "amount_fen": 123_45, "decision_number": "拒付〔2025〕1号", "reason": "超限"}
AGREE = {"verdict": "agree", "opinion": ""}
stages.load()


@pytest.fixture(autouse=True)
def own_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    monkeypatch.setenv("GONGZHI_CLAIMS", str(tmp_path / "claims"))


def pass_on(engine: Engine, county: Any, case_id: int, kind: str, when: Any) -> None:
    """Section head and deputy of an organisation, in their order, each asked for and nobody else."""
    for level in BETWEEN:
        assert (f"pass_{level}", f"{kind}_{level}") in waits_for(engine, case_id)
        take(engine, case_id, f"pass_{level}", county.levels[kind, level], when, **AGREE)


def staffed(engine: Engine, county: Any, *kinds: str) -> Any:
    """The county with both levels in office in these kinds of bodies."""
    asked = [(kind, level) for kind in kinds for level in BETWEEN]
    county.levels = {one: seated(engine, county, Role("_".join(one))) for one in asked}
    return county


def test_a_budget_passes_four_people_in_each_bureau(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    rule_of_place(monkeypatch, {"budget.approval": list(BETWEEN)})
    county = staffed(engine, county_on(engine), "city_insurance", "city_finance")
    case_id = budgeting.consulted(engine, county)
    for number, kind in ((1, "city_insurance"), (0, "city_finance")):
        take(engine, case_id, "opine", county.actor(Role(f"{kind}_reviewer"), n=number), budgeting.AT, **AGREE)
        head = county.actor(Role(f"{kind}_approver"))
        with pytest.raises(Refused, match="还缺“科室负责人意见”"):
            take(engine, case_id, "decide", head, budgeting.AT, **AGREE)
        pass_on(engine, county, case_id, kind, budgeting.AT)
        take(engine, case_id, "decide", head, budgeting.AT, **AGREE)
    assert budgeting.look(engine, case_id)[0] == "approved"
    assert [link for link, _duty, _verdict in given(engine, case_id)] == ["review", *BETWEEN, "approve"] * 2


def test_a_plan_is_filed_by_each_body_on_its_own_levels(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    rule_of_place(monkeypatch, {"surplus_plan.filing.agency": list(BETWEEN)})
    desk = Plan(engine)
    staffed(engine, desk.county, "agency")
    desk.in_session()
    desk.votes(["agree"] * 6)
    desk.take("close_session", Role.COMMITTEE_SECRETARY, at(3, 13), minutes="六票同意，通过。")
    number = desk.case.id
    assert waits_for(engine, number) == {("check_filing", "agency_reviewer")}
    desk.take("check_filing", Role.AGENCY_REVIEWER, at(3, 16), filing_number="备〔2026〕1号")
    assert "还缺“科室负责人意见”" in desk.refused("approve_filing", Role.AGENCY_HEAD, at(3, 16))
    pass_on(engine, desk.county, number, "agency", at(3, 16))
    assert desk.take("approve_filing", Role.AGENCY_HEAD, at(3, 16)) == "filing"
    assert waits_for(engine, number) == {("check_filing", "county_health_reviewer")}
    desk.take("check_filing", Role.COUNTY_HEALTH_REVIEWER, at(3, 17), filing_number="卫备〔2026〕3号")
    assert desk.take("approve_filing", Role.COUNTY_HEALTH_APPROVER, at(3, 17)) == "filed"


def test_a_clearing_asks_the_levels_of_the_finance_bureau_alone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule_of_place(monkeypatch, {"clearing.approval.city_finance": ["section"]})
    desk = Clearing(engine)
    section = seated(engine, desk.county, Role.CITY_FINANCE_SECTION)
    desk.calculated()
    desk.take("confirm", Role.LEAD_HEAD, at(2, 12))
    for kind in ("city_insurance", "city_finance"):
        desk.take("review", Role(f"{kind}_reviewer"), at(2, 13), n=1, **AGREE)
    desk.take("decide", Role.CITY_INSURANCE_APPROVER, at(2, 13), **AGREE)
    assert "还缺“科室负责人意见”" in desk.refused("decide", Role.CITY_FINANCE_APPROVER, at(2, 13), **AGREE)
    take(engine, desk.case.id, "pass_section", section, at(2, 13), **AGREE)
    assert desk.take("decide", Role.CITY_FINANCE_APPROVER, at(2, 13), **AGREE) == "approved"


def test_the_page_offers_a_level_its_step_and_names_who_is_missing(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine: Engine = app.extensions["gongzhi.engine"]
    rule_of_place(monkeypatch, {"settlement.settlement": list(BETWEEN)})
    month = prepare(engine).open()
    staffed(engine, month.county, "agency")
    month.to_calculated()
    month.take("review", Role.AGENCY_REVIEWER, **AGREE)
    section = month.county.levels["agency", "section"]
    said, offered, missing = _page(app, month, section)
    assert offered["pass_section"] and not offered["send_back"].refusals and "approve" not in offered
    assert "样例医保经办机构（agency）还缺“科室负责人意见”" in missing
    assert said.count("待办") == 3 and "分管负责人意见" in said
    month.take_as("pass_section", section, **AGREE)
    said, offered, missing = _page(app, month, month.county.levels["agency", "division"])
    assert not offered["pass_division"].refusals and "还缺“分管负责人意见”" in missing
    assert said.count("待办") == 2


def test_a_post_that_no_round_asks_is_offered_nothing(app: Any) -> None:
    engine: Engine = app.extensions["gongzhi.engine"]
    month = prepare(engine).open()
    staffed(engine, month.county, "agency")
    month.to_calculated()
    month.take("review", Role.AGENCY_REVIEWER, **AGREE)
    said, offered, _missing = _page(app, month, month.county.levels["agency", "section"])
    assert not offered and "待办" not in said


def _page(app: Any, month: Any, actor: Any) -> tuple[str, dict[str, Any], str]:
    """The rounds of the month's page as ``actor`` sees it, the steps offered, and what is missing."""
    seat = SimpleNamespace(
        seat_id=actor.seat_id, organisation_id=actor.organisation_id, role=str(actor.role), kind="agency"
    )
    viewer = SimpleNamespace(person_id=actor.person_id, name=actor.name, seats=[seat])
    with app.test_request_context(), reading(month.engine) as connection:
        page = case_page.build(connection, month.case, viewer, moment("2025-04-14"))
        drawn = render_template_string(
            "{% from '_case.html' import round_card %}{% for one in page.rounds %}{{ round_card(one, 1) }}{% endfor %}",
            page=page,
        )
    missing = " ".join(str(one.reason) for one in page.now.missing)
    return re.sub(r"<[^>]+>|\s+", " ", drawn), {one.trigger: one for one in page.offers}, missing


@pytest.mark.parametrize(
    "value,said",
    [
        ('{"settlement.pay": ["section"]}', "没有“settlement.pay”这项决定"),
        ('{"settlement.settlement.committee": ["section"]}', "没有“committee”这类单位"),
        ('{"settlement.settlement": ["division", "section"]}', "从低到高"),
        ('{"settlement.settlement": ["section", "section"]}', "从低到高"),
        ('{"settlement.settlement": ["head"]}', "从低到高"),
        ('{"settlement.settlement": section}', "从低到高"),
        ("[section]", "应为若干"),
    ],
)
def test_a_rule_that_names_what_is_not_there_is_refused_at_load(value: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        RuleBook.load().plus(CITY, TEXT % value, "levels.yaml")


def test_what_names_the_organisation_comes_before_what_names_the_decision() -> None:
    value = {"budget.approval": ["section", "division"], "budget.approval.city_finance": []}
    assert links_asked(value, "budget.approval", "city_insurance") == ("section", "division")
    assert links_asked(value, "budget.approval", "city_finance") == ()
    assert links_asked(value, "clearing.approval", "city_finance") == ()


def test_the_rule_reads_as_words(app: Any) -> None:
    with app.test_request_context():
        assert levels_text({}) == "经办、负责人两级"
        said = levels_text({"settlement.settlement": ["section"], "city_ruling.ruling.city_finance": ["division"]})
    assert said == "结算审批：经办 → 科室负责人 → 负责人；联合评定（市财政局）：经办 → 分管负责人 → 负责人"


def test_handed_on_and_held_for_another_a_level_stays_one_person(engine: Engine, monkeypatch: Any) -> None:
    rule_of_place(monkeypatch, {"settlement.settlement": ["section"]})
    month = prepare(engine).open()
    staffed(engine, month.county, "agency")
    second = seated(engine, month.county, Role.AGENCY_SECTION, name="样例副科长")
    month.to_calculated()
    month.take("review", Role.AGENCY_REVIEWER, **AGREE)
    door.act(
        engine, month.case_id, "reassign", actor=month.county.levels["agency", "section"], key="hand-on",
        at=moment("2025-04-09"),
        data={"task": "pass_section|agency_section", "person": second.person_id, "reason": "样例：出差"},
    )  # fmt: skip
    with pytest.raises(Refused, match="已转由样例副科长办理"):
        month.take_as("pass_section", month.county.levels["agency", "section"], **AGREE)
    month.take_as("pass_section", second, **AGREE)
    month.take("approve", Role.AGENCY_HEAD, **AGREE)
    assert month.case.state == "approved"


def test_a_level_that_nobody_holds_is_named_as_vacant_only_where_it_is_asked(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine: Engine = app.extensions["gongzhi.engine"]
    month = prepare(engine).open()
    month.to_calculated()
    reviewer, said = month.actor(Role.AGENCY_REVIEWER), "没有可以作出决定的人"
    assert said not in _page(app, month, reviewer)[2]
    rule_of_place(monkeypatch, {"settlement.settlement": ["section"]})
    month.take("deduct", Role.AGENCY_CLERK, **DEDUCTION)
    month.jobs("2025-04-10")
    assert said in _page(app, month, reviewer)[2]


def test_a_colleague_is_asked_where_no_levels_are(engine: Engine) -> None:
    month = prepare(engine).open()
    month.to_calculated()
    with reading(engine) as connection:
        attempt = Attempt(connection, month.case, month.actor(Role.AGENCY_REVIEWER), moment("2025-04-09"))
        assert added_seats.candidates(attempt)


def test_who_only_may_be_asked_hears_nothing_of_a_return(engine: Engine) -> None:
    county = county_on(engine)
    case_id = ruling.under_review(engine, county)
    ruling.rule_all(engine, county, case_id)
    take(engine, case_id, "send_back", county.actor(Role.CITY_INSURANCE_APPROVER), ruling.NOTICED, reason="样例：须重新评定")
    with reading(engine) as connection:
        told = set(connection.scalars(select(notices.c.role).where(notices.c.kind == "returned")))
    assert "city_health_approver" in told and not [role for role in told if role.endswith(PASSING_ON)]


def test_a_level_only_agrees_where_the_head_moves_the_case() -> None:
    forms = {}
    for name in ("settlement", "budget"):
        step = next(one for one in STAGES[name].steps if one.trigger == "pass_section")
        forms[name] = kernel_forms.stage_form(STAGES[name], step)
        assert step.bulk == (name == "settlement")
    assert forms == {"settlement": AgreeForm, "budget": kernel_forms.PassOnForm}


def test_a_city_enacts_its_levels_and_the_next_round_asks_for_them(engine: Engine) -> None:
    month = prepare(engine).open()
    staffed(engine, month.county, "agency")
    city = City(engine, month.county)
    value = "settlement.settlement: [section]\ncity_ruling.ruling.city_health: [section, division]"
    city.to_enacted(rule="decision.chain", value=value, since="2025-04-17", says="样例：结算须经科室负责人")
    month.to_calculated(on="2025-04-18")
    assert frozen(engine, month.case_id) == {(1, "agency"): '["review","section","approve"]'}


def test_a_city_cannot_propose_levels_that_are_none(engine: Engine) -> None:
    month = prepare(engine)
    with pytest.raises(Refused, match="这项决定"):
        City(engine, month.county).begin(rule="decision.chain", value="settlement.pay: [section]", since="2025-04-17")
