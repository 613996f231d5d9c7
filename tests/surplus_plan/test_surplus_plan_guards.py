"""Each guard of a plan refuses where it must and is silent where it may, asked alone."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from governance.roles import Role
from workflow.surplus_plan import conditions, releasing

FINAL = SimpleNamespace(weights={"lead": "90"})
MEMBER = SimpleNamespace(id=7, code="town-1", name="乡镇卫生院", name_en="Township")


def plan(progress: dict[str, Any] | None = None, role: Role = Role.LEAD_FINANCE, organisation: int = 7) -> Any:
    """A plan as far as a guard looks at it."""
    return SimpleNamespace(
        progress=progress or {}, results={"members": {}}, dossier={"weights": {"lead": "90"}}, day=date(2026, 3, 12),
        case=SimpleNamespace(period="2025"), actor=SimpleNamespace(organisation_id=organisation, role=role),
        parties=SimpleNamespace(member=lambda number: MEMBER if number == 7 else None),
    )


@pytest.mark.parametrize(
    ("guard", "open_with", "closed_with"),
    [
        (conditions.minutes_kept, {"minutes": "纪要"}, {}),
        (conditions.members_paid, {"distributed": {"on": "x"}}, {}),
        (conditions.members_not_paid_yet, {}, {"distributed": {"on": "x"}}),
        (conditions.session_convened, {"session": {"date": "2026-03-12"}}, {}),
        (conditions.session_day_reached, {"session": {"date": "2026-03-12"}}, {"session": {"date": "2026-03-13"}}),
        (releasing.release_open, {}, {"release": {"outcome": "release"}}),
        (releasing.something_proposed, {"release": {"outcome": "forfeit"}}, {}),
        (releasing.release_proposed, {"release": {"outcome": "release"}}, {"release": {"outcome": "forfeit"}}),
        (releasing.forfeit_proposed, {"release": {"outcome": "forfeit"}}, {"release": {"outcome": "release"}}),
    ],
)
def test_what_is_kept_with_the_plan_decides(guard: Any, open_with: dict[str, Any], closed_with: dict[str, Any]) -> None:
    assert guard(plan(open_with)) is None
    assert guard(plan(closed_with)) is not None


def test_a_draft_is_calculated_on_the_final_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "contribution", lambda _attempt: FINAL)
    assert conditions.contribution_assessment_final(plan()) is None and conditions.plan_calculated(plan()) is None
    assert conditions.weights_are_the_final_ones(plan()) is None
    changed = plan()
    changed.dossier["weights"] = {"lead": "80"}
    assert conditions.weights_are_the_final_ones(changed) is not None
    monkeypatch.setattr(conditions, "contribution", lambda _attempt: None)
    assert conditions.contribution_assessment_final(plan()) is not None
    assert conditions.weights_are_the_final_ones(plan()) is not None
    changed.results = {}
    assert conditions.plan_calculated(changed) is not None


def test_members_are_heard_or_their_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "silent_members", lambda _attempt: [MEMBER])
    assert len(conditions.every_member_heard_or_time_over(plan({"opinion_until": "2026-03-12"}))) == 1
    assert conditions.every_member_heard_or_time_over(plan({"opinion_until": "2026-03-11"})) == []
    monkeypatch.setattr(conditions, "silent_members", lambda _attempt: [])
    assert conditions.every_member_heard_or_time_over(plan()) == []


def test_filings_are_accepted_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "next_filing", lambda _attempt: "agency")
    assert conditions.every_filing_accepted(plan(role=Role.COUNTY_HEALTH_REVIEWER)) is not None
    assert conditions.next_in_the_order_of_filing(plan(role=Role.COUNTY_HEALTH_REVIEWER)) is not None
    assert conditions.next_in_the_order_of_filing(plan(role=Role.AGENCY_REVIEWER)) is None
    monkeypatch.setattr(conditions, "next_filing", lambda _attempt: None)
    assert conditions.every_filing_accepted(plan(role=Role.COUNTY_HEALTH_REVIEWER)) is None


def test_only_who_is_paid_confirms_and_all_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "unconfirmed", lambda _attempt: ["town-1"])
    assert conditions.own_amount_open(plan(role=Role.MEMBER_CLERK)) is None
    assert conditions.own_amount_open(plan(role=Role.MEMBER_CLERK, organisation=8)) is not None
    assert len(conditions.every_receipt_known(plan())) == 1
    monkeypatch.setattr(conditions, "unconfirmed", lambda _attempt: [])
    assert conditions.own_amount_open(plan(role=Role.MEMBER_CLERK)) is not None
    assert conditions.every_receipt_known(plan()) == []


def test_the_lead_gives_no_opinion_on_its_own_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "asked_members", lambda _attempt: [MEMBER])
    assert conditions.asked_for_its_opinion(plan()) is None
    assert conditions.asked_for_its_opinion(plan(organisation=1)) is not None
