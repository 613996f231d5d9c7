"""A narrower place may tighten what a wider one set, never loosen it, except where the wider one says in principle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from .entries import Bound, Dated
from .findings import Findings
from .provisions import NUMBER

Store = Mapping[str, Mapping[str, Sequence[Dated]]]


def check_bounds(store: Store, chains: Mapping[str, Sequence[str]], findings: Findings) -> list[str]:
    """Reports every value outside a wider place's bound; returns in words those overridden in principle (原则上)."""
    overridden: list[str] = []
    for place, rules in store.items():
        for rule, values in rules.items():
            for wider_place in chains[place][:-1]:
                wider = store.get(wider_place, {}).get(rule, ())
                _check_rule(values, wider, findings, overridden)
    return overridden


def _check_rule(
    values: Sequence[Dated], wider: Sequence[Dated], findings: Findings, overridden: list[str]
) -> None:
    for index, dated in enumerate(values):
        ends = values[index + 1].provision.since if index + 1 < len(values) else None
        for other_index, other in enumerate(wider):
            other_ends = wider[other_index + 1].provision.since if other_index + 1 < len(wider) else None
            apart = (ends is not None and ends <= other.provision.since) or (
                other_ends is not None and other_ends <= dated.provision.since
            )
            if other.bound is not None and not apart and outside(dated.provision.value, other.bound):
                _report(dated, other, findings, overridden)


def _report(dated: Dated, other: Dated, findings: Findings, overridden: list[str]) -> None:
    assert other.bound is not None
    zh, en = bound_words(other.bound)
    theirs = other.provision
    if other.bound.in_principle and dated.provision.cite.document not in ("", theirs.cite.document):
        spot, _ = dated.where.words()
        overridden.append(
            f"{spot}：超出 {theirs.place} 原则上的{zh}（{theirs.cite.document} {theirs.cite.clause}），"
            f"依据 {dated.provision.cite.document} {dated.provision.cite.clause}"
        )
        return
    findings.add(
        dated.where,
        f"超出 {theirs.place} 自 {theirs.since} 起的{zh}（{theirs.cite.document} {theirs.cite.clause}）",
        f"outside {en} set by {theirs.place} since {theirs.since} ({theirs.cite.document} {theirs.cite.clause})",
    )


def bound_words(bound: Bound) -> tuple[str, str]:
    """The limits in Chinese and English."""
    zh = [f"下限 {bound.least}"] if bound.least is not None else []
    en = [f"the minimum {bound.least}"] if bound.least is not None else []
    if bound.most is not None:
        zh.append(f"上限 {bound.most}")
        en.append(f"the maximum {bound.most}")
    return "、".join(zh), " and ".join(en)


def outside(value: Any, bound: Bound) -> bool:
    """True when a number the value holds, or leaves open, goes beyond the bound. No value (None) is never outside."""
    if value is None:
        return False
    if isinstance(value, dict) and value.get("from") == "agreement" and not bound.field:
        least, most = _number(value.get("min")), _number(value.get("max"))
        too_low = bound.least is not None and (least is None or least < bound.least)
        return too_low or (bound.most is not None and (most is None or most > bound.most))
    number = _number(value.get(bound.field) if bound.field and isinstance(value, dict) else value)
    if number is None:
        return not (isinstance(value, dict) and value.get("kind") == "none")
    too_low = bound.least is not None and number < bound.least
    return too_low or (bound.most is not None and number > bound.most)


def _number(value: Any) -> Decimal | None:
    return Decimal(value) if isinstance(value, str) and NUMBER.match(value) else None
