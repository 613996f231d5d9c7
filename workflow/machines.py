"""A stage as one table: states, steps between them, who takes them, and what must hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import ModuleType
from typing import TYPE_CHECKING, Any

from transitions import Machine

from governance.quorum import Consent
from governance.refusal import Refusal
from governance.roles import Duty, Role

if TYPE_CHECKING:
    from workflow.attempt import Attempt

Guard = Callable[["Attempt"], "Refusal | Iterable[Refusal] | None"]
Count = Callable[[Sequence[str], int], "str | None"]
STAY = None


@dataclass(frozen=True, slots=True)
class Step:
    """A way out of a state, or an act within it (``dest`` is ``STAY``).

    ``casts`` names the ballot and the link of its chain on which taking the step appends a decision; ``duty`` is the
    excluding duty it counts as; ``waiting`` narrows whom the step still waits for; ``edits`` says that it changes
    what is decided, so that a page opened on an older version is refused; ``bulk`` that several cases may be
    taken through it from a list, with one opinion.
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


@dataclass(frozen=True, slots=True)
class Ballot:
    """A decision that several seats take on one content.

    A round opens whenever a case is in one of ``states``; ``chain`` are the links inside a seat, the last of which
    counts; ``rule`` gives the consent that is needed, or a function of the verdicts so far and the number of seats;
    ``then`` the trigger that follows from an outcome.
    """

    key: str
    label: Any
    states: tuple[str, ...]
    seats: Callable[[Attempt], Sequence[BallotSeat]]
    chain: tuple[str, ...] = ("review", "approve")
    rule: Callable[[Attempt], Consent | Count] = field(default=lambda attempt: Consent())
    then: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """A stage of the lifecycle: its table, its ballots, and the commands and forms that go with its triggers."""

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

    def __post_init__(self) -> None:
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
                {"trigger": one.trigger, "source": list(one.source), "dest": one.dest} for one in self.steps
            ],
        )

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
        return self.verbs.get(verb)

    def is_final(self, state: str) -> bool:
        """Whether nothing more happens to a case in ``state``."""
        return state in self.final


class Position:
    """A throw-away holder of a state, so that the shared machine moves it and no row is ever attached."""

    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


def next_state(stage: Stage, state: str, trigger: str) -> str:
    """The state that ``trigger`` leads to out of ``state``, by the stage's machine."""
    position = Position(state)
    stage.machine.events[trigger].trigger(position)  # type: ignore[attr-defined]
    return position.state


STAGES: dict[str, Stage] = {}


def register(stage: Stage) -> Stage:
    """Make ``stage`` known by its name."""
    STAGES[stage.name] = stage
    return stage
