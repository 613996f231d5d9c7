"""County, township and village: splitting an amount between the three by a rule's ratios."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

from governance.money import apportion
from governance.refusal import Refusal, Refused

LEVELS: dict[str, tuple[str, str]] = {
    "county": ("县级", "county"), "township": ("乡镇", "township"), "village": ("村级", "village"),
}


def to_tiers(amount_fen: int, rule: Any) -> dict[str, int]:
    """``amount_fen`` by the ratios of ``rule`` ({county, township, village}, one left out is 0), in fen.

    Largest remainder, ties county, township, village. Raises Refused naming the rule when it names other levels.
    """
    ratios = rule.value
    if not isinstance(ratios, Mapping) or set(ratios) - set(LEVELS):
        refuse_rule(rule.rule, "分配比例应为县、乡、村三级", "tier ratios must name county, township, village")
    parts = apportion(amount_fen, [Decimal(ratios.get(level, "0")) for level in LEVELS])
    return dict(zip(LEVELS, parts, strict=True))


def refuse_rule(rule: str, zh: str, en: str) -> NoReturn:
    """Raises Refused over a rule of sharing, for the committee and the rules officer to mend."""
    raise Refused(Refusal(reason=f"{zh}（{rule}）", reason_en=f"{en} ({rule})", who="管委会与规则管理",
                          who_en="the committee and the rules officer", rule=rule))
