"""Many at once: one payment, three votes that move the case, one vote a seat; and each race lost by its mutant.

``FAULTS=deep`` runs a thousand of each and more.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, bindparam, func, select
from sqlalchemy.exc import DBAPIError

from governance.refusal import Refused
from governance.roles import Role
from tests.kernel.checking import problems, state_of
from tests.kernel.sample_stage import APPROVERS, AT, BUREAUS, REVIEWERS, Sample, registered, settle_in
from workflow import db, decisions, door, lifecycle, standing
from workflow.db import reading, writing
from workflow.model import case_actors, cases, journals
from workflow.model import decisions as cast_decisions
from workflow.prepared import Prepared

DEEP = os.environ.get("FAULTS") == "deep"
RACES = 1000 if DEEP else 60
LAST_VOTES = 10_000 if DEEP else 1000
PAYERS = 8
AGREE = {"verdict": "agree"}
QUIETLY = (Refused, DBAPIError, door.KeyReused, lifecycle.NotFound)


@pytest.fixture
def sample(engine: Engine) -> Iterator[Sample]:
    with registered():
        yield settle_in(engine)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do ``acts`` on threads of their own, let go at the same moment; each one's answer, or why it was refused."""
    answers: list[Any] = [None] * len(acts)
    gate = threading.Barrier(len(acts))

    def run(number: int, act: Callable[[], Any]) -> None:
        gate.wait()
        try:
            answers[number] = act()
        except QUIETLY as error:
            answers[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def took(answers: list[Any]) -> int:
    return sum(isinstance(answer, dict) for answer in answers)


def races(count: int, size: int) -> range:
    """Fewer races where each has more threads, so that the whole file stays within its time."""
    return range(count if count > 60 else count * 2 // size)


def paying(sample: Sample, case_id: int, *, same_key: bool = False) -> list[Callable[[], Any]]:
    payers = [sample.actor(Role.AGENCY_HEAD, number % 2) for number in range(PAYERS)]
    if same_key:
        return [partial(sample.take, case_id, "pay", payers[0], key=f"pay:{case_id}")] * PAYERS
    return [
        partial(sample.take, case_id, "pay", payer, key=f"pay:{case_id}:{number}")
        for number, payer in enumerate(payers)
    ]


def journals_of(sample: Sample, case_id: int) -> int:
    with reading(sample.engine) as connection:
        query = select(func.count()).select_from(journals).where(journals.c.case_id == case_id)
        return connection.scalar(query) or 0


def all_sound(sample: Sample) -> None:
    with reading(sample.engine) as connection:
        assert problems(connection) == []


def test_pay_pressed_eight_times_at_once_pays_once(sample: Sample) -> None:
    for _race in races(RACES, PAYERS):
        case_id = sample.open_case("agreed")
        answers = at_once(*paying(sample, case_id))
        assert took(answers) == 1
        assert journals_of(sample, case_id) == 1
        assert all("不能办理" in str(one) for one in answers if not isinstance(one, dict))
    all_sound(sample)


def test_one_request_sent_eight_times_at_once_has_one_answer(sample: Sample) -> None:
    for _race in races(RACES, PAYERS):
        case_id = sample.open_case("agreed")
        answers = at_once(*paying(sample, case_id, same_key=True))
        assert took(answers) == PAYERS
        assert all(one == answers[0] for one in answers)
        assert journals_of(sample, case_id) == 1
    all_sound(sample)


def heard(sample: Sample) -> int:
    """A case under review on which every bureau's reviewer has given an opinion, made in one transaction."""
    with writing(sample.engine) as connection:
        case_id = sample.open_case("under_review", connection=connection)
        for role in REVIEWERS:
            lifecycle.take(connection, case_id, "opine", actor=sample.actor(role), at=AT, data=AGREE)
    return case_id


def voting(sample: Sample, case_id: int) -> list[Callable[[], Any]]:
    return [partial(sample.take, case_id, "decide", sample.actor(role), data=AGREE) for role in APPROVERS]


def test_three_votes_at_once_move_the_case(sample: Sample) -> None:
    """Never stuck with three votes, never moved by fewer; a thousand times, on either database."""
    for _race in range(LAST_VOTES):
        case_id = heard(sample)
        answers = at_once(*voting(sample, case_id))
        assert took(answers) == 3
        assert state_of(sample.engine, case_id).state == "agreed"
        assert sorted(one["state"] for one in answers) == ["agreed", "under_review", "under_review"]
    all_sound(sample)


def test_a_seat_votes_once_from_four_places(sample: Sample) -> None:
    staff = [sample.actor(REVIEWERS[0], number % 2) for number in range(4)]
    for _race in races(RACES, 4):
        case_id = sample.open_case("under_review")
        acts = [partial(sample.take, case_id, "opine", actor, data=AGREE) for actor in staff]
        assert took(at_once(*acts)) == 1
    all_sound(sample)


def test_a_vote_and_an_amendment_at_once_never_count_a_vote_on_other_content(sample: Sample) -> None:
    for number in races(RACES, 2):
        case_id = sample.open_case("under_review")
        sample.opine(case_id)
        sample.decide(case_id, BUREAUS[:2])
        row = state_of(sample.engine, case_id)
        seen = f"{row.revision}:{row.subject_hash[:16]}"
        approver, clerk = sample.actor(APPROVERS[2]), sample.actor(Role.LEAD_CLERK)
        answers = at_once(
            partial(sample.take, case_id, "decide", approver, data=AGREE, seen=seen),
            partial(sample.take, case_id, "amend", clerk, data={"amount_fen": 10_000 + number}),
        )
        assert took(answers) == 1
        changed = state_of(sample.engine, case_id).subject_hash != row.subject_hash
        assert state_of(sample.engine, case_id).state == ("under_review" if changed else "agreed")
    all_sound(sample)


# The mutants: each takes one guard away and must then be caught by the race or the check above it.


@contextmanager
def begun_late(engine: Engine) -> Iterator[Connection]:
    """A transaction that takes no lock as it begins: the mutant of ``writing`` on SQLite."""
    with engine.connect() as connection, connection.begin():
        yield connection


def both_read_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever takes a step waits, once it has been checked and before it is written, for another to be as far."""
    gate, whole = threading.Barrier(2), lifecycle._perform

    def perform(attempt: Any, step: Any) -> None:
        with suppress(threading.BrokenBarrierError):
            if attempt.actor.person_id is not None:
                gate.wait(timeout=0.3)
        whole(attempt, step)

    monkeypatch.setattr(lifecycle, "_perform", perform)


def two_last_votes(sample: Sample, case_id: int, begun: Callable[[Engine], Any]) -> list[Any]:
    """The second and third approver at once, past the door, in transactions begun by ``begun``."""

    def vote(role: Role) -> dict[str, Any]:
        with begun(sample.engine) as connection:
            case = lifecycle.take(connection, case_id, "decide", actor=sample.actor(role), at=AT, data=AGREE)
        return {"state": case.state}

    return at_once(*(partial(vote, role) for role in APPROVERS[1:]))


def voted_once(sample: Sample) -> int:
    case_id = sample.open_case("under_review")
    sample.opine(case_id)
    sample.decide(case_id, BUREAUS[:1])
    return case_id


def test_mutant_without_the_lock_is_caught(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two approvers who both read the case before either writes: a vote is lost, or the case is stuck."""
    case_id = voted_once(sample)
    both_read_first(monkeypatch)
    unlocked = Prepared(select(cases).where(cases.c.id == bindparam("case")))
    monkeypatch.setattr(lifecycle, "_LOCKED", unlocked)
    answers = two_last_votes(sample, case_id, begun_late)
    assert not (took(answers) == 2 and state_of(sample.engine, case_id).state == "agreed")


def test_with_the_lock_the_same_two_votes_count(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    case_id = voted_once(sample)
    both_read_first(monkeypatch)
    assert took(two_last_votes(sample, case_id, db.writing)) == 2
    assert state_of(sample.engine, case_id).state == "agreed"
    all_sound(sample)


def test_mutant_without_the_hash_check_is_caught(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vote for an old page would count for the new content."""
    monkeypatch.setattr(lifecycle, "_check_version", lambda attempt, step, seen: None)
    case_id = sample.open_case("under_review")
    old = state_of(sample.engine, case_id)
    sample.take(case_id, "amend", sample.actor(Role.LEAD_CLERK), data={"amount_fen": 7})
    seen = f"{old.revision}:{old.subject_hash[:16]}"
    answer = sample.take(case_id, "opine", sample.actor(REVIEWERS[0]), data={"verdict": "agree"}, seen=seen)
    assert answer["state"] == "under_review"
    with reading(sample.engine) as connection:
        counted = connection.scalars(select(cast_decisions.c.subject_hash)).one()
    assert counted != old.subject_hash


def test_mutant_that_keeps_a_round_on_changed_content_is_refused_by_the_database(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = sample.open_case("under_review")
    monkeypatch.setattr(decisions, "refresh", lambda attempt: None)
    sample.take(case_id, "amend", sample.actor(Role.LEAD_CLERK), data={"amount_fen": 7})
    with reading(sample.engine) as connection:
        assert problems(connection) == [f"case {case_id}: its round is on other content"]
    with pytest.raises(DBAPIError):
        sample.opine(case_id, BUREAUS[:1])


def test_mutant_without_exclusion_is_caught_by_the_database(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one who prepared also pays: the duty is one row a person, whatever the program forgets."""
    monkeypatch.setattr(decisions, "excluded", lambda attempt, duty: None)
    monkeypatch.setattr(standing, "bound", lambda attempt: standing.Bound())
    payer = sample.actor(Role.AGENCY_HEAD)
    case_id = sample.open_case("agreed")
    with db.writing(sample.engine) as connection:
        row = {"case_id": case_id, "person_id": payer.person_id, "duty": "prepare"}
        connection.execute(case_actors.insert().values(row))
    with pytest.raises(DBAPIError):
        sample.take(case_id, "pay", payer)
    assert journals_of(sample, case_id) == 0


def test_mutant_without_the_key_is_caught(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same request again is a second step."""

    def forgetful(connection: Any, key: str, body: Any, at: Any, act: Callable[..., Any]) -> Any:
        return act(connection, at)

    monkeypatch.setattr(door, "_once", forgetful)
    case_id, actor = sample.open_case(), sample.actor(Role.LEAD_CLERK)
    first, second = (sample.take(case_id, "edit", actor, key="k", data={"amount_fen": 5}) for _ in range(2))
    assert first != second
