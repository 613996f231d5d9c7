"""The table of a month's settlement: members declare, the agency reviews, approves and pays, the lead distributes."""

from __future__ import annotations

from governance.roles import Duty, Role
from workflow.attempt import Attempt
from workflow.banking.standing import bank_lines_resolved
from workflow.i18n import lazy as _
from workflow.machines import STAY, Ballot, BallotSeat, Stage, part, register, step
from workflow.mending import mended
from workflow.passing_on import passed_on
from workflow.recalling import recalls
from workflow.returning import back, forth
from workflow.settlement import commands
from workflow.settlement.conditions import (
    absence_proposed,
    agreement_in_force,
    approval_is_current,
    claims_imported,
    declares_for_itself,
    duties_apart,
    earlier_months_approved,
    every_member_declared,
    every_receipt_in,
    members_to_confirm,
    members_to_reconcile,
    no_platform_detail,
    not_paid_yet,
    nothing_to_pay,
    past_declare_by,
    payer_when_released,
    release_asked,
    release_not_asked,
    something_to_pay,
    the_finance_body,
    until_imported,
    villages_to_prove,
    when_absence_proposed,
    worksheet_unchanged,
)
from workflow.settlement.forms import FORMS
from workflow.settlement.model import STATE_LABELS, State, corrected, is_supplement
from workflow.settlement.supplement_by_rule import not_owed_by_a_rule
from workflow.settlement.supplement_conditions import (
    month_stands_returned,
    nothing_cleared_meanwhile,
    only_in_a_month,
    only_in_a_supplement,
    ordinary_month,
    until_corrected,
    who_mends_the_month,
    year_still_open,
)


def agency_seat(attempt: Attempt) -> list[BallotSeat]:
    """The agency's one seat, reviewer and head."""
    agency = attempt.parties.body("agency")
    if agency is None:
        return []
    roles = (Role.AGENCY_REVIEWER, Role.AGENCY_HEAD)
    return [BallotSeat(attempt.parties.codes[agency], agency, attempt.parties.names[agency], roles)]


CLERK, REVIEWER, HEAD = Role.AGENCY_CLERK, Role.AGENCY_REVIEWER, Role.AGENCY_HEAD
DECLARANTS = (Role.MEMBER_CLERK, Role.LEAD_CLERK)
MEMBERS = (Role.MEMBER_CLERK, Role.MEMBER_HEAD)
FINANCE = (Role.CITY_FINANCE_APPROVER, Role.COUNTY_FINANCE_APPROVER)
PAYABLE = (something_to_pay, approval_is_current, worksheet_unchanged, duties_apart, not_paid_yet,
           bank_lines_resolved)

STEPS = (
    #    trigger            from                to                  shown as              taken by
    #        what must hold
    step("begin_declaring", State.DECLARING,    STAY,               _("开始申报"),        Role.SYSTEM),
    step("import_claims",   State.DECLARING,    STAY,               _("导入结算明细"),    CLERK,
         waiting=until_imported, clock="declare"),
    step("reconcile",       State.DECLARING,    STAY,               _("对账确认"),        DECLARANTS,
         declares_for_itself, claims_imported, waiting=members_to_reconcile, clock="declare", primary=True),
    step("upload",          State.DECLARING,    STAY,               _("自行上传申报"),    DECLARANTS,
         declares_for_itself, no_platform_detail, task=False),
    step("declare_nil",     State.DECLARING,    STAY,               _("零申报"),          DECLARANTS,
         declares_for_itself, task=False),
    step("propose_absent",  State.DECLARING,    STAY,               _("提出未申报登记"),  CLERK,
         past_declare_by, task=False, dangerous=True),
    step("confirm_absent",  State.DECLARING,    STAY,               _("确认未申报登记"),  REVIEWER,
         past_declare_by, absence_proposed, waiting=when_absence_proposed),
    step("all_declared",    State.DECLARING,    State.DECLARED,     _("申报齐"),          Role.SYSTEM,
         every_member_declared),
    step("calculate",       (State.DECLARED, State.CALCULATED, State.REVIEWED), State.CALCULATED, _("计算"),
         Role.SYSTEM,
         every_member_declared, agreement_in_force, earlier_months_approved),
    step("deduct",          State.DECLARED,     STAY,               _("登记审核拒付"),    CLERK,
         only_in_a_month, offered=ordinary_month, task=False),
    step("deduct",          State.CALCULATED,   State.DECLARED,     _("登记审核拒付"),    CLERK,
         only_in_a_month, offered=ordinary_month, task=False, dangerous=True),
    step("add_special",     (State.DECLARING, State.DECLARED), STAY,  _("登记特例单议、申诉"), CLERK,
         only_in_a_month, offered=ordinary_month, task=False),
    step("add_special",     State.CALCULATED,   State.DECLARED,     _("登记特例单议、申诉"), CLERK,
         only_in_a_month, offered=ordinary_month, task=False, dangerous=True),
    step("ask_offset",      (State.DECLARING, State.DECLARED), STAY,  _("调整冲抵预付金"),  CLERK,
         only_in_a_month, offered=ordinary_month, task=False),
    step("ask_offset",      State.CALCULATED,   State.DECLARED,     _("调整冲抵预付金"),  CLERK,
         only_in_a_month, offered=ordinary_month, task=False, dangerous=True),
    step("work_out",        State.DECLARED,     STAY,               _("计算更正"),        CLERK,
         only_in_a_supplement, year_still_open, offered=is_supplement, waiting=until_corrected, clock="pay_lead",
         primary=True),
    step("correct",         State.DECLARED,     STAY,               _("登记更正"),        CLERK,
         only_in_a_supplement, year_still_open, offered=is_supplement, task=False),
    step("correct",         State.CALCULATED,   State.DECLARED,     _("登记更正"),        CLERK,
         only_in_a_supplement, year_still_open, offered=is_supplement, task=False),
    step("drop_correction", State.DECLARED,     STAY,               _("删去更正"),        CLERK,
         only_in_a_supplement, offered=corrected, task=False, dangerous=True),
    step("drop_correction", State.CALCULATED,   State.DECLARED,     _("删去更正"),        CLERK,
         only_in_a_supplement, offered=corrected, task=False, dangerous=True),
    step("withdraw",        (State.DECLARED, State.CALCULATED, State.DISPUTED), State.WITHDRAWN, _("撤销补记"),
         CLERK, only_in_a_supplement, not_owed_by_a_rule, offered=is_supplement, task=False, dangerous=True),
    step("review",          State.CALCULATED,   State.REVIEWED,     _("复核"),            REVIEWER,
         worksheet_unchanged, duty=Duty.REVIEW, casts=("settlement", "review"), edits=False, clock="pay_lead",
         bulk=True, recallable=True),
    back(State.CALCULATED,  (State.DECLARING, State.DECLARED), REVIEWER, duty=Duty.REVIEW),
    back(State.REVIEWED,    (State.DECLARING, State.DECLARED, State.CALCULATED), HEAD, duty=Duty.APPROVE),
    mended(State.DECLARED,  CLERK, only_in_a_month, offered=month_stands_returned, waiting=who_mends_the_month,
           clock="pay_lead", primary=True),
    forth(State.CALCULATED, State.REVIEWED, CLERK, worksheet_unchanged, clock="pay_lead"),
    step("approve",         State.REVIEWED,     State.APPROVED,     _("审批"),            HEAD,
         worksheet_unchanged, nothing_cleared_meanwhile, duty=Duty.APPROVE, casts=("settlement", "approve"),
         edits=False, clock="pay_lead", bulk=True),
    step("dispute",         (State.CALCULATED, State.REVIEWED), State.DISPUTED, _("提出争议"),
         (Role.LEAD_FINANCE, REVIEWER, HEAD), task=False, dangerous=True),
    step("resolve_dispute", State.DISPUTED,     State.DECLARED,     _("争议已解决"),      (CLERK, REVIEWER),
         clock="pay_lead"),
    step("carry",           State.DISPUTED,     State.CARRIED,      _("结转以后月份"),    (REVIEWER, HEAD),
         only_in_a_month, offered=ordinary_month, task=False, dangerous=True),
    step("close_unpaid",    State.APPROVED,     State.CLOSED,       _("无应拨款办结"),    Role.SYSTEM,
         nothing_to_pay),
    step("fund",            State.APPROVED,     State.FUNDED,       _("批复用款"),        FINANCE,
         release_asked, approval_is_current, waiting=the_finance_body, clock="pay_lead"),
    step("pay_to_lead",     State.APPROVED,     State.PAID_TO_LEAD, _("拨付牵头医院"),    CLERK,
         release_not_asked, *PAYABLE, duty=Duty.PAY, waiting=payer_when_released, clock="pay_lead"),
    step("pay_to_lead",     State.FUNDED,       State.PAID_TO_LEAD, _("拨付牵头医院"),    CLERK,
         *PAYABLE, duty=Duty.PAY, clock="pay_lead"),
    step("distribute",      State.PAID_TO_LEAD, State.DISTRIBUTING, _("拨付成员单位"),    Role.LEAD_FINANCE,
         clock="pay_members"),
    step("confirm_receipt", State.DISTRIBUTING, STAY,               _("确认收款"),        MEMBERS,
         waiting=members_to_confirm),
    step("bank_proof",      State.DISTRIBUTING, STAY,               _("上传银行回单"),    Role.LEAD_FINANCE,
         waiting=villages_to_prove),
    step("close",           State.DISTRIBUTING, State.CLOSED,       _("办结"),            Role.SYSTEM,
         every_receipt_in, bank_lines_resolved),
)  # fmt: skip

FIGURES = (
    "worksheet", "columns", "categories", "left_open_fen", "tallies", "differing_standards", "standard_counts",
)  # fmt: skip
PARTS = (
    part("declarations", _("成员申报和明细"), "declarations", "claims", *FIGURES),
    part("deductions", _("审核拒付"), "deductions", *FIGURES),
    part("additions", _("特例单议、申诉"), "additions", *FIGURES),
    part("offset", _("冲抵预付金"), "offset_asked", *FIGURES),
    part("corrections", _("更正"), "corrections", "difference", *FIGURES),
)

STAGE = register(
    Stage(
        name="settlement",
        label=_("月度结算"),
        states=State,
        state_labels=STATE_LABELS,
        steps=passed_on((*STEPS, *recalls(STEPS))),
        parts=PARTS,
        commands=commands,
        forms=FORMS,
        ballots=(
            Ballot("settlement", _("结算审批"), (str(State.CALCULATED), str(State.REVIEWED)), agency_seat),
        ),
        final=frozenset({str(State.CLOSED), str(State.CARRIED), str(State.WITHDRAWN)}),
        main_path=tuple(
            str(one)
            for one in (
                State.DECLARING, State.DECLARED, State.CALCULATED, State.REVIEWED, State.APPROVED,
                State.PAID_TO_LEAD, State.DISTRIBUTING, State.CLOSED,
            )
        ),
    )
)  # fmt: skip
