"""The table of the joint ruling: accepted or corrected, ruled by every bureau, in conference where they differ."""

from __future__ import annotations

from collections.abc import Iterable

from governance.quorum import Consent
from governance.refusal import Refusal
from governance.roles import KIND_NAMES, Duty, Role
from workflow.attempt import Attempt
from workflow.city_ruling import commands
from workflow.city_ruling.forms import FORMS
from workflow.city_ruling.model import (
    BUREAUS,
    CLOSED,
    STATE_LABELS,
    State,
    correction_asked,
    open_correction,
)
from workflow.i18n import lazy as _
from workflow.machines import STAY, Ballot, BallotSeat, Stage, part, register, step
from workflow.passing_on import passed_on
from workflow.recalling import recalls
from workflow.returning import back, forth
from workflow.self_assessment.machine import best_grades_evidenced, every_grade_explained, worst_grades_reasoned

INSURANCE = Role.CITY_INSURANCE_REVIEWER
HEAD = Role.CITY_INSURANCE_APPROVER
REVIEWERS = tuple(Role(f"{kind}_reviewer") for kind in BUREAUS)
APPROVERS = tuple(Role(f"{kind}_approver") for kind in BUREAUS)
STILL_SOUND = (every_grade_explained, best_grades_evidenced, worst_grades_reasoned)


def told_only_once(attempt: Attempt) -> Refusal | None:
    """What to correct is told at one time, in full."""
    if not correction_asked(attempt.dossier):
        return None
    return Refusal(
        reason=_("补正须一次性告知，本件已经告知过；仍不符合的，请受理后由评定部门出具意见"),
        reason_en="What to correct is told once, and it has been", who=_("市医保局"), fact="correction",
    )


def site_visited(attempt: Attempt) -> Refusal | None:
    """The site visit is on record where the place asks for one."""
    provision = attempt.find_rule("ruling.site_visit_required")
    if provision is None or not provision.flag or attempt.dossier.get("site_visits"):
        return None
    return Refusal(
        reason=_("本地规定评定须有现场核查，还没有登记现场核查记录"),
        reason_en="A site visit is required here and none is on record",
        who=_("市医保局经办"), rule=provision.rule, link="#step-record_site_visit",
    )


def every_bureau_present(attempt: Attempt) -> list[Refusal]:
    """Each bureau that the place's rule names exists here."""
    return [
        Refusal(
            reason=_("规则要求%(kind)s参加评定，但没有登记这个单位", kind=KIND_NAMES[kind][0]),
            reason_en=f"The rule asks for the {KIND_NAMES[kind][1]}, which is not registered",
            who=_("系统管理"), fact=kind,
        )
        for kind in attempt.rule("ruling.parties").value
        if attempt.parties.body(kind) is None
    ]


def correction_open(attempt: Attempt) -> Refusal | None:
    """A correction is open to be answered."""
    if open_correction(attempt.dossier):
        return None
    return Refusal(reason=_("没有待答复的补正"), reason_en="No correction is open", fact="correction")


def notice_over(attempt: Attempt) -> Refusal | None:
    """The public notice has run its days."""
    if attempt.progress.get("notice", {}).get("closed"):
        return None
    return Refusal(
        reason=_("公示期还没有结束（至 %(day)s）", day=attempt.progress.get("notice", {}).get("until", "")),
        reason_en="The public notice is still running", who=_("系统"), fact="notice",
    )


def notice_running(attempt: Attempt) -> Refusal | None:
    """The public notice has not ended."""
    if not attempt.progress.get("notice", {}).get("closed"):
        return None
    return Refusal(reason=_("公示期已经结束"), reason_en="The public notice has ended", fact="notice")


def seats_of_bureaus(attempt: Attempt) -> list[BallotSeat]:
    """One seat for each bureau that the place's rule names."""
    parties = attempt.parties
    bodies = [(kind, parties.body(kind)) for kind in attempt.rule("ruling.parties").value]
    return [
        BallotSeat(
            parties.codes[body], body, parties.names[body], (Role(f"{kind}_reviewer"), Role(f"{kind}_approver"))
        )
        for kind, body in bodies
        if body is not None
    ]


def consent_of_bureaus(attempt: Attempt) -> Consent:
    """How the bureaus' decisions count, by the place's rule; whatever it is, every bureau is heard first."""
    return Consent.parse(attempt.rule("ruling.consent").value, waits=True)


def while_noticed(attempt: Attempt, role: Role) -> Iterable[int]:
    """Nobody is waited for while the notice runs."""
    return attempt.parties.of(role) if attempt.progress.get("notice", {}).get("closed") else ()


BEFORE_REVIEW = (State.SUBMITTED, State.ACCEPTED)
IN_REVIEW = (State.UNDER_REVIEW, State.RECONSIDERED)
CONFERRED = (State.CONFERENCE, State.RECONSIDERED)
EARLY = (State.SUBMITTED, State.ACCEPTED, State.CORRECTION, State.UNDER_REVIEW)

STEPS = (
    #    trigger              from                 to                   shown as                taken by
    #                         what must hold, and how it counts
    step("register",          State.SUBMITTED,     STAY,                _("登记申请"),           Role.SYSTEM),
    step("accept",            State.SUBMITTED,     State.ACCEPTED,      _("受理"),               INSURANCE,
         clock="correction", primary=True),
    step("send_back",         State.SUBMITTED,     State.RETURNED,      _("不予受理，退回自评"), INSURANCE,
         task=False, dangerous=True),
    step("ask_correction",    BEFORE_REVIEW,       State.CORRECTION,    _("一次性告知补正"),     INSURANCE,
         told_only_once, task=False),
    step("amend",             State.CORRECTION,    STAY,                _("修改补正内容"),       Role.LEAD_CLERK,
         duty=Duty.PREPARE),
    step("correct",           State.CORRECTION,    State.ACCEPTED,      _("提交补正"),           Role.LEAD_HEAD,
         correction_open, *STILL_SOUND, duty=Duty.APPROVE, primary=True),
    step("record_site_visit", State.ACCEPTED,      STAY,                _("登记现场核查"),       REVIEWERS,
         duty=Duty.REVIEW, task=False),
    step("start_review",      State.ACCEPTED,      State.UNDER_REVIEW,  _("开始联合评定"),       INSURANCE,
         site_visited, every_bureau_present, clock="review", primary=True, recallable=True),
    back(State.UNDER_REVIEW, State.ACCEPTED, (*REVIEWERS, *APPROVERS)),
    forth(State.ACCEPTED, State.UNDER_REVIEW, INSURANCE, site_visited, every_bureau_present, clock="review"),
    step("opine",             State.UNDER_REVIEW,  STAY,                _("出具经办意见"),       REVIEWERS,
         duty=Duty.REVIEW, casts=("ruling", "review"), edits=False, clock="review"),
    step("decide",            State.UNDER_REVIEW,  STAY,                _("作出本部门决定"),     APPROVERS,
         duty=Duty.APPROVE, casts=("ruling", "approve"), edits=False, clock="review", primary=True),
    step("rule",              IN_REVIEW,           State.RULED,         _("评定通过"),           Role.SYSTEM),
    step("confer",            State.UNDER_REVIEW,  State.CONFERENCE,    _("转入会商"),           Role.SYSTEM),
    step("return_for_correction", State.UNDER_REVIEW, State.CORRECTION, _("部门退回补正"),       Role.SYSTEM),
    step("record_conference", State.CONFERENCE,    State.RECONSIDERED,  _("登记会商纪要"),       INSURANCE,
         duty=Duty.REVIEW, primary=True),
    step("opine",             State.RECONSIDERED,  STAY,                _("出具经办意见"),       REVIEWERS,
         duty=Duty.REVIEW, casts=("conference", "review"), edits=False, clock="review"),
    step("decide",            State.RECONSIDERED,  STAY,                _("作出本部门决定"),     APPROVERS,
         duty=Duty.APPROVE, casts=("conference", "approve"), edits=False, clock="review", primary=True),
    step("refuse_recognition", CONFERRED,          State.NOT_RECOGNISED, _("不予认定"),          Role.SYSTEM),
    step("publish",           State.RULED,         State.PUBLIC_NOTICE, _("公示"),               INSURANCE,
         primary=True),
    back(State.RULED, State.UNDER_REVIEW, HEAD, label=_("退回重新评定"), duty=Duty.APPROVE),
    step("object",            State.PUBLIC_NOTICE, State.UNDER_REVIEW,  _("登记异议，重新评定"), INSURANCE,
         notice_running, task=False, dangerous=True),
    step("close_notice",      State.PUBLIC_NOTICE, STAY,                _("公示期满"),           Role.SYSTEM),
    step("document",          State.PUBLIC_NOTICE, State.DOCUMENTED,    _("登记联合行文"),       INSURANCE,
         notice_over, duty=Duty.REVIEW, waiting=while_noticed, primary=True, recallable=True),
    back(State.DOCUMENTED, State.PUBLIC_NOTICE, HEAD, label=_("退回重新登记"), duty=Duty.APPROVE),
    step("confirm",           State.DOCUMENTED,    State.CONFIRMED,     _("确认认定"),           HEAD,
         duty=Duty.APPROVE, primary=True),
    step("withdraw",          EARLY,               State.WITHDRAWN,     _("撤回申请"),           Role.LEAD_HEAD,
         task=False, dangerous=True),
)  # fmt: skip

PARTS = (
    part("grades", _("自评等级、说明和佐证"), "grades", "worksheet", "corrections"),
    part("site_visits", _("现场核查")),
    part("objections", _("公示期异议")),
    part("conference", _("会商纪要")),
    part("document", _("联合行文")),
)

STAGE = register(
    Stage(
        name="city_ruling",
        label=_("申请与联合评定"),
        states=State,
        state_labels=STATE_LABELS,
        steps=passed_on((*STEPS, *recalls(STEPS))),
        parts=PARTS,
        commands=commands,
        forms=FORMS,
        ballots=(
            Ballot(
                "ruling", _("联合评定"), (str(State.UNDER_REVIEW),), seats_of_bureaus, rule=consent_of_bureaus,
                then={"passed": "rule", "failed": "confer", "returned": "return_for_correction"},
            ),
            Ballot(
                "conference", _("会商后再评定"), (str(State.RECONSIDERED),), seats_of_bureaus,
                rule=consent_of_bureaus,
                then={
                    "passed": "rule", "failed": "refuse_recognition", "returned": "refuse_recognition",
                },
            ),
        ),
        final=frozenset(str(one) for one in CLOSED),
        main_path=tuple(
            str(one)
            for one in (
                State.SUBMITTED, State.ACCEPTED, State.UNDER_REVIEW, State.RULED, State.PUBLIC_NOTICE,
                State.DOCUMENTED, State.CONFIRMED,
            )
        ),
    )
)
