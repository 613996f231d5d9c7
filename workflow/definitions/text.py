"""A stage's table as one canonical text: what may happen, named; the code behind each name stays in the stage."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from workflow.db import canonical
from workflow.machines import Ballot, Stage, Step

FORMAT = 1


def name_of(code: Callable[..., Any] | None) -> str:
    """The name by which a table refers to a guard, a command or a way of counting; empty for none.

    Raises ``ValueError`` for one without a name, which no later process could find again.
    """
    if code is None:
        return ""
    if "<" in code.__qualname__:
        raise ValueError(f"{code.__module__}.{code.__qualname__} has no name a pinned table could refer to")
    return f"{code.__module__}:{code.__qualname__}"


def as_data(stage: Stage) -> dict[str, Any]:
    """Everything of the table that decides how a case goes, as plain data."""
    return {
        "format": FORMAT,
        "name": stage.name,
        "states": {str(state): _words(stage.state_labels[state]) for state in stage.states},
        "final": sorted(map(str, stage.final)),
        "main_path": [str(state) for state in stage.main_path],
        "parts": [{"key": one.key, "label": _words(one.label), "holds": list(one.holds)} for one in stage.parts],
        "steps": [_step(stage, one) for one in stage.steps],
        "ballots": [_ballot(one) for one in stage.ballots],
    }


def text_of(stage: Stage) -> str:
    """The canonical text of the table."""
    return canonical(as_data(stage))


def digest_of(stage: Stage) -> str:
    """SHA-256 of the canonical text, in hexadecimal."""
    return hashlib.sha256(text_of(stage).encode()).hexdigest()


def _words(label: Any) -> str:
    """A label in Chinese as the source has it, whoever reads just now."""
    arguments = getattr(label, "_args", None)
    return str(arguments[0]) if arguments else str(label)


def _step(stage: Stage, one: Step) -> dict[str, Any]:
    return {
        "trigger": one.trigger, "source": list(one.source), "dest": one.dest or "", "dests": list(one.dests),
        "label": _words(one.label), "by": [str(role) for role in one.by],
        "guards": [name_of(each) for each in one.guards],
        "duty": str(one.duty or ""), "casts": list(one.casts or ()), "task": one.task, "edits": one.edits,
        "primary": one.primary, "dangerous": one.dangerous, "waiting": name_of(one.waiting), "clock": one.clock,
        "pauses": list(one.pauses), "stops": list(one.stops), "recallable": one.recallable, "bulk": one.bulk,
        "offered": name_of(one.offered), "command": name_of(one.command),
        "does": name_of(getattr(stage.commands, one.trigger, None)),
    }  # fmt: skip


def _ballot(one: Ballot) -> dict[str, Any]:
    return {
        "key": one.key, "label": _words(one.label), "states": [str(state) for state in one.states],
        "seats": name_of(one.seats), "chain": list(one.chain), "rule": name_of(one.rule), "then": dict(one.then),
    }
