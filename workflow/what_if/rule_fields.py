"""The rules a worksheet reads as fields: every number of each value, with what a person needs to know of the rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from governance.rulebook import Provision
from governance.rulebook.provisions import NUMBER
from workflow.i18n import lazy as _
from workflow.pages import rule_values, words
from workflow.what_if.entries import Entry, Steps, path_of, with_values, yes_no

_RATIOS = {
    "ratio", "fund", "of_budget", "min_surplus_rate", "min_overrun_rate", "ratio_at_top", "less_per_point", "ceiling",
    "fund_share", "quantile",
}  # fmt: skip
_ROWS = ("bands", "tiers", "quantiles")
_KEYS = {
    "from": _("起"), "upto": _("至"), "to": _("止"), "fund": _("基金分担"),
    "less_per_point": _("每低一分减"), "top": _("档顶分数"), "ratio_at_top": _("档顶比例"), "withhold": _("暂扣"),
    "gate": _("门槛"), "min_surplus_rate": _("最低结余率"), "of_budget": _("占总额预算"), "fails_below": _("不合格线"),
    "split": _("分给"), "indicators": _("指标"), "scoring": _("评分"), "weight": _("权重"), "floor": _("底线"),
    "target": _("目标值"), "per_event": _("每次扣分"),
}  # fmt: skip


@dataclass(slots=True)
class RuleFields:
    """One rule: its words, the value it had, and a field for every number in it."""

    rule: str
    title: str
    said: str
    since: Any
    place: str
    document: str
    clause: str
    value: Any
    entries: list[Entry]
    error: str = ""

    @property
    def tried(self) -> Any:
        """The value with what was typed; raises ``NotRead``."""
        return with_values([self.value], self.entries)[0]

    @property
    def changed(self) -> bool:
        """Whether another value is tried."""
        return any(entry.changed for entry in self.entries)


def rule_fields(provision: Provision, value: Any, names: Mapping[str, str], place: str) -> RuleFields:
    """The fields of one rule with the ``value`` it had; ``names`` are the words of the keys in its lists."""
    title = words.pick(provision.title, provision.title_en)
    entries = list(_fields(provision, value, (0,), "", names))
    for entry in entries:
        entry.label = entry.label or title
    return RuleFields(
        provision.rule, title, rule_values.value_text(provision.rule, value, provision.unit), provision.since, place,
        provision.cite.document, provision.cite.clause, value, entries,
    )  # fmt: skip


def _fields(
    provision: Provision, value: Any, steps: Steps, label: str, names: Mapping[str, str]
) -> Iterator[Entry]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            said = "" if key in _ROWS else _word(key, provision.rule, names)
            yield from _fields(provision, one, (*steps, key), _joined(label, said), names)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, one in enumerate(value):
            said = _called(one, names) or str(_("第 %(number)s 档", number=index + 1))
            yield from _fields(provision, one, (*steps, index), _joined(label, said), names)
    elif isinstance(value, str):
        kind = _kind(provision.unit, value, steps)
        if kind:
            name = f"r.{provision.rule}.{path_of(steps)}"
            choices = yes_no() if kind == "rule_flag" else ()
            yield Entry(name, steps, label, kind, value, choices, slider=_slider(provision.rule, value))


def _kind(unit: str, value: str, steps: Steps) -> str:
    """How a value is typed; empty for words, which choose a method and are not tried."""
    if value in ("true", "false") and len(steps) == 1:
        return "rule_flag"
    if not NUMBER.match(value):
        return ""
    last = next((str(step) for step in reversed(steps) if isinstance(step, str)), "")
    if (len(steps) == 1 and unit == "fen") or last.endswith("_fen"):
        return "rule_yuan"
    if (len(steps) == 1 and unit == "ratio") or last in _RATIOS:
        return "percent"
    return "number"


def _slider(rule: str, value: str) -> tuple[str, str, str] | None:
    """The shares of the three tiers can be slid."""
    if not rule.endswith("tier_ratios"):
        return None
    return ("0", "10", "0.1") if Decimal(value) <= 10 else ("0", "100", "1")


def _called(value: Any, names: Mapping[str, str]) -> str:
    key = value.get("key") if isinstance(value, Mapping) else None
    return names.get(str(key), "") if key else ""


def _word(key: str, rule: str, names: Mapping[str, str]) -> str:
    if key in names:
        return names[key]
    return str(_KEYS[key]) if key in _KEYS else rule_values.word(key, rule)


def _joined(label: str, more: str) -> str:
    return " · ".join(part for part in (label, more) if part)


def names_in(value: Any) -> dict[str, str]:
    """The words of what a rule lists by key, such as indicators: each key with its label."""
    if isinstance(value, Mapping):
        found = {}
        if {"key", "label"} <= value.keys():
            found[str(value["key"])] = words.pick(value["label"], value.get("label_en"))
        for one in value.values():
            found |= names_in(one)
        return found
    if isinstance(value, Sequence) and not isinstance(value, str):
        return {key: label for one in value for key, label in names_in(one).items()}
    return {}
