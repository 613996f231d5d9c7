"""``kill -9`` in the middle of making up for a rule: a month has its supplement whole and once, or not at all."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from tests.faults.test_crashes import wait_for_backends
from tests.rule_change.changing import City, city_with_month, moment
from tests.rule_change.test_rule_change_made_up import BACKWARDS, close, of_period, standings
from workflow import lifecycle
from workflow.db import make_engine, reading
from workflow.model import attachments, clocks, dossiers, notices, occurrences, records, worksheets
from workflow.occurrences import run_due
from workflow.rule_change import making_up
from workflow.rule_change.jobs import JOBS

LEFT = (attachments, clocks, dossiers, notices, records, worksheets, occurrences)


def die(*_args: Any, **_named: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def opened_and_not_worked_out() -> None:
    lifecycle.take = die  # type: ignore[assignment]


def worked_out_and_not_told() -> None:
    lifecycle.note = die  # type: ignore[assignment]


def told_and_not_kept() -> None:
    making_up.owed.told = die  # type: ignore[assignment]


def run_and_die(engine: Engine, wound: Callable[[], None]) -> None:
    """A scheduler of its own that is killed at the wound."""
    url = engine.url.render_as_string(hide_password=False)
    engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            wound()
            run_due(make_engine(url), moment("2025-04-16"), JOBS)
        finally:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL, "the child was not killed"
    wait_for_backends(engine)


def counted(engine: Engine) -> list[int | None]:
    with reading(engine) as connection:
        return [connection.scalar(select(func.count()).select_from(one)) for one in LEFT]


@pytest.mark.parametrize("wound", [opened_and_not_worked_out, worked_out_and_not_told, told_and_not_kept])
def test_killed_in_the_middle_nothing_is_left_and_the_next_run_opens_it_once(
    engine: Engine, wound: Callable[[], None]
) -> None:
    city: City = city_with_month(engine)
    close(city.held["month"])
    city.to_enacted(**BACKWARDS)
    before = counted(engine)
    for _kill in range(2):
        run_and_die(engine, wound)
        assert counted(engine) == before and len(of_period(engine)) == 1
    assert [one.error for one in city.jobs()] == [""] and city.jobs() == []
    assert [row.serial for row in of_period(engine)] == [1, 2]
    assert [one["by_state"] for one in standings(city)] == ["calculated"]
