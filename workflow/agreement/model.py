"""What an agreement holds, and on which days it counts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, cast, func, select, type_coerce

from workflow.i18n import lazy as _
from workflow.model import cases, dossiers
from workflow.parties import Member, Parties

POOLS = ("resident", "employee")
POOL_LABELS = {"resident": _("城乡居民"), "employee": _("职工")}
DEPOSIT_RULE = "settlement.deposit_ratio"
OVERRUN_RULE = "clearing.overrun"
APPLICATION_RULE = "prepayment.application_required"
SETTLED_WITHOUT = ("settlement.prepayment",)


class State(StrEnum):
    """Where an agreement stands."""

    DRAFTING = "drafting"
    AUTHORISING = "authorising"
    LEAD_SIGNED = "lead_signed"
    IN_FORCE = "in_force"
    SUPPLEMENTING = "supplementing"
    EXPIRING = "expiring"
    SUSPENDED = "suspended"
    RENEWED = "renewed"
    EXPIRED = "expired"
    TERMINATED = "terminated"


STATE_LABELS = {
    State.DRAFTING: _("起草中"),
    State.AUTHORISING: _("成员授权"),
    State.LEAD_SIGNED: _("牵头医院已签"),
    State.IN_FORCE: _("生效"),
    State.SUPPLEMENTING: _("补充协议签署中"),
    State.EXPIRING: _("即将到期"),
    State.SUSPENDED: _("中止"),
    State.RENEWED: _("已续签"),
    State.EXPIRED: _("已到期"),
    State.TERMINATED: _("已解除"),
}

TERM_LABELS = {
    "scope": _("支付范围"),
    "budget": _("总额预算"),
    "settlement": _("结算与拨付"),
    "deposit": _("质量保证金"),
    "prepayment": _("预付金"),
    "assessment": _("考核"),
    "surplus": _("结余留用"),
    "overrun": _("超支分担"),
    "liability": _("违约与成员单位违规的责任"),
}

RUNNING = (State.IN_FORCE, State.SUPPLEMENTING, State.EXPIRING)
SIGNED = (*RUNNING, State.SUSPENDED, State.RENEWED, State.EXPIRED, State.TERMINATED)


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed for a day: the answers to rules left to the agreement, and the prepayment of each pool in fen."""

    case_id: int
    number: str
    start: date
    end: date
    answers: dict[str, Any]
    prepayment_fen: dict[str, int]
    pools: list[str]


def terms_in_force(connection: Connection, consortium_id: int, day: date) -> Terms | None:
    """The terms that bind on ``day``; ``None`` without a signed agreement for that day.

    An agreement counts on every day of its term whatever became of it later, except days on which it was suspended
    and days from its termination on.
    """
    for row in _signed(connection, consortium_id):
        body, progress = json.loads(row.body), json.loads(row.progress)
        start, end = date.fromisoformat(body["start"]), date.fromisoformat(body["end"])
        if start <= day <= end and not stopped(progress, day):
            return Terms(
                row.id, body["number"], start, end, dict(body["answers"]), dict(body["prepayment_fen"]),
                list(body["pools"]),
            )
    return None


def _signed(connection: Connection, consortium_id: int) -> Iterable[Any]:
    return connection.execute(
        select(cases.c.id, cases.c.progress, dossiers.c.body)
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version))
        .where(
            cases.c.stage == "agreement",
            cases.c.consortium_id == consortium_id,
            cases.c.state.in_([str(state) for state in SIGNED]),
        )
        .order_by(cases.c.id.desc())
    ).all()


def stopped(progress: Mapping[str, Any], day: date) -> bool:
    """Whether the agreement was suspended or had been terminated on ``day``."""
    on = day.isoformat()
    ended = progress.get("terminated_on")
    return bool(ended and ended <= on) or any(
        one["since"] <= on and (one["resumed_on"] is None or on < one["resumed_on"])
        for one in progress.get("suspensions", [])
    )


def overlapping(connection: Connection, consortium_id: int, case_id: int, start: date, end: date) -> str | None:
    """The number of another signed agreement of the consortium whose days meet ``start`` to ``end``, or ``None``."""
    for row in _signed(connection, consortium_id):
        body, ended = json.loads(row.body), json.loads(row.progress).get("terminated_on")
        last = date.fromisoformat(body["end"])
        if ended:
            last = min(last, date.fromisoformat(ended) - timedelta(days=1))
        if row.id != case_id and date.fromisoformat(body["start"]) <= end and start <= last:
            return str(body["number"])
    return None


def text_of(connection: Connection, key: str) -> ColumnElement[str]:
    """The text under ``key`` of a dossier, as SQL both databases understand."""
    body = dossiers.c.body
    plain = cast(body, JSON) if connection.dialect.name == "postgresql" else type_coerce(body, JSON)
    found: ColumnElement[str] = plain[key].as_string()
    return found


def day_of(dossier: Mapping[str, Any], name: str) -> date | None:
    """The day under ``name`` of the dossier; ``None`` while it is blank."""
    text = dossier.get(name)
    return date.fromisoformat(text) if text else None


def next_serial(connection: Connection, consortium_id: int, period: str) -> int:
    """The number of the next agreement of this consortium and year."""
    last = connection.scalar(
        select(func.max(cases.c.serial)).where(
            cases.c.stage == "agreement", cases.c.consortium_id == consortium_id, cases.c.period == period
        )
    )
    return 1 + (last or 0)


def asked_members(parties: Parties) -> list[Member]:
    """The members whose authorisation the lead signs with: all that declare for themselves, except the lead."""
    return [one for one in parties.members if one.declares and one.id != parties.consortium.lead_id]


def without_authorisation(parties: Parties, dossier: Mapping[str, Any]) -> list[str]:
    """Codes of the members that have not authorised the lead and are listed for an agreement of their own."""
    given = dossier.get("authorisations", {})
    return [one.code for one in asked_members(parties) if one.code not in given]


def unpaid_prepayment_fen(dossier: Mapping[str, Any], progress: Mapping[str, Any]) -> dict[str, int]:
    """Prepayment agreed and not paid yet, by pool, in fen; none for an agreement that was taken over."""
    if dossier.get("takeover"):
        return {}
    paid = progress.get("prepayment_paid", {})
    return {pool: fen for pool, fen in dossier.get("prepayment_fen", {}).items() if fen and pool not in paid}
