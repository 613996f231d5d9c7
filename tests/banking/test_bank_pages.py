"""The pages of the bank, the reconciliation and accounts: who finds them, what they show, what a download leaves."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.banking.banks import act, answer, book, open_accounts, sent
from tests.settlement.months import Month, prepare
from workflow import clock, files
from workflow.accounts import sessions
from workflow.banking.spreadsheets import MARK
from workflow.db import reading, writing
from workflow.model import records


@pytest.fixture
def month(app: Flask) -> Month:
    """The month paid to the lead, its members' file made, on the app's own engine; one member failed at the bank."""
    engine: Engine = app.extensions["gongzhi.engine"]
    found = prepare(engine).open()
    open_accounts(found)
    found.to_funded()
    found.take("pay_to_lead", Role.AGENCY_CLERK, on="2025-04-11", bank_reference="B-1", paid_on="2025-04-11")
    finance = found.actor(Role.LEAD_FINANCE)
    act(found, "bank_file", finance, "2025-04-13", kind="members")
    found.take("distribute", Role.LEAD_FINANCE, on="2025-04-14", bank_reference="D-1")
    kept = files.keep(answer(sent(found), tcm={"状态": "失败", "银行流水号": ""}), "reply.csv")
    act(found, "bank_reply", finance, "2025-04-15", batch=book(found)["batches"][0]["no"], file=kept)
    return found


def visitor(app: Flask, month: Month, role: Role, code: str | None = None, n: int = 0) -> Any:
    """A browser in which somebody with this post has signed in."""
    person = month.actor(role, code, n).person_id
    with writing(month.engine) as connection:
        token = sessions.open_session(connection, person or 0, clock.real_now())
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
    return client


def post(client: Any, page: str, path: str, **data: Any) -> Any:
    """A post with the token of a page."""
    text = client.get(page).text
    token = text.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    return client.post(path, data={"csrf_token": token, **data}, content_type="multipart/form-data")


def test_the_bank_page_shows_what_is_open_and_its_file_only_to_finance(app: Flask, month: Month) -> None:
    page = f"/settlement/{month.case_id}/bank"
    no = book(month)["batches"][0]["no"]
    finance, member = visitor(app, month, Role.LEAD_FINANCE), visitor(app, month, Role.MEMBER_CLERK, "tcm")
    text = finance.get(page).text
    assert "1 笔未了结" in text and "银行未付成" in text and "下载 CSV" in text and "6222" not in text
    assert "下载 CSV" not in member.get(page).text
    assert post(member, "/inbox", f"{page}/{no}.csv").status_code == 404
    taken = post(finance, page, f"{page}/{no}.csv")
    assert taken.status_code == 200 and taken.data.startswith(MARK)
    assert post(finance, page, f"{page}/{no}.xlsx").data.startswith(b"PK")
    assert post(finance, page, f"{page}/other.csv").status_code == 404
    with reading(month.engine) as connection:
        told = connection.scalars(select(records.c.person_id).where(records.c.verb == "bank_file_taken")).all()
    assert told == [month.actor(Role.LEAD_FINANCE).person_id] * 2
    digest = book(month)["batches"][0]["kept"]
    assert finance.get(f"/files/{month.case_id}/{digest}").status_code == 404, "past the record there is no way to it"
    reply = book(month)["replies"][0]["sha256"]
    codes = [one.get(f"/files/{month.case_id}/{reply}").status_code for one in (finance, member)]
    assert codes == [200, 404]


def test_the_case_says_what_the_bank_left_open(app: Flask, month: Month) -> None:
    text = visitor(app, month, Role.LEAD_FINANCE).get(f"/settlement/{month.case_id}").text
    assert "对账与银行回单" in text and "有待核对" in text and "未了结" in text and "制作付款文件" in text


def test_a_reconciliation_is_done_on_its_page(app: Flask, month: Month) -> None:
    page = f"/settlement/{month.case_id}/reconciliation"
    clerk, head = visitor(app, month, Role.AGENCY_CLERK), visitor(app, month, Role.AGENCY_HEAD)
    results = month.results()
    net = results["net_to_lead_fen"]
    typed = {"gross_fen": "x", "net_fen": f"{net // 100}.{net % 100:02d}"}
    assert post(clerk, page, f"{page}/totals", **typed).status_code == 422
    assert post(clerk, page, f"{page}/totals", **(typed | {"gross_fen": ""})).status_code == 303
    assert post(head, page, f"{page}/sign", content="").status_code == 422, "a difference is still open"
    refused = post(clerk, page, f"{page}/file", file=(io.BytesIO("成员单位,项目\nx,y".encode()), "agency.csv"))
    assert refused.status_code == 422 and "缺少这些列" in refused.text
    assert post(clerk, page, f"{page}/reason", line="tcm|net", reason="户名不符，已重发").status_code == 303
    text = head.get(page).text
    assert "有差异，已说明" in text and "户名不符，已重发" in text
    assert post(visitor(app, month, Role.MEMBER_CLERK, "tcm"), "/inbox", f"{page}/sign").status_code == 404
    digest = text.split('name="content" type="hidden" value="', 1)[1].split('"', 1)[0]
    assert post(head, page, f"{page}/sign", content=digest).status_code == 303
    assert head.get(f"{page}.xlsx").data.startswith(b"PK")
    assert "待签字" in head.get(page).text


def test_account_numbers_are_masked_for_administrators(app: Flask, month: Month) -> None:
    admin = visitor(app, month, Role.ADMINISTRATOR).get("/bank-accounts").text
    agency = visitor(app, month, Role.AGENCY_CLERK).get("/bank-accounts").text
    assert "····0001" in admin and "6222000000000001" not in admin and "6222000000000001" in agency
    for role, code in ((Role.MEMBER_CLERK, "tcm"), (Role.AUDITOR, None), (Role.LEAD_CLERK, None)):
        assert visitor(app, month, role, code).get("/bank-accounts").status_code == 404


def test_two_administrators_enter_an_account_on_the_page(app: Flask, month: Month) -> None:
    one, other = visitor(app, month, Role.ADMINISTRATOR), visitor(app, month, Role.ADMINISTRATOR, n=1)
    typed = {"organisation": "centre", "holder": "样例中心", "bank": "样例银行", "number": "62229999", "reason": "许可证"}
    # The administrators of the city reach the county's organisations.
    assert post(one, "/bank-accounts", "/bank-accounts", **typed).status_code == 303
    found = other.get("/bank-accounts").text
    assert "确认账户" in found and "62229999" not in found
    number = found.split('action="/bank-accounts/', 1)[1].split('"', 1)[0]
    own = post(one, "/bank-accounts", f"/bank-accounts/{number}", verdict="confirmed", number="62229999")
    assert own.status_code == 422 and "两人" in own.text
    wrong = post(other, "/bank-accounts", f"/bank-accounts/{number}", verdict="confirmed", number="62229990")
    assert wrong.status_code == 422 and "不一致" in wrong.text
    right = post(other, "/bank-accounts", f"/bank-accounts/{number}", verdict="confirmed", number="62229999")
    assert right.status_code == 303
    assert "62229990" not in wrong.text.split('id="new-account"', 1)[1]
