"""What a plan's page shows on its way, and how its forms become the commands' data."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from governance.roles import Role
from tests.agreement.drawing import drawn, typed
from tests.clearing.preceding import at
from tests.surplus_plan.plans import DRAFT, Desk
from workflow import files


def test_the_draft_form_becomes_the_draft(engine: Engine) -> None:
    desk = Desk(engine)
    fields = {
        "deductions-0-name": "consortium_risk_fund", "deductions-0-amount_fen": "34567.89",
        "reasons-0-member": "tcm", "reasons-0-reason": "停业", "reasons-1-member": "", "reasons-2-member": "",
        "deductions-1-name": "", "deductions-2-name": "",
    }  # fmt: skip
    finance = desk.county.actor(Role.LEAD_FINANCE)
    data, errors = typed(engine, desk.county, desk.case.id, "draft", finance, at(3, 3), **fields)
    assert errors == {} and data == {**DRAFT, "reasons": {"tcm": "停业"}}
    _data, errors = typed(engine, desk.county, desk.case.id, "draft", finance, at(3, 3),
                          **{**fields, "deductions-0-amount_fen": "1e3"})
    assert "deductions" in errors


def test_attendance_and_vote_forms(engine: Engine) -> None:
    desk = Desk(engine)
    desk.consulted()
    desk.take("convene", Role.COMMITTEE_SECRETARY, at(3, 5), session_date="2026-03-12", place="二楼")
    one, two, away = desk.members[0], desk.members[1], desk.members[6]
    fields = {
        "present": str(one), "proxies-0-absent": str(away), "proxies-0-holder": str(one), "proxies-0-document": "委1",
        "recused-0-seat": str(two), "recused-0-reason": "亲属", **{f"{name}-{row}-{part}": "" for row in (1, 2)
         for name, parts in (("proxies", ("absent", "holder")), ("recused", ("seat",))) for part in parts},
    }  # fmt: skip
    secretary = desk.county.actor(Role.COMMITTEE_SECRETARY)
    data, errors = typed(engine, desk.county, desk.case.id, "register_attendance", secretary, at(3, 12), **fields)
    assert errors == {}
    assert data["present"] == [str(one)]
    assert data["proxies"] == [{"absent": str(away), "holder": str(one), "document": "委1"}]
    assert data["recused"] == [{"seat": str(two), "reason": "亲属"}]
    desk.take("register_attendance", Role.COMMITTEE_SECRETARY, at(3, 12), present=desk.members[:6],
              proxies=data["proxies"])
    holder = desk.county.actor(Role.COMMITTEE_MEMBER)
    _text, forms = drawn(engine, desk.county, desk.case.id, holder, at(3, 12))
    assert f"seat:{one}" in forms["vote"] and f"seat:{away}" in forms["vote"]
    data, errors = typed(engine, desk.county, desk.case.id, "vote", holder, at(3, 12),
                         seat_key=f"seat:{away}", verdict="agree")
    assert errors == {} and data == {"seat_key": f"seat:{away}", "verdict": "agree", "opinion": ""}


def test_the_page_tells_the_whole_way(engine: Engine) -> None:
    desk = Desk(engine)
    finance = desk.county.actor(Role.LEAD_FINANCE)
    text, forms = drawn(engine, desk.county, desk.case.id, finance, at(3, 3))
    assert "1,234,567.89" in text and set(forms) == {"draft"}
    desk.filed()
    desk.take("pay_retained", Role.AGENCY_CLERK, at(3, 18), bank_reference="B-1")
    desk.take("pay_members", Role.LEAD_FINANCE, at(3, 19), n=1, bank_reference="B-2")
    desk.take("confirm_receipt", Role.MEMBER_CLERK, at(3, 20), "town-1")
    payer = desk.county.actor(Role.LEAD_FINANCE, n=1)
    text, forms = drawn(engine, desk.county, desk.case.id, payer, at(3, 20))
    for word in ("<progress", "医共体风险基金", "备〔2026〕1号", "B-1", "B-2", "六票同意", "二楼会议室", "本单位确认"):
        assert word in text
    assert set(forms) == {"bank_proof"}
    assert "style=" not in text and "<script" not in text


def test_a_returned_plan_says_why(engine: Engine) -> None:
    desk = Desk(engine)
    desk.in_session()
    desk.votes(["disagree"] * 3)
    text, forms = drawn(engine, desk.county, desk.case.id, desk.county.actor(Role.LEAD_FINANCE), at(3, 13))
    assert "未达到通过比例" in text and set(forms) == {"draft"}
    desk.take("draft", Role.LEAD_FINANCE, at(3, 13), **DRAFT)
    text, _forms = drawn(engine, desk.county, desk.case.id, desk.county.actor(Role.LEAD_FINANCE), at(3, 13))
    assert "未达到通过比例" in text


def test_the_signed_minutes_are_a_file(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path))
    desk = Desk(engine)
    desk.in_session()
    desk.votes(["agree"] * 6)
    kept = files.keep(b"%PDF-1.7 minutes", "minutes.pdf")
    desk.take("close_session", Role.COMMITTEE_SECRETARY, at(3, 13), minutes_file=kept)
    text, _forms = drawn(engine, desk.county, desk.case.id, desk.county.actor(Role.COMMITTEE_SECRETARY), at(3, 13))
    assert kept["sha256"] in text and "minutes.pdf" in text
