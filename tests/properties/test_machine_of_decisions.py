"""Anything anyone might do, in any order: nothing is ever violated; and each guard's mutant is found by the same search.

Thirty thousand steps here, a million with ``FAULTS=deep``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError

from governance import quorum
from tests.kernel.sample_stage import registered, settle_in
from tests.properties.machine import Decisions, World
from workflow import decisions, door, lifecycle
from workflow.db import make_engine, upgrade
from workflow.model import case_actors

STEPS = 1_000_000 if os.environ.get("FAULTS") == "deep" else 30_000
QUIET = list(HealthCheck)


def search(examples: int, *, shrink: bool) -> None:
    """One search of ``examples`` runs of up to fifty steps each."""
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    options = settings(
        max_examples=examples, stateful_step_count=50, deadline=None, database=None, suppress_health_check=QUIET,
        phases=phases,
    )  # fmt: skip
    run_state_machine_as_test(Decisions, settings=options)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """The sample county in a database in memory."""
    engine = make_engine("sqlite://")
    upgrade(engine)
    with registered():
        Decisions.world = World(settle_in(engine))
        yield Decisions.world
    engine.dispose()


def test_nothing_is_violated_whatever_is_done(world: World) -> None:
    """Counts tries, not Hypothesis's own steps: those in which somebody asked for something of a case."""
    world.taken = 0
    while world.taken < STEPS:
        search(200, shrink=True)
    print(f"{world.taken} tries, 0 violations")


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
    patch.setattr(
        decisions, "refusals", lambda attempt, step: [one for one in whole(attempt, step) if "还缺" not in str(one.reason)]
    )


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


MUTANTS = (
    without_exclusion, without_the_hash, without_the_frozen_list, without_order, without_standing, without_guards,
    passing_early, never_deciding, in_two_transactions,
)  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.__name__)
def test_the_search_finds_each_mutant(world: World, monkeypatch: pytest.MonkeyPatch, mutant: Any) -> None:
    """With one guard taken away, the same search ends in a violation."""
    mutant(monkeypatch)
    with pytest.raises((AssertionError, DBAPIError, ExceptionGroup)):
        search(400, shrink=False)
