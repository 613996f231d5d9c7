"""Each guard of a month's payment and of a supplement refuses where it must and is silent where it may, asked alone."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from governance.roles import Role
from workflow.attempt import sha256
from workflow.settlement import conditions, supplement_conditions

BODY = "{}"


def month(dossier: dict[str, Any] | None = None, progress: dict[str, Any] | None = None, **more: Any) -> Any:
    """A month as far as a guard looks at it."""
    bound = {"worksheet": {"version": 1, "sha256": sha256(BODY), "results": {"members": {}}}}
    given = {
        "dossier": {**bound, **(dossier or {})}, "progress": progress or {}, "day": date(2025, 5, 12),
        "case": SimpleNamespace(
            id=5, subject_hash="h", period="2025-04", consortium_id=1, pool="resident", state="approved"
        ),
        "worksheet_body": lambda version: BODY if version == 1 else None,
        "actor": SimpleNamespace(role=Role.MEMBER_CLERK, organisation_id=7), "once": lambda _name, ask: ask(),
        "connection": SimpleNamespace(scalar=lambda _query: None), "find_rule": lambda _key: None, **more,
    }  # fmt: skip
    return SimpleNamespace(**given)


PAID = {"worksheet": {"version": 1, "sha256": "", "results": {"members": {"lead": {"net_fen": 5}}}}}
BROKEN = {"worksheet": {"version": 1, "sha256": "0", "results": {"members": {}}}}
SUPPLEMENT = {"supplement": {"absent": []}}
CLAIMS = {"claims": [{"owner": "agency"}]}


@pytest.mark.parametrize(
    ("guard", "open_with", "closed_with"),
    [
        (conditions.worksheet_unchanged, month(), month(BROKEN)),
        (conditions.something_to_pay, month(PAID), month()),
        (conditions.nothing_to_pay, month(), month(PAID)),
        (conditions.not_paid_yet, month(), month(progress={"paid": {}})),
        (conditions.not_paid_yet, month(), month(connection=SimpleNamespace(scalar=lambda _query: 9))),
        (conditions.claims_imported, month(CLAIMS), month()),
        (conditions.no_platform_detail, month(), month(CLAIMS)),
        (conditions.absence_proposed, month(progress={"proposed_absences": {"a": 1}}), month()),
        (supplement_conditions.only_in_a_supplement, month(SUPPLEMENT), month()),
        (supplement_conditions.only_in_a_month, month(), month(SUPPLEMENT)),
    ],
)
def test_what_is_kept_with_the_month_decides(guard: Any, open_with: Any, closed_with: Any) -> None:
    assert guard(open_with) is None
    assert guard(closed_with) is not None


@pytest.mark.parametrize(("asked", "released"), [("true", False), ("false", True)])
def test_a_release_of_funds_is_waited_for_where_the_place_asks_it(asked: str, released: bool) -> None:
    here = month(find_rule=lambda _key: SimpleNamespace(value=asked))
    assert (conditions.release_not_asked(here) is None) is released
    assert (conditions.release_asked(here) is None) is not released


@pytest.mark.parametrize(("passed", "holds"), [(None, False), ("other", False), ("h", True)])
def test_what_was_approved_is_what_stands(monkeypatch: pytest.MonkeyPatch, passed: str | None, holds: bool) -> None:
    found = passed and SimpleNamespace(subject_hash=passed)
    monkeypatch.setattr(conditions.decisions, "last_round", lambda *_asked: found)
    assert (conditions.approval_is_current(month()) is None) is holds


@pytest.mark.parametrize(
    ("duties", "apart"), [({}, False), ({1: "review"}, False), ({1: "review", 2: "approve"}, True)]
)
def test_two_people_have_decided(monkeypatch: pytest.MonkeyPatch, duties: dict[int, str], apart: bool) -> None:
    monkeypatch.setattr(conditions.decisions, "duties", lambda _attempt: duties)
    assert (conditions.duties_apart(month()) is None) is apart


def test_a_confirmed_clearing_closes_the_year_to_supplements() -> None:
    cleared = SimpleNamespace(id=9, state="approved")
    connection = SimpleNamespace(execute=lambda _query: SimpleNamespace(one_or_none=lambda: cleared))
    assert supplement_conditions.year_still_open(month(SUPPLEMENT, connection=connection)) is not None
    assert supplement_conditions.nothing_cleared_meanwhile(month(SUPPLEMENT, connection=connection)) is not None
    assert supplement_conditions.nothing_cleared_meanwhile(month(connection=connection)) is None
    connection = SimpleNamespace(execute=lambda _query: SimpleNamespace(one_or_none=lambda: None))
    assert supplement_conditions.year_still_open(month(SUPPLEMENT, connection=connection)) is None


def test_earlier_months_are_decided_first() -> None:
    rows = [SimpleNamespace(id=4, period="2025-03")]
    connection = SimpleNamespace(execute=lambda _query: SimpleNamespace(all=lambda: rows))
    assert len(conditions.earlier_months_approved(month(connection=connection))) == 1
    rows.clear()
    assert conditions.earlier_months_approved(month(connection=connection)) == []


@pytest.mark.parametrize(("member", "holds"), [(None, False), (SimpleNamespace(declares=False), False),
                                               (SimpleNamespace(declares=True), True)])
def test_who_declares_for_itself(monkeypatch: pytest.MonkeyPatch, member: Any, holds: bool) -> None:
    monkeypatch.setattr(conditions, "member_of_actor", lambda _attempt: member)
    assert (conditions.declares_for_itself(month()) is None) is holds


@pytest.mark.parametrize(("deadline", "holds"), [(date(2025, 5, 11), True), (date(2025, 5, 12), False)])
def test_absences_are_recorded_after_the_day_to_declare_by(
    monkeypatch: pytest.MonkeyPatch, deadline: date, holds: bool
) -> None:
    monkeypatch.setattr(conditions, "declare_by", lambda _attempt: deadline)
    assert (conditions.past_declare_by(month()) is None) is holds
