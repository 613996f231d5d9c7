"""Every test of a reconciliation has files and claims of its own, and a month whose members have accounts."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from governance.roles import Role
from tests.banking.banks import act, open_accounts
from tests.settlement.months import Month, prepare


@pytest.fixture(autouse=True)
def own_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Files and claims under the test's own folder."""
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    monkeypatch.setenv("GONGZHI_CLAIMS", str(tmp_path / "claims"))


@pytest.fixture
def month(engine: Engine) -> Month:
    """March 2025, open for declaring, everybody with an account."""
    found = prepare(engine).open()
    open_accounts(found)
    return found


@pytest.fixture
def sent_month(month: Month) -> Month:
    """The month paid to the lead, the members' file made, the distribution registered."""
    month.to_funded()
    month.take("pay_to_lead", Role.AGENCY_CLERK, on="2025-04-11", bank_reference="B-1", paid_on="2025-04-11")
    act(month, "bank_file", month.actor(Role.LEAD_FINANCE), "2025-04-13", kind="members")
    month.take("distribute", Role.LEAD_FINANCE, on="2025-04-14", bank_reference="D-1")
    return month
