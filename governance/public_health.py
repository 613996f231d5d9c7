"""Public-health money: the year's total and its prepayments, and the village part by process, target and result."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from governance import facts as fact
from governance.facts import COMMON, Field, ListOf, Record, Text, Whole
from governance.money import apportion, round_fen, share
from governance.public_health_units import UNIT, paid_by_band, paid_by_process, paid_by_target, place_units
from governance.worksheet import BookLike, Lines, Worksheet

QUARTERS = (1, 2, 3, 4)
PARTS = {"process": ("过程评价额度", "Process part"), "target": ("目标评价额度", "Target part"),
         "result": ("结果评价额度", "Result part")}
PAID = {"process": "过程评价实付", "target": "目标评价实付"}
BY_UNITS = ("process_paid_fen", "target_paid_fen")

FACTS = Record({name: COMMON[name] for name in ("consortium", "agreement")} | {
    "year": Field(Whole(2000, 2200), "年度", "year", optional=True),
    "residents": Field(Whole(0), "常住人口", "residents", optional=True),
    "townships": Field(ListOf(Record({
        "township": Field(Text(), "乡镇卫生院", "township hospital"),
        "residents": Field(Whole(1), "常住人口", "residents"),
    }), 1, "township"), "接受预拨的乡镇卫生院", "townships the prepayments go to", optional=True),
    "village_fen": Field(Whole(0), "村级经费总额", "village money of the year", optional=True),
    "units": Field(ListOf(UNIT, 1, "unit"), "健康管理单元", "health-management units", optional=True),
    "process_paid_fen": Field(Whole(0), "过程评价实付（不列单元时填）", "process part paid, without units", optional=True),
    "target_paid_fen": Field(Whole(0), "目标评价实付（不列单元时填）", "target part paid, without units", optional=True),
})


def reckon_year(facts: Mapping[str, Any], book: BookLike) -> Worksheet:
    """The worksheet ``public-health``; amounts in fen, Σ paid + undistributed = the village money.

    ``residents`` give the year's total and its quarterly prepayments; ``village_fen`` the parts of the village money,
    and with ``units`` (or what was paid in all) the year-end reckoning. Raises Refused for bad facts or a missing rule.
    """
    given = fact.read(facts, FACTS)
    _refuse_contradictions(given)
    lines = Lines()
    results = _year(lines, given, book)
    total_fen, village_fen = results["total_fen"], given["village_fen"]
    if total_fen is not None and village_fen is not None and village_fen > total_fen:
        fact.refuse("village_fen", f"村级经费 {village_fen} 超过经费总额 {total_fen}",
                    f"the village money {village_fen} exceeds the total {total_fen}")
    results |= _village(lines, given, book)
    return lines.sheet("public-health", book, results)


def _refuse_contradictions(given: Mapping[str, Any]) -> None:
    if given["residents"] is None and given["village_fen"] is None:
        fact.refuse("residents", "常住人口与村级经费至少填一项", "give residents, or village_fen, or both")
    if given["townships"] is not None:
        if given["residents"] is None:
            fact.refuse("residents", "缺少常住人口", "missing: residents")
        counted = sum(one["residents"] for one in given["townships"])
        if counted != given["residents"]:
            fact.refuse("townships", f"各乡镇常住人口合计 {counted} 与常住人口 {given['residents']} 不符",
                        f"the townships' residents {counted} are not the residents {given['residents']}")
    for name in ("units", *BY_UNITS):
        if given[name] is not None and given["village_fen"] is None:
            fact.refuse("village_fen", "缺少村级经费总额", "missing: village money of the year")
    for name, other in zip(BY_UNITS, reversed(BY_UNITS), strict=True):
        if given[name] is not None and given["units"] is not None:
            fact.refuse(name, "已列出健康管理单元，由单元计算，不再填合计", "with units this is calculated, not given")
        if given[name] is None and given[other] is not None:
            fact.refuse(name, f"缺少{FACTS.fields[name].title}", f"missing: {FACTS.fields[name].title_en}")


def _year(lines: Lines, given: Mapping[str, Any], book: BookLike) -> dict[str, Any]:
    """The year's total by residents, and the share of it prepaid to townships and villages by quarter."""
    names = ("total_fen", "prepaid_fen", "prepayments_fen", "not_prepaid_fen", "townships")
    residents = given["residents"]
    if residents is None:
        return dict.fromkeys(names)
    per_head, ratio = book.rule("public_health.per_head"), book.rule("public_health.prepaid_ratio")
    total_fen = lines.amount("total_fen", "经费总额", "Total", residents * per_head.integer, "residents × per_head",
                             provision=per_head, residents=residents, per_head_fen=per_head.integer)
    prepaid_fen = lines.amount(
        "prepaid_fen", "镇村两级全年预拨", "Prepaid in the year", share(total_fen, ratio.decimal), "year_total × prepaid_ratio",
        provision=ratio, year_total_fen=total_fen, prepaid_ratio=ratio.decimal)
    quarters: list[int] = []
    for quarter in QUARTERS:
        before_fen = sum(quarters)
        quarters.append(lines.amount(
            f"prepayments.{quarter}", f"第 {quarter} 季度预拨", f"Prepayment of quarter {quarter}",
            round_fen(Fraction(prepaid_fen * quarter, 4)) - before_fen, "year_prepaid × quarter ÷ 4 − prepaid before",
            provision=ratio, year_prepaid_fen=prepaid_fen, quarter=quarter, prepaid_before_fen=before_fen))
    later_fen = lines.amount("not_prepaid_fen", "考核后拨付", "Paid after assessment", total_fen - prepaid_fen,
                             "year_total − year_prepaid", year_total_fen=total_fen, year_prepaid_fen=prepaid_fen)
    townships = _to_townships(lines, given["townships"], residents, quarters)
    return dict(zip(names, (total_fen, prepaid_fen, quarters, later_fen, townships), strict=True))


def _to_townships(
    lines: Lines, townships: list[Mapping[str, Any]] | None, residents: int, quarters: list[int],
) -> dict[str, list[int]] | None:
    """Each quarter's prepayment to the township hospitals by their residents."""
    if townships is None:
        return None
    paid: dict[str, list[int]] = {one["township"]: [] for one in townships}
    for quarter, quarter_fen in zip(QUARTERS, quarters, strict=True):
        parts = apportion(quarter_fen, [one["residents"] for one in townships])
        for one, part_fen in zip(townships, parts, strict=True):
            name = one["township"]
            paid[name].append(lines.amount(
                f"townships.{name}.{quarter}", f"{name} 第 {quarter} 季度预拨", f"{name} prepayment of quarter {quarter}",
                part_fen, "quarter_prepayment × township_residents ÷ residents, largest remainder",
                quarter_prepayment_fen=quarter_fen, township_residents=one["residents"], residents=residents))
    return paid


def _village(lines: Lines, given: Mapping[str, Any], book: BookLike) -> dict[str, Any]:
    """The village money by parts; with units or paid amounts, what is paid and what moves into the result part."""
    village_fen, units = given["village_fen"], given["units"]
    results: dict[str, Any] = {"village_fen": village_fen} | dict.fromkeys((
        "parts", *BY_UNITS, "process_deducted_fen", "target_unmet_fen", "result_pool_fen", "bands", "result_paid_fen",
        "undistributed_fen", "units"))
    if village_fen is None:
        return results
    rule = book.rule("public_health.village_parts")
    lines.amount("village_fen", "村级经费总额", "Village money", village_fen, "given")
    shares = apportion(village_fen, [Decimal(rule.value[part]) for part in PARTS])
    parts = {f"{part}_fen": lines.amount(
        f"{part}_fen", *label, part_fen, "village_money × village_part, largest remainder", provision=rule,
        village_money_fen=village_fen, village_part=rule.value[part])
        for (part, label), part_fen in zip(PARTS.items(), shares, strict=True)}
    results["parts"] = parts
    rows: dict[str, dict[str, Any]] | None = None
    if units is not None:
        rows = {unit["unit"]: {} for unit in units}
        paid_by_process(lines, units, parts["process_fen"], rows, book)
        paid_by_target(lines, units, parts["target_fen"], rows, book)
        paid = {f"{part}_paid_fen": sum(row[f"{part}_fen"] for row in rows.values()) for part in ("process", "target")}
    elif given["process_paid_fen"] is None:
        return results
    else:
        paid = {name: given[name] for name in BY_UNITS}
    results |= paid | _result_part(lines, units, parts, paid, rows, book)
    if rows is not None:
        assert results["undistributed_fen"] + sum(row["total_fen"] for row in rows.values()) == village_fen
    return results | {"units": rows}


def _result_part(
    lines: Lines, units: list[Mapping[str, Any]] | None, parts: Mapping[str, int], paid: Mapping[str, int],
    rows: dict[str, dict[str, Any]] | None, book: BookLike,
) -> dict[str, Any]:
    """What process and target leave joins the result part, which goes to the bands of the ranking."""
    for name in BY_UNITS:
        part = name.removesuffix("_paid_fen")
        if paid[name] > parts[f"{part}_fen"]:
            fact.refuse(name, f"实付 {paid[name]} 超过额度 {parts[f'{part}_fen']}",
                        f"what was paid, {paid[name]}, exceeds the part {parts[f'{part}_fen']}")
        lines.amount(name, PAID[part], f"{PARTS[part][1]} paid", paid[name],
                     "Σ units" if units else "given")
    deducted_fen = lines.amount(
        "process_deducted_fen", "过程考核扣减", "Deducted from process", parts["process_fen"] - paid["process_paid_fen"],
        "process_part − process_paid", process_part_fen=parts["process_fen"], process_paid_fen=paid["process_paid_fen"])
    unmet_fen = lines.amount(
        "target_unmet_fen", "目标未达标", "Targets not met", parts["target_fen"] - paid["target_paid_fen"],
        "target_part − target_paid", target_part_fen=parts["target_fen"], target_paid_fen=paid["target_paid_fen"])
    pool_fen = lines.amount(
        "result_pool_fen", "可分配结果评价资金", "Result money", parts["result_fen"] + deducted_fen + unmet_fen,
        "result_part + process_deducted + target_unmet", result_part_fen=parts["result_fen"],
        process_deducted_fen=deducted_fen, target_unmet_fen=unmet_fen)
    found = {"process_deducted_fen": deducted_fen, "target_unmet_fen": unmet_fen, "result_pool_fen": pool_fen}
    rule = book.rule("public_health.result_bands")
    if units is None or rows is None:
        return found | paid_by_band(lines, (), pool_fen, {}, rule)
    place_units(lines, units, rows, rule)
    return found | paid_by_band(lines, units, pool_fen, rows, rule)
