"""What a budget's page shows, and how its one form takes the facts of each method."""

from __future__ import annotations

from sqlalchemy import Engine

from governance.roles import Role
from tests.agreement.drawing import drawn, typed
from tests.agreement.signing import county_of
from tests.budget.budgeting import AT, FACTORS, FACTS, calculated, issued, opened

LINE = "sample-a " + " ".join(f"{name}={value}" for name, value in FACTORS.items())
WORDS = LINE.replace("service_volume", "服务量").replace("prior_payments", "上年支付额").replace("insured", "参保人数")
TYPED = {
    "basis": "expenditure", "pool_budget_fen": "300000000", "consortia": LINE, "carve_outs": "家庭医生签约 1000000",
}


def test_the_form_becomes_the_facts_by_factors(engine: Engine) -> None:
    county = county_of(engine)
    case_id = opened(engine, county)
    clerk = county.actor(Role.CITY_INSURANCE_REVIEWER)
    data, errors = typed(engine, county, case_id, "calculate", clerk, AT, **TYPED)
    assert (data, errors) == ({"facts": FACTS}, {})
    assert typed(engine, county, case_id, "calculate", clerk, AT, **(TYPED | {"consortia": WORDS}))[0] == data
    _data, errors = typed(engine, county, case_id, "calculate", clerk, AT, **(TYPED | {"carve_outs": "只有名称"}))
    assert set(errors) == {"carve_outs"}
    _text, forms = drawn(engine, county, case_id, clerk, AT)
    assert "参保人数=300000" in forms["calculate"]
    assert "大病保险" not in forms["calculate"]


def test_the_form_becomes_the_facts_by_head(engine: Engine) -> None:
    county = county_of(engine, place="demo-suixi", city="cn-anhui")
    case_id = opened(engine, county)
    clerk = county.actor(Role.COUNTY_INSURANCE_REVIEWER)
    _text, forms = drawn(engine, county, case_id, clerk, AT)
    assert 'value="300000"' in forms["calculate"]
    assert "大病保险" in forms["calculate"]
    assert "分配基数" not in forms["calculate"]
    given = {
        "insured": "300000", "risk_fund_increment_fen": "0", "catastrophic_premium_fen": "1000.00",
        "adjustments": "零星报销 -20.00 按实结算", "consortia": "sample-a 5.00",
    }
    data, errors = typed(engine, county, case_id, "calculate", clerk, AT, **given)
    assert errors == {}
    assert data == {"facts": {
        "insured": 300000, "risk_fund_increment_fen": 0, "catastrophic_premium_fen": 100000,
        "adjustments": [{"name": "零星报销", "amount_fen": -2000, "reason": "按实结算"}],
        "consortia": [{"consortium": "sample-a", "amount_fen": 500}],
    }}


def test_the_page_shows_figures_negotiation_and_what_was_issued(engine: Engine) -> None:
    county = county_of(engine)
    case_id = issued(engine, county)
    text, forms = drawn(engine, county, case_id, county.actor(Role.CITY_INSURANCE_REVIEWER), AT)
    for word in ("300,000,000.00", "家庭医生签约", "无异议", "样医保〔2025〕3号"):
        assert word in text
    assert set(forms) == {"adjust"}


def test_the_page_of_a_calculation(engine: Engine) -> None:
    county = county_of(engine)
    case_id = calculated(engine, county)
    text, forms = drawn(engine, county, case_id, county.actor(Role.CITY_INSURANCE_REVIEWER), AT)
    assert "还没有下达" in text
    assert set(forms) == {"calculate", "consult"}
    assert "服务量=100" in forms["calculate"]
