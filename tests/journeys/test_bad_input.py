"""What is wrong over HTTP on the story's end: a sentence in Chinese names it, the text is kept, nothing is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from governance.roles import Role
from tests.journeys.walking import Walk, Watch, refused
from workflow import clock
from workflow.attempt import Case
from workflow.db import reading, writing
from workflow.model import answers, records
from workflow.organisations.model import seats

AGENCY, INSURANCE = "agency-demo-hunan-city", "city-insurance-demo-hunan-city"
AGREED, REFERENCE = {"verdict": "agree"}, {"bank_reference": "样例"}
REASON = {"reason": "样例：文字要留下"}
DEDUCTION = {
    **REASON, "member": "beihe-a-lead", "amount_fen": "5.00", "kind": "own", "decision_number": "样例决定 9 号",
}  # fmt: skip


@pytest.fixture
def walk(story_app: Flask) -> Walk:
    return Walk(story_app)


@pytest.fixture
def watch(walk: Walk) -> Iterator[Watch]:
    with walk.engine.connect() as connection:
        yield Watch(connection)


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"hello", "明细.xlsx", "内容与扩展名不符"), (b"\x89PNG\r\n\x1a\n\x00\x00", "明细.csv", "内容与扩展名不符"),
        (b"", "明细.csv", "空文件"), (b"MZ\x90\x00", "明细.exe", "类型不收"), (b"<html><script>", "明细.csv", "内容与扩展名不符"),
        (b"%PDF-1.7", "明细", "类型不收"), (b"PK\x03\x04broken", "明细.xlsx", "内容与扩展名不符"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_what_it_says_is_refused(
    walk: Walk, watch: Watch, content: bytes, name: str, reason: str
) -> None:
    case, clerk = walk.case("qingxi-d", "settlement", "2026-10"), walk.visitor(AGENCY, Role.AGENCY_CLERK)
    words = refused(watch, clerk, f"/settlement/{case.id}/import_claims", {"file": (BytesIO(content), name)})
    assert reason in words and name in words


def test_evidence_that_is_not_what_it_says_is_refused_with_the_text_kept(walk: Walk, watch: Watch) -> None:
    case, clerk = walk.case("beihe-a", "self_assessment", "2025"), walk.visitor("beihe-a-lead", Role.LEAD_CLERK)
    typed = {"criterion": "Q11", "grade": "met", "explanation": "样例：说明要留下"}
    sent = {**typed, "files": (BytesIO(b"MZ"), "章程.pdf")}
    assert "“章程.pdf”的内容与扩展名不符" in refused(watch, clerk, f"/self_assessment/{case.id}/grade", sent)
    sent = {**typed, "files": (BytesIO(b"MZ"), "章程.pdf")}
    assert typed["explanation"] in clerk.post(f"/self_assessment/{case.id}/grade", sent).text


def test_wrong_rows_of_a_claims_file_are_named(walk: Walk, watch: Watch) -> None:
    case, clerk = walk.case("qingxi-d", "settlement", "2026-10"), walk.visitor(AGENCY, Role.AGENCY_CLERK)
    with reading(walk.engine) as connection:
        earlier = walk.case("qingxi-d", "settlement", "2026-09")
        kept = connection.execute(
            select(func.max(records.c.seq)).where(records.c.case_id == earlier.id)
        ).scalar_one()
    assert kept
    header = "流水号,险种\n1,居民\n".encode()
    words = refused(watch, clerk, f"/settlement/{case.id}/import_claims", {"file": (BytesIO(header), "明细.csv")})
    assert "第 1 行" in words and "“流水号”" in words and "缺少“结算流水号”列" in words


def test_a_month_that_is_declared_takes_no_other_declaration(walk: Walk, watch: Watch) -> None:
    case, clerk = walk.case("beihe-a", "settlement", "2026-10"), walk.visitor("beihe-a-town-1", Role.MEMBER_CLERK)
    for trigger, label in (("reconcile", "对账确认"), ("declare_nil", "零申报")):
        words = refused(watch, clerk, f"/settlement/{case.id}/{trigger}", {})
        assert f"本件现在是“已计算”，不能办理“{label}”" in words
    csv = (BytesIO("结算流水号\n1\n".encode()), "明细.csv")
    words = refused(watch, clerk, f"/settlement/{case.id}/upload", {"file": csv})
    assert "不能办理“自行上传申报”" in words


def test_a_stale_page_is_refused_with_the_text_kept(walk: Walk, watch: Watch) -> None:
    case, clerk = walk.case("beihe-a", "settlement", "2026-10"), walk.visitor(AGENCY, Role.AGENCY_CLERK)
    path, seen = f"/settlement/{case.id}/deduct", Case(*case).seen
    assert walk.visitor(AGENCY, Role.AGENCY_CLERK, 1).post(path, {**DEDUCTION, "_seen": seen}).status_code == 302
    later = {**DEDUCTION, "decision_number": "样例决定 10 号", "_seen": seen}
    assert "您填写的内容仍然保留" in refused(watch, clerk, path, later, 409)
    page = clerk.post(path, later).text
    assert REASON["reason"] in page and "样例决定 10 号" in page
    fresh = Case(*walk.case("beihe-a", "settlement", "2026-10")).seen
    assert clerk.post(path, {**later, "_seen": fresh}).status_code == 302


@pytest.mark.parametrize(
    ("stage", "period", "trigger", "code", "role", "state", "label"),
    [
        ("settlement", "2026-10", "approve", AGENCY, Role.AGENCY_HEAD, "已计算", "审批"),
        ("settlement", "2025-06", "review", AGENCY, Role.AGENCY_REVIEWER, "已办结", "复核"),
        ("budget", "2026", "issue", INSURANCE, Role.CITY_INSURANCE_APPROVER, "已下达", "下达"),
        ("surplus_plan", "2025", "pay_members", "beihe-a-lead", Role.LEAD_FINANCE, "", "按方案支付"),
        ("clearing", "2025", "settle", AGENCY, Role.AGENCY_CLERK, "", "结清"),
    ],
)
def test_a_step_out_of_order_is_refused(
    walk: Walk, watch: Watch, stage: str, period: str, trigger: str, code: str, role: Role, state: str, label: str
) -> None:
    case = walk.case("beihe-a", stage, period)
    sent = {"bank_reference": "样例", "document_number": "样例", "opinion": "样例"}
    words = refused(watch, walk.visitor(code, role), f"/{stage}/{case.id}/{trigger}", sent)
    assert f"本件现在是“{state}" in words and f"不能办理“{label}”" in words


def test_a_seat_that_has_ended_takes_no_step(walk: Walk, watch: Watch) -> None:
    case, head = walk.case("beihe-a", "settlement", "2026-10"), walk.visitor(AGENCY, Role.AGENCY_REVIEWER)
    assert head.get(f"/settlement/{case.id}").status_code == 200
    with writing(walk.engine) as connection:
        yesterday = clock.day_of(clock.now(connection)) - timedelta(days=1)
        ended = seats.c.person_id == walk.person(AGENCY, Role.AGENCY_REVIEWER)
        connection.execute(seats.update().where(ended).values(until=yesterday))
    watch.reset()
    answer = head.post(f"/settlement/{case.id}/review", {"opinion": "样例"})
    assert answer.status_code == 404 and "不在您的查看范围内" in answer.text
    assert head.get(f"/settlement/{case.id}").status_code == 404 and head.get("/").status_code == 200
    assert watch.unchanged()


def test_a_button_pressed_twice_has_one_effect(walk: Walk, watch: Watch) -> None:
    case, clerk = walk.case("beihe-a", "settlement", "2026-10"), walk.visitor(AGENCY, Role.AGENCY_CLERK)
    path, sent = f"/settlement/{case.id}/deduct", {**DEDUCTION, "_key": "twice"}
    first = clerk.post(path, sent)
    after = walk.case("beihe-a", "settlement", "2026-10")
    watch.reset()
    second = clerk.post(path, sent)
    assert (first.status_code, first.location) == (302, f"/settlement/{case.id}")
    assert (second.status_code, second.location) == (302, f"/settlement/{case.id}")
    assert watch.unchanged() and walk.case("beihe-a", "settlement", "2026-10") == after
    assert after.record_seq > case.record_seq
    other = clerk.post(path, {**sent, "amount_fen": "6.00"})
    assert other.status_code == 409 and "请重新打开，核对后再办理" in other.text and watch.unchanged()
    with reading(walk.engine) as connection:
        key = f"web:{walk.person(AGENCY, Role.AGENCY_CLERK)}:twice"
        stored = connection.scalar(select(answers.c.answer).where(answers.c.key == key))
    assert json.loads(str(stored))["case"] == case.id


@pytest.mark.parametrize(
    ("stage", "code", "period", "trigger", "seat", "sent"),
    [
        ("settlement", "beihe-a", "2026-10", "review", (AGENCY, Role.AGENCY_REVIEWER), {"opinion": "样例"}),
        ("settlement", "beihe-a", "2026-09", "distribute", ("beihe-a-lead", Role.LEAD_FINANCE), REFERENCE),
        ("surplus_plan", "qingxi-d", "2025", "give_opinion", ("qingxi-d-town-3", Role.MEMBER_HEAD), AGREED),
    ],
)
def test_a_button_that_moves_the_case_pressed_twice_gives_the_same_answer(
    walk: Walk, watch: Watch, stage: str, code: str, period: str, trigger: str, seat: tuple[str, Role],
    sent: dict[str, str],
) -> None:
    """Also where the form would not be accepted any more: the step has been taken, and the answer says so."""
    case, who = walk.case(code, stage, period), walk.visitor(*seat)
    path = f"/{stage}/{case.id}/{trigger}"
    first = who.post(path, {**sent, "_key": "twice"})
    watch.reset()
    for _time in range(2):
        answer = who.post(path, {**sent, "_key": "twice"})
        assert (answer.status_code, answer.location) == (302, first.location) == (302, f"/{stage}/{case.id}")
    assert watch.unchanged() and walk.case(code, stage, period).revision > case.revision


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sheet", "budget", "--place", "nowhere"), ("没有这个地区：nowhere",)),
        (("sheet", "budget", "--place", "cn"), ("尚未配置", "总额预算方法", "budget.method", "市医保局会同市财政局")),
        (("sheet", "budget", "--place", "cn-hunan"), ("填报数据有误", "缺少分配基数")),
    ],
)
def test_on_the_command_line_a_refusal_exits_with_3(
    story_app: Flask, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text('{"year": 2025, "pool": "resident", "consortium": "x"}', encoding="utf-8")
    done = story_app.test_cli_runner().invoke(args=[*arguments, "--on", "2025-03-01", "--facts", str(facts)])
    assert done.exit_code == 3 and all(one in done.output for one in words), done.output


def test_a_rule_of_an_unknown_place_is_refused_on_the_command_line(story_app: Flask) -> None:
    run = story_app.test_cli_runner()
    done = run.invoke(args=["policy", "show", "budget.method", "--place", "nowhere", "--on", "2025-01-01"])
    assert done.exit_code == 3 and "没有这个地区：nowhere" in done.output
