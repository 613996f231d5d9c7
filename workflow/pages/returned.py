"""What a case that was sent back waits for: by whom, which parts may change, why, and the way it goes afterwards."""

from __future__ import annotations

from types import SimpleNamespace

from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.returning import STRAIGHT, pending


def returned(attempt: Attempt) -> SimpleNamespace | None:
    """The return that the case has not come back from yet, in words, or ``None``; asks nothing of the database."""
    asked = pending(attempt)
    if not asked or attempt.case.closed_at is not None:
        return None
    parts = [str(one.label) for one in attempt.stage.parts if one.key in asked["parts"]]
    straight = asked["way"] == STRAIGHT
    return SimpleNamespace(
        by=asked["by"],
        reason=asked["reason"],
        parts="、".join(parts) or _("全部内容"),
        way=_("改好后直接送回") if straight else _("改好后按顺序重新办理"),
    )
