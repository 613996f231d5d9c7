"""The lines of an annual clearing that read a rule by bands or tiers, and its identities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workflow.workbook.amounts import nothing_while
from workflow.workbook.exact import (
    NOTHING,
    ONE,
    NotExact,
    Term,
    Test,
    any_of,
    choose,
    compared,
    every,
    least,
    most,
    rounded,
    total,
)
from workflow.workbook.source import Line, Source

_SCORE, _OF_EXITS = "score", "clearing.member_exit_deposit"


def _failed(source: Source, line: Line) -> Test:
    tests = [source.facts.flag("failed")]
    if "fails_below" in source.rule_value(line):
        tests.append(compared(source.fact(_SCORE), "<", source.rule(line, ".fails_below")))
    return any_of(tests)


def by_band(
    source: Source, line: Line, path: str, bands: Sequence[Mapping[str, Any]], reached: Term, per: Term
) -> Term:
    """The ratio of the band ``[from, next)`` that ``reached ÷ per`` lies in; nothing below the lowest."""
    found = NOTHING
    for index in range(len(bands)):
        edge = source.keep("档次起点 band from", source.rule(line, f"{path}[{index}].from") * per)
        found = choose(compared(reached, ">=", edge), source.rule(line, f"{path}[{index}].ratio"), found)
    return found


def retention_ratio(source: Source, line: Line) -> Term:
    """The share of a surplus that is kept; nothing when the assessment failed."""
    rule = source.rule_value(line)
    if rule["by"] == "flat":
        ratio = source.rule(line, ".ratio")
    elif rule["by"] == "score":
        ratio = by_band(source, line, ".bands", rule["bands"], source.fact(_SCORE), ONE)
    elif rule.get("reading") == "marginal":
        raise NotExact("the bands have no one ratio")
    else:
        ratio = by_band(source, line, ".bands", rule["bands"], source.line("surplus_fen"), source.fact("budget_fen"))
    return choose(_failed(source, line), NOTHING, ratio)


def retained_gross(source: Source, line: Line) -> Term:
    """The surplus by its ratio or band by band, capped, and nothing below the gate."""
    rule, surplus, budget = source.rule_value(line), source.line("surplus_fen"), source.fact("budget_fen")
    if rule["by"] == "surplus_rate" and rule.get("reading") == "marginal":
        kept = choose(_failed(source, line), NOTHING, _marginal(source, line, surplus, budget))
    else:
        ratio = source.keep("留用比例 retention ratio", retention_ratio(source, line))
        kept = surplus * ratio
    if "cap" in rule:
        kept = least(kept, source.rule(line, ".cap.of_budget") * budget)
    if "gate" in rule:
        below = compared(surplus, "<", source.rule(line, ".gate.min_surplus_rate") * budget)
        kept = choose(below, NOTHING, kept)
    return rounded(kept, source.keep, line["label"])


def _marginal(source: Source, line: Line, surplus: Term, budget: Term) -> Term:
    bands = source.rule_value(line)["bands"]
    edges = [source.keep("档次起点 band from", source.rule(line, f".bands[{index}].from") * budget)
             for index in range(len(bands))]
    parts = []
    for index, edge in enumerate(edges):
        top = least(surplus, edges[index + 1]) if index + 1 < len(edges) else surplus
        inside = source.keep("档内结余 part in band", most(top - edge, NOTHING))
        parts.append(inside * source.rule(line, f".bands[{index}].ratio"))
    return total(parts)


def _held_back(source: Source, line: Line) -> Term:
    if not source.rule_value(line).get("withhold"):
        return NOTHING
    return rounded(source.line("retained_gross_fen") * source.rule(line, ".withhold.ratio"), source.keep, line["label"])


def retained(source: Source, line: Line) -> Term:
    """What is kept after withholding."""
    if not source.has_line("retained_gross_fen"):
        return nothing_while(source, line, "surplus_fen")
    return source.line("retained_gross_fen") - _held_back(source, line)


def deferred(source: Source, line: Line) -> Term:
    """What is withheld, where the rule pays it later."""
    if not source.has_line("retained_gross_fen"):
        return nothing_while(source, line, "surplus_fen")
    withhold = source.rule_value(line).get("withhold")
    if withhold and withhold["then"] == "deferred":
        return _held_back(source, line)
    return nothing_of(source.line("retained_gross_fen"))


def nothing_of(term: Term) -> Term:
    """Always 0: the rule leaves nothing of it, whatever it is."""
    return Term(f"0*{term.inside}", NOTHING.value, bare=False)


def _shareable_part(source: Source, line: Line) -> Term:
    rule, bounds = source.rule_value(line), [source.line("overrun_fen")]
    if rule.get("ceiling") is not None:
        bounds.append(source.rule(line, ".ceiling") * source.fact("budget_fen"))
    causes = rule.get("causes", "any")
    if causes != "any":
        known = [f"overrun_causes.{cause}" for cause in causes if f"overrun_causes.{cause}" in source.facts.at]
        bounds.append(total([source.fact(path) for path in known]))
    return least(*bounds)


def _excluded(source: Source, line: Line) -> Test:
    rule, reasons = source.rule_value(line), source.rule_value(line).get("none_if") or ()
    tests = [source.facts.flag(fact) for reason, fact in (("failed", "failed"), ("fund_deficit", "fund_in_deficit"))
             if reason in reasons]
    return any_of([*tests, Test("TRUE", True)] if rule.get("kind", "tiers") == "none" else tests)


def shareable(source: Source, line: Line) -> Term:
    """The part of an overrun that is shared at all."""
    part = choose(_excluded(source, line), NOTHING, _shareable_part(source, line))
    return rounded(part, source.keep, line["label"])


def fund_share(source: Source, line: Line) -> Term:
    """What the fund bears: by tiers from the bottom, or by the gate, within the risk fund."""
    if not source.has_line("shareable_fen"):
        return nothing_while(source, line, "overrun_fen")
    rule, overrun, budget = source.rule_value(line), source.line("overrun_fen"), source.fact("budget_fen")
    if rule.get("kind", "tiers") == "none":
        return nothing_of(overrun)
    borne = _tiered(source, line, source.keep("可分担的超支 shareable", _shareable_part(source, line)), budget)
    if rule.get("gate"):
        below = compared(overrun, "<", source.rule(line, ".gate.min_overrun_rate") * budget)
        borne = choose(below, overrun if rule["gate"]["below"] == "fund" else NOTHING, borne)
    if rule.get("cap") == "risk_fund":
        borne = least(borne, source.fact("risk_fund_fen"))
    return rounded(choose(_excluded(source, line), NOTHING, borne), source.keep, line["label"])


def _tiered(source: Source, line: Line, part: Term, budget: Term) -> Term:
    low, borne = NOTHING, []
    for index, tier in enumerate(source.rule_value(line)["tiers"]):
        edge = None if tier["upto"] is None else source.rule(line, f".tiers[{index}].upto") * budget
        high = part if edge is None else source.keep("分担档次上限 tier up to", least(part, edge))
        inside = source.keep("档内超支 part in tier", most(high - low, NOTHING))
        borne.append(inside * source.rule(line, f".tiers[{index}].fund"))
        low = source.keep("下一档起点 next tier from", most(low, high))
    return total(borne)


def deposit_returned(source: Source, line: Line) -> Term:
    """The deposit by the ratio at the score, of who leaves by the ratio of exits; beside what exits have fixed."""
    withheld, fixed = source.fact("deposit_withheld_fen"), given_or_nothing(source, "exit_deposit_returned_fen")
    if fixed is not NOTHING or "exit_deposit_withheld_fen" in source.facts.at:
        withheld = source.keep("年末的保证金 held to the end", withheld - source.fact("exit_deposit_withheld_fen"))
    if line["provision"] is None:
        return only_while_nothing(withheld, fixed)
    if line["provision"]["rule"] == _OF_EXITS:
        return _of_who_leaves(source, line, withheld)
    if _SCORE not in source.facts.at:
        return nothing_of(withheld) + fixed
    return rounded(withheld * _ratio_at_the_score(source, line), source.keep, line["label"]) + fixed


def _of_who_leaves(source: Source, line: Line, withheld: Term) -> Term:
    """The deposit by the one ratio of exits; #N/A where the facts are made those of a whole year."""
    returned = rounded(withheld * source.rule(line), source.keep, line["label"])
    return Term(f"IF({source.facts.flag('leaving').text},{returned.text},NA())", returned.value, returned.over)


def given_or_nothing(source: Source, path: str) -> Term:
    """A fact that only some worksheets have."""
    return source.fact(path) if path in source.facts.at else NOTHING


def _ratio_at_the_score(source: Source, line: Line) -> Term:
    ratio: Term = NOTHING
    for index, band in enumerate(source.rule_value(line)["bands"]):
        reached = compared(source.fact(_SCORE), ">=", source.rule(line, f".bands[{index}].from"))
        ratio = choose(reached, _band_ratio(source, line, f".bands[{index}]", band), ratio)
    return source.keep("返还比例 ratio at the score", ratio)


def _band_ratio(source: Source, line: Line, path: str, band: Mapping[str, Any]) -> Term:
    if "ratio" in band:
        return source.rule(line, f"{path}.ratio")
    below = most(source.rule(line, f"{path}.top") - source.fact(_SCORE), NOTHING)
    less = below * source.rule(line, f"{path}.less_per_point")
    return least(most(source.rule(line, f"{path}.ratio_at_top") - less, NOTHING), ONE)


def only_while_nothing(term: Term, then: Term) -> Term:
    """``then`` while the term is 0, else #N/A: no rule of it stands on the worksheet."""
    test = compared(term, "=", NOTHING)
    if not test.holds:
        raise NotExact("it is not zero")
    return Term(f"IF({test.text},{then.text},NA())", then.value, then.over)


def identity(source: Source, line: Line) -> Test:
    """One of the three identities, from the facts and lines it names."""
    fact, lines = source.fact, source.line
    settled = fact("months.gross_fen") - fact("months.audit_deduction_fen")
    if line["key"] == "identities.months":
        paid = total([fact(f"months.{name}") for name in ("deposit_fen", "prepayment_offset_fen", "net_fen")])
        return compared(settled, "=", paid + fact("opening_carry_fen") - fact("open_carry_fen"))
    if line["key"] == "identities.budget":
        return _budget_identity(source)
    cost = (fact("own_fen") + fact("inflow_fen") - fact("rejected_own_fen") - fact("rejected_inflow_fen")
            - fact("penalties_fen"))
    outstanding = (fact("prepayment_advanced_fen") - fact("prepayment_repaid_fen")
                   - fact("months.prepayment_offset_fen"))
    return compared(lines("due_fen"), "=", cost - settled + lines("retained_fen") - lines("own_share_fen")
                    + lines("deposit_returned_fen") - outstanding - fact("open_carry_fen")
                    - given_or_nothing(source, "exit_paid_fen"))


def _budget_identity(source: Source) -> Test:
    fact, lines = source.fact, source.line
    budget, net = fact("budget_fen"), lines("charged_fen") - fact("rejected_own_fen")
    names = ("charged_fen", "retained_fen", "deferred_fen", "returned_to_pool_fen")
    surplus = compared(budget, "=", total([lines(name) for name in names]))
    overrun = compared(budget + lines("fund_share_fen") + lines("own_share_fen"), "=", net)
    neither = every([compared(net, "<=", budget), compared(budget, "<=", lines("charged_fen"))])
    has_surplus = compared(lines("surplus_fen"), ">", NOTHING)
    has_overrun = compared(lines("overrun_fen"), ">", NOTHING)
    holds = (surplus if has_surplus.holds else overrun if has_overrun.holds else neither).holds
    return Test(f"IF({has_surplus.text},{surplus.text},IF({has_overrun.text},{overrun.text},{neither.text}))", holds)


def members_add_up(source: Source, line: Line) -> Test:
    """Whether the members' dues, the retained surplus and the unshared own share are the consortium's due."""
    dues = total([source.line(f"{lines}due_fen") for lines, _ in source.each("members")])
    return compared(dues + source.line("members.retained_fen") - source.line("members.unshared_own_share_fen"), "=",
                    source.line("due_fen"))
