"""The table of a takeover: one person of the agency proposes, a second checks, a third confirms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from governance.refusal import Refusal
from governance.roles import Duty, Role
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.machines import STAY, Ballot, BallotSeat, Stage, part, register, step
from workflow.passing_on import passed_on
from workflow.recalling import recalls
from workflow.returning import back, forth
from workflow.takeover import commands
from workflow.takeover.forms import FORMS
from workflow.takeover.model import OPENING_AMOUNTS, STATE_LABELS, State, day_in

CLERK = _("医保经办机构经办")


def lacking(reason: Any, fact: str, reason_en: str) -> Refusal:
    """A part of the proposal is missing; the clerk of the agency adds it."""
    return Refusal(reason=reason, reason_en=reason_en, who=CLERK, link="#step-revise", fact=fact)


def recognition_documented(attempt: Attempt) -> Refusal | None:
    """The document that recognised the consortium is named, with its date."""
    recognition = attempt.dossier.get("recognition", {})
    if recognition.get("document") and recognition.get("date"):
        return None
    return lacking(_("缺少认定文件的文号或日期"), "recognition", "The recognition document's number or date is missing")


def agreement_described(attempt: Attempt) -> Refusal | None:
    """The agreement's number and term are there."""
    agreement = attempt.dossier.get("agreement", {})
    if agreement.get("number") and agreement.get("start") and agreement.get("end"):
        return None
    return lacking(_("缺少协议编号或起止日期"), "agreement", "The agreement's number or term is missing")


def agreement_covers_the_start(attempt: Attempt) -> Refusal | None:
    """The takeover's first day lies within the agreement's term."""
    start, end = day_in(attempt.dossier, "agreement", "start"), day_in(attempt.dossier, "agreement", "end")
    effective = day_in(attempt.dossier, "effective")
    if effective is None:
        return lacking(_("缺少接入日期"), "effective", "The day of the takeover is missing")
    if start is None or end is None or start <= effective <= end:
        return None
    return lacking(
        _("接入日期 %(day)s 不在协议期 %(start)s 至 %(end)s 内", day=effective, start=start, end=end),
        "effective", "The day of the takeover is outside the agreement's term",
    )


def terms_answered(attempt: Attempt) -> list[Refusal]:
    """The agreement answers every rule of the place that is left to it and that settlement needs."""
    answers = attempt.dossier.get("agreement", {}).get("answers", {})
    return [
        lacking(
            _("缺少协议约定：%(title)s", title=provision.title), provision.rule,
            f"Not answered by the agreement: {provision.title_en}",
        )
        for provision in commands.left_to_agreement(attempt)
        if provision.rule not in answers
    ]


def members_known(attempt: Attempt) -> Refusal | None:
    """The lead and at least one other member belong to the consortium."""
    if len(attempt.dossier.get("members", [])) > 1:
        return None
    return Refusal(
        reason=_("成员单位不全：除牵头医院外至少要有一家成员单位"),
        reason_en="The members are incomplete: at least one besides the lead",
        who=_("系统管理"), fact="members",
    )


def opening_given(attempt: Attempt) -> list[Refusal]:
    """Each pool's opening balances are stated, zero included."""
    opening = attempt.dossier.get("opening", {})
    pools = attempt.dossier.get("pools", [])
    if not pools:
        return [lacking(_("没有选择险种"), "pools", "No pool is chosen")]
    return [
        lacking(_("缺少%(pool)s的期初余额（没有的填 0）", pool=pool), f"opening.{pool}", f"No opening balances of {pool}")
        for pool in pools
        if any(opening.get(pool, {}).get(name) is None for name in OPENING_AMOUNTS)
    ]


def revised_since_return(attempt: Attempt) -> Refusal | None:
    """Nothing waits to be revised."""
    if not attempt.progress.get("returned"):
        return None
    return Refusal(
        reason=_("已退回经办，修改后再复核：%(reason)s", reason=attempt.progress["returned"]),
        reason_en="Sent back to the clerk, to be revised first", who=CLERK, fact="returned",
    )


COMPLETE = (
    recognition_documented, agreement_described, agreement_covers_the_start, terms_answered, members_known,
    opening_given, revised_since_return,
)


def only_if_returned(attempt: Attempt, role: Role) -> Iterable[int]:
    """The clerk is waited for only after a return."""
    return attempt.parties.of(role) if attempt.progress.get("returned") else ()


def unless_returned(attempt: Attempt, role: Role) -> Iterable[int]:
    """The reviewer is waited for unless the clerk has to revise first."""
    return () if attempt.progress.get("returned") else attempt.parties.of(role)


def agency_seat(attempt: Attempt) -> list[BallotSeat]:
    """The agency's one seat, reviewer and head."""
    agency = attempt.parties.body("agency")
    if agency is None:
        return []
    return [
        BallotSeat(
            attempt.parties.codes[agency], agency, attempt.parties.names[agency],
            (Role.AGENCY_REVIEWER, Role.AGENCY_HEAD),
        )
    ]


STEPS = (
    #    trigger       from             to               shown as       taken by               what must hold
    step("revise",     State.PROPOSED,  STAY,            _("修改"),     Role.AGENCY_CLERK,
         duty=Duty.PREPARE, waiting=only_if_returned),
    step("check",      State.PROPOSED,  State.CHECKED,   _("复核"),     Role.AGENCY_REVIEWER,  *COMPLETE,
         duty=Duty.REVIEW, casts=("takeover", "review"), edits=False, waiting=unless_returned, primary=True,
         recallable=True),
    step("send_back",  State.PROPOSED,  State.PROPOSED,  _("退回经办"), Role.AGENCY_REVIEWER,  revised_since_return,
         duty=Duty.REVIEW, task=False, dangerous=True),
    step("withdraw",   State.PROPOSED,  State.WITHDRAWN, _("撤回"),     Role.AGENCY_CLERK,
         duty=Duty.PREPARE, task=False, dangerous=True),
    step("confirm",    State.CHECKED,   State.CONFIRMED, _("确认接入"), Role.AGENCY_HEAD,      *COMPLETE,
         duty=Duty.APPROVE, casts=("takeover", "approve"), edits=False, primary=True),
    back(State.CHECKED, State.PROPOSED, Role.AGENCY_HEAD, label=_("退回经办"), duty=Duty.APPROVE),
    forth(State.PROPOSED, State.CHECKED, Role.AGENCY_CLERK, *COMPLETE, duty=Duty.PREPARE),
)  # fmt: skip

PARTS = (
    part("recognition", _("认定文件"), "recognition", "files"),
    part("agreement", _("协议"), "agreement", "effective", "files"),
    part("members", _("成员单位"), "members"),
    part("opening", _("期初余额"), "opening", "pools", "files"),
)

STAGE = register(
    Stage(
        name="takeover",
        label=_("接入"),
        states=State,
        state_labels=STATE_LABELS,
        steps=passed_on((*STEPS, *recalls(STEPS))),
        parts=PARTS,
        commands=commands,
        forms=FORMS,
        ballots=(
            Ballot("takeover", _("接入审核"), (str(State.PROPOSED), str(State.CHECKED)), agency_seat),
        ),
        final=frozenset({str(State.CONFIRMED), str(State.WITHDRAWN)}),
        main_path=(str(State.PROPOSED), str(State.CHECKED), str(State.CONFIRMED)),
    )
)
