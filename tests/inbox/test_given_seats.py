"""The inbox of someone who acts for another: what the seat's holder gave, for the stage and days given, no more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from governance.roles import Role
from tests.inbox.conftest import Visit
from tests.inbox.looking import counted, rows
from tests.kernel import mending_stage
from tests.kernel.sample_stage import AT, Sample
from workflow import clock
from workflow.accounts import sessions
from workflow.acts.model import delegations
from workflow.db import reading, writing
from workflow.inbox.filters import Filters
from workflow.model import notices
from workflow.organisations.model import persons, seats


def given(sample: Sample, **changed: Any) -> None:
    """The agency's head has given the seat to a clerk of the agency, from yesterday to tomorrow."""
    head, clerk = sample.actor(Role.AGENCY_HEAD), sample.actor(Role.AGENCY_CLERK, 1)
    with writing(sample.engine) as connection:
        today = clock.day_of(clock.now(connection))
        told = {
            "seat_id": head.seat_id, "person_id": clerk.person_id, "granted_by": head.person_id, "reason": "外出",
            "since": today - timedelta(days=1), "until": today + timedelta(days=1), "stage": "sample", "at": AT,
        }  # fmt: skip
        connection.execute(delegations.insert().values(told | changed))


def seen(sample: Sample) -> list[tuple[str, str]]:
    """Stage and step of what the clerk's inbox holds beside the clerk's own; the counts say the same."""
    clerk = sample.actor(Role.AGENCY_CLERK, 1)
    with writing(sample.engine) as connection:
        token = sessions.open_session(connection, clerk.person_id or 0, clock.real_now())
    with reading(sample.engine) as connection:
        viewer = sessions.viewer_at(connection, token, clock.real_now())
        found = rows(connection, viewer)
        told = counted(connection, viewer)
        assert told["todo"] == told["all"] == len(found)
        assert told["notices"] == len(rows(connection, viewer, Filters("notices")))
    assert viewer is not None
    return sorted((row.url.split("/")[1], str(row.step_label)) for row in found)


def filled(sample: Sample) -> None:
    """A case of each stage that waits for the head."""
    sample.open_case("agreed")
    mending_stage.Desk(sample.engine, sample.county).case_at("checked")
    head = sample.actor(Role.AGENCY_HEAD)
    with writing(sample.engine) as connection:
        for case_id in (1, 2, None):
            told = {"organisation_id": head.organisation_id, "role": str(head.role), "kind": "digest", "body": "样例"}
            connection.execute(notices.insert().values(case_id=case_id, at=AT, **told))


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("sample", [("sample", "支付")]), ("mending", [("mending", "审批")]), ("budget", []),
        ("", [("mending", "审批"), ("sample", "支付")]),
    ],
)  # fmt: skip
def test_a_seat_given_for_one_stage_brings_that_stage_alone(
    sample: Sample, visit: Visit, stage: str, expected: list[tuple[str, str]]
) -> None:
    with mending_stage.registered():
        filled(sample)
        assert seen(sample) == []
        given(sample, stage=stage)
        assert seen(sample) == expected
        text = visit(sample.actor(Role.AGENCY_CLERK, 1)).get("/inbox").text
        assert [f'href="/{one}/' in text for one in ("sample", "mending")] == [
            any(one == shown for shown, _step in expected) for one in ("sample", "mending")
        ]
        notice_box = visit(sample.actor(Role.AGENCY_CLERK, 1)).get("/inbox?box=notices").text
        assert notice_box.count("样例</") == (3 if stage == "" else len(expected))


def test_a_seat_that_is_not_given_any_more_brings_nothing(sample: Sample) -> None:
    head, clerk = sample.actor(Role.AGENCY_HEAD), sample.actor(Role.AGENCY_CLERK, 1)
    today, day = clock.day_of(clock.real_now()), timedelta(days=1)
    filled_once = sample.open_case("agreed")
    assert filled_once
    for wrong in (
        {"since": today + day, "until": today + 2 * day}, {"since": today - 2 * day, "until": today - day},
        {"revoked_at": AT, "revoked_by": head.person_id}, {"granted_by": clerk.person_id},
        {"person_id": sample.actor(Role.CENTRE_CLERK).person_id},
    ):  # fmt: skip
        given(sample, **wrong)
        assert seen(sample) == [], wrong
    given(sample)
    assert seen(sample) == [("sample", "支付")]


@pytest.mark.parametrize("what", ["the giver is disabled", "the giver's seat is over", "no seat in that body"])
def test_nor_one_whose_giver_or_holder_is_gone(sample: Sample, engine: Engine, what: str) -> None:
    head, clerk = sample.actor(Role.AGENCY_HEAD), sample.actor(Role.AGENCY_CLERK, 1)
    sample.open_case("agreed")
    given(sample)
    assert seen(sample) == [("sample", "支付")]
    over = seats.update().values(until=clock.day_of(clock.real_now()) - timedelta(days=1))
    with writing(engine) as connection:
        if what == "the giver is disabled":
            gone = persons.update().where(persons.c.id == head.person_id)
            connection.execute(gone.values(disabled_at=AT))
        else:
            number = head.seat_id if what == "the giver's seat is over" else clerk.seat_id
            connection.execute(over.where(seats.c.id == number))
    assert seen(sample) == []
