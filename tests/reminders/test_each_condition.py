"""Who is told what and when: one world of clocks and tasks of every kind, and each condition missed when it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from governance.roles import Role
from tests.kernel.sample_stage import Sample, registered, settle_in
from tests.mutating import changed
from workflow import clocks as kernel_clocks
from workflow import jobs
from workflow.clock import moment
from workflow.db import writing
from workflow.flows import overdue
from workflow.model import clocks, notices, tasks
from workflow.occurrences import Due
from workflow.organisations.model import persons, seats
from workflow.reminders import jobs as reminders

TODAY, SATURDAY = date(2026, 3, 19), date(2026, 3, 21)
PAST, YESTERDAY = date(2026, 3, 16), date(2026, 3, 18)


@pytest.fixture
def sample(engine: Engine) -> Iterator[Sample]:
    with registered():
        yield settle_in(engine)


def clock_of(connection: Connection, case_id: int, deadline: date, name: str = "pay_lead", **more: Any) -> None:
    row = {
        "case_id": case_id, "name": name, "serial": 1, "rule": "settlement.pay_lead_within", "days": 10,
        "started_on": date(2026, 3, 2), "deadline": deadline, "provisional": False, "paused_days": 0,
        "holder_role": "agency_clerk",
    }  # fmt: skip
    connection.execute(clocks.insert().values(row | more))


KINDS: dict[str, dict[str, Any]] = {
    "late": {"deadline": PAST}, "window": {"deadline": PAST, "name": "objection"}, "today": {"deadline": TODAY},
    "stopped in time": {"deadline": PAST, "stopped_on": date(2026, 3, 12)},
    "stopped late": {"deadline": PAST, "stopped_on": YESTERDAY, "overdue_on": date(2026, 3, 17)},
    "paused": {"deadline": PAST, "paused_on": date(2026, 3, 13)},
    "flagged": {"deadline": PAST, "overdue_on": date(2026, 3, 17)},
    "flagged and paused": {"deadline": PAST, "overdue_on": date(2026, 3, 17), "paused_on": YESTERDAY},
    "flagged just now": {"deadline": YESTERDAY, "overdue_on": TODAY},
}  # fmt: skip


def fill(sample: Sample) -> dict[int, str]:
    """A case with each kind of clock, tasks due now and far off, twice for one holder in one case; people who left."""
    found = {}
    with writing(sample.engine) as connection:
        for name, given in KINDS.items():
            case_id = sample.open_case("submitted", connection=connection)
            clock_of(connection, case_id, **given)
            found[case_id] = name
        connection.execute(tasks.update().values(deadline="2026-06-30"))
        first, second, third = list(found)[:3]
        late = tasks.update().where(tasks.c.case_id.in_((first, second)))
        connection.execute(late.values(deadline="2026-03-18"))
        agency, bureau = sample.county.organisations["agency"], sample.county.organisations["city_finance"]
        for case_id, organisation, role, deadline in (
            (first, agency, "agency_clerk", "2026-03-20"), (third, agency, "agency_reviewer", "2026-03-26"),
            (third, bureau, "agency_clerk", "2026-03-19"), (third, bureau, "city_finance_reviewer", "2026-03-27"),
        ):
            row = {"case_id": case_id, "trigger": "remark", "organisation_id": organisation, "role": role}
            connection.execute(tasks.insert().values(**row, since=moment(PAST), deadline=deadline))
        gone, over = sample.actor(Role.AGENCY_HEAD), sample.actor(Role.AGENCY_HEAD, 1)
        connection.execute(persons.update().where(persons.c.id == gone.person_id).values(disabled_at=moment(PAST)))
        elsewhere = {"organisation_id": bureau, "role": "agency_head", "since": date(2020, 1, 1)}
        for person, more in (
            (over, {}), (sample.actor(Role.CENTRE_CLERK), elsewhere),
            (sample.actor(Role.CENTRE_HEAD), elsewhere | {"organisation_id": agency, "until": YESTERDAY}),
            (sample.actor(Role.CENTRE_CLERK, 1), elsewhere | {"organisation_id": agency, "since": SATURDAY}),
        ):
            if more:
                connection.execute(seats.insert().values(person_id=person.person_id, **more))
    return found


def told(sample: Sample, known: dict[int, str]) -> dict[str, Any]:
    """Everything that scheduled work would say today, and what it has said of one holder and one delay."""
    at, number = moment(TODAY, 9), {name: case_id for case_id, name in known.items()}
    with sample.engine.connect() as connection:
        found: dict[str, Any] = {
            "overdue": sorted(known[one.scope] for one in jobs.overdue_clocks(connection, at)),
            "escalated": sorted(known[one.scope] for one in reminders.due_escalations(connection, at)),
            "digests": sorted(one.period for one in reminders.due_digests(connection, at)),
            "early": reminders.due_digests(connection, moment(TODAY, 7)),
            "saturday": reminders.due_digests(connection, moment(SATURDAY, 9)),
            "late": [
                (one.holder.rpartition(" ")[2], one.number, one.still_open, one.days_over, one.most_over)
                for one in overdue.statistics(connection, TODAY)
            ],
        }  # fmt: skip
        agency = sample.county.organisations["agency"]
        reminders.send_digest(connection, Due(-agency, f"agency_clerk:{TODAY}", at), at)
        (body,) = connection.scalars(select(notices.c.body).where(notices.c.kind == "digest"))
        found["digest"] = (body.partition("：")[0], body.count("到期") - 1)
        found["people"] = reminders._people(connection, Role.AGENCY_HEAD, [agency], TODAY)
        deadlines = connection.execute(select(clocks).where(clocks.c.case_id == number["late"])).one()
        found["left"] = kernel_clocks.working_days_left(connection, TODAY, deadlines.deadline)
        connection.rollback()
    return found


def expected(sample: Sample) -> dict[str, Any]:
    """By hand: 16 March is a Monday, three working days before Thursday the 19th; the fifth one after is the 26th."""
    return {
        "overdue": ["late"], "escalated": ["flagged"], "early": [], "saturday": [],
        "digests": ["agency_clerk:2026-03-19"] * 2 + ["agency_reviewer:2026-03-19"],
        # late 3, stopped late 2, flagged 3, flagged just now 1; neither paused nor in time nor a window
        "late": [("医保经办机构经办", 4, 3, 9, 3)],
        "digest": ("0 件将在 5 个工作日内到期，2 件已超期", 2),
        "people": [sample.actor(Role.AGENCY_HEAD, 1).name], "left": -3,
    }  # fmt: skip


MUTANTS: tuple[tuple[ModuleType, str, str, str], ...] = (
    (jobs, "overdue_clocks", "        clocks.c.name.notin_(WINDOWS),\n", ""),
    (jobs, "overdue_clocks", "        clocks.c.stopped_on.is_(None),\n", ""),
    (jobs, "overdue_clocks", "        clocks.c.paused_on.is_(None),\n", ""),
    (jobs, "overdue_clocks", "        clocks.c.overdue_on.is_(None),\n", ""),
    (jobs, "overdue_clocks", "clocks.c.deadline < ", "clocks.c.deadline <= "),
    (reminders, "due_digests", " or not calendar.is_workday(day)", ""),
    (reminders, "due_digests", " or at < clock.moment(day, DIGEST_HOUR)", ""),
    (reminders, "due_digests", "        .where(tasks.c.deadline <= until)\n", ""),
    (reminders, "due_digests", "tasks.c.deadline <= until", "tasks.c.deadline < until"),
    (reminders, "send_digest", "tasks.c.organisation_id == -due.scope, ", ""),
    (reminders, "send_digest", "tasks.c.role == role, ", ""),
    (reminders, "send_digest", ", tasks.c.deadline <= until", ""),
    (reminders, "send_digest", "{row.id: row for row in", "{(row.id, row.trigger): row for row in"),
    (reminders, "due_escalations", "columns.overdue_on.isnot(None), ", ""),
    (reminders, "due_escalations", "columns.stopped_on.is_(None), ", ""),
    (reminders, "due_escalations", ", columns.paused_on.is_(None)", ""),
    (reminders, "due_escalations", "-over >= rule.integer", "over < 0"),
    (reminders, "_people", "seats.c.organisation_id.in_(bodies), ", ""),
    (reminders, "_people", "seats.c.role == str(head), ", ""),
    (reminders, "_people", ", seats.c.since <= day", ""),
    (reminders, "_people", "seats.c.until.is_(None) | (seats.c.until >= day), ", ""),
    (reminders, "_people", ", persons.c.disabled_at.is_(None)", ""),
    (overdue, "statistics", "columns.name.notin_(WINDOWS), ", ""),
    (overdue, "statistics", "or_(columns.stopped_on.isnot(None), columns.paused_on.is_(None))", "columns.case_id > 0"),
    (overdue, "statistics", "columns.deadline < today, ", ""),
    (overdue, "statistics", ", columns.stopped_on > columns.deadline)", ", columns.stopped_on.isnot(None))"),
    (overdue, "statistics", "row.stopped_on or today", "today"),
)  # fmt: skip


def test_each_condition_is_missed(sample: Sample) -> None:
    known = fill(sample)
    assert told(sample, known) == expected(sample)
    survivors = []
    for module, name, old, new in MUTANTS:
        with changed(module, name, old, new):
            try:
                same = told(sample, known) == expected(sample)
            except Exception:
                same = False
        if same:
            survivors.append((name, old))
    assert survivors == []
