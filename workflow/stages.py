"""All stages, in the order of the lifecycle."""

from __future__ import annotations

import importlib

from workflow.machines import STAGES, Stage

ORDER = (
    "takeover", "self_assessment", "city_ruling", "agreement", "budget", "settlement", "assessment", "clearing",
    "surplus_plan",
)


def load() -> dict[str, Stage]:
    """Import every stage, so that it registers itself; returns them by name in the order of the lifecycle."""
    for name in ORDER:
        importlib.import_module(f"workflow.{name}.machine")
    return {name: STAGES[name] for name in ORDER}
