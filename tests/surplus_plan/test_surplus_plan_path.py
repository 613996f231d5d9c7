"""A plan goes its way: drafted on frozen weights, consulted, voted on, filed in order, paid to the last member."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import NoResultFound

from governance.refusal import Refused
from governance.roles import Role
from tests.clearing import preceding
from tests.clearing.preceding import at
from tests.people import SINCE
from tests.surplus_plan.plans import DRAFT, RETAINED_FEN, Desk
from workflow import door, ledger, records
from workflow.attempt import Actor
from workflow.db import reading, writing
from workflow.model import tasks
from workflow.organisations.model import seats
from workflow.surplus_plan.model import parts_of


@pytest.fixture
def desk(engine: Engine) -> Desk:
    """A county with a closed clearing and a final contribution assessment."""
    return Desk(engine)


def test_opens_once_when_something_is_retained(desk: Desk) -> None:
    assert desk.case.state == "drafting" and desk.case.follows_id == desk.cleared
    assert desk.tick(at(3, 3)) == []


def test_does_not_open_when_nothing_is_to_be_shared(engine: Engine) -> None:
    desk = Desk(engine, retained_fen=0)
    with pytest.raises(NoResultFound):
        _ = desk.case
    assert desk.tick(at(3, 4)) == []


def test_a_surplus_reaches_every_member_to_the_fen(desk: Desk) -> None:
    desk.filed()
    assert desk.case.state == "filed"
    assert "流水号" in desk.refused("pay_retained", Role.AGENCY_CLERK, at(3, 18), bank_reference="")
    assert desk.take("pay_retained", Role.AGENCY_CLERK, at(3, 18), bank_reference="B-1") == "paying"
    assert "还没有按方案支付" in desk.refused("confirm_receipt", Role.MEMBER_CLERK, at(3, 19), "town-1")
    assert "不相容" in desk.refused("pay_members", Role.LEAD_FINANCE, at(3, 19), bank_reference="B-2")
    desk.take("pay_members", Role.LEAD_FINANCE, at(3, 19), n=1, bank_reference="B-2")
    assert "不能重复" in desk.refused("pay_members", Role.LEAD_FINANCE, at(3, 19), n=1, bank_reference="B-3")
    assert "不符" in desk.refused("confirm_receipt", Role.MEMBER_CLERK, at(3, 20), "town-1", received_fen=1)
    desk.take("confirm_receipt", Role.MEMBER_CLERK, at(3, 20), "town-1")
    assert "没有待确认" in desk.refused("confirm_receipt", Role.MEMBER_HEAD, at(3, 20), "town-1")
    desk.take("confirm_receipt", Role.MEMBER_HEAD, at(3, 20), "tcm")
    assert "回单号" in desk.refused("bank_proof", Role.LEAD_FINANCE, at(3, 21), n=1, bank_reference="")
    assert desk.take("bank_proof", Role.LEAD_FINANCE, at(3, 21), n=1, bank_reference="R-9") == "completed"
    parts = desk.read(parts_of)
    assert sum(parts.values()) == RETAINED_FEN and parts["deduction:consortium_risk_fund"] == 3_456_789
    with reading(desk.engine) as connection:
        for account in ("owed", "custody", "payable"):
            assert ledger.balance(connection, account=account, book="sample-a/resident") == 0
        assert ledger.balance(connection, account="bank", book="sample-a/resident") == -100_000_000 - RETAINED_FEN
        assert ledger.check_journals(connection) == []
        assert records.verify(connection) == []


def test_an_overrun_goes_the_same_way(engine: Engine) -> None:
    desk = Desk(engine, own_share_fen=9_000_001)
    assert "没有单列部分和扣除" in desk.refused("draft", Role.LEAD_FINANCE, at(3, 3), **DRAFT)
    desk.deductions = {}
    desk.filed()
    assert desk.case.state == "paying"
    desk.take("pay_members", Role.LEAD_FINANCE, at(3, 19), n=1, bank_reference="抵扣-1")
    assert desk.take("bank_proof", Role.LEAD_FINANCE, at(3, 21), n=1, bank_reference="R-9") == "completed"
    with reading(engine) as connection:
        for account in ("owed", "custody"):
            assert ledger.balance(connection, account=account, book="sample-a/resident") == 0
        # The clearing would have left the whole share, as something the consortium owes, with the lead.
        assert ledger.balance(connection, account="held", party="lead", book="sample-a/resident") == 9_000_001


def test_weights_must_be_final_and_cannot_be_typed(engine: Engine) -> None:
    desk = Desk(engine, weighed=False)
    assert "内部考核还没有定论" in desk.refused("draft", Role.LEAD_FINANCE, at(3, 3), **DRAFT)
    assert "内部考核还没有定论" in desk.refused("open_consultation", Role.LEAD_FINANCE, at(3, 3))
    with writing(engine) as connection:
        preceding.assessed(connection, desk.county, "contribution")
    assert "还没有编制" in desk.refused("open_consultation", Role.LEAD_FINANCE, at(3, 3))


def test_a_member_with_nothing_needs_a_reason(engine: Engine) -> None:
    weights = {"lead": "88", "tcm": "0", "town-1": "91", "town-2": "76", "village-1": "82"}
    desk = Desk(engine, weights=weights)
    assert "tcm" in desk.refused("draft", Role.LEAD_FINANCE, at(3, 3), **DRAFT)
    assert desk.take("draft", Role.LEAD_FINANCE, at(3, 3), **DRAFT, reasons={"tcm": "年度停业整顿"}) == "drafting"


def test_every_member_is_heard_or_its_time_is_over(desk: Desk) -> None:
    desk.take("draft", Role.LEAD_FINANCE, at(3, 3), **DRAFT)
    desk.take("open_consultation", Role.LEAD_FINANCE, at(3, 3))
    assert "不对自己的方案" in desk.refused("give_opinion", Role.MEMBER_HEAD, at(3, 4), "lead", verdict="agree")
    assert "写明意见" in desk.refused("give_opinion", Role.MEMBER_HEAD, at(3, 4), "tcm", verdict="remark")
    assert "只能是" in desk.refused("give_opinion", Role.MEMBER_HEAD, at(3, 4), "tcm", verdict="disagree")
    desk.take("give_opinion", Role.MEMBER_HEAD, at(3, 4), "tcm", verdict="remark", opinion="比例偏低")
    desk.take("give_opinion", Role.MEMBER_CLERK, at(3, 4), "town-1", verdict="agree")
    with reading(desk.engine) as connection:
        waited = connection.execute(
            select(tasks.c.organisation_id).where(tasks.c.case_id == desk.case.id, tasks.c.trigger == "give_opinion")
        ).scalars()
        assert set(waited) == {desk.county.organisations[code] for code in ("town-2", "village-1")}
    assert desk.tick(at(3, 10)) == []
    assert [one.job for one in desk.tick(at(3, 11))] == ["end_consultation"]
    assert desk.case.state == "committee"


def test_notice_place_and_day_of_the_session(desk: Desk) -> None:
    desk.consulted()
    assert "还没有召集" in desk.refused("register_attendance", Role.COMMITTEE_SECRETARY, at(3, 5), present=desk.members)
    call = {"session_date": "2026-03-09", "place": "二楼"}
    assert "最早可定在 2026-03-10" in desk.refused("convene", Role.COMMITTEE_SECRETARY, at(3, 5), **call)
    assert "2026-11-23" in desk.refused("convene", Role.COMMITTEE_SECRETARY, at(3, 5), session_date="明天", place="二楼")
    assert "地点" in desk.refused("convene", Role.COMMITTEE_SECRETARY, at(3, 5), session_date="2026-03-10", place=" ")
    desk.take("convene", Role.COMMITTEE_SECRETARY, at(3, 5), session_date="2026-03-10", place="二楼")
    assert "当天才能" in desk.refused("register_attendance", Role.COMMITTEE_SECRETARY, at(3, 9), present=desk.members)


@pytest.mark.parametrize(("there", "enough"), [(5, False), (6, True), (8, True)])
def test_two_thirds_must_be_there(desk: Desk, there: int, enough: bool) -> None:
    everyone = [desk.seat(Role.COMMITTEE_CHAIR), *desk.members]
    if enough:
        desk.in_session(everyone[:there])
        assert desk.case.state == "voting"
        return
    desk.consulted()
    desk.take("convene", Role.COMMITTEE_SECRETARY, at(3, 5), session_date="2026-03-12", place="二楼")
    said = desk.refused("register_attendance", Role.COMMITTEE_SECRETARY, at(3, 12), present=everyone[:there])
    assert f"到会 {there} 人" in said and "应到 8 人" in said and "2/3" in said


def test_attendance_is_checked(desk: Desk) -> None:
    desk.consulted()
    desk.take("convene", Role.COMMITTEE_SECRETARY, at(3, 5), session_date="2026-03-12", place="二楼")
    members = desk.members

    def said(**given: Any) -> str:
        return desk.refused("register_attendance", Role.COMMITTEE_SECRETARY, at(3, 12), **given)

    one = {"absent": members[6], "holder": members[0], "document": "委1"}
    assert "不是管委会的席位" in said(present=[99_999])
    assert "委托书编号" in said(present=members[:6], proxies=[{**one, "document": ""}])
    assert "没有到会" in said(present=members[:5], proxies=[{**one, "holder": members[5]}])
    assert "已经到会" in said(present=members, proxies=[one])
    chair = {"absent": desk.seat(Role.COMMITTEE_CHAIR), "holder": members[0], "document": "委2"}
    assert "最多接受 1 份" in said(present=members[:6], proxies=[one, chair])
    assert "回避须写明原因" in said(present=members, recused=[{"seat": members[0], "reason": ""}])


def test_two_thirds_of_all_pass_and_end_the_vote(desk: Desk) -> None:
    desk.in_session()
    assert desk.votes(["agree"] * 5) == "voting"
    assert "重复" in desk.refused("vote", Role.COMMITTEE_MEMBER, at(3, 12), n=0, verdict="agree")
    assert "意见" in desk.refused("vote", Role.COMMITTEE_MEMBER, at(3, 12), n=5, verdict="disagree")
    assert desk.votes(["agree"], first=5) == "adopted"
    assert "会议纪要" in desk.refused("close_session", Role.COMMITTEE_SECRETARY, at(3, 13), minutes=" ")
    assert desk.take("close_session", Role.COMMITTEE_SECRETARY, at(3, 13), minutes="通过") == "filing"


@pytest.mark.parametrize(
    ("verdicts", "state", "said"),
    [
        (["disagree"] * 3, "returned", "未达到通过比例"),
        (["abstain"] * 3, "returned", "未达到通过比例"),
        (["return"] * 6, "returned", "退回"),
        (["return", "return", "agree", "agree", "agree"], "voting", ""),
    ],
)
def test_how_a_vote_ends_otherwise(desk: Desk, verdicts: list[str], state: str, said: str) -> None:
    desk.in_session()
    assert desk.votes(verdicts) == state
    if said:
        assert said in desk.read(lambda attempt: attempt.progress["returned"]["reason"])
        assert desk.take("draft", Role.LEAD_FINANCE, at(3, 13), **DRAFT) == "drafting"
        assert "opinions" not in desk.read(lambda attempt: attempt.progress)


def test_minutes_of_an_earlier_session_do_not_serve_a_later_one(desk: Desk) -> None:
    desk.in_session()
    desk.votes(["return"] * 6)
    desk.take("close_session", Role.COMMITTEE_SECRETARY, at(3, 12), minutes="第一次会议，退回。")
    desk.take("draft", Role.LEAD_FINANCE, at(3, 13), **DRAFT)
    progress = desk.read(lambda attempt: attempt.progress)
    assert "minutes" not in progress
    assert progress["earlier"][0]["minutes"]["text"] == "第一次会议，退回。"


def test_a_proxy_is_cast_by_its_holder_who_says_so(desk: Desk) -> None:
    members = desk.members
    proxy = {"absent": members[6], "holder": members[0], "document": "委托书1号"}
    desk.in_session(members[:6], proxies=[proxy])
    assert "不在本轮" in desk.refused("vote", Role.COMMITTEE_MEMBER, at(3, 12), n=6, verdict="agree")
    assert "不在本轮" in desk.refused("vote", Role.COMMITTEE_CHAIR, at(3, 12), verdict="agree")
    assert "哪个席位" in desk.refused("vote", Role.COMMITTEE_MEMBER, at(3, 12), n=0, verdict="agree")
    assert "不在本轮" in desk.refused(
        "vote", Role.COMMITTEE_MEMBER, at(3, 12), n=1, verdict="agree", seat_key=f"seat:{members[6]}"
    )
    for seat in (members[0], members[6]):
        desk.take("vote", Role.COMMITTEE_MEMBER, at(3, 12), n=0, verdict="agree", seat_key=f"seat:{seat}")
    assert "重复" in desk.refused(
        "vote", Role.COMMITTEE_MEMBER, at(3, 12), n=0, verdict="agree", seat_key=f"seat:{members[6]}"
    )
    assert desk.votes(["agree"] * 4, first=1) == "adopted"


def test_who_prepared_the_plan_is_recused_and_does_not_vote(desk: Desk) -> None:
    drafter = desk.county.actor(Role.LEAD_FINANCE)
    committee = desk.county.organisations["committee"]
    with writing(desk.engine) as connection:
        own = connection.execute(
            seats.insert()
            .values(person_id=drafter.person_id, organisation_id=committee, role="committee_member", since=SINCE)
            .returning(seats.c.id)
        ).scalar_one()
    desk.consulted()
    desk.take("convene", Role.COMMITTEE_SECRETARY, at(3, 5), session_date="2026-03-12", place="二楼")
    said = desk.refused("register_attendance", Role.COMMITTEE_SECRETARY, at(3, 12), present=[*desk.members, own])
    assert "须登记回避" in said
    desk.take("register_attendance", Role.COMMITTEE_SECRETARY, at(3, 12), present=[*desk.members, own],
              recused=[{"seat": own, "reason": "编制方案"}])
    with pytest.raises(Refused) as caught:
        door.take(desk.engine, desk.case.id, "vote", key="drafter", at=at(3, 12), data={"verdict": "agree"},
                  actor=Actor(drafter.person_id, own, committee, Role.COMMITTEE_MEMBER, drafter.name))
    assert "不相容" in str(caught.value.refusals[0].reason)


def test_a_session_that_breaks_off_is_called_again(desk: Desk) -> None:
    desk.in_session()
    desk.votes(["agree"] * 5)
    assert "原因" in desk.refused("adjourn", Role.COMMITTEE_SECRETARY, at(3, 12), reason="")
    assert desk.take("adjourn", Role.COMMITTEE_SECRETARY, at(3, 12), reason="委员临时离会") == "committee"
    assert "还没有召集" in desk.refused("register_attendance", Role.COMMITTEE_SECRETARY, at(3, 20), present=desk.members)


def test_filing_goes_in_the_rules_order(desk: Desk) -> None:
    desk.in_session()
    desk.votes(["agree"] * 6)
    desk.take("close_session", Role.COMMITTEE_SECRETARY, at(3, 13), minutes="通过")
    number = {"filing_number": "备1"}
    assert "现在由医保经办机构" in desk.refused("check_filing", Role.COUNTY_HEALTH_REVIEWER, at(3, 16), **number)
    assert "备案号" in desk.refused("check_filing", Role.AGENCY_REVIEWER, at(3, 16), filing_number=" ")
    assert "还缺“经办意见”" in desk.refused("approve_filing", Role.AGENCY_HEAD, at(3, 16))
    assert desk.take("check_filing", Role.AGENCY_REVIEWER, at(3, 16), **number) == "filing"
    assert desk.take("approve_filing", Role.AGENCY_HEAD, at(3, 16)) == "filing"
    assert "现在由县卫生健康局" in desk.refused("check_filing", Role.AGENCY_REVIEWER, at(3, 16), **number)
    assert "还没有审查备案材料" in desk.refused("approve_filing", Role.COUNTY_HEALTH_APPROVER, at(3, 16))
    assert desk.take("send_back", Role.COUNTY_HEALTH_REVIEWER, at(3, 16), reason="缺少会议签到") == "drafting"


@pytest.mark.parametrize("trigger", ["pay_retained", "pay_members", "check_filing", "vote"])
def test_nothing_happens_before_its_turn(desk: Desk, trigger: str) -> None:
    roles = {"pay_retained": Role.AGENCY_CLERK, "pay_members": Role.LEAD_FINANCE,
             "check_filing": Role.AGENCY_REVIEWER, "vote": Role.COMMITTEE_MEMBER}  # fmt: skip
    desk.consulted()
    assert "不能办理" in desk.refused(trigger, roles[trigger], at(3, 6))
