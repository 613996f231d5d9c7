"""Every box holds what it should and nothing else: counts, rows and a recount in plain Python are the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Connection, func, select

from governance.roles import Role
from tests.inbox.conftest import DEADLINES, everyone, random_steps
from tests.inbox.looking import counted, number, rows, viewer
from tests.kernel.sample_stage import AT, REVIEWERS, Sample
from workflow import tasks as kernel_tasks
from workflow.clock import day_of
from workflow.db import reading, writing
from workflow.inbox import boxes, counts
from workflow.inbox.filters import BOXES, Filters
from workflow.model import cases, notices, records, tasks

DAY = day_of(AT)
SOON = date(2026, 3, 9)


def recount(connection: Connection, person: int, held: set[tuple[int, str]]) -> dict[str, int]:
    """What the counts should be, from every row of the tables, with nothing of the inbox in it."""
    mine = [
        row
        for row in connection.execute(select(tasks))
        if (row.organisation_id, row.role) in held and row.person_id in (None, person)
    ]
    waiting = {row.case_id for row in mine}
    deeds = list(connection.execute(select(records.c.case_id, records.c.seq).where(records.c.person_id == person)))
    begun = {row.case_id for row in deeds if row.seq == 1}
    open_now = set(connection.scalars(select(cases.c.id).where(cases.c.closed_at.is_(None))))
    told = [row.kind for row in connection.execute(select(notices)) if (row.organisation_id, row.role) in held]
    return {
        "overdue": sum(row.deadline < DAY.isoformat() for row in mine),
        "soon": sum(DAY.isoformat() <= row.deadline <= SOON.isoformat() for row in mine),
        "later": sum(row.deadline > SOON.isoformat() for row in mine),
        "todo": len(mine), "all": len(mine),
        "done": len({row.case_id for row in deeds}),
        "started": len(begun), "waiting": len((begun & open_now) - waiting),
        "copies": told.count("copy"), "notices": len(told) - told.count("copy"),
    }  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_rows_and_a_recount_agree_after_any_steps(sample: Sample, seed: int) -> None:
    assert random_steps(sample, seed, 400) > 25
    people = [[one] for one in everyone(sample)] + [[sample.actor(role) for role in REVIEWERS]]
    told = dict.fromkeys(BOXES, 0)
    with reading(sample.engine) as connection:
        for actors in people:
            held = {(one.organisation_id, str(one.role)) for one in actors}
            assert actors[0].person_id is not None
            expected = recount(connection, actors[0].person_id, held)
            who = viewer(*actors)
            assert counted(connection, who, DAY) == expected, actors
            for box, (_label, shows) in BOXES.items():
                found = rows(connection, who, Filters(box), limit=3, day=DAY)
                assert len(found) == len({row.keys for row in found}) == expected[box], (box, actors)
                told[box] += len(found)
                for show in shows:
                    narrowed = Filters(box, show)
                    pages = rows(connection, who, narrowed, limit=3, day=DAY)
                    assert len(pages) == number(connection, who, narrowed, DAY) == expected.get(show, len(pages))
    assert all(told.values()), told


def test_to_do_is_sorted_overdue_first_and_without_a_deadline_last(sample: Sample) -> None:
    for deadline in (*DEADLINES, *reversed(DEADLINES)):
        case_id = sample.open_case("under_review")
        with writing(sample.engine) as connection:
            connection.execute(tasks.update().where(tasks.c.case_id == case_id).values(deadline=deadline))
    who = viewer(*[sample.actor(role) for role in REVIEWERS])
    with reading(sample.engine) as connection:
        found = rows(connection, who, limit=4, day=DAY)
        keys = [row.keys for row in found]
        assert keys == sorted(keys) and len(found) == 3 * 2 * len(DEADLINES)
        assert found[0].overdue and found[-1].deadline is None
        shown = [row.overdue for row in found]
        assert shown == sorted(shown, reverse=True)
        assert [row.keys for row in rows(connection, who, Filters(show="overdue"), day=DAY)] == [
            row.keys for row in found if row.overdue
        ]


def test_a_task_given_to_one_person_by_name_is_theirs_alone_and_marked(sample: Sample) -> None:
    case_id = sample.open_case("submitted")
    first, second = sample.actor(Role.AGENCY_CLERK), sample.actor(Role.AGENCY_CLERK, 1)
    with writing(sample.engine) as connection:
        connection.execute(tasks.update().where(tasks.c.case_id == case_id).values(person_id=second.person_id))
    with reading(sample.engine) as connection:
        assert rows(connection, viewer(first)) == [] and counted(connection, viewer(first))["todo"] == 0
        (row,) = rows(connection, viewer(second))
        assert row.assigned == second.name
        assert number(connection, viewer(second), Filters(show="later")) == counted(connection, viewer(second))["all"]


def test_a_seat_held_for_another_brings_their_tasks_as_far_as_it_was_given(sample: Sample) -> None:
    case_id = sample.open_case("submitted")
    clerk, deputy = sample.actor(Role.AGENCY_CLERK), sample.actor(Role.CENTRE_CLERK)
    acting = viewer(clerk, for_person_id=clerk.person_id, for_stage="sample")
    elsewhere = viewer(clerk, for_person_id=clerk.person_id, for_stage="settlement")
    acting.person_id = elsewhere.person_id = deputy.person_id
    with reading(sample.engine) as connection:
        assert len(rows(connection, acting)) == 1 == counted(connection, acting)["todo"]
        assert rows(connection, elsewhere) == [] and counted(connection, elsewhere)["todo"] == 0
    with writing(sample.engine) as connection:
        connection.execute(tasks.update().where(tasks.c.case_id == case_id).values(person_id=clerk.person_id))
    with reading(sample.engine) as connection:
        assert [row.assigned for row in rows(connection, acting)] == [clerk.name]
        assert rows(connection, elsewhere) == []


def test_someone_without_a_seat_has_nothing(sample: Sample) -> None:
    random_steps(sample, 7, 20)
    who = viewer(sample.actor(Role.LEAD_CLERK))
    who.seats = []
    with reading(sample.engine) as connection:
        assert set(counted(connection, who).values()) == {0}
        assert [rows(connection, who, Filters(box)) for box in BOXES] == [[]] * len(BOXES)


def test_what_one_did_is_not_shown_out_of_scope(sample: Sample) -> None:
    case_id = sample.open_case("submitted")
    who = viewer(sample.actor(Role.LEAD_CLERK))
    with reading(sample.engine) as connection:
        assert [row.id for row in rows(connection, who, Filters("done"))] == [case_id]
        for seat in who.seats:
            seat.place = "demo-suixi"
        for box in ("done", "started"):
            assert rows(connection, who, Filters(box)) == [] and counted(connection, who)[box] == 0


def test_done_tells_what_one_did_last_and_where_the_case_stands(sample: Sample) -> None:
    case_id = sample.open_case("drafting")
    clerk = sample.actor(Role.LEAD_CLERK)
    sample.take(case_id, "edit", clerk, data={"amount_fen": 5_00})
    sample.take(case_id, "submit", clerk)
    with reading(sample.engine) as connection:
        (row,) = rows(connection, viewer(clerk), Filters("done"))
        assert (row.did, row.state_label, row.closed) == ("提交", "已提交", False)
        assert row.holder == "样例医保经办机构（agency）"
        assert [one.id for one in rows(connection, viewer(clerk), Filters("started", "waiting"))] == [case_id]


@pytest.fixture
def put_into_words_anew() -> Iterator[None]:
    """Questions are put into words again inside, and again after."""
    counts._counting.cache_clear()
    yield
    counts._counting.cache_clear()


@pytest.mark.usefixtures("put_into_words_anew")
def test_counting_stops_and_says_so(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        sample.open_case("submitted")
    who = viewer(sample.actor(Role.AGENCY_CLERK))
    with reading(sample.engine) as connection:
        assert counts.shown(counted(connection, who))["todo"] == "5"
        for module in (boxes, counts):
            monkeypatch.setattr(module, "MOST_COUNTED", 4)
        counts._counting.cache_clear()
        assert counted(connection, who)["todo"] == 4
        assert counts.shown(counted(connection, who))["todo"] == "3+"
        assert len(rows(connection, who, limit=2)) == 5


def test_no_deadline_is_written_as_the_kernel_writes_it(sample: Sample) -> None:
    sample.open_case("submitted")
    with reading(sample.engine) as connection:
        assert connection.scalar(select(func.max(tasks.c.deadline))) == kernel_tasks.NO_DEADLINE


