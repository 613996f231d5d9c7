"""Refusals of the kernel itself: a step out of order, another's step, an act that is not offered."""

from __future__ import annotations

from governance.refusal import Refusal, Refused
from governance.roles import ROLE_NAMES
from workflow.acts.registry import Act
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.machines import Step


def raise_if(refusals: list[Refusal]) -> None:
    """Raises ``Refused`` with all of ``refusals`` when there are any."""
    if refusals:
        raise Refused(*refusals)


def out_of_order(attempt: Attempt, trigger: str) -> Refusal:
    """The refusal of a step that does not lead out of the case's state."""
    stage, state = attempt.stage, attempt.case.state
    label = next((one.label for one in stage.steps if one.trigger == trigger), trigger)
    return Refusal(
        reason=_("本件现在是“%(state)s”，不能办理“%(step)s”", state=stage.state_labels[state], step=label),
        who=_("现在的办理人"),
        fact="state",
    )


def not_offered(known: Act) -> Refusal:
    """The refusal of an act that the case or the actor's seat has nothing to do with now."""
    return Refusal(
        reason=_("现在不能在本件上办理“%(act)s”", act=known.label), who=_("现在的办理人"), fact="act"
    )


def not_yours(step: Step, attempt: Attempt) -> Refusal:
    """The refusal that names whose step it is."""
    who = "、".join(ROLE_NAMES[str(role)][0] for role in step.by)
    who_en = ", ".join(ROLE_NAMES[str(role)][1] for role in step.by)
    return Refusal(
        reason=_("“%(step)s”由%(who)s办理", step=step.label, who=who),
        reason_en=f"This step is taken by: {who_en}",
        who=who,
        who_en=who_en,
        fact="role",
    )
