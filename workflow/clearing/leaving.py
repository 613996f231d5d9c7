"""An exit clearing of one member 成员退出清算: it leaves by a supplement, is cleared to its last day, and all goes on.

The case is a clearing of its own (period ``2025-exit-<code>``). What it comes to is fixed: the year's clearing counts
it as paid, and neither the year's score nor its surplus or overrun reaches the member any more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from governance.refusal import Refusal, Refused
from governance.roles import Role
from workflow import lifecycle
from workflow.agreement.model import SIGNED
from workflow.agreement.model import State as Agreement
from workflow.attempt import SYSTEM, Attempt
from workflow.clearing.model import EXIT, State, leaves_on, leaving_member, year_of
from workflow.clock import day_of
from workflow.i18n import lazy as _
from workflow.model import cases, dossiers, occurrences
from workflow.occurrences import Due
from workflow.organisations.model import consortia

OPEN_EXIT = "open_member_exit"
EXIT_DEPOSIT = "clearing.member_exit_deposit"
FIXED = tuple(map(str, (State.APPROVED, State.SETTLED, State.DISTRIBUTING, State.CLOSED)))


@dataclass(frozen=True, slots=True)
class Exit:
    """The exit clearing of a member; amounts in fen, zero and nothing entered while it is not approved."""

    case_id: int
    member: str
    last_day: date
    state: str
    paid_fen: int = 0
    withheld_fen: int = 0
    returned_fen: int = 0
    entered: Mapping[str, Any] | None = None

    @property
    def fixed(self) -> bool:
        """Whether what it comes to is approved."""
        return self.entered is not None

    def returned_of_fen(self, withheld_fen: int) -> int:
        """What returns of the deposits withheld of it by now: as fixed, and of later ones in the same proportion."""
        if withheld_fen == self.withheld_fen:
            return self.returned_fen
        if not self.withheld_fen:
            return max(withheld_fen, 0)
        return (2 * withheld_fen * self.returned_fen + self.withheld_fen) // (2 * self.withheld_fen)


def exits_of(attempt: Attempt) -> dict[str, Exit]:
    """The exit clearings of the year and pool, by member; an exit clearing itself has none."""
    if leaving_member(attempt):
        return {}
    return attempt.once("exits of the year", lambda: _exits_of(attempt))


def _exits_of(attempt: Attempt) -> dict[str, Exit]:
    rows = attempt.connection.execute(
        select(cases.c.id, cases.c.state, dossiers.c.body)
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version))
        .where(
            cases.c.stage == "clearing", cases.c.consortium_id == attempt.case.consortium_id,
            cases.c.pool == attempt.case.pool, cases.c.period.startswith(f"{attempt.case.period}{EXIT}"),
        )
        .order_by(cases.c.id)
    )
    found = [_exit(row.id, row.state, json.loads(row.body)) for row in rows]
    return {one.member: one for one in found}


def _exit(case_id: int, state: str, body: Mapping[str, Any]) -> Exit:
    member, last = body["leaving"]["member"], date.fromisoformat(body["leaving"]["last_day"])
    if state not in FIXED:
        return Exit(case_id, member, last, state)
    results = body["worksheet"]["results"]
    withheld_fen = results["deposit_returned_fen"] + results["deposit_forfeited_fen"]
    return Exit(
        case_id, member, last, state, results["due_fen"], withheld_fen, results["deposit_returned_fen"], body["entered"]
    )


def with_exits(attempt: Attempt) -> dict[str, Any]:
    """What is entered of the year, with what the exit clearings of its members had entered of them."""
    entered = dict(attempt.dossier["entered"])
    entered["adjustments"], entered["penalties"] = list(entered["adjustments"]), dict(entered["penalties"])
    for one in exits_of(attempt).values():
        if one.entered is not None:
            entered["adjustments"] += one.entered["adjustments"]
            for code, fen in one.entered["penalties"].items():
                entered["penalties"][code] = entered["penalties"].get(code, 0) + fen
    return entered


def every_exit_fixed(attempt: Attempt) -> list[Refusal]:
    """What is due to each member that left within the year is approved."""
    names = attempt.affiliations.names()
    return [
        Refusal(
            reason=_("%(member)s年中退出的清算还没有审批", member=names.get(one.member, (one.member,))[0]),
            reason_en=f"The exit clearing of {one.member} is not approved", who=_("医保经办机构经办"),
            link=f"/clearing/{one.case_id}", fact=f"exit.{one.member}",
        )
        for one in exits_of(attempt).values() if not one.fixed
    ]  # fmt: skip


def exit_deposit_ruled(attempt: Attempt) -> list[Refusal]:
    """Of a member's exit, the place has said which part of its deposit returns."""
    if not leaving_member(attempt):
        return []
    try:
        attempt.rule(EXIT_DEPOSIT, leaves_on(attempt))
    except Refused as refused:
        return list(refused.refusals)
    return []


def due_exits(connection: Connection, at: datetime) -> list[Due]:
    """Members that have left by a supplement in force, once for each pool of the agreement."""
    rows = connection.execute(
        select(cases.c.id, cases.c.state, dossiers.c.body)
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version))
        .where(
            cases.c.stage == "agreement", cases.c.state.in_(list(map(str, SIGNED))),
            dossiers.c.body.contains('"kind":"leave"'),
        )
    ).all()
    found = [due for row in rows for due in _left(row, at)]
    if not found:
        return []
    rows = connection.execute(
        select(occurrences.c.scope, occurrences.c.period).where(
            occurrences.c.job == OPEN_EXIT, occurrences.c.status.in_(("done", "resolved"))
        )
    ).all()
    done = {(row.scope, row.period) for row in rows}
    return [due for due in found if (due.scope, due.period) not in done]


def _left(row: Any, at: datetime) -> list[Due]:
    body = json.loads(row.body)
    signed = body["supplements"][:-1] if row.state == Agreement.SUPPLEMENTING else body["supplements"]
    return [
        Due(row.id, f"{pool}:{one['member']}:{one['effective']}", at)
        for one in signed if one["kind"] == "leave" and one["effective"] <= day_of(at).isoformat()
        for pool in body["pools"]
    ]  # fmt: skip


def open_exit(connection: Connection, due: Due, at: datetime) -> None:
    """Open one member's exit clearing, unless it left with the year's end or the year is being cleared already."""
    pool, rest = due.period.split(":", 1)
    code, _colon, effective = rest.rpartition(":")
    last = date.fromisoformat(effective) - timedelta(days=1)
    agreement = connection.execute(select(cases.c.consortium_id, cases.c.place).where(cases.c.id == due.scope)).one()
    period = f"{last.year}{EXIT}{code}"
    taken = select(cases.c.id).where(
        cases.c.stage == "clearing", cases.c.consortium_id == agreement.consortium_id, cases.c.pool == pool,
        cases.c.period.in_((period, str(last.year))),
    )
    if (last.month, last.day) == (12, 31) or connection.scalar(taken.limit(1)) is not None:
        return
    consortium = connection.scalar(select(consortia.c.code).where(consortia.c.id == agreement.consortium_id))
    case_id = lifecycle.open_case(
        connection, "clearing", agreement.consortium_id, actor=SYSTEM, at=at, place=agreement.place, pool=pool,
        period=period, follows=due.scope,
        dossier={"consortium": consortium, "leaving": {"member": code, "last_day": last.isoformat()}},
    )
    attempt = Attempt(connection, lifecycle.lock(connection, case_id), SYSTEM, at)
    name = attempt.affiliations.names().get(code, (code,))[0]
    for role in (Role.AGENCY_CLERK, Role.LEAD_FINANCE):
        attempt.notify(role, "clearing", f"{name}自 {effective} 起退出，请办理 {year_of(attempt)} 年退出清算")
