"""Who acted, in words: someone, or someone for another; and who of a seat's people has stepped back."""

from __future__ import annotations

import json
from typing import Any

from workflow import standing
from workflow.i18n import lazy as _
from workflow.pages.case_reading import Reading


def who(reading: Reading, person_id: int | None, for_person_id: int | None) -> Any:
    """The name of whoever acted; ``B 代 A`` where B acted for A."""
    name = reading.person(person_id)
    if for_person_id is None:
        return name
    return _("%(who)s 代 %(whom)s", who=name, whom=reading.person(for_person_id))


def acting_note(reading: Reading, decision: Any) -> Any:
    """For whom a decision was given, or nothing."""
    if decision is None or decision.for_person_id is None:
        return ""
    return _("代 %(who)s", who=reading.person(decision.for_person_id))


def stepped_back(reading: Reading, seat: Any) -> list[str]:
    """The names of a seat's frozen people who have stepped back from the case."""
    bound = standing.everything(reading.attempt)
    return [bound.names[one] for one in json.loads(seat.eligible) if one in bound.recused]
