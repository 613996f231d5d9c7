"""The facts of a year's clearing: from the months, the journal and what the agency entered; nothing is typed twice."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import and_, not_, select

from governance.money import apportion
from workflow.assessment.model import FUND, final, months_in_force
from workflow.attempt import Attempt, refuse
from workflow.budget.model import figure
from workflow.clearing.exiting import budget_share_fen
from workflow.clearing.leaving import exits_of, with_exits
from workflow.clearing.model import last_day, leaves_on, year_of
from workflow.i18n import lazy as _
from workflow.model import cases, dossiers, journals, postings, worksheets
from workflow.settlement.model import MonthFigure, months, rejections, results_of
from workflow.settlement.model import last_day as month_end
from workflow.takeover import model as takeovers

MONTH_SUMS = {
    "gross_fen": "gross_fen", "audit_deduction_fen": "audit_deduction_fen", "deposit_fen": "deposit_fen",
    "prepayment_offset_fen": "prepayment_offset_fen", "net_fen": "net_to_lead_fen",
}
Sums = dict[str, dict[str, int]]


def months_of(attempt: Attempt) -> list[MonthFigure]:
    """The months of the year that have been opened."""
    case = attempt.case
    return attempt.once(
        "months of the year", lambda: months(attempt.connection, case.consortium_id, case.pool, year_of(attempt))
    )


def members_of_year(attempt: Attempt) -> set[str]:
    """The codes of all that were members on some day of the year, those that joined or left within it included."""
    year = year_of(attempt)
    return {
        row.code
        for row in attempt.affiliations.rows
        if row.level is not None and row.since <= last_day(year) and (row.until is None or row.until.year >= year)
    }


def unfinished_months(attempt: Attempt) -> list[str]:
    """Months of the agreement that are neither closed nor carried, by name."""
    last = leaves_on(attempt)
    needed = {
        period for period in months_in_force(attempt.connection, attempt.case.consortium_id, year_of(attempt))
        if month_end(period) <= last
    }  # fmt: skip
    opened = [one for one in months_of(attempt) if month_end(one.period) <= last]
    done = {one.period for one in opened if one.closed or one.carried}
    return sorted((needed - done) | {one.period for one in opened if not (one.closed or one.carried)})


def gather(attempt: Attempt) -> dict[str, Any]:
    """The facts of the worksheet ``annual-clearing``; raises ``Refused`` without a budget or an assessment."""
    year, entered = year_of(attempt), with_exits(attempt)
    counted = [one for one in months_of(attempt) if one.closed]
    budget = figure(attempt.connection, attempt.case.consortium_id, attempt.case.pool, year)
    score = final(attempt.connection, attempt.case.consortium_id, FUND, year)
    if budget is None or score is None:
        raise refuse(_("缺少总额预算或成效考核结果"), who=_("医保经办机构"))
    sums = {name: sum(one.results[source] for one in counted) for name, source in MONTH_SUMS.items()}
    advanced_fen, repaid_fen, carries = journal_figures(attempt)
    members = member_facts(attempt, counted, advanced_fen - repaid_fen, carries)
    whole = {name: sum(one[name] for one in members) for name in (
        "own_fen", "inflow_fen", "rejected_own_fen", "rejected_inflow_fen", "penalties_fen", "opening_carry_fen")}
    left = [one for one in members if "exit_returned_fen" in one]
    if left:
        whole["exit_paid_fen"] = sum(one["exit_paid_fen"] for one in left)
        whole["exit_deposit_withheld_fen"] = sum(one["deposit_withheld_fen"] for one in left)
        whole["exit_deposit_returned_fen"] = sum(one["exit_returned_fen"] for one in left)
    facts = {
        "consortium": attempt.consortium.code, "pool": attempt.case.pool, "year": year,
        "budget_fen": budget_share_fen(attempt, budget.amount_fen), **whole,
        "away_fen": sum(one.away_fen for one in counted) + adjusted_fen(entered, "away") + used_before_fen(attempt),
        "failed": score.failed, "fund_in_deficit": entered["fund_in_deficit"],
        "overrun_causes": entered["overrun_causes"], "months": sums, "deposit_withheld_fen": sums["deposit_fen"],
        "prepayment_advanced_fen": advanced_fen, "prepayment_repaid_fen": repaid_fen,
        "open_carry_fen": sum(opened + moved for opened, moved in carries.values()), "members": members,
        "earlier_deposits": entered["earlier_deposits"],
    }
    if score.score:
        facts["score"] = score.score
    if entered["risk_fund_fen"] is not None:
        facts["risk_fund_fen"] = entered["risk_fund_fen"]
    return facts


def adjusted_fen(entered: dict[str, Any], kind: str, member: str | None = None) -> int:
    """The final-rate adjustments of a kind (of one member where given), in fen."""
    return sum(
        one["fen"]
        for one in entered["adjustments"]
        if one["kind"] == kind and (member is None or one["member"] == member)
    )


def counted_in_months(attempt: Attempt, adjustments: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Why not: adjustments that a month has settled already as a special case or an appeal; they would count twice."""
    settled = {
        (line["kind"], line["member"], line["amount_fen"]): (one.period, line["document"])
        for one in months_of(attempt) if not one.carried for line in one.additions
    }  # fmt: skip
    at_exit = {
        (line["kind"], line["member"], line["fen"])
        for one in exits_of(attempt).values() if one.entered is not None for line in one.entered["adjustments"]
    }  # fmt: skip
    asked = [(one["kind"], one["member"], one["fen"]) for one in adjustments]
    twice = [_("清算调整：“%(member)s”退出清算时已计入这一笔，不能重复登记", member=one[1]) for one in asked if one in at_exit]
    found = [settled.get(one) for one in asked]
    return twice + [
        _("清算调整：%(period)s 已按“%(document)s”计入这一笔，不能重复登记", period=held[0], document=held[1])
        for held in found if held
    ]  # fmt: skip


def used_before_fen(attempt: Attempt) -> int:
    """What a consortium taken over during the year had used of its budget before; it was paid elsewhere."""
    taken_over = takeovers.confirmed(attempt.connection, attempt.case.consortium_id)
    if taken_over is None or not str(taken_over["effective"]).startswith(attempt.case.period):
        return 0
    return int(taken_over["opening"].get(attempt.case.pool, {}).get("budget_used_fen") or 0)


def journal_figures(attempt: Attempt) -> tuple[int, int, dict[str, tuple[int, int]]]:
    """From the journal, in fen: prepayment advanced (an opening balance included) and repaid in cash, and each
    member's carry as (opening, movement of the months)."""
    year = year_of(attempt)
    rows = attempt.connection.execute(
        select(postings.c.account, postings.c.party, postings.c.fen, journals.c.year, cases.c.stage)
        .select_from(postings.join(journals).join(cases, cases.c.id == journals.c.case_id))
        .where(
            journals.c.book == f"{attempt.consortium.code}/{attempt.case.pool}",
            journals.c.year <= year,
            postings.c.account.in_(("prepayment", "carry")),
            not_(and_(cases.c.stage == "clearing", journals.c.year == year)),
        )
    )
    opening_fen = advanced_fen = repaid_fen = 0
    carries: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        if row.account == "carry":
            if row.year == year:
                carries[row.party][row.stage == "settlement"] += row.fen
        elif row.year < year:
            opening_fen += row.fen
        elif row.fen > 0:
            advanced_fen += row.fen
        elif row.stage != "settlement":
            repaid_fen -= row.fen
    return opening_fen + advanced_fen, repaid_fen, {party: (one[0], one[1]) for party, one in carries.items()}


def member_facts(
    attempt: Attempt, counted: Iterable[MonthFigure], prepaid_fen: int, carries: dict[str, tuple[int, int]]
) -> list[dict[str, Any]]:
    """Each member's year: its months, final-rate adjustments and penalties; they add up to the consortium's."""
    entered, sums = with_exits(attempt), month_sums(attempt, [one.case_id for one in counted])
    exits = exits_of(attempt)
    lead = attempt.parties.codes[attempt.consortium.lead_id]
    codes = sorted(
        members_of_year(attempt) | set(sums) | set(carries) | set(entered["penalties"])
    )
    offsets = [sums[code]["prepayment_offset_fen"] for code in codes]
    held = apportion(prepaid_fen, offsets) if 0 <= prepaid_fen < sum(offsets) else offsets
    found = []
    for code, part_fen in zip(codes, held, strict=True):
        if code == lead:
            part_fen += prepaid_fen - sum(held)
        one = sums[code]
        found.append({
            "member": code,
            **{f"{kind}_fen": one[f"{kind}_fen"] + adjusted_fen(entered, kind, code)
               for kind in ("own", "inflow", "rejected_own", "rejected_inflow")},
            "penalties_fen": entered["penalties"].get(code, 0),
            "deposit_withheld_fen": one["deposit_fen"],
            "net_fen": one["net_fen"],
            "prepayment_fen": part_fen,
            "opening_carry_fen": carries.get(code, (0, 0))[0],
            "own_share_fen": 0,
        })  # fmt: skip
        if code in exits:
            found[-1]["exit_paid_fen"] = exits[code].paid_fen
            found[-1]["exit_returned_fen"] = exits[code].returned_of_fen(one["deposit_fen"])
    return found


def month_sums(attempt: Attempt, case_ids: list[int]) -> Sums:
    """By member, what its months add up to: claims by kind, rejections by kind, deposit, offset, net; in fen."""
    sums: Sums = defaultdict(lambda: defaultdict(int))
    rows = attempt.connection.execute(
        select(dossiers.c.body, worksheets.c.facts)
        .select_from(
            cases.join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version))
            .join(worksheets, worksheets.c.case_id == cases.c.id)
        )
        .where(
            cases.c.id.in_(case_ids),
            worksheets.c.version == _newest_version(),
        )
    )
    for row in rows:
        _add_month(sums, json.loads(row.body), json.loads(row.facts))
    return sums


def _newest_version() -> Any:
    other = worksheets.alias()
    return (
        select(other.c.version)
        .where(other.c.case_id == cases.c.id)
        .order_by(other.c.version.desc())
        .limit(1)
        .correlate(cases)
        .scalar_subquery()
    )


def _add_month(sums: Sums, dossier: dict[str, Any], facts: dict[str, Any]) -> None:
    results = results_of(dossier)["members"]
    if "supplement" in dossier:
        for code, one in results.items():
            for name in ("own_fen", "inflow_fen"):
                sums[code][name] += one[name]
    else:
        for member in facts["members"]:
            for kinds in member["payable_fen"].values():
                sums[member["member"]]["own_fen"] += kinds.get("own", 0)
                sums[member["member"]]["inflow_fen"] += kinds.get("inflow", 0)
    for member_code, kind, fen in rejections(dossier):
        sums[member_code][f"rejected_{kind}_fen"] += fen
    for code, result in results.items():
        for name in ("gross_fen", "audit_deduction_fen", "deposit_fen", "prepayment_offset_fen", "net_fen"):
            sums[code][name] += result.get(name, 0)
