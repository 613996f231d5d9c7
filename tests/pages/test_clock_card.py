"""The deadlines on a case's page: from when, how far, in whose hands days lay, and what a notice made of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, render_template_string
from sqlalchemy import Engine

from governance.roles import Role
from governance.rulebook import Provision
from tests.calendar.notices import SOURCE, csv_2027
from tests.kernel.sample_stage import Sample, registered, settle_in
from tests.statements import counting
from workflow import clocks, enacted, lifecycle
from workflow.attempt import SYSTEM, Actor, Attempt, Case
from workflow.calendar.importing import import_notice
from workflow.calendar.notice import read_notice
from workflow.clock import moment
from workflow.db import reading, writing
from workflow.model import cases
from workflow.pages.case_reading import read_case
from workflow.pages.clock_card import cards

THIRTY = Provision(
    rule="settlement.pay_lead_within", place="cn", since=date(2024, 1, 1), value="30", unit="working_days"
)  # fmt: skip


@pytest.fixture
def engine(app: Flask) -> Engine:
    found: Engine = app.extensions["gongzhi.engine"]
    return found


@pytest.fixture
def sample(engine: Engine) -> Iterator[Sample]:
    with registered():
        yield settle_in(engine)


def on(sample: Sample, case_id: int, day: str, act: Any, actor: Actor = SYSTEM) -> None:
    """Do something to the case's clocks, and leave a record of it."""
    at = moment(date.fromisoformat(day))
    with writing(sample.engine) as connection:
        attempt = Attempt(connection, lifecycle.lock(connection, case_id), actor, at)
        act(attempt)
        lifecycle.note(connection, case_id, "remind", at=at, data=attempt.noted, actor=actor)


def running(sample: Sample, day: str = "2026-03-02") -> int:
    case_id = sample.open_case("submitted")
    on(sample, case_id, day, lambda attempt: clocks.start(attempt, "pay_lead", THIRTY, Role.AGENCY_CLERK))
    return case_id


def shown(sample: Sample, case_id: int, day: str, holding: tuple[str, ...] = ()) -> list[SimpleNamespace]:
    """The cards of the case's clocks as the page of ``day`` has them."""
    bodies = dict.fromkeys(sample.county.organisations[code] for code in holding)
    with reading(sample.engine) as connection:
        case = Case(*connection.execute(cases.select().where(cases.c.id == case_id)).one())
        kept = read_case(connection, case, moment(date.fromisoformat(day)), demo=True)
        every = clocks.of_case(connection, case_id)
        # What every page has asked before its cards are drawn: who is who, the stage's table, the house's versions.
        _ = kept.attempt.parties, kept.attempt.stage
        enacted.heed(connection, "")
        clocks.working_days_left(connection, kept.attempt.day, kept.attempt.day)
        with counting(connection) if connection.dialect.name == "sqlite" else nullcontext([]) as asked:
            found = cards(kept, every, bodies)
        assert asked == []
        return found


def test_a_running_clock_says_its_rule_its_start_and_its_days(sample: Sample) -> None:
    (card,) = shown(sample, running(sample), "2026-03-09")
    assert (str(card.state_label), str(card.label), card.provisional) == ("在走", "拨付牵头医院", False)
    assert card.started_on == date(2026, 3, 2) and str(card.begun) == "提醒"
    assert "申报" in card.condition and "湘医保发〔2024〕31号" in card.cite
    assert str(card.counted) == "已计 5 / 30 个工作日"
    assert "医保经办机构经办" in card.holder and "agency" in card.holder


def test_days_in_other_hands_do_not_count_and_are_named(sample: Sample) -> None:
    case_id = running(sample)
    on(sample, case_id, "2026-03-04", lambda attempt: clocks.pause(attempt, "pay_lead"))
    (card,) = shown(sample, case_id, "2026-03-20", ("lead",))
    assert str(card.state_label) == "暂停中" and str(card.counted) == "已计 2 / 30 个工作日"
    (pause,) = card.pauses
    assert (pause.since, pause.until) == (date(2026, 3, 4), None) and "lead" in pause.hands
    clerk = sample.actor(Role.LEAD_CLERK)
    on(sample, case_id, "2026-03-11", lambda attempt: clocks.resume(attempt, "pay_lead"), clerk)
    (card,) = shown(sample, case_id, "2026-03-12")
    assert str(card.counted) == "已计 3 / 30 个工作日"
    (pause,) = card.pauses
    assert (pause.since, pause.until) == (date(2026, 3, 4), date(2026, 3, 11))
    assert "lead" in pause.hands and "牵头医院经办" in pause.hands


def test_a_clock_that_stopped_says_when_and_whether_late(sample: Sample) -> None:
    case_id = running(sample)
    (card,) = shown(sample, case_id, "2026-05-20")
    assert (str(card.state_label), card.tone) == ("已超期", "r")
    on(sample, case_id, "2026-05-20", lambda attempt: clocks.stop(attempt, "pay_lead"))
    on(sample, case_id, "2026-05-21", lambda attempt: clocks.start(attempt, "pay_lead", THIRTY, Role.AGENCY_CLERK))
    first, second = shown(sample, case_id, "2026-05-22")
    assert (str(first.state_label), str(second.state_label)) == ("在走", "已停止，超期")
    assert second.stopped_on == date(2026, 5, 20)


def test_a_deadline_that_a_notice_moves_keeps_its_history(sample: Sample) -> None:
    case_id = running(sample, "2026-12-21")
    (card,) = shown(sample, case_id, "2026-12-22")
    assert card.provisional and card.moves == []
    before = card.deadline
    with writing(sample.engine) as connection:
        notice = read_notice(csv_2027(), 2027, SOURCE)
        import_notice(connection, notice, actor=SYSTEM, at=moment(date(2026, 12, 22)))
    (card,) = shown(sample, case_id, "2026-12-23")
    assert not card.provisional
    (move,) = card.moves
    assert (move.before, move.after, move.source) == (before, card.deadline, SOURCE) and before != card.deadline


def test_the_card_is_drawn_with_all_of_it(app: Flask, sample: Sample) -> None:
    case_id = running(sample)
    on(sample, case_id, "2026-03-04", lambda attempt: clocks.pause(attempt, "pay_lead"))
    (card,) = shown(sample, case_id, "2026-03-20", ("lead",))
    with app.test_request_context():
        drawn = render_template_string(
            '{% from "_case.html" import clock with context %}{{ clock(card) }}', card=card, locale="zh"
        )
    for words in ("拨付牵头医院", "暂停中", "2026-03-02", "已计 2 / 30 个工作日", "2026-03-04", "手中"):
        assert words in drawn
