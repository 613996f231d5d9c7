"""What colleagues have said about a case, for its page: how many comments the viewer may read, and the newest."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from workflow.pages.case_reading import Reading
from workflow.pages.lists import case_url

NEWEST = 2


def card(reading: Reading, viewer: Any) -> SimpleNamespace | None:
    """The comments to all and those inside the viewer's own organisations; ``None`` where there are none.

    They have been read with the trail: no further question is asked.
    """
    own = {seat.organisation_id for seat in viewer.seats}
    heard = [row for row in reading.trail if row.said is not None and (_to_all(row) or row.organisation_id in own)]
    if not heard:
        return None
    case = reading.attempt.case
    return SimpleNamespace(
        count=len(heard),
        url=f"{case_url(case.stage, case.id)}/acts#comments",
        newest=[
            SimpleNamespace(
                body=row.said, at=row.at, own=not _to_all(row), who=reading.person(row.person_id),
                organisation=reading.organisation(row.organisation_id),
            )
            for row in reversed(heard[-NEWEST:])
        ],
    )  # fmt: skip


def _to_all(row: Any) -> bool:
    return bool(json.loads(row.body)["data"].get("audience") == "all")
