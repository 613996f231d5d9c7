"""A case that stands returned: whoever mends it holds it, and no job carries it on before they hand it back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement

from governance.refusal import Refusal
from governance.roles import Role
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.machines import STAY, Guard, Step, step
from workflow.model import cases
from workflow.returning import pending

MENDED = "mended"


def mended(source: str, by: Role | tuple[Role, ...], *guards: Guard, **options: Any) -> Step:
    """A row of a stage's table for a state that only a job leads out of: who mends a returned case hands it back."""
    return step(
        MENDED, source, STAY, _("改好交回"), by, stands_returned, *guards, command=hand_back,
        **({"waiting": who_holds, "offered": is_mending} | options),
    )


def is_mending(attempt: Attempt) -> bool:
    """Whether the case was sent back to where it is, and has not been handed back."""
    return bool(pending(attempt).get("mending"))


def stands_returned(attempt: Attempt) -> Refusal | None:
    """The case was sent back to this state and has not been handed back."""
    if is_mending(attempt):
        return None
    return Refusal(
        reason=_("本件没有待交回的退回，请按页面列出的步骤办理"), reason_en="Nothing stands returned here",
        fact="mending",
    )


def who_holds(attempt: Attempt, role: Role) -> Iterable[int]:
    """Those who mend are waited for while the case stands returned."""
    return attempt.parties.of(role) if is_mending(attempt) else ()


def hand_back(attempt: Attempt) -> None:
    """Whoever mended says that it is done; jobs take the case up again."""
    asked = attempt.progress.get("sent_back") or {}
    asked.pop("mending", None)


def left_to_the_mender(attempt: Attempt, row: Step) -> list[Refusal]:
    """Why a job may not carry the case on now: it stands returned. What changes no state is no carrying on."""
    moves = any(state != attempt.case.state for state in row.leads_to)
    if attempt.actor.person_id is not None or not moves or not is_mending(attempt):
        return []
    return [
        Refusal(
            reason=_("本件已由%(by)s退回修改，改好交回以前系统不自动办理", by=pending(attempt)["by"]),
            reason_en="It was sent back; nothing goes on by itself before it is handed back",
            who=_("修改退回内容的一方"), fact="mending",
        )
    ]


def not_mending() -> ColumnElement[bool]:
    """Which rows of ``cases`` do not stand returned, for what a job looks for. Quotes in any text are escaped."""
    return ~cases.c.progress.contains('"mending":true')
