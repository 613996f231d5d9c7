"""Scheduled work: once, late if need be, one broken run beside the others, and a block until someone resolves it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from governance.refusal import Refused
from governance.roles import Role
from tests.kernel.checking import counts, sound, state_of
from tests.kernel.sample_stage import AT, Sample
from workflow import jobs, lifecycle, stages
from workflow.attempt import SYSTEM
from workflow.db import reading, writing
from workflow.machines import STAGES
from workflow.model import cases, occurrences
from workflow.occurrences import Due, Job, Ran, resolve, run_due, run_one

ADMITTED = "submitted"


def waiting(connection: Connection, at: datetime) -> list[Due]:
    query = select(cases.c.id).where(cases.c.stage == "sample", cases.c.state == ADMITTED).order_by(cases.c.id)
    return [Due(number, "", at) for number in connection.scalars(query)]


def admit(connection: Connection, due: Due, at: datetime) -> None:
    lifecycle.take(connection, due.scope, "admit", actor=SYSTEM, at=at)


ADMIT = Job("admit", "转入评定", waiting, admit)


def statuses(ran: list[Ran]) -> list[str]:
    return [one.status for one in ran]


def rows(sample: Sample) -> list[Any]:
    with reading(sample.engine) as connection:
        return list(connection.execute(select(occurrences).order_by(occurrences.c.id)))


def broken_for(number: int) -> Job:
    """The job, with one case that breaks after it has been written to."""

    def run(connection: Connection, due: Due, at: datetime) -> None:
        admit(connection, due, at)
        if due.scope == number:
            raise ValueError("坏了")

    return Job("admit", "转入评定", waiting, run)


def test_a_job_run_twice_acts_once(sample: Sample) -> None:
    numbers = [sample.open_case(ADMITTED) for _ in range(3)]
    with reading(sample.engine) as connection:
        found = waiting(connection, AT)
    assert statuses(run_due(sample.engine, AT, [ADMIT])) == ["done"] * 3
    before = counts(sample.engine)
    assert run_due(sample.engine, AT, [ADMIT]) == []
    stale = Job("admit", "转入评定", lambda connection, at: found, admit)
    assert run_due(sample.engine, AT, [stale]) == []
    assert counts(sample.engine) == before
    assert {state_of(sample.engine, number).state for number in numbers} == {"under_review"}
    sound(sample.engine)


def test_one_broken_run_leaves_nothing_and_does_not_stop_the_others(sample: Sample) -> None:
    first, second, third = (sample.open_case(ADMITTED) for _ in range(3))
    ran = run_due(sample.engine, AT, [broken_for(second)])
    assert statuses(ran) == ["done", "failed", "done"]
    assert ran[1].error == "ValueError: 坏了"
    states = [state_of(sample.engine, number).state for number in (first, second, third)]
    assert states == ["under_review", ADMITTED, "under_review"]
    assert [(row.scope, row.status, row.attempts) for row in rows(sample) if row.status == "failed"] == [
        (second, "failed", 1)
    ]
    sound(sample.engine)


def test_a_failed_run_waits_longer_each_time_and_then_goes_through(sample: Sample) -> None:
    number = sample.open_case(ADMITTED)
    at = AT
    for minutes in (1, 5, 30, 120, 720, 720):
        assert statuses(run_due(sample.engine, at, [broken_for(number)])) == ["failed"]
        (row,) = rows(sample)
        assert row.retry_at == at + timedelta(minutes=minutes)
        assert run_due(sample.engine, row.retry_at - timedelta(seconds=1), [ADMIT]) == []
        at = row.retry_at
    assert statuses(run_due(sample.engine, at, [ADMIT])) == ["done"]
    (row,) = rows(sample)
    assert (row.status, row.attempts, row.error, row.retry_at) == ("done", 7, "", None)


def test_a_failed_run_blocks_people_until_it_is_retried(sample: Sample) -> None:
    number = sample.open_case(ADMITTED)
    run_due(sample.engine, AT, [broken_for(number)])
    with pytest.raises(Refused) as caught:
        sample.take(number, "accept", sample.actor(Role.AGENCY_CLERK))
    (refusal,) = caught.value.refusals
    assert str(refusal.reason) == "系统的“定时任务”没有完成，完成之前本件不能往下办；已列入定时任务页，系统管理员可见"
    assert (str(refusal.who), refusal.link) == ("医保经办机构或系统管理", "/jobs")
    ran = run_one(sample.engine, ADMIT, Due(number, "", AT), AT, forced=True)
    assert ran is not None
    assert ran.status == "done"
    sample.opine(number)


def test_resolving_lifts_the_block_and_the_run_never_comes_back(sample: Sample) -> None:
    number, other = sample.open_case(ADMITTED), sample.open_case(ADMITTED)
    run_due(sample.engine, AT, [broken_for(number)])
    (failed,) = [row for row in rows(sample) if row.status == "failed"]
    with writing(sample.engine) as connection:
        resolve(connection, failed.id, "改由人工受理")
        resolve(connection, next(row.id for row in rows(sample) if row.scope == other), "已完成的不受影响")
    assert [row.status for row in sorted(rows(sample), key=lambda row: row.scope)] == ["resolved", "done"]
    assert run_due(sample.engine, AT + timedelta(days=1), [ADMIT]) == []
    sample.take(number, "accept", sample.actor(Role.AGENCY_CLERK))
    sound(sample.engine)


def test_what_a_refusal_says_is_kept_as_the_reason(sample: Sample) -> None:
    number = sample.open_case("agreed")
    wrong = Job("admit", "转入评定", lambda connection, at: [Due(number, "", at)], admit)
    (ran,) = run_due(sample.engine, AT, [wrong])
    assert ran.error == "本件现在是“已通过”，不能办理“转入评定”"


def test_one_tick_goes_on_until_nothing_new_is_due(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first job brings about is due for the second in the same tick; the heartbeat tells of it."""
    number = sample.open_case(ADMITTED)

    def undecided(connection: Connection, at: datetime) -> list[Due]:
        query = select(cases.c.id).where(cases.c.state == "under_review", cases.c.record_seq < 3)
        return [Due(one, "", at) for one in connection.scalars(query)]

    def remind(connection: Connection, due: Due, at: datetime) -> None:
        lifecycle.note(connection, due.scope, "remind", at=at, data={"note": "请尽快评定"})

    monkeypatch.setattr(jobs, "stage_jobs", lambda: [Job("remind", "提醒", undecided, remind), ADMIT])
    monkeypatch.setattr(jobs, "daily_jobs", list)
    assert [one.job for one in jobs.tick(sample.engine, AT)] == ["admit", "remind"]
    assert jobs.tick(sample.engine, AT) == []
    assert state_of(sample.engine, number).record_seq == 3
    sound(sample.engine)


def test_every_job_has_a_label_in_words_of_its_own() -> None:
    """People are told of a job by its label, never by its key."""
    stages.load()
    labels = {job.name: str(job.label) for job in jobs.all_jobs()}
    assert len(labels) == len(jobs.all_jobs()) == len(set(labels.values())) > 30
    wordless = [name for name, label in labels.items() if not re.fullmatch(r"[\u4e00-\u9fff]{4,}", label)]
    assert wordless == [] and {name: str(jobs.label_of(name)) for name in labels} == labels


def test_the_block_says_the_job_in_words_and_not_what_the_machine_said(sample: Sample) -> None:
    number = sample.open_case(ADMITTED)
    broken = Job("calculate_settlement", "x", broken_for(number).due, broken_for(number).run)
    run_due(sample.engine, AT, [broken])
    with pytest.raises(Refused) as caught:
        sample.take(number, "accept", sample.actor(Role.AGENCY_CLERK))
    said = str(caught.value.refusals[0].reason)
    assert "“计算月度结算”没有完成" in said and not re.search(r"[A-Za-z_]", said)


def test_no_job_decides() -> None:
    """What the system takes is nobody's decision and no duty, in any stage, and nobody takes it in its place."""
    stages.load()
    taken = [one for stage in STAGES.values() for one in stage.steps if Role.SYSTEM in one.by]
    assert len(taken) > 40
    assert [one.trigger for one in taken if one.by != (Role.SYSTEM,) or one.casts or one.duty] == []
