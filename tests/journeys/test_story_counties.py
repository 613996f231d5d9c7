"""The sample counties stand apart: a county's budget is split between its own consortia, by facts of its own."""

from __future__ import annotations

import pytest

from workflow.story.cast import BY_CODE
from workflow.story.years import COUNTIES, FACTORS, _factors


@pytest.mark.parametrize("county", COUNTIES)
def test_only_its_own_consortia_share_a_countys_budget(county: str) -> None:
    _budget_fen, declared = COUNTIES[county]
    assert len({BY_CODE[code].place for code in declared}) == 1
    assert all(code.startswith(f"{county}-") and len(values) == len(FACTORS) for code, values in declared.items())
    for code in declared:
        facts = _factors(code, 1)
        assert [one["consortium"] for one in facts["consortia"]] == list(declared)  # type: ignore[attr-defined]
        assert "样例" in str(facts["reason"])


def test_no_two_consortia_declare_the_same() -> None:
    declared = [values for _budget_fen, of_each in COUNTIES.values() for values in of_each.values()]
    assert len(set(declared)) == len(declared)
