"""Annual clearing: surplus or overrun, what is retained or shared, what is still due, and three identities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance import facts as fact
from governance.clearing_overrun import OverrunFacts, share_overrun
from governance.facts import COMMON, Field, Flag, ListOf, MapOf, Number, Record, Whole, fen
from governance.member_clearing import MEMBER, clear_members
from governance.money import plain, share
from governance.retention import Retention, deposit_returned, retain, score_needed
from governance.worksheet import BookLike, Lines, Worksheet

MONTHS = Record({
    "gross_fen": fen("十二个月应付合计", "Σ gross", least=None),
    "audit_deduction_fen": fen("十二个月审核拒付合计", "Σ audit deductions"),
    "deposit_fen": fen("十二个月扣留保证金合计", "Σ deposits"),
    "prepayment_offset_fen": fen("十二个月冲抵预付金合计", "Σ prepayment offset"),
    "net_fen": fen("十二个月实付合计", "Σ net paid"),
}, open=True)

FACTS = Record(COMMON | {
    "year": Field(Whole(2000, 2200), "年度", "year", optional=True),
    "budget_fen": fen("总额预算（含年中调整）", "approved budget with in-year adjustments"),
    "own_fen": fen("本地参保人在本医共体", "own"),
    "away_fen": fen("县域外及零星报销", "away"),
    "inflow_fen": fen("外来参保人", "inflow", least=None),
    "rejected_own_fen": fen("本地拒付", "rejected of own"),
    "rejected_inflow_fen": fen("外来拒付", "rejected of inflow"),
    "penalties_fen": fen("违约金", "penalties"),
    "score": Field(Number("0", "1000"), "成效考核得分", "score of the fund assessment", optional=True),
    "failed": Field(Flag(), "年度考核不合格", "assessment failed", optional=True),
    "fund_in_deficit": Field(Flag(), "县级基金当期赤字", "county fund in current-period deficit", optional=True),
    "risk_fund_fen": Field(Whole(0), "可用风险金", "risk fund available", optional=True),
    "overrun_causes": Field(MapOf(Whole(0)), "认定的超支原因", "recognised causes of an overrun", optional=True, default={}),
    "months": Field(MONTHS, "月度合计", "sums of the months"),
    "deposit_withheld_fen": fen("当年扣留保证金", "deposits withheld this year"),
    "prepayment_advanced_fen": fen("预付金拨出", "prepayment advanced"),
    "prepayment_repaid_fen": fen("预付金现金退回", "prepayment repaid in cash"),
    "opening_carry_fen": fen("年初结转应扣", "opening carry"),
    "open_carry_fen": fen("年末结转应扣", "open carry"),
    "members": Field(ListOf(MEMBER, 1, "member"), "成员单位", "members", optional=True),
    "leaving": Field(Flag(), "成员单位年中退出的清算", "clearing of a member that leaves within the year", optional=True),
    "exit_paid_fen": fen("退出清算已付（负数为已退回）", "paid at members' exits (negative: recovered)", least=None, default=0),
    "exit_deposit_withheld_fen": fen("退出清算已了结的保证金", "deposits ended at members' exits", default=0),
    "exit_deposit_returned_fen": fen("其中已退还", "of which returned", default=0),
    "earlier_deposits": Field(ListOf(Record({
        "year": Field(Whole(2000, 2200), "年度", "year"),
        "returned_fen": fen("退还", "returned"),
    })), "接管前保证金退还", "deposits of before the takeover", optional=True, default=()),
})


def clear_year(facts: Mapping[str, Any], book: BookLike) -> Worksheet:
    """The worksheet ``annual-clearing`` of one consortium and pool; amounts in fen, due > 0 pay, < 0 recover.

    A rejected claim earns no surplus and is no overrun. Raises Refused for bad facts or a missing rule; reads
    ``clearing.retention`` on a surplus, ``clearing.overrun`` on an overrun, ``clearing.deposit_return`` when a deposit
    was withheld, ``surplus.pay_after_filing`` where there is one. With the fact ``leaving`` it clears one member to its
    last day, whose deposit returns by ``clearing.member_exit_deposit``; ``exit_`` facts are what such clearings fixed.
    """
    given = fact.read(facts, FACTS)
    lines = Lines()
    results: dict[str, Any] = _balance(lines, given)
    _surplus_lines(lines, given, results, book)
    _overrun_lines(lines, given, results, book)
    _deposit_lines(lines, given, results, book)
    _due_lines(lines, given, results)
    _payment_lines(lines, results, book)
    results["identities"] = identities(given, results)
    for name, holds in results["identities"].items():
        lines.value(f"identities.{name}", f"恒等式：{_IDENTITY_LABELS[name][0]}", f"Identity: {name}", holds, "flag",
                    _IDENTITY_LABELS[name][1])
    if given["members"] is not None:
        results["members"] = clear_members(lines, given, results)
    return lines.sheet("annual-clearing", book, results)


def _balance(lines: Lines, given: Mapping[str, Any]) -> dict[str, Any]:
    budget_fen, rejected_own_fen = given["budget_fen"], given["rejected_own_fen"]
    charged_fen = given["own_fen"] + given["away_fen"]
    lines.amount("budget_fen", "总额预算", "Budget", budget_fen, "approved amount")
    lines.amount("charged_fen", "计入总额预算的费用", "Charged", charged_fen, "own + away",
                 own_fen=given["own_fen"], away_fen=given["away_fen"])
    surplus_fen = lines.amount(
        "surplus_fen", "结余", "Surplus", max(0, budget_fen - charged_fen), "max(0, budget − charged)",
        budget_fen=budget_fen, charged_fen=charged_fen)
    overrun_fen = lines.amount(
        "overrun_fen", "超支", "Overrun", max(0, charged_fen - rejected_own_fen - budget_fen),
        "max(0, charged − rejected_own − budget)", charged_fen=charged_fen, rejected_own_fen=rejected_own_fen,
        budget_fen=budget_fen)
    return {"charged_fen": charged_fen, "surplus_fen": surplus_fen, "overrun_fen": overrun_fen}


def _surplus_lines(lines: Lines, given: Mapping[str, Any], results: dict[str, Any], book: BookLike) -> None:
    kept, rule = Retention(None, 0, 0, 0, 0, "surplus = 0"), None
    if results["surplus_fen"]:
        rule = book.rule("clearing.retention")
        kept = retain(surplus_fen=results["surplus_fen"], budget_fen=given["budget_fen"], rule=rule.value,
                      score=given["score"], failed=given["failed"] is True)
        lines.value("retention_ratio", "留用比例", "Retention ratio", kept.ratio, "ratio", kept.formula, provision=rule,
                    score=given["score"], failed=given["failed"])
        lines.amount("retained_gross_fen", "留用（暂扣前）", "Retained before withholding", kept.gross_fen, kept.formula,
                     provision=rule, surplus_fen=results["surplus_fen"], budget_fen=given["budget_fen"],
                     retention_ratio=kept.ratio)
    results["retention_ratio"] = None if kept.ratio is None else plain(kept.ratio)
    results["retained_fen"] = lines.amount(
        "retained_fen", "结余留用", "Retained surplus", kept.retained_fen, "retained_gross − held_back", provision=rule,
        retained_gross_fen=kept.gross_fen, held_back_fen=kept.gross_fen - kept.retained_fen)
    results["deferred_fen"] = lines.amount(
        "deferred_fen", "暂缓拨付", "Deferred", kept.deferred_fen, "held_back where the rule defers it", provision=rule)
    results["returned_to_pool_fen"] = lines.amount(
        "returned_to_pool_fen", "留存统筹基金", "Returned to the pool", kept.returned_to_pool_fen,
        "surplus − retained − deferred", surplus_fen=results["surplus_fen"], retained_fen=kept.retained_fen,
        deferred_fen=kept.deferred_fen)


def _overrun_lines(lines: Lines, given: Mapping[str, Any], results: dict[str, Any], book: BookLike) -> None:
    fund_share_fen, rule, formula, overrun_fen = 0, None, "overrun = 0", results["overrun_fen"]
    if overrun_fen:
        rule = book.rule("clearing.overrun")
        failed = False if given["failed"] is None and given["score"] is not None else given["failed"]
        shared = share_overrun(
            OverrunFacts(overrun_fen, given["budget_fen"], failed, given["fund_in_deficit"],
                         given["overrun_causes"], given["risk_fund_fen"]), rule.value)
        fund_share_fen, formula = shared.fund_share_fen, shared.formula
        lines.amount("shareable_fen", "可分担的超支", "Shareable overrun", shared.shareable_fen,
                     "min(overrun, ceiling × budget, recognised causes)", provision=rule, overrun_fen=overrun_fen,
                     budget_fen=given["budget_fen"], parts=given["overrun_causes"])
    results["fund_share_fen"] = lines.amount(
        "fund_share_fen", "基金分担", "Borne by the fund", fund_share_fen, formula, provision=rule,
        overrun_fen=overrun_fen, risk_fund_fen=given["risk_fund_fen"])
    results["own_share_fen"] = lines.amount(
        "own_share_fen", "医共体自担", "Borne by the consortium", overrun_fen - fund_share_fen, "overrun − fund_share",
        overrun_fen=overrun_fen, fund_share_fen=fund_share_fen)


def _deposit_lines(lines: Lines, given: Mapping[str, Any], results: dict[str, Any], book: BookLike) -> None:
    withheld_fen, fixed_fen = given["deposit_withheld_fen"], given["exit_deposit_returned_fen"]
    returned_fen, rule, ratio = _returned(given, withheld_fen - given["exit_deposit_withheld_fen"], book)
    formula, used = "deposit_withheld × ratio at the score", {"deposit_withheld_fen": withheld_fen}
    if given["leaving"]:
        formula = "deposit_withheld × ratio"
    elif given["exit_deposit_withheld_fen"]:
        formula = "(deposit_withheld − exit_deposit_withheld) × ratio at the score + exit_deposit_returned"
        used |= {name: given[name] for name in ("exit_deposit_withheld_fen", "exit_deposit_returned_fen")}
    returned_fen += fixed_fen
    results["deposit_returned_fen"] = lines.amount(
        "deposit_returned_fen", "退还保证金", "Deposit returned", returned_fen, formula,
        provision=rule, **used, ratio=ratio, score=given["score"])
    results["deposit_forfeited_fen"] = lines.amount(
        "deposit_forfeited_fen", "不予退还保证金", "Deposit forfeited", withheld_fen - returned_fen,
        "deposit_withheld − deposit_returned", deposit_withheld_fen=withheld_fen, deposit_returned_fen=returned_fen)
    for earlier in given["earlier_deposits"]:
        lines.amount(f"earlier_deposits.{earlier['year']}", f"{earlier['year']} 年度保证金退还",
                     f"Deposit of {earlier['year']} returned", earlier["returned_fen"],
                     "line of its own year, not in due")


def _returned(given: Mapping[str, Any], withheld_fen: int, book: BookLike) -> tuple[int, Any, str]:
    """What returns of deposits withheld, in fen, by which rule and ratio: the score's, or of who leaves a fixed one."""
    if not withheld_fen:
        return 0, None, "0"
    if given["leaving"]:
        rule = book.rule("clearing.member_exit_deposit")
        return share(withheld_fen, rule.decimal), rule, plain(rule.decimal)
    rule = book.rule("clearing.deposit_return")
    if given["score"] is None and given["failed"]:
        return 0, rule, "0"
    returned_fen, ratio = deposit_returned(withheld_fen, rule.value["bands"], score_needed(given["score"]))
    return returned_fen, rule, ratio


def _due_lines(lines: Lines, given: Mapping[str, Any], results: dict[str, Any]) -> None:
    used = {key: given[key] for key in (
        "own_fen", "inflow_fen", "rejected_own_fen", "rejected_inflow_fen", "penalties_fen")}
    used |= {key: results[key] for key in ("retained_fen", "own_share_fen")}
    entitlement_fen = (
        given["own_fen"] + given["inflow_fen"] - given["rejected_own_fen"] - given["rejected_inflow_fen"]
        - given["penalties_fen"] + results["retained_fen"] - results["own_share_fen"])
    results["entitlement_fen"] = lines.amount(
        "entitlement_fen", "全年应得", "Entitlement", entitlement_fen,
        "own + inflow − rejected − penalties + retained − own_share", **used)
    prepaid_fen = given["prepayment_advanced_fen"] - given["prepayment_repaid_fen"]
    due_fen = (entitlement_fen - given["months"]["net_fen"] - prepaid_fen - results["deposit_forfeited_fen"]
               - given["opening_carry_fen"] - given["exit_paid_fen"])
    exits = {"exit_paid_fen": given["exit_paid_fen"]} if given["exit_paid_fen"] else {}
    results["due_fen"] = lines.amount(
        "due_fen", "清算应付（负数为应收回）", "Due (negative: to recover)", due_fen,
        "entitlement − net_paid − (prepayment_advanced − prepayment_repaid) − deposit_forfeited − opening_carry"
        + (" − exit_paid" if exits else ""),
        entitlement_fen=entitlement_fen, net_paid_fen=given["months"]["net_fen"],
        prepayment_advanced_fen=given["prepayment_advanced_fen"], prepayment_repaid_fen=given["prepayment_repaid_fen"],
        deposit_forfeited_fen=results["deposit_forfeited_fen"], opening_carry_fen=given["opening_carry_fen"], **exits)


def _payment_lines(lines: Lines, results: Mapping[str, Any], book: BookLike) -> None:
    """Where the place pays retained surplus only after the plan is filed, clearing settles the rest now."""
    rule = book.find("surplus.pay_after_filing") if results["retained_fen"] else None
    if rule is None or rule.value not in ("true", True):
        return
    lines.amount("settled_now_fen", "清算时结清", "Settled at clearing", results["due_fen"] - results["retained_fen"],
                 "due − retained", provision=rule, due_fen=results["due_fen"], retained_fen=results["retained_fen"])
    lines.amount("paid_after_filing_fen", "备案后拨付的结余留用", "Retained, paid after filing", results["retained_fen"],
                 "retained", provision=rule)


_IDENTITY_LABELS = {
    "months": ("月度", "Σ(gross − audit) = Σ deposit + Σ offset + Σ net_paid + opening_carry − open_carry"),
    "budget": ("预算", "budget = charged + retained + deferred + returned_to_pool, or + shares = charged − rejected_own"),
    "bridge": ("衔接", "due = (own + inflow − rejected − penalties) − Σ(gross − audit) + retained − own_share"
                       " + deposit_returned − prepayment_outstanding − open_carry"),
}


def identities(given: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, bool]:
    """The three identities, each from independent figures; a false one is an incident."""
    months, budget_fen = given["months"], given["budget_fen"]
    settled_fen = months["gross_fen"] - months["audit_deduction_fen"]
    months_hold = settled_fen == (
        months["deposit_fen"] + months["prepayment_offset_fen"] + months["net_fen"]
        + given["opening_carry_fen"] - given["open_carry_fen"])
    net_charged_fen = results["charged_fen"] - given["rejected_own_fen"]
    if results["surplus_fen"]:
        budget_holds = budget_fen == (results["charged_fen"] + results["retained_fen"] + results["deferred_fen"]
                                      + results["returned_to_pool_fen"])
    elif results["overrun_fen"]:
        budget_holds = budget_fen + results["fund_share_fen"] + results["own_share_fen"] == net_charged_fen
    else:
        budget_holds = net_charged_fen <= budget_fen <= results["charged_fen"]
    outstanding_fen = (given["prepayment_advanced_fen"] - given["prepayment_repaid_fen"]
                       - months["prepayment_offset_fen"])
    cost_fen = (given["own_fen"] + given["inflow_fen"] - given["rejected_own_fen"] - given["rejected_inflow_fen"]
                - given["penalties_fen"])
    bridge_holds = results["due_fen"] == (
        cost_fen - settled_fen + results["retained_fen"] - results["own_share_fen"] + results["deposit_returned_fen"]
        - outstanding_fen - given["open_carry_fen"] - given["exit_paid_fen"])
    return {"months": months_hold, "budget": budget_holds, "bridge": bridge_holds}
