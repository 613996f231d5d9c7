"""The table of a plan: drafted by the lead, consulted, voted on, filed in order, paid to the last member."""

from __future__ import annotations

from collections.abc import Sequence

from governance.quorum import Outcome
from governance.roles import Duty, Role
from workflow.attempt import Attempt
from workflow.banking.standing import bank_lines_resolved
from workflow.i18n import lazy as _
from workflow.machines import STAY, Ballot, BallotSeat, Count, Stage, part, register, step
from workflow.passing_on import passed_on
from workflow.recalling import recalls
from workflow.returning import back, forth
from workflow.surplus_plan import commands
from workflow.surplus_plan.conditions import (
    asked_for_its_opinion,
    contribution_assessment_final,
    every_filing_accepted,
    every_member_heard_or_time_over,
    every_receipt_known,
    filing_number_given,
    members_not_paid_yet,
    members_paid,
    minutes_kept,
    next_filer,
    next_in_the_order_of_filing,
    once_called,
    once_proposed,
    own_amount_open,
    plan_calculated,
    session_convened,
    session_day_reached,
    silent_now,
    until_called,
    until_paid,
    until_proposed,
    weights_are_the_final_ones,
    with_open_amounts,
)
from workflow.surplus_plan.forms import FORMS
from workflow.surplus_plan.model import (
    STATE_LABELS,
    VOTERS,
    State,
    committee_seats,
    motion_of,
    next_filing,
    quorum_of,
    voting_seats,
)
from workflow.surplus_plan.releasing import (
    forfeit_proposed,
    release_due,
    release_open,
    release_proposed,
    something_proposed,
)

MEMBERS = (Role.MEMBER_CLERK, Role.MEMBER_HEAD)
FILERS = (
    Role.AGENCY_REVIEWER, Role.COUNTY_HEALTH_REVIEWER, Role.COUNTY_INSURANCE_REVIEWER, Role.COUNTY_FINANCE_REVIEWER,
    Role.CITY_INSURANCE_REVIEWER, Role.CITY_HEALTH_REVIEWER, Role.CITY_FINANCE_REVIEWER,
)  # fmt: skip
FILING_HEADS = (
    Role.AGENCY_HEAD, Role.COUNTY_HEALTH_APPROVER, Role.COUNTY_INSURANCE_APPROVER, Role.COUNTY_FINANCE_APPROVER,
    Role.CITY_INSURANCE_APPROVER, Role.CITY_HEALTH_APPROVER, Role.CITY_FINANCE_APPROVER,
)  # fmt: skip


def voting_ballot_seats(attempt: Attempt) -> list[BallotSeat]:
    """One ballot for each member present and not recused, and for each written proxy, cast by its holder."""
    body = attempt.parties.body("committee")
    known = {seat.id: seat for seat in committee_seats(attempt)}
    votes = voting_seats(attempt.progress["attendance"])
    if body is None:
        return []
    return [
        BallotSeat(
            f"seat:{seat}", body,
            known[seat].name if seat == holder else f"{known[seat].name}（委托{known[holder].name}）", VOTERS,
            seat_id=holder,
        )
        for seat, holder in sorted(votes.items())
    ]  # fmt: skip


def filing_seat(attempt: Attempt) -> list[BallotSeat]:
    """The body whose acceptance comes next, reviewer and head: each body of the order has a round of its own."""
    kind = next_filing(attempt)
    body = attempt.parties.body(kind or "")
    if body is None:
        return []
    roles = tuple(role for role in (*FILERS, *FILING_HEADS) if role.rsplit("_", 1)[0] == kind)
    return [BallotSeat(attempt.parties.codes[body], body, attempt.parties.names[body], roles)]


def committee_majority(attempt: Attempt) -> Count:
    """The committee's rule over all its seats and those present, without the recused."""
    attendance = attempt.progress["attendance"]
    seats = len(committee_seats(attempt)) - len({one["seat"] for one in attendance["recused"]})
    rule, motion = quorum_of(attempt), motion_of(attempt)

    def count(verdicts: Sequence[str], present: int) -> Outcome | None:
        return rule.outcome(verdicts, seats=seats, present=present, motion=motion)

    return count


STEPS = (
    #    trigger               from                to                  shown as               taken by
    step("propose_release",    State.DEFERRED,     STAY,               _("提出发放暂缓部分"), Role.AGENCY_CLERK,
         release_due, release_open, duty=Duty.PREPARE, waiting=until_proposed, edits=False, clock="release"),
    step("return_release",     State.DEFERRED,     STAY,               _("退回发放申请"),     Role.AGENCY_HEAD,
         something_proposed, duty=Duty.APPROVE, task=False, edits=False, dangerous=True),
    step("release",            State.DEFERRED,     State.DRAFTING,     _("批准发放"),         Role.AGENCY_HEAD,
         release_proposed, duty=Duty.APPROVE, waiting=once_proposed, edits=False, primary=True),
    step("forfeit",            State.DEFERRED,     State.COMPLETED,    _("批准不予发放"),     Role.AGENCY_HEAD,
         forfeit_proposed, duty=Duty.APPROVE, task=False, edits=False, dangerous=True),
    step("draft",              State.DRAFTING,     STAY,               _("编制方案"),         Role.LEAD_FINANCE,
         contribution_assessment_final, duty=Duty.PREPARE),
    step("draft",              State.RETURNED,     State.DRAFTING,     _("修改方案"),         Role.LEAD_FINANCE,
         contribution_assessment_final, duty=Duty.PREPARE),
    step("open_consultation",  State.DRAFTING,     State.CONSULTATION, _("征求成员意见"),     Role.LEAD_FINANCE,
         contribution_assessment_final, plan_calculated, weights_are_the_final_ones,
         duty=Duty.PREPARE, task=False, primary=True, recallable=True),
    step("give_opinion",       State.CONSULTATION, STAY,               _("提出意见"),         MEMBERS,
         asked_for_its_opinion, waiting=silent_now, edits=False, clock="opinion"),
    step("recall",             State.CONSULTATION, State.RETURNED,     _("收回修改"),         Role.LEAD_FINANCE,
         duty=Duty.PREPARE, task=False, dangerous=True),
    step("close_consultation", State.CONSULTATION, State.COMMITTEE,    _("征求意见结束"),     Role.SYSTEM,
         every_member_heard_or_time_over, primary=True),
    step("convene",            State.COMMITTEE,    STAY,               _("召集会议"),         Role.COMMITTEE_SECRETARY,
         waiting=until_called, edits=False),
    step("register_attendance", State.COMMITTEE,   State.VOTING,       _("登记到会"),         Role.COMMITTEE_SECRETARY,
         session_convened, session_day_reached, waiting=once_called, edits=False, primary=True,
         recallable=True),
    back(State.COMMITTEE, State.DRAFTING, Role.COMMITTEE_SECRETARY),
    forth(State.DRAFTING, State.COMMITTEE, Role.LEAD_FINANCE, contribution_assessment_final, plan_calculated,
          weights_are_the_final_ones, duty=Duty.PREPARE),
    step("vote",               State.VOTING,       STAY,               _("表决"),             VOTERS, session_day_reached,
         duty=Duty.APPROVE, casts=("committee", "vote"), edits=False, primary=True),
    step("adjourn",            State.VOTING,       State.COMMITTEE,    _("休会另行召集"),     Role.COMMITTEE_SECRETARY,
         task=False, dangerous=True, edits=False),
    step("adopt",              State.VOTING,       State.ADOPTED,      _("表决通过"),         Role.SYSTEM),
    step("reject",             State.VOTING,       State.RETURNED,     _("表决未通过"),       Role.SYSTEM),
    step("send_back",          State.VOTING,       State.RETURNED,     _("表决退回"),         Role.SYSTEM),
    step("close_session",      State.ADOPTED,      State.FILING,       _("提交会议纪要"),     Role.COMMITTEE_SECRETARY,
         edits=False),
    step("close_session",      State.RETURNED,     STAY,               _("提交会议纪要"),     Role.COMMITTEE_SECRETARY,
         task=False, edits=False),
    step("check_filing",       State.FILING,       STAY,               _("审查备案材料"),     FILERS,
         minutes_kept, next_in_the_order_of_filing, duty=Duty.REVIEW, waiting=next_filer,
         casts=("filing", "review"), edits=False, primary=True),
    step("approve_filing",     State.FILING,       STAY,               _("受理备案"),         FILING_HEADS,
         minutes_kept, next_in_the_order_of_filing, filing_number_given, duty=Duty.APPROVE,
         waiting=next_filer, casts=("filing", "approve"), edits=False, primary=True),
    back(State.FILING, State.DRAFTING, (*FILERS, *FILING_HEADS), next_in_the_order_of_filing, label=_("退回备案"),
         duty=Duty.APPROVE),
    step("file",               State.FILING,       State.FILED,        _("备案完成"),         Role.SYSTEM,
         minutes_kept, every_filing_accepted),
    step("begin_sharing",      State.FILED,        State.PAYING,       _("开始支付"),         Role.SYSTEM),
    step("pay_retained",       State.FILED,        State.PAYING,       _("拨付留用结余"),     Role.AGENCY_CLERK,
         every_filing_accepted, bank_lines_resolved, duty=Duty.PAY, edits=False, clock="pay_lead"),
    step("pay_members",        State.PAYING,       STAY,               _("按方案支付"),       Role.LEAD_FINANCE,
         members_not_paid_yet, duty=Duty.PAY, waiting=until_paid, edits=False, clock="pay_members", primary=True),
    step("confirm_receipt",    State.PAYING,       STAY,               _("确认款项"),         MEMBERS,
         members_paid, own_amount_open, waiting=with_open_amounts, edits=False),
    step("bank_proof",         State.PAYING,       STAY,               _("上传银行回单"),     Role.LEAD_FINANCE, members_paid,
         task=False, edits=False),
    step("complete",           State.PAYING,       State.COMPLETED,    _("办结"),             Role.SYSTEM, members_paid,
         every_receipt_known, bank_lines_resolved),
)  # fmt: skip

PLANNED = ("worksheet", "weights", "assessment_case")
PARTS = (
    part("deductions", _("先提留的部分"), "deductions", *PLANNED),
    part("parts", _("分项分配"), "parts", *PLANNED),
    part("reasons", _("不予分配的理由"), "reasons", *PLANNED),
)

STAGE = register(
    Stage(
        name="surplus_plan",
        label=_("结余分配方案"),
        states=State,
        state_labels=STATE_LABELS,
        steps=passed_on((*STEPS, *recalls(STEPS))),
        parts=PARTS,
        commands=commands,
        forms=FORMS,
        verbs={"accept_filing": _("受理备案")},
        ballots=(
            Ballot(
                "committee", _("管委会表决"), (str(State.VOTING),), voting_ballot_seats, chain=("vote",),
                rule=committee_majority, then={"passed": "adopt", "failed": "reject", "returned": "send_back"},
            ),
            Ballot("filing", _("备案受理"), (str(State.FILING),), filing_seat),
        ),
        final=frozenset({str(State.COMPLETED)}),
        main_path=tuple(
            str(one)
            for one in (
                State.DRAFTING, State.CONSULTATION, State.COMMITTEE, State.VOTING, State.FILING, State.FILED,
                State.PAYING, State.COMPLETED,
            )
        ),
    )
)
