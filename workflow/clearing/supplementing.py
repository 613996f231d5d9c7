"""A supplementary clearing 补充清算: the year once more after its clearing closed, of which only the difference moves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from governance.roles import Duty, Role
from workflow import decisions, lifecycle
from workflow.attempt import Actor, Attempt, refuse
from workflow.clearing.dues import before, moved_fen
from workflow.clearing.model import State, bureau
from workflow.clock import day_of
from workflow.i18n import lazy as _
from workflow.model import cases, dossiers
from workflow.organisations.model import consortia
from workflow.parties import parties_of

LONGEST_TEXT = 2000


def begin(
    connection: Connection, *, actor: Actor, at: datetime, consortium: str, pool: str, year: str, reason: str
) -> int:
    """Open the next clearing of a year whose last one is closed, with the facts entered then; returns its number.

    Raises ``NotFound`` for a consortium outside the actor's scope and ``Refused`` without a closed clearing, while
    another is open, and without a reason.
    """
    row = connection.execute(select(consortia).where(consortia.c.code == consortium)).one_or_none()
    if row is None or actor.organisation_id not in parties_of(connection, row.id, day_of(at)).of(Role.AGENCY_CLERK):
        raise lifecycle.NotFound(consortium)
    said = reason.strip()
    if not said or len(said) > LONGEST_TEXT:
        raise refuse(_("请写明补充清算的原因"), field="reason")
    last = _closed_last(connection, row.id, pool, year)
    case_id = _opened(connection, row, last, said, actor, at, {})
    attempt = Attempt(connection, lifecycle.lock(connection, case_id), actor, at)
    decisions.claim_duty(attempt, Duty.PREPARE)
    attempt.notify(Role.LEAD_FINANCE, "clearing", f"{year} 年度补充清算开始：{said}")
    return case_id


def open_for_rule(
    about: Attempt, reason: str, adjustments: Iterable[Mapping[str, Any]], change: Mapping[str, Any]
) -> int:
    """Open the next clearing of ``about``'s closed year, which a rule that works backwards changes; returns its number.

    The facts are those of the closed one with ``adjustments`` (``kind, member, fen, reason``), what the rule makes of
    the year's months; the finance bureau confirms them. ``change`` names the rule change. Raises ``Refused`` while
    another clearing of the year is open.
    """
    connection, case, at = about.connection, about.case, about.at
    row = connection.execute(select(consortia).where(consortia.c.id == case.consortium_id)).one()
    last = _closed_last(connection, row.id, case.pool, case.period)
    case_id = _opened(connection, row, last, reason, about.actor, at, {"rule_change": dict(change)}, adjustments)
    attempt = Attempt(connection, lifecycle.lock(connection, case_id), about.actor, at)
    for role in (Role.LEAD_FINANCE, Role.AGENCY_CLERK, Role(f"{bureau(attempt, 'finance')}_reviewer")):
        attempt.notify(role, "clearing", f"{case.period} 年度补充清算开始：{reason}")
    return case_id


def _opened(
    connection: Connection, row: Any, last: Any, reason: str, actor: Actor, at: datetime, more: Mapping[str, Any],
    adjustments: Iterable[Mapping[str, Any]] = (),
) -> int:
    body = json.loads(last.body)
    entered = {**body["entered"], "adjustments": [*body["entered"]["adjustments"], *map(dict, adjustments)]}
    return lifecycle.open_case(
        connection, "clearing", row.id, actor=actor, at=at, place=row.place, pool=last.pool, period=last.period,
        serial=last.serial + 1, follows=last.id,
        dossier={
            "consortium": row.code, "reason": reason, "entered": entered,
            "before": {"case": last.id, "results": body["worksheet"]["results"]}, **more,
        },
    )  # fmt: skip


def _closed_last(connection: Connection, consortium_id: int, pool: str, year: str) -> Any:
    """The last clearing of the year, which has to be closed."""
    last = connection.execute(
        select(cases.c.id, cases.c.state, cases.c.serial, cases.c.pool, cases.c.period, dossiers.c.body)
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version))
        .where(
            cases.c.stage == "clearing", cases.c.consortium_id == consortium_id, cases.c.pool == pool,
            cases.c.period == year,
        )
        .order_by(cases.c.serial.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        raise refuse(_("%(year)s 年度还没有清算，不能补充", year=year[:10]), field="year")
    if last.state != State.CLOSED:
        raise refuse(
            _("%(year)s 年度清算还没有办结，请在原清算中更正", year=year), who=_("医保经办机构经办"),
            link=f"/clearing/{last.id}", field="year",
        )  # fmt: skip
    return last


def differences(attempt: Attempt) -> list[tuple[str, int, int, int]]:
    """Line by line, in fen: before, now and the difference, of every amount that differs."""
    earlier, now = before(attempt), attempt.results
    found = [
        (key, int(earlier.get(key, 0)), int(now[key]), moved_fen(attempt, key)) for key in now if key.endswith("_fen")
    ]
    for code in sorted({*now.get("members", {}), *earlier.get("members", {})}):
        found += list(_of_member(code, earlier.get("members", {}).get(code, {}), now.get("members", {}).get(code, {})))
    return [one for one in found if one[3]]


def _of_member(code: str, earlier: dict[str, Any], now: dict[str, Any]) -> list[tuple[str, int, int, int]]:
    return [
        (f"members.{code}.{key}", earlier.get(key, 0), now.get(key, 0), now.get(key, 0) - earlier.get(key, 0))
        for key in sorted({*earlier, *now})
    ]
