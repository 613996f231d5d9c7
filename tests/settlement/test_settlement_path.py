"""One month from its opening to every member's receipt."""

from __future__ import annotations

from governance.roles import Role
from tests.settlement.months import TOTALS, Month


def test_a_month_from_opening_to_every_receipt(month: Month) -> None:
    assert month.case.state == "declaring"
    month.import_sample()
    month.reconcile_all()
    assert month.case.state == "declared"
    month.jobs("2025-04-08")
    assert month.case.state == "calculated"
    results = month.results()
    assert results["gross_fen"] == TOTALS["own_fen"] + TOTALS["inflow_fen"]
    assert results["away_fen"] == TOTALS["away_fen"]
    assert month.case.amount_fen == results["net_to_lead_fen"]
    month.take("review", Role.AGENCY_REVIEWER, verdict="agree", opinion="")
    month.take("approve", Role.AGENCY_HEAD, verdict="agree", opinion="")
    month.take("fund", Role.CITY_FINANCE_APPROVER, on="2025-04-09", document="样例用款〔2025〕4号")
    month.take("pay_to_lead", Role.AGENCY_CLERK, on="2025-04-10", bank_reference="B-1", paid_on="2025-04-10")
    month.take("distribute", Role.LEAD_FINANCE, on="2025-04-11", bank_reference="D-1")
    for code in ("tcm", "town-2"):
        month.take("confirm_receipt", Role.MEMBER_CLERK, code, on="2025-04-14")
    month.take("confirm_receipt", Role.MEMBER_HEAD, "town-1", on="2025-04-14", villages=["village-1"])
    assert month.case.state == "closed"
    assert [month.balance(account) for account in ("payable", "custody", "owed")] == [0, 0, 0]
    assert month.balance("bank") == -results["net_to_lead_fen"]
