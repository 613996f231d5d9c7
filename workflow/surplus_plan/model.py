"""What a plan holds: the amount, frozen weights, opinions, the committee's session, and who has been paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import or_, select

from governance.quorum import Committee, Motion
from governance.roles import Role
from workflow.assessment.model import CONTRIBUTION, AssessmentFigure, final
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.organisations.model import persons, seats
from workflow.parties import Member

SURPLUS, OVERRUN = "surplus", "overrun"
KIND_LABELS = {SURPLUS: _("结余分配"), OVERRUN: _("超支分摊")}
HEALTH_LABELS = {"maternal_child": _("妇幼保健机构"), "cdc": _("疾控中心"), "inspection": _("卫生监督执法")}
DEDUCTION_LABELS = {
    "consortium_risk_fund": _("医共体风险基金"), "family_doctor": _("家庭医生签约服务费"), "other": _("其他"),
}
OPINION_LABELS = {"agree": _("同意"), "remark": _("有意见")}
VOTERS = (Role.COMMITTEE_CHAIR, Role.COMMITTEE_MEMBER)


class State(StrEnum):
    """Where a plan stands."""

    DRAFTING = "drafting"
    CONSULTATION = "consultation"
    COMMITTEE = "committee"
    VOTING = "voting"
    ADOPTED = "adopted"
    FILING = "filing"
    FILED = "filed"
    PAYING = "paying"
    COMPLETED = "completed"
    RETURNED = "returned"
    DEFERRED = "deferred"


STATE_LABELS = {
    State.DRAFTING: _("编制中"),
    State.CONSULTATION: _("征求成员意见"),
    State.COMMITTEE: _("待管委会审议"),
    State.VOTING: _("管委会表决中"),
    State.ADOPTED: _("已表决通过，待会议纪要"),
    State.FILING: _("报备案中"),
    State.FILED: _("已备案"),
    State.PAYING: _("支付中"),
    State.COMPLETED: _("已完成"),
    State.RETURNED: _("退回修改"),
    State.DEFERRED: _("暂缓拨付，待发放"),
}


RELEASE, FORFEIT = "release", "forfeit"
OUTCOME_LABELS = {RELEASE: _("发放"), FORFEIT: _("不予发放，留存统筹基金")}


@dataclass(frozen=True, slots=True)
class CommitteeSeat:
    """A seat of the committee and who holds it."""

    id: int
    person_id: int
    name: str
    chair: bool


def year_of(attempt: Attempt) -> int:
    """The year whose surplus or overrun is shared."""
    return int(attempt.case.period)


def last_day(attempt: Attempt) -> date:
    """The day whose rules and members count: the year's last."""
    return date(year_of(attempt), 12, 31)


def shares_overrun(dossier: Mapping[str, Any]) -> bool:
    """Whether an overrun's own share is shared rather than a surplus."""
    return bool(dossier["kind"] == OVERRUN)


def contribution(attempt: Attempt) -> AssessmentFigure | None:
    """The final contribution assessment of the year, or ``None``."""
    return attempt.once(
        "contribution",
        lambda: final(attempt.connection, attempt.case.consortium_id, CONTRIBUTION, year_of(attempt)),
    )


def members_of_year(attempt: Attempt) -> tuple[Member, ...]:
    """The members on the year's last day, village clinics included."""
    return attempt.parties_on(last_day(attempt)).members


def asked_members(attempt: Attempt) -> list[Member]:
    """Whose opinion is asked: every member but the lead, which drafts."""
    return [one for one in attempt.parties.members if one.id != attempt.consortium.lead_id]


def silent_members(attempt: Attempt) -> list[Member]:
    """The members that have not given an opinion."""
    return [one for one in asked_members(attempt) if one.code not in attempt.progress.get("opinions", {})]


def committee_seats(attempt: Attempt) -> list[CommitteeSeat]:
    """The seats of the committee that are held today, the chair first."""
    return attempt.once("committee seats", lambda: _committee_seats(attempt))


def _committee_seats(attempt: Attempt) -> list[CommitteeSeat]:
    body = attempt.parties.body("committee")
    rows = attempt.connection.execute(
        select(seats.c.id, seats.c.person_id, seats.c.role, persons.c.name)
        .join(persons, persons.c.id == seats.c.person_id)
        .where(
            seats.c.organisation_id == body,
            seats.c.role.in_([str(role) for role in VOTERS]),
            seats.c.since <= attempt.day,
            or_(seats.c.until.is_(None), seats.c.until >= attempt.day),
            persons.c.disabled_at.is_(None),
        )
        .order_by(seats.c.id)
    )
    found = [CommitteeSeat(row.id, row.person_id, row.name, row.role == Role.COMMITTEE_CHAIR) for row in rows]
    return sorted(found, key=lambda seat: (not seat.chair, seat.id))


def quorum_of(attempt: Attempt) -> Committee:
    """The committee's rule of presence and majorities; raises ``Refused`` when nobody has set it."""
    return Committee.parse(attempt.rule("committee.quorum").value)


def motion_of(attempt: Attempt) -> Motion:
    """Whether the plan is a major matter here."""
    rule = attempt.find_rule("committee.major_matters")
    return Motion.MAJOR if rule is None or "surplus_plan" in rule.value else Motion.ORDINARY


def voting_seats(attendance: Mapping[str, Any]) -> dict[int, int]:
    """Which seats vote, and through whose: members present themselves, those with a written proxy by its holder."""
    recused = {one["seat"] for one in attendance.get("recused", [])}
    found = {seat: seat for seat in attendance.get("present", []) if seat not in recused}
    proxies = [one for one in attendance.get("proxies", []) if one["absent"] not in recused]
    return found | {one["absent"]: one["holder"] for one in proxies}


def recipients(results: Mapping[str, Any], deductions: Mapping[str, int]) -> dict[str, int]:
    """Who gets (or bears) how much, in fen: members by code, public-health bodies and deductions by their names."""
    found = dict(results["members"])
    found |= {f"public_health:{name}": fen for name, fen in results["public_health"].items()}
    found |= {f"deduction:{name}": fen for name, fen in deductions.items()}
    return {name: fen for name, fen in found.items() if fen}


def parts_of(attempt: Attempt) -> dict[str, int]:
    """The recipients of the current worksheet; raises ``ValueError`` when they are not the whole to the fen."""
    deductions = {one["name"]: one["amount_fen"] for one in attempt.dossier["deductions"]}
    found = recipients(attempt.results, deductions)
    if sum(found.values()) != attempt.dossier["amount_fen"]:
        raise ValueError(f"the plan's parts are {sum(found.values())}, not {attempt.dossier['amount_fen']}")
    return found


def unconfirmed(attempt: Attempt) -> list[str]:
    """The codes of the members whose amount is neither confirmed nor proven."""
    done = attempt.progress.get("receipts", {})
    return [code for code, fen in attempt.results.get("members", {}).items() if fen and code not in done]


def filing_parties(attempt: Attempt) -> list[str]:
    """The kinds of bodies the plan is filed with, in their order."""
    return list(attempt.rule("surplus.filing_parties").value)


def next_filing(attempt: Attempt) -> str | None:
    """The kind of the body whose acceptance comes next; ``None`` when all have accepted."""
    accepted = {one["kind"] for one in attempt.progress.get("filings", [])}
    return next((kind for kind in filing_parties(attempt) if kind not in accepted), None)
