"""Red-letter supplements (红冲、补记): a closed month stays as it is, and a case of its own settles what it got wrong.

A supplement holds the whole month as it should have been, and the difference from what was decided last; only the
difference is booked, paid, or carried into the member's next month. What the month set off of prepayment stays.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from governance.roles import Role
from governance.rulebook import Book
from workflow import clocks, enacted, files, lifecycle, rules
from workflow.attempt import Actor, Attempt, Case, dossier_of, refuse, sha256
from workflow.claims.columns import CATEGORIES, INPATIENT_GROUPS
from workflow.i18n import lazy as _
from workflow.model import cases, worksheets
from workflow.settlement.differing import difference_of
from workflow.settlement.model import State, absent, last_day, rejections, terms_of_month
from workflow.settlement.supplement_conditions import year_still_open
from workflow.settlement.tallying import month_itself, moved_by_rules, with_moves

WHAT = {
    "own": _("本医共体参保人应付"), "inflow": _("外来参保人应付"), "rejected_own": _("审核拒付（本医共体参保人）"),
    "rejected_inflow": _("审核拒付（外来参保人）"), "away": _("县域外及零星报销"),
}  # fmt: skip
CLERK = _("医保经办机构经办")


@dataclass(frozen=True, slots=True)
class Decided:
    """A month as it was decided last: the case that did, its content, facts and lines, and the rules it went by."""

    case_id: int
    dossier: dict[str, Any]
    facts: dict[str, Any]
    lines: list[dict[str, Any]]
    book: Book


def begin(
    connection: Connection, *, actor: Actor, at: datetime, month: int, reason: str,
    evidence: dict[str, Any] | None = None,
) -> int:
    """Open the supplement of a closed month, with its reason and evidence; returns the case's number.

    The month's case is only named and stays as it is. Raises ``Refused`` where the month is not closed, another
    supplement is under way, or the year is cleared; ``NotFound`` for a month that is not the agency's.
    """
    closed = lifecycle.lock(connection, month)
    about = Attempt(connection, closed, actor, at)
    if closed.stage != "settlement" or actor.organisation_id not in about.parties.of(Role.AGENCY_CLERK):
        raise lifecycle.NotFound(month)
    if not reason.strip() or not evidence:
        raise refuse(_("请写明更正的原因，并附上依据"), who=CLERK, field="reason" if not reason.strip() else "evidence")
    serial = next_serial(connection, closed)
    if (held := year_still_open(about)) is not None:
        raise refuse(held.reason, reason_en=held.reason_en, who=held.who, link=held.link, field="month")
    return opened(about, serial, reason.strip(), evidence, {})


def opened(about: Attempt, serial: int, reason: str, evidence: dict[str, Any], more: Mapping[str, Any]) -> int:
    """Open the supplement of ``about``'s closed month with its reason and evidence; returns the case's number."""
    connection, closed, before = about.connection, about.case, about.dossier
    dossier = {
        "consortium": before["consortium"], "pool": closed.pool, "period": closed.period,
        "agreement": before.get("agreement", ""), "declarations": {}, "claims": [], "deductions": [],
        "corrections": [],
        "supplement": {
            "case": closed.id, "serial": closed.serial, "subject_sha256": closed.subject_hash,
            "worksheet_sha256": before["worksheet"]["sha256"], "reason": reason,
            "evidence": evidence["sha256"], "evidence_name": evidence["name"], "by": about.actor.name,
            "on": about.day.isoformat(), "absent": left_out(before), **more,
        },
    }  # fmt: skip
    number = lifecycle.open_case(
        connection, "settlement", closed.consortium_id, actor=about.actor, at=about.at, place=closed.place,
        pool=closed.pool, period=closed.period, serial=serial, state=str(State.DECLARED), dossier=dossier,
        follows=closed.id,
    )  # fmt: skip
    _opened(Attempt(connection, lifecycle.lock(connection, number), about.actor, about.at), evidence)
    return number


def left_out(dossier: Mapping[str, Any]) -> list[str]:
    """The members of a decided month that did not declare; their claims are settled with a later month."""
    return dossier.get("supplement", {}).get("absent") or absent(dossier)


def next_serial(connection: Connection, closed: Case) -> int:
    """The number of the month's next case; raises ``Refused`` unless ``closed`` is its last word, and is closed."""
    same = (
        cases.c.stage == "settlement", cases.c.consortium_id == closed.consortium_id, cases.c.pool == closed.pool,
        cases.c.period == closed.period,
    )  # fmt: skip
    later = connection.execute(
        select(cases.c.id, cases.c.state)
        .where(*same, cases.c.serial > closed.serial, cases.c.state != str(State.WITHDRAWN))
        .order_by(cases.c.serial.desc())
        .limit(1)
    ).one_or_none()
    if later is not None:
        raise refuse(
            _("%(period)s 已有补记，请在最后一次补记办结后，接着它办理", period=closed.period),
            reason_en="The month has a supplement already; follow the last one", who=CLERK,
            link=f"/settlement/{later.id}", field="month",
        )  # fmt: skip
    if closed.state != State.CLOSED:
        raise refuse(
            _("%(period)s 的结算还没有办结，请在原件上更正，不用补记", period=closed.period),
            reason_en="The month is not closed: correct it where it is", who=CLERK,
            link=f"/settlement/{closed.id}", field="month",
        )  # fmt: skip
    return 1 + int(connection.scalar(select(func.max(cases.c.serial)).where(*same)) or 0)


def _opened(attempt: Attempt, evidence: dict[str, Any]) -> None:
    whose = replace(attempt.actor, person_id=evidence.get("person_id", attempt.actor.person_id))
    files.attach(attempt.by(whose), "supplement", evidence)
    rule = attempt.rule("settlement.pay_lead_within")
    clocks.start(attempt, "pay_lead", rule, Role.AGENCY_CLERK, started_on=attempt.day)
    for role in (Role.LEAD_FINANCE, Role.AGENCY_REVIEWER):
        attempt.notify(role, "supplement", f"{attempt.case.period} 结算已办结，现办理红冲补记")


def correct(
    attempt: Attempt, *, what: str, amount_fen: int, note: str, member: str = "", category: str = ""
) -> None:
    """Enter by how much the decided month is to be more (or less, below zero); the difference is worked out again.

    ``what`` is one of ``own inflow rejected_own rejected_inflow away``; claims of a member have a payment category.
    """
    line = {"what": what, "member": member, "category": category, "amount_fen": amount_fen, "note": note.strip()}
    claimed = what in ("own", "inflow")
    if what not in WHAT or type(amount_fen) is not int or not amount_fen or not line["note"]:
        raise refuse(_("请分清更正的是什么，写明增减的金额（不为零）和说明"), who=CLERK, field="amount_fen")
    if bool(category) != claimed or (claimed and category not in CATEGORIES):
        raise refuse(_("更正应付须写明支付类别；更正拒付和县域外费用不分类别"), who=CLERK, field="category")
    decided = decided_month(attempt)
    known = {one["member"] for one in decided.facts["members"]}
    if (what == "away") == bool(member) or (member and member not in known):
        raise refuse(_("请写明是哪个成员单位（县域外费用不填）"), who=CLERK, field="member")
    if member in attempt.dossier["supplement"]["absent"]:
        raise refuse(
            _("%(member)s当月未申报，其费用随以后月份的明细结算，不在这里更正", member=member), who=CLERK, field="member"
        )
    attempt.dossier["corrections"] = [*attempt.dossier["corrections"], line]
    _not_below_nothing(attempt, decided)
    attempt.noted |= line
    attempt.progress.setdefault("declared_on", attempt.day.isoformat())
    attempt.follow = "calculate"


def drop_correction(attempt: Attempt, *, number: int, reason: str) -> None:
    """Take back the correction of this number, counted from 1; what remains is worked out again."""
    held = list(attempt.dossier["corrections"])
    if not 1 <= number <= len(held) or not reason.strip():
        raise refuse(_("请选择要删去的更正，并写明原因"), who=CLERK, field="number")
    attempt.noted |= {"dropped": held.pop(number - 1), "reason": reason.strip()}
    attempt.dossier["corrections"] = held
    for name in ("worksheet", "difference", "tallies"):
        attempt.dossier.pop(name, None)
    attempt.case.amount_fen = None
    if held:
        _not_below_nothing(attempt, decided_month(attempt))
        attempt.follow = "calculate"


def work_out(attempt: Attempt) -> None:
    """Work out the difference, also where only a rule that works backwards has changed the month."""
    attempt.progress.setdefault("declared_on", attempt.day.isoformat())
    attempt.follow = "calculate"


def withdraw(attempt: Attempt, *, reason: str) -> None:
    """Give the supplement up: the month stays as it was decided."""
    attempt.progress["withdrawn"] = {
        "reason": reason.strip(), "on": attempt.day.isoformat(), "by": attempt.actor.name,
    }  # fmt: skip
    attempt.noted["reason"] = reason.strip()
    attempt.case.amount_fen = None


def decided_month(attempt: Attempt) -> Decided:
    """The month as the case that this one follows decided it; raises ``Refused`` where that is not what it was."""
    named = attempt.dossier["supplement"]
    followed = Case(*attempt.connection.execute(select(cases).where(cases.c.id == named["case"])).one())
    found, body = decided_by(attempt, followed)
    if followed.subject_hash != named["subject_sha256"] or sha256(body) != named["worksheet_sha256"]:
        raise refuse(
            _("原结算的内容与立案补记时的不一致，不能继续"), reason_en="The closed month is not what it was",
            who=_("系统管理"), link=f"/settlement/{followed.id}",
        )  # fmt: skip
    return found


def decided_by(attempt: Attempt, followed: Case) -> tuple[Decided, str]:
    """What a month's case decided, and the text of its worksheet."""
    dossier = dossier_of(attempt.connection, followed)
    row = attempt.connection.execute(
        select(worksheets).where(
            worksheets.c.case_id == followed.id, worksheets.c.version == dossier["worksheet"]["version"]
        )
    ).one()
    book = enacted.book_of_its_time(
        attempt.connection, rules.shipped(), place=row.place, day=row.day, digest=row.book_digest, at=row.at,
        agreement=json.loads(row.agreement),
    )  # fmt: skip
    return Decided(followed.id, dossier, json.loads(row.facts), json.loads(row.body)["lines"], book), row.body


def right(attempt: Attempt, decided: Decided, corrections: list[dict[str, Any]]) -> tuple[dict[str, Any], Any]:
    """The facts of a decided month as they should have been, and the agreement's answers.

    Where the rules have changed since, for days that had gone by, the month's claims are tallied by them again.
    """
    terms = terms_of_month(attempt.connection, attempt.case.consortium_id, attempt.case.period)
    answers = terms.answers if terms else {}
    moves = moved_by_rules(month_itself(attempt), decided.book, attempt.book(last_day(attempt.case.period), answers))
    return with_moves(corrected(decided.facts, corrections), moves, left_out(decided.dossier)), answers


def work_out_difference(attempt: Attempt) -> None:
    """Run the month's worksheet on the corrected facts and keep its difference from the decided one."""
    decided = decided_month(attempt)
    facts, answers = right(attempt, decided, attempt.dossier["corrections"])
    sheet = attempt.calculate("monthly-settlement", facts, on=last_day(attempt.case.period), agreement=answers)
    found = difference_of(decided.facts, decided.lines, facts, sheet.as_data()["lines"])
    if not found["lines"] and not found["parts"]:
        raise refuse(
            _("更正后与原结算没有差别，不用补记；请登记更正，或撤销补记"),
            reason_en="Nothing differs from what was decided", who=CLERK, field="amount_fen",
        )  # fmt: skip
    results = found["results"]
    attempt.dossier["difference"] = found
    attempt.dossier["tallies"] = {
        "own_fen": results["own_fen"], "inflow_fen": results["inflow_fen"], "away_fen": results["away_fen"],
        "excluded_fen": 0, "cases": 0,
    }  # fmt: skip
    attempt.case.amount_fen = results["net_to_lead_fen"]
    attempt.progress.pop("dispute", None)


def corrected(facts: Mapping[str, Any], corrections: list[dict[str, Any]]) -> dict[str, Any]:
    """The decided facts with every correction in them; prepayment, which stays as it was set off, left out."""
    found: dict[str, Any] = json.loads(json.dumps(facts))
    members = {one["member"]: one for one in found["members"]}
    for one in corrections:
        if one["what"] == "away":
            found["away_fen"] += one["amount_fen"]
        elif one["what"].startswith("rejected_"):
            members[one["member"]]["audit_deduction_fen"] += one["amount_fen"]
        else:
            kinds = members[one["member"]]["payable_fen"].setdefault(one["category"], {})
            kinds[one["what"]] = kinds.get(one["what"], 0) + one["amount_fen"]
    for member in found["members"]:
        member["prepayment_outstanding_fen"] = 0
    return found | {"prepayment_outstanding_fen": 0, "prepayment_offset_requested_fen": 0}


def _not_below_nothing(attempt: Attempt, decided: Decided) -> None:
    """Nothing but inpatient groups pays less than nothing, and nothing more is given back than was rejected."""
    for member in corrected(decided.facts, attempt.dossier["corrections"])["members"]:
        for category, kinds in member["payable_fen"].items():
            if category not in INPATIENT_GROUPS and any(fen < 0 for fen in kinds.values()):
                raise refuse(
                    _("%(member)s的%(category)s更正后小于零，请核对", member=member["member"],
                      category=CATEGORIES[category]), who=CLERK, field="amount_fen",
                )  # fmt: skip
    rejected: dict[tuple[str, str], int] = defaultdict(int)
    case = attempt.case
    before = select(cases).where(
        cases.c.stage == "settlement", cases.c.consortium_id == case.consortium_id, cases.c.pool == case.pool,
        cases.c.period == case.period, cases.c.serial < case.serial, cases.c.state == str(State.CLOSED),
    )  # fmt: skip
    said = [dossier_of(attempt.connection, Case(*row)) for row in attempt.connection.execute(before).all()]
    for dossier in (*said, attempt.dossier):
        for member_code, kind, fen in rejections(dossier):
            rejected[member_code, kind] += fen
    wrong = sorted(code for (code, _kind), fen in rejected.items() if fen < 0)
    if wrong:
        raise refuse(
            _("%(members)s退回的审核拒付多于已拒付的，请核对", members="、".join(wrong)), who=CLERK, field="amount_fen"
        )
