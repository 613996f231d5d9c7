"""The worksheets by name: each runs on plain facts and a rule book, and says what facts it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from governance import (
    assessment,
    budget,
    chronic_package,
    clearing,
    health_unit,
    indicators,
    payment_modes,
    public_health,
    self_assessment,
    settlement,
    surplus_plan,
    unit_accounts,
)
from governance import facts as fact
from governance.refusal import Refusal, Refused
from governance.worksheet import BookLike, Worksheet


@dataclass(frozen=True, slots=True)
class Sheet:
    """One worksheet: its name, what people call it, its calculation and its facts."""

    name: str
    title: str
    title_en: str
    run: Callable[[Mapping[str, Any], BookLike], Worksheet]
    facts: fact.Record

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its facts."""
        return fact.schema(f"{self.title} / {self.title_en}", self.facts)


class PlaceBookLike(Protocol):
    """The rules of one place, to be read on a day with what an agreement answers."""

    def in_force(self, day: date, *, agreement: Mapping[str, Any] = ..., own: Mapping[str, Any] = ...) -> BookLike: ...


SHEETS: dict[str, Sheet] = {
    sheet.name: sheet
    for sheet in (
        Sheet("qualification", "评判预判", "Qualification", self_assessment.predict_qualification, self_assessment.FACTS),
        Sheet("budget", "年度总额预算", "Global budget", budget.year_budget, budget.FACTS),
        Sheet("monthly-settlement", "月度结算", "Monthly settlement", settlement.settle_month, settlement.FACTS),
        Sheet("assessment", "考核", "Assessment", assessment.assess, assessment.FACTS),
        Sheet("annual-clearing", "年度清算", "Annual clearing", clearing.clear_year, clearing.FACTS),
        Sheet("surplus-plan", "结余分配", "Surplus plan", surplus_plan.plan_surplus, surplus_plan.FACTS),
        Sheet("public-health", "基本公共卫生经费", "Public-health money", public_health.reckon_year, public_health.FACTS),
        Sheet("chronic-package", "慢病包干", "Chronic package", chronic_package.chronic_package, chronic_package.FACTS),
        Sheet("health-unit", "健康管理单元", "Health-management units", health_unit.health_unit, health_unit.FACTS),
        Sheet("payment-modes", "三种医保管理方式对比", "Ways of payment", payment_modes.compare_modes, payment_modes.FACTS),
        Sheet("unit-accounts", "单元核算", "Unit accounts", unit_accounts.unit_statements, unit_accounts.FACTS),
        Sheet("indicators", "监测指标", "Monitoring indicators", indicators.monitor, indicators.FACTS),
    )
}


def run(name: str, facts: Mapping[str, Any], book: BookLike) -> Worksheet:
    """The worksheet ``name`` on plain facts (amounts in fen, ratios as text) under the rules of ``book``.

    Raises Refused with every bad fact, or the missing rule, by name.
    """
    return _sheet(name).run(facts, book)


def run_from_cli(name: str, facts: Mapping[str, Any], placebook: PlaceBookLike, day: date) -> Worksheet:
    """As ``run``, with the book of a place on ``day``; the fact ``agreement`` answers the rules left to it."""
    _sheet(name)
    said = fact.read(facts, fact.Record({"agreement": fact.COMMON["agreement"]}, open=True))
    return run(name, facts, placebook.in_force(day, agreement=said["agreement"]))


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a worksheet's facts; raises Refused for an unknown name."""
    return _sheet(name).schema


def refused_as_data(name: str, refused: Refused) -> dict[str, Any]:
    """A refusal as the command line prints it: reason, the rule or fact it names, and who can mend it."""
    return {"sheet": name, "refused": [_as_data(refusal) for refusal in refused.refusals]}


def _as_data(refusal: Refusal) -> dict[str, str]:
    named = {"rule": refusal.rule} if refusal.rule else {"fact": refusal.fact or refusal.field}
    return {"reason": refusal.reason, "reason_en": refusal.reason_en, **named, "who": refusal.who}


def _sheet(name: str) -> Sheet:
    if name not in SHEETS:
        raise Refused(Refusal(
            reason=f"没有名为“{name}”的工作表；可用：{'、'.join(SHEETS)}",
            reason_en=f"There is no worksheet “{name}”; known: {', '.join(SHEETS)}", fact="sheet"))
    return SHEETS[name]
