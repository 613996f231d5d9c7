"""A year that has already happened: agreement, budget, twelve months and their journals, as later stages find it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from governance import sheets
from tests.people import County
from workflow import clock, ledger, lifecycle, rules
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.db import canonical
from workflow.model import cases, dossiers
from workflow.settlement.model import last_day

YEAR = 2025
ANSWERS = {
    "settlement.deposit_ratio": "0.05",
    "clearing.overrun": {"tiers": [{"upto": "0.05", "fund": "0.60"}, {"upto": "0.10", "fund": "0.40"}]},
}
PREPAYMENT_FEN = 100_000_000
MONTHLY_FEN = {
    "lead": {"drg": {"own": 30_000_000, "inflow": 2_000_000}},
    "tcm": {"drg": {"own": 10_000_000}},
    "town-1": {"item": {"own": 8_000_000}},
    "town-2": {"item": {"own": 6_000_001}},
    "village-1": {"item": {"own": 500_000}},
}
AWAY_FEN = 5_000_000


def at(month: int, day: int, year: int = YEAR + 1, hour: int = 9) -> datetime:
    """A moment of the year after the one that is cleared."""
    return clock.moment(date(year, month, day), hour)


def opened(connection: Connection, county: County, stage: str, state: str, dossier: dict[str, Any], **more: Any) -> int:
    """A case of an earlier stage as it stood in the end."""
    return lifecycle.open_case(
        connection, stage, county.consortium_id, actor=SYSTEM, at=at(1, 2, YEAR), place=county.place, state=state,
        dossier=dossier, **more,
    )


def agreed(connection: Connection, county: County, **changed: Any) -> int:
    """The agreement of the year, with its prepayment."""
    body = {
        "number": "样例协〔2025〕1号", "start": f"{YEAR}-01-01", "end": f"{YEAR}-12-31", "answers": ANSWERS,
        "prepayment_fen": {"resident": PREPAYMENT_FEN}, "pools": ["resident"], "takeover": True, **changed,
    }
    number = opened(connection, county, "agreement", "expired", body, period=str(YEAR))
    ledger.post(
        connection, book=f"{county.code}/resident", year=YEAR, biz_key=f"agreement:{number}:prepayment",
        case_id=number, memo="预付金", at=at(1, 5, YEAR),
        lines=[("prepayment", county.code, PREPAYMENT_FEN), ("bank", county.code, -PREPAYMENT_FEN)],
    )
    return number


def budgeted(connection: Connection, county: County, amount_fen: int | None) -> int:
    """The budget of the year, issued where an amount is given."""
    number = opened(connection, county, "budget", "issued" if amount_fen else "approved", {}, pool="resident",
                    period=str(YEAR))
    issued = [{"amount_fen": amount_fen}] if amount_fen else []
    connection.execute(cases.update().where(cases.c.id == number).values(progress=canonical({"issued": issued})))
    return number


def month(
    connection: Connection, county: County, number: int, *, state: str = "closed", without: Collection[str] = ()
) -> int:
    """One month with its worksheet and the journal of its approval, of the members that are there."""
    period = f"{YEAR}-{number:02d}"
    deducted_fen = 100_000 if number == 3 else 0
    facts = {
        "consortium": county.code, "pool": "resident", "period": period, "away_fen": AWAY_FEN,
        "members": [
            {"member": code, "payable_fen": payable, "audit_deduction_fen": deducted_fen if code == "lead" else 0,
             "carried_in_fen": 0}
            for code, payable in MONTHLY_FEN.items() if code not in without
        ],
        "prepayment_outstanding_fen": PREPAYMENT_FEN, "prepayment_offset_requested_fen": PREPAYMENT_FEN // 10,
    }
    if number > 10:
        facts["prepayment_outstanding_fen"] = 0
    on = last_day(period)
    book = rules.book_at(connection, county.place, on, ANSWERS)
    results = sheets.run("monthly-settlement", facts, book).as_data()["results"]
    deductions = [{"member": "lead", "kind": "own", "amount_fen": deducted_fen}] if deducted_fen else []
    body = {
        "worksheet": {"sheet": "monthly-settlement", "version": 1, "sha256": "", "results": results},
        "deductions": deductions,
        "tallies": {"own_fen": results["charged_fen"] - AWAY_FEN, "inflow_fen": 2_000_000, "away_fen": AWAY_FEN},
    }
    case_id = opened(connection, county, "settlement", state, body, pool="resident", period=period)
    attempt = Attempt(connection, lifecycle.lock(connection, case_id), SYSTEM, at(1, 2))
    attempt.calculate("monthly-settlement", facts, on=on, agreement=ANSWERS)
    if state == "closed":
        _booked(connection, county, case_id, results)
    return case_id


def _booked(connection: Connection, county: County, case_id: int, results: dict[str, Any]) -> None:
    lines = [("prepayment", county.code, -results["prepayment_offset_fen"])]
    for member, one in results["members"].items():
        lines += [
            ("cost", member, one["gross_fen"]), ("audit", member, -one["audit_deduction_fen"]),
            ("deposit", member, -one["deposit_fen"]), ("payable", member, -one["net_fen"]),
        ]
    lines += [("prepaid", county.code, -sum(fen for _account, _party, fen in lines))]
    ledger.post(
        connection, book=f"{county.code}/resident", year=YEAR, biz_key=f"settlement:{case_id}:approve",
        case_id=case_id, memo="月度结算审批", lines=lines, at=at(1, 2),
    )


def a_year(
    connection: Connection,
    county: County,
    *,
    budget_fen: int | None = 800_000_000,
    months: Iterable[int] = range(1, 13),
    agreement: Mapping[str, Any] | None = None,
) -> None:
    """Everything that a clearing needs of the earlier stages, assessments aside."""
    agreed(connection, county, **(agreement or {}))
    budgeted(connection, county, budget_fen)
    for number in months:
        month(connection, county, number)


def assessed(
    connection: Connection, county: County, scheme: str, *, score: str = "87.6", passed: bool = True,
    weights: dict[str, str] | None = None, state: str = "final",
) -> int:
    """An assessment of the year, final unless said otherwise."""
    results: dict[str, Any] = {"scheme": scheme, "score": score if scheme == "fund" else None, "passed": passed}
    if scheme == "contribution":
        results["weights"] = weights or {
            "lead": "88.5", "tcm": "80", "town-1": "91.25", "town-2": "76", "village-1": "82",
        }
    body = {
        "consortium": county.code, "scheme": scheme, "year": YEAR, "entries": {}, "daily": [],
        "worksheet": {"sheet": "assessment", "version": 1, "sha256": "", "results": results},
    }
    return opened(connection, county, "assessment", state, body, period=f"{YEAR}-{scheme}")


def cleared(
    connection: Connection, county: County, *, retained_fen: int = 0, own_share_fen: int = 0, deferred_fen: int = 0
) -> int:
    """A closed clearing of the year."""
    results = {"retained_fen": retained_fen, "own_share_fen": own_share_fen, "due_fen": retained_fen - own_share_fen,
               "deferred_fen": deferred_fen}
    body = {"consortium": county.code, "worksheet": {"sheet": "annual-clearing", "version": 1, "sha256": "",
                                                     "results": results}}
    return opened(connection, county, "clearing", "closed", body, pool="resident", period=str(YEAR))


def case_of(connection: Connection, stage: str) -> Case:
    """The newest case of a stage."""
    query = select(cases).where(cases.c.stage == stage).order_by(cases.c.id.desc()).limit(1)
    return Case(*connection.execute(query).one())


def dossier(connection: Connection, case: Case) -> dict[str, Any]:
    """What a case decides now."""
    query = select(dossiers.c.body).where(dossiers.c.case_id == case.id, dossiers.c.version == case.dossier_version)
    body: dict[str, Any] = json.loads(connection.scalar(query) or "{}")
    return body
