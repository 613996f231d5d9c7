"""Trade between the units of a consortium: each side states its own, enacted prices value both, both must agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from governance import facts as fact
from governance.facts import Field, ListOf, Number, Record, Text, Whole
from governance.money import round_fen, yuan
from governance.refusal import Refusal, Refused

KINDS: dict[str, tuple[str, str]] = {
    "referral": ("转诊服务", "Referral"),
    "remote_consultation": ("远程会诊", "Remote consultation"),
    "shared_centre": ("共享中心服务", "Shared centre"),
    "lent_hours": ("支援医生工时", "Hours lent"),
}
PRICES = "unit_accounts.prices"

TRADE = Record({
    "kind": Field(Text(tuple(KINDS)), "内部交易种类", "kind of trade"),
    "with": Field(Text(), "对方单元", "the other unit"),
    "times": Field(Number("0", "1000000000"), "次数（工时）", "times (or hours)", optional=True),
    "cost_fen": Field(Whole(0), "成本", "cost", optional=True),
})
TRADES = ListOf(TRADE)

Deal = tuple[str, str, str]  # kind, seller, buyer


@dataclass(frozen=True, slots=True)
class Trade:
    """Priced trade in fen: what each unit sold and bought, by kind and other unit."""

    sold: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    bought: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def value_trade(units: Sequence[Mapping[str, Any]], rule: Any) -> Trade:
    """What the units sold each other at the prices of ``rule``, each deal rounded once, in fen.

    Raises Refused for an unknown unit or a kind without a price, and with the difference in yuan for every deal whose
    seller and buyer do not state the same, so that trade nets to zero over the consortium.
    """
    places = {unit["unit"]: index for index, unit in enumerate(units)}
    sold = _stated(units, places, "sold")
    bought = _stated(units, places, "bought")
    priced = {deal: (_price(deal, sold.get(deal), places, rule, "sold"),
                     _price(deal, bought.get(deal), places, rule, "bought")) for deal in sorted(sold | bought)}
    faults = [_difference(deal, seller_fen, buyer_fen, places[deal[1]])
              for deal, (seller_fen, buyer_fen) in priced.items() if seller_fen != buyer_fen]
    if faults:
        raise Refused(*faults)
    return Trade(_by_unit(priced, 1), _by_unit(priced, 2))


def _stated(
    units: Sequence[Mapping[str, Any]], places: Mapping[str, int], side: str,
) -> dict[Deal, tuple[Decimal | None, int | None]]:
    """The times and the cost one side states of each deal, added up; None where nothing of the kind was said."""
    found: dict[Deal, tuple[Decimal | None, int | None]] = {}
    for unit in units:
        for index, trade in enumerate(unit[side]):
            named = f"units[{places[unit['unit']]}].{side}[{index}].with"
            if trade["with"] not in places:
                fact.refuse(named, f"没有这个单元：{trade['with']}", f"there is no such unit: {trade['with']}")
            if trade["with"] == unit["unit"]:
                fact.refuse(named, "单元不能与自己交易", "a unit does not trade with itself")
            pair = (unit["unit"], trade["with"]) if side == "sold" else (trade["with"], unit["unit"])
            deal = (trade["kind"], *pair)
            times, cost_fen = found.get(deal, (None, None))
            found[deal] = (_add(times, trade["times"]), _add(cost_fen, trade["cost_fen"]))
    return found


def _add(before: Any, more: Any) -> Any:
    return more if before is None else before if more is None else before + more


def _price(
    deal: Deal, stated: tuple[Decimal | None, int | None] | None, places: Mapping[str, int], rule: Any, side: str,
) -> int:
    """One side of a deal in fen: times × the price each, or cost × (1 + what is put on it)."""
    if stated is None:
        return 0
    price = rule.value.get(deal[0])
    if price is None:
        zh, en = KINDS[deal[0]]
        raise Refused(Refusal(
            reason=f"尚未定价：{zh}（{PRICES}），由经营管理中心负责制定内部价格",
            reason_en=f"No internal price: {en} ({PRICES}); to be set by the management centre",
            who="经营管理中心", who_en="the management centre", rule=PRICES))
    named = f"units[{places[deal[1] if side == 'sold' else deal[2]]}].{side}"
    if "cost_plus" in price:
        if stated[1] is None:
            fact.refuse(f"{named}.cost_fen", "按成本加成定价，须填成本", "priced at cost plus: the cost is needed")
        return round_fen(Fraction(stated[1]) * (1 + Fraction(price["cost_plus"])))
    if stated[0] is None:
        fact.refuse(f"{named}.times", "按次定价，须填次数", "priced by time: the times are needed")
    return round_fen(Fraction(stated[0]) * Fraction(price["each_fen"]))


def _difference(deal: Deal, seller_fen: int, buyer_fen: int, seller_place: int) -> Refusal:
    kind, seller, buyer = deal
    zh, en = KINDS[kind]
    gap = yuan(seller_fen - buyer_fen)
    return fact.refusal(
        f"units[{seller_place}].sold",
        f"内部交易未轧平：{zh}，{seller} 记收 {yuan(seller_fen)} 元，{buyer} 记付 {yuan(buyer_fen)} 元，差额 {gap} 元；"
        "请双方核对后重报",
        f"internal trade does not net to zero: {en}, {seller} states {yuan(seller_fen)} received, "
        f"{buyer} {yuan(buyer_fen)} paid, a difference of {gap} yuan; both are to check")


def _by_unit(priced: Mapping[Deal, tuple[int, int]], side: int) -> dict[str, dict[str, int]]:
    """The deals of each unit as one side of them (1 seller, 2 buyer), by ``kind.other``."""
    found: dict[str, dict[str, int]] = {}
    for deal, (amount_fen, _same) in priced.items():
        found.setdefault(deal[side], {})[f"{deal[0]}.{deal[3 - side]}"] = amount_fen
    return found
