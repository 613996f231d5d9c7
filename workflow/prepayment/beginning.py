"""How a prepayment is applied for: by the lead, once a year and pool, for the use the place allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from governance.money import yuan
from governance.prepayment import USES
from governance.roles import Role
from workflow import files, lifecycle, rules
from workflow.agreement.model import APPLICATION_RULE, Terms, terms_in_force
from workflow.attempt import SYSTEM, Actor, Attempt, refuse
from workflow.clock import day_of
from workflow.i18n import lazy as _
from workflow.model import cases
from workflow.organisations.model import consortia
from workflow.prepayment.model import under_way

APPLICANTS = (Role.LEAD_CLERK, Role.LEAD_FINANCE)


def begin(
    connection: Connection, *, actor: Actor, at: datetime, pool: str, amount_fen: int, uses: Sequence[str],
    undertaking: bool, consortium: str = "", statement: str = "", attached: Sequence[Mapping[str, Any]] = (),
) -> int:
    """Apply for this year's prepayment of one pool; returns the case's number.

    Raises ``NotFound`` for a consortium that the actor's hospital does not lead, and ``Refused`` where the place pays
    without an application, no agreement provides for it, it was paid already, or one is under way.
    """
    day = day_of(at)
    row = _led_by(connection, actor, consortium, day)
    rules.refuse_samples(connection, row.place)
    if not by_application(connection, row.place, day):
        raise refuse(_("本地预付金按协议直接拨付，不用申请"), who=_("医保经办机构"), field="pool")
    terms = terms_in_force(connection, row.id, day)
    _check_agreed(connection, terms, pool)
    if under_way(connection, row.id, pool, day.year) is not None:
        raise refuse(_("%(year)s 年这个险种的预付金已经申请", year=day.year), field="pool")
    kept = list(attached)
    applied = application(
        connection, row, pool, day, amount_fen=amount_fen, uses=uses, undertaking=undertaking, statement=statement,
        scans=[str(one["sha256"]) for one in kept],
    )
    case_id = lifecycle.open_case(
        connection, "prepayment", row.id, actor=actor, at=at, place=row.place, pool=pool, period=str(day.year),
        serial=_serial(connection, row.id, pool, day.year), follows=terms.case_id if terms else None,
        dossier={"consortium": row.code, "application": applied},
    )
    attempt = Attempt(connection, lifecycle.lock(connection, case_id), actor, at)
    for one in kept:
        files.attach(attempt, "application", dict(one))
    lifecycle.take(connection, case_id, "begin_checking", actor=SYSTEM, at=at)
    return case_id


def by_application(connection: Connection, place: str, day: date) -> bool:
    """Whether the place pays a prepayment only on an application."""
    rule = rules.book_at(connection, place, day).find(APPLICATION_RULE)
    return rule is not None and rule.value == "true"


def _led_by(connection: Connection, actor: Actor, code: str, day: date) -> Any:
    query = select(consortia).where(consortia.c.lead_id == actor.organisation_id).order_by(consortia.c.id)
    row = connection.execute((query.where(consortia.c.code == code) if code else query).limit(1)).one_or_none()
    seated = lifecycle.seat_valid(connection, actor, day, "prepayment")
    if row is None or actor.role not in APPLICANTS or not seated:
        raise lifecycle.NotFound(code)
    return row


def _check_agreed(connection: Connection, terms: Terms | None, pool: str) -> None:
    if terms is None or not terms.prepayment_fen.get(pool):
        raise refuse(_("没有生效的协议约定这个险种的预付金"), who=_("医保经办机构"), field="pool")
    paid = connection.scalar(select(cases.c.progress).where(cases.c.id == terms.case_id)) or ""
    if f'"prepayment_paid":{{"{pool}":' in paid:
        raise refuse(_("协议 %(number)s 的预付金已经按协议拨付", number=terms.number), field="pool")


def _serial(connection: Connection, consortium_id: int, pool: str, year: int) -> int:
    last = connection.scalar(
        select(func.max(cases.c.serial)).where(
            cases.c.stage == "prepayment", cases.c.consortium_id == consortium_id, cases.c.pool == pool,
            cases.c.period == str(year),
        )
    )  # fmt: skip
    return 1 + (last or 0)


def application(
    connection: Connection, consortium: Any, pool: str, day: date, *, amount_fen: int, uses: Sequence[str],
    undertaking: bool, statement: str, scans: Sequence[str],
) -> dict[str, Any]:
    """What the lead asks for: amount, use, and its word that it is used for nothing else; raises ``Refused``."""
    terms = terms_in_force(connection, consortium.id, day)
    agreed_fen = terms.prepayment_fen.get(pool, 0) if terms else 0
    if not 0 < amount_fen <= agreed_fen:
        raise refuse(_("申请金额应大于 0，且不超过协议约定的 %(fen)s 元", fen=yuan(agreed_fen)), field="amount_fen")
    allowed = rules.book_at(connection, consortium.place, day).rule(USES).value
    if not uses or not set(uses) <= set(allowed):
        raise refuse(_("请选择本地允许的用途"), field="uses")
    if not undertaking:
        raise refuse(_("须承诺预付金只用于所列用途，年底前冲抵完毕或退回"), field="undertaking")
    return {
        "amount_fen": amount_fen, "uses": [one for one in allowed if one in uses], "statement": statement.strip(),
        "undertaking": True, "on": day.isoformat(), "files": sorted(set(scans)),
    }  # fmt: skip
