"""A surplus plan's payments through the bank: the retained surplus to the lead, then every member by one file."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine

from governance.refusal import Refused
from governance.roles import Role
from tests.banking.banks import answer, open_accounts
from tests.clearing.preceding import at
from tests.surplus_plan.plans import RETAINED_FEN, Desk
from workflow import door, files, ledger
from workflow.attempt import Actor
from workflow.banking.sending import HEADER, content_of
from workflow.banking.spreadsheets import csv_rows
from workflow.db import reading


class Bank:
    """What is done with the bank around a plan."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.keys = desk, 0
        open_accounts(SimpleNamespace(engine=desk.engine, actor=desk.county.actor))  # type: ignore[arg-type]

    def act(self, verb: str, actor: Actor, day: int, **data: Any) -> None:
        self.keys += 1
        door.act(
            self.desk.engine, self.desk.case.id, verb, actor=actor, key=f"bank:{self.keys}", at=at(3, day), data=data
        )

    def batch(self) -> dict[str, Any]:
        found: dict[str, Any] = self.desk.read(lambda attempt: attempt.progress["bank"]["batches"][-1])
        return found

    def sent(self) -> list[dict[str, str]]:
        rows = csv_rows(self.desk.read(lambda attempt: content_of(attempt, attempt.progress["bank"]["batches"][-1])))
        return [dict(zip(HEADER, row, strict=True)) for row in rows[1:-1]]


def test_a_plan_is_paid_and_proven_by_the_bank(engine: Engine) -> None:
    desk = Desk(engine)
    desk.filed()
    bank, clerk, finance = Bank(desk), desk.county.actor(Role.AGENCY_CLERK), desk.county.actor(Role.LEAD_FINANCE, n=1)
    bank.act("bank_file", clerk, 18, kind="retained")
    (row,) = bank.sent()
    assert bank.batch()["total_fen"] == RETAINED_FEN and row["收款户名"] == "样例户名lead"
    desk.take("pay_retained", Role.AGENCY_CLERK, at(3, 18), bank_reference="B-1")
    bank.act("bank_file", finance, 19, kind="members")
    sent = bank.sent()
    assert sorted(one["收款户名"][4:] for one in sent) == ["tcm", "town-1", "town-2", "village-1"]
    told = files.keep(answer(sent, on="2026-03-20", tcm={"状态": "失败", "银行流水号": ""}), "reply.csv")
    with pytest.raises(Refused, match="按方案支付"):
        bank.act("bank_reply", finance, 20, batch=bank.batch()["no"], file=told)
    desk.take("pay_members", Role.LEAD_FINANCE, at(3, 19), n=1, bank_reference="B-2")
    bank.act("bank_reply", finance, 20, batch=bank.batch()["no"], file=told)
    desk.take("confirm_receipt", Role.MEMBER_HEAD, at(3, 20), "tcm")
    assert desk.case.state == "paying", "what failed at the bank is open, whatever the member says"
    note = {"line": f"surplus_plan:{desk.case.id}:distribute:tcm"}
    bank.act("bank_note", finance, 21, **note, reason="另以支票支付，回单附后")
    head = desk.county.actor(Role.LEAD_HEAD)
    bank.act("bank_note_confirmed", head, 21, **note, verdict="confirmed")
    assert desk.case.state == "completed"
    with reading(engine) as connection:
        for account in ("owed", "custody", "payable"):
            assert ledger.balance(connection, account=account, book="sample-a/resident") == 0


def test_an_overrun_is_not_paid_by_the_bank(engine: Engine) -> None:
    desk = Desk(engine, own_share_fen=9_000_001)
    desk.deductions = {}
    desk.filed()
    bank = Bank(desk)
    with pytest.raises(Refused, match="收回"):
        bank.act("bank_file", desk.county.actor(Role.LEAD_FINANCE, n=1), 18, kind="members")
