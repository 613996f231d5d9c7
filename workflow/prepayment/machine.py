"""The table of a prepayment: the lead applies, the agency checks and approves, others consent, it is paid and repaid.

What is out of it is what the books say, whoever set it off.
"""

from __future__ import annotations

from governance.roles import Duty, Role
from workflow.banking.standing import bank_lines_resolved
from workflow.i18n import lazy as _
from workflow.machines import STAY, Ballot, Stage, part, register, step
from workflow.passing_on import passed_on
from workflow.prepayment import commands
from workflow.prepayment.beginning import APPLICANTS
from workflow.prepayment.conditions import (
    agency_seat,
    agency_when_said,
    application_mended,
    approval_stands,
    clerk_to_check,
    earlier_years_repaid,
    every_condition_met,
    every_party_known,
    in_time_to_come_back,
    lead_when_due,
    lead_when_returned,
    no_repayment_waits,
    nothing_outstanding,
    parties_asked,
    party_seats,
    repayment_said,
    some_condition_unmet,
    something_outstanding,
    still_agreed,
    when_met,
    when_unmet,
    year_not_cleared,
)
from workflow.prepayment.forms import FORMS
from workflow.prepayment.model import OUT, STATE_LABELS, State
from workflow.recalling import recalls
from workflow.returning import back, forth

CLERK, REVIEWER, HEAD = Role.AGENCY_CLERK, Role.AGENCY_REVIEWER, Role.AGENCY_HEAD
BUREAU_REVIEWERS = (
    Role.CITY_INSURANCE_REVIEWER, Role.CITY_FINANCE_REVIEWER, Role.COUNTY_INSURANCE_REVIEWER,
    Role.COUNTY_FINANCE_REVIEWER,
)  # fmt: skip
BUREAU_APPROVERS = (
    Role.CITY_INSURANCE_APPROVER, Role.CITY_FINANCE_APPROVER, Role.COUNTY_INSURANCE_APPROVER,
    Role.COUNTY_FINANCE_APPROVER,
)  # fmt: skip
MET = (application_mended, every_condition_met, every_party_known)
PAYABLE = (approval_stands, every_condition_met, still_agreed, earlier_years_repaid, in_time_to_come_back,
           year_not_cleared, bank_lines_resolved)  # fmt: skip

STEPS = (
    #    trigger            from                to                 shown as               taken by
    step("begin_checking",  State.APPLIED,      STAY,              _("转经办机构核查"),   Role.SYSTEM),
    step("revise",          State.APPLIED,      STAY,              _("修改申请"),         APPLICANTS,
         waiting=lead_when_returned),
    step("withdraw",        (State.APPLIED, State.CHECKED, State.REVIEWED), State.WITHDRAWN, _("撤回申请"), APPLICANTS,
         task=False, dangerous=True),
    step("check",           (State.APPLIED, State.CHECKED), State.CHECKED, _("逐项核查条件"), CLERK,
         application_mended, duty=Duty.PREPARE, waiting=clerk_to_check, clock="prepay", primary=True),
    back(State.CHECKED,     State.APPLIED,      REVIEWER,          duty=Duty.REVIEW),
    step("review",          State.CHECKED,      State.REVIEWED,    _("复核"),             REVIEWER,
         *MET, duty=Duty.REVIEW, casts=("agency", "review"), edits=False, waiting=when_met, clock="prepay",
         primary=True, recallable=True),
    step("refuse_prepayment", (State.CHECKED, State.REVIEWED), State.REFUSED, _("不予预付"), HEAD,
         some_condition_unmet, duty=Duty.APPROVE, waiting=when_unmet, clock="prepay", dangerous=True),
    back(State.REVIEWED,    (State.APPLIED, State.CHECKED), HEAD,  duty=Duty.APPROVE),
    forth(State.CHECKED,    State.REVIEWED,     CLERK,             *MET, duty=Duty.PREPARE),
    step("approve",         State.REVIEWED,     State.APPROVED,    _("审批"),             HEAD,
         *MET, duty=Duty.APPROVE, casts=("agency", "approve"), edits=False, clock="prepay", primary=True),
    step("ask_consent",     State.APPROVED,     State.CONSENTING,  _("送会同审核"),       Role.SYSTEM, every_party_known),
    step("opine",           State.CONSENTING,   STAY,              _("出具经办意见"),     BUREAU_REVIEWERS,
         approval_stands, duty=Duty.REVIEW, casts=("consent", "review"), edits=False, waiting=parties_asked,
         clock="prepay", primary=True),
    step("decide",          State.CONSENTING,   STAY,              _("会同审核"),         BUREAU_APPROVERS,
         approval_stands, duty=Duty.APPROVE, casts=("consent", "approve"), edits=False, waiting=parties_asked,
         clock="prepay", primary=True),
    step("consent",         State.CONSENTING,   State.CONSENTED,   _("会同审核通过"),     Role.SYSTEM),
    step("refuse_consent",  State.CONSENTING,   State.REFUSED,     _("会同审核未通过"),   Role.SYSTEM),
    step("reopen",          State.CONSENTING,   State.CHECKED,     _("会同审核退回"),     Role.SYSTEM),
    step("pay",             (State.APPROVED, State.CONSENTED), State.ADVANCED, _("拨付预付金"), CLERK,
         *PAYABLE, duty=Duty.PAY, edits=False, clock="prepay", primary=True),
    step("remind",          State.ADVANCED,     STAY,              _("提醒收回"),         Role.SYSTEM,
         something_outstanding),
    step("repay",           OUT,                STAY,              _("登记退回"),         Role.LEAD_FINANCE,
         something_outstanding, year_not_cleared, no_repayment_waits, waiting=lead_when_due, edits=False,
         clock="repay"),
    step("confirm_repayment", OUT,              STAY,              _("核对到账"),         CLERK,
         repayment_said, year_not_cleared, waiting=agency_when_said, edits=False),
    step("demand",          State.ADVANCED,     State.RECOVERING,  _("因违规收回"),       HEAD,
         something_outstanding, year_not_cleared, duty=Duty.APPROVE, task=False, edits=False, dangerous=True),
    step("close",           OUT,                State.REPAID,      _("收回完毕"),         Role.SYSTEM,
         nothing_outstanding),
)  # fmt: skip

PARTS = (
    part("application", _("申请"), "application", "check"),
    part("check", _("条件核查"), "check"),
)

STAGE = register(
    Stage(
        name="prepayment",
        label=_("预付金"),
        states=State,
        state_labels=STATE_LABELS,
        steps=passed_on((*STEPS, *recalls(STEPS))),
        parts=PARTS,
        commands=commands,
        forms=FORMS,
        ballots=(
            Ballot("agency", _("预付金审批"), (str(State.CHECKED), str(State.REVIEWED)), agency_seat),
            Ballot(
                "consent", _("预付金会同审核"), (str(State.CONSENTING),), party_seats,
                then={"passed": "consent", "failed": "refuse_consent", "returned": "reopen"},
            ),
        ),
        final=frozenset(str(one) for one in (State.REPAID, State.REFUSED, State.WITHDRAWN)),
        main_path=tuple(
            str(one)
            for one in (
                State.APPLIED, State.CHECKED, State.REVIEWED, State.APPROVED, State.ADVANCED, State.REPAID,
            )
        ),
    )
)
