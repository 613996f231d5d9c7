"""A stage as a kept version of its table says: its names looked up in the code as it is now.

A name that the code no longer has closes every step, with a refusal that says the case must be moved.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from governance.refusal import Refusal
from governance.roles import Duty, Role
from workflow.i18n import lazy as _
from workflow.i18n import lazy as kept
from workflow.machines import FORMER, Ballot, BallotSeat, Part, Stage, Step, everyone

# Only our own code is looked up, and only what is loaded: a text in the database imports nothing.
_OURS = "workflow."


class _Names:
    """Finds code by the names a table keeps, and remembers which it did not find."""

    def __init__(self, stage: Stage) -> None:
        self.home = stage.commands.__name__.rpartition(".")[0]
        self.stage = stage
        self.lost: list[str] = []

    def code(self, name: str) -> Any:
        """The function of this name; ``None`` for no name, and for one that is lost."""
        if not name:
            return None
        module, _colon, path = name.partition(":")
        found: Any = sys.modules.get(module) if self._ours(module) else None
        for part in path.split("."):
            found = getattr(found, part, None)
        if found is None:
            self.lost.append(name)
        return found

    def _ours(self, module: str) -> bool:
        return module.startswith((_OURS, f"{self.home}.")) or module == self.stage.commands.__name__

    def known(self, enum: Callable[[str], Any], name: str) -> Any:
        """The member of ``enum`` of this name; ``None`` where it is lost."""
        try:
            return enum(name)
        except ValueError:
            self.lost.append(name)
            return None


def stage_of(current: Stage, version: int, body: str) -> Stage:
    """The stage by the text of ``version``, with the guards, commands, forms and pages of ``current``."""
    told = json.loads(body)
    names = _Names(current)
    states = StrEnum("State", [(state.upper(), state) for state in told["states"]])  # type: ignore[misc]
    steps = tuple(_step(names, one) for one in told["steps"])
    ballots = tuple(_ballot(names, one) for one in told["ballots"])
    if names.lost:
        steps = closed(steps, version, names.lost)
    return Stage(
        name=current.name, label=current.label, states=states, state_labels=labels(current, told), steps=steps,
        commands=current.commands, forms=current.forms, ballots=ballots, final=frozenset(told["final"]),
        main_path=tuple(told["main_path"]), sections=current.sections, verbs=current.verbs,
        parts=tuple(Part(one["key"], kept(one["label"]), tuple(one["holds"])) for one in told["parts"]),
        version=version,
    )  # fmt: skip


def lost_names(current: Stage, body: str) -> list[str]:
    """The names in a kept text that the code no longer has."""
    names, told = _Names(current), json.loads(body)
    for one in told["steps"]:
        _step(names, one)
    for one in told["ballots"]:
        _ballot(names, one)
    return sorted(set(names.lost))


def labels(current: Stage, told: Mapping[str, Any]) -> dict[str, Any]:
    """What the states are called: as now, else as they were; also kept for lists that show cases of every version."""
    former = FORMER.setdefault(current.name, {})
    for state, label in told["states"].items():
        former.setdefault(state, kept(label))
    return {state: current.state_labels[state] for state in told["states"]}


def _step(names: _Names, one: Mapping[str, Any]) -> Step:
    does = names.code(one["does"])
    now = getattr(names.stage.commands, one["trigger"], None)
    if does is not now and one["does"]:
        names.lost.append(f"{names.stage.name}.{one['trigger']}")
    return Step(
        trigger=one["trigger"], source=tuple(one["source"]), dest=one["dest"] or None, label=kept(one["label"]),
        by=tuple(role for role in (names.known(Role, each) for each in one["by"]) if role),
        guards=tuple(code for code in (names.code(each) for each in one["guards"]) if code),
        duty=names.known(Duty, one["duty"]) if one["duty"] else None,
        casts=(one["casts"][0], one["casts"][1]) if one["casts"] else None, task=one["task"], edits=one["edits"],
        primary=one["primary"], dangerous=one["dangerous"], waiting=names.code(one["waiting"]), clock=one["clock"],
        dests=tuple(one["dests"]), pauses=tuple(one["pauses"]), stops=tuple(one["stops"]),
        recallable=one["recallable"], bulk=one["bulk"], offered=names.code(one["offered"]),
        command=names.code(one["command"]),
    )  # fmt: skip


def _ballot(names: _Names, one: Mapping[str, Any]) -> Ballot:
    return Ballot(
        one["key"], kept(one["label"]), tuple(one["states"]), names.code(one["seats"]) or nobody, tuple(one["chain"]),
        names.code(one["rule"]) or everyone, one["then"],
    )


def nobody(_attempt: Any) -> list[BallotSeat]:
    """The seats of a ballot whose code is gone; no step leads to it."""
    return []


def closed(steps: tuple[Step, ...], version: int, lost: list[str]) -> tuple[Step, ...]:
    """Every step refused: this version names what the code no longer has."""

    def must_be_moved(_attempt: Any) -> Refusal:
        """The table of the case is whole."""
        return Refusal(
            reason=_(
                "本件按第 %(version)s 版流程办理，其中的“%(name)s”在现在的程序里已经没有，须先迁移到新版流程",
                version=version, name=lost[0],
            ),
            reason_en=f"Version {version} of its table, by which the case goes, names {lost[0]}: move it first",
            who=_("系统管理"), who_en="the administrator", fact="definition",
        )

    return tuple(_closed(one, must_be_moved) for one in steps)


def _closed(one: Step, refusal: Any) -> Step:
    return Step(
        one.trigger, one.source, one.dest, one.label, one.by, (refusal,), task=one.task, primary=one.primary,
        dangerous=one.dangerous, dests=one.dests, casts=one.casts, waiting=one.waiting, clock=one.clock,
    )
