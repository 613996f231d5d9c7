"""All provisions in force at one place on one day, completed by what one consortium's agreement fills in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from governance.refusal import Refusal, Refused

from .bounds import bound_words, outside
from .catalogue import RuleName, rule_names
from .entries import Bound
from .provisions import NUMBER, Citation, Provision, canonical, settled
from .shapes import shape_faults


@dataclass(frozen=True, slots=True)
class Book:
    """The rules one calculation reads. Same ``digest``, same rules: it covers every provision and every answer.

    ``agreement`` answers the rules that say ``{from: agreement}`` and gives the tiers of an overrun rule of kind
    ``agreement``; answers to other rules are kept in the digest and otherwise not read.
    """

    place: str
    day: date
    provisions: Mapping[str, Provision]
    agreement: Mapping[str, Any] = field(default_factory=dict)
    _memory: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, place: str, day: date, values: Mapping[str, Any], agreement: Mapping[str, Any] | None = None) -> Book:
        """A book of given values, for tests and what-if; raises Refused when a value has not its rule's shape."""
        names = rule_names()
        faults: list[Refusal] = []
        found: dict[str, Provision] = {}
        for rule, written in values.items():
            name, value = names.get(rule, RuleName(rule, rule, rule)), settled(written)
            if not is_from_agreement(value):
                faults += [Refusal(f"{name.title}（{rule}）：{zh}", f"{rule}: {en}", who="规则管理",
                                   who_en="Rules officer", rule=rule) for zh, en in shape_faults(rule, value)]
            found[rule] = Provision(rule, place, day, value, name.unit, name.title, name.title_en, "unverified",
                                    Citation("给定", "直接给定的规则值"))
        if faults:
            raise Refused(*faults)
        return cls(place, day, found, settled(agreement or {}))

    @property
    def digest(self) -> str:
        """SHA-256, in hex, over the canonical JSON of every provision in force and the agreement's answers."""
        if "digest" not in self._memory:
            data = {"provisions": [self.provisions[rule].as_data() for rule in sorted(self.provisions)],
                    "agreement": self.agreement}
            self._memory["digest"] = hashlib.sha256(canonical(data).encode()).hexdigest()
        return str(self._memory["digest"])

    def rule(self, rule: str) -> Provision:
        """The provision that answers ``rule``; raises Refused naming the rule and who is to configure it.

        Raises Refused too when the agreement was to answer and did not, or answered outside its bounds.
        """
        known = self._memory.get(rule)
        if isinstance(known, Provision):
            return known
        provision = self.provisions.get(rule)
        if provision is None:
            raise Refused(not_configured(rule))
        self._memory[rule] = answered = self._answered(provision)
        return answered

    def find(self, rule: str) -> Provision | None:
        """As ``rule``, with None when nothing answers; an answer outside its bounds is still refused."""
        provision = self.provisions.get(rule)
        if provision is None or (is_from_agreement(provision.value) and rule not in self.agreement):
            return None
        return self.rule(rule)

    def __iter__(self) -> Iterator[Provision]:
        """Every provision in force, in the order of its key, as the place states it."""
        return iter(self.provisions[rule] for rule in sorted(self.provisions))

    def _answered(self, provision: Provision) -> Provision:
        if is_from_agreement(provision.value):
            return self._from_agreement(provision)
        tiers_due = isinstance(provision.value, dict) and provision.value.get("kind") == "agreement"
        if tiers_due and provision.rule in self.agreement:
            return self._with_tiers(provision)
        return provision

    def _from_agreement(self, provision: Provision) -> Provision:
        if provision.rule not in self.agreement:
            raise Refused(_not_agreed(provision))
        answer = self.agreement[provision.rule]
        numeric = bool(provision.value.keys() & {"min", "max"})
        if numeric and not (isinstance(answer, str) and NUMBER.match(answer)):
            raise Refused(_bad_answer(provision, f"不是数字：{answer}", f"not a number: {answer}"))
        limits = {key: Decimal(provision.value[key]) for key in ("min", "max") if provision.value.get(key) is not None}
        bound = Bound(limits.get("min"), limits.get("max"))
        if numeric and outside(answer, bound):
            zh, en = bound_words(bound)
            raise Refused(_bad_answer(provision, f"{answer} 超出{zh}", f"{answer} is beyond {en}"))
        for zh, en in shape_faults(provision.rule, answer):
            raise Refused(_bad_answer(provision, zh, en))
        return replace(provision, value=answer, answered_by="agreement")

    def _with_tiers(self, provision: Provision) -> Provision:
        answer = self.agreement[provision.rule]
        tiers = answer.get("tiers") if isinstance(answer, dict) else answer
        value = {**provision.value, "tiers": tiers}
        for zh, en in shape_faults(provision.rule, value):
            raise Refused(_bad_answer(provision, zh, en))
        return replace(provision, value=value, answered_by="agreement")


def is_from_agreement(value: Any) -> bool:
    """True for a value ``{from: agreement, …}``."""
    return isinstance(value, dict) and value.get("from") == "agreement"


def not_configured(rule: str, name: RuleName | None = None) -> Refusal:
    """The refusal for a rule that has no value at this place on this day."""
    name = name or rule_names().get(rule) or RuleName(rule, rule, rule)
    return Refusal(
        reason=f"尚未配置：{name.title}（{rule}），由{name.who}负责配置",
        reason_en=f"Not configured: {name.title_en or name.title} ({rule}); to be configured by {name.who_en}",
        who=name.who,
        who_en=name.who_en,
        rule=rule,
    )


def _not_agreed(provision: Provision) -> Refusal:
    return Refusal(
        reason=f"协议未约定：{provision.title}（{provision.rule}），由医保经办机构与牵头医院在协议中约定",
        reason_en=f"Not in the agreement: {provision.title_en} ({provision.rule}); the agency and the lead agree on it",
        who="医保经办机构与牵头医院",
        who_en="the agency and the lead hospital",
        rule=provision.rule,
    )


def _bad_answer(provision: Provision, zh: str, en: str) -> Refusal:
    return Refusal(
        reason=f"协议约定不合规则：{provision.title}（{provision.rule}）：{zh}",
        reason_en=f"The agreement breaks the rule: {provision.title_en} ({provision.rule}): {en}",
        who="医保经办机构与牵头医院",
        who_en="the agency and the lead hospital",
        rule=provision.rule,
    )
