"""What must hold before a month moves on: each a fact, with the words to say when it does not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from governance.refusal import Refusal
from governance.roles import Role
from workflow import decisions
from workflow.attempt import Attempt, sha256
from workflow.i18n import lazy as _
from workflow.model import cases, journals
from workflow.settlement.declaring import CLERK, declare_by
from workflow.settlement.model import (
    AGENCY,
    BEFORE_APPROVAL,
    member_of_actor,
    members_of_month,
    net_by_member,
    terms_of_month,
    unconfirmed,
    undeclared,
)

REVIEWER, LEAD = _("医保经办机构复核"), _("牵头医院财务")


def refusal(reason: Any, reason_en: str, who: Any, fact: str, link: str = "") -> Refusal:
    """Why not, who can mend it (nobody, where nothing is to be done), and which fact is missing."""
    return Refusal(reason=reason, reason_en=reason_en, who=who, fact=fact, link=link)


def claims_imported(attempt: Attempt) -> Refusal | None:
    """The agency has imported the month's detail."""
    if any(one["owner"] == AGENCY for one in attempt.dossier.get("claims", [])):
        return None
    return refusal(_("本月结算明细尚未导入"), "The month's detail has not been imported", CLERK, "claims")


def no_platform_detail(attempt: Attempt) -> Refusal | None:
    """The agency has not imported the detail; where it has, members reconcile instead of uploading."""
    if claims_imported(attempt) is not None:
        return None
    return refusal(
        _("本月已有医保平台明细，请用“对账确认”，有不同意见列入差异"),
        "The platform's detail is here: reconcile it, and list differences", _("成员单位经办"), "claims", "#step-reconcile",
    )


def declares_for_itself(attempt: Attempt) -> Refusal | None:
    """The actor's organisation is a member of the month that declares for itself."""
    member = member_of_actor(attempt)
    if attempt.actor.role is Role.SYSTEM or (member is not None and member.declares):
        return None
    return refusal(
        _("村卫生室由所在乡镇卫生院申报；当月不是成员的不申报"),
        "A village clinic declares through its township; a non-member does not", _("所在乡镇卫生院"), "member",
    )


def past_declare_by(attempt: Attempt) -> Refusal | None:
    """The day to declare by has passed."""
    deadline = declare_by(attempt)
    if attempt.day > deadline:
        return None
    return refusal(
        _("申报截止日 %(day)s 过后才能登记未申报", day=deadline.isoformat()),
        f"Absences are recorded after {deadline}", _("成员单位经办"), "declare_by",
    )


def absence_proposed(attempt: Attempt) -> Refusal | None:
    """Someone has proposed to record a member absent."""
    if attempt.progress.get("proposed_absences"):
        return None
    return refusal(_("没有待确认的未申报登记"), "No absence has been proposed", CLERK, "absence")


def every_member_declared(attempt: Attempt) -> list[Refusal]:
    """Every member that declares for itself has declared, or is recorded absent by two people."""
    return [
        refusal(
            _("%(member)s尚未申报", member=one.name), f"{one.name_en} has not declared", one.name,
            f"declaration.{one.code}",
        )
        for one in undeclared(attempt)
    ]


def agreement_in_force(attempt: Attempt) -> Refusal | None:
    """An agreement was in force in the month."""
    case = attempt.case
    if attempt.once("terms", lambda: terms_of_month(attempt.connection, case.consortium_id, case.period)):
        return None
    return refusal(
        _("%(period)s 没有生效的协议", period=attempt.case.period),
        f"No agreement was in force in {attempt.case.period}", CLERK, "agreement",
    )


def earlier_months_approved(attempt: Attempt) -> list[Refusal]:
    """Every earlier month of the pool is approved or carried: what is owed and the prepayment left follow from it.

    A supplement of an earlier month holds nothing up.
    """
    query = (
        select(cases.c.id, cases.c.period)
        .where(
            cases.c.stage == "settlement",
            cases.c.consortium_id == attempt.case.consortium_id,
            cases.c.pool == attempt.case.pool,
            cases.c.period < attempt.case.period,
            cases.c.serial == 1,
            cases.c.state.in_(BEFORE_APPROVAL),
        )
        .order_by(cases.c.period)
    )
    return [
        refusal(
            _("%(period)s 的结算还没有审批，也没有结转", period=row.period),
            f"{row.period} is neither approved nor carried", _("医保经办机构"), "earlier_month", f"/settlement/{row.id}",
        )
        for row in attempt.once("earlier months", lambda: attempt.connection.execute(query).all())
    ]


def worksheet_unchanged(attempt: Attempt) -> Refusal | None:
    """The stored worksheet is, byte for byte, the one the decision is bound to."""
    bound = attempt.dossier.get("worksheet", {})
    body = attempt.worksheet_body(bound.get("version", 0))
    if body is not None and sha256(body) == bound["sha256"]:
        return None
    return refusal(
        _("结算表与决定时绑定的内容不一致，不能继续"), "The worksheet is not the one that was decided on",
        _("系统管理"), "worksheet",
    )


def approval_is_current(attempt: Attempt) -> Refusal | None:
    """The round that approved the month was passed on exactly the present content."""
    passed = decisions.last_round(attempt, "settlement", "passed")
    if passed is not None and passed.subject_hash == attempt.case.subject_hash:
        return None
    return refusal(
        _("审批所依据的内容与现在的不一致，须重新审批"), "What was approved is not what stands now", REVIEWER, "round"
    )


def duties_apart(attempt: Attempt) -> Refusal | None:
    """Two different people have reviewed and approved."""
    if sum(duty in ("review", "approve") for duty in decisions.duties(attempt).values()) > 1:
        return None
    return refusal(_("复核和审批须由两人办理"), "Reviewer and approver must differ", REVIEWER, "duty")


def not_paid_yet(attempt: Attempt) -> Refusal | None:
    """The month has not been paid to the lead."""
    key = f"settlement:{attempt.case.id}:pay"
    query = select(journals.c.number).where(journals.c.biz_key == key)
    paid = attempt.once(key, lambda: attempt.connection.scalar(query))
    if paid is None and "paid" not in attempt.progress:
        return None
    return refusal(_("本月已经拨付，不能重复支付"), "The month has been paid already", "", "paid")


def release_asked(attempt: Attempt) -> Refusal | None:
    """The place asks the finance bureau to grant the use of funds before payment."""
    if _release_required(attempt):
        return None
    return refusal(_("本地拨付前不需要用款批复"), "No release of funds is asked for here", "", "release")


def release_not_asked(attempt: Attempt) -> Refusal | None:
    """The place does not ask for a release of funds, or it has been granted."""
    if not _release_required(attempt):
        return None
    return refusal(
        _("本地规定拨付前须财政批复用款计划"), "Funds have to be released by the finance bureau first",
        _("财政局负责人"), "release",
    )


def _release_required(attempt: Attempt) -> bool:
    rule = attempt.find_rule("settlement.fund_release_required")
    return rule is not None and rule.value == "true"


def something_to_pay(attempt: Attempt) -> Refusal | None:
    """Some member is paid this month."""
    if net_by_member(attempt):
        return None
    return refusal(_("本月没有应拨付的款项"), "Nothing is to be paid this month", "", "amount")


def nothing_to_pay(attempt: Attempt) -> Refusal | None:
    """No member is paid this month."""
    if not net_by_member(attempt):
        return None
    return refusal(_("本月有应拨付的款项"), "There is money to be paid this month", CLERK, "amount")


def every_receipt_in(attempt: Attempt) -> list[Refusal]:
    """Each paid member has confirmed, or the bank's record proves, that its money has come."""
    names = {one.code: one.name for one in members_of_month(attempt)}
    return [
        refusal(
            _("%(member)s尚未确认收款，也没有银行回单", member=names.get(code, code)), f"No receipt of {code} yet",
            names.get(code, code), f"receipt.{code}",
        )
        for code in unconfirmed(attempt)
    ]


def members_to_reconcile(attempt: Attempt, role: Role) -> Iterable[int]:
    """Once the detail is here, each member that has not declared; the lead by its own clerk."""
    if claims_imported(attempt) is not None:
        return ()
    lead = attempt.consortium.lead_id
    return [one.id for one in undeclared(attempt) if (one.id == lead) == (role is Role.LEAD_CLERK)]


def until_imported(attempt: Attempt, role: Role) -> Iterable[int]:
    """The agency's clerk is waited for until there is any detail."""
    return () if attempt.dossier.get("claims") else attempt.parties.of(role)


def when_absence_proposed(attempt: Attempt, role: Role) -> Iterable[int]:
    """A second person is waited for once an absence is proposed."""
    return attempt.parties.of(role) if attempt.progress.get("proposed_absences") else ()


def the_finance_body(attempt: Attempt, role: Role) -> Iterable[int]:
    """The city's finance bureau where there is one, else the county's; nobody where no release is asked for."""
    nearest = attempt.parties.body("city_finance") or attempt.parties.body("county_finance")
    return [one for one in attempt.parties.of(role) if one == nearest] if _release_required(attempt) else ()


def payer_when_released(attempt: Attempt, role: Role) -> Iterable[int]:
    """The agency's clerk is waited for unless the release of funds is still out."""
    return () if attempt.case.state == "approved" and _release_required(attempt) else attempt.parties.of(role)


def members_to_confirm(attempt: Attempt, role: Role) -> Iterable[int]:
    """Members whose receipt is out; village clinics are confirmed by their township or proven by the lead."""
    open_codes = set(unconfirmed(attempt))
    return [one.id for one in members_of_month(attempt) if one.declares and one.code in open_codes]


def villages_to_prove(attempt: Attempt, role: Role) -> Iterable[int]:
    """The lead is waited for while village clinics' receipts are out."""
    open_codes = set(unconfirmed(attempt))
    waiting = any(one.code in open_codes and not one.declares for one in members_of_month(attempt))
    return attempt.parties.of(role) if waiting else ()
