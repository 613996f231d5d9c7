"""Surplus plans of the story, and the sharing of an overrun by the same path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from governance.roles import Role
from workflow import clock
from workflow.attempt import Actor, Case
from workflow.story.cast import BY_CODE, body_code
from workflow.story.player import Diary, Player, Scene
from workflow.story.recognition import CITY

MEMBERS_OF_COMMITTEE = 8
NOTICE_DAYS = 8


@dataclass(frozen=True, slots=True)
class Sharing:
    """How a plan goes: its deduction for the consortium's risk fund, and whether the committee returns it first."""

    code: str
    year: int
    begins: date
    deduction_fen: int = 0
    returned_first: bool = False
    overrun: bool = False
    filers: tuple[tuple[str, str], ...] = (("agency", "agency_reviewer"), ("county_health", "county_health_reviewer"))
    stops_at: str = ""


def shared(diary: Diary, plan: Sharing) -> Iterator[Scene]:
    """The scenes of one plan, from its draft to the last receipt."""
    begins = plan.begins
    if plan.returned_first:
        yield from _asked(diary, plan, begins, "first")
        yield from _voted(diary, plan, diary.after(begins, 12), "first", "return")
        begins = diary.after(begins, 28)
    yield from _asked(diary, plan, begins, "plan")
    if plan.stops_at == "consultation":
        return
    yield from _voted(diary, plan, diary.after(begins, 12), "plan", "agree")
    yield from _paid(diary, plan, diary.after(begins, 26))


def _case(player: Player, plan: Sharing) -> Case:
    return player.case("surplus_plan", plan.code, "resident", str(plan.year))


def _asked(diary: Diary, plan: Sharing, begins: date, name: str) -> Iterator[Scene]:
    troupe, key = BY_CODE[plan.code], f"{plan.code}:plan-{plan.year}"
    deductions = [{"name": "consortium_risk_fund", "amount_fen": plan.deduction_fen}] if plan.deduction_fen else []

    def draft(player: Player) -> None:
        finance = player.actor(troupe.lead_code, Role.LEAD_FINANCE)
        player.take(_case(player, plan), "draft", finance, deductions=deductions, reasons={}, parts=[])
        player.take(_case(player, plan), "open_consultation", finance)

    def answer(player: Player) -> None:
        asked = [code for code, _level in troupe.members[1:]]
        for code in asked[: 2 if plan.stops_at == "consultation" else None]:
            player.take(
                _case(player, plan), "give_opinion", player.actor(code, Role.MEMBER_HEAD), verdict="agree",
                opinion="样例：同意",
            )

    kind = "超支分摊" if plan.overrun else "结余分配"
    yield Scene(clock.moment(diary.after(begins, 0), 9), f"{key}:{name}-draft", draft, f"编制{kind}方案并征求意见")
    yield Scene(clock.moment(diary.after(begins, 3), 10), f"{key}:{name}-opinions", answer, "成员单位提出意见")


def _voted(diary: Diary, plan: Sharing, begins: date, name: str, verdict: str) -> Iterator[Scene]:
    committee, key = body_code("committee", BY_CODE[plan.code].place), f"{plan.code}:plan-{plan.year}"
    session = diary.after(begins + timedelta(days=NOTICE_DAYS), 0)

    def voters(player: Player) -> list[Actor]:
        chair = player.actor(committee, Role.COMMITTEE_CHAIR)
        return [chair] + [
            player.actor(committee, Role.COMMITTEE_MEMBER, number) for number in range(MEMBERS_OF_COMMITTEE)
        ]

    def convene(player: Player) -> None:
        player.take(
            _case(player, plan), "convene", player.actor(committee, Role.COMMITTEE_SECRETARY),
            session_date=session.isoformat(), place="样例：县政府会议室", agenda="样例：审议方案",
        )

    def meet(player: Player) -> None:
        secretary, members = player.actor(committee, Role.COMMITTEE_SECRETARY), voters(player)
        player.take(
            _case(player, plan), "register_attendance", secretary,
            present=[member.seat_id for member in members[:-1]], proxies=[], recused=[],
        )
        for member in members[:-1]:
            if _case(player, plan).state != "voting":
                break
            said = "样例：同意" if verdict == "agree" else "样例：乡村两级份额的依据须补充，退回修改"
            player.take(_case(player, plan), "vote", member, verdict=verdict, opinion=said)
        player.take(
            _case(player, plan), "close_session", secretary, minutes="样例：会议纪要，到会 8 人，表决结果见记录"
        )

    told = "管委会表决通过" if verdict == "agree" else "管委会表决退回"
    yield Scene(clock.moment(begins, 10), f"{key}:{name}-convene", convene, "召集管委会会议")
    yield Scene(clock.moment(session, 10), f"{key}:{name}-vote", meet, told)


def _file(player: Player, plan: Sharing, agency: str) -> None:
    for number, (kind, role) in enumerate(plan.filers, start=1):
        body = agency if kind == "agency" else body_code(kind, BY_CODE[plan.code].place)
        player.take(
            _case(player, plan), "check_filing", player.actor(body, Role(role)),
            filing_number=f"样例备案〔{plan.year + 1}〕{number}号", opinion="样例：材料齐全",
        )
        head = Role(f"{kind}_{'head' if kind == 'agency' else 'approver'}")
        player.take(_case(player, plan), "approve_filing", player.actor(body, head), opinion="样例：受理")


def _paid(diary: Diary, plan: Sharing, begins: date) -> Iterator[Scene]:
    troupe, key = BY_CODE[plan.code], f"{plan.code}:plan-{plan.year}"
    agency = body_code("agency", troupe.place if plan.code.startswith("suixi") else CITY)

    def file(player: Player) -> None:
        _file(player, plan, agency)

    def pay(player: Player) -> None:
        if not plan.overrun and _case(player, plan).state == "filed":
            player.take(
                _case(player, plan), "pay_retained", player.actor(agency, Role.AGENCY_CLERK, 1),
                bank_reference=f"样例回单-留用-{plan.year}-{plan.code}",
            )

    def pay_members(player: Player) -> None:
        player.take(
            _case(player, plan), "pay_members", player.actor(troupe.lead_code, Role.LEAD_FINANCE, 1),
            bank_reference=f"样例回单-分配-{plan.year}-{plan.code}",
        )

    def receive(player: Player) -> None:
        for code, _level in troupe.members[1:]:
            player.take(_case(player, plan), "confirm_receipt", player.actor(code, Role.MEMBER_HEAD))
        case = _case(player, plan)
        if case.closed_at is None:
            player.take(
                case, "bank_proof", player.actor(troupe.lead_code, Role.LEAD_FINANCE, 1),
                bank_reference=f"样例回单-公共卫生机构-{plan.year}-{plan.code}",
            )

    yield Scene(clock.moment(begins, 10), f"{key}:file", file, "方案备案")
    yield Scene(clock.moment(diary.after(begins, 4), 10), f"{key}:pay", pay, "" if plan.overrun else "拨付留用结余")
    yield Scene(clock.moment(diary.after(begins, 8), 10), f"{key}:members", pay_members, "按方案支付成员单位")
    yield Scene(clock.moment(diary.after(begins, 11), 15), f"{key}:receive", receive, "成员单位确认款项，方案办结")
