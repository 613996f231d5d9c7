"""Months of the story: sample claims imported, every member declares, the month is decided, paid and received."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from governance.money import apportion
from governance.roles import Role
from workflow import clock, files
from workflow.attempt import Case
from workflow.claims.sampling import sample
from workflow.story.cast import BY_CODE, body_code
from workflow.story.player import Diary, Player, Scene
from workflow.story.recognition import CITY

CASES = 120
POOL = "resident"


@dataclass(frozen=True, slots=True)
class Month:
    """One month: its totals, and what is out of the ordinary about it."""

    code: str
    period: str
    own_fen: int
    away_fen: int
    inflow_fen: int
    late: str = ""
    absent: str = ""
    disputed: bool = False
    deduct_fen: int = 0
    stops_at: str = ""
    declared_on: date | None = None

    @property
    def first_day_after(self) -> date:
        """The first day of the month that follows, when the month is opened."""
        year, month = int(self.period[:4]), int(self.period[5:])
        return date(year + month // 12, month % 12 + 1, 1)


def year_of(code: str, year: int, own_fen: int, away_fen: int, inflow_fen: int, **odd: dict[str, Any]) -> list[Month]:
    """Twelve months whose totals add up to the year's; ``odd`` says by month (``m05``) what is out of the ordinary."""
    draw = random.Random(f"{code}:{year}")  # noqa: S311 - sample data, the same everywhere
    weights = [Decimal(draw.randint(92, 108)) for _month in range(12)]
    parts = [apportion(total, weights) for total in (own_fen, away_fen, inflow_fen)]
    return [
        Month(
            code, f"{year}-{month:02d}", parts[0][month - 1], parts[1][month - 1], parts[2][month - 1],
            **odd.get(f"m{month:02d}", {}),
        )
        for month in range(1, 13)
    ]


def played(diary: Diary, plan: Month) -> Iterator[Scene]:
    """The scenes of one month, up to where the story leaves it."""
    days = {
        "import": (0, 9, ""), "declare": (1, 10, ""), "late": (14, 10, "最后一家成员单位补报"),
        "absent": (10, 10, "两人登记未申报"), "deduct": (12, 9, "登记审核拒付"), "dispute": (17, 9, "牵头医院提出争议，核对后解决"),
        "review": (18, 10, ""), "approve": (20, 10, ""), "fund": (21, 15, ""), "pay": (23, 10, ""),
        "distribute": (26, 10, ""), "receive": (28, 15, ""),
    }  # fmt: skip
    for name, (after, hour, told) in days.items():
        if not _happens(plan, name):
            continue
        day = diary.after(plan.first_day_after, after)
        if name in ("declare",) and plan.declared_on:
            day = plan.declared_on
        yield Scene(
            clock.moment(day, hour), f"{plan.code}:{plan.period}:{_ORDER[name]}-{name}",
            _act(plan, name), told or (f"{plan.period} 月度结算：{_TOLD[name]}" if name in _TOLD else ""),
        )
        if name == plan.stops_at:
            return


_ORDER = {
    name: f"{number:02d}"
    for number, name in enumerate(
        ("import", "declare", "late", "absent", "deduct", "dispute", "review", "approve", "fund", "pay", "distribute",
         "receive")
    )
}
_TOLD = {"import": "导入样例明细", "pay": "拨付牵头医院", "receive": "成员单位确认收款"}


def _happens(plan: Month, name: str) -> bool:
    if name == "fund":
        return not plan.code.startswith("suixi")
    odd = {
        "late": bool(plan.late), "absent": bool(plan.absent), "dispute": plan.disputed, "deduct": plan.deduct_fen > 0,
    }
    return odd.get(name, True)


def _agency(plan: Month) -> str:
    return body_code("agency", BY_CODE[plan.code].place if plan.code.startswith("suixi") else CITY)


def _case(player: Player, plan: Month) -> Case:
    return player.case("settlement", plan.code, POOL, plan.period)


def _act(plan: Month, name: str) -> Any:
    acts = {
        "import": _import, "declare": _declare, "late": _declare_late, "absent": _record_absent, "deduct": _deduct,
        "dispute": _dispute, "review": _review, "approve": _approve, "fund": _fund, "pay": _pay,
        "distribute": _distribute, "receive": _receive,
    }  # fmt: skip
    return lambda player: acts[name](player, plan)


def _import(player: Player, plan: Month) -> None:
    troupe = BY_CODE[plan.code]
    content = sample(
        seed=f"{plan.code}:{plan.period}", consortium=plan.code, other_consortium="", pool=POOL, period=plan.period,
        members=troupe.members,
        totals={"own_fen": plan.own_fen, "away_fen": plan.away_fen, "inflow_fen": plan.inflow_fen}, cases=CASES,
    )
    player.take(
        _case(player, plan), "import_claims", player.actor(_agency(plan), Role.AGENCY_CLERK),
        file=files.keep(content, f"样例明细-{plan.code}-{plan.period}.csv"),
    )


def _declare(player: Player, plan: Month) -> None:
    for code in BY_CODE[plan.code].declaring:
        if code not in (plan.late, plan.absent):
            _reconcile(player, plan, code)


def _reconcile(player: Player, plan: Month, code: str) -> None:
    player.take(_case(player, plan), "reconcile", player.actor(code, Role.MEMBER_CLERK), opinion="样例：核对无误")


def _declare_late(player: Player, plan: Month) -> None:
    _reconcile(player, plan, plan.late)


def _record_absent(player: Player, plan: Month) -> None:
    agency = _agency(plan)
    player.take(
        _case(player, plan), "propose_absent", player.actor(agency, Role.AGENCY_CLERK), member=plan.absent,
        reason="样例：两次催办后仍未申报",
    )
    player.take(
        _case(player, plan), "confirm_absent", player.actor(agency, Role.AGENCY_REVIEWER, 1), member=plan.absent
    )


def _deduct(player: Player, plan: Month) -> None:
    player.take(
        _case(player, plan), "deduct", player.actor(_agency(plan), Role.AGENCY_CLERK),
        member=BY_CODE[plan.code].lead_code, amount_fen=plan.deduct_fen, kind="own",
        decision_number=f"样例审核决定 {plan.period}", reason="样例：超限定支付范围",
    )


def _dispute(player: Player, plan: Month) -> None:
    troupe, agency = BY_CODE[plan.code], _agency(plan)
    player.take(
        _case(player, plan), "dispute", player.actor(troupe.lead_code, Role.LEAD_FINANCE),
        reason="样例：审核拒付有一笔依据不清，请核对",
    )
    player.take(
        _case(player, plan), "resolve_dispute", player.actor(agency, Role.AGENCY_CLERK),
        reason="样例：已核对原始病历，拒付依据补齐",
    )


def _review(player: Player, plan: Month) -> None:
    player.take(_case(player, plan), "review", player.actor(_agency(plan), Role.AGENCY_REVIEWER), opinion="样例：同意")


def _approve(player: Player, plan: Month) -> None:
    player.take(_case(player, plan), "approve", player.actor(_agency(plan), Role.AGENCY_HEAD), opinion="样例：同意")


def _fund(player: Player, plan: Month) -> None:
    bureau = body_code("city_finance", CITY)
    player.take(
        _case(player, plan), "fund", player.actor(bureau, Role.CITY_FINANCE_APPROVER),
        document=f"样例用款批复 {plan.code} {plan.period}",
    )


def _pay(player: Player, plan: Month) -> None:
    player.take(
        _case(player, plan), "pay_to_lead", player.actor(_agency(plan), Role.AGENCY_CLERK, 1),
        bank_reference=f"样例回单-{plan.code}-{plan.period}",
    )


def _distribute(player: Player, plan: Month) -> None:
    lead = BY_CODE[plan.code].lead_code
    player.take(
        _case(player, plan), "distribute", player.actor(lead, Role.LEAD_FINANCE),
        bank_reference=f"样例回单-拨付成员-{plan.code}-{plan.period}",
    )


def _receive(player: Player, plan: Month) -> None:
    troupe = BY_CODE[plan.code]
    for code in troupe.declaring[1:]:
        if code != plan.absent:
            player.take(_case(player, plan), "confirm_receipt", player.actor(code, Role.MEMBER_CLERK))
    case = _case(player, plan)
    if case.closed_at is None:
        player.take(
            case, "bank_proof", player.actor(troupe.lead_code, Role.LEAD_FINANCE),
            bank_reference=f"样例回单-村卫生室-{plan.code}-{plan.period}",
        )
