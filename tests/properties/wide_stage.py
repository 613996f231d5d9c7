"""The sample stage with every way there is: returned to any step completed, straight back, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from governance.roles import Duty, Role
from tests.kernel.sample_stage import APPROVERS, STAGE, State
from workflow.machines import STAGES, Stage, part
from workflow.recalling import recalls
from workflow.returning import back, forth

_STEPS = (
    *(replace(one, recallable=one.trigger in ("submit", "accept")) for one in STAGE.steps),
    back(State.SUBMITTED, State.DRAFTING, Role.AGENCY_CLERK),
    back(State.UNDER_REVIEW, (State.DRAFTING, State.SUBMITTED), APPROVERS, duty=Duty.APPROVE),
    forth(State.DRAFTING, (State.SUBMITTED, State.UNDER_REVIEW), Role.LEAD_CLERK, duty=Duty.PREPARE),
)
STAGE_WITH_RETURNS: Stage = replace(
    STAGE, steps=(*_STEPS, *recalls(_STEPS)), parts=(part("amount", "金额", "amount_fen"),)
)


@contextmanager
def registered_wide() -> Iterator[None]:
    """Cases of the sample stage have every way there is, inside."""
    STAGES["sample"] = STAGE_WITH_RETURNS
    try:
        yield
    finally:
        del STAGES["sample"]
