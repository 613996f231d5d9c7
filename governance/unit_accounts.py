"""An operating statement for each unit: income, costs, internal trade that nets to zero, its score and its reward."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance import facts as fact
from governance.facts import COMMON, Field, ListOf, MapOf, Record, Text, Whole, fen
from governance.internal_trade import PRICES, TRADES, Trade, value_trade
from governance.money import plain, ratio
from governance.settlement import LEVELS
from governance.unit_scores import SCORES, reward_units, score_units
from governance.worksheet import BookLike, Lines, Worksheet

INCOME = ("medical_services", "insurance_settlement", "signing_fees", "public_health_subsidy", "other_income")
COSTS = ("staff_pay", "drugs_and_supplies", "depreciation", "utilities", "other_costs")
SIDE = Record({
    "income": Field(MapOf(Whole(), INCOME), "收入（分）", "income in fen"),
    "costs": Field(MapOf(Whole(), COSTS), "成本（分）", "costs in fen"),
})

UNIT = Record(SCORES | {
    "unit": Field(Text(), "单元", "unit"),
    "level": Field(Text(LEVELS), "层级", "level", optional=True),
    "operating": Field(SIDE, "经营部分", "operating part"),
    "public_benefit": Field(SIDE, "公益部分（公共卫生、急救等）", "public-benefit part (public health, emergency)",
                            optional=True, default={"income": {}, "costs": {}}),
    "sold": Field(TRADES, "向其他单元提供", "sold to other units", optional=True, default=()),
    "bought": Field(TRADES, "由其他单元提供", "bought from other units", optional=True, default=()),
})

FACTS = Record(COMMON | {
    "period": Field(Text(pattern=r"[0-9]{4}(-(0[1-9]|1[0-2]))?"), "期间（年或月）", "period (year or month)", optional=True),
    "units": Field(ListOf(UNIT, 1, "unit"), "核算单元", "units"),
    "surplus_fen": fen("可用于奖励的结余", "surplus that rewards come from", default=0),
})


def unit_statements(facts: Mapping[str, Any], book: BookLike) -> Worksheet:
    """The worksheet ``unit-accounts``; amounts in fen, scores 0 to 100 with two decimals.

    Both sides of every internal deal are stated and valued at the enacted prices (``unit_accounts.prices``, read when
    there is a deal); emergency and public health stand apart from the operating part. Raises Refused for bad facts, a
    missing rule, or internal trade that does not net to zero, with the difference.
    """
    given = fact.read(facts, FACTS)
    units = given["units"]
    trading = any(unit["sold"] or unit["bought"] for unit in units)
    prices = book.rule(PRICES) if trading else None
    trade = value_trade(units, prices) if trading else Trade()
    lines = Lines()
    results = {unit["unit"]: _statement(lines, unit, trade, prices) for unit in units}
    totals = _consortium(lines, results)
    score_units(lines, units, results, book)
    reward_units(lines, results, given["surplus_fen"], book)
    return lines.sheet("unit-accounts", book, totals | {"units": results})


def _statement(lines: Lines, unit: Mapping[str, Any], trade: Trade, prices: Any) -> dict[str, Any]:
    name = unit["unit"]
    results: dict[str, Any] = {}

    def write(key: str, label: str, label_en: str, amount_fen: int, formula: str, /, **inputs: Any) -> int:
        results[key] = lines.amount(f"units.{name}.{key}", f"{name} {label}", f"{name} {label_en}", amount_fen, formula,
                                    **inputs)
        return amount_fen

    income_fen = write("operating_income_fen", "经营收入", "operating income", sum(unit["operating"]["income"].values()),
                       "Σ income", parts=unit["operating"]["income"])
    sold, bought = trade.sold.get(name, {}), trade.bought.get(name, {})
    sold_fen = write("internal_income_fen", "内部交易收入", "internal income", sum(sold.values()), "Σ sold",
                     provision=prices if sold else None, parts=_by_kind(sold))
    costs_fen = write("operating_costs_fen", "经营成本", "operating costs", sum(unit["operating"]["costs"].values()),
                      "Σ costs", parts=unit["operating"]["costs"])
    bought_fen = write("internal_costs_fen", "内部交易成本", "internal costs", sum(bought.values()), "Σ bought",
                       provision=prices if bought else None, parts=_by_kind(bought))
    operating_fen = write(
        "operating_balance_fen", "经营收支差", "operating balance", income_fen + sold_fen - costs_fen - bought_fen,
        "operating_income + internal_income − operating_costs − internal_costs", operating_income_fen=income_fen,
        internal_income_fen=sold_fen, operating_costs_fen=costs_fen, internal_costs_fen=bought_fen)
    results["cost_margin"] = _margin(lines, name, operating_fen, costs_fen + bought_fen)
    duties = unit["public_benefit"]
    duty_income_fen = write("public_benefit_income_fen", "公益收入", "public-benefit income",
                            sum(duties["income"].values()), "Σ income", parts=duties["income"])
    duty_costs_fen = write("public_benefit_costs_fen", "公益成本", "public-benefit costs",
                           sum(duties["costs"].values()), "Σ costs", parts=duties["costs"])
    duty_fen = write(
        "public_benefit_balance_fen", "公益收支差", "public-benefit balance", duty_income_fen - duty_costs_fen,
        "public_benefit_income − public_benefit_costs", public_benefit_income_fen=duty_income_fen,
        public_benefit_costs_fen=duty_costs_fen)
    write("balance_fen", "收支差合计", "balance", operating_fen + duty_fen, "operating_balance + public_benefit_balance",
          operating_balance_fen=operating_fen, public_benefit_balance_fen=duty_fen)
    return results


def _by_kind(deals: Mapping[str, int]) -> dict[str, int]:
    """Deals added up by kind of trade; which unit the other side is stands on its own statement."""
    found: dict[str, int] = {}
    for deal, amount_fen in deals.items():
        kind = deal.partition(".")[0]
        found[kind] = found.get(kind, 0) + amount_fen
    return found


def _margin(lines: Lines, name: str, balance_fen: int, costs_fen: int) -> str | None:
    """(income − costs) ÷ costs of the operating part, six decimals; None without costs."""
    if not costs_fen:
        return None
    margin = ratio(balance_fen, costs_fen)
    lines.value(f"units.{name}.cost_margin", f"{name} 成本利润率", f"{name} margin on costs", margin, "ratio",
                "operating_balance ÷ all_costs", operating_balance_fen=balance_fen, all_costs_fen=costs_fen)
    return plain(margin)


def _consortium(lines: Lines, units: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The units added up; what they sold each other is what they bought, so it enters no total."""

    def total(*keys: str) -> int:
        return sum(int(unit[key]) for unit in units.values() for key in keys)

    income_fen = total("operating_income_fen", "public_benefit_income_fen")
    costs_fen = total("operating_costs_fen", "public_benefit_costs_fen")
    sold_fen, bought_fen = total("internal_income_fen"), total("internal_costs_fen")
    results: dict[str, Any] = {}

    def write(key: str, label: str, label_en: str, amount_fen: int, formula: str, /, **inputs: Any) -> None:
        results[key] = lines.amount(key, label, label_en, amount_fen, formula, **inputs)

    write("income_fen", "医共体收入（不含内部交易）", "Income of the consortium", income_fen, "Σ units")
    write("costs_fen", "医共体成本（不含内部交易）", "Costs of the consortium", costs_fen, "Σ units")
    write("internal_trade_fen", "内部交易额", "Internal trade", sold_fen, "Σ sold")
    write("internal_net_fen", "内部交易轧差（应为零）", "Internal trade, net (must be zero)", sold_fen - bought_fen,
          "internal_income − internal_costs", internal_income_fen=sold_fen, internal_costs_fen=bought_fen)
    write("balance_fen", "医共体收支差", "Balance of the consortium", income_fen - costs_fen, "income − costs",
          income_fen=income_fen, costs_fen=costs_fen)
    return results
