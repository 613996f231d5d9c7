"""The table of an agreement: the agency drafts, members authorise, the lead signs, the agency reviews and signs."""

from __future__ import annotations

from collections.abc import Iterable

from governance.roles import Duty, Role
from workflow.agreement import commands
from workflow.agreement.forms import FORMS
from workflow.agreement.guards import (
    TERMS_COMPLETE,
    authorised_where_required,
    followed,
    may_authorise,
    members_current,
    not_a_public_body,
    not_resumed_in_time,
    over,
    prepayment_due,
    recognised,
    signed_by_the_lead,
    terms_complete,
    within_the_term,
)
from workflow.agreement.model import STATE_LABELS, State, asked_members
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.machines import STAY, Ballot, BallotSeat, Stage, part, register, step
from workflow.passing_on import passed_on
from workflow.recalling import recalls
from workflow.returning import back, forth

RUNNING = (State.IN_FORCE, State.EXPIRING)
PAID_IN = (State.IN_FORCE, State.SUPPLEMENTING, State.EXPIRING)


def while_incomplete(attempt: Attempt, role: Role) -> Iterable[int]:
    """The clerk is to write while something is missing or was sent back."""
    return attempt.parties.of(role) if attempt.progress.get("returned") or not terms_complete(attempt) else ()


def once_complete(attempt: Attempt, role: Role) -> Iterable[int]:
    """The clerk is to propose once the draft is complete."""
    return attempt.parties.of(role) if terms_complete(attempt) and not attempt.progress.get("returned") else ()


def members_to_answer(attempt: Attempt, role: Role) -> Iterable[int]:
    """Members that have neither authorised the lead nor declined to."""
    answered = {*attempt.dossier.get("authorisations", {}), *attempt.progress.get("declined", {})}
    return [member.id for member in asked_members(attempt.parties) if member.code not in answered]


def letters_out(attempt: Attempt) -> bool:
    """Whether some member's authorisation is still out."""
    given = attempt.dossier.get("authorisations", {})
    return any(member.code not in given for member in asked_members(attempt.parties))


def while_prepayment_is_due(attempt: Attempt, role: Role) -> Iterable[int]:
    """The agency's clerk, as long as a prepayment agreed on is unpaid."""
    return () if prepayment_due(attempt) else attempt.parties.of(role)


def _seat(attempt: Attempt, organisation: int | None, *roles: Role) -> list[BallotSeat]:
    if organisation is None:
        return []
    parties = attempt.parties
    return [BallotSeat(parties.codes[organisation], organisation, parties.names[organisation], roles)]


def lead_seat(attempt: Attempt) -> list[BallotSeat]:
    """The lead's seat: its head signs for the lead and the members that authorised it."""
    return _seat(attempt, attempt.consortium.lead_id, Role.LEAD_HEAD)


def agency_seat(attempt: Attempt) -> list[BallotSeat]:
    """The agency's seat: its reviewer, then its head."""
    return _seat(attempt, attempt.parties.body("agency"), Role.AGENCY_REVIEWER, Role.AGENCY_HEAD)


def both_seats(attempt: Attempt) -> list[BallotSeat]:
    """Both sides of the agreement."""
    return lead_seat(attempt) + _seat(attempt, attempt.parties.body("agency"), Role.AGENCY_HEAD)


SIGNABLE = (*TERMS_COMPLETE, members_current, authorised_where_required)

STEPS = (
    #    trigger                from               to                   shown as             taken by
    step("draft",               State.DRAFTING,    STAY,                _("起草条款"),       Role.AGENCY_CLERK,
         duty=Duty.PREPARE, waiting=while_incomplete),
    step("propose",             State.DRAFTING,    State.AUTHORISING,   _("提交授权和签署"), Role.AGENCY_CLERK,
         *TERMS_COMPLETE, duty=Duty.PREPARE, waiting=once_complete, primary=True, recallable=True),
    step("authorise",           State.AUTHORISING, STAY,                _("授权牵头医院签约"),
         (Role.MEMBER_CLERK, Role.MEMBER_HEAD), may_authorise, waiting=members_to_answer),
    step("decline",             State.AUTHORISING, STAY,                _("不授权，单独签约"),
         (Role.MEMBER_CLERK, Role.MEMBER_HEAD), may_authorise, task=False),
    step("record_authorisation", State.AUTHORISING, STAY,               _("登记成员授权书"), Role.LEAD_CLERK,
         task=False, offered=letters_out),
    step("lead_sign",           State.AUTHORISING, State.LEAD_SIGNED,   _("签署协议"),       Role.LEAD_HEAD,
         *SIGNABLE, duty=Duty.APPROVE, casts=("lead", "approve"), edits=False, primary=True, recallable=True),
    step("redraft",             State.AUTHORISING, State.DRAFTING,      _("收回修改"),       Role.AGENCY_CLERK,
         duty=Duty.PREPARE, task=False, dangerous=True),
    back(State.AUTHORISING, State.DRAFTING, Role.LEAD_HEAD, label=_("退回修改")),
    forth(State.DRAFTING, State.AUTHORISING, Role.AGENCY_CLERK, *TERMS_COMPLETE, duty=Duty.PREPARE),
    step("review",              State.LEAD_SIGNED, STAY,                _("复核"),           Role.AGENCY_REVIEWER,
         *SIGNABLE, signed_by_the_lead, duty=Duty.REVIEW, casts=("agency", "review"), edits=False, primary=True),
    step("sign",                State.LEAD_SIGNED, State.IN_FORCE,      _("签署协议"),       Role.AGENCY_HEAD,
         *SIGNABLE, signed_by_the_lead, duty=Duty.APPROVE, casts=("agency", "approve"), edits=False, primary=True),
    back(State.LEAD_SIGNED, (State.DRAFTING, State.AUTHORISING), (Role.AGENCY_REVIEWER, Role.AGENCY_HEAD),
         label=_("退回修改")),
    step("pay_prepayment",      PAID_IN,           STAY,                _("拨付预付金"),     Role.AGENCY_CLERK,
         prepayment_due, duty=Duty.PAY, waiting=while_prepayment_is_due, primary=True),
    step("supplement",          State.IN_FORCE,    State.SUPPLEMENTING, _("起草补充协议"),   Role.AGENCY_CLERK,
         recognised, duty=Duty.PREPARE, task=False),
    step("countersign",         State.SUPPLEMENTING, STAY,              _("签署补充协议"),
         (Role.LEAD_HEAD, Role.AGENCY_HEAD), recognised, duty=Duty.APPROVE, casts=("supplement", "approve"),
         edits=False, primary=True),
    step("enact_supplement",    State.SUPPLEMENTING, State.IN_FORCE,    _("补充协议生效"),   Role.SYSTEM),
    step("drop_supplement",     State.SUPPLEMENTING, State.IN_FORCE,    _("补充协议未签署"), Role.SYSTEM),
    step("expire_soon",         State.IN_FORCE,    State.EXPIRING,      _("进入续签期"),     Role.SYSTEM),
    step("renew",               State.EXPIRING,    State.RENEWED,       _("已续签"),         Role.SYSTEM, followed),
    step("expire",              State.EXPIRING,    State.EXPIRED,       _("到期"),           Role.SYSTEM, over),
    step("suspend",             RUNNING,           State.SUSPENDED,     _("中止"),           Role.AGENCY_HEAD,
         duty=Duty.APPROVE, task=False, dangerous=True),
    step("resume",              State.SUSPENDED,   State.IN_FORCE,      _("恢复"),           Role.AGENCY_HEAD,
         within_the_term, duty=Duty.APPROVE),
    step("lapse",               State.SUSPENDED,   State.TERMINATED,    _("自动终止"),       Role.SYSTEM,
         not_resumed_in_time),
    step("terminate",           (*RUNNING, State.SUSPENDED), State.TERMINATED, _("解除"),    Role.AGENCY_HEAD,
         duty=Duty.APPROVE, task=False, dangerous=True),
    step("ask_to_end",          RUNNING,           STAY,                _("申请解除"),       Role.LEAD_HEAD,
         not_a_public_body, task=False, dangerous=True),
)  # fmt: skip

NAMED = ("members", "lead", "own_agreement", "files")
PARTS = (
    part("head", _("编号、期限和险种"), "number", "start", "end", "pools", "renews", "authorisations", *NAMED),
    part("terms", _("必备条款"), "terms", *NAMED),
    part("answers", _("约定的比例和限度"), "answers", *NAMED),
    part("overrun", _("超支分担"), "overrun_circumstances", *NAMED),
    part("prepayment", _("预付金"), "prepayment_fen", *NAMED),
    part("authorisations", _("成员授权"), "authorisations", *NAMED),
)

STAGE = register(
    Stage(
        name="agreement",
        label=_("协议"),
        states=State,
        state_labels=STATE_LABELS,
        steps=passed_on((*STEPS, *recalls(STEPS))),
        parts=PARTS,
        commands=commands,
        forms=FORMS,
        ballots=(
            Ballot("lead", _("牵头医院签署"), (str(State.AUTHORISING),), lead_seat, chain=("approve",)),
            Ballot("agency", _("经办机构签署"), (str(State.LEAD_SIGNED),), agency_seat),
            Ballot(
                "supplement", _("补充协议签署"), (str(State.SUPPLEMENTING),), both_seats, chain=("approve",),
                then={"passed": "enact_supplement", "failed": "drop_supplement", "returned": "drop_supplement"},
            ),
        ),
        final=frozenset(str(one) for one in (State.RENEWED, State.EXPIRED, State.TERMINATED)),
        main_path=tuple(
            str(one)
            for one in (State.DRAFTING, State.AUTHORISING, State.LEAD_SIGNED, State.IN_FORCE, State.EXPIRING)
        ),
    )
)
