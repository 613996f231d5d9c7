"""The year's global budget: what the place's formula gives, what was approved, and how a county's package is split."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from governance import facts as fact
from governance.budget_split import CONSORTIUM, split_by_factors, split_package
from governance.facts import COMMON, Field, ListOf, Number, Record, Text, Whole, fen
from governance.money import plain, round_fen, share
from governance.refusal import Refusal, Refused
from governance.worksheet import BookLike, Lines, Worksheet

NAMED = Record({
    "name": Field(Text(), "名称", "name"),
    "amount_fen": fen("金额", "amount"),
})

FACTS = Record(COMMON | {
    "year": Field(Whole(2000, 2200), "年度", "year", optional=True),
    "insured": Field(Whole(0), "参保人数", "insured people", optional=True),
    "risk_fund_increment_fen": Field(Whole(0), "增量风险金", "risk fund increment", optional=True),
    "catastrophic_premium_fen": Field(Whole(0), "大病保险", "catastrophic premium", optional=True),
    "adjustments": Field(ListOf(Record({
        "name": Field(Text(), "名称", "name"),
        "amount_fen": fen("金额", "amount", least=None),
        "reason": Field(Text(), "理由", "reason"),
    }), key="name"), "逐项调整", "adjustments", optional=True, default=()),
    "prior_years_fen": Field(ListOf(Whole(0)), "前三年支付额", "payments of the three prior years", optional=True),
    "prior_settled_fen": Field(Whole(0), "上年清算总额", "prior year's settled total", optional=True),
    "pool_growth": Field(Number("-1", "10"), "统筹地区基金支出增长率", "the pool's own growth", optional=True),
    "basis": Field(Text(("expenditure", "income")), "分配基数", "what the pool's amount is", optional=True),
    "pool_budget_fen": Field(Whole(0), "统筹基金支出预算（范围内）", "expenditure budget of the pool in scope", optional=True),
    "prior_in_area_fen": Field(Whole(0), "上年本地支付", "prior year, in the area", optional=True),
    "prior_out_of_area_fen": Field(Whole(0), "上年异地支付", "prior year, out of area", optional=True),
    "prior_manual_fen": Field(Whole(0), "上年零星报销", "prior year, manual claims", optional=True),
    "consortia": Field(ListOf(CONSORTIUM, 1, "consortium"), "各医共体", "consortia", optional=True),
    "carve_outs": Field(ListOf(NAMED, key="name"), "内含单列", "memo carve-outs", optional=True, default=()),
    "approved_fen": Field(Whole(0), "批准金额", "amount approved", optional=True),
    "reason": Field(Text(), "批准金额与公式不同的理由", "why the approved amount differs", optional=True),
})


def year_budget(facts: Mapping[str, Any], book: BookLike) -> Worksheet:
    """The worksheet ``budget`` of one pool by the rule ``budget.method``; amounts in fen.

    The approved amount, where it differs from the formula's, has a line of its own; ``reason_missing`` says that it
    still needs a reason. Raises Refused for bad facts, a missing rule, a pool the budget does not cover, or growth
    above the pool's own.
    """
    given = fact.read(facts, FACTS)
    _refuse_pool_not_covered(given["pool"], book)
    _refuse_unknown_consortium(given)
    method = book.rule("budget.method")
    if method.value not in _METHODS:
        raise Refused(Refusal(reason=f"不认识的预算方法：{method.value}（budget.method）",
                              reason_en=f"Unknown budget method: {method.value} (budget.method)",
                              who="规则管理", who_en="Rules officer", rule="budget.method"))
    lines = Lines()
    lines.value("method", "预算方法", "Method", method.value, "choice", "budget.method", provision=method)
    formula_fen = _METHODS[method.value](lines, given, book)
    shares: dict[str, int] | None = None
    if method.value == "factor_share":
        shares = split_by_factors(lines, formula_fen, given["consortia"], book.rule("budget.weights"))
        formula_fen = shares.get(given["consortium"] or "", formula_fen)
    results = {"method": method.value, "package_fen": lines.amount(
        "package_fen", "按公式的总额", "Package by the formula", formula_fen, method.value)}
    results |= _approval(lines, given, formula_fen)
    total_fen = formula_fen if given["approved_fen"] is None else given["approved_fen"]
    if shares is None:
        shares = {} if given["consortia"] is None else split_package(lines, total_fen, given["consortia"], book)
    results["consortia"] = shares
    own_fen = total_fen if method.value == "factor_share" else shares.get(given["consortium"] or "", total_fen)
    results |= _carve_outs(lines, given, own_fen)
    return lines.sheet("budget", book, results)


def _refuse_pool_not_covered(pool: str | None, book: BookLike) -> None:
    rule = book.find("budget.pools") if pool else None
    if rule is not None and pool not in rule.value:
        fact.refuse("pool", "本地总额预算不含这一险种", "the budget here does not cover this pool")


def _refuse_unknown_consortium(given: Mapping[str, Any]) -> None:
    named = {one["consortium"] for one in given["consortia"] or ()}
    if named and given["consortium"] is not None and given["consortium"] not in named:
        fact.refuse("consortium", f"“{given['consortium']}”不在各医共体中", f"“{given['consortium']}” is not in consortia")


def _needed(given: Mapping[str, Any], name: str) -> Any:
    if given[name] is None:
        field = FACTS.fields[name]
        fact.refuse(name, f"缺少{field.title}", f"missing: {field.title_en}")
    return given[name]


def _per_capita_package(lines: Lines, given: Mapping[str, Any], book: BookLike) -> int:
    """raised − risk fund increment − catastrophic premium, times the package ratio, plus adjustments."""
    per_capita, ratio = book.rule("budget.per_capita"), book.rule("budget.package_ratio")
    insured, per_capita_fen = _needed(given, "insured"), per_capita.integer
    risk_fen = _needed(given, "risk_fund_increment_fen")
    premium_fen = _needed(given, "catastrophic_premium_fen")
    raised_fen = lines.amount("raised_fen", "筹资总额", "Raised", insured * per_capita_fen, "insured × per_capita",
                              provision=per_capita, insured=insured, per_capita_fen=per_capita_fen)
    base_fen = raised_fen - risk_fen - premium_fen
    if base_fen < 0:
        fact.refuse("catastrophic_premium_fen", "扣除额超过筹资总额", "the deductions exceed what was raised")
    package_fen = lines.amount(
        "formula_fen", "包干总额", "Packaged", share(base_fen, _ratio(ratio)),
        "(raised − risk_fund_increment − catastrophic_premium) × package_ratio", provision=ratio, raised_fen=raised_fen,
        risk_fund_increment_fen=risk_fen, catastrophic_premium_fen=premium_fen, package_ratio=ratio.decimal)
    for adjustment in given["adjustments"]:
        package_fen += lines.amount(
            f"adjustments.{adjustment['name']}", f"调整：{adjustment['name']}", f"Adjustment: {adjustment['name']}",
            adjustment["amount_fen"], "given", reason=adjustment["reason"])
    if package_fen < 0:
        fact.refuse("adjustments", "调整后总额小于零", "the adjustments leave less than nothing")
    return package_fen


def _growth(lines: Lines, given: Mapping[str, Any], book: BookLike) -> int:
    """The mean of three prior years, later the prior year's settled total, grown by no more than the pool's growth."""
    rule = book.rule("budget.growth")
    growth, pool_growth = rule.decimal, _needed(given, "pool_growth")
    if growth > pool_growth:
        fact.refuse("pool_growth", f"预算增长率 {plain(growth)} 高于统筹地区增长率 {plain(pool_growth)}",
                    f"the budget's growth {plain(growth)} exceeds the pool's own {plain(pool_growth)}")
    first = given["prior_settled_fen"] is None
    years = given["prior_years_fen"] or ()
    if first and len(years) != 3:
        fact.refuse("prior_years_fen", f"首年须填前三年支付额，现有 {len(years)} 年",
                    f"the first year needs three prior years, not {len(years)}")
    base = Fraction(sum(years), 3) if first else Fraction(given["prior_settled_fen"])
    formula = "mean of three prior years × (1 + growth)" if first else "prior settled total × (1 + growth)"
    return lines.amount(
        "formula_fen", "按增长率的总额", "By growth", round_fen(base * (1 + Fraction(growth))), formula, provision=rule,
        growth=growth, pool_growth=pool_growth, prior_settled_fen=given["prior_settled_fen"],
        parts={f"prior_years_fen[{index}]": amount for index, amount in enumerate(years)} if first else None)


def _factor_share(lines: Lines, given: Mapping[str, Any], book: BookLike) -> int:
    """The pool's expenditure budget; a county's whole fund income is never packaged (一包了之)."""
    if _needed(given, "basis") != "expenditure":
        fact.refuse("basis", "不得以县域基金收入总额“一包了之”，应以基金支出预算为基数",
                    "the county's fund income may not be packaged; the basis is the expenditure budget")
    _needed(given, "consortia")
    return lines.amount("pool_budget_fen", "统筹基金支出预算（范围内）", "Pool's expenditure budget in scope",
                        int(_needed(given, "pool_budget_fen")), "given")


def _prior_year(lines: Lines, given: Mapping[str, Any], book: BookLike) -> int:
    """The prior year's actual payments for the residents, out-of-area and manual claims included."""
    names = ("prior_in_area_fen", "prior_out_of_area_fen", "prior_manual_fen")
    parts = {name: _needed(given, name) for name in names}
    return lines.amount("formula_fen", "上年实际支付", "Prior year's actual payments", sum(parts.values()),
                        "in area + out of area + manual", parts=parts)


_METHODS = {
    "per_capita_package": _per_capita_package, "growth": _growth, "factor_share": _factor_share,
    "prior_year": _prior_year,
}


def _ratio(rule: Any) -> Decimal:
    ratio: Decimal = rule.decimal
    if not 0 <= ratio <= 1:
        raise Refused(Refusal(reason=f"比例应在 0 到 1 之间，现为 {ratio}（{rule.rule}）",
                              reason_en=f"The ratio must be 0 to 1, not {ratio} ({rule.rule})",
                              who="规则管理", who_en="Rules officer", rule=rule.rule))
    return ratio


def _approval(lines: Lines, given: Mapping[str, Any], formula_fen: int) -> dict[str, Any]:
    approved_fen, reason = given["approved_fen"], given["reason"]
    if approved_fen is None:
        return {"approved_fen": None, "difference_fen": None, "reason": None, "reason_missing": False}
    lines.amount("approved_fen", "批准金额", "Approved", approved_fen, "as approved")
    difference_fen = lines.amount(
        "difference_fen", "批准金额与公式之差", "Approved less formula", approved_fen - formula_fen, "approved − package",
        reason=reason or "", approved_fen=approved_fen, package_fen=formula_fen)
    return {"approved_fen": approved_fen, "difference_fen": difference_fen, "reason": reason,
            "reason_missing": difference_fen != 0 and not reason}


def _carve_outs(lines: Lines, given: Mapping[str, Any], package_fen: int) -> dict[str, Any]:
    """Memo amounts inside the package; what they leave is the general part."""
    carved = {one["name"]: one["amount_fen"] for one in given["carve_outs"]}
    for name, amount_fen in carved.items():
        lines.amount(f"carve_outs.{name}", f"其中：{name}", f"Of which: {name}", amount_fen, "memo, inside the package")
    general_fen = package_fen - sum(carved.values())
    if general_fen < 0:
        fact.refuse("carve_outs", "单列合计超过总额", "the carve-outs exceed the package")
    lines.amount("general_fen", "一般部分", "General part", general_fen, "package − Σ carve-outs", package_fen=package_fen)
    return {"carve_outs": carved, "general_fen": general_fen}
