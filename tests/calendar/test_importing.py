"""Importing a notice: strict reading, one transaction, every open deadline that reaches the year computed anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from governance.rulebook import Provision
from governance.workdays import add_workdays
from tests.calendar.notices import SOURCE, csv_2027
from tests.kernel.checking import sound
from tests.kernel.sample_stage import Sample, registered, settle_in
from workflow import clocks, lifecycle, tasks
from workflow.attempt import SYSTEM, Attempt
from workflow.calendar import jobs
from workflow.calendar.importing import import_notice, moves
from workflow.calendar.notice import read_notice
from workflow.calendar_days import load_calendar
from workflow.clock import moment
from workflow.db import make_engine, reading, writing
from workflow.model import calendar_days, notices, records, settings
from workflow.model import clocks as clock_rows
from workflow.model import tasks as open_tasks
from workflow.organisations.model import admin_records

START = date(2026, 12, 21)
AT = moment(date(2026, 12, 22))
THIRTY = Provision(
    rule="settlement.pay_lead_within", place="cn", since=date(2024, 1, 1), value="30", unit="working_days"
)  # fmt: skip


@pytest.fixture
def sample(engine: Engine) -> Iterator[Sample]:
    with registered():
        yield settle_in(engine)


def on(sample: Sample, case_id: int, day: date, act: Any) -> None:
    with writing(sample.engine) as connection:
        attempt = Attempt(connection, lifecycle.lock(connection, case_id), SYSTEM, moment(day))
        act(attempt)
        if attempt.noted:
            lifecycle.note(connection, case_id, "remind", at=moment(day), data=attempt.noted)
        tasks.refresh(Attempt(connection, lifecycle.lock(connection, case_id), SYSTEM, moment(day)))


def started(sample: Sample, day: date = START) -> int:
    case_id = sample.open_case("submitted")
    on(sample, case_id, day, lambda attempt: clocks.start(attempt, "pay_lead", THIRTY, Role.AGENCY_CLERK))
    return case_id


def imported(engine: Engine, text: str = "", at: datetime = AT, **options: Any) -> list[Any]:
    with writing(engine) as connection:
        notice = read_notice(text or csv_2027(), 2027, SOURCE)
        return import_notice(connection, notice, actor=SYSTEM, at=at, **options)


def row_of(engine: Engine, case_id: int) -> Any:
    with reading(engine) as connection:
        return connection.execute(select(clock_rows).where(clock_rows.c.case_id == case_id)).one()


def test_open_deadlines_are_moved_recorded_and_told(sample: Sample) -> None:
    case_id, other = started(sample), started(sample, date(2026, 3, 2))
    before, untouched = row_of(sample.engine, case_id), row_of(sample.engine, other)
    assert before.provisional
    (move,) = imported(sample.engine)
    with reading(sample.engine) as connection:
        after, provisional = add_workdays(START, 30, load_calendar(connection))
        trail = connection.execute(select(records).where(records.c.case_id == case_id).order_by(records.c.seq)).all()
        told = connection.execute(select(notices)).all()
        waited = set(connection.scalars(select(open_tasks.c.deadline).where(open_tasks.c.case_id == case_id)))
        acts = connection.execute(select(admin_records)).all()
    row = row_of(sample.engine, case_id)
    assert not provisional
    assert (row.deadline, row.provisional) == (after, False)
    assert (move.before, move.after) == (before.deadline, after)
    assert after != before.deadline
    assert trail[-1].verb == "deadline_moved"
    data = json.loads(trail[-1].body)["data"]
    assert (data["before"], data["after"], data["source"]) == (before.deadline.isoformat(), after.isoformat(), SOURCE)
    assert waited == {after.isoformat()}
    assert [(one.role, one.kind) for one in told] == [("agency_clerk", "deadline_moved")]
    assert [one.verb for one in acts] == ["import_calendar"]
    assert row_of(sample.engine, other) == untouched
    sound(sample.engine)


def test_the_year_is_confirmed_with_its_source(engine: Engine) -> None:
    imported(engine)
    with reading(engine) as connection:
        calendar = load_calendar(connection)
        sources = set(
            connection.scalars(select(calendar_days.c.source).where(calendar_days.c.day >= date(2027, 1, 1),
                                                                    calendar_days.c.day <= date(2027, 12, 31)))
        )  # fmt: skip
    assert 2027 in calendar.confirmed_years
    assert 2028 not in calendar.confirmed_years
    assert sources == {SOURCE}
    assert calendar.is_workday(date(2027, 1, 31))
    assert not calendar.is_workday(date(2027, 2, 12))


def test_another_process_sees_the_import_at_its_next_transaction(database_url: str) -> None:
    """The calendar is kept by address; a second engine on the same database stands for the other process."""
    first, second = make_engine(database_url), make_engine(database_url)
    try:
        with reading(second) as connection:
            assert 2027 not in load_calendar(connection).confirmed_years
        imported(first)
        with reading(second) as connection:
            assert 2027 in load_calendar(connection).confirmed_years
            version = connection.scalar(select(settings.c.value).where(settings.c.name == "calendar.version"))
        assert version
    finally:
        first.dispose()
        second.dispose()


def test_a_broken_import_leaves_nothing(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [started(sample), started(sample)]
    before = [row_of(sample.engine, one) for one in cases]
    broken = lifecycle.note

    def breaks(connection: Any, case_id: int, *args: Any, **options: Any) -> None:
        broken(connection, case_id, *args, **options)
        if case_id == cases[1]:
            raise OSError("断电")

    with monkeypatch.context() as patch:
        patch.setattr(lifecycle, "note", breaks)
        with suppress(OSError):
            imported(sample.engine)
    assert [row_of(sample.engine, one) for one in cases] == before
    with reading(sample.engine) as connection:
        assert 2027 not in load_calendar(connection).confirmed_years
        assert connection.execute(select(notices)).all() == []
        assert connection.execute(select(admin_records)).all() == []
    assert len(imported(sample.engine)) == len(cases)
    sound(sample.engine)


def test_a_pause_counts_as_the_new_calendar_counts_it(sample: Sample) -> None:
    case_id = started(sample, date(2027, 1, 25))
    on(sample, case_id, date(2027, 1, 29), lambda attempt: clocks.pause(attempt, "pay_lead"))
    on(sample, case_id, date(2027, 2, 1), lambda attempt: clocks.resume(attempt, "pay_lead"))
    assert row_of(sample.engine, case_id).paused_days == 1
    with reading(sample.engine) as connection:
        ((pause,),) = clocks.pauses(connection, [case_id]).values()
    assert (pause.since, pause.until, pause.hands) == (date(2027, 1, 29), date(2027, 2, 1), "system")
    imported(sample.engine, at=moment(date(2027, 2, 2)))
    row = row_of(sample.engine, case_id)
    with reading(sample.engine) as connection:
        assert (row.paused_days, row.deadline) == (
            2, add_workdays(date(2027, 1, 25), 32, load_calendar(connection))[0],
        )  # fmt: skip


def test_a_confirmed_year_is_replaced_only_for_a_reason(sample: Sample) -> None:
    case_id = started(sample)
    imported(sample.engine)
    moved = row_of(sample.engine, case_id).deadline
    with pytest.raises(Refused, match="已经确定"):
        imported(sample.engine)
    with pytest.raises(Refused, match="替换须写明原因"):
        imported(sample.engine, replace=True)
    amended = csv_2027(extra="2027-01-25,holiday,样例增加")
    (move,) = imported(sample.engine, amended, replace=True, reason="国务院增加一天假期")
    assert (move.before, move.was_provisional) == (moved, False)
    assert row_of(sample.engine, case_id).deadline > moved


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "看不懂"),
        ("day,kind\n2027-01-01,holiday\n", "看不懂"),
        (csv_2027(extra="2027-01-01,holiday,"), "2027-01-01 重复"),
        (csv_2027(extra="2026-12-31,holiday,"), "2026-12-31 不在 2027 年"),
        (csv_2027(extra="2027-1-1,holiday,"), "日期“2027-1-1”不对"),
        (csv_2027(extra="2027-02-30,holiday,"), "日期“2027-02-30”不对"),
        (csv_2027(extra="2027-03-01,off,"), "不能是“off”"),
        (csv_2027(extra="2027-03-01,workday,"), "2027-03-01 本来就是工作日"),
        (csv_2027(extra="2027-03-01,holiday"), "应有 3 列"),
        (csv_2027(without="中秋节"), "法定节假日不能是工作日：2027-09-15"),
        ("date,kind\n" + "".join(f"{day},holiday\n" for day in
         ("2027-01-01", "2027-02-05", "2027-02-08", "2027-02-09", "2027-04-05", "2027-06-09", "2027-09-15",
          "2027-10-01")), "请核对文件是否完整"),
        (csv_2027(extra="\n".join(f"{date(2027, 7, 1) + timedelta(days=n)},holiday," for n in range(31))),
         "请核对文件是否完整"),
        ("x" * 100_001, "文件过大"),
    ],
)  # fmt: skip
def test_a_wrong_notice_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        read_notice(text, 2027, SOURCE)


def test_a_notice_needs_its_number_and_many_faults_are_summed_up() -> None:
    with pytest.raises(Refused, match="请填写通知的文号"):
        read_notice(csv_2027(), 2027, " ")
    with pytest.raises(Refused) as caught:
        read_notice(csv_2027(), 2026, SOURCE)
    assert len(caught.value.refusals) == 11


def test_a_year_nobody_knows_is_refused_with_a_sentence(engine: Engine) -> None:
    with reading(engine) as connection:
        calendar = load_calendar(connection)
        assert clocks.working_days_left(connection, date(2026, 1, 5), date(2029, 1, 5)) is None
        assert clocks.soon(connection, date(2028, 12, 30), 5) == date(2029, 1, 4)
    assert add_workdays(date(2028, 11, 1), 30, calendar)[1]
    with pytest.raises(Refused, match="工作日历里没有 2029 年"):
        add_workdays(date(2028, 12, 20), 30, calendar)


def test_rules_officers_are_warned_from_november_once_a_week(sample: Sample) -> None:
    def due(day: date) -> list[Any]:
        with reading(sample.engine) as connection:
            return jobs.due_warnings(connection, moment(day))

    assert due(date(2026, 10, 30)) == []
    (first,), (same,), (next_week,) = due(date(2026, 11, 3)), due(date(2026, 11, 6)), due(date(2026, 11, 9))
    assert first.period == same.period != next_week.period
    with writing(sample.engine) as connection:
        jobs.warn(connection, first, moment(date(2026, 11, 3)))
        (told,) = connection.execute(select(notices)).all()
    assert (told.case_id, told.role, told.kind) == (None, "rules_officer", "calendar")
    assert "2027 年" in told.body
    imported(sample.engine)
    assert due(date(2026, 12, 1)) == []
    assert due(date(2027, 12, 1))[0].scope == -2028


def test_a_far_year_is_provided_as_provisional(engine: Engine) -> None:
    at = moment(date(2027, 5, 6))
    with reading(engine) as connection:
        (due,) = jobs.due_years(connection, at)
    with writing(engine) as connection:
        jobs.provide(connection, due, at)
    with reading(engine) as connection:
        assert add_workdays(date(2028, 12, 20), 30, load_calendar(connection))[1]
        assert jobs.due_years(connection, at) == []


def test_a_deadline_left_provisional_is_settled_later(sample: Sample) -> None:
    imported(sample.engine)
    case_id = started(sample)
    with writing(sample.engine) as connection:
        connection.execute(clock_rows.update().values(provisional=True))
        at = moment(date(2026, 12, 23))
        (due,) = jobs.due_settlements(connection, at)
        jobs.settle(connection, due, at)
        assert jobs.due_settlements(connection, at) == []
        assert moves(connection, load_calendar(connection), 2027) == []
    assert not row_of(sample.engine, case_id).provisional
    sound(sample.engine)


def test_the_command_shows_imports_and_refuses(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "2027.csv"
    file.write_text(csv_2027(), encoding="utf-8-sig")
    run = app.test_cli_runner().invoke
    options = ["calendar", "import", str(file), "--year", "2027", "--source", SOURCE]
    tried = run(args=[*options, "--dry-run"])
    assert "放假 28 天，周末上班 5 天，与平常周末不同 23 天" in tried.output
    assert "试算，没有写入" in tried.output
    assert "暂定" in run(args=["calendar", "show", "--year", "2027"]).output
    assert run(args=options).exit_code == 0
    assert json.loads(run(args=["calendar", "show", "--year", "2027", "--json"]).output)["confirmed"] is True
    again = run(args=options)
    assert (again.exit_code, "已经确定" in again.output) == (3, True)
    assert run(args=["calendar", "show", "--year", "2035"]).exit_code == 3
    counted = json.loads(run(args=["workdays", "--from", "2027-01-05", "--days", "3", "--json"]).output)
    assert counted == {"date": "2027-01-08", "provisional": False}, "the imported notice counts"
    far = run(args=["workdays", "--from", "2028-12-20", "--days", "30"])
    assert (far.exit_code, "没有 2029 年" in far.output) == (3, True)
