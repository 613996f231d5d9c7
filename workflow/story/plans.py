"""Surplus plans of the story."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from workflow.story.player import Diary, Scene


@dataclass(frozen=True, slots=True)
class Sharing:
    """How a plan goes."""

    code: str
    year: int
    begins: date


def shared(diary: Diary, plan: Sharing) -> Iterator[Scene]:
    """The scenes of a plan."""
    yield from ()
