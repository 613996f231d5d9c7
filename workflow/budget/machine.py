"""The table of a budget: the insurance bureau calculates and consults, every party approves, the bureau issues."""

from __future__ import annotations

from collections.abc import Iterable

from governance.refusal import Refusal
from governance.roles import KIND_NAMES, Duty, Role
from workflow.attempt import Attempt
from workflow.budget import commands
from workflow.budget.forms import FORMS
from workflow.budget.model import STATE_LABELS, State, working_day
from workflow.i18n import lazy as _
from workflow.machines import STAY, Ballot, BallotSeat, Stage, part, register, step
from workflow.passing_on import passed_on
from workflow.recalling import recalls
from workflow.returning import back, forth

PARTIES_RULE = "budget.approval_parties"
REVIEWERS = (
    Role.CITY_INSURANCE_REVIEWER, Role.CITY_FINANCE_REVIEWER, Role.CITY_HEALTH_REVIEWER,
    Role.COUNTY_INSURANCE_REVIEWER, Role.COUNTY_FINANCE_REVIEWER, Role.COUNTY_HEALTH_REVIEWER,
)
APPROVERS = (
    Role.CITY_INSURANCE_APPROVER, Role.CITY_FINANCE_APPROVER, Role.CITY_HEALTH_APPROVER,
    Role.COUNTY_INSURANCE_APPROVER, Role.COUNTY_FINANCE_APPROVER, Role.COUNTY_HEALTH_APPROVER,
)
PREPARERS = (Role.CITY_INSURANCE_REVIEWER, Role.COUNTY_INSURANCE_REVIEWER)
ISSUERS = (Role.CITY_INSURANCE_APPROVER, Role.COUNTY_INSURANCE_APPROVER)


def parties_asked(attempt: Attempt) -> list[str]:
    """The kinds of bureau that approve the budget here."""
    return list(attempt.rule(PARTIES_RULE, on=working_day(int(attempt.case.period), attempt.day)).value)


def leading_kind(attempt: Attempt) -> str:
    """The insurance bureau that prepares and issues: the first insurance bureau among those that approve."""
    asked = parties_asked(attempt)
    return next((kind for kind in asked if kind.endswith("_insurance")), asked[0])


def of_the_leading_bureau(attempt: Attempt) -> Refusal | None:
    """The actor belongs to the insurance bureau that prepares this budget."""
    kind = leading_kind(attempt)
    if attempt.actor.person_id is None or attempt.actor.role.startswith(f"{kind}_"):
        return None
    return Refusal(
        reason=_("本地总额预算由%(bureau)s编制和下达", bureau=KIND_NAMES[kind][0]),
        reason_en=f"The budget here is prepared and issued by the {KIND_NAMES[kind][1].lower()}",
        who=KIND_NAMES[kind][0], fact="bureau",
    )


def leading_bureau(attempt: Attempt, role: Role) -> Iterable[int]:
    """The bureau that prepares, and no other, is waited for."""
    return attempt.parties.of(role) if role.startswith(f"{leading_kind(attempt)}_") else ()


def leading_bureau_to_calculate(attempt: Attempt, role: Role) -> Iterable[int]:
    """The bureau that prepares, until there is a calculation and again after a refusal."""
    waits = attempt.case.state == State.DRAFTING or attempt.progress.get("rejected")
    return leading_bureau(attempt, role) if waits else ()


def every_party_exists(attempt: Attempt) -> list[Refusal]:
    """Each bureau that is to approve is known here, so that no seat can be missing from the round."""
    return [
        Refusal(
            reason=_("没有登记%(bureau)s，不能提交审批", bureau=KIND_NAMES[kind][0]),
            reason_en=f"No {KIND_NAMES[kind][1].lower()} is registered", who=_("系统管理"), fact=f"parties.{kind}",
        )
        for kind in parties_asked(attempt)
        if attempt.parties.body(kind) is None
    ]


def calculated(attempt: Attempt) -> Refusal | None:
    """The worksheet is there."""
    if attempt.results:
        return None
    return Refusal(
        reason=_("还没有测算总额"), reason_en="Nothing has been calculated yet", who=_("医保局经办"), fact="worksheet"
    )


def consulted(attempt: Attempt) -> Refusal | None:
    """The negotiation with the consortium is on record."""
    if attempt.dossier.get("consultation"):
        return None
    return Refusal(
        reason=_("缺少与医共体的协商记录"), reason_en="There is no record of the negotiation", who=_("医保局经办"),
        fact="consultation",
    )


def difference_explained(attempt: Attempt) -> Refusal | None:
    """An approved amount that is not the formula's has its reason."""
    if not attempt.results.get("reason_missing"):
        return None
    return Refusal(
        reason=_("批准金额与公式测算不同，须写明理由"), reason_en="The difference to the formula has no reason",
        who=_("医保局经办"), fact="reason",
    )


def bureau_seats(attempt: Attempt, kinds: Iterable[str]) -> list[BallotSeat]:
    """One seat for each bureau of these kinds that is registered, its reviewer and its head."""
    parties = attempt.parties
    bodies = {kind: parties.body(kind) for kind in kinds}
    return [
        BallotSeat(
            parties.codes[body], body, parties.names[body], (Role(f"{kind}_reviewer"), Role(f"{kind}_approver"))
        )
        for kind, body in bodies.items()
        if body is not None
    ]


def party_seats(attempt: Attempt) -> list[BallotSeat]:
    """One seat for each bureau that approves."""
    return bureau_seats(attempt, parties_asked(attempt))


BEFORE_APPROVAL = (State.DRAFTING, State.CALCULATED, State.CONSULTED, State.APPROVED)
DECIDABLE = (every_party_exists, calculated, consulted, difference_explained)
DECIDED_IN = (State.CONSULTED, State.ADJUSTED)

STEPS = (
    #    trigger       from                                 to                shown as           taken by
    step("calculate",  (State.DRAFTING, State.CALCULATED),  State.CALCULATED, _("填报并测算"),   PREPARERS,
         of_the_leading_bureau, duty=Duty.PREPARE, waiting=leading_bureau_to_calculate),
    step("pre_issue",  BEFORE_APPROVAL,                     STAY,             _("预下达"),       ISSUERS,
         of_the_leading_bureau, duty=Duty.APPROVE, task=False, edits=False),
    step("consult",    State.CALCULATED,                    State.CONSULTED,  _("登记协商并送审"), PREPARERS,
         of_the_leading_bureau, calculated, every_party_exists, difference_explained, duty=Duty.PREPARE,
         waiting=leading_bureau, primary=True, recallable=True),
    step("recalculate", State.CONSULTED,                    State.CALCULATED, _("收回重新测算"), PREPARERS,
         of_the_leading_bureau, duty=Duty.PREPARE, task=False, dangerous=True),
    step("opine",      DECIDED_IN,                          STAY,             _("出具经办意见"), REVIEWERS,
         *DECIDABLE, duty=Duty.REVIEW, casts=("approval", "review"), edits=False, primary=True),
    step("decide",     DECIDED_IN,                          STAY,             _("审批"),         APPROVERS,
         *DECIDABLE, duty=Duty.APPROVE, casts=("approval", "approve"), edits=False, primary=True),
    step("approve",    DECIDED_IN,                          State.APPROVED,   _("批准"),         Role.SYSTEM, *DECIDABLE),
    step("reject",     State.CONSULTED,                     State.CALCULATED, _("未批准"),       Role.SYSTEM),
    step("reject",     State.ADJUSTED,                      State.ISSUED,     _("调整未批准"),   Role.SYSTEM),
    step("issue",      State.APPROVED,                      State.ISSUED,     _("下达"),         ISSUERS,
         of_the_leading_bureau, *DECIDABLE, duty=Duty.APPROVE, waiting=leading_bureau, primary=True),
    back(State.CONSULTED, (State.DRAFTING, State.CALCULATED), REVIEWERS, duty=Duty.REVIEW),
    back(State.APPROVED, (State.DRAFTING, State.CALCULATED, State.CONSULTED), ISSUERS, of_the_leading_bureau,
         duty=Duty.APPROVE),
    forth(State.CALCULATED, State.CONSULTED, PREPARERS, of_the_leading_bureau, *DECIDABLE, duty=Duty.PREPARE),
    step("adjust",     State.ISSUED,                        State.ADJUSTED,   _("调整预算"),     PREPARERS,
         of_the_leading_bureau, every_party_exists, duty=Duty.PREPARE, task=False),
    step("close",      State.ISSUED,                        State.CLOSED,     _("结束"),         Role.SYSTEM),
)  # fmt: skip

PARTS = (
    part("facts", _("测算事实和金额"), "facts", "worksheet"),
    part("consultation", _("协商记录"), "consultation"),
)

STAGE = register(
    Stage(
        name="budget",
        label=_("年度总额预算"),
        states=State,
        state_labels=STATE_LABELS,
        steps=passed_on((*STEPS, *recalls(STEPS))),
        parts=PARTS,
        commands=commands,
        forms=FORMS,
        ballots=(
            Ballot(
                "approval", _("总额预算审批"), tuple(str(one) for one in DECIDED_IN), party_seats,
                then={"passed": "approve", "failed": "reject", "returned": "reject"},
            ),
        ),
        final=frozenset({str(State.CLOSED)}),
        main_path=tuple(
            str(one)
            for one in (State.DRAFTING, State.CALCULATED, State.CONSULTED, State.APPROVED, State.ISSUED, State.CLOSED)
        ),
    )
)
