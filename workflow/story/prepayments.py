"""A prepayment of the story where the place asks for an application: applied for, checked, consented to, advanced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from governance.roles import Role
from workflow import clock
from workflow.attempt import Actor, Case
from workflow.prepayment.beginning import begin
from workflow.prepayment.model import STANDING_LABELS
from workflow.story.cast import BY_CODE, body_code
from workflow.story.player import Diary, Player, Scene
from workflow.story.recognition import CITY

POOL = "resident"
AGREE = {"verdict": "agree", "opinion": "样例：同意"}


@dataclass(frozen=True, slots=True)
class Prepaying:
    """How a year's prepayment comes about: applied for in January, paid once the year before is set off."""

    code: str
    year: int
    fen: int
    applied_on: date
    checked_on: date


def prepaid(diary: Diary, plan: Prepaying) -> Iterator[Scene]:
    """The scenes from the application to the payment."""
    moments = (
        (diary.after(plan.applied_on, 0), 10, "apply", _apply, "牵头医院申请预付金"),
        (diary.after(plan.checked_on, 0), 10, "check", _check, "经办机构逐项核查预付条件"),
        (diary.after(plan.checked_on, 1), 15, "approve", _approve, "经办机构复核并审批预付金"),
        (diary.after(plan.checked_on, 3), 15, "consent", _consent, "市医保局、市财政局会同审核预付金"),
        (diary.after(plan.checked_on, 4), 10, "pay", _pay, "拨付预付金"),
    )
    for day, hour, name, act, told in moments:
        key = f"{plan.code}:prepayment-{plan.year}:{name}"
        yield Scene(clock.moment(day, hour), key, partial(_acted, act, plan), told)


def _acted(act: Callable[[Player, Prepaying], None], plan: Prepaying, player: Player) -> None:
    act(player, plan)


def _case(player: Player, plan: Prepaying) -> Case:
    return player.case("prepayment", plan.code, POOL, str(plan.year))


def _agency(player: Player, role: Role, number: int = 0) -> Actor:
    return player.actor(body_code("agency", CITY), role, number)


def _apply(player: Player, plan: Prepaying) -> None:
    lead = player.actor(BY_CODE[plan.code].lead_code, Role.LEAD_CLERK)
    given: dict[str, Any] = {
        "pool": POOL, "amount_fen": plan.fen, "uses": ["drugs", "consumables"], "undertaking": True,
        "statement": "样例：集中采购药品和医用耗材，垫付压力较大",
    }
    player.once(
        {"act": "begin_prepayment", "consortium": plan.code, "year": plan.year},
        lambda connection, at: {"case": begin(connection, actor=lead, at=at, consortium=plan.code, **given)},
    )


def _check(player: Player, plan: Prepaying) -> None:
    player.take(
        _case(player, plan), "check", _agency(player, Role.AGENCY_CLERK), amount_fen=plan.fen, reserve_months="8.2",
        deficit_last_year=False, deficit_forecast=False, standing=list(STANDING_LABELS),
        evidence="样例：居民医保基金年度决算、协议考核结果",
    )


def _approve(player: Player, plan: Prepaying) -> None:
    player.take(_case(player, plan), "review", _agency(player, Role.AGENCY_REVIEWER), **AGREE)
    player.take(_case(player, plan), "approve", _agency(player, Role.AGENCY_HEAD), **AGREE)


def _consent(player: Player, plan: Prepaying) -> None:
    for kind in ("city_insurance", "city_finance"):
        for step, post in (("opine", "reviewer"), ("decide", "approver")):
            actor = player.actor(body_code(kind, CITY), Role(f"{kind}_{post}"))
            player.take(_case(player, plan), step, actor, **AGREE)


def _pay(player: Player, plan: Prepaying) -> None:
    player.take(
        _case(player, plan), "pay", _agency(player, Role.AGENCY_CLERK, 1),
        bank_reference=f"样例回单-预付-{plan.year}-{plan.code}",
    )
