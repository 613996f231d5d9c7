"""Special cases and grouping appeals: lines of their own in the month, counted once in its kind and category."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from governance.refusal import Refused
from governance.roles import Role
from tests.settlement.months import TOTALS, Month
from workflow import files
from workflow.db import reading
from workflow.model import attachments, worksheets
from workflow.settlement.model import months


def special(month: Month, on: str = "2025-04-08", **changes: Any) -> None:
    month.take("add_special", Role.AGENCY_CLERK, on=on, **{
        "what": "special", "member": "town-1", "kind": "own", "category": "drg", "amount_fen": 1_000_000,
        "document": "特例〔2025〕1号", "reason": "费用极高病例", "evidence": files.keep(b"opinion", "opinion.txt"),
        **changes,
    })  # fmt: skip


def sheet(month: Month) -> tuple[dict[str, Any], dict[str, Any]]:
    """Facts and lines of the newest worksheet."""
    with reading(month.engine) as connection:
        row = connection.execute(
            select(worksheets.c.facts, worksheets.c.body)
            .where(worksheets.c.case_id == month.case_id)
            .order_by(worksheets.c.version.desc())
        ).first()
    assert row is not None
    facts = {one["member"]: one for one in json.loads(row.facts)["members"]}
    return facts, {line["key"]: line["amount_fen"] for line in json.loads(row.body)["lines"]}


def test_a_special_case_and_an_appeal_are_lines_and_count_once(month: Month) -> None:
    month.to_calculated()
    before, _lines = sheet(month)
    special(month)
    special(month, what="appeal", kind="inflow", amount_fen=-30_000, document="复核〔2025〕2号")
    assert month.case.state == "calculated"
    facts, lines = sheet(month)
    drg = before["town-1"]["payable_fen"].get("drg", {})
    assert facts["town-1"]["payable_fen"]["drg"] == {
        **drg, "own": drg.get("own", 0) + 1_000_000, "inflow": drg.get("inflow", 0) - 30_000,
    }  # fmt: skip
    assert [one["document"] for one in facts["town-1"]["additions"]] == ["特例〔2025〕1号", "复核〔2025〕2号"]
    assert "additions" not in facts["lead"]
    assert (lines["members.town-1.special_fen"], lines["members.town-1.appeal_fen"]) == (1_000_000, -30_000)
    assert month.results()["gross_fen"] == TOTALS["own_fen"] + TOTALS["inflow_fen"] + 970_000
    assert month.results()["charged_fen"] == TOTALS["own_fen"] + TOTALS["away_fen"] + 1_000_000
    with reading(month.engine) as connection:
        (figure,) = months(connection, month.county.consortium_id, "resident", 2025)
        kept = connection.scalars(select(attachments.c.section).where(attachments.c.case_id == month.case_id)).all()
    assert (figure.own_fen, figure.inflow_fen) == (TOTALS["own_fen"] + 1_000_000, TOTALS["inflow_fen"] - 30_000)
    assert len(figure.additions) == 2 and "addition" in kept


@pytest.mark.parametrize(("changes", "said"), [
    ({"evidence": None}, "附上依据"), ({"document": " "}, "附上依据"), ({"amount_fen": 0}, "金额"),
    ({"member": "nobody"}, "不是本月"), ({"category": "other"}, "支付类别"), ({"kind": "away"}, "支付类别"),
])  # fmt: skip
def test_what_is_refused(month: Month, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        special(month, **changes)


def test_the_same_one_twice_is_refused(month: Month) -> None:
    special(month)
    with pytest.raises(Refused, match="已经登记过"):
        special(month)
