"""Recalls: whoever took the last step takes it back while nobody has acted on it and nothing was booked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.acts.giving import seat
from tests.kernel.checking import state_of
from tests.kernel.mending_stage import AT, Desk, registered, settle_in
from tests.kernel.test_returns import outcomes, refused
from workflow import door, lifecycle
from workflow.acts.model import added_seats, interventions
from workflow.attempt import SYSTEM
from workflow.db import reading, writing
from workflow.model import clocks, dossiers, records

HEAD, REVIEWER, CLERK = Role.AGENCY_HEAD, Role.AGENCY_REVIEWER, Role.LEAD_CLERK


@pytest.fixture
def desk(engine: Engine) -> Iterator[Desk]:
    with registered():
        yield settle_in(engine)


def body(desk: Desk, case_id: int) -> Any:
    row = state_of(desk.engine, case_id)
    where = (dossiers.c.case_id == case_id, dossiers.c.version == row.dossier_version)
    with reading(desk.engine) as connection:
        return json.loads(str(connection.scalar(select(dossiers.c.body).where(*where))))


def test_the_case_is_as_it_was_before_the_step(desk: Desk) -> None:
    case_id = desk.open_case()
    desk.take(case_id, "edit", CLERK, amount_fen=7)
    before, held = state_of(desk.engine, case_id), body(desk, case_id)
    desk.take(case_id, "submit", CLERK, note="提交时改")
    assert desk.take(case_id, "take_back", CLERK, reason="改错了") == "drafting"
    after = state_of(desk.engine, case_id)
    assert body(desk, case_id) == held
    assert (after.progress, after.amount_fen, after.subject_hash) == (before.progress, 7, before.subject_hash)
    assert outcomes(desk, case_id) == ["withdrawn"]
    with reading(desk.engine) as connection:
        running = connection.execute(select(clocks.c.stopped_on).where(clocks.c.case_id == case_id)).one()
        row = connection.execute(select(records).where(records.c.verb == "take_back")).one()
    assert running.stopped_on is not None
    assert (row.from_state, row.to_state) == ("submitted", "drafting")
    assert json.loads(row.body)["data"]["taken_back"] == "submit"
    assert desk.take(case_id, "submit", CLERK) == "submitted"


def test_an_opinion_taken_back_counts_no_more_and_may_be_given_again(desk: Desk) -> None:
    case_id = desk.case_at("checked")
    assert desk.take(case_id, "take_back", REVIEWER, reason="看漏了") == "submitted"
    assert outcomes(desk, case_id) == ["withdrawn", "open"]
    desk.take(case_id, "check", REVIEWER)
    assert desk.take(case_id, "approve", HEAD) == "approved"


def test_nobody_else_takes_it_back(desk: Desk) -> None:
    case_id = desk.case_at("submitted")
    said = refused(desk, case_id, "take_back", desk.actor(CLERK, 1), reason="x")
    assert said == "只有刚办理上一步的本人可以撤回"
    assert "由牵头医院经办办理" in refused(desk, case_id, "take_back", HEAD, reason="x")


def test_not_once_someone_has_acted(desk: Desk) -> None:
    case_id = desk.case_at("submitted")
    desk.take(case_id, "remark", Role.AGENCY_CLERK)
    assert "本件已经有人办理或作出决定，不能再撤回" in refused(desk, case_id, "take_back", CLERK, reason="x")


def test_what_others_only_say_does_not_stand_in_the_way(desk: Desk) -> None:
    case_id = desk.case_at("submitted")
    lead, agency = desk.actor(CLERK).organisation_id, desk.actor(REVIEWER).organisation_id
    for verb, role, data in (
        ("comment", REVIEWER, {"body": "已收到"}), ("notify", REVIEWER, {"to": [f"{lead}:{CLERK}"]}),
        ("nudge", Role.MEMBER_HEAD, {"organisation_id": agency}),
    ):  # fmt: skip
        door.act(desk.engine, case_id, verb, actor=desk.actor(role), key=verb, at=AT, data=data)
    assert desk.take(case_id, "take_back", CLERK, reason="x") == "drafting"


def test_an_imported_year_that_moves_no_date_does_not_stand_in_the_way(desk: Desk) -> None:
    case_id = desk.case_at("submitted")
    with writing(desk.engine) as connection:
        lifecycle.note(connection, case_id, "deadline_confirmed", at=AT, data={}, actor=desk.actor(REVIEWER))
    assert desk.take(case_id, "take_back", CLERK, reason="x") == "drafting"


def test_the_system_and_oneself_do_not_stand_in_the_way(desk: Desk) -> None:
    case_id = desk.case_at("submitted")
    desk.take(case_id, "remark", CLERK)
    desk.take(case_id, "tick", SYSTEM)
    assert desk.take(case_id, "take_back", CLERK, reason="x") == "drafting"


def test_not_once_it_was_moved_on(desk: Desk) -> None:
    case_id = desk.case_at("checked")
    assert "只有刚办理上一步的本人可以撤回" in refused(desk, case_id, "take_back", desk.actor(REVIEWER, 1), reason="x")
    assert "由医保经办机构" in refused(desk, case_id, "take_back", CLERK, reason="x")
    approved = desk.case_at("approved")
    assert "不能办理“撤回”" in refused(desk, approved, "take_back", HEAD, reason="x")


def test_not_once_money_is_booked(desk: Desk) -> None:
    case_id = desk.case_at("submitted")
    desk.take(case_id, "book", SYSTEM)
    assert refused(desk, case_id, "take_back", CLERK, reason="x") == "这一步之后已经记账，不能撤回"


def test_not_twice_and_not_without_a_reason(desk: Desk) -> None:
    case_id = desk.case_at("submitted")
    assert "撤回须写明原因" in refused(desk, case_id, "take_back", CLERK, reason=" ")
    desk.take(case_id, "take_back", CLERK, reason="x")
    assert "不能办理“撤回”" in refused(desk, case_id, "take_back", CLERK, reason="x")


def test_what_was_sent_back_is_not_taken_back(desk: Desk) -> None:
    """A return leads to a state too, but nobody is the taker of a recallable step there."""
    case_id = desk.case_at("checked")
    desk.take(case_id, "send_back", HEAD, reason="x", to="submitted")
    assert "只有刚办理上一步的本人可以撤回" in refused(desk, case_id, "take_back", CLERK, reason="x")


def beside(desk: Desk, case_id: int, verb: str, actor: Any, **data: Any) -> None:
    """Something done beside the case."""
    key = f"beside:{next(desk.numbers)}"
    door.act(desk.engine, case_id, verb, actor=actor, key=key, at=AT, data=data)


def hand_on(desk: Desk, case_id: int) -> str:
    """The review is handed to a colleague; returns what an administrator would give back."""
    giver, taker = desk.actor(REVIEWER), desk.actor(REVIEWER, 1)
    beside(desk, case_id, "reassign", giver, task=f"check|{REVIEWER}", person=taker.person_id, reason="x")
    return f"release:check|{giver.organisation_id}|{REVIEWER}"


def propose(desk: Desk, case_id: int) -> int:
    """An administrator proposes to give the task back; the number of the proposal."""
    target = hand_on(desk, case_id)
    beside(desk, case_id, "intervention_propose", desk.actor(Role.ADMINISTRATOR), target=target, reason="x")
    with reading(desk.engine) as connection:
        return int(connection.scalars(select(interventions.c.id).order_by(interventions.c.id.desc())).first() or 0)


def answer(desk: Desk, case_id: int, verb: str) -> None:
    beside(
        desk, case_id, verb, desk.actor(Role.ADMINISTRATOR, 1), intervention=propose(desk, case_id), note="x"
    )  # fmt: skip


def ask_a_colleague(desk: Desk, case_id: int) -> None:
    colleague = desk.actor(REVIEWER, 1)
    beside(desk, case_id, "add_seat", desk.actor(HEAD), person=colleague.seat_id, place="before", reason="x")


def unask(desk: Desk, case_id: int) -> None:
    ask_a_colleague(desk, case_id)
    with reading(desk.engine) as connection:
        row = connection.execute(select(added_seats.c.round_no, added_seats.c.seat_key)).one()
    beside(desk, case_id, "take_back_seat", desk.actor(HEAD), seat=f"{row.round_no}:{row.seat_key}")


def recuse(desk: Desk, case_id: int, role: Role = HEAD) -> None:
    one = desk.actor(role)
    beside(desk, case_id, "recuse", one, person=one.person_id, reason="x")


BESIDE: dict[str, Any] = {
    "recuse": recuse, "reassign": hand_on, "add_seat": ask_a_colleague, "take_back_seat": unask,
    "intervention_propose": propose,
    "intervention_refused": lambda desk, case_id: answer(desk, case_id, "intervention_refused"),
    "intervention_done": lambda desk, case_id: answer(desk, case_id, "intervention_done"),
}  # fmt: skip


@pytest.mark.parametrize("verb", BESIDE)
def test_what_changes_neither_content_nor_decision_does_not_close_it(desk: Desk, verb: str) -> None:
    case_id = desk.case_at("submitted")
    BESIDE[verb](desk, case_id)
    with reading(desk.engine) as connection:
        verbs = set(connection.scalars(select(records.c.verb).where(records.c.case_id == case_id)))
    assert verb in verbs
    assert desk.take(case_id, "take_back", CLERK, reason="x") == "drafting"


def test_who_stepped_back_takes_nothing_back(desk: Desk) -> None:
    case_id = desk.case_at("submitted")
    recuse(desk, case_id, CLERK)
    assert "您已在本件中回避" in refused(desk, case_id, "take_back", CLERK, reason="x")


def test_an_opinion_that_was_asked_for_closes_it(desk: Desk) -> None:
    case_id = desk.case_at("submitted")
    ask_a_colleague(desk, case_id)
    beside(desk, case_id, "added_opinion", desk.actor(REVIEWER, 1), verdict="agree", opinion="x")
    assert "本件已经有人办理或作出决定" in refused(desk, case_id, "take_back", CLERK, reason="x")


def test_a_round_opened_anew_closes_it(desk: Desk) -> None:
    case_id = desk.case_at("submitted")
    for number in (0, 1):
        recuse_one = desk.actor(HEAD, number)
        beside(desk, case_id, "recuse", recuse_one, person=recuse_one.person_id, reason="x")
    seat(desk.engine, desk.actor(Role.CENTRE_HEAD), HEAD, desk.actor(HEAD).organisation_id)
    administrator, other = (desk.actor(Role.ADMINISTRATOR, number) for number in (0, 1))
    beside(desk, case_id, "intervention_propose", administrator, target="reseat:approval", reason="x")
    beside(desk, case_id, "intervention_done", other, intervention=1, note="x")
    assert "本件已经有人办理或作出决定" in refused(desk, case_id, "take_back", CLERK, reason="x")
