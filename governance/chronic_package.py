"""The chronic package: what a year's chronic patients are packaged at, what that left, and who shares it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from governance import facts as fact
from governance.facts import COMMON, Field, ListOf, Number, Record, Text, Whole
from governance.money import apportion
from governance.tiers import LEVELS, to_tiers
from governance.worksheet import BookLike, Lines, Worksheet

TIER_RULE = "surplus.chronic_tier_ratios"

FACTS = Record(COMMON | {
    "year": Field(Whole(2000, 2200), "年度", "year", optional=True),
    "heads": Field(Whole(0), "慢病包干人数", "people in the chronic package"),
    "signed": Field(Whole(0), "其中签约家庭医生的人数", "of whom signed with a family doctor", optional=True),
    "approved_fen": Field(Whole(0), "核定预算", "approved package", optional=True),
    "reason": Field(Text(), "与公式不同的理由", "why it differs from the formula", optional=True),
    "consortia": Field(ListOf(Record({
        "consortium": Field(Text(), "医共体", "consortium"),
        "heads": Field(Whole(0), "慢病包干人数", "people in the chronic package", optional=True),
        "amount_fen": Field(Whole(0), "核定金额", "stated amount", optional=True),
    }), 1, "consortium"), "各医共体", "consortia", optional=True),
    "drg_spending_fen": Field(Whole(0), "从DRG预算列支", "spent from the DRG budget", optional=True),
    "package_spending_fen": Field(Whole(0), "从包干基金列支", "spent from the package", optional=True),
    "members": Field(ListOf(Record({
        "member": Field(Text(), "成员单位", "member"),
        "level": Field(Text(tuple(LEVELS)), "层级", "level"),
        "weight": Field(Number("0"), "慢病考核权重", "weight of the chronic assessment"),
        "reason": Field(Text(), "不分配的理由", "why it gets nothing", optional=True),
    }), 1, "member"), "成员单位", "members", optional=True),
})


def chronic_package(facts: Mapping[str, Any], book: BookLike) -> Worksheet:
    """The worksheet ``chronic-package``; amounts in fen, surplus = Σ tiers = Σ members.

    The package is heads × the yearly standard, or the amount approved with its difference shown. Given what was spent,
    by source, the surplus goes to county, township and village, and inside each by the chronic assessment. An overrun
    is shown and shared by nobody here: it is part of the consortium's year. Raises Refused for bad facts or a missing
    rule.
    """
    given = fact.read(facts, FACTS)
    signed = given["signed"]
    if signed is not None and signed > given["heads"]:
        fact.refuse("signed", f"签约人数 {signed} 超过包干人数 {given['heads']}",
                    f"{signed} signed exceed the {given['heads']} in the package")
    lines = Lines()
    results = _package(lines, given, book)
    package_fen = results["package_fen"] if results["approved_fen"] is None else results["approved_fen"]
    results["consortia"] = _consortia(lines, given["consortia"], package_fen, given["heads"])
    results["supplement_fen"] = _supplement(lines, signed, book)
    results |= _spending(lines, given, package_fen)
    results |= _sharing(lines, given["members"], results["surplus_fen"], book)
    return lines.sheet("chronic-package", book, results)


def _package(lines: Lines, given: Mapping[str, Any], book: BookLike) -> dict[str, Any]:
    per_head, groups, heads = book.rule("chronic.per_head"), book.find("chronic.disease_groups"), given["heads"]
    if groups is not None:
        lines.value("disease_groups", "包干病种", "Disease groups", groups.integer, "groups", "as enacted",
                    provision=groups)
    package_fen = lines.amount("package_fen", "慢病包干预算", "Chronic package", heads * per_head.integer,
                               "heads × per_head", provision=per_head, heads=heads, per_head_fen=per_head.integer)
    results: dict[str, Any] = {
        "disease_groups": None if groups is None else groups.integer, "package_fen": package_fen, "approved_fen": None,
        "difference_fen": None, "reason": None, "reason_missing": False}
    approved_fen, reason = given["approved_fen"], given["reason"]
    if approved_fen is None:
        return results
    lines.amount("approved_fen", "核定预算", "Approved", approved_fen, "as approved")
    difference_fen = lines.amount(
        "difference_fen", "核定预算与公式之差", "Approved less formula", approved_fen - package_fen, "approved − packaged",
        reason=reason or "", approved_fen=approved_fen, packaged_fen=package_fen)
    return results | {"approved_fen": approved_fen, "difference_fen": difference_fen, "reason": reason,
                      "reason_missing": difference_fen != 0 and not reason}


def _consortia(
    lines: Lines, consortia: Sequence[Mapping[str, Any]] | None, package_fen: int, heads: int,
) -> dict[str, int] | None:
    """The package between consortia: by stated amounts that add up to it, or by their people who add up to all."""
    if consortia is None:
        return None
    known = "amount_fen" if consortia[0]["amount_fen"] is not None else "heads"
    other = "heads" if known == "amount_fen" else "amount_fen"
    for index, one in enumerate(consortia):
        if one[known] is None:
            fact.refuse(f"consortia[{index}].{known}", "各医共体应同填人数或同填核定金额", "give heads for all, or amounts for all")
        if one[other] is not None:
            fact.refuse(f"consortia[{index}].{other}", "人数与核定金额只填一项", "give heads or a stated amount, not both")
    total, whole = sum(one[known] for one in consortia), package_fen if known == "amount_fen" else heads
    if total != whole:
        fact.refuse("consortia", f"各医共体合计 {total} 与总数 {whole} 不符",
                    f"the consortia's {total} is not the whole's {whole}")
    stated, given = known == "amount_fen", [one[known] for one in consortia]
    parts = given if stated else apportion(package_fen, given)
    formula = "as approved" if stated else "packaged × own_heads ÷ heads, largest remainder"
    used: list[dict[str, object]] = [
        {} if stated else {"packaged_fen": package_fen, "own_heads": one["heads"], "heads": heads} for one in consortia]
    return {one["consortium"]: lines.amount(
        f"consortia.{one['consortium']}", f"切分：{one['consortium']}", f"Split: {one['consortium']}", part_fen, formula,
        parts=inputs) for one, part_fen, inputs in zip(consortia, parts, used, strict=True)}


def _supplement(lines: Lines, signed: int | None, book: BookLike) -> int | None:
    """What patients signed with a family doctor get besides; shown beside the package and not counted in it."""
    if signed is None:
        return None
    rule = book.rule("chronic.signed_supplement")
    return lines.amount("supplement_fen", "家庭医生签约补助（另计）", "Supplement of the signed, beside the package",
                        signed * rule.integer, "signed × signed_supplement", provision=rule, signed=signed,
                        signed_supplement_fen=rule.integer)


def _spending(lines: Lines, given: Mapping[str, Any], package_fen: int) -> dict[str, Any]:
    """What was spent, from the DRG budget and from the package apart, and what the package left or lacked."""
    names = ("drg_spending_fen", "package_spending_fen")
    drg_fen, other_fen = (given[name] for name in names)
    for name, other in zip(names, reversed(names), strict=True):
        if given[name] is None and given[other] is not None:
            fact.refuse(name, f"缺少{FACTS.fields[name].title}", f"missing: {FACTS.fields[name].title_en}")
    if drg_fen is None:
        return dict.fromkeys((*names, "spending_fen", "surplus_fen", "overrun_fen"))
    lines.amount("drg_spending_fen", "从DRG预算列支", "From the DRG budget", drg_fen, "given")
    lines.amount("package_spending_fen", "从包干基金列支", "From the package", other_fen, "given")
    spending_fen = lines.amount("spending_fen", "慢病基金支出", "Chronic spending", drg_fen + other_fen,
                                "drg_spending + package_spending", drg_spending_fen=drg_fen,
                                package_spending_fen=other_fen)
    surplus_fen = lines.amount("surplus_fen", "慢病包干结余", "Chronic surplus", max(package_fen - spending_fen, 0),
                               "max(packaged − fund_spending, 0)", packaged_fen=package_fen,
                               fund_spending_fen=spending_fen)
    overrun_fen = lines.amount("overrun_fen", "慢病包干超支", "Chronic overrun", max(spending_fen - package_fen, 0),
                               "max(fund_spending − packaged, 0)", packaged_fen=package_fen,
                               fund_spending_fen=spending_fen)
    return {"drg_spending_fen": drg_fen, "package_spending_fen": other_fen, "spending_fen": spending_fen,
            "surplus_fen": surplus_fen, "overrun_fen": overrun_fen}


def _sharing(
    lines: Lines, members: Sequence[Mapping[str, Any]] | None, surplus_fen: int | None, book: BookLike,
) -> dict[str, Any]:
    """A surplus by tiers, then by weight; ``part`` is how the surplus plan takes it in."""
    if not surplus_fen:
        return {"tiers": None, "members": None, "part": None}
    rule = book.rule(TIER_RULE)
    tiers = to_tiers(surplus_fen, rule)
    for level, tier_fen in tiers.items():
        lines.amount(f"tiers.{level}", f"{LEVELS[level][0]}合计", f"{LEVELS[level][1].capitalize()} total", tier_fen,
                     "surplus × tier_part, largest remainder", provision=rule, surplus_fen=surplus_fen,
                     tier_part=rule.value.get(level, "0"))
    part = {"name": "chronic", "amount_fen": surplus_fen, "ratios_rule": TIER_RULE}
    return {"tiers": tiers, "members": None if members is None else _to_members(lines, members, tiers), "part": part}


def _to_members(lines: Lines, members: Sequence[Mapping[str, Any]], tiers: Mapping[str, int]) -> dict[str, int]:
    amounts = {member["member"]: 0 for member in members}
    for level, tier_fen in tiers.items():
        inside = [member for member in members if member["level"] == level]
        weights = [member["weight"] for member in inside]
        if tier_fen and not any(weights):
            fact.refuse("members", f"{LEVELS[level][0]}有分配额，但没有权重大于零的成员单位",
                        f"the {level} tier has money but no member with a weight")
        for member, part_fen in zip(inside, apportion(tier_fen, weights), strict=True):
            amounts[member["member"]] = lines.amount(
                f"members.{member['member']}", member["member"], member["member"], part_fen,
                "tier_money × weight ÷ all_weights, largest remainder", reason=member["reason"] or "",
                tier_money_fen=tier_fen, weight=member["weight"], all_weights=sum(weights))
    for index, member in enumerate(members):
        if amounts[member["member"]] == 0 and not member["reason"]:
            fact.refuse(f"members[{index}].reason", f"{member['member']} 分得为零，须写明理由",
                        f"{member['member']} gets nothing: say why")
    return amounts
