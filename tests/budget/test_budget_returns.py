"""A budget sent back by a bureau: the facts anew, with the negotiation kept only where it comes straight back."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from governance.refusal import Refused
from governance.roles import Role
from tests.agreement.signing import county_of, look, take
from tests.budget.budgeting import FACTS, RECORD, consulted, decide

REVIEWER = Role.CITY_FINANCE_REVIEWER


def test_in_order_the_consortium_is_consulted_again(engine: Engine) -> None:
    county = county_of(engine)
    case_id = consulted(engine, county)
    clerk = county.actor(Role.CITY_INSURANCE_REVIEWER)
    assert take(engine, case_id, "send_back", county.actor(REVIEWER), reason="口径不符") == "calculated"
    assert "consultation" not in look(engine, case_id)[1]
    take(engine, case_id, "calculate", clerk, facts=FACTS)
    assert take(engine, case_id, "consult", clerk, **RECORD) == "consulted"
    assert decide(engine, county, case_id) == "approved"


def test_straight_back_keeps_the_negotiation_and_asks_every_bureau_anew(engine: Engine) -> None:
    county = county_of(engine)
    case_id = consulted(engine, county)
    clerk = county.actor(Role.CITY_INSURANCE_REVIEWER)
    asked = {"reason": "人头数不对", "to": "calculated", "sections": ["facts"], "way": "straight"}
    take(engine, case_id, "send_back", county.actor(REVIEWER), **asked)
    take(engine, case_id, "calculate", clerk, facts=FACTS | {"carve_outs": []})
    assert "consultation" in look(engine, case_id)[1]
    assert take(engine, case_id, "straight_back", clerk) == "consulted"
    assert decide(engine, county, case_id) == "approved"


def test_the_negotiation_is_not_rewritten_when_only_the_facts_are_named(engine: Engine) -> None:
    county = county_of(engine)
    case_id = consulted(engine, county)
    clerk = county.actor(Role.CITY_INSURANCE_REVIEWER)
    asked = {"reason": "人头数不对", "to": "calculated", "sections": ["facts"], "way": "straight"}
    take(engine, case_id, "send_back", county.actor(REVIEWER), **asked)
    with pytest.raises(Refused, match="“协商记录”不能改动"):
        take(engine, case_id, "consult", clerk, **(RECORD | {"summary": "另议"}))


def test_the_record_of_the_negotiation_is_taken_back_before_a_bureau_speaks(engine: Engine) -> None:
    county = county_of(engine)
    case_id = consulted(engine, county)
    clerk = county.actor(Role.CITY_INSURANCE_REVIEWER)
    assert take(engine, case_id, "take_back", clerk, reason="日期写错") == "calculated"
    assert "consultation" not in look(engine, case_id)[1]
    take(engine, case_id, "consult", clerk, **RECORD)
    agreed = {"verdict": "agree", "opinion": ""}
    take(engine, case_id, "opine", county.actor(REVIEWER), **agreed)
    with pytest.raises(Refused, match="不能再撤回"):
        take(engine, case_id, "take_back", clerk, reason="再改")
