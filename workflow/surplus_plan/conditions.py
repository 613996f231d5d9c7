"""What must hold for a step of a plan, named as facts, and whom each step still waits for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from governance.refusal import Refusal
from governance.roles import KIND_NAMES, Role
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.surplus_plan.model import asked_members, contribution, next_filing, silent_members, unconfirmed

FINANCE = _("牵头医院财务")
SECRETARY = _("管委会秘书")


def contribution_assessment_final(attempt: Attempt) -> Refusal | None:
    """The year's contribution assessment, which gives the weights, is final."""
    if contribution(attempt):
        return None
    return Refusal(
        reason=_("%(year)s 年内部考核还没有定论，不能编制方案", year=attempt.case.period),
        reason_en="The contribution assessment is not final", who=KIND_NAMES["centre"][0],
        who_en=KIND_NAMES["centre"][1], fact="weights",
    )


def plan_calculated(attempt: Attempt) -> Refusal | None:
    """There is a draft with its worksheet."""
    if attempt.results:
        return None
    return Refusal(
        reason=_("方案还没有编制"), reason_en="There is no draft", who=FINANCE, link="#step-draft", fact="worksheet"
    )


def weights_are_the_final_ones(attempt: Attempt) -> Refusal | None:
    """The weights of the draft are those of the final assessment."""
    assessed = contribution(attempt)
    if not attempt.results or (assessed is not None and attempt.dossier["weights"] == assessed.weights):
        return None
    return Refusal(
        reason=_("方案所用权重不是内部考核的最终结果，请重新编制"), reason_en="The weights are not the final ones",
        who=FINANCE, link="#step-draft", fact="weights",
    )


def asked_for_its_opinion(attempt: Attempt) -> Refusal | None:
    """The actor's organisation is a member that is asked; the lead drafts and gives no opinion on its own plan."""
    actor = attempt.actor.organisation_id
    if actor is None or any(member.id == actor for member in asked_members(attempt)):
        return None
    return Refusal(
        reason=_("牵头医院是编制方，不对自己的方案出具意见"), reason_en="The lead gives no opinion on its own plan",
        who=_("其他成员单位"), fact="role",
    )


def every_member_heard_or_time_over(attempt: Attempt) -> list[Refusal]:
    """Every member has given its opinion, or the days for it are over."""
    until = attempt.progress.get("opinion_until", "")
    if until and attempt.day > date.fromisoformat(until):
        return []
    return [
        Refusal(
            reason=_("%(name)s还没有提出意见，期限 %(day)s", name=member.name, day=until),
            reason_en=f"{member.name_en} has not given its opinion; until {until}", who=member.name, fact=member.code,
        )
        for member in silent_members(attempt)
    ]


def session_convened(attempt: Attempt) -> Refusal | None:
    """The session has been called."""
    if attempt.progress.get("session"):
        return None
    return Refusal(
        reason=_("管委会会议还没有召集"), reason_en="The session has not been called", who=SECRETARY,
        link="#step-convene", fact="session",
    )


def session_day_reached(attempt: Attempt) -> Refusal | None:
    """The day of the session has come, so that the time of notice has run."""
    day = attempt.progress.get("session", {}).get("date")
    if day is None or attempt.day >= date.fromisoformat(day):
        return None
    return Refusal(
        reason=_("会议定于 %(day)s，当天才能登记到会和表决", day=day), reason_en=f"The session is on {day}",
        who=SECRETARY, fact="session",
    )


def next_in_the_order_of_filing(attempt: Attempt) -> Refusal | None:
    """The actor's body is the one whose acceptance comes next."""
    kind = next_filing(attempt)
    if kind is None or attempt.actor.role is Role.SYSTEM or attempt.actor.role.rsplit("_", 1)[0] == kind:
        return None
    return Refusal(
        reason=_("按备案次序，现在由%(who)s受理", who=KIND_NAMES[kind][0]), reason_en=f"Next: {KIND_NAMES[kind][1]}",
        who=KIND_NAMES[kind][0], who_en=KIND_NAMES[kind][1], fact="filing",
    )


def filing_number_given(attempt: Attempt) -> Refusal | None:
    """The number under which the plan is to be accepted has been proposed by the body whose turn it is."""
    if attempt.progress.get("filing", {}).get("kind") == next_filing(attempt):
        return None
    return Refusal(
        reason=_("经办还没有审查备案材料、填写备案号"), reason_en="The reviewer has not proposed a number yet",
        who=_("备案单位经办"), fact="filing_number",
    )


def every_filing_accepted(attempt: Attempt) -> Refusal | None:
    """Each body of the rule has accepted."""
    return next_in_the_order_of_filing(attempt) if next_filing(attempt) else None


def minutes_kept(attempt: Attempt) -> Refusal | None:
    """The session's minutes are kept."""
    if attempt.progress.get("minutes"):
        return None
    return Refusal(reason=_("缺少会议纪要"), reason_en="The minutes are missing", who=SECRETARY, fact="minutes")


def members_not_paid_yet(attempt: Attempt) -> Refusal | None:
    """The lead has not paid yet: nothing is paid twice."""
    if not attempt.progress.get("distributed"):
        return None
    return Refusal(reason=_("已经按方案支付，不能重复"), reason_en="Paid already", fact="distributed")


def members_paid(attempt: Attempt) -> Refusal | None:
    """The lead has paid."""
    if attempt.progress.get("distributed"):
        return None
    return Refusal(reason=_("牵头医院还没有按方案支付"), reason_en="The lead has not paid", who=FINANCE, fact="distributed")


def own_amount_open(attempt: Attempt) -> Refusal | None:
    """The actor's organisation has an amount to confirm."""
    member = attempt.parties.member(attempt.actor.organisation_id or 0)
    if attempt.actor.role is Role.SYSTEM or (member and member.code in unconfirmed(attempt)):
        return None
    return Refusal(reason=_("本单位没有待确认的款项"), reason_en="Nothing to confirm", fact="receipt")


def every_receipt_known(attempt: Attempt) -> list[Refusal]:
    """Every member's amount is confirmed or proven by the bank's record."""
    return [
        Refusal(reason=_("%(code)s的款项尚未确认", code=code), reason_en=f"{code} has not confirmed", who=code, fact=code)
        for code in unconfirmed(attempt)
    ]


def silent_now(attempt: Attempt, role: Role) -> Iterable[int]:
    """Members that have not given their opinion."""
    return [member.id for member in silent_members(attempt)]


def until_called(attempt: Attempt, role: Role) -> Iterable[int]:
    """The secretary is waited for to call the session until it is called."""
    return () if attempt.progress.get("session") else attempt.parties.of(role)


def once_called(attempt: Attempt, role: Role) -> Iterable[int]:
    """The secretary registers attendance once the session is called."""
    return attempt.parties.of(role) if attempt.progress.get("session") else ()


def next_filer(attempt: Attempt, role: Role) -> Iterable[int]:
    """The body whose acceptance comes next."""
    return attempt.parties.of(role) if role.rsplit("_", 1)[0] == next_filing(attempt) else ()


def until_paid(attempt: Attempt, role: Role) -> Iterable[int]:
    """The lead's finance is waited for until it has paid."""
    return () if attempt.progress.get("distributed") else attempt.parties.of(role)


def with_open_amounts(attempt: Attempt, role: Role) -> Iterable[int]:
    """Members whose amount is paid and not confirmed."""
    waiting = set(unconfirmed(attempt)) if attempt.progress.get("distributed") else set()
    return [member.id for member in attempt.parties.members if member.code in waiting]


def until_proposed(attempt: Attempt, role: Role) -> Iterable[int]:
    """The agency is waited for until it proposes what becomes of the deferred part."""
    return () if attempt.progress.get("release") else attempt.parties.of(role)


def once_proposed(attempt: Attempt, role: Role) -> Iterable[int]:
    """The head decides once something is proposed."""
    return attempt.parties.of(role) if attempt.progress.get("release") else ()
