"""What a month comes to and how the money goes: the worked example, absences, disputes, carries, and nothing to pay."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from tests.claims.files import case, csv_of
from tests.people import make_county
from tests.settlement.months import TOTALS, Month, agree, moment, sample_claims
from workflow import files, ledger
from workflow.db import reading, writing
from workflow.model import clocks
from workflow.settlement.model import months

EXAMPLE = {
    "gross_fen": 2967500110, "audit_deduction_fen": 4821690, "deposit_fen": 148189078,
    "prepayment_offset_fen": 1000000001, "net_to_lead_fen": 1815592464, "carried_out_fen": 1115123,
    "away_fen": 345600000, "charged_fen": 3193055900,
}  # fmt: skip
NETS = {"lead": 1551628038, "town-1": 263964426, "town-2": 0, "tcm": 0, "village-1": 0}


def claim(number: int, provider: str, category: str, fen: int, insured: str = "sample-a") -> dict[str, Any]:
    """A claim that pays exactly ``fen``; a negative one is a DRG case whose patient share exceeds the standard."""
    standard_fen = max(fen, 0) if category in ("drg", "bed_day") else ""
    row = case(
        f"E-{number}", provider=provider, insured_consortium=insured, period="2025-03", admitted_on="2025-03-02",
        discharged_on="2025-03-09", category=category, weight="", cost_fen=abs(fen), standard_fen=standard_fen,
        patient_fen=max(-fen, 0), fund_fen=fen, group_code="ES31" if category == "drg" else "",
    )  # fmt: skip
    return row


def example_claims() -> bytes:
    """The claims behind the worked example."""
    return csv_of(
        claim(1, "lead", "drg", 2305021435), claim(2, "lead", "drg", 120044210, insured=""),
        claim(3, "lead", "item", 112640837), claim(4, "town-1", "drg", 171228750),
        claim(5, "town-1", "bed_day", 83668000), claim(6, "town-1", "capitation", 176000001),
        claim(7, "town-2", "drg", -1453123), claim(8, "town-2", "item", 350000),
        claim(9, "CITY", "item", 345600000),
    )  # fmt: skip


def book_opening(month: Month, prepayment_fen: int, carry: dict[str, int]) -> None:
    """Balances from before the month."""
    lines = [("prepayment", "sample-a", prepayment_fen), *(("carry", code, fen) for code, fen in carry.items())]
    lines.append(("opening", "sample-a", -prepayment_fen - sum(carry.values())))
    with writing(month.engine) as connection:
        ledger.post(
            connection, book="sample-a/resident", year=2025, biz_key="test:opening", case_id=month.case_id,
            memo="期初", lines=lines, at=moment("2025-01-02"),
        )  # fmt: skip


def test_the_worked_example(month: Month) -> None:
    book_opening(month, 1_500_000_000, {"town-2": 12_000})
    month.import_bytes(example_claims())
    month.reconcile_all(without=("tcm",))
    month.take("declare_nil", Role.MEMBER_CLERK, "tcm")
    month.take(
        "deduct", Role.AGENCY_CLERK, member="lead", amount_fen=4821690, decision_number="拒付〔2025〕1号", reason="超限"
    )
    month.jobs("2025-04-08")
    assert month.results()["prepayment_offset_fen"] == 150_000_000
    month.take("ask_offset", Role.AGENCY_CLERK, amount_fen=1_000_000_001, reason="提前冲抵")
    assert month.case.state == "calculated"
    results = month.results()
    assert {key: results[key] for key in EXAMPLE} == EXAMPLE
    assert {code: one["net_fen"] for code, one in results["members"].items()} == NETS
    month.take("review", Role.AGENCY_REVIEWER, verdict="agree", opinion="")
    month.take("approve", Role.AGENCY_HEAD, verdict="agree", opinion="")
    assert month.balance("carry", "town-2") == 1115123
    assert month.balance("prepayment") == 499_999_999
    assert -month.balance("payable") == month.case.amount_fen == 1815592464
    figure = month_figures(month)[0]
    assert (figure.own_fen, figure.inflow_fen, figure.rejected_own_fen) == (2847455900, 120044210, 4821690)


def month_figures(month: Month) -> list[Any]:
    with reading(month.engine) as connection:
        return months(connection, month.county.consortium_id, "resident", 2025)


def test_a_deduction_after_calculation_is_calculated_again(month: Month) -> None:
    month.to_calculated()
    before = month.results()
    month.take(
        "deduct", Role.AGENCY_CLERK, member="lead", amount_fen=10_000, decision_number="拒付〔2025〕2号", reason="重复收费",
        kind="inflow",
    )  # fmt: skip
    assert month.case.state == "calculated"
    assert before["net_to_lead_fen"] - month.results()["net_to_lead_fen"] == 9_500
    assert month_figures(month)[0].rejected_inflow_fen == 10_000


def running(month: Month) -> dict[str, tuple[str, str | None]]:
    with reading(month.engine) as connection:
        rows = connection.execute(select(clocks).where(clocks.c.case_id == month.case_id)).all()
    return {
        row.name: (row.started_on.isoformat(), row.stopped_on and row.stopped_on.isoformat()) for row in rows
    }


def test_clocks_count_from_the_last_declaration_and_from_the_payment(month: Month) -> None:
    assert running(month) == {"declare": ("2025-03-31", None)}
    month.import_sample()
    month.reconcile_all("2025-04-07", without=("town-2",))
    month.take("reconcile", Role.MEMBER_CLERK, "town-2", on="2025-04-09")
    month.jobs("2025-04-09")
    assert running(month) == {"declare": ("2025-03-31", "2025-04-09"), "pay_lead": ("2025-04-09", None)}
    month.take("review", Role.AGENCY_REVIEWER, on="2025-04-09", verdict="agree", opinion="")
    month.take("approve", Role.AGENCY_HEAD, on="2025-04-09", verdict="agree", opinion="")
    month.take("fund", Role.CITY_FINANCE_APPROVER, on="2025-04-10", document="样例用款")
    month.take("pay_to_lead", Role.AGENCY_CLERK, on="2025-04-14", bank_reference="B", paid_on="2025-04-11")
    assert running(month)["pay_lead"] == ("2025-04-09", "2025-04-11")
    assert running(month)["pay_members"] == ("2025-04-11", None)


def record_absent(month: Month, member: str, on: str) -> None:
    month.take("propose_absent", Role.AGENCY_CLERK, on=on, member=member, reason="三次催办未报")
    month.take("confirm_absent", Role.AGENCY_REVIEWER, on=on, member=member)


def test_an_absent_members_money_stays_open_and_comes_with_a_later_file(month: Month) -> None:
    month.import_sample()
    month.reconcile_all(without=("town-2",))
    record_absent(month, "town-2", "2025-04-11")
    assert month.case.state == "declared"
    month.jobs("2025-04-11")
    content, _progress = month.content()
    left_fen = content["left_open_fen"]["town-2"]
    assert left_fen > 0
    assert month.results()["gross_fen"] == TOTALS["own_fen"] + TOTALS["inflow_fen"] - left_fen
    assert month.results()["away_fen"] == TOTALS["away_fen"]
    assert month.results()["members"]["town-2"]["net_fen"] == 0
    month.take("review", Role.AGENCY_REVIEWER, on="2025-04-11", verdict="agree", opinion="")
    month.take("approve", Role.AGENCY_HEAD, on="2025-04-11", verdict="agree", opinion="")
    march = sample_claims("sample-a", "2025-03", "resident", TOTALS).decode()
    header, *lines = march.splitlines()
    late = [line.replace(",2025-03,", ",2025-04,") for line in lines if ",town-2," in line and ",SAMPLE-" not in line]
    month.open("2025-04", "2025-05-01")
    month.import_bytes("\n".join([header, *late, ""]).encode(), on="2025-05-02")
    for code in ("lead", "tcm", "town-1"):
        month.take("declare_nil", Role.MEMBER_CLERK, code, on="2025-05-06")
    month.take("reconcile", Role.MEMBER_CLERK, "town-2", on="2025-05-06")
    month.jobs("2025-05-06")
    assert month.results()["members"]["town-2"]["gross_fen"] == left_fen


def test_a_dispute_is_resolved_and_calculated_again(month: Month) -> None:
    month.to_calculated()
    month.take("review", Role.AGENCY_REVIEWER, verdict="agree", opinion="")
    month.take("dispute", Role.LEAD_FINANCE, reason="中医院床日数不符")
    assert month.case.state == "disputed"
    month.take("resolve_dispute", Role.AGENCY_CLERK, reason="已核对，数据无误")
    assert month.case.state == "calculated"
    month.take("review", Role.AGENCY_REVIEWER, verdict="agree", opinion="")
    month.take("approve", Role.AGENCY_HEAD, verdict="agree", opinion="")
    assert month.case.state == "approved"


def test_a_carried_month_holds_up_nothing_and_its_claims_come_again(month: Month) -> None:
    month.to_calculated()
    march = month.case_id
    month.take("dispute", Role.AGENCY_REVIEWER, reason="分组结果待省平台复核")
    month.open("2025-04", "2025-05-01")
    month.import_sample(on="2025-05-02")
    month.reconcile_all("2025-05-06")
    month.jobs("2025-05-06")
    assert month.case.state == "declared"
    april, month.case_id = month.case_id, march
    month.take("carry", Role.AGENCY_HEAD, on="2025-05-07", reason="省平台复核未回")
    assert month.case.state == "carried"
    assert month.content()[1]["carried"]["left_open_fen"] > 0
    month.case_id = april
    month.jobs("2025-05-07")
    assert month.case.state == "calculated"
    carried, settled = month_figures(month)
    assert (carried.carried, carried.results, carried.own_fen) == (True, {}, 0)
    assert settled.own_fen == TOTALS["own_fen"]
    month.open("2025-05", "2025-06-02")
    header, *lines = sample_claims("sample-a", "2025-03", "resident", TOTALS).decode().splitlines()
    again = "\n".join([header, *(line.replace(",2025-03,", ",2025-05,") for line in lines), ""])
    month.import_bytes(again.encode(), on="2025-06-03")


def test_a_month_with_nothing_to_pay_closes(month: Month) -> None:
    for code in ("lead", "tcm", "town-1", "town-2"):
        month.take("declare_nil", Role.MEMBER_CLERK, code)
    month.jobs("2025-04-08")
    month.take("review", Role.AGENCY_REVIEWER, verdict="agree", opinion="")
    month.take("approve", Role.AGENCY_HEAD, verdict="agree", opinion="")
    assert month.case.state == "closed"
    assert month_figures(month)[0].closed


def test_the_lead_proves_by_the_banks_record(month: Month) -> None:
    month.to_distributing()
    proof = files.keep(b"%PDF-1.4 sample", "proof.pdf")
    month.take("bank_proof", Role.LEAD_FINANCE, on="2025-04-15", bank_reference="R-1", members=["tcm"], proof=proof)
    assert month.case.state == "distributing"
    month.take("bank_proof", Role.LEAD_FINANCE, on="2025-04-15", bank_reference="R-2")
    assert month.case.state == "closed"
    receipts = month.content()[1]["receipts"]
    assert receipts["tcm"]["proof"] == proof["sha256"]
    assert receipts["lead"]["how"] == "kept"


def test_without_a_release_rule_the_approved_month_is_paid_at_once(engine: Engine) -> None:
    with writing(engine) as connection:
        county = make_county(connection, place="demo-suixi", city="demo-suixi")
        agree(connection, county)
    month = Month(engine, county).open()
    month.to_approved()
    month.take("pay_to_lead", Role.AGENCY_CLERK, on="2025-04-11", bank_reference="B-1")
    assert month.case.state == "paid_to_lead"


def test_what_was_repaid_after_the_calculation_is_not_set_off_again(month: Month, engine: Engine) -> None:
    book_opening(month, 1_000_000, {})
    month.to_calculated()
    offset_fen = month.results()["prepayment_offset_fen"]
    month.take("review", Role.AGENCY_REVIEWER, on="2025-04-09", verdict="agree", opinion="")
    with writing(engine) as connection:
        ledger.post(
            connection, book="sample-a/resident", year=2025, biz_key="test:repaid", case_id=month.case_id, memo="退回",
            lines=[("prepayment", "sample-a", offset_fen - 1_000_001), ("bank", "sample-a", 1_000_001 - offset_fen)],
            at=moment("2025-04-09"),
        )  # fmt: skip
    with pytest.raises(Refused, match="多于尚未收回"):
        month.take("approve", Role.AGENCY_HEAD, on="2025-04-09", verdict="agree", opinion="")
    assert month.balance("prepayment") == offset_fen - 1
