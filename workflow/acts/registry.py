"""An act: a verb beside the steps of a stage, who is offered it, what is typed, and what it does to the case."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from governance.refusal import Refusal

if TYPE_CHECKING:
    from workflow.attempt import Attempt


def _none(_attempt: Attempt) -> Iterable[Refusal]:
    return ()


@dataclass(frozen=True, slots=True)
class Act:
    """Something people do around a case that takes none of its steps; it leaves a record of its own.

    ``do`` gets the attempt and the form's fields by name; it may change tasks, rounds and ``attempt.noted``, never
    what is decided. ``offered`` says, without asking the database, whether the actor's seat has to do with it at all;
    ``refusals`` why not now; ``section`` what has been done with it so far, for a viewer.
    """

    verb: str
    label: Any
    do: Callable[..., None]
    form: Any
    offered: Callable[[Attempt], bool]
    refusals: Callable[[Attempt], Iterable[Refusal]] = _none
    dangerous: bool = False
    section: Callable[[Attempt, Any], Any] | None = None


ACTS: dict[str, Act] = {}


def register(act: Act) -> Act:
    """Make ``act`` known by its verb."""
    ACTS[act.verb] = act
    return act
