"""The three ways an insurer pays a county, compared on the same facts: who is paid, who is cut, who keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance import facts as fact
from governance.facts import COMMON, Field, Record, Whole, fen
from governance.worksheet import BookLike, Lines, Worksheet

MODES: dict[str, tuple[str, str]] = {
    "double_control": ("双控", "Dual control"),
    "drg_dip": ("DRG/DIP", "DRG/DIP"),
    "global_budget": ("总额预算", "Global budget"),
}

FACTS = Record(COMMON | {
    "year": Field(Whole(2000, 2200), "年度", "year", optional=True),
    "raised_fen": fen("筹资总额", "raised"),
    "spending_fen": fen("基金总支出", "total spending"),
    "in_county_fen": fen("县域内支出", "spending in the county"),
    "prior_in_county_fen": fen("上年县域内支出", "spending in the county the year before"),
    "prior_spending_fen": Field(Whole(0), "上年基金总支出", "total spending the year before", optional=True),
})


def compare_modes(facts: Mapping[str, Any], book: BookLike) -> Worksheet:
    """The worksheet ``payment-modes``; amounts in fen. Rule ``payment_modes.modes`` says what each prepays and keeps.

    In every mode raised = paid in the county + paid outside + retained + carried over; carried over is negative where
    the pool falls short. Raises Refused for bad facts, spending in the county above the total, or a missing rule.
    """
    given = fact.read(facts, FACTS)
    for county, total in (("in_county_fen", "spending_fen"), ("prior_in_county_fen", "prior_spending_fen")):
        if given[total] is not None and given[county] > given[total]:
            fact.refuse(county, "县域内支出不得大于基金总支出", "spending in the county may not exceed the total")
    rule = book.rule("payment_modes.modes")
    lines = Lines()
    results: dict[str, Any] = _common(lines, given)
    results["modes"] = {
        mode: _mode(lines, mode, rule.value[mode], rule, given, results["away_fen"])
        for mode in MODES if mode in rule.value}
    return lines.sheet("payment-modes", book, results)


def _common(lines: Lines, given: Mapping[str, Any]) -> dict[str, Any]:
    spending_fen, in_county_fen = given["spending_fen"], given["in_county_fen"]
    results: dict[str, Any] = {}
    results["saving_fen"] = lines.amount(
        "saving_fen", "筹资减支出（负数为亏空）", "Raised less spent (negative: short)",
        given["raised_fen"] - spending_fen, "raised − spending", raised_fen=given["raised_fen"],
        spending_fen=spending_fen)
    results["away_fen"] = lines.amount(
        "away_fen", "县域外支出", "Spent outside the county", spending_fen - in_county_fen, "spending − in_county",
        spending_fen=spending_fen, in_county_fen=in_county_fen)
    results["in_county_change_fen"] = lines.amount(
        "in_county_change_fen", "县域内支出比上年增加", "Spent in the county, above the year before",
        in_county_fen - given["prior_in_county_fen"], "in_county − prior_in_county", in_county_fen=in_county_fen,
        prior_in_county_fen=given["prior_in_county_fen"])
    results["away_change_fen"] = None
    if given["prior_spending_fen"] is not None:
        prior_away_fen = given["prior_spending_fen"] - given["prior_in_county_fen"]
        results["away_change_fen"] = lines.amount(
            "away_change_fen", "县域外支出比上年增加", "Spent outside the county, above the year before",
            results["away_fen"] - prior_away_fen, "away − prior_away", away_fen=results["away_fen"],
            prior_away_fen=prior_away_fen)
    return results


def _mode(
    lines: Lines, mode: str, how: Mapping[str, str], rule: Any, given: Mapping[str, Any], away_fen: int,
) -> dict[str, int]:
    """What one mode pays, deducts, leaves to the consortium and carries over in the pool."""
    zh, en = MODES[mode]
    in_county_fen, raised_fen = given["in_county_fen"], given["raised_fen"]
    budgeted = how["prepaid"] == "raised"
    results: dict[str, int] = {}

    def write(key: str, label: str, label_en: str, amount_fen: int, formula: str, /, **inputs: Any) -> int:
        results[key] = lines.amount(f"modes.{mode}.{key}", f"{zh}：{label}", f"{en}: {label_en}", amount_fen, formula,
                                    provision=rule, **inputs)
        return amount_fen

    prepaid_fen = write(
        "prepaid_fen", "总额预算" if budgeted else "预付", "budget" if budgeted else "prepaid",
        given[f"{how['prepaid']}_fen"], how["prepaid"], **{f"{how['prepaid']}_fen": given[f"{how['prepaid']}_fen"]})
    measured = "spending" if budgeted else "in_county"
    excess_fen = write(
        "excess_fen", "超出部分", "above it", max(given[f"{measured}_fen"] - prepaid_fen, 0),
        f"max({measured} − prepaid, 0)", **{f"{measured}_fen": given[f"{measured}_fen"], "prepaid_fen": prepaid_fen})
    deducted_fen = write(
        "deducted_fen", "扣减（由医疗机构承担）", "deducted (borne by the providers)",
        excess_fen if how["excess"] == "deducted" else 0, "excess" if how["excess"] == "deducted" else "not deducted",
        excess_fen=excess_fen)
    paid_fen = write(
        "paid_in_county_fen", "县域内实际支付", "paid in the county", in_county_fen - deducted_fen,
        "in_county − deducted", in_county_fen=in_county_fen, deducted_fen=deducted_fen)
    left_fen = write(
        "left_fen", "基金剩余", "left of what was raised", raised_fen - paid_fen - away_fen,
        "raised − paid_in_county − away", raised_fen=raised_fen, paid_in_county_fen=paid_fen, away_fen=away_fen)
    keeps = how["saving"] == "retained"
    retained_fen = write(
        "retained_fen", "医共体结余留用", "retained by the consortium", max(left_fen, 0) if keeps else 0,
        "max(left, 0)" if keeps else "not retained", left_fen=left_fen)
    write("carried_over_fen", "留在基金滚存（负数为亏空）", "carried over in the pool (negative: short)",
          left_fen - retained_fen, "left − retained", left_fen=left_fen, retained_fen=retained_fen)
    write("county_income_fen", "县域内所得", "income of the county's providers", paid_fen + retained_fen,
          "paid_in_county + retained", paid_in_county_fen=paid_fen, retained_fen=retained_fen)
    return results
