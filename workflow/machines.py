"""A stage as one table: states, steps between them, who takes them, and what must hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any

from transitions import Machine

from governance.quorum import Consent
from governance.refusal import Refusal
from governance.roles import BETWEEN, Duty, Role
from workflow.i18n import lazy as _

if TYPE_CHECKING:
    from workflow.attempt import Attempt

Guard = Callable[["Attempt"], "Refusal | Iterable[Refusal] | None"]
Count = Callable[[Sequence[str], int], "str | None"]
STAY = None
PASSING_ON = tuple(f"_{post}" for post in BETWEEN)
BELOW_THE_HEAD = ("_reviewer", *PASSING_ON)
VERBS: dict[str, Any] = {"definition_moved": _("改按另一版流程办理")}


@dataclass(frozen=True, slots=True)
class Step:
    """A way out of a state, or an act within it (``dest`` is ``STAY``).

    ``casts`` names the ballot and the link of its chain on which taking the step appends a decision; ``duty`` is the
    excluding duty it counts as; ``waiting`` narrows whom the step still waits for; ``edits`` says that it changes
    what is decided, so that a page opened on an older version is refused. A step back or forth over several states has
    ``dests`` in place of ``dest``: whoever takes it chooses one; ``pauses`` and ``stops`` name the clocks that stand
    still, or end, until the case is back. ``recallable`` lets whoever took the step take it back while nobody has acted
    on it; ``offered`` says whether the step is shown at all; ``bulk`` that several cases may be taken through it
    at once;
    ``command`` is the kernel's own doing, before the stage's command of the same name.
    """

    trigger: str
    source: tuple[str, ...]
    dest: str | None
    label: Any
    by: tuple[Role, ...]
    guards: tuple[Guard, ...] = ()
    duty: Duty | None = None
    casts: tuple[str, str] | None = None
    task: bool = True
    edits: bool = True
    primary: bool = False
    dangerous: bool = False
    waiting: Callable[[Attempt, Role], Iterable[int]] | None = None
    clock: str = ""
    bulk: bool = False
    dests: tuple[str, ...] = ()
    pauses: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    recallable: bool = False
    offered: Callable[[Attempt], bool] | None = None
    command: Callable[..., None] | None = None

    @property
    def passes_on(self) -> bool:
        """Whether the step is a link between reviewer and head, which only some places ask for."""
        return self.casts is not None and self.casts[1] in BETWEEN

    def duty_of(self, role: Role | str) -> Duty | None:
        """The duty that taking the step is for a post: what a head approves, those below only review."""
        return Duty.REVIEW if self.duty is Duty.APPROVE and role.endswith(BELOW_THE_HEAD) else self.duty

    @property
    def leads_to(self) -> tuple[str, ...]:
        """The states that the step may lead to; none for an act within a state."""
        return self.dests or ((self.dest,) if self.dest else ())


def step(
    trigger: str,
    source: str | tuple[str, ...],
    dest: str | None,
    label: Any,
    by: Role | tuple[Role, ...],
    *guards: Guard,
    **options: Any,
) -> Step:
    """One row of a stage's table, read as a sentence: trigger, from, to, shown as, taken by, what must hold."""
    sources = (source,) if isinstance(source, str) else tuple(source)
    roles = (by,) if isinstance(by, Role) else tuple(by)
    return Step(trigger, tuple(str(one) for one in sources), dest and str(dest), label, roles, guards, **options)


@dataclass(frozen=True, slots=True)
class BallotSeat:
    """One ballot of a round: an organisation's, or in a committee one member's own."""

    key: str
    organisation_id: int
    label: str
    roles: tuple[Role, ...]
    seat_id: int | None = None


def everyone(_attempt: Attempt) -> Consent:
    """Every seat has to agree."""
    return Consent()


@dataclass(frozen=True, slots=True)
class Ballot:
    """A decision that several seats take on one content.

    A round opens whenever a case is in one of ``states``; ``chain`` are the links inside a seat, the last of which
    counts (a place's rule may put more before it, workflow/links.py); ``rule`` gives the consent that is needed, or a
    function of the verdicts so far and the number of seats; ``then`` the trigger that follows from an outcome.
    """

    key: str
    label: Any
    states: tuple[str, ...]
    seats: Callable[[Attempt], Sequence[BallotSeat]]
    chain: tuple[str, ...] = ("review", "approve")
    rule: Callable[[Attempt], Consent | Count] = everyone
    then: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the dossier as people name it: the top-level entries of the dossier that it holds."""

    key: str
    label: Any
    holds: tuple[str, ...]


def part(key: str, label: Any, *holds: str) -> Part:
    """A part of the dossier, by default the entry of the same name."""
    return Part(key, label, holds or (key,))


class Labels(dict[str, Any]):
    """What states are called; a state that only an earlier version of the table knew keeps the name it had then."""

    def __init__(self, labels: Mapping[str, Any], former: dict[str, Any]) -> None:
        super().__init__(labels)
        self.former = former

    def __missing__(self, state: str) -> Any:
        return self.former.get(state, state)


@dataclass(frozen=True)
class Stage:
    """A stage of the lifecycle: its table, its ballots, and the commands and forms that go with its triggers.

    ``parts`` are what a return may name; ``version`` is the pinned version of a table that is no longer the newest.
    """

    name: str
    label: Any
    states: type[StrEnum]
    state_labels: Mapping[str, Any]
    steps: tuple[Step, ...]
    commands: ModuleType
    forms: Mapping[str, Any] = field(default_factory=dict)
    ballots: tuple[Ballot, ...] = ()
    final: frozenset[str] = frozenset()
    main_path: tuple[str, ...] = ()
    sections: Callable[[Any], list[Any]] | None = None
    verbs: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    version: int = 0

    def __post_init__(self) -> None:
        former = FORMER.setdefault(self.name, {})
        object.__setattr__(self, "state_labels", Labels(self.state_labels, former))
        triggers = {one.trigger for one in self.steps}
        known = {ballot.key for ballot in self.ballots}
        for one in self.steps:
            if one.casts and one.casts[0] not in known:
                raise ValueError(f"{self.name}.{one.trigger} casts on an unknown ballot {one.casts[0]}")
        for ballot in self.ballots:
            unknown = set(ballot.then.values()) - triggers
            if unknown:
                raise ValueError(f"{self.name}: {ballot.key} leads to unknown steps {sorted(unknown)}")
        object.__setattr__(self, "machine", self._machine())

    def _machine(self) -> Machine:
        """The table as a machine of ``transitions``: no rows attached, no transitions that are not in the table."""
        return Machine(
            model=None,
            states=[str(state) for state in self.states],
            initial=None,
            auto_transitions=False,
            transitions=[
                {
                    "trigger": row_name(one.trigger, dest if one.dests else None),
                    "source": list(one.source),
                    "dest": dest,
                }
                for one in self.steps
                for dest in one.dests or (one.dest,)
            ],
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the table's canonical text: the same table, the same digest."""
        from workflow.definitions.text import digest_of

        return digest_of(self)

    def step_from(self, state: str, trigger: str) -> Step | None:
        """The row for ``trigger`` out of ``state``, or ``None`` when the table has none."""
        return next((one for one in self.steps if one.trigger == trigger and state in one.source), None)

    def steps_from(self, state: str) -> list[Step]:
        """Every row out of ``state``, in the table's order."""
        return [one for one in self.steps if state in one.source]

    def ballot(self, key: str) -> Ballot:
        """The ballot with this key."""
        return next(ballot for ballot in self.ballots if ballot.key == key)

    def verb_label(self, verb: str) -> Any:
        """What a record's verb is called."""
        for one in self.steps:
            if one.trigger == verb:
                return one.label
        return self.verbs.get(verb) or VERBS.get(verb)

    def is_final(self, state: str) -> bool:
        """Whether nothing more happens to a case in ``state``."""
        return state in self.final


class Position:
    """A throw-away holder of a state, so that the shared machine moves it and no row is ever attached."""

    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


def row_name(trigger: str, chosen: str | None) -> str:
    """The machine's name for a row: the trigger, and the state chosen where the step leaves a choice."""
    return f"{trigger}>{chosen}" if chosen else trigger


def next_state(stage: Stage, state: str, trigger: str, chosen: str | None = None) -> str:
    """The state that ``trigger`` leads to out of ``state``, by the stage's machine."""
    position = Position(state)
    stage.machine.events[row_name(trigger, chosen)].trigger(position)  # type: ignore[attr-defined]
    return position.state


FORMER: dict[str, dict[str, Any]] = {}
STAGES: dict[str, Stage] = {}


def register(stage: Stage) -> Stage:
    """Make ``stage`` known by its name."""
    STAGES[stage.name] = stage
    return stage
