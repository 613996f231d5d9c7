"""What the command line shows of a rule book: what is not in order, and where one answer comes from."""

from __future__ import annotations

from datetime import date
from typing import Any

from .catalogue import rule_names
from .provisions import STATUS_NAMES
from .rules import RuleBook


def check(rulebook: RuleBook) -> list[str]:
    """What is wrong with a loaded rule book in ways that do not stop it from loading; empty when all is in order.

    Sample values outside sample places, and rules without an English title. What loading itself refuses is in the
    BadRules it raises.
    """
    problems: list[str] = []
    for place, rules in sorted(rulebook.store.items()):
        for _, values in sorted(rules.items()):
            for dated in values:
                spot, _ = dated.where.words()
                provision = dated.provision
                if provision.status == "sample" and not rulebook.places[place].sample:
                    problems.append(f"{spot}：样例值只能放在样例地区 (a sample value outside a sample place)")
                if not provision.title_en:
                    problems.append(f"{spot}：缺少英文标题 (no English title)")
    return problems


def notices(rulebook: RuleBook) -> list[str]:
    """What a reader should know though it is in order: bounds in principle overridden, values not official."""
    found = list(rulebook.overridden)
    for rules in rulebook.store.values():
        for values in rules.values():
            for dated in values:
                if dated.provision.status != "official":
                    spot, _ = dated.where.words()
                    found.append(f"{spot}：{STATUS_NAMES[dated.provision.status][0]} ({dated.provision.status})")
    return found


def show(rulebook: RuleBook, rule: str, place: str, day: date) -> dict[str, Any]:
    """How ``place`` answers ``rule`` on ``day``: the provision, its chain, every dated value, and who configures it.

    ``provision`` is None where nothing answers. Raises Refused for an unknown place.
    """
    at = rulebook.at(place)
    provision = at.provisions(day).get(rule)
    name = rule_names().get(rule)
    return {
        "rule": rule,
        "place": place,
        "on": day.isoformat(),
        "chain": list(rulebook.chain(place)),
        "title": name.title if name else (provision.title if provision else rule),
        "title_en": name.title_en if name else (provision.title_en if provision else rule),
        "who": name.who if name else "规则管理",
        "provision": provision.as_data() if provision else None,
        "refused": None if provision else at.missing(rule).reason,
        "history": [one.as_data() for one in at.history(rule)],
    }
