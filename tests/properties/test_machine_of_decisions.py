"""Anything anyone might do, in any order: nothing is violated; and the same search finds each guard's mutant.

Thirty thousand steps here, a million with ``FAULTS=deep``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError

from governance import quorum
from tests.kernel.sample_stage import registered, settle_in
from tests.properties.machine import Decisions
from tests.properties.wide_machine import Everything
from tests.properties.wide_stage import registered_wide
from tests.properties.world import World
from workflow import counting, decisions, door, lifecycle, standing
from workflow.acts import paper_confirmed
from workflow.db import make_engine, upgrade
from workflow.model import case_actors

STEPS = 1_000_000 if os.environ.get("FAULTS") == "deep" else 30_000
QUIET = list(HealthCheck)


def search(examples: int, *, shrink: bool, machine: type[Decisions] = Decisions) -> None:
    """One search of ``examples`` runs of up to fifty steps each."""
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    options = settings(
        max_examples=examples, stateful_step_count=50, deadline=None, database=None, suppress_health_check=QUIET,
        phases=phases,
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=options)


@contextmanager
def inhabited(known: Any) -> Iterator[World]:
    """The sample county in a database in memory, with the stage that ``known`` registers."""
    engine = make_engine("sqlite://")
    upgrade(engine)
    with known():
        Decisions.world = World(settle_in(engine))
        yield Decisions.world
    engine.dispose()


@pytest.fixture
def world() -> Iterator[World]:
    """Cases of the plain stage, of which all is foretold."""
    with inhabited(registered) as world:
        yield world


@pytest.fixture
def wide_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    """Cases with every way there is; scans of signed papers lie in a folder of the test."""
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path))
    with inhabited(registered_wide) as world:
        yield world


def tried(known: Any, machine: type[Decisions], target: int) -> int:
    """Searches until so many tries are made, each search in a county of its own, whose people stay few."""
    done = 0
    while done < target:
        with inhabited(known) as world:
            search(200, shrink=True, machine=machine)
            done += world.taken
    return done


def test_nothing_is_violated_whatever_is_done() -> None:
    """Counts tries, not Hypothesis's own steps: those in which somebody asked for something of a case."""
    print(f"{tried(registered, Decisions, STEPS * 2 // 3)} tries, 0 violations")


def test_nothing_is_violated_by_any_verb_beside_the_steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Returns, recalls, added seats, paper, handing on, administrators: the other third."""
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path))
    print(f"{tried(registered_wide, Everything, STEPS // 3)} tries, 0 violations")


def without_exclusion(patch: pytest.MonkeyPatch) -> None:
    """Nobody is asked which duty they hold; the database still knows one row a person."""
    patch.setattr(decisions, "excluded", lambda attempt, duty: None)
    patch.setattr(decisions, "claim_duty", _claimed_anew)


def _claimed_anew(attempt: Any, duty: Any) -> None:
    row = {"case_id": attempt.case.id, "person_id": attempt.actor.person_id, "duty": str(duty)}
    held = select(case_actors.c.duty).where(
        case_actors.c.case_id == row["case_id"], case_actors.c.person_id == row["person_id"]
    )
    if attempt.connection.scalar(held) is None:
        attempt.connection.execute(case_actors.insert(), row)


def without_the_hash(patch: pytest.MonkeyPatch) -> None:
    """A round stays open although what it decides has changed."""
    whole = decisions.refresh

    def careless(attempt: Any) -> None:
        for one in decisions.open_rounds(attempt).values():
            one.subject_hash = attempt.case.subject_hash
        whole(attempt)

    patch.setattr(decisions, "refresh", careless)


def without_the_frozen_list(patch: pytest.MonkeyPatch) -> None:
    """Whoever sits in the office now may decide, listed or not."""

    def anyone(attempt: Any, current: Any) -> Any:
        return next((one for one in current.seats if one.organisation_id == attempt.actor.organisation_id), None)

    patch.setattr(decisions, "seat_for", anyone)


def without_order(patch: pytest.MonkeyPatch) -> None:
    """The approver need not wait for the reviewer."""
    whole = decisions.refusals

    def hasty(attempt: Any, step: Any) -> list[Any]:
        return [one for one in whole(attempt, step) if "还缺" not in str(one.reason)]

    patch.setattr(decisions, "refusals", hasty)


def without_standing(patch: pytest.MonkeyPatch) -> None:
    """Nobody is asked whether the seat is still theirs."""
    patch.setattr(lifecycle, "check_actor", lambda attempt, *more: None)


def without_guards(patch: pytest.MonkeyPatch) -> None:
    """No fact need hold."""
    patch.setattr(lifecycle, "guard_refusals", lambda attempt, step: [])


def passing_early(patch: pytest.MonkeyPatch) -> None:
    """Two of three are enough."""
    patch.setattr(quorum, "outcome", lambda verdicts, *more: "passed" if len(verdicts) == 2 else None)


def never_deciding(patch: pytest.MonkeyPatch) -> None:
    """All have decided and nothing follows."""
    patch.setattr(quorum, "outcome", lambda verdicts, *more: None)


def in_two_transactions(patch: pytest.MonkeyPatch) -> None:
    """What has been done before the program dies is kept."""

    @contextmanager
    def kept(engine: Engine) -> Iterator[Connection]:
        with engine.connect() as connection:
            try:
                yield connection
            finally:
                connection.commit()

    patch.setattr(door, "writing", kept)


def recusal_not_heeded(patch: pytest.MonkeyPatch) -> None:
    """Whoever has stepped back goes on."""
    whole = standing._STANDING

    class Careless:
        """The same question, whose answer never tells of a recusal."""

        def first(self, connection: Any, asked: Any) -> Any:
            row = whole.first(connection, asked)
            return row and row._replace(recused=0)

    patch.setattr(standing, "_STANDING", Careless())


MUTANTS = (
    without_exclusion, without_the_hash, without_the_frozen_list, without_order, without_standing, without_guards,
    passing_early, never_deciding, in_two_transactions, recusal_not_heeded,
)  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.__name__)
def test_the_search_finds_each_mutant(world: World, monkeypatch: pytest.MonkeyPatch, mutant: Any) -> None:
    """With one guard taken away, the same search ends in a violation."""
    mutant(monkeypatch)
    with pytest.raises((AssertionError, DBAPIError, ExceptionGroup)):
        search(3000, shrink=False)


def paper_confirmed_by_one(patch: pytest.MonkeyPatch) -> None:
    """Whoever registers a paper may confirm it."""
    patch.setattr(paper_confirmed, "closed", lambda attempt, rows: None)


def added_seats_not_heard(patch: pytest.MonkeyPatch) -> None:
    """A seat counts although whom it asked has not spoken, or objects."""
    patch.setattr(
        counting, "counted",
        lambda current, chain: [verdict for _seat, link, verdict in current.cast if link == chain[-1]],
    )  # fmt: skip
    patch.setattr(counting, "unheard", lambda *given: [])


@pytest.mark.parametrize(
    "mutant", (paper_confirmed_by_one, added_seats_not_heard), ids=lambda one: one.__name__
)
def test_the_wider_search_finds_each_mutant(
    wide_world: World, monkeypatch: pytest.MonkeyPatch, mutant: Any
) -> None:
    mutant(monkeypatch)
    with pytest.raises((AssertionError, DBAPIError, ExceptionGroup)):
        search(3000, shrink=False, machine=Everything)
