"""What an agreement's page shows, and how its forms become the commands' data."""

from __future__ import annotations

from sqlalchemy import Engine

from governance.roles import Role
from tests.agreement.drawing import drawn, typed
from tests.agreement.signing import AT, DRAFT, at_day, county_of, drafted, opened, proposed, signed, take

TYPED = {
    "number": "样协2025-1", "start": "2025-01-01", "end": "2025-12-31", "pools": "resident", "deposit_ratio": "0.05",
    "overrun_tiers": "0.05 0.6\n以上 0", "overrun_circumstances": "医保政策调整\n\n重大疫情",
    "prepayment_fen-resident": "500000.00", **{f"terms-{key}": text for key, text in DRAFT["terms"].items()},
}


def test_the_form_becomes_the_draft(engine: Engine) -> None:
    county = county_of(engine)
    case_id = opened(engine, county)
    clerk = county.actor(Role.AGENCY_CLERK)
    data, errors = typed(engine, county, case_id, "draft", clerk, AT, **TYPED)
    assert errors == {}
    assert {name: value for name, value in data.items() if name != "files"} == DRAFT
    _data, errors = typed(engine, county, case_id, "draft", clerk, AT, **(TYPED | {"overrun_tiers": "五成"}))
    assert set(errors) == {"overrun_tiers"}


def test_the_page_before_and_after_the_signatures(engine: Engine) -> None:
    county = county_of(engine)
    case_id = drafted(engine, county)
    text, forms = drawn(engine, county, case_id, county.actor(Role.AGENCY_CLERK), AT)
    assert "样协2025-1" in text
    assert "医保政策调整" in text
    assert "500,000.00" in text
    assert 'value="500000.00"' in forms["draft"]
    assert set(forms) == {"draft", "propose"}


def test_authorisations_are_shown_with_who_is_left_out(engine: Engine) -> None:
    county = county_of(engine)
    case_id = proposed(engine, county)
    take(engine, case_id, "decline", county.actor(Role.MEMBER_HEAD, "town-2"), reason="自行签约")
    text, forms = drawn(engine, county, case_id, county.actor(Role.LEAD_CLERK), AT)
    assert text.count("已授权") == 2
    assert "单独签约" in text
    assert "town-2" in forms["record_authorisation"]


def test_a_signed_agreement_shows_supplement_suspension_and_payment(engine: Engine) -> None:
    county = county_of(engine)
    case_id = signed(engine, county)
    take(engine, case_id, "pay_prepayment", county.actor(Role.AGENCY_CLERK, n=1), pool="resident",
         amount_fen=500_000_00, bank_reference="回单-77")
    take(engine, case_id, "supplement", county.actor(Role.AGENCY_CLERK), kind="leave", member="town-2",
         effective="2025-07-01", reason="并入城关")
    take(engine, case_id, "countersign", county.actor(Role.LEAD_HEAD), verdict="agree")
    take(engine, case_id, "countersign", county.actor(Role.AGENCY_HEAD), verdict="agree")
    take(engine, case_id, "suspend", county.actor(Role.AGENCY_HEAD), at_day("2025-03-01"), until="2025-03-31",
         reason="整改")
    text, forms = drawn(engine, county, case_id, county.actor(Role.AGENCY_HEAD), at_day("2025-03-02"))
    for word in ("回单-77", "并入城关", "整改", "未恢复"):
        assert word in text
    assert set(forms) == {"resume", "terminate"}
