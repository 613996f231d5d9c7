"""What happens to agreements by date: opened after recognition, renewed before they end, ended when they are over."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, exists, or_, select

from governance.roles import Role
from workflow import clock, lifecycle, rules
from workflow.agreement.model import SIGNED, State, next_serial, text_of
from workflow.attempt import SYSTEM, Attempt, Case, dossier_of
from workflow.city_ruling.model import recognition_in_force
from workflow.clocks import months_after
from workflow.i18n import lazy as _
from workflow.model import cases, dossiers
from workflow.occurrences import Due, Job

FIRST_MONTH_FOR_NEXT_YEAR = 10
RENEWAL_RULE = "agreement.renewal_before_months"
LONGEST_NOTICE_MONTHS = 24
later = cases.alias("later")
later_cases, later_dossiers = cases.alias("later_cases"), dossiers.alias("later_dossiers")


def _recognised_without(stage: str) -> Select[Any]:
    """Confirmed cases of ``stage`` after which no agreement was opened, of consortia that have none open."""
    return select(cases.c.id, cases.c.consortium_id).where(
        cases.c.stage == stage,
        cases.c.state == "confirmed",
        ~exists().where(
            later.c.stage == "agreement",
            later.c.consortium_id == cases.c.consortium_id,
            or_(later.c.closed_at.is_(None), later.c.opened_at >= cases.c.since),
        ),
    )


def ruled(connection: Connection, at: datetime) -> list[Due]:
    """Rulings in force whose consortium has no agreement yet."""
    day = clock.day_of(at)
    return [
        Due(row.id, "", at)
        for row in connection.execute(_recognised_without("city_ruling"))
        if recognition_in_force(connection, row.consortium_id, day)
    ]


def open_agreement(connection: Connection, due: Due, at: datetime) -> None:
    """Open the agreement that follows a ruling, for this year or, from October on, for the next."""
    case, day = _case(connection, due.scope), clock.day_of(at)
    found = recognition_in_force(connection, case.consortium_id, day)
    assert found is not None
    period = str(day.year + (day.month >= FIRST_MONTH_FOR_NEXT_YEAR))
    attempt = Attempt(connection, case, SYSTEM, at)
    recognition = {"case": found.case_id, "document": found.document_number, "since": found.since.isoformat()}
    opened = lifecycle.open_case(
        connection, "agreement", case.consortium_id, actor=SYSTEM, at=at, place=case.place, period=period,
        serial=next_serial(connection, case.consortium_id, period), follows=case.id,
        dossier={"consortium": attempt.consortium.code, "recognition": recognition},
    )
    Attempt(connection, _case(connection, opened), SYSTEM, at).notify(
        Role.AGENCY_CLERK, "opened", f"认定 {found.document_number} 已生效，请起草医保协议"
    )


def taken_over(connection: Connection, at: datetime) -> list[Due]:
    """Confirmed takeovers whose agreement is not here yet."""
    return [Due(row.id, "", at) for row in connection.execute(_recognised_without("takeover"))]


def adopt_agreement(connection: Connection, due: Due, at: datetime) -> None:
    """Open the agreement of a takeover as it was confirmed, in force; its prepayment came with the opening balances."""
    case = _case(connection, due.scope)
    body = dossier_of(connection, case)
    agreed, recognition = body["agreement"], body["recognition"]
    period = agreed["start"][:4]
    lifecycle.open_case(
        connection, "agreement", case.consortium_id, actor=SYSTEM, at=at, place=case.place, period=period,
        serial=next_serial(connection, case.consortium_id, period), state=str(State.IN_FORCE), follows=case.id,
        dossier={
            "consortium": body["consortium"],
            "takeover": {"case": case.id, "effective": body["effective"]},
            "recognition": {"document": recognition["document"], "since": recognition["date"]},
            "pools": body["pools"],
            "members": body.get("members", []),
            "overrun_circumstances": agreed.get("overrun_circumstances", []),
            "terms": agreed.get("terms", {}),
            **{name: agreed[name] for name in ("number", "start", "end", "answers", "prepayment_fen")},
        },
    )


def _dated(connection: Connection, *states: State) -> Select[Any]:
    return (
        select(cases.c.id, cases.c.place, text_of(connection, "end").label("last_day"))
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version))
        .where(cases.c.stage == "agreement", cases.c.state.in_([str(state) for state in states]))
    )


def near_their_end(connection: Connection, at: datetime) -> list[Due]:
    """Agreements in force whose end is no further off than the place's notice of renewal."""
    day = clock.day_of(at)
    horizon = months_after(day, LONGEST_NOTICE_MONTHS).isoformat()
    query = _dated(connection, State.IN_FORCE).where(text_of(connection, "end") <= horizon)
    return [
        Due(row.id, row.last_day, at)
        for row in connection.execute(query)
        if date.fromisoformat(row.last_day) <= months_after(day, _notice_months(connection, row.place, day))
    ]


def _notice_months(connection: Connection, place: str, day: date) -> int:
    provision = rules.book_at(connection, place, day).find(RENEWAL_RULE)
    return 0 if provision is None else provision.integer


def started(connection: Connection, at: datetime) -> list[Due]:
    """Agreements near their end whose renewal is signed and has begun."""
    day, later, body = clock.day_of(at).isoformat(), later_cases, later_dossiers
    query = (
        select(cases.c.id, later.c.id.label("next_id"), body.c.body)
        .join(later, later.c.follows_id == cases.c.id)
        .join(body, (body.c.case_id == later.c.id) & (body.c.version == later.c.dossier_version))
        .where(
            cases.c.stage == "agreement",
            cases.c.state == str(State.EXPIRING),
            later.c.stage == "agreement",
            later.c.state.in_([str(state) for state in SIGNED]),
        )
    )
    return [
        Due(row.id, str(row.next_id), at)
        for row in connection.execute(query)
        if json.loads(row.body)["start"] <= day <= json.loads(row.body)["end"]
    ]


def ended(connection: Connection, at: datetime) -> list[Due]:
    """Agreements whose last day has passed and that nothing followed."""
    followed = {due.scope for due in started(connection, at)}
    query = _dated(connection, State.EXPIRING).where(text_of(connection, "end") < clock.day_of(at).isoformat())
    return [Due(row.id, row.last_day, at) for row in connection.execute(query) if row.id not in followed]


def not_resumed(connection: Connection, at: datetime) -> list[Due]:
    """Suspended agreements that were not resumed in time."""
    day = clock.day_of(at).isoformat()
    query = select(cases.c.id, cases.c.progress).where(
        cases.c.stage == "agreement", cases.c.state == str(State.SUSPENDED)
    )
    held = [(row.id, json.loads(row.progress)["suspensions"][-1]) for row in connection.execute(query)]
    return [Due(number, last["since"], at) for number, last in held if last["latest"] < day]


def _case(connection: Connection, case_id: int) -> Case:
    return Case(*connection.execute(select(cases).where(cases.c.id == case_id)).one())


def _taking(trigger: str) -> Any:
    def run(connection: Connection, due: Due, at: datetime) -> None:
        lifecycle.take(connection, due.scope, trigger, actor=SYSTEM, at=at)

    return run


JOBS = [
    Job("open_agreement", _("认定后起草协议"), ruled, open_agreement),
    Job("adopt_agreement", _("接入已有协议"), taken_over, adopt_agreement),
    Job("open_renewal", _("到期前启动续签"), near_their_end, _taking("expire_soon")),
    Job("close_renewed", _("续签后结束旧协议"), started, _taking("renew")),
    Job("expire_agreement", _("协议到期"), ended, _taking("expire")),
    Job("lapse_suspended", _("中止期满自动终止"), not_resumed, _taking("lapse")),
]
