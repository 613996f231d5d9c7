"""Months open by themselves, late ones too, once each; a budget's use is watched."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from governance.roles import Role
from tests.settlement.months import Month, moment, prepare
from workflow import lifecycle
from workflow.attempt import SYSTEM
from workflow.db import reading, writing
from workflow.model import cases, notices, occurrences
from workflow.settlement.jobs import months_to_open


def opened(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        query = select(cases.c.period, cases.c.pool).where(cases.c.stage == "settlement")
        return [f"{row.period} {row.pool}" for row in connection.execute(query.order_by(cases.c.period, cases.c.pool))]


def test_a_month_opens_on_the_first_of_the_next(engine: Engine) -> None:
    month = prepare(engine, pools=["resident", "employee"])
    month.jobs("2025-03-31")
    assert opened(engine) == []
    month.jobs("2025-04-01")
    assert opened(engine) == ["2025-03 employee", "2025-03 resident"]
    month.jobs("2025-04-01")
    assert len(opened(engine)) == 2


def test_every_missed_month_opens(engine: Engine) -> None:
    month = prepare(engine)
    month.jobs("2025-07-15")
    assert opened(engine) == [f"2025-0{number} resident" for number in (3, 4, 5, 6)]


def test_the_last_month_of_an_ended_agreement_is_settled(engine: Engine) -> None:
    month = prepare(engine, start="2024-11-01", end="2024-12-31")
    month.jobs("2025-01-02")
    month.jobs("2025-03-03")
    assert opened(engine) == ["2024-11 resident", "2024-12 resident"]


def test_a_month_of_which_only_a_part_was_agreed_is_settled(engine: Engine) -> None:
    month = prepare(engine, start="2025-03-17", end="2025-04-10")
    month.jobs("2025-06-01")
    assert opened(engine) == ["2025-03 resident", "2025-04 resident"]


def test_after_a_takeover_months_from_its_first_day_on(engine: Engine) -> None:
    month = prepare(engine, start="2024-01-01", end="2025-12-31")
    with writing(engine) as connection:
        lifecycle.open_case(
            connection, "takeover", month.county.consortium_id, actor=SYSTEM, at=moment("2025-02-20"),
            place=month.county.place, state="confirmed", dossier={"effective": "2025-02-01", "opening": {}},
        )  # fmt: skip
    month.jobs("2025-04-01")
    assert opened(engine) == ["2025-02 resident", "2025-03 resident"]


def test_a_month_that_could_not_open_opens_later(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    month = prepare(engine)

    def broken(*_given: Any, **_named: Any) -> int:
        raise RuntimeError("broken")

    with monkeypatch.context() as patched:
        patched.setattr(lifecycle, "open_case", broken)
        assert [one.status for one in month.jobs("2025-04-01")] == ["failed"]
    month.jobs("2025-05-06")
    assert opened(engine) == ["2025-03 resident", "2025-04 resident"]


def test_nothing_is_due_once_done(month: Month) -> None:
    with reading(month.engine) as connection:
        assert months_to_open(connection, moment("2025-04-20")) == []
    assert month.jobs("2025-04-20") == []


def test_a_month_waits_for_the_ones_before_it(month: Month) -> None:
    month.open("2025-04", "2025-05-01")
    month.import_sample(on="2025-05-02")
    month.reconcile_all("2025-05-06")
    assert month.jobs("2025-05-06") == []
    assert month.case.state == "declared"


def test_without_an_agreement_nothing_is_calculated_and_the_page_says_so(month: Month) -> None:
    month.import_sample()
    month.reconcile_all()
    with writing(month.engine) as connection:
        connection.execute(
            cases.update().where(cases.c.stage == "agreement").values(
                progress=json.dumps({"terminated_on": "2025-02-01", "suspensions": []})
            )
        )  # fmt: skip
    ran = month.jobs("2025-04-08")
    assert [(one.status, one.error) for one in ran] == [("failed", "2025-03 没有生效的协议")]
    with reading(month.engine) as connection:
        assert connection.scalar(select(occurrences.c.scope).where(occurrences.c.status == "failed")) == month.case_id


def issue_budget(month: Month, amount_fen: int) -> None:
    """A budget of that amount, as issued."""
    with writing(month.engine) as connection:
        case_id = lifecycle.open_case(
            connection, "budget", month.county.consortium_id, actor=SYSTEM, at=moment("2025-01-02"),
            place=month.county.place, pool="resident", period="2025", state="issued", dossier={},
        )  # fmt: skip
        progress = json.dumps({"issued": [{"amount_fen": amount_fen}]})
        connection.execute(text("UPDATE cases SET progress = :p WHERE id = :id"), {"p": progress, "id": case_id})


@pytest.mark.parametrize(
    ("budget_fen", "percents"), [(200_000_000, []), (137_500_000, [80]), (110_000_000, [80, 100]), (None, [])]
)
def test_use_of_the_budget_is_announced_once(engine: Engine, budget_fen: int | None, percents: list[int]) -> None:
    import workflow.budget.machine  # noqa: F401 - the stage registers itself

    month = prepare(engine).open()
    if budget_fen:
        issue_budget(month, budget_fen)
    month.to_approved()
    month.jobs("2025-04-09")
    month.jobs("2025-04-10")
    with reading(engine) as connection:
        query = select(notices.c.body).where(notices.c.kind == "budget_burn", notices.c.role == str(Role.AGENCY_HEAD))
        said = list(connection.scalars(query))
    assert said == [f"2025-03 结算后，年度总额预算已使用 {percent}% 以上" for percent in percents]

