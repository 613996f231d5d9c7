"""The table of an assessment: collected with evidence, reviewed by another person, published, objected to, final."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from governance.refusal import Refusal
from governance.roles import BETWEEN, ROLE_NAMES, Duty, Role
from workflow.assessment import commands
from workflow.assessment.forms import FORMS
from workflow.assessment.model import (
    CONTRIBUTION,
    FUND,
    STATE_LABELS,
    State,
    assessor_roles,
    counts_daily_checks,
    entry,
    indicators,
    scheme_of,
    units,
)
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.links import posts
from workflow.machines import STAY, Ballot, BallotSeat, Stage, part, register, step
from workflow.passing_on import passed_on
from workflow.recalling import recalls
from workflow.returning import back, forth

REVIEWERS = (Role.CITY_INSURANCE_REVIEWER, Role.COUNTY_INSURANCE_REVIEWER)
APPROVERS = (Role.CITY_INSURANCE_APPROVER, Role.COUNTY_INSURANCE_APPROVER)
COLLECTORS = (Role.LEAD_CLERK, Role.CENTRE_CLERK)
ASSESSORS = (*REVIEWERS, *APPROVERS, Role.CENTRE_HEAD)


def roles_here(attempt: Attempt) -> set[Role]:
    """Everyone who may act in an assessment of this scheme, at this place."""
    found = {*assessor_roles(attempt), *posts(assessor_roles(attempt), BETWEEN), Role.SYSTEM}
    if scheme_of(attempt.dossier) == FUND:
        return found | {Role.LEAD_CLERK, Role.LEAD_HEAD}
    return found | {Role.LEAD_HEAD, Role.MEMBER_HEAD}


def taken_by_the_schemes_parties(attempt: Attempt) -> Refusal | None:
    """The actor's role is one that has a part in this scheme here."""
    if attempt.actor.role in roles_here(attempt):
        return None
    roles = assessor_roles(attempt)
    return Refusal(
        reason=_("本件由%(who)s负责考核，您的岗位不办理", who="、".join(ROLE_NAMES[role][0] for role in roles)),
        reason_en="This scheme is assessed by others here",
        who=ROLE_NAMES[roles[0]][0], who_en=ROLE_NAMES[roles[0]][1], fact="role",
    )


def every_indicator_evidenced(attempt: Attempt) -> list[Refusal]:
    """Each indicator has a value and evidence, for each unit assessed."""
    found = []
    for unit in units(attempt):
        missing = [one["label"] for one in indicators(attempt) if not entry(attempt.dossier, unit, one["key"])]
        if missing:
            named = "、".join(missing)
            found.append(_lacking(attempt, unit, named, _("还没有填报指标：%(missing)s", missing=named)))
    return found


def _lacking(attempt: Attempt, unit: str, fact: str, reason: Any) -> Refusal:
    member = attempt.parties.member_by_code(unit) if unit else None
    named = _("%(name)s：%(reason)s", name=member.name if member else unit, reason=reason) if unit else reason
    who = Role.LEAD_CLERK if scheme_of(attempt.dossier) == FUND else Role.CENTRE_CLERK
    return Refusal(
        reason=named, reason_en=f"{unit or 'Consortium'}: not recorded yet: {fact}", who=ROLE_NAMES[who][0],
        who_en=ROLE_NAMES[who][1], link="#step-record", fact=fact,
    )


def daily_checks_recorded(attempt: Attempt) -> list[Refusal]:
    """Where the scheme counts daily checks, each unit has their scores."""
    if not counts_daily_checks(attempt):
        return []
    known = {one["member"] for one in attempt.dossier.get("daily", [])}
    role = assessor_roles(attempt)[0]
    return [
        Refusal(
            reason=_("缺少日常检查得分"), reason_en="The scores of the daily checks are missing",
            who=ROLE_NAMES[role][0], who_en=ROLE_NAMES[role][1], link="#step-record_daily", fact="daily_scores",
        )
        for unit in units(attempt)
        if unit not in known
    ]


def time_to_object_over(attempt: Attempt) -> Refusal | None:
    """The last day for objections has passed."""
    until = attempt.progress.get("objection_until", "")
    if until and attempt.day > date.fromisoformat(until):
        return None
    return Refusal(
        reason=_("异议期到 %(day)s 为止，期满后才能定论", day=until), reason_en=f"Objections are open until {until}",
        who=_("考核部门"), who_en="the assessing body", fact="objection_until",
    )


def objected_by_the_assessed(attempt: Attempt) -> Refusal | None:
    """Members object to the scheme that weighs members, the lead to either."""
    if attempt.actor.role is not Role.MEMBER_HEAD or scheme_of(attempt.dossier) == CONTRIBUTION:
        return None
    return Refusal(
        reason=_("成效考核的异议由牵头医院提出"), reason_en="The lead objects to the fund assessment",
        who=_("牵头医院负责人"), fact="role",
    )


def only_here(attempt: Attempt, role: Role) -> Iterable[int]:
    """Only the parties of this scheme are waited for."""
    return attempt.parties.of(role) if role in roles_here(attempt) else ()


def daily_still_missing(attempt: Attempt, role: Role) -> Iterable[int]:
    """The assessor is waited for until the daily checks are there."""
    return only_here(attempt, role) if daily_checks_recorded(attempt) else ()


def assessor_seat(attempt: Attempt) -> list[BallotSeat]:
    """The bureau's, or the centre's, one seat: its head decides."""
    head = assessor_roles(attempt)[1]
    body = next(iter(attempt.parties.of(head)), None)
    if body is None:
        return []
    return [BallotSeat(attempt.parties.codes[body], body, attempt.parties.names[body], (head,))]


HERE = taken_by_the_schemes_parties
STEPS = (
    #    trigger        from                  to                   shown as            taken by        what must hold
    step("record",      State.COLLECTING,     STAY,                _("填报指标"),      COLLECTORS,     HERE,
         duty=Duty.PREPARE, waiting=only_here),
    step("record_daily", (State.COLLECTING, State.SELF_REPORTED), STAY, _("登记日常检查得分"),
         (*REVIEWERS, Role.CENTRE_CLERK), HERE, waiting=daily_still_missing),
    step("self_report", State.COLLECTING,     State.SELF_REPORTED, _("提交复核"),      COLLECTORS,     HERE,
         every_indicator_evidenced, duty=Duty.PREPARE, task=False, primary=True, recallable=True),
    step("review",      State.SELF_REPORTED,  State.REVIEWED,      _("复核计分"),      REVIEWERS,      HERE,
         every_indicator_evidenced, daily_checks_recorded, duty=Duty.REVIEW, waiting=only_here, primary=True,
         recallable=True),
    step("verify",      State.SELF_REPORTED,  State.REVIEWED,      _("核定计分"),      Role.CENTRE_HEAD, HERE,
         every_indicator_evidenced, daily_checks_recorded, duty=Duty.APPROVE, waiting=only_here, primary=True,
         recallable=True),
    back(State.SELF_REPORTED, State.COLLECTING, (*REVIEWERS, Role.CENTRE_HEAD), HERE, label=_("退回填报")),
    back(State.REVIEWED, (State.COLLECTING, State.SELF_REPORTED), (*REVIEWERS, *APPROVERS, Role.CENTRE_HEAD), HERE),
    forth(State.COLLECTING, (State.SELF_REPORTED, State.REVIEWED), COLLECTORS, HERE, every_indicator_evidenced,
          duty=Duty.PREPARE),
    step("publish",     State.REVIEWED,       State.PUBLISHED,     _("公布结果"),      (*REVIEWERS, Role.CENTRE_CLERK),
         HERE, waiting=only_here, primary=True),
    step("object_to",   State.PUBLISHED,      State.OBJECTION,     _("提出异议"),      (Role.LEAD_HEAD, Role.MEMBER_HEAD),
         objected_by_the_assessed, task=False),
    step("uphold",      State.OBJECTION,      State.COLLECTING,    _("异议成立，更正"), ASSESSORS,     HERE,
         waiting=only_here),
    step("dismiss",     State.OBJECTION,      State.PUBLISHED,     _("异议不成立"),    ASSESSORS,      HERE,
         waiting=only_here),
    back(State.PUBLISHED, (State.COLLECTING, State.SELF_REPORTED, State.REVIEWED), (*APPROVERS, Role.CENTRE_HEAD), HERE,
         label=_("收回更正"), stops=("objection",)),
    step("finalise",    State.PUBLISHED,      State.FINAL,         _("定论"),          (*APPROVERS, Role.CENTRE_HEAD),
         HERE, time_to_object_over, duty=Duty.APPROVE, casts=("final", "approve"), edits=False, waiting=only_here,
         primary=True),
)  # fmt: skip

PARTS = (
    part("entries", _("指标和依据"), "entries", "worksheet"),
    part("daily", _("日常检查得分"), "daily", "worksheet"),
)

STAGE = register(
    Stage(
        name="assessment",
        label=_("成效考核"),
        states=State,
        state_labels=STATE_LABELS,
        steps=passed_on((*STEPS, *recalls(STEPS))),
        parts=PARTS,
        commands=commands,
        forms=FORMS,
        ballots=(Ballot("final", _("定论"), (str(State.PUBLISHED),), assessor_seat, chain=("approve",)),),
        final=frozenset({str(State.FINAL)}),
        main_path=tuple(
            str(one)
            for one in (State.COLLECTING, State.SELF_REPORTED, State.REVIEWED, State.PUBLISHED, State.FINAL)
        ),
        verbs={"remind": _("季度收集")},
    )
)
