"""A refusal: why something may not happen, who can mend it, and what it concerns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why not, in Chinese and English, with who can mend it.

    ``rule`` or ``fact`` names what it concerns; ``field`` the form field or column, ``link`` a path that leads there.
    """

    reason: str
    reason_en: str = ""
    who: str = ""
    who_en: str = ""
    rule: str = ""
    fact: str = ""
    field: str = ""
    link: str = ""


class Refused(Exception):
    """Raised with every reason at once; nothing has been written when it is raised."""

    def __init__(self, *refusals: Refusal) -> None:
        super().__init__("; ".join(str(refusal.reason) for refusal in refusals))
        self.refusals = refusals
