"""Paper beside the system: registered by one, confirmed by another, and then exactly the signer's own decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from governance.roles import Role
from tests.acts.acting import act, left, moment, refused, told
from tests.acts.papers import (  # noqa: F401 - fixtures
    HEAD,
    a_case_to_sign,
    paper,
    registered,
    registrar,
    row_of,
    what_is_allowed,
)  # fmt: skip
from tests.kernel.checking import duties_of, sound, state_of
from tests.kernel.sample_stage import APPROVERS, BUREAUS, REVIEWERS, Sample
from workflow import files
from workflow.acts.paper import lines, signers
from workflow.attempt import Attempt, Case
from workflow.db import reading, writing
from workflow.forms import DecisionForm
from workflow.machines import STAGES
from workflow.model import attachments, cases, decisions
from workflow.organisations.model import seats


def test_a_confirmed_paper_is_the_signers_decision(sample: Sample, case_id: int) -> None:
    number = registered(sample, case_id)
    assert state_of(sample.engine, case_id).state == "under_review"
    second = sample.actor(REVIEWERS[0])
    act(sample.engine, case_id, "confirm_paper", second, paper=number, said="confirm")
    assert state_of(sample.engine, case_id).state == "agreed"
    signer = sample.actor(HEAD)
    with reading(sample.engine) as connection:
        row = connection.execute(select(decisions).where(decisions.c.paper_id == number)).one()
        scan = connection.execute(select(attachments).where(attachments.c.case_id == case_id)).one()
    assert (row.person_id, row.seat_id, row.link, row.verdict) == (signer.person_id, signer.seat_id, "approve", "agree")
    assert duties_of(sample.engine, case_id)[signer.person_id] == "approve"
    assert scan.section == f"paper-{signer.organisation_id}"
    assert scan.sha256 == row_of(sample.engine, case_id).scan_sha256
    said = left(sample.engine, case_id, "decide")[-1]["data"]["paper"]
    assert said["number"] == "样医保函〔2026〕3号"
    assert (said["registered_by"], said["confirmed_by"]) == (registrar(sample).person_id, second.person_id)
    assert row_of(sample.engine, case_id).state == "confirmed"
    assert len(told(sample.engine, case_id, "paper")) == 3
    sound(sample.engine)


def test_a_return_on_paper_returns(sample: Sample, case_id: int) -> None:
    number = registered(sample, case_id, verdict="return", opinion="材料不全")
    act(sample.engine, case_id, "confirm_paper", sample.actor(REVIEWERS[0]), paper=number, said="confirm")
    assert state_of(sample.engine, case_id).state == "drafting"


def test_a_rejected_paper_decides_nothing_and_may_be_registered_again(sample: Sample, case_id: int) -> None:
    number, second = registered(sample, case_id), sample.actor(REVIEWERS[0])
    assert "须写明原因" in refused(sample.engine, case_id, "confirm_paper", second, paper=number, said="reject", reason=" ")
    act(sample.engine, case_id, "confirm_paper", second, paper=number, said="reject", reason="扫描件缺章")
    assert state_of(sample.engine, case_id).state == "under_review"
    assert row_of(sample.engine, case_id).state == "rejected"
    again = registered(sample, case_id)
    act(sample.engine, case_id, "confirm_paper", second, paper=again, said="confirm")
    assert state_of(sample.engine, case_id).state == "agreed"


def test_neither_the_registrar_nor_the_signer_nor_another_office_confirms(sample: Sample, case_id: int) -> None:
    number = registered(sample, case_id)
    for who, why in (
        (registrar(sample), "登记人不能确认"), (sample.actor(HEAD), "签署人不能确认"),
        (sample.actor(APPROVERS[1]), "不能在本件上办理"),
    ):  # fmt: skip
        assert why in refused(sample.engine, case_id, "confirm_paper", who, paper=number, said="confirm"), who.name
    second = sample.actor(HEAD, 1)
    assert "没有这份" in refused(sample.engine, case_id, "confirm_paper", second, paper=number + 9, said="confirm")
    act(sample.engine, case_id, "confirm_paper", second, paper=number, said="confirm")


@pytest.mark.parametrize(
    "changed,why",
    [
        ({"content": "0" * 12}, "内容校验码不一致：纸面是 000000000000"),
        ({"content": "abc"}, "8 至 64 位"),
        ({"content": "样" * 12}, "8 至 64 位"),
        ({"signed_on": "2026-03-03"}, "不能晚于今天"),
        ({"signed_on": "2026-03-01"}, "不能早于本轮开始"),
        ({"signed_on": "昨天"}, "2026-11-23"),
        ({"document_number": " "}, "请填写文号"),
        ({"scan": None}, "请上传盖章签字的扫描件"),
        ({"decided": []}, "至少填写一个席位"),
        ({"key": "decide|city_finance"}, "现在不能登记"),
        ({"key": f"opine|{BUREAUS[0]}"}, "现在不能登记"),
        ({"verdict": "abstain"}, "不能作出这样的决定"),
        ({"verdict": "disagree"}, "须写明纸面上的意见"),
        ({"signer": 0}, "签署人须是列名的决定人"),
    ],
)
def test_what_a_paper_must_say(sample: Sample, case_id: int, changed: dict[str, Any], why: str) -> None:
    given = paper(sample, case_id, **changed)
    assert why in refused(sample.engine, case_id, "register_paper", registrar(sample), **given)


def test_a_mismatch_names_both_contents(sample: Sample, case_id: int) -> None:
    given = paper(sample, case_id, content="f" * 16)
    said = refused(sample.engine, case_id, "register_paper", registrar(sample), **given)
    assert state_of(sample.engine, case_id).subject_hash[:16] in said and "f" * 16 in said


def test_a_text_file_is_no_scan(sample: Sample, case_id: int) -> None:
    given = paper(sample, case_id, scan=files.keep("同意".encode(), "scan.txt"))
    assert "扫描件" in refused(sample.engine, case_id, "register_paper", registrar(sample), **given)


def test_the_signer_is_somebody_who_may_decide_and_not_the_registrar(sample: Sample, case_id: int) -> None:
    for who in (registrar(sample), sample.actor(REVIEWERS[0]), sample.actor(APPROVERS[1])):
        given = paper(sample, case_id, signer=who.seat_id)
        assert "签署人须是" in refused(sample.engine, case_id, "register_paper", registrar(sample), **given)


def test_one_paper_waits_for_a_seat_at_a_time(sample: Sample, case_id: int) -> None:
    registered(sample, case_id)
    assert "已有一份待确认" in refused(
        sample.engine, case_id, "register_paper", registrar(sample), **paper(sample, case_id)
    )
    twice = paper(sample, case_id)
    twice["decided"] *= 2
    assert "只填一次" in refused(sample.engine, case_id, "register_paper", registrar(sample), **twice)


def test_only_where_the_place_allows_it_and_only_by_a_clerk(sample: Sample, case_id: int, allowed: list[str]) -> None:
    given = paper(sample, case_id)
    for who in (sample.actor(HEAD, 1), sample.actor(Role.LEAD_CLERK)):
        assert "不能在本件上办理" in refused(sample.engine, case_id, "register_paper", who, **given)
    allowed.remove("ruling.decide")
    assert "不能在本件上办理" in refused(sample.engine, case_id, "register_paper", registrar(sample), **given)


def test_a_changed_content_overtakes_the_paper(sample: Sample, case_id: int) -> None:
    number = registered(sample, case_id)
    sample.take(case_id, "amend", sample.actor(Role.LEAD_CLERK), data={"amount_fen": 7})
    assert row_of(sample.engine, case_id).state == "overtaken"
    said = refused(sample.engine, case_id, "confirm_paper", sample.actor(REVIEWERS[0]), paper=number, said="confirm")
    assert "不能在本件上办理" in said


def test_a_decision_in_the_system_overtakes_the_paper(sample: Sample, case_id: int) -> None:
    registered(sample, case_id, verdict="disagree", opinion="依据不足")
    sample.decide(case_id, BUREAUS[:1])
    assert row_of(sample.engine, case_id).state == "overtaken"
    assert state_of(sample.engine, case_id).state == "agreed"


def test_every_guard_holds_for_the_signer_at_the_confirmation(sample: Sample, case_id: int) -> None:
    number, signer = registered(sample, case_id), sample.actor(HEAD)
    act(sample.engine, case_id, "recuse", signer, person=signer.person_id, reason="近亲属")
    said = refused(sample.engine, case_id, "confirm_paper", sample.actor(REVIEWERS[0]), paper=number, said="confirm")
    assert "回避" in said
    assert row_of(sample.engine, case_id).state == "registered"


def test_whom_the_registrar_acts_for_is_no_signer(sample: Sample, case_id: int) -> None:
    clerk, head = registrar(sample), sample.actor(HEAD)
    with reading(sample.engine) as connection:
        case = Case(*connection.execute(select(cases).where(cases.c.id == case_id)).one())
        own = Attempt(connection, case, clerk, moment("03-02"))
        for_head = Attempt(connection, case, replace(clerk, for_person_id=head.person_id), moment("03-02"))
        (line,) = lines(own).values()
        assert head.seat_id in signers(own, line)
        assert head.seat_id not in signers(for_head, line)


def test_a_decision_in_the_system_overtakes_the_paper_while_others_are_still_out(sample: Sample) -> None:
    object.__setattr__(STAGES["sample"], "forms", {"decide": DecisionForm})
    case_id = sample.open_case("under_review")
    sample.opine(case_id)
    registered(sample, case_id)
    sample.decide(case_id, BUREAUS[:1])
    assert state_of(sample.engine, case_id).state == "under_review"
    assert row_of(sample.engine, case_id).state == "overtaken"


def test_a_signer_who_has_left_meanwhile_decides_nothing(sample: Sample, case_id: int) -> None:
    number, signer = registered(sample, case_id), sample.actor(HEAD)
    with writing(sample.engine) as connection:
        connection.execute(seats.update().where(seats.c.id == signer.seat_id).values(until=date(2026, 3, 3)))
    second = sample.actor(REVIEWERS[0])
    said = refused(sample.engine, case_id, "confirm_paper", second, "03-05", paper=number, said="confirm")
    assert "岗位已经到期" in said
