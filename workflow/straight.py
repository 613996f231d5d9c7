"""What a straight return leaves out: opinions on the version sent back, whose own step lies behind the case now."""

from __future__ import annotations

from typing import Any

from workflow.attempt import Attempt
from workflow.rounds import OpenRound

KEY = '"straight":'


def waived(attempt: Attempt, ballot: str, current: OpenRound) -> set[tuple[str, str]]:
    """The (seat, link) pairs that the open round on ``ballot`` does not wait for: the returner decides alone again.

    It holds for exactly the content that came straight back; any change to it, and every link is asked for anew.
    """
    if KEY not in attempt.case.progress and "progress" not in attempt.__dict__:
        return set()
    kept: dict[str, Any] = attempt.progress.get("straight") or {}
    if kept.get("subject") != current.subject_hash:
        return set()
    return {(seat, link) for key, seat, link in kept["links"] if key == ballot}
