"""The table of a clearing: facts entered and confirmed, calculated, reconciled by the consortium, approved, settled."""

from __future__ import annotations

from collections.abc import Iterable

from governance.refusal import Refusal
from governance.roles import KIND_NAMES, Duty, Role
from workflow.assessment.model import FUND, final
from workflow.attempt import Attempt
from workflow.banking.standing import bank_lines_resolved
from workflow.budget.model import figure
from workflow.clearing import commands
from workflow.clearing.conditions import (
    claims_stand,
    every_member_has_its_due,
    members_to_confirm,
    money_out,
    owes_from_before,
    owes_now,
    own_money_open,
    something_to_recover,
    until_recovered,
)
from workflow.clearing.exiting import exit_budget_ruled
from workflow.clearing.figures import unfinished_months
from workflow.clearing.forms import FORMS
from workflow.clearing.leaving import every_exit_fixed, exit_deposit_ruled
from workflow.clearing.model import (
    STATE_LABELS,
    State,
    bureau,
    facts_confirmed_now,
    leaving_member,
    open_objections,
    year_of,
)
from workflow.i18n import lazy as _
from workflow.machines import STAY, Ballot, BallotSeat, Stage, part, register, step
from workflow.passing_on import passed_on
from workflow.recalling import recalls
from workflow.returning import back, forth

REVIEWERS = (
    Role.CITY_INSURANCE_REVIEWER, Role.CITY_FINANCE_REVIEWER, Role.COUNTY_INSURANCE_REVIEWER,
    Role.COUNTY_FINANCE_REVIEWER, Role.CITY_HEALTH_REVIEWER, Role.COUNTY_HEALTH_REVIEWER,
)
APPROVERS = (
    Role.CITY_INSURANCE_APPROVER, Role.CITY_FINANCE_APPROVER, Role.COUNTY_INSURANCE_APPROVER,
    Role.COUNTY_FINANCE_APPROVER, Role.CITY_HEALTH_APPROVER, Role.COUNTY_HEALTH_APPROVER,
)
FINANCE_REVIEWERS = (Role.CITY_FINANCE_REVIEWER, Role.COUNTY_FINANCE_REVIEWER)
MEMBERS = (Role.MEMBER_CLERK, Role.MEMBER_HEAD)
EVERY_STATE = tuple(str(one) for one in State if one is not State.CLOSED)
AGENCY = _("医保经办机构经办")


def every_month_closed_or_carried(attempt: Attempt) -> list[Refusal]:
    """Each month of the agreement is closed, or carried to a later one."""
    missing = unfinished_months(attempt)
    if not missing:
        return []
    return [
        Refusal(
            reason=_("以下月份尚未办结或结转：%(months)s", months="、".join(missing)),
            reason_en=f"Months neither closed nor carried: {', '.join(missing)}",
            who=_("医保经办机构与牵头医院"), who_en="the agency and the lead hospital", fact="months",
        )
    ]


def fund_assessment_final(attempt: Attempt) -> Refusal | None:
    """The year's fund assessment is final; a member's exit does not wait for it."""
    if leaving_member(attempt) or final(attempt.connection, attempt.case.consortium_id, FUND, year_of(attempt)):
        return None
    return Refusal(
        reason=_("%(year)s 年成效考核还没有定论", year=year_of(attempt)), reason_en="The fund assessment is not final",
        who=KIND_NAMES[bureau(attempt, "insurance")][0], who_en=KIND_NAMES[bureau(attempt, "insurance")][1],
        fact="assessment",
    )


def budget_issued(attempt: Attempt) -> Refusal | None:
    """The year's budget is issued; a member's exit does not wait for it."""
    if leaving_member(attempt):
        return None
    budget = figure(attempt.connection, attempt.case.consortium_id, attempt.case.pool, year_of(attempt))
    if budget is not None and budget.issued:
        return None
    return Refusal(
        reason=_("%(year)s 年总额预算还没有下达", year=year_of(attempt)), reason_en="The budget has not been issued",
        who=KIND_NAMES[bureau(attempt, "insurance")][0], who_en=KIND_NAMES[bureau(attempt, "insurance")][1],
        fact="budget",
    )


def facts_entered(attempt: Attempt) -> Refusal | None:
    """The agency has entered what the journal does not know."""
    if "entered" in attempt.dossier and not attempt.progress.get("returned"):
        return None
    return Refusal(
        reason=_("还没有登记清算事实（基金是否赤字、超支原因、违约金等）"), reason_en="The facts are not entered",
        who=AGENCY, who_en="the agency's clerk", link="#step-enter_facts", fact="entered",
    )


def facts_confirmed(attempt: Attempt) -> Refusal | None:
    """The finance bureau has confirmed exactly these facts."""
    if facts_confirmed_now(attempt):
        return None
    kind = bureau(attempt, "finance")
    return Refusal(
        reason=_("清算事实还没有经财政部门确认，或确认后又有改动"), reason_en="The facts are not confirmed",
        who=KIND_NAMES[kind][0], who_en=KIND_NAMES[kind][1], link="#step-confirm_facts", fact="confirmed",
    )


def objections_answered(attempt: Attempt) -> Refusal | None:
    """Every objection of the consortium has its answer."""
    waiting = open_objections(attempt.progress)
    if not waiting:
        return None
    return Refusal(
        reason=_("医共体对%(lines)s的异议还没有答复", lines="、".join(one["line"] for one in waiting)),
        reason_en="Objections are not answered", who=AGENCY, link="#step-enter_facts", fact="objections",
    )


def confirmed_by_the_rules_bureau(attempt: Attempt) -> Refusal | None:
    """The finance bureau that confirms is the one of the place's rule."""
    kind = bureau(attempt, "finance")
    if attempt.actor.role in (Role.SYSTEM, f"{kind}_reviewer"):
        return None
    return Refusal(
        reason=_("清算事实由%(who)s确认", who=KIND_NAMES[kind][0]), reason_en="Another bureau confirms here",
        who=KIND_NAMES[kind][0], who_en=KIND_NAMES[kind][1], fact="role",
    )


def finance_here(attempt: Attempt, role: Role) -> Iterable[int]:
    """Only the finance bureau of the rule is waited for, once there is something to confirm."""
    asked = role == f"{bureau(attempt, 'finance')}_reviewer" and not facts_confirmed_now(attempt)
    return attempt.parties.of(role) if asked and not facts_entered(attempt) else ()


def until_entered(attempt: Attempt, role: Role) -> Iterable[int]:
    """The agency is waited for while facts or answers are missing."""
    asked = facts_entered(attempt) or objections_answered(attempt)
    return attempt.parties.of(role) if asked else ()


def approving_seats(attempt: Attempt) -> list[BallotSeat]:
    """The bureaus of the place's rule, reviewer and approver each."""
    found = []
    for kind in attempt.rule("clearing.approval_parties").value:
        body = attempt.parties.body(kind)
        if body is not None:
            roles = (Role(f"{kind}_reviewer"), Role(f"{kind}_approver"))
            found.append(BallotSeat(attempt.parties.codes[body], body, attempt.parties.names[body], roles))
    return found


def every_bureau_is_there(attempt: Attempt) -> list[Refusal]:
    """Each bureau that the rule names exists here."""
    kinds = attempt.rule("clearing.approval_parties").value
    return [
        Refusal(
            reason=_("本地没有设置“%(kind)s”，不能送审", kind=KIND_NAMES[kind][0]), reason_en=f"No {kind} here",
            who=_("系统管理"), fact=kind,
        )
        for kind in kinds
        if attempt.parties.body(kind) is None
    ]


READY = (every_month_closed_or_carried, fund_assessment_final, budget_issued, exit_budget_ruled,
         every_exit_fixed, exit_deposit_ruled, facts_entered, facts_confirmed, objections_answered)  # fmt: skip
STEPS = (
    #    trigger          from                             to                shown as              taken by
    step("enter_facts",   (State.OPEN, State.CALCULATED),  State.OPEN,       _("登记清算事实"),    Role.AGENCY_CLERK,
         duty=Duty.PREPARE, waiting=until_entered),
    step("confirm_facts", State.OPEN,                      STAY,             _("确认清算事实"),    FINANCE_REVIEWERS,
         confirmed_by_the_rules_bureau, facts_entered, duty=Duty.REVIEW, waiting=finance_here),
    step("return_facts",  State.OPEN,                      STAY,             _("退回清算事实"),    FINANCE_REVIEWERS,
         confirmed_by_the_rules_bureau, facts_entered, duty=Duty.REVIEW, task=False, dangerous=True),
    step("calculate",     (State.OPEN, State.CALCULATED, State.RECONCILED), State.CALCULATED, _("计算"), Role.SYSTEM,
         *READY, primary=True),
    step("confirm",       State.CALCULATED,                State.RECONCILED, _("确认清算结果"),    Role.LEAD_HEAD,
         every_bureau_is_there, *READY, primary=True, recallable=True),
    back(State.RECONCILED, (State.OPEN, State.CALCULATED), REVIEWERS, duty=Duty.REVIEW),
    forth(State.CALCULATED, State.RECONCILED, Role.AGENCY_CLERK, every_bureau_is_there, *READY, duty=Duty.PREPARE),
    step("object_to",     State.CALCULATED,                State.OPEN,       _("逐项提出异议"),    Role.LEAD_HEAD,
         task=False),
    step("review",        State.RECONCILED,                STAY,             _("出具经办意见"),    REVIEWERS,
         duty=Duty.REVIEW, casts=("approval", "review"), edits=False),
    step("decide",        State.RECONCILED,                STAY,             _("审批决定"),        APPROVERS,
         duty=Duty.APPROVE, casts=("approval", "approve"), edits=False, primary=True),
    step("approve",       State.RECONCILED,                State.APPROVED,   _("审批通过"),        Role.SYSTEM, *READY),
    step("reopen",        State.RECONCILED,                State.OPEN,       _("审批退回"),        Role.SYSTEM),
    step("settle",        State.APPROVED,                  State.SETTLED,    _("结清"),            Role.AGENCY_CLERK,
         bank_lines_resolved, duty=Duty.PAY, edits=False, primary=True),
    step("distribute",    State.SETTLED,                   State.DISTRIBUTING, _("拨付成员单位"),  Role.LEAD_FINANCE,
         edits=False, clock="pay_members", primary=True),
    step("begin_recovery", State.SETTLED,                  State.DISTRIBUTING, _("开始收回"),      Role.SYSTEM),
    step("confirm_receipt", State.DISTRIBUTING,            STAY,             _("确认收款"),        MEMBERS,
         own_money_open, waiting=members_to_confirm, edits=False),
    step("bank_proof",    State.DISTRIBUTING,              STAY,             _("上传银行回单"),    Role.LEAD_FINANCE,
         money_out, task=False, edits=False),
    step("recover",       State.DISTRIBUTING,              STAY,             _("登记成员退款"),    Role.LEAD_FINANCE,
         something_to_recover, waiting=until_recovered, edits=False, offered=owes_now),
    step("carry_claim",   State.DISTRIBUTING,              STAY,             _("转为未收款项"),    Role.LEAD_HEAD,
         something_to_recover, task=False, edits=False, dangerous=True, offered=owes_now),
    step("collect_claim", EVERY_STATE,                     STAY,             _("收回以前未收款项"), Role.LEAD_FINANCE,
         claims_stand, task=False, edits=False, offered=owes_from_before),
    step("close",         (State.SETTLED, State.DISTRIBUTING), State.CLOSED, _("办结"),            Role.SYSTEM,
         every_member_has_its_due, bank_lines_resolved),
)  # fmt: skip

PARTS = (part("entered", _("清算事实和计算"), "entered", "months", "carried_months", "worksheet"),)

STAGE = register(
    Stage(
        name="clearing",
        label=_("年度清算"),
        states=State,
        state_labels=STATE_LABELS,
        steps=passed_on((*STEPS, *recalls(STEPS))),
        parts=PARTS,
        commands=commands,
        forms=FORMS,
        ballots=(
            Ballot(
                "approval", _("清算审批"), (str(State.RECONCILED),), approving_seats,
                then={"passed": "approve", "failed": "reopen", "returned": "reopen"},
            ),
        ),
        final=frozenset({str(State.CLOSED)}),
        main_path=tuple(str(one) for one in State),
    )
)
