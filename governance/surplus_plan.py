"""The surplus plan: who gets what of a retained surplus, or bears what of an overrun's own share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

from governance import facts as fact
from governance.facts import COMMON, Field, ListOf, Number, Record, Text, Whole, fen
from governance.money import apportion, plain, share, yuan
from governance.tiers import LEVELS, refuse_rule, to_tiers
from governance.worksheet import BookLike, Lines, Worksheet

FACTS = Record(COMMON | {
    "year": Field(Whole(2000, 2200), "年度", "year", optional=True),
    "retained_fen": Field(Whole(), "结余留用", "retained surplus", optional=True),
    "own_share_fen": Field(Whole(), "超支自担（内部分摊时填）", "own share of an overrun, to be shared inside", optional=True),
    "lead": Field(Text(), "牵头医院", "lead hospital"),
    "parts": Field(ListOf(Record({
        "name": Field(Text(), "名称", "name"),
        "amount_fen": fen("金额", "amount"),
        "ratios_rule": Field(Text(pattern=r"[a-z_.]+"), "所依分配比例规则", "rule of its tier ratios"),
    }), key="name"), "单列部分", "parts with ratios of their own", optional=True, default=()),
    "deductions": Field(ListOf(Record({
        "name": Field(Text(), "名称", "name"),
        "amount_fen": fen("金额", "amount"),
    }), key="name"), "分配前扣除", "deductions before distribution", optional=True, default=()),
    "members": Field(ListOf(Record({
        "member": Field(Text(), "成员单位", "member"),
        "level": Field(Text(tuple(LEVELS)), "层级", "level"),
        "weight": Field(Number("0"), "考核权重", "weight of the frozen contribution assessment"),
        "reason": Field(Text(), "不分配的理由", "why it gets nothing", optional=True),
    }), 1, "member"), "成员单位", "members"),
})


@dataclass(frozen=True, slots=True)
class Pot:
    """An amount that is split on its own, and the rule of its tier ratios."""

    name: str
    amount_fen: int
    rule: Any


def plan_surplus(facts: Mapping[str, Any], book: BookLike) -> Worksheet:
    """The worksheet ``surplus-plan``; amounts in fen, Σ recipients + deductions = the surplus.

    With the fact ``own_share_fen`` the same split shares an overrun, by ``overrun.tier_ratios``. Raises Refused for bad
    facts, a missing rule, a plan below the floor for townships and villages, or a member left with nothing unsaid.
    """
    given = fact.read(facts, FACTS)
    overrun = given["own_share_fen"] is not None
    if overrun == (given["retained_fen"] is not None):
        fact.refuse("retained_fen", "结余留用与超支自担须恰填一项", "give either retained_fen or own_share_fen")
    total_fen: int = given["own_share_fen"] if overrun else given["retained_fen"]
    name = "own_share_fen" if overrun else "retained_fen"
    if total_fen <= 0:
        fact.refuse(name, "没有可分配的金额，不编制方案", "there is nothing to share, so no plan")
    if given["lead"] not in {member["member"] for member in given["members"]}:
        fact.refuse("lead", f"牵头医院“{given['lead']}”不在成员单位中", f"“{given['lead']}” is not one of the members")
    lines = Lines()
    label = ("超支自担", "Own share of the overrun") if overrun else ("结余留用", "Retained surplus")
    lines.amount(name, *label, total_fen, "given")
    pots, deductions_fen = _overrun_pots(given, book) if overrun else _pots(lines, given, total_fen, book)
    tiers, amounts = _split(lines, pots, given["members"])
    health = {} if overrun else _public_health(lines, given["lead"], amounts, book)
    if not overrun:
        _refuse_below_floor(lines, tiers, total_fen - deductions_fen, book)
    _member_lines(lines, given["members"], amounts)
    assert sum(amounts.values()) + sum(health.values()) + deductions_fen == total_fen
    return lines.sheet("surplus-plan", book, {
        "distributable_fen": pots[-1].amount_fen, "tiers": tiers, "members": amounts, "public_health": health,
        "deductions_fen": deductions_fen,
    })


def _overrun_pots(given: Mapping[str, Any], book: BookLike) -> tuple[list[Pot], int]:
    for name in ("parts", "deductions"):
        if given[name]:
            fact.refuse(name, "超支内部分摊没有单列部分和扣除", "sharing an overrun has no parts and no deductions")
    return [Pot("own_share", given["own_share_fen"], book.rule("overrun.tier_ratios"))], 0


def _pots(lines: Lines, given: Mapping[str, Any], total_fen: int, book: BookLike) -> tuple[list[Pot], int]:
    _refuse_fees_paid_twice(given["deductions"], book)
    pots = [Pot(part["name"], part["amount_fen"], book.rule(part["ratios_rule"])) for part in given["parts"]]
    deductions_fen = sum(deduction["amount_fen"] for deduction in given["deductions"])
    parts_fen = sum(pot.amount_fen for pot in pots)
    for deduction in given["deductions"]:
        lines.amount(f"deductions.{deduction['name']}", f"分配前扣除：{deduction['name']}",
                     f"Deduction: {deduction['name']}", deduction["amount_fen"], "given")
    distributable_fen = total_fen - parts_fen - deductions_fen
    if distributable_fen < 0:
        fact.refuse("parts" if parts_fen > total_fen else "deductions", "单列部分与扣除之和超过结余",
                    "the parts and deductions exceed the surplus")
    lines.amount("distributable_fen", "可分配结余", "Distributable", distributable_fen, "retained − Σ parts − Σ deductions",
                 retained_fen=total_fen, parts_fen=parts_fen, deductions_fen=deductions_fen)
    return [*pots, Pot("general", distributable_fen, book.rule("surplus.tier_ratios"))], deductions_fen


def _refuse_fees_paid_twice(deductions: Sequence[Mapping[str, Any]], book: BookLike) -> None:
    for index, deduction in enumerate(deductions):
        rule = book.find("family_doctor.paid") if deduction["name"] == "family_doctor" else None
        if rule is not None and rule.value == "monthly":
            fact.refuse(f"deductions[{index}]", "本地签约费按月支付，不得再在分配前扣除",
                        "signing fees are paid monthly here, so they are not deducted again")


def _split(
    lines: Lines, pots: Sequence[Pot], members: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, int], dict[str, int]]:
    """Each pot to tiers, then inside each tier by weight, on its own; then added up."""
    tiers = dict.fromkeys(LEVELS, 0)
    amounts = {member["member"]: 0 for member in members}
    for pot in pots:
        for level, tier_fen in to_tiers(pot.amount_fen, pot.rule).items():
            tiers[level] += lines.amount(
                f"pots.{pot.name}.{level}", f"{pot.name} · {LEVELS[level][0]}", f"{pot.name} · {LEVELS[level][1]}",
                tier_fen, "amount × tier ratio, largest remainder", provision=pot.rule, amount_fen=pot.amount_fen,
                ratio=pot.rule.value.get(level, "0"))
            inside = [member for member in members if member["level"] == level]
            if tier_fen and not any(member["weight"] for member in inside):
                fact.refuse("members", f"{LEVELS[level][0]}有分配额，但没有权重大于零的成员单位",
                            f"the {level} tier has money but no member with a weight")
            for member, part_fen in zip(inside, apportion(tier_fen, [one["weight"] for one in inside]), strict=True):
                amounts[member["member"]] += part_fen
    for level, tier_fen in tiers.items():
        lines.amount(f"tiers.{level}", f"{LEVELS[level][0]}合计", f"{LEVELS[level][1]} total", tier_fen, "Σ pots")
    return tiers, amounts


def _public_health(lines: Lines, lead: str, amounts: dict[str, int], book: BookLike) -> dict[str, int]:
    """The public-health share, taken from the lead hospital's own total over all pots; changes its amount."""
    rule = book.find("surplus.public_health_share")
    if rule is None:
        return {}
    total_fen = amounts[lead]
    health_fen = lines.amount(
        "public_health_fen", "公共卫生机构份额", "Public-health share", share(total_fen, Decimal(rule.value["ratio"])),
        "lead total × ratio", provision=rule, lead_total_fen=total_fen, ratio=rule.value["ratio"])
    split = rule.value["split"]
    names = [*filter(split.__contains__, _HEALTH_NAMES), *sorted(split.keys() - _HEALTH_NAMES.keys())]
    parts = dict(zip(names, apportion(health_fen, [Decimal(split[name]) for name in names]), strict=True))
    for name, part_fen in parts.items():
        zh, en = _HEALTH_NAMES.get(name, (name, name))
        lines.amount(f"public_health.{name}", zh, en, part_fen, "public_health × split", provision=rule,
                     public_health_fen=health_fen, split=split[name])
    amounts[lead] = total_fen - health_fen
    return parts


_HEALTH_NAMES = {
    "maternal_child": ("妇幼保健机构", "Maternal and child health"),
    "cdc": ("疾控中心", "Disease control"),
    "inspection": ("卫生监督执法", "Health inspection"),
}


def _refuse_below_floor(lines: Lines, tiers: Mapping[str, int], base_fen: int, book: BookLike) -> None:
    """Townships and villages get something, and at least the floor where the place sets one."""
    primary_fen, rule = tiers["township"] + tiers["village"], book.find("surplus.floor.township_village")
    required = book.find("surplus.township_village_required")
    lines.amount("township_village_fen", "乡村两级合计", "Townships and villages", primary_fen, "township + village",
                 provision=rule or required, base_fen=base_fen, floor=rule.value if rule is not None else None)
    if primary_fen <= 0:
        refuse_rule("surplus.tier_ratios", "乡镇和村级未分得结余", "nothing reaches townships and villages")
    if rule is not None and primary_fen < (least_fen := least_primary_fen(rule.decimal, base_fen)):
        refuse_rule(
            rule.rule,
            f"乡村两级合计低于下限 {plain(rule.decimal)}：{yuan(primary_fen)} 元，至少应为 {yuan(least_fen)} 元",
            f"townships and villages get less than the floor of {plain(rule.decimal)}: "
            f"{yuan(primary_fen)} yuan of at least {yuan(least_fen)}")


def least_primary_fen(floor: Decimal, base_fen: int) -> int:
    """The least whole fen with which townships and villages reach ``floor`` of ``base_fen``: exactly it, or just above.

    The floor is a share of the surplus less the deductions; 湘医保发〔2024〕31号 asks that an appropriate share reach them.
    """
    return ceil(Fraction(floor) * base_fen)


def _member_lines(lines: Lines, members: Sequence[Mapping[str, Any]], amounts: Mapping[str, int]) -> None:
    for index, member in enumerate(members):
        name = member["member"]
        lines.amount(f"members.{name}", name, name, amounts[name], "tier amounts × weight, over all pots",
                     reason=member["reason"] or "", level=member["level"], weight=member["weight"])
        if amounts[name] == 0 and not member["reason"]:
            fact.refuse(f"members[{index}].reason", f"{name} 分得为零，须写明理由", f"{name} gets nothing: say why")
