"""The sample county that all runs of the search share, and the ways in which its program may die."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from hypothesis import strategies as st

from governance.roles import Role
from tests.kernel.sample_stage import BUREAUS, Sample
from workflow import decisions, keeping, records, tasks

NUMBER = st.integers(0, 7)
KIND = st.sampled_from(BUREAUS)
VERDICT = st.sampled_from(("agree", "agree", "agree", "agree", "disagree", "return", "abstain"))
ROLES = (
    Role.LEAD_CLERK, Role.AGENCY_CLERK, Role.AGENCY_HEAD, *(Role(f"{kind}_reviewer") for kind in BUREAUS),
    *(Role(f"{kind}_approver") for kind in BUREAUS),
)  # fmt: skip
ENDED = date(2020, 1, 2)
SPOTS: tuple[tuple[Any, str], ...] = (
    (records, "append"), (tasks, "refresh"), (decisions, "refresh"), (keeping, "keep_case"),
    (keeping, "keep_dossier"),
)  # fmt: skip


class Crash(Exception):
    """The program died here."""


@contextmanager
def dying(spot: int) -> Iterator[None]:
    """The program dies as it has just done one of the things that make up a step."""
    module, name = SPOTS[spot % len(SPOTS)]
    whole = getattr(module, name)

    def half(*arguments: Any, **options: Any) -> Any:
        whole(*arguments, **options)
        raise Crash(name)

    setattr(module, name, half)
    try:
        yield
    finally:
        setattr(module, name, whole)


class World:
    """The sample county that all runs share: each has a case of its own, and what it did to people is undone."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.taken = 0
        self.by_role = {
            role: [one for (_code, held), found in sample.county.actors.items() if held == role for one in found]
            for role in ROLES
        }
        self.everyone = {one.person_id: one for found in self.by_role.values() for one in found}
