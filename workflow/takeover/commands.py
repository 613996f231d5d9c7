"""What happens when a step of a takeover is taken."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from governance.refusal import Refusal, Refused
from governance.roles import Duty, Role
from governance.rulebook import Provision
from workflow import decisions, files, ledger, lifecycle, rules
from workflow.attempt import Actor, Attempt, refuse
from workflow.clock import day_of
from workflow.i18n import lazy as _
from workflow.model import cases
from workflow.organisations.model import consortia
from workflow.parties import Parties, parties_of
from workflow.takeover.model import opening_total_fen, taken
from workflow.takeover.proposal import proposal

SETTLED_WITHOUT = ("settlement.prepayment",)


def begin(connection: Connection, *, actor: Actor, at: datetime, consortium: str, **given: Any) -> int:
    """Propose to take over the consortium with code ``consortium``; returns the case's number.

    Raises ``NotFound`` for a consortium outside the actor's scope and ``Refused`` when it is already taken over or
    ruled on, lives on sample rules in a real database, or a field is wrong.
    """
    row = connection.execute(select(consortia).where(consortia.c.code == consortium)).one_or_none()
    if row is None:
        raise lifecycle.NotFound(consortium)
    parties = parties_of(connection, row.id, day_of(at))
    if actor.organisation_id not in parties.of(actor.role) or actor.role is not Role.AGENCY_CLERK:
        raise lifecycle.NotFound(consortium)
    rules.refuse_samples(connection, row.place)
    if taken(connection, row.id):
        raise refuse(_("“%(name)s”已经接入、正在接入或正在评定，不能再接入", name=row.name), field="consortium")
    attached = list(given.pop("files", None) or [])
    body = {"consortium": row.code, **proposal(given, _members(parties), day_of(at))}
    if attached:
        body["files"] = sorted({one["sha256"] for one in attached})
    case_id = lifecycle.open_case(
        connection, "takeover", row.id, actor=actor, at=at, place=row.place, serial=_serial(connection, row.id),
        dossier=body,
    )
    attempt = Attempt(connection, lifecycle.lock(connection, case_id), actor, at)
    decisions.claim_duty(attempt, Duty.PREPARE)
    _attach(attempt, attached)
    return case_id


def _members(parties: Parties) -> list[str]:
    return [member.code for member in parties.members]


def _serial(connection: Connection, consortium_id: int) -> int:
    last = connection.scalar(
        select(func.max(cases.c.serial)).where(cases.c.stage == "takeover", cases.c.consortium_id == consortium_id)
    )
    return 1 + (last or 0)


def _attach(attempt: Attempt, attached: list[dict[str, Any]]) -> None:
    for descriptor in attached:
        files.attach(attempt, "recognition", descriptor)


def revise(attempt: Attempt, **given: Any) -> None:
    """Put the corrected proposal in the place of the old one; who has checked checks again."""
    given.pop("consortium", None)
    attached = list(given.pop("files", None) or [])
    body = proposal(given, _members(attempt.parties), attempt.day)
    scans = sorted({*attempt.dossier.get("files", []), *(one["sha256"] for one in attached)})
    returned = attempt.dossier.get("returned", [])
    attempt.dossier.clear()
    attempt.dossier.update({"consortium": attempt.consortium.code, **body})
    if scans:
        attempt.dossier["files"] = scans
    if returned:
        attempt.dossier["returned"] = returned
    attempt.progress.pop("returned", None)
    _attach(attempt, attached)


def check(attempt: Attempt, *, verdict: str = "agree", opinion: str = "") -> None:
    """A second person has held the proposal against the documents; taking this step is agreement."""
    _only_agreement(verdict)


def send_back(attempt: Attempt, *, reason: str = "") -> None:
    """Return the proposal to the clerk with a reason; both look at it again afterwards."""
    said = reason.strip() or str(attempt.noted.get("reason", ""))
    if not said:
        raise refuse(_("请写明退回的原因"), field="reason")
    attempt.progress["returned"] = said
    attempt.dossier.setdefault("returned", []).append({"on": attempt.day.isoformat(), "reason": said})
    attempt.noted["reason"] = said
    if attempt.case.state == "proposed":
        attempt.notify(Role.AGENCY_CLERK, "returned", said)


def withdraw(attempt: Attempt, *, reason: str) -> None:
    """End a proposal that should not have been made."""
    if not reason.strip():
        raise refuse(_("请写明撤回的原因"), field="reason")
    attempt.noted["reason"] = reason.strip()


def confirm(attempt: Attempt, *, verdict: str = "agree", opinion: str = "") -> None:
    """The head confirms: the answers are held against the rules, and the opening balances are booked."""
    _only_agreement(verdict)
    _check_answers(attempt)
    for pool in attempt.dossier["pools"]:
        _post_opening(attempt, pool)
    attempt.progress["recognised_since"] = attempt.dossier["recognition"]["date"]
    attempt.notify(Role.LEAD_CLERK, "taken_over", "本医共体已接入，认定、协议和期初余额以接入记录为准")


def _only_agreement(verdict: str) -> None:
    if verdict != "agree":
        raise refuse(_("不同意的，请用“退回经办”并写明原因"), field="verdict")


def left_to_agreement(attempt: Attempt) -> list[Provision]:
    """The rules of the place that say the agreement answers them, prepayment aside (an agreement may have none)."""
    day = attempt.dossier.get("effective")
    book = attempt.book(date.fromisoformat(day) if day else None)
    return [
        provision
        for provision in book
        if provision.rule not in SETTLED_WITHOUT
        and isinstance(provision.value, dict)
        and "agreement" in (provision.value.get("from"), provision.value.get("kind"))
    ]


def _check_answers(attempt: Attempt) -> None:
    """Raises ``Refused`` with every answer of the agreement that breaks a rule of the place."""
    answers = attempt.dossier["agreement"]["answers"]
    book = attempt.book(date.fromisoformat(attempt.dossier["effective"]), answers)
    bad: list[Refusal] = []
    for rule in answers:
        try:
            book.rule(rule)
        except Refused as refused:
            bad += refused.refusals
    if bad:
        raise Refused(*bad)


def _post_opening(attempt: Attempt, pool: str) -> None:
    """Book what one pool opens with: prepayment still out, deposits still held, carries still owed by members."""
    opening = attempt.dossier["opening"][pool]
    if not opening_total_fen(opening):
        return
    code = attempt.consortium.code
    lines = [("prepayment", code, opening["prepayment_fen"]), ("deposit", code, -opening["deposit_fen"])]
    lines += [("carry", member, fen) for member, fen in sorted(opening["carry"].items())]
    lines.append(("opening", code, -sum(fen for _account, _party, fen in lines)))
    ledger.post(
        attempt.connection,
        book=f"{code}/{pool}",
        year=int(attempt.dossier["effective"][:4]),
        biz_key=f"takeover:{attempt.case.id}:opening:{pool}",
        case_id=attempt.case.id,
        memo="接入期初余额",
        lines=lines,
        at=attempt.at,
    )
