"""The table of a rule change: proposed by the rules officer, its impact shown, approved and enacted by the bureau."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from governance.refusal import Refusal
from governance.roles import KIND_NAMES, Duty, Role
from governance.rulebook import rule_names
from workflow import rules
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.machines import STAY, Ballot, BallotSeat, Stage, register, step
from workflow.passing_on import passed_on
from workflow.rule_change import commands
from workflow.rule_change.forms import FORMS
from workflow.rule_change.impact import digest_of
from workflow.rule_change.model import STATE_LABELS, State, begun, proposal_of

OFFICER = Role.RULES_OFFICER
REVIEWERS = (Role.CITY_INSURANCE_REVIEWER, Role.COUNTY_INSURANCE_REVIEWER)
APPROVERS = (Role.CITY_INSURANCE_APPROVER, Role.COUNTY_INSURANCE_APPROVER)


def enacting_kind(attempt: Attempt) -> str:
    """The insurance bureau of the place's own level, the city's where a county has none."""
    of_county = rules.rulebook().places[attempt.case.place].kind == "county"
    return "county_insurance" if of_county and attempt.parties.body("county_insurance") else "city_insurance"


def a_provision_is_proposed(attempt: Attempt) -> Refusal | None:
    """There is a provision, and it has not been sent back."""
    if attempt.dossier.get("rule") and not attempt.progress.get("returned"):
        return None
    return Refusal(
        reason=_("规则还没有提出，或退回后还没有修改"), reason_en="No provision is proposed", who=_("规则管理"),
        fact="proposal",
    )  # fmt: skip


def impact_is_current(attempt: Attempt) -> Refusal | None:
    """The impact was shown against the rules that are in force now."""
    if not impact_is_stale(attempt):
        return None
    return Refusal(
        reason=_("影响测算之后，当地规则又有变化；请重新测算影响"),
        reason_en="The rules have changed since the impact was shown; it must be shown anew",
        who=_("规则管理"), link=f"/rule_change/{attempt.case.id}", fact="impact",
    )  # fmt: skip


def impact_is_stale(attempt: Attempt) -> bool:
    """Whether the rules have changed since the impact was shown."""
    shown = attempt.dossier.get("impact")
    if shown is None:
        return True
    held = rules.rulebook(attempt.connection)
    return bool(shown["digest"] != digest_of(held, proposal_of(attempt.dossier)))


def impact_has_aged(attempt: Attempt) -> Refusal | None:
    """The rules have changed since the impact was shown."""
    if impact_is_stale(attempt):
        return None
    return Refusal(reason=_("影响测算仍然有效，不用重做"), reason_en="The impact still holds", fact="impact")


def takes_effect_in_time(attempt: Attempt) -> Refusal | None:
    """The rule begins with a period that has not begun, or its document says that it works backwards."""
    dossier = attempt.dossier
    if dossier.get("backwards") or not dossier.get("rule"):
        return None
    if not begun(dossier["rule"], date.fromisoformat(dossier["since"]), attempt.day):
        return None
    return Refusal(
        reason=_(
            "%(title)s（%(rule)s）的生效日 %(since)s 所在的期间已经开始，请退回后改期重新提出",
            title=rule_names()[dossier["rule"]].title, rule=dossier["rule"], since=dossier["since"],
        ),
        reason_en=f"The period of {dossier['since']} has begun; {dossier['rule']} must be proposed for a later day",
        who=_("规则管理"), rule=dossier["rule"], fact="since",
    )  # fmt: skip


def enacting_bureau_registered(attempt: Attempt) -> Refusal | None:
    """The insurance bureau that decides is known here."""
    kind = enacting_kind(attempt)
    if attempt.parties.body(kind) is not None:
        return None
    return Refusal(
        reason=_("没有登记%(bureau)s，不能送审", bureau=KIND_NAMES[kind][0]),
        reason_en=f"No {KIND_NAMES[kind][1].lower()} is registered", who=_("系统管理"), fact=f"parties.{kind}",
    )  # fmt: skip


def of_the_enacting_bureau(attempt: Attempt) -> Refusal | None:
    """The actor belongs to the insurance bureau of the place's level."""
    kind = enacting_kind(attempt)
    if attempt.actor.person_id is None or attempt.actor.role.startswith(f"{kind}_"):
        return None
    return Refusal(
        reason=_("本地规则由%(bureau)s审批和发布", bureau=KIND_NAMES[kind][0]),
        reason_en=f"Rules here are enacted by the {KIND_NAMES[kind][1].lower()}", who=KIND_NAMES[kind][0],
        fact="bureau",
    )  # fmt: skip


def bureau_seat(attempt: Attempt) -> list[BallotSeat]:
    """The bureau's one seat, its reviewer and its head."""
    kind = enacting_kind(attempt)
    body = attempt.parties.body(kind)
    if body is None:
        return []
    roles = (Role(f"{kind}_reviewer"), Role(f"{kind}_approver"))
    return [BallotSeat(attempt.parties.codes[body], body, attempt.parties.names[body], roles)]


def officer_when_returned(attempt: Attempt, role: Role) -> Iterable[int]:
    """The rules officer is waited for once the proposal has come back."""
    return attempt.parties.of(role) if attempt.progress.get("returned") else ()


def the_enacting_bureau(attempt: Attempt, role: Role) -> Iterable[int]:
    """The bureau of the place's level, and no other, is waited for."""
    return attempt.parties.of(role) if role.startswith(f"{enacting_kind(attempt)}_") else ()


def officer_when_stale(attempt: Attempt, role: Role) -> Iterable[int]:
    """The rules officer is waited for once the rules have changed under the impact."""
    return attempt.parties.of(role) if impact_is_stale(attempt) else ()


SHOWN = (impact_is_current, takes_effect_in_time)
UNDER_WAY = (State.PROPOSED, State.IMPACT_SHOWN, State.APPROVED)

STEPS = (
    #    trigger         from                                    to                  shown as            taken by
    step("propose",      (State.PROPOSED, State.IMPACT_SHOWN),   State.PROPOSED,     _("提出规则"),      OFFICER,
         duty=Duty.PREPARE, waiting=officer_when_returned),
    step("show_impact",  State.PROPOSED,                         State.IMPACT_SHOWN, _("列明影响"),      Role.SYSTEM,
         a_provision_is_proposed, takes_effect_in_time, enacting_bureau_registered),
    step("renew_impact", (State.IMPACT_SHOWN, State.APPROVED),   State.PROPOSED,     _("重新测算影响"),  OFFICER,
         impact_has_aged, duty=Duty.PREPARE, waiting=officer_when_stale),
    step("opine",        State.IMPACT_SHOWN,                     STAY,               _("出具经办意见"),  REVIEWERS,
         *SHOWN, duty=Duty.REVIEW, casts=("enactment", "review"), edits=False, primary=True),
    step("decide",       State.IMPACT_SHOWN,                     STAY,               _("审批"),          APPROVERS,
         *SHOWN, duty=Duty.APPROVE, casts=("enactment", "approve"), edits=False, primary=True),
    step("approve",      State.IMPACT_SHOWN,                     State.APPROVED,     _("批准"),          Role.SYSTEM,
         *SHOWN),
    step("reject",       State.IMPACT_SHOWN,                     State.REJECTED,     _("未批准"),        Role.SYSTEM),
    step("send_back",    State.IMPACT_SHOWN,                     State.PROPOSED,     _("退回"),          Role.SYSTEM),
    step("enact",        State.APPROVED,                         State.ENACTED,      _("发布"),          APPROVERS,
         of_the_enacting_bureau, *SHOWN, duty=Duty.APPROVE, waiting=the_enacting_bureau, primary=True),
    step("withdraw",     UNDER_WAY,                              State.WITHDRAWN,    _("撤回"),          OFFICER,
         duty=Duty.PREPARE, task=False, dangerous=True),
    step("supersede",    State.ENACTED,                          State.SUPERSEDED,   _("被取代"),        Role.SYSTEM),
)  # fmt: skip

STAGE = register(
    Stage(
        name="rule_change",
        label=_("规则发布"),
        states=State,
        state_labels=STATE_LABELS,
        steps=passed_on(STEPS),
        commands=commands,
        forms=FORMS,
        ballots=(
            Ballot(
                "enactment", _("规则发布审批"), (str(State.IMPACT_SHOWN),), bureau_seat,
                then={"passed": "approve", "failed": "reject", "returned": "send_back"},
            ),
        ),
        final=frozenset(
            str(one) for one in (State.ENACTED, State.SUPERSEDED, State.REJECTED, State.WITHDRAWN)
        ),
        main_path=tuple(str(one) for one in (*UNDER_WAY, State.ENACTED)),
    )
)
