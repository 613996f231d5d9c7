"""Which lines have a formula of their own in a spreadsheet, and the formula of every line that can have one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from workflow.workbook import (
    amounts,
    clearing,
    factors,
    health,
    health_units,
    monitoring,
    plan,
    ranking,
    scores,
    unit_scores,
    units,
)
from workflow.workbook.exact import NotExact, Term, Test, rounded
from workflow.workbook.parsing import parsed
from workflow.workbook.source import Line, Source

Made = Term | Test | str


def _unless_not(source: Source, line: Line) -> Term:
    return health.not_so(source, line) if line["formula"].startswith("not ") else parsed(source, line)


_MAKERS: dict[str, dict[str, Callable[[Source, Line], Made]]] = {
    "budget": {
        r"package_fen": amounts.package, r"general_fen": amounts.general_part,
        r"adjustments\..*|carve_outs\..*|approved_fen|pool_budget_fen": amounts.as_given,
        r"consortia\..*": factors.consortium,
    },
    "monthly-settlement": {
        r"members\..*\.gross_fen": amounts.member_gross, r"members\..*\.audit_deduction_fen": amounts.as_given,
        r"members\..*\.prepayment_offset_fen": amounts.offset_of_a_member,
        r"(gross|audit_deduction|deposit|carried_out)_fen": amounts.sum_of_members,
        r"prepayment_offset_fen": amounts.offset_of_the_month, r"net_to_lead_fen": amounts.net_to_lead,
        r"charged_fen": amounts.charged, r"away_fen": amounts.as_given,
        r"(excluded|penalties|recoveries|fines)_fen": amounts.memo,
    },
    "annual-clearing": {
        r"budget_fen": amounts.as_given, r"charged_fen": amounts.charged,
        r"retention_ratio": clearing.retention_ratio, r"retained_gross_fen": clearing.retained_gross,
        r"retained_fen": clearing.retained, r"deferred_fen": clearing.deferred,
        r"shareable_fen": clearing.shareable, r"fund_share_fen": clearing.fund_share,
        r"deposit_returned_fen": clearing.deposit_returned, r"earlier_deposits\..*": amounts.as_given,
        r"identities\..*": clearing.identity, r"members\.unshared_own_share_fen": amounts.unshared,
        r"members\.add_up": clearing.members_add_up,
        r"members\..*\.deposit_returned_fen": amounts.deposit_of_a_member,
    },
    "assessment": {
        r"(members\..*\.)?points\..*": scores.points, r"(members\..*\.)?annual_score": scores.annual,
        r"(members\..*\.)?daily_score": scores.daily, r"(members\..*\.)?tilt": scores.tilt,
        r"(members\..*\.)?score": scores.score, r"(members\..*\.)?passed": scores.passed,
    },
    "surplus-plan": {
        r"(retained|own_share)_fen|deductions\..*": amounts.as_given, r"distributable_fen": plan.distributable,
        r"pots\..*": plan.to_tier, r"tiers\..*": plan.tier_total, r"public_health_fen": plan.public_health,
        r"public_health\..*": plan.public_health_part, r"township_village_fen": plan.primary,
        r"members\..*": plan.member,
    },
    "payment-modes": {r"away_change_fen": health.prior_away, r"modes\..*\.(deducted|retained)_fen": _unless_not},
    "chronic-package": {
        r"difference_fen": health.chronic_difference, r"(surplus|overrun)_fen": health.chronic_left,
        r"(approved|drg_spending|package_spending)_fen": amounts.as_given, r"disease_groups": health.enacted,
        r"consortia\..*": health.chronic_consortium, r"tiers\..*": health.chronic_tier,
        r"members\..*": health.chronic_member,
    },
    "public-health": {
        r"prepaid_fen": health.prepaid, r"not_prepaid_fen": health.later, r"prepayments\..*": health.quarter,
        r"townships\..*": health.township, r"village_fen": amounts.as_given,
        r"(process|target|result)_fen": health.village_part, r"(process|target)_paid_fen": health.part_paid,
        r"process_deducted_fen|target_unmet_fen": health.part_left, r"result_pool_fen": health.result_pool,
        r"bands\..*": health.band, r"units\..*\.(process|target)_quota_fen": health.unit_quota,
        r"units\..*\.score": health.unit_score, r"units\..*\.process_fen": health.unit_process,
        r"units\..*\.target_fen": health.unit_target, r"units\..*\.per_head_fen": health.unit_per_head,
        r"units\..*\.rank": ranking.rank, r"units\..*\.band": ranking.band,
        r"units\..*\.result_fen": ranking.result, r"units\..*\.total_fen": ranking.unit_total,
        r"result_paid_fen|undistributed_fen": ranking.result_paid,
    },
    "health-unit": {
        r"county_growth": health_units.mean, r"units\..*\.growth": health_units.growth,
        r"units\..*\.takes_part": health_units.takes_part,
        r"units\..*\.(general|chronic)_(surplus|overrun)_fen": health_units.left_over,
        r"units\..*\.(general|chronic)\.(county|township|village)": health_units.level,
        r"units\..*\.team\..*": health_units.team, r"(not_)?shared_fen": health_units.shared,
        r"tiers\..*": health_units.level_total,
    },
    "unit-accounts": {
        r"units\..*\.points\..*": unit_scores.points,
        r"units\..*\.operating_income_fen": units.operating_income,
        r"units\..*\.operating_costs_fen": units.operating_costs,
        r"units\..*\.public_benefit_income_fen": units.duty_income,
        r"units\..*\.public_benefit_costs_fen": units.duty_costs,
        r"units\..*\.internal_(income|costs)_fen": units.internal, r"units\..*\.cost_margin": units.margin,
        r"income_fen": units.of_the_units("operating_income_fen", "public_benefit_income_fen"),
        r"costs_fen": units.of_the_units("operating_costs_fen", "public_benefit_costs_fen"),
        r"internal_trade_fen": units.of_the_units("internal_income_fen"), r"internal_net_fen": units.internal_net,
        r"units\..*\.(public_benefit|operating)_score": unit_scores.half_score,
        r"units\..*\.score": unit_scores.score, r"units\..*\.passed": unit_scores.passed,
        r"units\..*\.rectification": unit_scores.rectification,
        r"(units\..*\.)?reward_fen": unit_scores.reward,
    },
    "indicators": {
        r"indicators\..*": monitoring.indicator, r"changes\..*": monitoring.change, r"trends\..*": monitoring.trend,
        r"reported": monitoring.reported, r"milestones\..*": monitoring.milestone,
        r"next_(dispatch|review)": monitoring.due,
    },
    "qualification": {r"grades\..*": scores.grade, r"counts\..*": scores.graded, r"passes": scores.passes},
}  # fmt: skip
_GIVEN = ("given", "as stated", "as approved", "approved amount", "memo")


@dataclass(frozen=True, slots=True)
class Formula:
    """What the cell of a line holds; ``given`` when it only repeats a fact."""

    text: str
    given: bool


def formula_of(source: Source, line: Line) -> Formula | None:
    """The formula of a line; ``None`` where a spreadsheet cannot give exactly what the line says.

    Whatever is made is worked out here too and must give the line's own figure today.
    """
    kept, tables = len(source.workings.rows), dict(source.tables)
    try:
        made = _made(source, line)
        if _is_the_line(made, line):
            text = _text(made)
            return Formula(f"={text}", re.fullmatch(r"'事实'!\$D\$[0-9]+", text) is not None)
    except (NotExact, KeyError, StopIteration, ValueError, TypeError):
        pass
    del source.workings.rows[kept:]
    source.tables = tables
    return None


def _made(source: Source, line: Line) -> Made:
    for pattern, make in _MAKERS.get(source.data["sheet"], {}).items():
        if re.fullmatch(pattern, line["key"]):
            made = make(source, line)
            return made if isinstance(made, Test | str) or line["amount_fen"] is None else _whole(source, line, made)
    if line["unit"] == "choice":
        return source.rules.cell(source.rule_path(line))
    if line["formula"].startswith(_GIVEN):
        return amounts.as_given(source, line)
    return parsed(source, line)


def _whole(source: Source, line: Line, made: Term) -> Term:
    return rounded(made, source.keep, line["label"])


def _is_the_line(made: Made, line: Line) -> bool:
    if isinstance(made, str):
        return True
    if isinstance(made, Test):
        return made.holds is line["value"]
    said: Any = line["value"] if line["amount_fen"] is None else line["amount_fen"]
    return said is not None and not isinstance(said, bool) and made.value == Fraction(Decimal(said))


def _text(made: Made) -> str:
    if isinstance(made, str):
        return made
    if isinstance(made, Test):
        return made.text
    return made.text if made.over == 1 else f"{made.inside}/{made.over}"


def formulas(source: Source) -> list[Formula | None]:
    """The formula of every line; what reads a line that does not follow the facts does not follow them either."""
    while True:
        source.begin()
        found = [formula_of(source, line) for line in source.lines]
        fixed = {line["key"] for line, formula in zip(source.lines, found, strict=True) if formula is None}
        if fixed == source.fixed:
            return found
        source.fixed = fixed
