"""The door: the same key with the same body gives the same answer, with another body nothing at all."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from governance.refusal import Refused
from governance.roles import Role
from tests.kernel.checking import counts, sound, state_of
from tests.kernel.sample_stage import AT, FEN, REVIEWERS, Sample
from workflow import door


def test_a_key_that_comes_again_gets_the_first_answer(sample: Sample) -> None:
    case_id, actor = sample.open_case(), sample.actor(Role.LEAD_CLERK)
    first = sample.take(case_id, "submit", actor, key="k")
    before, row = counts(sample.engine), state_of(sample.engine, case_id)
    assert sample.take(case_id, "submit", actor, key="k") == first
    assert (counts(sample.engine), state_of(sample.engine, case_id)) == (before, row)


@pytest.mark.parametrize("other", ["data", "trigger", "case", "person", "role"])
def test_a_key_with_another_body_does_nothing(sample: Sample, other: str) -> None:
    case_id, actor = sample.open_case(), sample.actor(Role.LEAD_CLERK)
    sample.take(case_id, "edit", actor, key="k", data={"amount_fen": FEN})
    second = sample.open_case()
    before, row = counts(sample.engine), state_of(sample.engine, case_id)
    request = {
        "data": (case_id, "edit", actor, {"amount_fen": FEN + 1}),
        "trigger": (case_id, "submit", actor, {"amount_fen": FEN}),
        "case": (second, "edit", actor, {"amount_fen": FEN}),
        "person": (case_id, "edit", sample.actor(Role.LEAD_CLERK, 1), {"amount_fen": FEN}),
        "role": (case_id, "edit", sample.actor(Role.LEAD_HEAD), {"amount_fen": FEN}),
    }[other]
    number, trigger, person, data = request
    with pytest.raises(door.KeyReused):
        sample.take(number, trigger, person, key="k", data=data)
    assert (counts(sample.engine), state_of(sample.engine, case_id)) == (before, row)


def test_a_refused_request_leaves_its_key_free(sample: Sample) -> None:
    case_id, actor = sample.open_case(fen=0), sample.actor(Role.LEAD_CLERK)
    with pytest.raises(Refused):
        sample.take(case_id, "submit", actor, key="k")
    sample.take(case_id, "edit", actor, data={"amount_fen": FEN})
    assert sample.take(case_id, "submit", actor, key="k")["state"] == "submitted"


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(0, 2), min_size=1, max_size=9))
def test_replays_in_any_order_have_one_effect_each(sample: Sample, order: list[int]) -> None:
    case_id = sample.open_case("under_review")
    answers: dict[int, object] = {}
    for one in order:
        role = REVIEWERS[one]
        answer = sample.take(
            case_id, "opine", sample.actor(role), key=f"{case_id}:{one}", data={"verdict": "agree", "opinion": "同意"}
        )
        assert answers.setdefault(one, answer) == answer
    assert state_of(sample.engine, case_id).record_seq == 1 + len(set(order))
    sound(sample.engine)


def test_a_lock_that_times_out_is_tried_again_and_other_errors_are_not(sample: Sample) -> None:
    tries = []

    def act(_connection: object, _at: object) -> str:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        return "done"

    assert door.once(sample.engine, "k", {}, AT, act) == "done"
    assert len(tries) == 3

    def broken(_connection: object, _at: object) -> str:
        tries.append(1)
        raise OperationalError("UPDATE", {}, Exception("no such table"))

    with pytest.raises(OperationalError):
        door.once(sample.engine, "other", {}, AT, broken)
    assert len(tries) == 4
