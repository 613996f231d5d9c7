"""A month sent back by who approves it: from the page, straight back after a deduction, or to every member anew."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from governance.refusal import Refused
from governance.roles import Role
from tests.settlement.months import Month, prepare
from workflow import clock
from workflow.accounts import sessions
from workflow.db import writing

HEAD, REVIEWER, CLERK = Role.AGENCY_HEAD, Role.AGENCY_REVIEWER, Role.AGENCY_CLERK
DEDUCTION = {"member": "tcm", "amount_fen": 100_00, "decision_number": "样审〔2025〕7号", "reason": "重复收费"}


@pytest.fixture
def engine(app: Flask) -> Engine:
    found: Engine = app.extensions["gongzhi.engine"]
    return found


def reviewed(engine: Engine) -> Month:
    month = prepare(engine).open()
    month.to_calculated()
    month.take("review", REVIEWER, on="2025-04-09", verdict="agree", opinion="")
    return month


def window(app: Flask, engine: Engine, person: int | None) -> FlaskClient:
    with writing(engine) as connection:
        token = sessions.open_session(connection, person or 0, clock.real_now())
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
    return client


def test_the_head_returns_from_the_page_and_the_clerk_sends_it_straight_back(app: Flask, engine: Engine) -> None:
    month = reviewed(engine)
    url = f"/settlement/{month.case_id}"
    head = window(app, engine, month.actor(HEAD).person_id)
    page = head.get(url).text
    for words in ("退回到", "已申报齐", "已计算", "需要修改的部分（不选即全部）", "审核拒付", "直接送回我这里"):
        assert words in page
    assert "撤回" not in re.sub(r"<script.*?</script>", "", page, flags=re.S), "nobody takes back another's step"
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    said = {
        "csrf_token": token[1] if token else "", "_key": "return-1", "to": "calculated", "sections": ["deductions"],
        "way": "straight", "reason": "漏登一笔拒付",
    }  # fmt: skip
    answer = head.post(f"{url}/send_back", data=said, headers={"Referer": "http://localhost/"})
    assert answer.status_code == 302, answer.text
    assert month.case.state == "calculated"
    assert "漏登一笔拒付" in head.get(url).text
    month.take("deduct", CLERK, on="2025-04-10", **DEDUCTION)
    assert month.case.state == "calculated"
    assert month.take("straight_back", CLERK, on="2025-04-10")["state"] == "reviewed"
    assert month.take("approve", HEAD, on="2025-04-11", verdict="agree", opinion="")["state"] == "approved"
    assert month.results()["members"]["tcm"]["audit_deduction_fen"] == 100_00


def test_another_part_than_the_named_one_is_refused(app: Flask, engine: Engine) -> None:
    month = reviewed(engine)
    month.take("send_back", HEAD, on="2025-04-10", reason="x", to="calculated", sections=["offset"], way="straight")
    with pytest.raises(Refused, match="“审核拒付”不能改动"):
        month.take("deduct", CLERK, on="2025-04-10", **DEDUCTION)
    month.take("ask_offset", CLERK, on="2025-04-10", amount_fen=0, reason="本月不冲")
    assert month.take("straight_back", CLERK, on="2025-04-10")["state"] == "reviewed"


def test_back_at_its_declarations_every_member_declares_again(app: Flask, engine: Engine) -> None:
    month = reviewed(engine)
    month.take("send_back", HEAD, on="2025-04-10", reason="明细有误", to="declaring")
    dossier: dict[str, Any] = month.content()[0]
    assert "declarations" not in dossier
    month.reconcile_all("2025-04-11")
    month.jobs("2025-04-11")
    assert month.case.state == "calculated"
    month.take("review", REVIEWER, on="2025-04-12", verdict="agree", opinion="")
    assert month.take("approve", HEAD, on="2025-04-12", verdict="agree", opinion="")["state"] == "approved"


def test_what_is_approved_and_booked_is_returned_no_more(app: Flask, engine: Engine) -> None:
    month = prepare(engine).open()
    month.to_approved()
    with pytest.raises(Refused, match="不能办理“退回”"):
        month.take("send_back", HEAD, on="2025-04-10", reason="x")
    with pytest.raises(Refused, match="不能办理“撤回”"):
        month.take("take_back", REVIEWER, on="2025-04-10", reason="x")


def test_the_reviewer_takes_the_review_back_before_the_head_decides(app: Flask, engine: Engine) -> None:
    month = reviewed(engine)
    assert month.take("take_back", REVIEWER, on="2025-04-09", reason="漏看对账")["state"] == "calculated"
    month.take("review", REVIEWER, on="2025-04-09", verdict="agree", opinion="")
    assert month.take("approve", HEAD, on="2025-04-10", verdict="agree", opinion="")["state"] == "approved"
