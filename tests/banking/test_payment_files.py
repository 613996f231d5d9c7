"""Files to the bank and its replies: named refusals, matching line by line, receipts, and what holds the month up."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from tests.banking.banks import REPLY, act, answer, book, open_accounts, plain, sent
from tests.settlement.months import Month, moment, prepare
from workflow import door, files
from workflow.attempt import SYSTEM, Attempt
from workflow.banking.sending import as_xlsx, content_of
from workflow.banking.spreadsheets import MARK, csv_rows
from workflow.claims.container import cells
from workflow.db import reading
from workflow.ledger import check_journals
from workflow.model import attachments, records


def finance(month: Month, n: int = 0) -> Any:
    return month.actor(Role.LEAD_FINANCE, n=n)


def reply(month: Month, content: bytes, on: str = "2025-04-15", n: int = 0, batch: int = -1, key: str = "") -> Any:
    """Bring the bank's reply to a file."""
    kept = files.keep(content, f"reply{len(content)}.csv")
    return act(month, "bank_reply", finance(month, n), on, key, batch=book(month)["batches"][batch]["no"], file=kept)


def said(caught: pytest.ExceptionInfo[Refused]) -> str:
    return " / ".join(str(one.reason) for one in caught.value.refusals)


def test_the_agencys_file_pays_the_lead_the_whole(month: Month) -> None:
    month.to_approved()
    with pytest.raises(Refused, match="用款"):
        act(month, "bank_file", month.actor(Role.AGENCY_CLERK), "2025-04-10", kind="lead")
    month.take("fund", Role.CITY_FINANCE_APPROVER, on="2025-04-10", document="样例用款〔2025〕4号")
    act(month, "bank_file", month.actor(Role.AGENCY_CLERK), "2025-04-10", kind="lead")
    (row,) = sent(month)
    total_fen = month.case.amount_fen or 0
    assert row["金额（元）"] == f"{total_fen // 100}.{total_fen % 100:02d}"
    assert (row["收款户名"], row["业务参考号"]) == ("样例户名lead", f"settlement:{month.case_id}:pay:lead")
    assert row["付款账号"] != row["收款账号"] and row["用途"].startswith("2025-03")


def test_a_file_is_marked_totalled_and_kept_by_its_hash(sent_month: Month) -> None:
    (batch,) = book(sent_month)["batches"]
    with reading(sent_month.engine) as connection:
        content = content_of(Attempt(connection, sent_month.case, SYSTEM, moment("2025-04-14")), batch)
    assert content.startswith(MARK) and hashlib.sha256(content).hexdigest() == batch["sha256"]
    rows, nets = csv_rows(content), sent_month.results()["members"]
    assert rows[-1][0] == "合计" and rows[-1][3] == f"{len(rows) - 2} 笔"
    paid = {row[4]: row[7] for row in rows[1:-1]}
    assert "样例户名lead" not in paid
    for code, one in nets.items():
        if code != "lead" and one["net_fen"]:
            assert paid[f"样例户名{code}"] == f"{one['net_fen'] // 100}.{one['net_fen'] % 100:02d}"
    with reading(sent_month.engine) as connection:
        kept = connection.scalars(select(attachments.c.sha256).where(attachments.c.section == "bank_file")).all()
        told = connection.scalars(select(records.c.body).where(records.c.verb == "bank_file")).all()
        book_ = as_xlsx(content, Attempt(connection, sent_month.case, SYSTEM, moment("2025-04-14")))
    assert kept == [batch["kept"]] and batch["sha256"] in told[0] and batch["kept"] in told[0]
    masked = csv_rows(files.open_bytes(batch["kept"]))
    assert {row[5] for row in masked[1:-1]} == {f"····{row[5][-4:]}" for row in rows[1:-1]}
    typed = list(cells(book_, "batch.xlsx"))
    assert [row[9] for _number, row in typed[1:-1]] == [row[9] for row in rows[1:-1]]
    assert typed[1][1][5] == rows[1][5]


def test_without_an_account_the_file_is_refused_by_name(engine: Engine) -> None:
    month = prepare(engine).open()
    open_accounts(month, ("agency", "lead", "tcm"))
    month.to_funded()
    month.take("pay_to_lead", Role.AGENCY_CLERK, on="2025-04-11", bank_reference="B-1")
    with pytest.raises(Refused) as caught:
        act(month, "bank_file", finance(month), "2025-04-13", kind="members")
    assert "town-1" in said(caught) and "town-2" in said(caught) and "tcm" not in said(caught)
    assert "bank" not in month.content()[1]


def test_the_banks_reply_stands_for_the_receipts_and_closes_the_month(sent_month: Month) -> None:
    reply(sent_month, answer(sent(sent_month)))
    assert sent_month.case.state == "closed"
    receipts = sent_month.content()[1]["receipts"]
    assert receipts["lead"]["how"] == "kept"
    assert (receipts["tcm"]["how"], receipts["tcm"]["on"]) == ("proven", "2025-04-15")
    assert receipts["tcm"]["bank_reference"].startswith("S") and len(receipts["tcm"]["proof"]) == 64
    with reading(sent_month.engine) as connection:
        assert check_journals(connection) == []
    for account in ("payable", "owed", "custody"):
        assert sent_month.balance(account) == 0


def test_a_failed_and_a_missing_line_hold_the_month_until_sent_again(sent_month: Month) -> None:
    reply(sent_month, answer(sent(sent_month), tcm={"状态": "失败", "银行流水号": ""}, town_1=None))
    assert sent_month.case.state == "distributing"
    proven = set(sent_month.content()[1]["receipts"])
    assert proven == set(net_codes(sent_month)) - {"tcm", "town-1"}
    for code in ("tcm", "town-1"):
        sent_month.take("confirm_receipt", Role.MEMBER_CLERK, code, on="2025-04-16")
    with pytest.raises(Refused, match="未了结"):
        sent_month.take_as("close", SYSTEM, "2025-04-16")
    assert sent_month.case.state == "distributing", "the members' own word does not settle what the bank says failed"


def net_codes(month: Month) -> list[str]:
    return [code for code, one in month.results()["members"].items() if one["net_fen"] > 0]


def test_what_failed_is_sent_again_and_nothing_else(sent_month: Month) -> None:
    reply(sent_month, answer(sent(sent_month), tcm={"状态": "失败", "银行流水号": ""}, town_1=None))
    act(sent_month, "bank_file", finance(sent_month), "2025-04-16", kind="members")
    again = sent(sent_month)
    assert [row["收款户名"] for row in again] == ["样例户名tcm", "样例户名town-1"]
    assert all(row["业务参考号"].endswith(":r1") for row in again)
    with pytest.raises(Refused, match="没有还需要银行支付"):
        act(sent_month, "bank_file", finance(sent_month), "2025-04-16", kind="members")
    assert sent_month.case.state == "distributing"
    reply(sent_month, answer(again, on="2025-04-17"), on="2025-04-17")
    assert sent_month.case.state == "closed"


def test_one_fen_off_is_open_until_two_people_note_it(sent_month: Month) -> None:
    rows = sent(sent_month)
    tcm = next(row for row in rows if row["收款户名"].endswith("tcm"))
    whole, cents = tcm["金额（元）"].split(".")
    wrong = f"{whole}.{(int(cents) + 1) % 100:02d}"
    reply(sent_month, answer(rows, tcm={"金额（元）": wrong}))
    assert sent_month.case.state == "distributing" and "tcm" not in sent_month.content()[1]["receipts"]
    line = tcm["业务参考号"]
    act(sent_month, "bank_note", finance(sent_month), "2025-04-16", line=line, reason="银行多付一分，已退回")
    with pytest.raises(Refused):
        act(sent_month, "bank_note_confirmed", finance(sent_month), "2025-04-16", line=line, verdict="confirmed")
    sent_month.take("confirm_receipt", Role.MEMBER_CLERK, "tcm", on="2025-04-16")
    assert sent_month.case.state == "distributing"
    act(sent_month, "bank_note_confirmed", finance(sent_month, 1), "2025-04-16", line=line, verdict="confirmed")
    assert sent_month.case.state == "closed"


def test_a_refused_note_leaves_the_line_open(sent_month: Month) -> None:
    reply(sent_month, answer(sent(sent_month), tcm=None))
    line = f"settlement:{sent_month.case_id}:distribute:tcm"
    act(sent_month, "bank_note", finance(sent_month), "2025-04-16", line=line, reason="据说已付")
    refusing = {"line": line, "verdict": "refused"}
    with pytest.raises(Refused, match="原因"):
        act(sent_month, "bank_note_confirmed", finance(sent_month, 1), "2025-04-16", **refusing)
    act(sent_month, "bank_note_confirmed", finance(sent_month, 1), "2025-04-16", **refusing, opinion="没有凭证")
    act(sent_month, "bank_note", finance(sent_month, 1), "2025-04-17", line=line, reason="支票已付，附回单")
    act(sent_month, "bank_note_confirmed", finance(sent_month), "2025-04-17", line=line, verdict="confirmed")
    assert sent_month.case.state == "distributing"
    sent_month.take("confirm_receipt", Role.MEMBER_CLERK, "tcm", on="2025-04-17")
    assert sent_month.case.state == "closed"


def test_what_the_bank_reports_beyond_the_file_is_open(sent_month: Month) -> None:
    rows = csv_rows(answer(sent(sent_month)))
    reply(sent_month, plain([*rows, ["settlement:1:distribute:other", "5.00", "成功", "S9", "2025-04-15"]]))
    assert sent_month.case.state == "distributing"


WRONG: tuple[tuple[str, Any, str], ...] = (
    ("missing column", lambda rows: [row[:3] for row in rows], "缺少这些列：银行流水号、日期"),
    ("duplicate reference", lambda rows: [*rows, rows[1]], "与第 2 行重复"),
    ("negative", lambda rows: changed(rows, 1, "-5.00"), "必须大于零"),
    ("zero", lambda rows: changed(rows, 1, "0"), "必须大于零"),
    ("full-width", lambda rows: changed(rows, 1, "１２.００"), "半角数字"),
    ("separators", lambda rows: changed(rows, 1, "1,234.00"), "千分位"),
    ("formula", lambda rows: changed(rows, 3, "=HYPERLINK(A1)"), "不能以 = + - @ 开头"),
    ("unknown status", lambda rows: changed(rows, 2, "处理中"), "成功"),
    ("full-width day", lambda rows: changed(rows, 4, "２０２５-04-15"), "2026-11-23"),
    ("a day to come", lambda rows: changed(rows, 4, "2025-04-16"), "到今天之间"),
    ("before the file", lambda rows: changed(rows, 4, "2025-04-12"), "到今天之间"),
    ("paid without a serial", lambda rows: changed(rows, 3, ""), "不能为空"),
    ("no rows", lambda rows: rows[:1], "没有数据行"),
)  # fmt: skip


def changed(rows: Sequence[Sequence[str]], column: int, value: str) -> list[list[str]]:
    """The rows with one cell of the last row changed."""
    found = [list(row) for row in rows]
    found[-1][column] = value
    return found


@pytest.mark.parametrize(("wrong", "words"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG])
def test_a_wrong_reply_is_refused_whole(sent_month: Month, wrong: Any, words: str) -> None:
    before = sent_month.case
    with pytest.raises(Refused) as caught:
        reply(sent_month, plain(wrong(csv_rows(answer(sent(sent_month))))))
    assert words in said(caught)
    assert sent_month.case == before and book(sent_month)["replies"] == []


def test_a_formula_in_a_workbook_is_refused(sent_month: Month) -> None:
    workbook = Workbook()
    for row in (REPLY, ("=1+1", "5.00", "成功", "S1", "2025-04-15")):
        workbook.active.append(list(row))
    file = io.BytesIO()
    workbook.save(file)
    kept = files.keep(file.getvalue(), "reply.xlsx")
    with pytest.raises(Refused, match="公式"):
        no = book(sent_month)["batches"][0]["no"]
        act(sent_month, "bank_reply", finance(sent_month), "2025-04-15", batch=no, file=kept)


def test_a_reply_comes_once_and_takes_nothing_back(sent_month: Month) -> None:
    rows = sent(sent_month)
    content = answer(rows, tcm=None)
    reply(sent_month, content, key="one")
    reply(sent_month, content, key="one")
    assert len(book(sent_month)["replies"]) == 1
    with pytest.raises(Refused, match="已经上传过"):
        reply(sent_month, content, n=1)
    with pytest.raises(Refused, match="不能改为别的结果"):
        reply(sent_month, answer(rows, town_1={"状态": "失败", "银行流水号": ""}))
    assert len(book(sent_month)["replies"]) == 1


def test_two_tabs_make_one_file(month: Month) -> None:
    month.to_funded()
    month.take("pay_to_lead", Role.AGENCY_CLERK, on="2025-04-11", bank_reference="B-1")
    act(month, "bank_file", finance(month), "2025-04-13", key="tab", kind="members")
    act(month, "bank_file", finance(month), "2025-04-13", key="tab", kind="members")
    with pytest.raises(Refused, match="没有还需要银行支付"):
        act(month, "bank_file", finance(month, 1), "2025-04-13", kind="members")
    with pytest.raises(door.KeyReused):
        act(month, "bank_file", finance(month), "2025-04-13", key="tab", kind="lead")
    assert len(book(month)["batches"]) == 1


def test_a_void_file_may_be_made_anew_but_not_an_answered_one(month: Month) -> None:
    month.to_funded()
    month.take("pay_to_lead", Role.AGENCY_CLERK, on="2025-04-11", bank_reference="B-1")
    act(month, "bank_file", finance(month), "2025-04-13", kind="members")
    no = book(month)["batches"][0]["no"]
    act(month, "bank_file_void", finance(month), "2025-04-13", batch=no, reason="账户有误，未送银行")
    act(month, "bank_file", finance(month), "2025-04-13", kind="members")
    month.take("distribute", Role.LEAD_FINANCE, on="2025-04-14", bank_reference="D-1")
    assert all(row["业务参考号"].endswith(":r1") for row in sent(month))
    rows = sent(month)
    reply(month, answer(rows, tcm=None))
    with pytest.raises(Refused):
        act(month, "bank_file_void", finance(month), "2025-04-16", batch=book(month)["batches"][1]["no"], reason="再来")
    assert month.case.state == "distributing"


def test_once_registered_by_hand_no_first_file_can_pay_again(month: Month) -> None:
    month.to_distributing()
    with pytest.raises(Refused, match="没有还需要银行支付"):
        act(month, "bank_file", finance(month), "2025-04-15", kind="members")


def test_what_the_bank_failed_to_pay_the_lead_is_not_booked_as_paid(month: Month) -> None:
    month.to_funded()
    clerk = month.actor(Role.AGENCY_CLERK)
    act(month, "bank_file", clerk, "2025-04-10", kind="lead")
    failed = files.keep(answer(sent(month), on="2025-04-10", lead={"状态": "失败", "银行流水号": ""}), "reply.csv")
    act(month, "bank_reply", clerk, "2025-04-10", batch=book(month)["batches"][0]["no"], file=failed)
    with pytest.raises(Refused, match="未了结"):
        month.take("pay_to_lead", Role.AGENCY_CLERK, on="2025-04-11", bank_reference="B-1")


def test_others_neither_make_files_nor_bring_replies(sent_month: Month) -> None:
    content = files.keep(answer(sent(sent_month)), "reply.csv")
    for role, code in ((Role.MEMBER_CLERK, "tcm"), (Role.AGENCY_CLERK, None), (Role.LEAD_CLERK, None)):
        with pytest.raises(Refused):
            act(sent_month, "bank_reply", sent_month.actor(role, code), "2025-04-15",
                batch=book(sent_month)["batches"][0]["no"], file=content)
