"""What happens when a step of a self-assessment is taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from governance.roles import Role
from workflow import decisions, files, lifecycle, rules
from workflow.attempt import Actor, Attempt, refuse
from workflow.clock import day_of
from workflow.i18n import lazy as _
from workflow.model import cases
from workflow.organisations.model import consortia
from workflow.self_assessment.model import STANDARD, criteria, grades_only, levels, pinned, under_way

LONGEST_TEXT = 2000


def begin(
    connection: Connection, *, actor: Actor, at: datetime, consortium: str = "", total_payment: bool = True
) -> int:
    """Begin a self-assessment of the consortium that the actor's hospital leads; returns the case's number.

    ``consortium`` is its code, needed only where the hospital leads several; ``total_payment`` says that it means to
    apply for payment under a global budget. Raises ``NotFound`` out of scope, ``Refused`` while one is under way.
    """
    row = led_by(connection, actor, consortium, day_of(at))
    return open_for(connection, row.id, actor=actor, at=at, total_payment=total_payment)


def led_by(connection: Connection, actor: Actor, code: str, day: date) -> Any:
    """The consortium (with ``code`` where given) that the actor's hospital leads; raises ``NotFound``."""
    query = select(consortia).where(consortia.c.lead_id == actor.organisation_id).order_by(consortia.c.id)
    if code:
        query = query.where(consortia.c.code == code)
    row = connection.execute(query.limit(1)).one_or_none()
    seated = lifecycle.seat_valid(connection, actor, day, "self_assessment")
    if row is None or actor.role is not Role.LEAD_CLERK or not seated:
        raise lifecycle.NotFound(code)
    return row


def open_for(
    connection: Connection,
    consortium_id: int,
    *,
    actor: Actor,
    at: datetime,
    total_payment: bool,
    recheck_of: int | None = None,
) -> int:
    """Open a self-assessment on the criteria in force today; ``recheck_of`` is the recognition it re-checks."""
    row = connection.execute(select(consortia).where(consortia.c.id == consortium_id)).one()
    rules.refuse_samples(connection, row.place)
    if under_way(connection, consortium_id) is not None:
        raise refuse(_("本医共体已有一件自评正在办理，请在那一件上继续"), field="consortium")
    day = day_of(at)
    period = str(day.year)
    last = connection.scalar(
        select(func.max(cases.c.serial)).where(
            cases.c.stage == "self_assessment", cases.c.consortium_id == consortium_id, cases.c.period == period
        )
    )
    dossier = {
        "consortium": row.code,
        "purpose": "apply" if recheck_of is None else "recheck",
        "total_payment": total_payment,
        "standard": pinned(rules.book_at(connection, row.place, day).rule(STANDARD), day),
        "grades": {},
    }
    return lifecycle.open_case(
        connection, "self_assessment", consortium_id, actor=actor, at=at, place=row.place, period=period,
        serial=1 + (last or 0), dossier=dossier, follows=recheck_of,
    )


def grade(
    attempt: Attempt,
    *,
    criterion: str,
    grade: str,
    explanation: str | None = "",
    reason: str | None = "",
    files: Sequence[dict[str, Any]] = (),
) -> None:
    """Grade one criterion; files are added to the evidence that is there already."""
    write_entry(attempt, criterion, grade, explanation, reason, files)
    attempt.noted |= {"criterion": criterion, "grade": grade}


def write_entry(
    attempt: Attempt,
    criterion: str,
    level: str,
    explanation: str | None,
    reason: str | None,
    added: Sequence[dict[str, Any]],
) -> None:
    """Put a grade with its explanation, reason and evidence into the dossier.

    Raises ``Refused`` for a criterion or level that the pinned standard does not have, and for texts too long.
    """
    standard = attempt.dossier["standard"]
    if criterion not in {one.key for one in criteria(standard)}:
        raise refuse(_("评判标准里没有“%(key)s”这一条", key=criterion[:20]), field="criterion")
    if level not in {one["key"] for one in levels(standard)}:
        raise refuse(_("“%(level)s”不是这套标准的等级", level=level[:20]), field="grade")
    texts = {"explanation": (explanation or "").strip(), "reason": (reason or "").strip()}
    for name, text in texts.items():
        if len(text) > LONGEST_TEXT:
            raise refuse(_("文字过长，最多 %(most)s 字", most=LONGEST_TEXT), field=name)
    entries = attempt.dossier.setdefault("grades", {})
    kept = {one["sha256"]: one for one in entries.get(criterion, {}).get("evidence", [])}
    for descriptor in added:
        digest = files.attach(attempt, criterion, descriptor)
        kept[digest] = {"name": descriptor["name"], "sha256": digest}
    entries[criterion] = {
        "grade": level,
        **texts,
        "evidence": sorted(kept.values(), key=lambda one: str(one["sha256"])),
    }


def drop_evidence(attempt: Attempt, *, criterion: str, sha256: str) -> None:
    """Take a file out of a criterion's evidence; the file itself stays with the case."""
    entries = attempt.dossier.get("grades", {})
    evidence = entries.get(criterion, {}).get("evidence", [])
    kept = [one for one in evidence if one["sha256"] != sha256]
    if len(kept) == len(evidence):
        raise refuse(_("这一条的佐证里没有这份材料"), field="sha256")
    entries[criterion]["evidence"] = kept
    attempt.noted |= {"criterion": criterion, "dropped": sha256}


def renew_standard(attempt: Attempt) -> None:
    """Take up the criteria in force today; what was filled in for criteria that remain is kept."""
    standard = pinned(attempt.rule(STANDARD), attempt.day)
    known = {one.key for one in criteria(standard)}
    allowed = {one["key"] for one in levels(standard)}
    attempt.dossier["standard"] = standard
    attempt.dossier["grades"] = {
        key: entry
        for key, entry in attempt.dossier.get("grades", {}).items()
        if key in known and entry["grade"] in allowed
    }


def submit(attempt: Attempt) -> None:
    """Pin the criteria of today, calculate what they say, and hand over for signature."""
    attempt.dossier["standard"] = pinned(attempt.rule(STANDARD), attempt.day)
    predict(attempt)
    attempt.progress.pop("returned", None)


def predict(attempt: Attempt) -> None:
    """Calculate the worksheet ``qualification`` on the pinned criteria."""
    facts = {"consortium": attempt.consortium.code, "grades": grades_only(attempt.dossier)}
    attempt.calculate("qualification", facts, on=date.fromisoformat(attempt.dossier["standard"]["pinned_on"]))


def sign(attempt: Attempt, *, verdict: str = "agree", opinion: str = "") -> None:
    """The lead's head signs; where the place asks it, the county health bureau is next."""
    if verdict != "agree":
        raise refuse(_("不同意的，请用“退回经办”并写明原因"), field="verdict")
    provision = attempt.find_rule("ruling.endorsement_required")
    if provision is not None and provision.flag:
        attempt.follow = "ask_endorsement"


def file(attempt: Attempt) -> None:
    """File the self-assessment; with the intent to apply, the application opens by itself."""
    attempt.progress["applies"] = bool(attempt.dossier["total_payment"])


def send_back(attempt: Attempt) -> None:
    """The head, or the county, returns the draft to the clerk; kept beside it until it is handed in again."""
    by = str(attempt.actor.role)
    attempt.progress["returned"] = {"reason": attempt.noted["reason"], "by": by, "on": attempt.day.isoformat()}


def straight_back(attempt: Attempt) -> None:
    """What was mended goes straight back, with its worksheet run again."""
    predict(attempt)
    attempt.progress.pop("returned", None)


def return_unendorsed(attempt: Attempt) -> None:
    """The county health bureau did not endorse: its opinions go back with the draft."""
    last = decisions.last_round(attempt, "endorsement")
    said = [row.opinion for row in (last.cast if last else ()) if row.opinion]
    _returned(attempt, "；".join(said) or "县级卫生健康部门未同意", Role.COUNTY_HEALTH_APPROVER)


def return_filed(attempt: Attempt, *, reason: str) -> None:
    """The application was not accepted: the self-assessment is open again."""
    attempt.case.closed_at = None
    _returned(attempt, reason, Role.CITY_INSURANCE_REVIEWER)


def _returned(attempt: Attempt, reason: str, by: Role) -> None:
    said = reason.strip()
    if not said:
        raise refuse(_("请写明退回的原因"), field="reason")
    attempt.progress["returned"] = {"reason": said, "by": str(by), "on": attempt.day.isoformat()}
    attempt.noted["reason"] = said
    attempt.notify(Role.LEAD_CLERK, "returned", said)
