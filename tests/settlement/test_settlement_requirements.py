"""Leave out one thing the month needs: the refusal names it. Nobody outside the table, and nobody twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from governance.refusal import Refused
from governance.roles import Role
from tests.settlement.months import Month
from workflow import door, lifecycle
from workflow.db import writing


def refused(act: Callable[..., Any], *arguments: Any, **data: Any) -> Refused:
    with pytest.raises(Refused) as found:
        act(*arguments, **data)
    return found.value


def facts(found: Refused) -> list[str]:
    return [one.fact for one in found.refusals]


def test_reconciling_needs_the_detail(month: Month) -> None:
    assert facts(refused(month.take, "reconcile", Role.MEMBER_CLERK, "tcm")) == ["claims"]


def test_a_village_clinic_declares_through_its_township(month: Month) -> None:
    month.import_sample()
    assert facts(refused(month.take, "reconcile", Role.MEMBER_CLERK, "village-1")) == ["member"]


def test_who_has_claims_cannot_declare_nil(month: Month) -> None:
    month.import_sample()
    assert "不能申报为零" in str(refused(month.take, "declare_nil", Role.MEMBER_CLERK, "tcm"))


def test_calculating_names_every_member_that_has_not_declared(month: Month) -> None:
    month.import_sample()
    month.reconcile_all(without=("town-1", "town-2"))
    assert month.case.state == "declaring"
    assert [one.status for one in month.jobs("2025-04-09")] == []
    with writing(month.engine) as connection:
        found = refused(
            lifecycle.take, connection, month.case_id, "all_declared", actor=lifecycle.SYSTEM, at=month.case.since
        )
    assert facts(found) == ["declaration.town-1", "declaration.town-2"]


def test_absence_waits_for_the_day_to_declare_by(month: Month) -> None:
    given = {"member": "town-2", "reason": "停业整顿，三次催办未报"}
    found = refused(month.take, "propose_absent", Role.AGENCY_CLERK, on="2025-04-10", **given)
    assert facts(found) == ["declare_by"]
    assert "2025-04-10" in str(found)
    month.take("propose_absent", Role.AGENCY_CLERK, on="2025-04-11", **given)


def test_absence_takes_two_people_and_a_proposal(month: Month) -> None:
    assert facts(refused(month.take, "confirm_absent", Role.AGENCY_REVIEWER, on="2025-04-11", member="town-2")) == [
        "absence"
    ]
    clerk = month.actor(Role.AGENCY_CLERK)
    month.take_as("propose_absent", clerk, "2025-04-11", member="town-2", reason="停业整顿")
    with writing(month.engine) as connection:
        seat = connection.execute(
            text(
                "INSERT INTO seats (person_id, organisation_id, role, since) "
                "VALUES (:person, :organisation, 'agency_reviewer', '2020-01-01') RETURNING id"
            ),
            {"person": clerk.person_id, "organisation": clerk.organisation_id},
        ).scalar_one()
    both = replace(clerk, seat_id=seat, role=Role.AGENCY_REVIEWER)
    assert "两人" in str(refused(month.take_as, "confirm_absent", both, "2025-04-11", member="town-2"))


def test_a_month_already_declared_takes_no_more_declarations(month: Month) -> None:
    month.to_calculated()
    assert facts(refused(month.take, "reconcile", Role.MEMBER_CLERK, "tcm")) == ["state"]
    assert facts(refused(month.import_sample)) == ["state"]


def test_differences_need_the_reviewers_words(month: Month) -> None:
    month.import_sample()
    month.reconcile_all(without=("tcm",))
    difference = {"category": "item", "amount_fen": 120_00, "note": "少计一例门诊放化疗"}
    month.take("reconcile", Role.MEMBER_CLERK, "tcm", differences=[difference])
    month.jobs("2025-04-08")
    assert "tcm" in str(refused(month.take, "review", Role.AGENCY_REVIEWER, verdict="agree", opinion=""))
    month.take("review", Role.AGENCY_REVIEWER, verdict="agree", opinion="已核，差异一例列入下月")
    assert month.case.state == "reviewed"


@pytest.mark.parametrize("left_out", ["category", "amount_fen", "note"])
def test_a_difference_is_complete(month: Month, left_out: str) -> None:
    month.import_sample()
    difference = {"category": "item", "amount_fen": 1, "note": "说明"} | {left_out: None}
    assert "差异" in str(refused(month.take, "reconcile", Role.MEMBER_CLERK, "tcm", differences=[difference]))


def test_moving_steps_mean_agreement(month: Month) -> None:
    month.to_calculated()
    found = refused(month.take, "review", Role.AGENCY_REVIEWER, verdict="return", opinion="退回")
    assert [one.field for one in found.refusals] == ["verdict"]


def test_reviewer_approver_and_payer_differ(month: Month) -> None:
    month.to_calculated()
    reviewer = month.actor(Role.AGENCY_REVIEWER)
    month.take("review", Role.AGENCY_REVIEWER, verdict="agree", opinion="")
    assert facts(refused(month.take_as, "approve", also(month, reviewer, Role.AGENCY_HEAD))) == ["duty"]
    month.take("approve", Role.AGENCY_HEAD, verdict="agree", opinion="")
    month.take("fund", Role.CITY_FINANCE_APPROVER, on="2025-04-09", document="样例用款")
    for person in (reviewer, month.actor(Role.AGENCY_HEAD)):
        payer = also(month, person, Role.AGENCY_CLERK)
        assert facts(refused(month.take_as, "pay_to_lead", payer, "2025-04-09", bank_reference="B")) == ["duty"]


def also(month: Month, person: Any, role: Role) -> Any:
    """The same person in a second seat of the same organisation."""
    with writing(month.engine) as connection:
        seat = connection.execute(
            text(
                "INSERT INTO seats (person_id, organisation_id, role, since) "
                "VALUES (:person, :organisation, :role, '2020-01-01') RETURNING id"
            ),
            {"person": person.person_id, "organisation": person.organisation_id, "role": str(role)},
        ).scalar_one()
    return replace(person, seat_id=seat, role=role)


def test_payment_waits_for_the_release_of_funds(month: Month) -> None:
    month.to_approved()
    assert facts(refused(month.take, "pay_to_lead", Role.AGENCY_CLERK, on="2025-04-09", bank_reference="B")) == [
        "release"
    ]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"bank_reference": " "}, "bank_reference"),
        ({"bank_reference": "B", "paid_on": "2025-04-12"}, "paid_on"),
        ({"bank_reference": "B", "paid_on": "2025-03-31"}, "paid_on"),
        ({"bank_reference": "B", "paid_on": "昨天"}, "paid_on"),
    ],
)
def test_a_payment_has_a_reference_and_a_sound_day(month: Month, data: dict[str, str], field: str) -> None:
    month.to_funded()
    found = refused(month.take, "pay_to_lead", Role.AGENCY_CLERK, on="2025-04-11", **data)
    assert [one.field for one in found.refusals] == [field]


def test_a_payment_is_made_once(month: Month) -> None:
    month.to_funded()
    clerk = month.actor(Role.AGENCY_CLERK)
    first = month.take_as("pay_to_lead", clerk, "2025-04-11", key="pay", bank_reference="B-1")
    again = month.take_as("pay_to_lead", clerk, "2025-04-11", key="pay", bank_reference="B-1")
    assert first == again
    assert month.balance("bank") == -month.results()["net_to_lead_fen"]
    with pytest.raises(door.KeyReused):
        month.take_as("pay_to_lead", clerk, "2025-04-11", key="pay", bank_reference="B-2")
    assert facts(refused(month.take_as, "pay_to_lead", clerk, "2025-04-11", bank_reference="B-2")) == ["state"]


def test_two_payers_at_once_pay_once(month: Month) -> None:
    month.to_funded()

    def pay(number: int) -> str:
        payer = month.actor(Role.AGENCY_CLERK, n=number)
        try:
            month.take_as("pay_to_lead", payer, "2025-04-11", bank_reference=f"B-{number}")
        except Refused as found:
            return facts(found)[0]
        return "paid"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(pay, (0, 1))) == ["paid", "state"]
    assert month.balance("bank") == -month.results()["net_to_lead_fen"]


def test_an_altered_worksheet_is_not_paid(month: Month) -> None:
    month.to_funded()
    with writing(month.engine) as connection:
        for trigger in list(triggers(connection, "worksheets")):
            drop = f"DROP TRIGGER {trigger}" + ("" if connection.dialect.name == "sqlite" else " ON worksheets")
            connection.execute(text(drop))
        connection.execute(text("UPDATE worksheets SET body = body || ' '"))
    assert facts(refused(month.take, "pay_to_lead", Role.AGENCY_CLERK, on="2025-04-11", bank_reference="B")) == [
        "worksheet"
    ]


def triggers(connection: Any, table: str) -> list[str]:
    """The names of a table's triggers."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"
    else:
        query = "SELECT tgname FROM pg_trigger WHERE tgrelid = CAST(:table AS regclass) AND NOT tgisinternal"
    return list(connection.scalars(text(query), {"table": table}))


def test_an_old_page_is_refused(month: Month) -> None:
    seen = month.case.seen
    month.import_sample()
    clerk = month.actor(Role.MEMBER_CLERK, "tcm")
    with pytest.raises(lifecycle.Stale):
        month.take_as("reconcile", clerk, seen=seen, differences=[])
    month.take_as("reconcile", clerk, seen=month.case.seen, differences=[])


def test_another_place_and_another_role_are_refused(month: Month) -> None:
    month.to_calculated()
    with pytest.raises(Refused):
        month.take("review", Role.AGENCY_CLERK, verdict="agree", opinion="")
    stranger = replace(month.actor(Role.AGENCY_REVIEWER), organisation_id=month.county.organisations["town-1"])
    with pytest.raises(Refused):
        month.take_as("review", stranger, verdict="agree", opinion="")


def test_a_receipt_is_for_the_amount_paid(month: Month) -> None:
    month.to_distributing()
    found = refused(month.take, "confirm_receipt", Role.MEMBER_CLERK, "tcm", on="2025-04-15", received_fen=1)
    assert [one.field for one in found.refusals] == ["received_fen"]
    month.take("confirm_receipt", Role.MEMBER_CLERK, "tcm", on="2025-04-15")
    assert "没有待确认" in str(refused(month.take, "confirm_receipt", Role.MEMBER_CLERK, "tcm", on="2025-04-15"))
    found = refused(month.take, "confirm_receipt", Role.MEMBER_CLERK, "town-1", on="2025-04-15", villages=["town-2"])
    assert [one.field for one in found.refusals] == ["villages"]


def test_deductions_need_decision_reason_and_amount(month: Month) -> None:
    month.to_calculated()
    given = {"member": "lead", "amount_fen": 100, "decision_number": "拒付〔2025〕1号", "reason": "超限用药"}
    for left_out, value in (("member", "nobody"), ("amount_fen", 0), ("decision_number", " "), ("reason", " ")):
        refused(month.take, "deduct", Role.AGENCY_CLERK, **(given | {left_out: value}))
    month.take("deduct", Role.AGENCY_CLERK, **given)
    assert "已经登记" in str(refused(month.take, "deduct", Role.AGENCY_CLERK, **given))
