"""Agreements and budgets of the story: drafted, authorised, signed, prepaid; measured, negotiated, approved, issued."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from governance.roles import Role
from workflow import clock
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
    troupe, agency = BY_CODE[plan.code], body_code("agency", CITY)
    key = f"{plan.code}:agreement-{plan.year}"

    def draft(player: Player) -> None:
        case = player.case("agreement", plan.code, period=str(plan.year))
        clerk = player.actor(agency, Role.AGENCY_CLERK)
        player.take(
            case, "draft", clerk, number=f"样例协议{plan.year}-{plan.code}", start=f"{plan.year}-01-01",
            end=f"{plan.year}-12-31", pools=["resident"], answers=ANSWERS, terms=TERMS,
            overrun_circumstances=["样例：国家或省调整待遇、目录、价格等政策", "样例：突发公共卫生事件等不可抗力"],
            prepayment_fen={"resident": plan.prepayment_fen},
        )
        player.take(case, "propose", clerk)

    def authorise(player: Player) -> None:
        for code, level in troupe.members[1:]:
            if plan.stops_at == "authorising" and code == troupe.members[-1][0]:
                continue
            case = player.case("agreement", plan.code, period=str(plan.year))
            role = Role.MEMBER_HEAD if level == "village" else Role.MEMBER_CLERK
            player.take(case, "authorise", player.actor(code, role), opinion="样例：同意授权")

    def lead_sign(player: Player) -> None:
        case = player.case("agreement", plan.code, period=str(plan.year))
        player.take(case, "lead_sign", player.actor(troupe.lead_code, Role.LEAD_HEAD))

    def sign(player: Player) -> None:
        case = player.case("agreement", plan.code, period=str(plan.year))
        player.take(case, "review", player.actor(agency, Role.AGENCY_REVIEWER))
        player.take(case, "sign", player.actor(agency, Role.AGENCY_HEAD))

    def prepay(player: Player) -> None:
        player.take(
            player.case("agreement", plan.code, period=str(plan.year)), "pay_prepayment",
            player.actor(agency, Role.AGENCY_CLERK, 1), pool="resident", amount_fen=plan.prepayment_fen,
            bank_reference=f"样例回单-预付-{plan.year}-{plan.code}",
        )

    on = plan.drafted_on
    yield Scene(clock.moment(diary.after(on, 0), 9), f"{key}:draft", draft, f"起草 {plan.year} 年医保协议")
    yield Scene(clock.moment(diary.after(on, 3), 10), f"{key}:authorise", authorise, "成员单位授权牵头医院签约")
    if plan.stops_at:
        return
    yield Scene(clock.moment(diary.after(on, 5), 10), f"{key}:lead", lead_sign, "牵头医院负责人签署协议")
    yield Scene(clock.moment(diary.after(on, 7), 15), f"{key}:sign", sign, "医保经办机构复核并签署协议")
    if plan.prepaid_on and plan.prepayment_fen:
        day = diary.on(plan.prepaid_on.year, plan.prepaid_on.month, plan.prepaid_on.day)
        yield Scene(clock.moment(day, 10), f"{key}:prepay", prepay, "拨付预付金")


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
    stops_at: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


def budgeted(diary: Diary, plan: Budgeting) -> Iterator[Scene]:
    """The scenes of one budget; months run on the pre-issued figure until it is issued."""
    place = CITY if plan.parties[0].startswith("city") else BY_CODE[plan.code].place
    leading = plan.parties[0]
    bureau = body_code(leading, place)
    key = f"{plan.code}:budget-{plan.year}"

    def case(player: Player) -> Any:
        return player.case("budget", plan.code, "resident", str(plan.year))

    def pre_issue(player: Player) -> None:
        player.take(
            case(player), "pre_issue", player.actor(bureau, Role(f"{leading}_approver")),
            amount_fen=plan.pre_issued_fen, document_number=f"样例预下达〔{plan.year}〕1号",
        )

    def calculate(player: Player) -> None:
        preparer = player.actor(bureau, Role(f"{leading}_reviewer"), 1)
        player.take(case(player), "calculate", preparer, facts=plan.facts)

    def consult(player: Player) -> None:
        preparer = player.actor(bureau, Role(f"{leading}_reviewer"), 1)
        player.take(
            case(player), "consult", preparer, on=clock.day_of(player.at).isoformat(),
            participants="样例：医保、财政、卫健部门和牵头医院", summary="样例：就总额和结构达成一致",
            approved_fen=plan.facts.get("approved_fen"), reason=plan.facts.get("reason", ""),
        )

    def approve(player: Player) -> None:
        for kind in plan.parties:
            code = body_code(kind, place)
            said = {"verdict": "agree", "opinion": "样例：同意"}
            player.take(case(player), "opine", player.actor(code, Role(f"{kind}_reviewer")), **said)
            player.take(case(player), "decide", player.actor(code, Role(f"{kind}_approver")), **said)

    def issue(player: Player) -> None:
        player.take(
            case(player), "issue", player.actor(bureau, Role(f"{leading}_approver")), document_number=plan.number
        )

    if plan.pre_issued_on:
        day = diary.on(plan.pre_issued_on.year, plan.pre_issued_on.month, plan.pre_issued_on.day)
        yield Scene(clock.moment(day, 14), f"{key}:pre", pre_issue, f"预下达 {plan.year} 年总额预算")
    yield Scene(clock.moment(diary.after(plan.begins, 0), 9), f"{key}:calculate", calculate, f"测算 {plan.year} 年总额预算")
    if plan.stops_at == "calculated":
        return
    yield Scene(clock.moment(diary.after(plan.begins, 5), 14), f"{key}:consult", consult, "预算协商")
    yield Scene(clock.moment(diary.after(plan.begins, 9), 15), f"{key}:approve", approve, "医保、财政部门批准预算")
    if plan.issued_on:
        day = diary.on(plan.issued_on.year, plan.issued_on.month, plan.issued_on.day)
        yield Scene(clock.moment(day, 10), f"{key}:issue", issue, f"下达 {plan.year} 年总额预算")
