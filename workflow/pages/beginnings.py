"""Cases a person may begin by hand, from the stage that says so."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection

from governance.roles import Role
from workflow import scope
from workflow.attempt import Actor
from workflow.machines import STAGES
from workflow.pages.sections import Begin


def begin_of(stage: str) -> Begin | None:
    """How a case of ``stage`` is begun by hand, or ``None``."""
    return getattr(import_module(f"workflow.{stage}.views"), "BEGIN", None)


def actor_of(viewer: Any, begin: Begin, stage: str) -> Actor | None:
    """The seat from which the viewer may begin a case of ``stage``, or ``None``."""
    for seat in viewer.seats:
        if Role(seat.role) in begin.roles and scope.covers(seat, stage):
            return scope.actor_in(viewer, seat)
    return None


def beginnings(_connection: Connection, viewer: Any) -> list[SimpleNamespace]:
    """Links to what the viewer may begin."""
    found = []
    for name, stage in STAGES.items():
        begin = begin_of(name)
        if begin and actor_of(viewer, begin, name):
            found.append(SimpleNamespace(label=begin.label or stage.label, url=f"/{name}/new"))
    return found
