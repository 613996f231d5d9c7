"""Who acts, and what somebody has signed on paper for others to register."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.roles import Role


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, from which seat; the system acts without one.

    Whoever acts for another (授权代签) acts from that person's seat, and is named with them: ``for_person_id``.
    """

    person_id: int | None
    seat_id: int | None
    organisation_id: int | None
    role: Role
    name: str = ""
    for_person_id: int | None = None

    @property
    def holder_id(self) -> int | None:
        """Whose seat it is: the actor's own, or that of whom they act for."""
        return self.for_person_id or self.person_id

    @property
    def bound_people(self) -> set[int]:
        """Everyone whom what is done now binds: the actor, and whom they act for."""
        return {one for one in (self.person_id, self.for_person_id) if one is not None}


SYSTEM = Actor(None, None, None, Role.SYSTEM, "系统")


@dataclass(frozen=True, slots=True)
class Signed:
    """A decision that ``signer`` has signed on paper and others have registered and confirmed: what step it takes.

    ``counts`` is false where more decisions of the same paper follow, which are counted together.
    """

    paper_id: int
    signer: Actor
    trigger: str
    data: Mapping[str, Any]
    noted: Mapping[str, Any]
    counts: bool = True
