"""A stored formula with the numbers of its line put in: ``insured × per_capita`` → ``840,480 × 1,050.00``."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from governance.money import plain, yuan
from workflow.pages import formula_words, health_terms, monitoring_terms, rule_values
from workflow.pages.words import pick

_COUNTS = {"insured", "blank", "failures", "checks", *monitoring_terms.COUNTED, *health_terms.COUNTED}
_PERCENTS = {"deposit_ratio", "package_ratio", "retention_ratio", "growth", "pool_growth", "floor", "ratio"}
_PERCENTS |= {"reward_ratio"}
_PERCENTS |= health_terms.PERCENTS
# Phrases of formulas that an input stands for under another name.
_STANDS_FOR = {
    "in area": "prior_in_area", "out of area": "prior_out_of_area", "manual": "prior_manual",
    "prior settled total": "prior_settled", "lead total": "lead_total", "ratio at the score": "ratio",
    "Σ parts": "parts", "Σ deductions": "deductions", "Σ positive available": "payable", "events": "value",
    "Σ members' own_share": "shared", "prepaid before": "prepaid_before",
}  # fmt: skip
_SAYS_A_RULE = ("→", "≥", "≤")


def money_input(line: Mapping[str, Any], name: str, value: object) -> bool:
    """Whether an input is an amount in fen: whole numbers of an amount's line are, unless they count something."""
    if not isinstance(value, int) or isinstance(value, bool) or name in _COUNTS:
        return False
    return name.endswith(("_fen", "]")) or line["amount_fen"] is not None


def percent_input(line: Mapping[str, Any], name: str) -> bool:
    """Whether an input is a ratio; inside a tier ``ratio`` is a number of parts, such as the 6 of 6:3:1."""
    return name in _PERCENTS and not line["key"].startswith("pots.")


class Figures:
    """The figures of one line, by the tokens of its formula."""

    def __init__(self, line: Mapping[str, Any]) -> None:
        self.line = line
        self.inputs = {one["name"]: one["value"] for one in line["inputs"] if one["value"] is not None}
        self.shown = {formula_words.stem(name): self._figure(name, value) for name, value in self.inputs.items()
                      if not isinstance(value, bool)}
        self.rule = (line["provision"] or {}).get("value")

    def worked(self) -> str:
        """The formula with its numbers and what it gives; empty where the line has no numbers for it."""
        said, _, rest = self.line["formula"].partition(": ")
        text = self._only_what_binds(rest if said.startswith("rank ") else self.line["formula"])
        if ": " in text or self._bounded_elsewhere():
            return ""
        found = formula_words.worked(text, self.of)
        if not found or any(sign in text for sign in _SAYS_A_RULE):
            return f"{pick('代入：', 'With numbers: ')}{found}" if found else ""
        return f"= {found}\n= {self._result()}"

    def _bounded_elsewhere(self) -> bool:
        """Whether more than the formula bounds it: a rule that excludes sharing, or who received a prepayment."""
        fen, given = self.line["amount_fen"], self.inputs
        if self.line["key"] == "shareable_fen":
            return fen == 0
        bounds = [given[name] for name in ("asked_fen", "outstanding_fen", "payable_fen") if name in given]
        return self.line["key"] == "prepayment_offset_fen" and bool(bounds) and fen < min(bounds)

    def of(self, asked: str) -> str | None:
        """The figure a token of the formula stands for, None where the line has none."""
        known = self.shown.get(_STANDS_FOR.get(asked, asked))
        return known if known is not None else self._derived(asked)

    def _derived(self, asked: str) -> str | None:
        if asked == "Σ categories (own + inflow)":
            counted = [figure for name, figure in self.shown.items() if name.endswith((".own", ".inflow"))]
            return " + ".join(counted) or None
        if asked == "mean of three prior years":
            years = [_amount(value) for name, value in self.inputs.items() if name.startswith("prior_years_fen[")]
            return f"({' + '.join(years)}) ÷ 3" if years else None
        if asked == "rejected" and "rejected_own" in self.shown:
            return f"({self.shown['rejected_own']} + {self.shown['rejected_inflow']})"
        rule = self.rule if isinstance(self.rule, Mapping) else {}
        if asked == "recognised causes":
            return " + ".join(_amount(self.inputs.get(cause, 0)) for cause in rule.get("causes", ())) or None
        if asked == "Σ carve-outs" and "package_fen" in self.inputs:
            return _amount(self.inputs["package_fen"] - self.line["amount_fen"])
        if asked == "ceiling" and rule.get("ceiling"):
            return rule_values.percent(rule["ceiling"])
        if asked == "tier ratio" and "ratio" in self.inputs:
            return f"{self.inputs['ratio']} ÷ {_sum_of(rule)}"
        if asked in ("from", "per_unit", "most"):
            return (rule.get("tilt") or {}).get(asked)
        return None

    def _figure(self, name: str, value: Any) -> str:
        if money_input(self.line, name, value):
            return _amount(value)
        if percent_input(self.line, name):
            return rule_values.percent(value)
        if name == "split" and isinstance(self.line["provision"]["value"], Mapping):
            return f"{value} ÷ {_sum_of(self.line['provision']['value']['split'])}"
        if name in health_terms.PARTS:
            return f"{value} ÷ {_sum_of(self.line['provision']['value'])}"
        if isinstance(value, int):
            return f"{value:,}"
        return f"({value})" if str(value).startswith("-") else str(value)

    def _only_what_binds(self, text: str) -> str:
        """Without the bounds of an overrun that the rule does not set."""
        if not isinstance(self.rule, Mapping) or "tiers" not in self.rule:
            return text
        if self.rule.get("ceiling") is None:
            text = text.replace(", ceiling × budget", "")
        if self.rule.get("causes", "any") == "any":
            text = text.replace(", recognised causes", "")
        return text.replace("min(overrun)", "overrun")

    def _result(self) -> str:
        if self.line["amount_fen"] is not None:
            return f"{yuan(self.line['amount_fen'])} {pick('元', 'yuan')}"
        return f"{self.line['value']} {formula_words.unit(self.line['unit'])}".rstrip()


def _amount(fen: int) -> str:
    """An amount inside a formula: yuan without a unit, in brackets when negative."""
    return yuan(fen) if fen >= 0 else f"({yuan(fen)})"


def _sum_of(parts: Mapping[str, str]) -> str:
    return plain(sum((Decimal(part) for part in parts.values()), Decimal(0)))
