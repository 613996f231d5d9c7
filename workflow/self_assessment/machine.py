"""The table of a self-assessment: drafted by the lead's clerk, signed by its head, endorsed where the place asks it."""

from __future__ import annotations

from governance.refusal import Refusal
from governance.roles import Duty, Role
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.machines import STAY, Ballot, BallotSeat, Stage, part, register, step
from workflow.passing_on import passed_on
from workflow.recalling import recalls
from workflow.returning import back, forth
from workflow.self_assessment import commands
from workflow.self_assessment.forms import FORMS
from workflow.self_assessment.model import (
    STANDARD,
    STATE_LABELS,
    Criterion,
    State,
    criteria,
    entry,
    evidence_given,
    highest,
    lowest,
    same_standard,
)

CLERK = _("牵头医院经办")
EDITED = (State.DRAFTING, State.RETURNED)


def _lacking(criterion: Criterion, reason: object, reason_en: str) -> Refusal:
    return Refusal(
        reason=_("%(key)s %(label)s：%(reason)s", key=criterion.key, label=criterion.label, reason=reason),
        reason_en=f"{criterion.key} {criterion.label_en}: {reason_en}",
        who=CLERK,
        link="#step-grade",
        fact=criterion.key,
    )


def every_criterion_graded(attempt: Attempt) -> list[Refusal]:
    """No criterion is blank."""
    return [
        _lacking(one, _("还没有自评"), "not graded yet")
        for one in criteria(attempt.dossier["standard"])
        if not entry(attempt.dossier, one.key).get("grade")
    ]


def every_grade_explained(attempt: Attempt) -> list[Refusal]:
    """Each grade comes with an explanation."""
    return [
        _lacking(one, _("没有说明"), "no explanation")
        for one in criteria(attempt.dossier["standard"])
        if entry(attempt.dossier, one.key).get("grade") and not entry(attempt.dossier, one.key).get("explanation")
    ]


def best_grades_evidenced(attempt: Attempt) -> list[Refusal]:
    """The best grade has at least one file behind it."""
    best = highest(attempt.dossier["standard"])
    return [
        _lacking(one, _("评为最高等级，至少要有一份佐证材料"), "the best grade needs at least one file")
        for one in criteria(attempt.dossier["standard"])
        if entry(attempt.dossier, one.key).get("grade") == best and not entry(attempt.dossier, one.key).get("evidence")
    ]


def worst_grades_reasoned(attempt: Attempt) -> list[Refusal]:
    """The worst grade says why."""
    worst = lowest(attempt.dossier["standard"])
    return [
        _lacking(one, _("评为最低等级，须写明原因"), "the worst grade needs a reason")
        for one in criteria(attempt.dossier["standard"])
        if entry(attempt.dossier, one.key).get("grade") == worst and not entry(attempt.dossier, one.key).get("reason")
    ]


def standard_is_current(attempt: Attempt) -> Refusal | None:
    """The criteria graded are the ones in force today."""
    provision = attempt.rule(STANDARD)
    if same_standard(attempt.dossier["standard"], provision):
        return None
    return Refusal(
        reason=_(
            "评判标准已经更新（%(name)s，%(since)s 起执行），请先更新标准再自评",
            name=provision.value["name"], since=provision.since,
        ),
        reason_en=f"The criteria have changed ({provision.value['name_en']}, since {provision.since})",
        who=CLERK, rule=STANDARD, link="#step-renew_standard",
    )


def standard_has_changed(attempt: Attempt) -> Refusal | None:
    """There is something to renew."""
    if not same_standard(attempt.dossier["standard"], attempt.rule(STANDARD)):
        return None
    return Refusal(reason=_("评判标准没有变化，不用更新"), reason_en="The criteria have not changed", rule=STANDARD)


def endorsement_not_required(attempt: Attempt) -> Refusal | None:
    """The place asks for no endorsement by the county."""
    provision = attempt.find_rule("ruling.endorsement_required")
    if provision is None or not provision.flag:
        return None
    return Refusal(
        reason=_("本地规定须先经县级卫生健康部门审核"), reason_en="The county health bureau endorses first",
        who=_("县卫生健康局"), rule=provision.rule,
    )


READY_TO_SIGN = (
    every_criterion_graded, every_grade_explained, best_grades_evidenced, worst_grades_reasoned, standard_is_current,
)


def lead_seat(attempt: Attempt) -> list[BallotSeat]:
    """The lead's head signs."""
    lead = attempt.consortium.lead_id
    return [BallotSeat(attempt.parties.codes[lead], lead, attempt.parties.names[lead], (Role.LEAD_HEAD,))]


def county_seat(attempt: Attempt) -> list[BallotSeat]:
    """The county health bureau, reviewer and head."""
    bureau = attempt.parties.body("county_health")
    if bureau is None:
        return []
    roles = (Role.COUNTY_HEALTH_REVIEWER, Role.COUNTY_HEALTH_APPROVER)
    return [BallotSeat(attempt.parties.codes[bureau], bureau, attempt.parties.names[bureau], roles)]


STEPS = (
    #    trigger               from              to                shown as          taken by           what must hold
    step("grade",              EDITED,           STAY,             _("逐条自评"),     Role.LEAD_CLERK,
         duty=Duty.PREPARE),
    step("drop_evidence",      EDITED,           STAY,             _("移除佐证"),     Role.LEAD_CLERK,
         duty=Duty.PREPARE, task=False, offered=evidence_given),
    step("renew_standard",     EDITED,           STAY,             _("更新评判标准"), Role.LEAD_CLERK,
         standard_has_changed, duty=Duty.PREPARE, task=False),
    step("submit",             EDITED,           State.READY,      _("送负责人签署"), Role.LEAD_CLERK,   *READY_TO_SIGN,
         duty=Duty.PREPARE, task=False, primary=True, recallable=True),
    step("sign",               State.READY,      State.COMPLETE,   _("签署"),         Role.LEAD_HEAD,
         standard_is_current, duty=Duty.APPROVE, casts=("signature", "approve"), edits=False, primary=True),
    back(State.READY, State.DRAFTING, Role.LEAD_HEAD, label=_("退回经办"), duty=Duty.APPROVE),
    back(State.ENDORSING, (State.DRAFTING, State.READY), Role.COUNTY_HEALTH_REVIEWER, duty=Duty.REVIEW),
    forth(State.DRAFTING, (State.READY, State.ENDORSING), Role.LEAD_CLERK, *READY_TO_SIGN, duty=Duty.PREPARE),
    step("ask_endorsement",    State.COMPLETE,   State.ENDORSING,  _("送县级审核"),   Role.SYSTEM),
    step("file",               State.COMPLETE,   State.FILED,      _("提交"),         Role.LEAD_CLERK,
         endorsement_not_required, primary=True),
    step("opine",              State.ENDORSING,  STAY,             _("出具经办意见"), Role.COUNTY_HEALTH_REVIEWER,
         duty=Duty.REVIEW, casts=("endorsement", "review"), edits=False),
    step("endorse",            State.ENDORSING,  STAY,             _("审核决定"),     Role.COUNTY_HEALTH_APPROVER,
         duty=Duty.APPROVE, casts=("endorsement", "approve"), edits=False, primary=True),
    step("accept_endorsement", State.ENDORSING,  State.ENDORSED,   _("县级同意"),     Role.SYSTEM),
    step("return_unendorsed",  State.ENDORSING,  State.RETURNED,   _("县级退回"),     Role.SYSTEM),
    step("file",               State.ENDORSED,   State.FILED,      _("提交"),         Role.LEAD_CLERK,   primary=True),
    step("return_filed",       State.FILED,      State.RETURNED,   _("受理时退回"),   Role.SYSTEM),
)  # fmt: skip

PARTS = (
    part("grades", _("自评等级、说明和佐证"), "grades", "worksheet"),
    part("standard", _("评判标准"), "standard", "grades", "worksheet"),
)

STAGE = register(
    Stage(
        name="self_assessment",
        label=_("自评"),
        states=State,
        state_labels=STATE_LABELS,
        steps=passed_on((*STEPS, *recalls(STEPS))),
        parts=PARTS,
        commands=commands,
        forms=FORMS,
        ballots=(
            Ballot("signature", _("负责人签署"), (str(State.READY),), lead_seat, chain=("approve",)),
            Ballot(
                "endorsement", _("县级审核"), (str(State.ENDORSING),), county_seat,
                then={
                    "passed": "accept_endorsement", "failed": "return_unendorsed", "returned": "return_unendorsed",
                },
            ),
        ),
        final=frozenset({str(State.FILED)}),
        main_path=tuple(
            str(one) for one in (State.DRAFTING, State.READY, State.COMPLETE, State.ENDORSED, State.FILED)
        ),
    )
)
