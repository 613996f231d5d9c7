"""Who may take which step when: everything outside the table is refused, in words, and leaves nothing behind."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from governance.refusal import Refused
from governance.roles import Role
from tests.kernel.checking import counts, sound, state_of
from tests.kernel.sample_stage import APPROVERS, AT, FEN, REVIEWERS, STAGE, STEPS, Sample, State
from workflow import lifecycle
from workflow.attempt import SYSTEM, Actor
from workflow.db import writing
from workflow.organisations.model import organisations, persons, seats

OPENED = (State.DRAFTING, State.SUBMITTED, State.UNDER_REVIEW, State.AGREED, State.REFUSED, State.PAID)
TRIGGERS = sorted({one.trigger for one in STEPS})


def refused(sample: Sample, case_id: int, trigger: str, actor: Actor, **options: Any) -> list[Any]:
    """The refusals of a step that is refused and writes nothing."""
    before = counts(sample.engine)
    with pytest.raises(Refused) as caught:
        sample.take(case_id, trigger, actor, **options)
    assert counts(sample.engine) == before
    return list(caught.value.refusals)


def taker(sample: Sample, trigger: str) -> Actor:
    role = next(one for one in STEPS if one.trigger == trigger).by[0]
    return SYSTEM if role is Role.SYSTEM else sample.actor(role)


def test_every_pair_outside_the_table_is_refused(sample: Sample) -> None:
    cases = {state: sample.open_case(state) for state in OPENED}
    before = counts(sample.engine)
    tried = 0
    for state in State:
        for trigger in [*TRIGGERS, "no_such_step"]:
            if STAGE.step_from(state, trigger):
                continue
            actor = taker(sample, trigger) if trigger in TRIGGERS else sample.actor(Role.LEAD_CLERK)
            with pytest.raises(Refused) as caught:
                sample.take(cases[state], trigger, actor)
            (refusal,) = caught.value.refusals
            label = next((one.label for one in STEPS if one.trigger == trigger), trigger)
            assert str(refusal.reason) == f"本件现在是“{STAGE.state_labels[state]}”，不能办理“{label}”"
            assert str(refusal.who) == "现在的办理人"
            tried += 1
    assert tried == len(State) * (len(TRIGGERS) + 1) - sum(len(one.source) for one in STEPS)
    assert counts(sample.engine) == before


def test_every_step_is_refused_to_every_other_role(sample: Sample) -> None:
    cases = {state: sample.open_case(state) for state in OPENED}
    someone = {role: people[0] for (_code, role), people in sample.county.actors.items()}
    before = counts(sample.engine)
    for one in STEPS:
        for role, actor in someone.items():
            if role in one.by:
                continue
            with pytest.raises(Refused) as caught:
                sample.take(cases[State(one.source[0])], one.trigger, actor)
            assert str(caught.value.refusals[0].reason).startswith(f"“{one.label}”由")
    assert counts(sample.engine) == before


def test_a_guard_refuses_in_its_own_words(sample: Sample) -> None:
    case_id = sample.open_case(fen=0)
    (refusal,) = refused(sample, case_id, "submit", sample.actor(Role.LEAD_CLERK))
    assert (refusal.reason, refusal.who, refusal.fact) == ("金额尚未填写", "牵头医院经办", "amount")


def test_the_wrong_role_is_told_whose_step_it_is(sample: Sample) -> None:
    (refusal,) = refused(sample, sample.open_case(), "submit", sample.actor(Role.LEAD_FINANCE))
    assert str(refusal.reason) == "“提交”由牵头医院经办办理"
    assert refusal.reason_en == "This step is taken by: Lead hospital clerk"


def foreigner(sample: Sample) -> Actor:
    """A reviewer of a health bureau of another province."""
    with writing(sample.engine) as connection:
        row = {"code": "far", "name": "外省卫健", "name_en": "Far", "kind": "city_health", "place": "cn-anhui-suixi"}
        body = connection.execute(insert(organisations).values(row).returning(organisations.c.id)).scalar_one()
        row = {"login": "far", "name": "外省人", "password_hash": "!", "demo": True}
        person = connection.execute(insert(persons).values(row).returning(persons.c.id)).scalar_one()
        row = {"person_id": person, "organisation_id": body, "role": REVIEWERS[0], "since": date(2020, 1, 1)}
        seat = connection.execute(insert(seats).values(row).returning(seats.c.id)).scalar_one()
    return Actor(person, seat, body, REVIEWERS[0], "外省人")


def test_out_of_scope_reads_as_not_found(sample: Sample) -> None:
    case_id, actor = sample.open_case("under_review"), foreigner(sample)
    before = counts(sample.engine)
    for number in (case_id, case_id + 1000):
        with pytest.raises(lifecycle.NotFound):
            sample.take(number, "opine", actor, data={"verdict": "agree"})
    assert counts(sample.engine) == before


@pytest.mark.parametrize("how", ["expired", "not yet", "disabled", "another's seat", "another role", "another body"])
def test_a_seat_that_is_not_theirs_today_is_refused(sample: Sample, how: str) -> None:
    actor, day = sample.actor(Role.LEAD_CLERK), AT.date()
    case_id = sample.open_case()
    mine = seats.update().where(seats.c.id == actor.seat_id)
    with writing(sample.engine) as connection:
        if how == "expired":
            connection.execute(mine.values(until=day - timedelta(days=1)))
        elif how == "not yet":
            connection.execute(mine.values(since=day + timedelta(days=1)))
        elif how == "disabled":
            connection.execute(persons.update().where(persons.c.id == actor.person_id).values(disabled_at=AT))
    other = sample.actor(Role.LEAD_CLERK, 1)
    changed = {
        "another's seat": Actor(actor.person_id, other.seat_id, actor.organisation_id, actor.role),
        "another role": Actor(actor.person_id, actor.seat_id, actor.organisation_id, Role.AGENCY_CLERK),
        "another body": Actor(actor.person_id, actor.seat_id, sample.county.organisations["tcm"], actor.role),
    }.get(how, actor)
    (refusal,) = refused(sample, case_id, "submit", changed)
    assert str(refusal.reason) == "您的岗位已经到期或被停用"


def test_a_seat_counts_on_its_last_day(sample: Sample) -> None:
    actor = sample.actor(Role.LEAD_CLERK)
    with writing(sample.engine) as connection:
        connection.execute(seats.update().where(seats.c.id == actor.seat_id).values(until=AT.date()))
    assert sample.take(sample.open_case(), "submit", actor)["state"] == "submitted"


def test_an_old_page_is_refused_and_a_fresh_one_goes_through(sample: Sample) -> None:
    case_id, actor = sample.open_case(), sample.actor(Role.LEAD_CLERK)
    row = state_of(sample.engine, case_id)
    seen = f"{row.revision}:{row.subject_hash[:16]}"
    sample.take(case_id, "edit", actor, data={"amount_fen": FEN + 1}, seen=seen)
    before = counts(sample.engine)
    with pytest.raises(lifecycle.Stale, match="已经有了变化"):
        sample.take(case_id, "submit", actor, seen=seen)
    assert counts(sample.engine) == before
    row = state_of(sample.engine, case_id)
    sample.take(case_id, "submit", actor, seen=f"{row.revision}:{row.subject_hash[:16]}")


@pytest.mark.parametrize("seen", ["", ":", "1:", ":a", "1:0", "x", f"1:{'0' * 16}"])
def test_a_made_up_version_is_refused(sample: Sample, seen: str) -> None:
    case_id = sample.open_case("under_review")
    with pytest.raises(lifecycle.Stale):
        sample.take(case_id, "opine", sample.actor(REVIEWERS[0]), data={"verdict": "agree"}, seen=seen)


def test_an_opinion_counts_though_another_bureau_has_moved_the_case_on(sample: Sample) -> None:
    case_id = sample.open_case("under_review")
    row = state_of(sample.engine, case_id)
    for role in REVIEWERS:
        sample.take(case_id, "opine", sample.actor(role), seen=f"{row.revision}:{row.subject_hash[:16]}")


def test_what_follows_happens_in_the_same_transaction(sample: Sample) -> None:
    case_id = sample.open_case()
    assert sample.take(case_id, "submit_urgent", sample.actor(Role.LEAD_HEAD))["state"] == "under_review"
    row = state_of(sample.engine, case_id)
    assert row.record_seq == 3
    sound(sample.engine)


def test_a_step_undone_at_its_end_leaves_nothing(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken after the last write of the step that follows: not a row of either step stays."""
    case_id = sample.open_case("under_review")
    sample.opine(case_id)
    sample.decide(case_id, ("city_health", "city_insurance"))
    before, row = counts(sample.engine), state_of(sample.engine, case_id)

    def broken(attempt: Any) -> None:
        whole(attempt)
        raise OSError("the disk is gone")

    whole = lifecycle.tasks.refresh
    monkeypatch.setattr(lifecycle.tasks, "refresh", broken)
    with pytest.raises(OSError, match="the disk is gone"):
        sample.decide(case_id, ("city_finance",))
    monkeypatch.undo()
    assert counts(sample.engine) == before
    assert state_of(sample.engine, case_id) == row
    sample.decide(case_id, ("city_finance",))
    assert state_of(sample.engine, case_id).state == "agreed"
    sound(sample.engine)


def test_the_whole_way_is_sound_after_every_step(sample: Sample) -> None:
    case_id = sample.open_case()
    way: list[tuple[str, Actor, dict[str, Any]]] = [
        ("edit", sample.actor(Role.LEAD_CLERK), {"amount_fen": 5}),
        ("submit", sample.actor(Role.LEAD_CLERK), {}),
        ("accept", sample.actor(Role.AGENCY_CLERK), {}),
        *(("opine", sample.actor(role), {"verdict": "agree"}) for role in REVIEWERS),
        *(("decide", sample.actor(role), {"verdict": "agree"}) for role in APPROVERS),
        ("pay", sample.actor(Role.AGENCY_HEAD), {}),
    ]
    for trigger, actor, data in way:
        sample.take(case_id, trigger, actor, data=data)
        sound(sample.engine)
    row = state_of(sample.engine, case_id)
    assert (row.state, row.closed_at, row.amount_fen) == ("paid", AT, 5)
