"""Rules read while claims are tallied: the frozen claims are tallied again; where they are gone, that is said."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from governance import sheets
from tests.rule_change.changing import City, city_with_month, moment
from tests.rule_change.test_rule_change_impact import computed, proposed
from tests.rule_change.test_rule_change_made_up import MAKE_UP, close, of_period, standings
from tests.settlement.months import MEMBERS
from workflow import rules
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.claims import imports
from workflow.claims.tally import Rate, tally
from workflow.cli.enacted import impact_text
from workflow.db import reading
from workflow.model import cases, worksheets
from workflow.occurrences import Due, run_one
from workflow.rule_change import owed

# Nine thousand yuan a weight instead of 8 809.34, the same for every level, and it counts where the file has another.
PAYMENT = {"standard": "computed", "drg": {"rate_fen": "900000"}, "capitation": {"rate_fen": "1000"}, "item": {}}
RULE = "settlement.payment"
BY_HAND = {("drg", code): Rate(900_000) for code, _level in MEMBERS}


@pytest.fixture(autouse=True)
def folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GONGZHI_CLAIMS", str(tmp_path / "claims"))


@pytest.fixture
def city(engine: Engine) -> City:
    """The city after March 2025 was closed in its county."""
    found = city_with_month(engine)
    close(found.held["month"])
    return found


def files_of(city: City) -> list[Path]:
    with reading(city.engine) as connection:
        row = connection.execute(select(cases).where(cases.c.id == city.held["month"].case_id)).one()
        return imports.paths(Attempt(connection, Case(*row), SYSTEM, moment("2025-04-16")))


def tallied_by_hand(city: City, **rates: Any) -> dict[str, Any]:
    found = tally(
        files_of(city), consortium=city.county.code, pool="resident", period="2025-03", members=dict(MEMBERS), **rates
    )
    return found.as_facts()


def net_by_hand(city: City) -> int:
    """What March comes to when the tallies by hand take the place of the decided ones."""
    payable = {one["member"]: one["payable_fen"] for one in tallied_by_hand(city, rates=BY_HAND)["members"]}
    with reading(city.engine) as connection:
        sheet = connection.execute(select(worksheets)).one()
        facts = json.loads(sheet.facts)
        for member in facts["members"]:
            member["payable_fen"] = payable[member["member"]]
        book = rules.book_at(connection, sheet.place, sheet.day, json.loads(sheet.agreement))
    return int(sheets.run(sheet.sheet, facts, book).as_data()["results"]["net_to_lead_fen"])


def test_the_claims_are_tallied_again_as_by_hand(city: City) -> None:
    found = computed(city, proposed(PAYMENT, rule=RULE))
    (one,) = found["cases"]
    assert (found["read"], found["changed"], found["unknown"]) == (1, 1, 0)
    assert one["would_fen"] == net_by_hand(city) != one["decided_fen"]
    assert any(line["key"].endswith("gross_fen") for line in one["lines"])


def test_a_rule_that_asks_the_same_of_the_tally_needs_no_claims(city: City) -> None:
    for path in files_of(city):
        path.unlink()
    found = computed(city, proposed("insured", rule="scope.cross_consortium"))
    assert (found["read"], found["changed"], found["unknown"]) == (1, 0, 0)


def test_without_the_claims_it_says_that_it_cannot_be_recomputed(city: City, app: Flask) -> None:
    (path,) = files_of(city)
    path.unlink()
    found = computed(city, proposed(PAYMENT, rule=RULE))
    (one,) = found["cases"]
    assert (found["unknown"], found["changed"], one["would_fen"]) == (1, 0, None)
    assert "不能重算 2025-03，因为结算明细文件已不在存放处" in one["unknown"][0] and path.name in one["unknown"][0]
    said = "\n".join(impact_text(found))
    assert "1 张不能重算" in said and "不能重算 2025-03，因为" in said


def test_the_supplement_pays_what_the_tally_by_the_new_rule_gives(city: City) -> None:
    month = city.held["month"]
    decided, right = ({one["member"]: one["payable_fen"] for one in tallied_by_hand(city, **rates)["members"]}
                      for rates in ({}, {"rates": BY_HAND}))  # fmt: skip
    city.to_enacted(rule=RULE, value=json.dumps(PAYMENT), since="2025-03-01", backwards=True)
    assert [one.error for one in city.jobs()] == [""]
    month.case_id = standings(city)[0]["by"]
    difference = month.content()[0]["difference"]
    moved = Counter({(one["member"], one["kind"]): 0 for one in difference["parts"]})
    for one in difference["parts"]:
        assert one["category"] == "drg"
        moved[one["member"], one["kind"]] += one["difference_fen"]
    assert moved and moved == {
        (code, kind): right[code]["drg"][kind] - decided[code]["drg"][kind] for code, kind in moved
    }
    gross_fen = sum(moved.values())
    assert difference["results"]["gross_fen"] == gross_fen != 0
    assert difference["results"]["own_fen"] + difference["results"]["inflow_fen"] == gross_fen


def test_enacted_without_the_claims_the_month_waits_for_them(city: City) -> None:
    (path,) = files_of(city)
    away = path.with_suffix(".away")
    path.rename(away)
    city.to_enacted(rule=RULE, value=json.dumps(PAYMENT), since="2025-03-01", backwards=True)
    (due,) = city.content()[1]["supplementary"]["due"]
    assert due["case"] == city.held["month"].case_id and due["would_fen"] is None
    assert ["不能重算 2025-03" in one.error for one in city.jobs()] == [True]
    assert "不能重算 2025-03" in standings(city)[0]["error"] and len(of_period(city.engine)) == 1
    away.rename(path)
    again = Due(due["case"], owed.period_of(city.case_id), moment("2025-04-17"))
    ran = run_one(city.engine, MAKE_UP, again, again.due_at)
    assert ran is not None and ran.status == "done" and len(of_period(city.engine)) == 2
