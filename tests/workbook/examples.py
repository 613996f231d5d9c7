"""Worksheets to recalculate: the worked examples, every case table, and scores, grades and members besides."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from governance.refusal import Refused
from governance.rulebook import Book, RuleBook
from governance.sheets import run
from tests.governance.books import CASES, book, book_of, cases, month, sheet_cases, year


class Example(NamedTuple):
    """One worksheet on its facts, under its rules."""

    says: str
    sheet: str
    facts: dict[str, Any]
    book: Book

    def data(self) -> dict[str, Any]:
        """The worksheet as plain values."""
        return run(self.sheet, self.facts, self.book).as_data()


def indicator(key: str, weight: str, direction: str = "up", **scoring: Any) -> dict[str, Any]:
    return {"key": key, "label": key, "weight": weight, "source": "医保", "direction": direction, "scoring": scoring}


SCHEME = {
    "indicators": [
        indicator("share", "30", kind="linear", floor="0.50", target="0.65"),
        indicator("growth", "20", "down", kind="threshold", target="-0.01", partial="0.5", partial_from="0.05"),
        indicator("cost", "10.5", "down", kind="linear", floor="0.145", target="0.03"),
        indicator("events", "20", kind="deduction", per_event="2.5"),
        indicator("place", "19.5", kind="ranking",
                  quantiles=[{"upto": "0.25", "ratio": "1"}, {"upto": "0.75", "ratio": "0.6"}]),
    ],
    "pass": "60", "daily": "0.4", "tilt": {"key": "tcm", "from": "0.2", "per_unit": "25", "most": "3"},
}  # fmt: skip
VALUES: dict[str, Any] = {"share": "0.6001", "growth": "0.01", "cost": "0.0701", "events": 3,
                          "place": {"rank": 2, "of": 5}, "tcm": "0.2533"}
NAMES = ("member", "unit", "consortium", "name", "township")
FACTORS = {"budget.method": "factor_share", "budget.weights": {"insured_heads": "0.6", "service_volume": "0.4"}}


def examples() -> list[Example]:
    """All of them."""
    return [*_worked(), *_tables(), *_clearings(), *_exits(), *_scores(), *_grades(), *_months(), *_budgets()]


def _worked() -> Iterator[Example]:
    for name, one in json.loads((CASES / "worked_examples.json").read_text(encoding="utf-8")).items():
        yield Example(name, name.partition(":")[0], one["facts"], book(one["rules"]))
    for one in sheet_cases():
        if "refused" not in one:
            yield Example(one["says"], one["sheet"], one["facts"], book_of(one))


def _tables() -> Iterator[Example]:
    for table in cases("overrun.yaml"):
        rules = book({"clearing.overrun": table["value"]}, {"clearing.overrun": table.get("agreement")})
        for row in table["shares"][::2]:
            facts = year(
                own_fen=1000000 + row["overrun"], risk_fund_fen=row.get("risk_fund", 10**9),
                failed=row.get("failed", False), fund_in_deficit=row.get("deficit", False),
                overrun_causes=row.get("causes", {}))
            yield Example(f"{table['rule']} {row}", "annual-clearing", facts, rules)
    for table in cases("retention.yaml"):
        rules = book({"clearing.retention": table["value"]})
        for row in table["kept"][::2]:
            facts = year(own_fen=1000000 - row["surplus"], score=row["score"], failed=row.get("failed", False))
            yield Example(f"{table['rule']} {row}", "annual-clearing", facts, rules)
    deposit = cases("deposit.yaml")
    for score in deposit["returned"]:
        facts = year(deposit_withheld_fen=10000000, own_fen=20000000, budget_fen=20000000, score=score)
        yield Example(f"deposit {score}", "annual-clearing", facts,
                      book({"clearing.deposit_return": {"bands": deposit["bands"]}}))


def _clearings() -> Iterator[Example]:
    def member(name: str, own: int, held: int, shared: int) -> dict[str, Any]:
        return {"member": name, "own_fen": own, "inflow_fen": 11, "rejected_own_fen": 7, "rejected_inflow_fen": 1,
                "penalties_fen": 2, "deposit_withheld_fen": held, "net_fen": own - held, "prepayment_fen": 0,
                "opening_carry_fen": 0, "own_share_fen": shared}

    members = [member("lead", 700003, 35001, 0), member("甲卫生院", 200001, 10001, 0), member("乙", 100003, 4999, 0)]
    rules = {"clearing.retention": {"by": "flat", "ratio": "0.145", "withhold": {"ratio": "0.15", "then": "deferred"}},
             "clearing.deposit_return": {"bands": [{"from": "60", "ratio": "0.805"}]}}
    facts = year(own_fen=1000007, inflow_fen=33, rejected_own_fen=21, rejected_inflow_fen=3, penalties_fen=6,
                 budget_fen=1200100, score="83.25", deposit_withheld_fen=50001, members=members,
                 earlier_deposits=[{"year": 2023, "returned_fen": 12345}])
    facts["months"] |= {"net_fen": 1000007 - 50001}
    yield Example("a year with members, a surplus withheld in part", "annual-clearing", facts, book(rules))


def _exits() -> Iterator[Example]:
    def member(name: str, own: int, held: int, **more: int) -> dict[str, Any]:
        return {"member": name, "own_fen": own, "inflow_fen": 0, "rejected_own_fen": 0, "rejected_inflow_fen": 0,
                "penalties_fen": 0, "deposit_withheld_fen": held, "net_fen": own - held, "prepayment_fen": 0,
                "opening_carry_fen": 0, "own_share_fen": 0, **more}

    rules = {"clearing.retention": {"by": "flat", "ratio": "0.145"}, "clearing.member_exit_deposit": "0.805",
             "clearing.deposit_return": {"bands": [{"from": "60", "ratio": "0.9"}]}}
    alone = year(own_fen=100003, budget_fen=100003, deposit_withheld_fen=5001, leaving=True,
                 members=[member("乙", 100003, 5001)])
    alone["months"] |= {"net_fen": 100003 - 5001}
    yield Example("a member that leaves", "annual-clearing", alone, book(rules))
    left = member("乙", 100003, 5001, exit_paid_fen=4026, exit_returned_fen=4026)
    for held, own in ((35001, 700003), (0, 700003)):
        others = [member("lead", own, held), member("甲卫生院", 200001, 10001 if held else 0)]
        total = sum(one["deposit_withheld_fen"] for one in [*others, left])
        facts = year(own_fen=own + 300004, budget_fen=1100000, score="83.25", deposit_withheld_fen=total,
                     members=[others[0], left, others[1]], exit_paid_fen=4026, exit_deposit_withheld_fen=5001,
                     exit_deposit_returned_fen=4026)
        facts["months"] |= {"net_fen": own + 300004 - total}
        yield Example(f"a year in which a member left, {held} held of the lead", "annual-clearing", facts, book(rules))


def _scores() -> Iterator[Example]:
    rules = book({f"assessment.{name}.scheme": SCHEME for name in ("fund", "contribution")})
    daily = ["90", "95.5", "88.05"]
    yield Example("a score", "assessment", {"scheme": "fund", "values": VALUES, "daily_scores": daily}, rules)
    members = [
        {"member": name, "daily_scores": daily, "values": VALUES | {"place": place, "share": share, "events": events}}
        for name, place, share, events in (("a", "3", "0.5701", 0), ("b", "5", "0.9", 9), ("c", "5", "0.1", 1))
    ]
    yield Example("scores of members, ranked", "assessment", {"scheme": "contribution", "members": members}, rules)


def _grades() -> Iterator[Example]:
    keys = [f"C{number:02d}" for number in range(1, 12)]
    for letters in ("AAAAAAAAAAA", "AABAABAABAB", "AABAABAAABB", "AAABBBAACAB"):
        yield Example(f"grades {letters}", "qualification", {"grades": dict(zip(keys, letters, strict=True))},
                      RuleBook.load().at("cn").in_force(date(2024, 10, 31)))
    met = {"grades": {"Q11": "met", "Q12": "not_met", "Q13": "met"}, "substantive_operation": True}
    yield Example("met and not", "qualification", met, RuleBook.load().at("cn").in_force(date(2024, 11, 1)))


def _months() -> Iterator[Example]:
    def member(name: str, own: int, inflow: int, audit: int, carried: int, held: int) -> dict[str, Any]:
        return {"member": name, "audit_deduction_fen": audit, "carried_in_fen": carried,
                "prepayment_outstanding_fen": held,
                "payable_fen": {"drg": {"own": own, "inflow": inflow, "excluded": 5}, "item": {"own": own // 3}}}

    members = [member("县医院", 2305021435, 120044210, 4821690, 0, 9 * 10**8), member("b", 33100577, 0, 100, 77, 10**7),
               member("c", -500, 0, 0, 3, 0), member("d", 33100577, 0, 100, 77, 10**7)]
    rule = {"settlement.deposit_ratio": "0.0505"}
    facts = month(*members, away_fen=345600000, prepayment_outstanding_fen=10**9,
                  prepayment_offset_requested_fen=7 * 10**8 + 1, penalties_fen=5)
    yield Example("a large month, offset by available", "monthly-settlement", facts, book(rule))
    by_receipt = book(rule | {"settlement.prepayment_offset_by": "receipt"})
    yield Example("a large month, offset by receipt", "monthly-settlement", facts, by_receipt)


def _budgets() -> Iterator[Example]:
    def shared(*factors: tuple[str, str]) -> list[dict[str, Any]]:
        return [{"consortium": name, "factors": {"insured_heads": heads, "service_volume": volume}}
                for name, (heads, volume) in zip("甲乙丙", factors, strict=False)]

    facts = {"basis": "expenditure", "pool_budget_fen": 77799031213, "consortium": "乙"}
    for says, parts in (("uneven", (("840480", "1203377"), ("495000", "871003.5"), ("101", "3"))),
                        ("alike", (("1", "1"), ("1", "1"))), ("thirds", (("1", "2"), ("2", "4")))):
        yield Example(f"a pool by factors, {says}", "budget", facts | {"consortia": shared(*parts)}, book(FACTORS))


def on_other_facts(example: Example, numbers: random.Random) -> tuple[dict[str, Any], Example] | None:
    """The example with some of its numbers changed, and what changed by path; ``None`` where it cannot be run."""
    for part in (0.5, 0.2, 0.1):
        facts, changes = json.loads(json.dumps(example.facts)), {}
        for path, holder, key in [leaf for leaf in _leaves("", facts) if numbers.random() < part]:
            holder[key] = changes[path] = _other(holder[key], numbers)
        other = example._replace(facts=facts)
        try:
            other.data()
        except Refused:
            continue
        return changes, other
    return None


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any, Any]]:
    named = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in named:
        below = f"{path}[{key}]" if isinstance(value, list) else f"{path}.{key}" if path else str(key)
        if key in ("year", "rank", "of", "agreement", "period", *NAMES):
            continue
        if isinstance(inner, bool) or (isinstance(inner, int) and inner >= 0) or _is_number(inner):
            yield below, value, key
        yield from _leaves(below, inner)


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) is not None


def _other(value: Any, numbers: random.Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return str(numbers.choice([Decimal(value) * Decimal("0.7"), Decimal(value) + 1, Decimal(value)]))
    return numbers.choice([0, 1, value + 1, value * 7 // 10, value * 13 // 10 + 1, value])
