"""The register's page and commands: who finds it, what it refuses, and counts that a decided budget has used."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text

from tests.organisations.conftest import Hall
from tests.register.registers import CANARY, OTHER, PLACE, Desk, csv_of, open_desk, person, row
from tests.settlement.months import moment
from workflow import lifecycle
from workflow.attempt import SYSTEM
from workflow.db import metadata, reading, writing
from workflow.model import worksheets
from workflow.organisations.model import insured_counts
from workflow.register.model import register_files

PAGE = f"/register/{PLACE}"
CLERK, REVIEWER = "agency.agency_clerk.0", "agency.agency_reviewer.0"


@pytest.fixture
def hall(app: Flask, engine: Engine) -> Hall:
    return Hall(app, engine, open_desk(engine).county)


def given(content: bytes, name: str = "r.csv") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def heads(engine: Engine, period: str) -> list[int]:
    with reading(engine) as connection:
        return sorted(connection.scalars(select(insured_counts.c.heads).where(insured_counts.c.period == period)))


def test_a_clerk_imports_and_a_reviewer_confirms(hall: Hall) -> None:
    clerk, reviewer = hall.enter(CLERK), hall.enter(REVIEWER)
    assert "还没有导入名册" in clerk.get(PAGE).text
    wrong = clerk.post(PAGE, period="2026-01", file=given(csv_of(row(CANARY, pool="x"))))
    assert wrong.status_code == 422 and "第 2 行" in wrong.text and CANARY not in wrong.text
    for _again in range(2):
        done = clerk.post(PAGE, key="same", period="2026-01", file=given(csv_of(row(CANARY), row(person(2)))))
        assert done.status_code == 303, done.text
    page = reviewer.get(PAGE).text
    assert "待复核人确认" in page and "没有上期名册可比" in page and "提交复核结果" in page
    assert "提交复核结果" not in clerk.get(PAGE).text and heads(hall.engine, "2026-01") == []
    with reading(hall.engine) as connection:
        (number,) = connection.scalars(select(register_files.c.id)).all()
    assert clerk.post(f"{PAGE}/{number}", verdict="confirmed").status_code == 404
    assert reviewer.post(f"/register/{OTHER}/{number}", verdict="confirmed").status_code == 404
    assert reviewer.post(f"{PAGE}/{number}", verdict="refused").status_code == 422
    assert reviewer.post(f"{PAGE}/{number}", verdict="confirmed").status_code == 303
    assert "一致" in reviewer.get(PAGE).text and heads(hall.engine, "2026-01") == [2]
    with reading(hall.engine) as connection:
        for table in metadata.sorted_tables:
            assert CANARY not in str(connection.execute(select(table)).all()), table.name


def test_who_does_not_reach_the_place_finds_nothing(hall: Hall) -> None:
    for login in ("lead.lead_head.0", "platform.administrator.0", "county_health.county_health_reviewer.0"):
        assert hall.enter(login).get(PAGE).status_code == 404
    county = hall.enter("county_insurance.county_insurance_reviewer.0")
    assert county.get(PAGE).status_code == 200 and county.get(f"/register/{OTHER}").status_code == 404
    assert county.post(PAGE, period="2026-01", file=given(csv_of(row(person(1))))).status_code == 404
    assert hall.enter(CLERK).get("/register/nowhere").status_code == 404


def decided_budget(engine: Engine, consortium: int, calculated_on: str) -> None:
    """A budget of 2026 that was calculated on a day and approved."""
    at = moment(calculated_on)
    with writing(engine) as connection:
        case = lifecycle.open_case(
            connection, "budget", consortium, actor=SYSTEM, at=at, place=PLACE, period="2026", pool="resident",
            state="approved",
        )  # fmt: skip
        connection.execute(
            worksheets.insert().values(
                case_id=case, version=1, sheet="budget", place=PLACE, day=date(2026, 1, 1), book_digest="",
                facts="{}", agreement="{}", body="{}", sha256="", at=at,
            )
        )  # fmt: skip


def test_a_count_that_a_decided_budget_has_used_stays_and_the_difference_shows(hall: Hall) -> None:
    desk = Desk(hall.engine, hall.county)
    decided_budget(hall.engine, hall.county.consortium_id, "2026-01-10")
    desk.confirmed(csv_of(row(person(1)), row(person(2), "sample-b")), "2026")
    assert heads(hall.engine, "2026") == [1, 300000]
    assert "不同：登记的是 300000" in hall.enter(REVIEWER).get(PAGE).text
    with reading(hall.engine) as connection:
        told = connection.scalar(text("SELECT body FROM admin_records WHERE verb = 'register_confirmed'"))
    assert '"held":300000' in told


def test_a_count_that_no_decided_budget_has_used_is_replaced(hall: Hall) -> None:
    desk = Desk(hall.engine, hall.county)
    desk.confirmed(csv_of(row(person(1))), "2026")
    assert heads(hall.engine, "2026") == [1]
    decided_budget(hall.engine, hall.county.consortium_id, "2026-01-10")
    desk.confirmed(csv_of(row(person(1)), row(person(2))), "2026")
    assert heads(hall.engine, "2026") == [2]


def test_the_command_line_imports_and_shows(hall: Hall, tmp_path: Path) -> None:
    run = hall.app.test_cli_runner()
    path = tmp_path / "given.csv"
    path.write_bytes(csv_of(row(person(1))))
    for words, said in (
        (("import", PLACE, "2026-01", str(path), "--by", REVIEWER), "不是在岗的经办机构经办人"),
        (("import", "demo-suixi", "2026-01", str(path), "--by", CLERK), "不经办地区"),
        (("import", PLACE, "2026-1", str(path), "--by", CLERK), "期间"),
    ):
        refused = run.invoke(args=("register", *words))
        assert refused.exit_code == 3 and said in refused.output, refused.output
    done = run.invoke(args=("register", "import", PLACE, "2026-01", str(path), "--by", CLERK))
    assert done.exit_code == 0 and "待经办机构复核人确认" in done.output, done.output
    shown = run.invoke(args=("register", "show", PLACE)).output
    assert "2026-01\t待复核人确认\t1" in shown and "sample-a\tresident\t1" in shown
