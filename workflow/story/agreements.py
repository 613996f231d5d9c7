"""Agreements and budgets of the story: drafted, authorised, signed, prepaid; measured, negotiated, approved, issued."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from governance.roles import Role
from workflow import clock
from workflow.attempt import Actor, Case
from workflow.story.cast import BY_CODE, body_code
from workflow.story.player import Diary, Player, Scene
from workflow.story.recognition import CITY

TERMS = {
    "scope": "样例：门（急）诊、慢特病门诊、住院、县域外就医、双通道药品",
    "budget": "样例：按年度总额预算付费，结余留用、合理超支分担",
    "settlement": "样例：按月结算，全部成员申报后 30 个工作日内拨付牵头单位",
    "deposit": "样例：质量保证金比例 5%，年度清算时按考核返还",
    "prepayment": "样例：年初预付，按月冲抵，年底前冲抵完毕",
    "assessment": "样例：按成效考核办法执行",
    "surplus": "样例：按考核得分分档留用，方案经管委会表决并备案",
    "overrun": "样例：政策性原因和不可抗力，按约定比例分担",
    "liability": "样例：牵头单位承担成员单位违约的管理和经济责任",
}
TIERS = [{"upto": "0.05", "fund": "0.4"}, {"upto": "0.10", "fund": "0.3"}]
ANSWERS: dict[str, Any] = {"settlement.deposit_ratio": "0.05", "clearing.overrun": TIERS}


@dataclass(frozen=True, slots=True)
class Signing:
    """How an agreement for one year comes about."""

    code: str
    year: int
    drafted_on: date
    prepayment_fen: int = 0
    prepaid_on: date | None = None
    stops_at: str = ""


def signed(diary: Diary, plan: Signing) -> Iterator[Scene]:
    """The scenes of an agreement: draft, authorisations, both signatures, and the prepayment."""
    key, on = f"{plan.code}:agreement-{plan.year}", plan.drafted_on
    moments = [
        (diary.after(on, 0), 9, "draft", _draft, f"起草 {plan.year} 年医保协议"),
        (diary.after(on, 3), 10, "authorise", _authorise, "成员单位授权牵头医院签约"),
    ]
    if not plan.stops_at:
        moments += [
            (diary.after(on, 5), 10, "lead", _lead_sign, "牵头医院负责人签署协议"),
            (diary.after(on, 7), 15, "sign", _sign, "医保经办机构复核并签署协议"),
        ]
    if plan.prepaid_on and plan.prepayment_fen and not plan.stops_at:
        moments.append((diary.after(plan.prepaid_on, 0), 10, "prepay", _prepay, "拨付预付金"))
    for day, hour, name, act, told in moments:
        yield Scene(clock.moment(day, hour), f"{key}:{name}", partial(_acted, act, plan), told)


def _acted(act: Callable[[Player, Any], None], plan: Any, player: Player) -> None:
    act(player, plan)


def _agreement(player: Player, plan: Signing) -> Case:
    return player.case("agreement", plan.code, period=str(plan.year))


def _agency(player: Player, role: Role, number: int = 0) -> Actor:
    return player.actor(body_code("agency", CITY), role, number)


def _draft(player: Player, plan: Signing) -> None:
    case, clerk = _agreement(player, plan), _agency(player, Role.AGENCY_CLERK)
    player.take(
        case, "draft", clerk, number=f"样例协议{plan.year}-{plan.code}", start=f"{plan.year}-01-01",
        end=f"{plan.year}-12-31", pools=["resident"], answers=ANSWERS, terms=TERMS,
        overrun_circumstances=["样例：国家或省调整待遇、目录、价格等政策", "样例：突发公共卫生事件等不可抗力"],
        prepayment_fen={"resident": plan.prepayment_fen},
    )
    player.take(case, "propose", clerk)


def _authorise(player: Player, plan: Signing) -> None:
    members = BY_CODE[plan.code].members[1:]
    for code, level in members[:-1] if plan.stops_at == "authorising" else members:
        role = Role.MEMBER_HEAD if level == "village" else Role.MEMBER_CLERK
        player.take(_agreement(player, plan), "authorise", player.actor(code, role), opinion="样例：同意授权")


def _lead_sign(player: Player, plan: Signing) -> None:
    player.take(_agreement(player, plan), "lead_sign", player.actor(BY_CODE[plan.code].lead_code, Role.LEAD_HEAD))


def _sign(player: Player, plan: Signing) -> None:
    player.take(_agreement(player, plan), "review", _agency(player, Role.AGENCY_REVIEWER))
    player.take(_agreement(player, plan), "sign", _agency(player, Role.AGENCY_HEAD))


def _prepay(player: Player, plan: Signing) -> None:
    player.take(
        _agreement(player, plan), "pay_prepayment", _agency(player, Role.AGENCY_CLERK, 1), pool="resident",
        amount_fen=plan.prepayment_fen, bank_reference=f"样例回单-预付-{plan.year}-{plan.code}",
    )


@dataclass(frozen=True, slots=True)
class Budgeting:
    """How a year's budget is measured, negotiated, approved and issued."""

    code: str
    year: int
    facts: dict[str, Any]
    begins: date
    pre_issued_fen: int = 0
    pre_issued_on: date | None = None
    parties: tuple[str, ...] = ("city_insurance", "city_finance")
    issued_on: date | None = None
    number: str = ""
    ends_opined: bool = False


def budgeted(diary: Diary, plan: Budgeting) -> Iterator[Scene]:
    """The scenes of one budget; months run on the pre-issued figure until it is issued."""
    key, year = f"{plan.code}:budget-{plan.year}", plan.year
    moments = [(diary.after(plan.begins, 0), 9, "calculate", _calculate, f"测算 {year} 年总额预算")]
    if plan.pre_issued_on:
        moments.append((diary.after(plan.pre_issued_on, 0), 14, "pre", _pre_issue, f"预下达 {year} 年总额预算"))
    moments += [
        (diary.after(plan.begins, 5), 14, "consult", _consult, "预算协商"),
        (diary.after(plan.begins, 9), 15, "approve", _approve, "医保、财政部门批准预算"),
    ]
    if plan.ends_opined:
        moments[-1] = (diary.after(plan.begins, 9), 15, "opine", _opine, "医保部门经办出具意见")
    if plan.issued_on:
        moments.append((diary.after(plan.issued_on, 0), 10, "issue", _issue, f"下达 {year} 年总额预算"))
    for day, hour, name, act, told in moments:
        yield Scene(clock.moment(day, hour), f"{key}:{name}", partial(_acted, act, plan), told)


def _budget(player: Player, plan: Budgeting) -> Case:
    return player.case("budget", plan.code, "resident", str(plan.year))


def _party(player: Player, plan: Budgeting, kind: str, post: str, number: int = 0) -> Actor:
    place = CITY if kind.startswith("city") else BY_CODE[plan.code].place
    return player.actor(body_code(kind, place), Role(f"{kind}_{post}"), number)


def _pre_issue(player: Player, plan: Budgeting) -> None:
    player.take(
        _budget(player, plan), "pre_issue", _party(player, plan, plan.parties[0], "approver"),
        amount_fen=plan.pre_issued_fen, document_number=f"样例预下达〔{plan.year}〕1号",
    )


def _calculate(player: Player, plan: Budgeting) -> None:
    preparer = _party(player, plan, plan.parties[0], "reviewer", 1)
    player.take(_budget(player, plan), "calculate", preparer, facts=plan.facts)


def _consult(player: Player, plan: Budgeting) -> None:
    player.take(
        _budget(player, plan), "consult", _party(player, plan, plan.parties[0], "reviewer", 1),
        on=clock.day_of(player.at).isoformat(), participants="样例：医保、财政、卫健部门和牵头医院",
        summary="样例：就总额和结构达成一致", approved_fen=plan.facts.get("approved_fen"),
        reason=plan.facts.get("reason", ""),
    )


def _approve(player: Player, plan: Budgeting) -> None:
    for kind in plan.parties:
        said = {"verdict": "agree", "opinion": "样例：同意"}
        player.take(_budget(player, plan), "opine", _party(player, plan, kind, "reviewer"), **said)
        player.take(_budget(player, plan), "decide", _party(player, plan, kind, "approver"), **said)


def _opine(player: Player, plan: Budgeting) -> None:
    kind = plan.parties[0]
    reviewer = _party(player, plan, kind, "reviewer")
    player.take(_budget(player, plan), "opine", reviewer, verdict="agree", opinion="样例：同意")


def _issue(player: Player, plan: Budgeting) -> None:
    player.take(
        _budget(player, plan), "issue", _party(player, plan, plan.parties[0], "approver"), document_number=plan.number
    )
