"""Random years of one consortium and pool: drawn straight, or lived month by month through the monthly worksheet.

Members join and leave within the year; some that leave are cleared at once by the same worksheet, others in the end.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from governance.money import apportion
from governance.settlement import CATEGORIES
from governance.sheets import run
from tests.governance.books import book, month

LARGEST = 10**11
BANDS = {"bands": [{"from": "60", "top": "80", "ratio_at_top": "1", "less_per_point": "0.03"},
                   {"from": "80", "ratio": "1"}]}
RETENTIONS: list[dict[str, Any]] = [
    {"by": "flat", "ratio": "1"},
    {"by": "flat", "ratio": "0.3", "cap": {"of_budget": "0.03"}},
    {"by": "flat", "ratio": "0.7", "withhold": {"ratio": "0.1", "then": "deferred"}},
    {"by": "score", "fails_below": "60",
     "bands": [{"from": "60", "ratio": "0.5"}, {"from": "80", "ratio": "0.8"}, {"from": "90", "ratio": "1"}]},
    {"by": "surplus_rate", "reading": "marginal", "withhold": {"ratio": "0.333", "then": "returned"},
     "bands": [{"from": "0.02", "ratio": "0.5"}, {"from": "0.1", "ratio": "0.9"}]},
    {"by": "surplus_rate", "reading": "whole", "gate": {"min_surplus_rate": "0.02"},
     "bands": [{"from": "0", "ratio": "0.9"}, {"from": "0.1", "ratio": "0.5"}]},
]  # fmt: skip
OVERRUNS: list[dict[str, Any]] = [
    {"kind": "none"},
    {"kind": "tiers", "cap": "risk_fund", "causes": "any",
     "tiers": [{"upto": "0.05", "fund": "0.4"}, {"upto": "0.1", "fund": "0.3"}, {"upto": "0.15", "fund": "0.2"}]},
    {"kind": "tiers", "causes": ["policy", "force_majeure"], "ceiling": "0.10", "none_if": ["failed", "fund_deficit"],
     "tiers": [{"upto": "0.10", "fund": "0.5"}]},
    {"kind": "agreement", "ceiling": "0.10", "none_if": ["failed", "fund_deficit"]},
    {"kind": "tiers", "gate": {"min_overrun_rate": "0.02", "below": "fund"}, "tiers": [{"upto": None, "fund": "0.75"}]},
]  # fmt: skip
AGREED = {"clearing.overrun": {"tiers": [{"upto": "0.05", "fund": "0.6"}, {"upto": "0.10", "fund": "0.3"}]}}
SIX_THREE_ONE = {"county": "6", "township": "3", "village": "1"}
# Books are read-only and few, so each is made once: (retention, overrun, deposit ratio, book).
BOOKS = [
    (retention, overrun, book({
        "clearing.retention": retention, "clearing.overrun": overrun, "clearing.deposit_return": BANDS,
        "settlement.deposit_ratio": ratio, "settlement.prepayment_offset_by": by,
        "clearing.member_exit_deposit": {"0.05": "0.75", "0": "1", "0.03": "0.333333"}[ratio],
        "surplus.tier_ratios": SIX_THREE_ONE, "overrun.tier_ratios": SIX_THREE_ONE}, AGREED))
    for retention in RETENTIONS for overrun in OVERRUNS
    for ratio, by in (("0.05", "available"), ("0", "recipients"), ("0.03", "recipients"))
]  # fmt: skip


@dataclass(slots=True)
class Year:
    """One year: its facts, its rules, and where it was lived the accounts its months left open."""

    facts: dict[str, Any]
    retention: dict[str, Any]
    overrun: dict[str, Any]
    book: Any
    accounts: Counter[str] = field(default_factory=Counter)
    lived: bool = False
    joins: int = 0
    leaves: int = 0


def _circumstances(random: Random, charged_fen: int) -> dict[str, Any]:
    """Budget, score and what else decides how a year is cleared; budgets lie on, beside and far from the cost."""
    near = charged_fen + random.choice((-1, 0, 1, random.randint(-50, 50)))
    far = charged_fen * random.randint(80, 120) // 100
    return {
        "budget_fen": max(random.choice((near, far, random.randrange(LARGEST))), 0),
        "score": f"{random.randint(0, 10000) / 100:.2f}", "failed": random.random() < 0.15,
        "fund_in_deficit": random.random() < 0.15, "risk_fund_fen": random.choice((0, random.randrange(LARGEST))),
        "overrun_causes": {cause: random.randrange(LARGEST // 10)
                           for cause in ("policy", "force_majeure", "mismanagement") if random.random() < 0.6},
        "penalties_fen": random.choice((0, random.randrange(10**8))), "pool": random.choice(("resident", "employee")),
    }


def drawn(random: Random) -> Year:
    """A year whose months are drawn as sums that agree, nothing of it run month by month."""
    retention, overrun, rules = random.choice(BOOKS)
    gross, audit, deposit, offset, opening, carry, own, away, inflow = (
        random.choice((0, random.randrange(100), random.randrange(LARGEST))) for _ in range(9))
    net = gross - audit - deposit - offset - opening + carry
    if net < 0:
        gross, net = gross - net, 0
    facts = _circumstances(random, own + away) | {
        "own_fen": own, "away_fen": away, "inflow_fen": inflow,
        "rejected_own_fen": random.choice((0, own // 50, audit)),
        "rejected_inflow_fen": random.randrange(10**6), "deposit_withheld_fen": deposit,
        "prepayment_advanced_fen": offset + random.randrange(10**8), "prepayment_repaid_fen": random.randrange(10**8),
        "opening_carry_fen": opening, "open_carry_fen": carry,
        "months": {"gross_fen": gross, "audit_deduction_fen": audit, "deposit_fen": deposit,
                   "prepayment_offset_fen": offset, "net_fen": net},
    }
    left = _divided(random, facts)
    return Year(facts, retention, overrun, rules, leaves=left)


def _divided(random: Random, facts: dict[str, Any]) -> int:
    """Divide a drawn year between members, of whom some were cleared when they left; returns how many were."""
    sums = {"net_fen": facts["months"]["net_fen"],
            "prepayment_fen": facts["prepayment_advanced_fen"] - facts["prepayment_repaid_fen"]}
    sums |= {name: facts[name] for name in (
        "own_fen", "inflow_fen", "rejected_own_fen", "rejected_inflow_fen", "penalties_fen", "deposit_withheld_fen",
        "opening_carry_fen")}  # fmt: skip
    weights = [random.choice((1, random.randrange(1, 100), random.randrange(1, 10**6)))
               for _ in range(random.randint(1, 7))]
    parts = {name: apportion(fen, random.sample(weights, len(weights))) for name, fen in sums.items()}
    members = [{"member": f"m{index}"} | {name: parts[name][index] for name in parts}
               for index in range(len(weights))]
    left = [member for member in members[1:] if random.random() < 0.3]
    for member in left:
        _fixed(member, random.randint(0, member["deposit_withheld_fen"]))
    facts["members"] = members
    facts["exit_paid_fen"] = sum(member["exit_paid_fen"] for member in left)
    facts["exit_deposit_withheld_fen"] = sum(member["deposit_withheld_fen"] for member in left)
    facts["exit_deposit_returned_fen"] = sum(member["exit_returned_fen"] for member in left)
    return len(left)


def _fixed(member: dict[str, Any], returned_fen: int) -> None:
    """The member was paid at its exit what it comes to with ``returned_fen`` of its deposit."""
    added = ("own_fen", "inflow_fen")
    taken = ("rejected_own_fen", "rejected_inflow_fen", "penalties_fen", "net_fen", "prepayment_fen",
             "deposit_withheld_fen", "opening_carry_fen")  # fmt: skip
    member["exit_returned_fen"] = returned_fen
    member["exit_paid_fen"] = (
        returned_fen + sum(member[name] for name in added) - sum(member[name] for name in taken))


@dataclass(slots=True)
class Member:
    """One member's year as it is lived: when it joined and left, what it still owes, what its claims came to."""

    name: str
    joined: int
    carry_fen: int
    opening_fen: int
    prepaid_fen: int = 0
    held_fen: int = 0
    leaves_after: int = 12
    exit: dict[str, int] | None = None
    sums: Counter[str] = field(default_factory=Counter)


def lived(random: Random) -> Year:
    """Twelve months of claims, rejections, prepayments and carries through the monthly sheet, and their journal."""
    retention, overrun, rules = random.choice(BOOKS)
    members = []
    for index in range(random.choice((1, 2, 3, 4, 8))):
        joined = 1 if index == 0 or random.random() < 0.7 else random.randint(2, 12)
        carry_fen = random.randrange(10**6) if joined == 1 and random.random() < 0.3 else 0
        members.append(Member(f"m{index}", joined, carry_fen, carry_fen))
        if index and joined < 12 and random.random() < 0.4:
            members[-1].leaves_after = random.randint(joined, 11)
    accounts: Counter[str] = Counter(carry=sum(member.carry_fen for member in members))
    away_fen = 0
    for period in range(1, 13):
        away_fen += random.randrange(10**7)
        _move_prepayment(random, members, accounts)
        there = [member for member in members if member.joined <= period <= member.leaves_after]
        _settle(there, random, rules, accounts)
        for member in there:
            if member.leaves_after == period < 12 and random.random() < 0.7:
                _leave(member, members[0], random, rules)
    facts = _cleared_facts(random, members, accounts, away_fen)
    return Year(facts, retention, overrun, rules, accounts, lived=True,
                joins=sum(member.joined > 1 for member in members),
                leaves=sum(member.leaves_after < 12 for member in members))


def _leave(member: Member, lead: Member, random: Random, rules: Any) -> None:
    """Clear a member to its last day: what is fixed and paid then; the prepayment its months set off is its own."""
    member.sums["own"] += random.choice((0, random.randrange(10**6)))
    member.sums["penalties"] += random.choice((0, random.randrange(10**5)))
    if member.sums["own"] < 0:
        return
    offset_fen = member.sums["offset"]
    member.prepaid_fen += offset_fen
    lead.prepaid_fen -= offset_fen
    row = _row(member)
    facts = {name: row[name] for name in (
        "own_fen", "inflow_fen", "rejected_own_fen", "rejected_inflow_fen", "penalties_fen", "deposit_withheld_fen",
        "opening_carry_fen")} | {
        "leaving": True, "budget_fen": row["own_fen"], "away_fen": 0, "prepayment_advanced_fen": offset_fen,
        "prepayment_repaid_fen": 0, "open_carry_fen": member.carry_fen, "members": [row],
        "months": {f"{name}_fen": member.sums[of] for name, of in (
            ("gross", "gross"), ("audit_deduction", "audit"), ("deposit", "deposit"), ("prepayment_offset", "offset"),
            ("net", "net"))},
    }  # fmt: skip
    results = run("annual-clearing", facts, rules).results
    assert results["identities"] == {"months": True, "budget": True, "bridge": True}, facts
    assert results["due_fen"] == results["members"][member.name]["due_fen"] and not results["overrun_fen"]
    member.exit = {"exit_paid_fen": results["due_fen"], "exit_returned_fen": results["deposit_returned_fen"]}


def _row(member: Member) -> dict[str, Any]:
    return {"member": member.name, "prepayment_fen": member.prepaid_fen, "opening_carry_fen": member.opening_fen,
            "deposit_withheld_fen": member.sums["deposit"], "net_fen": member.sums["net"],
            **{f"{name}_fen": member.sums[name] for name in (
                "own", "inflow", "rejected_own", "rejected_inflow", "penalties")}, **(member.exit or {})}


def _move_prepayment(random: Random, members: list[Member], accounts: Counter[str]) -> None:
    """Sometimes the lead gets money ahead, sometimes it gives some back in cash."""
    lead = members[0]
    if random.random() < 0.2:
        fen = random.randrange(10**8)
        accounts.update(advanced=fen, prepayment=fen)
        lead.prepaid_fen += fen
        lead.held_fen += fen
    elif accounts["prepayment"] and random.random() < 0.1:
        fen = random.randint(0, accounts["prepayment"])
        accounts.update(repaid=fen, prepayment=-fen)
        lead.prepaid_fen -= fen
        lead.held_fen -= fen


def _settle(joined: list[Member], random: Random, rules: Any, accounts: Counter[str]) -> None:
    """One month of those who have joined; its entry must balance, account by account."""
    told = [_month_of(member, random) for member in joined]
    facts = month(*told, prepayment_outstanding_fen=accounts["prepayment"],
                  prepayment_offset_requested_fen=random.choice((0, random.randrange(10**8))))
    results = run("monthly-settlement", facts, rules).results
    for member in joined:
        row = results["members"][member.name]
        entry = {"gross": row["gross_fen"], "audit": -row["audit_deduction_fen"], "deposit": -row["deposit_fen"],
                 "offset": -row["prepayment_offset_fen"], "net": -row["net_fen"],
                 "carry": row["carried_out_fen"] - member.carry_fen}
        assert sum(entry.values()) == 0, (member.name, entry)
        accounts.update({name: abs(fen) if name != "gross" and name != "carry" else fen for name, fen in entry.items()})
        accounts["prepayment"] -= row["prepayment_offset_fen"]
        member.carry_fen = row["carried_out_fen"]
        member.held_fen -= row["prepayment_offset_fen"]
        member.sums.update(deposit=row["deposit_fen"], net=row["net_fen"], offset=row["prepayment_offset_fen"],
                           gross=row["gross_fen"], audit=row["audit_deduction_fen"])


def _month_of(member: Member, random: Random) -> dict[str, Any]:
    payable: dict[str, dict[str, int]] = {}
    for category in random.sample(list(CATEGORIES), random.randint(1, 3)):
        kinds = {kind: random.randint(-(10**5), 10**7)
                 for kind in ("own", "inflow", "excluded") if random.random() < 0.7}
        payable[category] = kinds
        member.sums.update({kind: fen for kind, fen in kinds.items() if kind != "excluded"})
    audit_fen = random.choice((0, random.randrange(10**5), random.randrange(10**7)))
    member.sums[random.choice(("rejected_own", "rejected_inflow"))] += audit_fen
    return {"member": member.name, "payable_fen": payable, "audit_deduction_fen": audit_fen,
            "carried_in_fen": member.carry_fen, "prepayment_outstanding_fen": max(member.held_fen, 0)}


def _cleared_facts(random: Random, members: list[Member], accounts: Counter[str], away_fen: int) -> dict[str, Any]:
    """The facts of the clearing: cost at final rates, more rejections, and the sums of the journal."""
    left = [member for member in members if member.exit is not None]
    for member in members:
        if member.exit is not None:
            continue
        member.sums["own"] += random.randint(-(10**5), 10**6)
        member.sums["rejected_own"] += random.choice((0, random.randrange(10**5)))
        member.sums["penalties"] += random.choice((0, random.randrange(10**5)))
    members[0].sums["own"] += max(0, -sum(member.sums["own"] for member in members))
    whole: Counter[str] = Counter()
    for member in members:
        whole.update(member.sums)
    facts = _circumstances(random, whole["own"] + away_fen) | {
        "own_fen": whole["own"], "inflow_fen": whole["inflow"], "away_fen": away_fen,
        "rejected_own_fen": whole["rejected_own"], "rejected_inflow_fen": whole["rejected_inflow"],
        "penalties_fen": whole["penalties"], "deposit_withheld_fen": accounts["deposit"],
        "prepayment_advanced_fen": accounts["advanced"], "prepayment_repaid_fen": accounts["repaid"],
        "opening_carry_fen": sum(member.opening_fen for member in members), "open_carry_fen": accounts["carry"],
        "months": {f"{name}_fen": accounts[account] for name, account in (
            ("gross", "gross"), ("audit_deduction", "audit"), ("deposit", "deposit"), ("prepayment_offset", "offset"),
            ("net", "net"))},
        "members": [_row(member) for member in members],
        "exit_paid_fen": sum(member.exit["exit_paid_fen"] for member in left if member.exit),
        "exit_deposit_withheld_fen": sum(member.sums["deposit"] for member in left),
        "exit_deposit_returned_fen": sum(member.exit["exit_returned_fen"] for member in left if member.exit),
    }  # fmt: skip
    return facts
