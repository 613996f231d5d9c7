"""Rules that compare, price and monitor, as sentences: ways of payment, internal prices, indicator sets, milestones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from governance.money import yuan
from workflow.pages.monitoring_terms import CHOICES
from workflow.pages.words import percent, pick


def _word(key: str) -> str:
    zh, en = CHOICES[key]
    return str(pick(zh, en or key.replace("_", " ")))


def _modes(value: Mapping[str, Any]) -> str:
    said = []
    for mode, how in value.items():
        excess = pick("超出部分扣减", "excess deducted") if how["excess"] == "deducted" else _word("paid")
        said.append(f"{_word(mode)}{pick('：', ': ')}"
                    + pick("，", ", ").join((_word(how["prepaid"]), excess, _word(how["saving"]))))
    return pick("；", "; ").join(said)


def _prices(value: Mapping[str, Any]) -> str:
    said = []
    for kind, price in value.items():
        if "each_fen" in price:
            amount = yuan(int(price["each_fen"]))
            said.append(pick(f"{_word(kind)}每次（时） {amount} 元", f"{_word(kind)} {amount} yuan each"))
        else:
            plus = percent(price["cost_plus"])
            said.append(pick(f"{_word(kind)}按成本加 {plus}", f"{_word(kind)} at cost plus {plus}"))
    return pick("；", "; ").join(said)


def _indicators(value: Mapping[str, Any]) -> str:
    count = sum(len(dimension["indicators"]) for dimension in value["dimensions"])
    named = pick("、", ", ").join(
        f"{pick(one['label'], one.get('label_en'))} {len(one['indicators'])}" for one in value["dimensions"])
    name = pick(value.get("name", ""), value.get("name_en"))
    return pick(f"{name}，共 {count} 项（{named}）", f"{name}, {count} in all ({named})")


def _milestones(value: Mapping[str, Any]) -> str:
    said = []
    for one in value.values():
        label = pick(one["label"], one["label_en"])
        if "at_least" in one:
            edge = percent(one["at_least"])
            said.append(pick(f"{one['by']} 前{label}不低于 {edge}", f"{label} at least {edge} by {one['by']}"))
        else:
            edge = percent(one["at_most"])
            said.append(pick(f"{one['by']} 前{label}不高于 {edge}", f"{label} at most {edge} by {one['by']}"))
    return pick("；", "; ").join(said)


SAID: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "payment_modes.modes": _modes, "unit_accounts.prices": _prices, "indicators.national": _indicators,
    "indicators.local": _indicators, "indicators.milestones": _milestones,
}  # fmt: skip
