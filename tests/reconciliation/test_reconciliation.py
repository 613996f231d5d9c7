"""A reconciliation: four columns, reasons for exactly the figures they explain, signatures that a change voids."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from governance.refusal import Refused
from governance.roles import Role
from tests.banking.banks import act, answer, book, plain, sent
from tests.settlement.months import Month, moment
from workflow import door, files
from workflow.attempt import SYSTEM, Actor, Attempt
from workflow.banking.spreadsheets import exact
from workflow.db import reading
from workflow.model import records
from workflow.reconciliation.commands import change
from workflow.reconciliation.figures import Figure
from workflow.reconciliation.state import OPEN, SIGNED, WAITING, Reconciliation, read

_keys = itertools.count()
HEAD = ("成员单位", "项目", "金额（元）")


def now(month: Month, on: str = "2025-04-16") -> Reconciliation:
    """The reconciliation as it stands."""
    with reading(month.engine) as connection:
        return read(Attempt(connection, month.case, SYSTEM, moment(on)))


def do(month: Month, verb: str, actor: Actor, on: str = "2025-04-16", key: str = "", **data: Any) -> None:
    """Do one thing to the reconciliation, through the door."""
    door.once(
        month.engine, key or f"reconciliation-{next(_keys)}", {"verb": verb, "data": data}, moment(on),
        lambda connection, at: change(connection, month.case_id, verb, actor=actor, at=at, data=data),
    )  # fmt: skip


def line(month: Month, key: str) -> Figure:
    return next(one for one in now(month).lines if one.key == key)


def clerk(month: Month, n: int = 0) -> Actor:
    return month.actor(Role.AGENCY_CLERK, n=n)


def totals(month: Month, off_fen: int = 0) -> None:
    """The agency types its totals, the net off by some fen."""
    results = month.results()
    do(month, "totals", clerk(month), gross_fen=results["gross_fen"], net_fen=results["net_to_lead_fen"] + off_fen)


def sign(month: Month, role: Role, n: int = 0) -> None:
    do(month, "sign", month.actor(role, n=n), content=now(month).sha256)


def bring(month: Month, **changed: Any) -> None:
    kept = files.keep(answer(sent(month), **changed), "reply.csv")
    no = book(month)["batches"][0]["no"]
    act(month, "bank_reply", month.actor(Role.LEAD_FINANCE), "2025-04-15", batch=no, file=kept)


def test_four_columns_stand_side_by_side(sent_month: Month) -> None:
    bring(sent_month)
    totals(sent_month)
    one = sent_month.results()["members"]["tcm"]
    assert line(sent_month, "tcm|net").values == [one["net_fen"], None, None, one["net_fen"]]
    assert line(sent_month, "tcm|gross").values == [one["gross_fen"], None, one["gross_fen"], None]
    total = line(sent_month, "*|net")
    assert total.ours == total.agency == sent_month.results()["net_to_lead_fen"]
    mine = [one for one in now(sent_month).lines if one.member == "tcm"]
    for parts in (("own", "inflow"), ("drg", "dip", "bed_day", "capitation", "item", "family_doctor")):
        assert sum(one.ours or 0 for one in mine if one.item in parts) == one_of(mine, "gross")


def one_of(lines: Sequence[Figure], item: str) -> int:
    return next(one.ours or 0 for one in lines if one.item == item)


def test_both_sides_sign_what_is_there(sent_month: Month) -> None:
    bring(sent_month)
    assert sent_month.case.state == "closed"
    assert now(sent_month).state == OPEN
    with pytest.raises(Refused, match="经办机构自己的数"):
        sign(sent_month, Role.AGENCY_HEAD)
    totals(sent_month)
    sign(sent_month, Role.AGENCY_HEAD)
    assert now(sent_month).state == WAITING
    with pytest.raises(Refused, match="已经签字"):
        sign(sent_month, Role.AGENCY_REVIEWER)
    sign(sent_month, Role.LEAD_FINANCE)
    assert now(sent_month).state == SIGNED
    with reading(sent_month.engine) as connection:
        told = connection.scalars(select(records.c.body).where(records.c.verb == "reconciliation_sign")).all()
    assert len(told) == 2 and all(now(sent_month).sha256 in one for one in told)


def test_one_fen_off_has_to_be_explained_and_the_reason_holds_for_these_figures(sent_month: Month) -> None:
    bring(sent_month)
    totals(sent_month, off_fen=1)
    assert line(sent_month, "*|net").open and now(sent_month).state == OPEN
    with pytest.raises(Refused, match="1 处差异"):
        sign(sent_month, Role.AGENCY_HEAD)
    with pytest.raises(Refused, match="没有差异"):
        do(sent_month, "reason", clerk(sent_month), line="tcm|net", reason="无")
    do(sent_month, "reason", clerk(sent_month), line="*|net", reason="平台尾差一分")
    assert not line(sent_month, "*|net").open
    totals(sent_month, off_fen=2)
    assert line(sent_month, "*|net").open, "another difference needs another reason"


def test_a_change_voids_both_signatures(sent_month: Month) -> None:
    totals(sent_month)
    sign(sent_month, Role.AGENCY_HEAD)
    sign(sent_month, Role.LEAD_HEAD)
    assert now(sent_month).state == SIGNED
    seen = now(sent_month).sha256
    bring(sent_month)
    assert now(sent_month).signed == {} and now(sent_month).state == WAITING
    with pytest.raises(Refused, match="已经有了变化"):
        do(sent_month, "sign", sent_month.actor(Role.AGENCY_HEAD), content=seen)
    sign(sent_month, Role.AGENCY_HEAD)
    do(sent_month, "totals", clerk(sent_month, 1), net_fen=sent_month.results()["net_to_lead_fen"], gross_fen=None)
    assert now(sent_month).signed == {}


def test_a_members_difference_is_in_its_column(month: Month) -> None:
    month.import_sample()
    month.take("reconcile", Role.MEMBER_CLERK, "tcm", differences=[
        {"category": "item", "amount_fen": 120_00, "note": "少计一例"}
    ])  # fmt: skip
    month.reconcile_all(without=("tcm",))
    month.jobs("2025-04-08")
    month.take("review", Role.AGENCY_REVIEWER, on="2025-04-09", verdict="agree", opinion="已核实，不属本月")
    month.take("approve", Role.AGENCY_HEAD, on="2025-04-09", verdict="agree", opinion="")
    found = line(month, "tcm|item")
    assert found.declared == (found.ours or 0) + 120_00 and found.open
    assert line(month, "tcm|gross").open


def test_what_the_bank_did_not_pay_stands_as_zero(sent_month: Month) -> None:
    bring(sent_month, tcm={"状态": "失败", "银行流水号": ""}, town_1=None)
    assert line(sent_month, "tcm|net").bank == line(sent_month, "town-1|net").bank == 0
    assert line(sent_month, "tcm|net").open and not line(sent_month, "town-2|net").open


def test_the_agencys_file_is_read_by_members_and_items(sent_month: Month) -> None:
    results = sent_month.results()["members"]
    rows = [HEAD, ("tcm", "实付", exact(results["tcm"]["net_fen"])), ("全医共体", "应付合计", "-1.00"),
            ("样例乡镇卫生院（town-1）", "本医共体参保人", "5")]
    do(sent_month, "file", clerk(sent_month), file=files.keep(plain(rows), "agency.csv"))
    assert line(sent_month, "tcm|net").agency == results["tcm"]["net_fen"]
    assert line(sent_month, "*|gross").agency == -100
    assert line(sent_month, "town-1|own").agency == 500


WRONG: tuple[tuple[str, Sequence[Sequence[str]], str], ...] = (
    ("missing column", [HEAD[:2], ("tcm", "实付")], "缺少这些列：金额"),
    ("duplicate", [HEAD, ("tcm", "实付", "1"), ("tcm", "net", "1")], "与第 2 行重复"),
    ("unknown member", [HEAD, ("nobody", "实付", "1")], "没有“nobody”"),
    ("unknown item", [HEAD, ("tcm", "奖金", "1")], "没有“奖金”"),
    ("full-width", [HEAD, ("tcm", "实付", "１")], "半角数字"),
    ("formula", [HEAD, ("=cmd", "实付", "1")], "不能以 = + - @ 开头"),
    ("twice a column", [(*HEAD, "项目"), ("tcm", "实付", "1", "实付")], "出现了 2 次"),
)


@pytest.mark.parametrize(("rows", "words"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG])
def test_a_wrong_file_is_refused_whole(sent_month: Month, rows: Any, words: str) -> None:
    before = sent_month.case
    with pytest.raises(Refused) as caught:
        do(sent_month, "file", clerk(sent_month), file=files.keep(plain(rows), "agency.csv"))
    assert words in " / ".join(str(one.reason) for one in caught.value.refusals)
    assert sent_month.case == before


def test_who_may_not(sent_month: Month) -> None:
    totals(sent_month)
    for verb, role, data in (
        ("totals", Role.LEAD_FINANCE, {"gross_fen": 1, "net_fen": 1}),
        ("sign", Role.AGENCY_CLERK, {"content": now(sent_month).sha256}),
        ("reason", Role.MEMBER_CLERK, {"line": "*|net", "reason": "x"}),
    ):
        with pytest.raises(Refused, match="岗位"):
            do(sent_month, verb, sent_month.actor(role), **data)
    reviewer = sent_month.actor(Role.AGENCY_REVIEWER)
    do(sent_month, "totals", reviewer, gross_fen=None, net_fen=sent_month.results()["net_to_lead_fen"])
    with pytest.raises(Refused, match="不签字"):
        sign(sent_month, Role.AGENCY_REVIEWER)
    sign(sent_month, Role.AGENCY_REVIEWER, n=1)


def test_before_approval_there_is_nothing_to_reconcile(month: Month) -> None:
    month.to_calculated()
    with pytest.raises(Refused, match="还没有审批"):
        do(month, "totals", clerk(month), gross_fen=1, net_fen=1)
