"""A takeover taken as far as a test needs it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from governance.roles import Role
from tests.people import County
from workflow.db import writing
from workflow.takeover import commands

AT = datetime.fromisoformat("2025-01-06T09:00:00+08:00")
TIERS = {"tiers": [{"upto": "0.05", "fund": "0.6"}, {"upto": None, "fund": "0"}]}
OPENING = {
    "resident": {"prepayment_fen": 500_000_00, "deposit_fen": 30_000_00, "budget_used_fen": 0, "carry": {"town-1": 120}}
}
GIVEN: dict[str, Any] = {
    "effective": "2025-01-01",
    "recognition_document": "样医保发〔2023〕8号",
    "recognition_date": "2023-12-20",
    "agreement_number": "样协2025-1",
    "agreement_start": "2025-01-01",
    "agreement_end": "2025-12-31",
    "answers": {"settlement.deposit_ratio": "0.05", "clearing.overrun": TIERS},
    "pools": ["resident"],
    "opening": OPENING,
    "prepayment_fen": {"resident": 500_000_00},
}


def proposed(engine: Engine, county: County, **instead: Any) -> int:
    """A proposal as a clerk of the agency makes it; ``instead`` replaces fields."""
    with writing(engine) as connection:
        return commands.begin(
            connection, actor=county.actor(Role.AGENCY_CLERK), at=AT, consortium=county.code, **(GIVEN | instead)
        )
