"""Assessments and yearly clearings of the story."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from governance.roles import Role
from workflow import clock
from workflow.attempt import SYSTEM, Actor, Attempt, Case
from workflow.clearing.dues import passed_on
from workflow.db import reading
from workflow.story.cast import BY_CODE, body_code
from workflow.story.player import Diary, Player, Scene
from workflow.story.recognition import CITY


@dataclass(frozen=True, slots=True)
class Assessing:
    """How the two assessments of a year go: indicator values of the consortium, and of each kind of member."""

    code: str
    year: int
    begins: date
    fund: dict[str, str]
    daily: tuple[str, ...] = ()
    bureau: str = "city_insurance"
    contribution: dict[str, tuple[str, ...]] = field(default_factory=dict)


def _body_place(kind: str, code: str) -> str:
    return CITY if kind.startswith("city") else BY_CODE[code].place


def assessed(diary: Diary, plan: Assessing) -> Iterator[Scene]:
    """The scenes of both assessments: reported with documents, reviewed, published, final."""
    bureau = body_code(plan.bureau, _body_place(plan.bureau, plan.code))
    centre = body_code("centre", BY_CODE[plan.code].place)
    people = {
        "fund": (BY_CODE[plan.code].lead_code, Role.LEAD_CLERK, bureau, Role(f"{plan.bureau}_reviewer"),
                 bureau, Role(f"{plan.bureau}_approver")),
        "contribution": (centre, Role.CENTRE_CLERK, centre, Role.CENTRE_HEAD, centre, Role.CENTRE_HEAD),
    }
    for scheme in ("fund", "contribution"):
        yield from _one(diary, plan, scheme, people[scheme])


def _one(diary: Diary, plan: Assessing, scheme: str, people: tuple[Any, ...]) -> Iterator[Scene]:
    reporter, reporting, checker, checking, decider, deciding = people
    key = f"{plan.code}:{scheme}-{plan.year}"

    def case(player: Player) -> Case:
        return player.case("assessment", plan.code, period=f"{plan.year}-{scheme}")

    def report(player: Player) -> None:
        actor = player.actor(reporter, reporting)
        player.take(case(player), "record", actor, entries=_entries(plan, scheme))
        player.take(case(player), "self_report", actor)

    def review(player: Player) -> None:
        actor = player.actor(checker, checking)
        if scheme == "fund" and plan.daily:
            player.take(case(player), "record_daily", actor, scores=list(plan.daily), document="样例日常检查记录")
        player.take(case(player), "review" if scheme == "fund" else "verify", actor, opinion="样例：数据属实")
        publisher = player.actor(checker, checking) if scheme == "fund" else player.actor(reporter, reporting)
        player.take(case(player), "publish", publisher, document=f"样例公布〔{plan.year + 1}〕{scheme}")

    def finalise(player: Player) -> None:
        player.take(case(player), "finalise", player.actor(decider, deciding), opinion="样例：定论")

    label = "成效考核" if scheme == "fund" else "内部考核"
    first = 0 if scheme == "fund" else 2
    yield Scene(clock.moment(diary.after(plan.begins, first), 9), f"{key}:report", report, f"{plan.year} 年{label}自报")
    yield Scene(clock.moment(diary.after(plan.begins, first + 6), 10), f"{key}:review", review, f"{label}复核并公布")
    yield Scene(clock.moment(diary.after(plan.begins, first + 20), 10), f"{key}:final", finalise, f"{label}定论")


def _entries(plan: Assessing, scheme: str) -> list[dict[str, str]]:
    document = "样例统计报表"
    if scheme == "fund":
        return [{"indicator": name, "value": value, "document": document} for name, value in plan.fund.items()]
    found = []
    members = BY_CODE[plan.code].members
    for rank, (code, level) in enumerate(members, start=1):
        workload, quality, chronic = plan.contribution[level]
        values = {
            "workload": workload, "primary_care": f"{rank}/{len(members)}", "quality": quality,
            "chronic_control": chronic,
        }
        found += [
            {"indicator": name, "value": value, "member": code, "document": document} for name, value in values.items()
        ]
    return found


@dataclass(frozen=True, slots=True)
class Clearing:
    """How a year is cleared."""

    code: str
    year: int
    begins: date
    finance: str = "city_finance"
    insurance: str = "city_insurance"
    causes: dict[str, int] = field(default_factory=dict)
    risk_fund_fen: int = 0
    penalties: dict[str, int] = field(default_factory=dict)


def cleared(diary: Diary, plan: Clearing) -> Iterator[Scene]:
    """The scenes of a clearing: facts, confirmation, the consortium's word, both bureaus, settlement, receipts."""
    moments = (
        (0, 9, "enter", _enter, f"登记 {plan.year} 年清算事实"), (3, 10, "facts", _confirm_facts, "财政部门确认清算事实"),
        (6, 10, "confirm", _confirm, "牵头医院确认清算结果"), (9, 15, "approve", _approve, "医保、财政部门审批清算"),
        (12, 10, "settle", _settle, "结清年度清算款"), (14, 10, "distribute", _distribute, "牵头医院拨付成员单位清算款"),
        (16, 15, "receive", _receive, "成员单位确认清算款，应退款退回，清算办结"),
    )  # fmt: skip
    for days, hour, name, act, told in moments:
        at = clock.moment(diary.after(plan.begins, days), hour)
        yield Scene(at, f"{plan.code}:clearing-{plan.year}:{name}", partial(_acted, act, plan), told)


def _acted(act: Callable[[Player, Clearing], None], plan: Clearing, player: Player) -> None:
    act(player, plan)


def _clearing(player: Player, plan: Clearing) -> Case:
    return player.case("clearing", plan.code, "resident", str(plan.year))


def _bureau(player: Player, plan: Clearing, kind: str, post: str) -> Actor:
    return player.actor(body_code(kind, _body_place(kind, plan.code)), Role(f"{kind}_{post}"))


def _agency(player: Player, plan: Clearing, number: int) -> Actor:
    place = BY_CODE[plan.code].place if plan.code.startswith("suixi") else CITY
    return player.actor(body_code("agency", place), Role.AGENCY_CLERK, number)


def _enter(player: Player, plan: Clearing) -> None:
    player.take(
        _clearing(player, plan), "enter_facts", _agency(player, plan, 2), fund_in_deficit=False,
        overrun_causes=plan.causes, risk_fund_fen=plan.risk_fund_fen, penalties=plan.penalties,
    )


def _confirm_facts(player: Player, plan: Clearing) -> None:
    reviewer = _bureau(player, plan, plan.finance, "reviewer")
    player.take(_clearing(player, plan), "confirm_facts", reviewer, opinion="样例：属实")


def _confirm(player: Player, plan: Clearing) -> None:
    head = player.actor(BY_CODE[plan.code].lead_code, Role.LEAD_HEAD)
    player.take(_clearing(player, plan), "confirm", head, opinion="样例：无异议")


def _approve(player: Player, plan: Clearing) -> None:
    for kind in (plan.insurance, plan.finance):
        said = {"verdict": "agree", "opinion": "样例：同意"}
        player.take(_clearing(player, plan), "review", _bureau(player, plan, kind, "reviewer"), **said)
        player.take(_clearing(player, plan), "decide", _bureau(player, plan, kind, "approver"), **said)


def _settle(player: Player, plan: Clearing) -> None:
    player.take(
        _clearing(player, plan), "settle", _agency(player, plan, 1),
        bank_reference=f"样例回单-清算-{plan.year}-{plan.code}",
    )


def _distribute(player: Player, plan: Clearing) -> None:
    case = _clearing(player, plan)
    if case.state == "settled":
        player.take(
            case, "distribute", player.actor(BY_CODE[plan.code].lead_code, Role.LEAD_FINANCE, 1),
            bank_reference=f"样例回单-清算拨付-{plan.year}-{plan.code}",
        )


def _receive(player: Player, plan: Clearing) -> None:
    """Members confirm what they have; those from which the clearing takes something pay it back."""
    troupe, finance = BY_CODE[plan.code], player.actor(BY_CODE[plan.code].lead_code, Role.LEAD_FINANCE, 1)
    case = _clearing(player, plan)
    with reading(player.engine) as connection:
        dues = passed_on(Attempt(connection, case, SYSTEM, player.at))
    if any(fen < 0 for fen in dues.values()):
        player.take(case, "recover", finance, bank_reference=f"样例回单-清算退款-{plan.year}-{plan.code}")
    for code, _level in troupe.members[1:]:
        if dues.get(code, 0) > 0:
            player.take(_clearing(player, plan), "confirm_receipt", player.actor(code, Role.MEMBER_HEAD))
