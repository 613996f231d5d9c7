"""What happens when a step of a plan is taken; the session and the money have modules of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from governance.roles import Role
from workflow import clocks, returning
from workflow.attempt import Attempt, refuse
from workflow.i18n import lazy as _
from workflow.surplus_plan.model import (
    OPINION_LABELS,
    asked_members,
    contribution,
    last_day,
    members_of_year,
    next_filing,
    shares_overrun,
    silent_members,
    year_of,
)
from workflow.surplus_plan.paying import (
    bank_proof,
    begin_sharing,
    confirm_receipt,
    file,
    pay_members,
    pay_retained,
)
from workflow.surplus_plan.releasing import forfeit, propose_release, release, return_release
from workflow.surplus_plan.session import (
    adjourn,
    begin_anew,
    close_session,
    convene,
    register_attendance,
    reject,
    send_back,
    vote,
)

__all__ = [
    "adjourn", "bank_proof", "begin_sharing", "close_session", "confirm_receipt", "convene", "file", "forfeit",
    "pay_members", "pay_retained", "propose_release", "register_attendance", "reject", "release", "return_release",
    "send_back", "vote",
]  # fmt: skip

LONGEST_TEXT = 2000


def draft(
    attempt: Attempt,
    *,
    deductions: Iterable[Mapping[str, Any]] = (),
    reasons: Mapping[str, str] | None = None,
    parts: Iterable[Mapping[str, Any]] = (),
) -> None:
    """Draft the plan: deductions before distribution, reasons for members that get nothing, parts shared by their own
    ratios. The weights are those of the final contribution assessment and cannot be typed; a new draft is asked anew.

    ``deductions`` are ``{name, amount_fen}``, ``parts`` ``{name, amount_fen, ratios_rule}``.
    """
    assessed = contribution(attempt)
    if assessed is None:
        raise refuse(_("%(year)s 年内部考核还没有定论", year=year_of(attempt)), who=_("经营管理中心负责人"))
    attempt.dossier["weights"] = dict(assessed.weights)
    attempt.dossier["assessment_case"] = assessed.case_id
    attempt.dossier["deductions"] = [
        {"name": str(one["name"]).strip(), "amount_fen": one["amount_fen"]} for one in deductions
    ]
    attempt.dossier["parts"] = [dict(one) for one in parts]
    attempt.dossier["reasons"] = {code: said.strip() for code, said in (reasons or {}).items() if said and said.strip()}
    attempt.calculate("surplus-plan", _facts(attempt), on=last_day(attempt))
    attempt.case.amount_fen = attempt.dossier["amount_fen"]
    if not returning.comes_straight(attempt):
        begin_anew(attempt)


def _facts(attempt: Attempt) -> dict[str, Any]:
    body = attempt.dossier
    weights, reasons = body["weights"], body["reasons"]
    members = []
    for one in members_of_year(attempt):
        row = {"member": one.code, "level": one.level, "weight": weights.get(one.code, "0")}
        members.append({**row, "reason": reasons[one.code]} if one.code in reasons else row)
    facts: dict[str, Any] = {
        "consortium": attempt.consortium.code, "pool": attempt.case.pool, "year": year_of(attempt),
        "lead": attempt.parties.codes[attempt.consortium.lead_id], "members": members,
        "own_share_fen" if shares_overrun(body) else "retained_fen": body["amount_fen"],
    }
    for name in ("deductions", "parts"):
        if body[name]:
            facts[name] = body[name]
    return facts


def open_consultation(attempt: Attempt) -> None:
    """Put the draft before every member; the days for opinions begin."""
    rule = attempt.rule("surplus.opinion_days")
    deadline = clocks.start(attempt, "opinion", rule, Role.MEMBER_CLERK)
    attempt.progress["opinions"] = {}
    attempt.progress["opinion_until"] = deadline.isoformat()
    for member in asked_members(attempt):
        attempt.notify(Role.MEMBER_CLERK, "consultation", f"请在 {deadline.isoformat()} 前对方案提出意见", member.id)


def give_opinion(attempt: Attempt, *, verdict: str = "agree", opinion: str = "") -> None:
    """A member agrees with the draft or remarks on it; its later opinion takes the place of the earlier."""
    member = attempt.parties.member(attempt.actor.organisation_id or 0)
    said = opinion.strip()
    if verdict not in OPINION_LABELS:
        raise refuse(_("意见只能是“同意”或“有意见”"), field="verdict")
    if verdict == "remark" and not said:
        raise refuse(_("请写明意见"), field="opinion")
    if len(said) > LONGEST_TEXT or member is None:
        raise refuse(_("意见过长，最多 %(most)s 字", most=LONGEST_TEXT), field="opinion")
    attempt.progress.setdefault("opinions", {})[member.code] = {
        "verdict": verdict, "opinion": said, "by": attempt.actor.name, "on": attempt.day.isoformat(),
    }
    attempt.noted |= {"member": member.code, "opinion": said}
    if not silent_members(attempt):
        attempt.follow = "close_consultation"


def close_consultation(attempt: Attempt) -> None:
    """Every member has been heard, or its time is over; the committee is next."""
    clocks.stop(attempt, "opinion")
    attempt.noted["silent"] = [member.code for member in silent_members(attempt)]
    attempt.notify(Role.COMMITTEE_SECRETARY, "convene", "方案征求意见结束，请召集管委会会议")


def recall(attempt: Attempt, *, reason: str) -> None:
    """Take the draft back to change it, with a reason."""
    _returned(attempt, reason)
    clocks.stop(attempt, "opinion")


def check_filing(attempt: Attempt, *, filing_number: str, opinion: str = "") -> None:
    """The next body's reviewer has looked through what is filed, and proposes the number to accept it under."""
    number = filing_number.strip()
    if not number:
        raise refuse(_("请填写备案号"), field="filing_number")
    attempt.progress["filing"] = {"kind": next_filing(attempt), "number": number}
    attempt.noted |= attempt.progress["filing"]


def approve_filing(attempt: Attempt, *, opinion: str = "", **_decided: Any) -> None:
    """The body's head accepts the filing under the number that was proposed."""
    accept_filing(attempt, filing_number=attempt.progress.pop("filing")["number"], opinion=opinion)


def accept_filing(attempt: Attempt, *, filing_number: str, opinion: str = "") -> None:
    """The next body accepts the filing under a number; after the last one the plan is filed."""
    number, kind = filing_number.strip(), next_filing(attempt)
    if not number:
        raise refuse(_("请填写备案号"), field="filing_number")
    attempt.progress.setdefault("filings", []).append({
        "kind": kind, "number": number, "opinion": opinion.strip(), "by": attempt.actor.name,
        "on": attempt.day.isoformat(),
    })  # fmt: skip
    attempt.noted |= {"filing_number": number, "kind": kind}
    if next_filing(attempt) is None:
        attempt.follow = "file"


def _returned(attempt: Attempt, reason: str) -> None:
    said = reason.strip()
    if not said or len(said) > LONGEST_TEXT:
        raise refuse(_("请写明原因"), field="reason")
    attempt.progress["returned"] = {"reason": said, "on": attempt.day.isoformat(), "by": attempt.actor.name}
    attempt.noted["reason"] = said
    attempt.notify(Role.LEAD_FINANCE, "returned", said)
