"""The lines of a surplus plan: pots into tiers, tiers into members, and what the lead hospital gives up."""

from __future__ import annotations

from decimal import Decimal

from workflow.workbook.amounts import once
from workflow.workbook.apportioning import split
from workflow.workbook.exact import NOTHING, NotExact, Term, Test, choose, number, rounded, total
from workflow.workbook.source import Line, Source

LEVELS = ("county", "township", "village")


def _pots(source: Source) -> list[str]:
    """The names of the pots, in the order of their lines."""
    names = [line["key"][len("pots."):].rpartition(".")[0] for line in source.lines if line["key"].startswith("pots.")]
    return list(dict.fromkeys(names))


def _amount(source: Source, pot: str) -> Term:
    if pot == "own_share":
        return source.line("own_share_fen")
    if pot == "general":
        return source.line("distributable_fen")
    return source.fact(f"{source.record(f'parts.{pot}')}.amount_fen")


def distributable(source: Source, line: Line) -> Term:
    """The surplus less the parts and the deductions."""
    both = [*source.facts.under("parts"), *source.facts.under("deductions")]
    lists = [path for path in both if path.endswith(".amount_fen")]
    taken = total([source.fact(path) for path in lists])
    return source.line("retained_fen") - taken if lists else source.line("retained_fen")


def to_tier(source: Source, line: Line) -> Term:
    """A pot's part for one level, by the tier ratios of its rule."""
    pot, _, level = line["key"][len("pots."):].rpartition(".")

    def table() -> list[Term]:
        ratios = [source.rule(line, f".{one}") if one in source.rule_value(line) else NOTHING for one in LEVELS]
        return split(source, f"{pot} → 县乡村 tiers", _amount(source, pot), list(zip(LEVELS, ratios, strict=True)))

    return once(source, f"pots.{pot}", table)[LEVELS.index(level)]


def tier_total(source: Source, line: Line) -> Term:
    """One level's part over all pots."""
    level = line["key"].rpartition(".")[2]
    return total([source.line(f"pots.{pot}.{level}") for pot in _pots(source)])


def _parts(source: Source, pot: str, level: str) -> list[Term]:
    """Every member's part of one pot at one level: by its weight when it is of the level, else nothing."""

    def table() -> list[Term]:
        weights = []
        for index, member in enumerate(source.given["members"]):
            there = Test(f'{source.facts.cell(f"members[{index}].level")}="{level}"', member["level"] == level)
            weights.append((member["member"], choose(there, source.fact(f"members[{index}].weight"), NOTHING)))
        return split(source, f"{pot} · {level} → 成员 members", source.line(f"pots.{pot}.{level}"), weights)

    return once(source, f"members.{pot}.{level}", table)


def _over_all_pots(source: Source, name: str) -> Term:
    index = next(i for i, member in enumerate(source.given["members"]) if member["member"] == name)
    return total([_parts(source, pot, level)[index] for pot in _pots(source) for level in LEVELS])


def member(source: Source, line: Line) -> Term:
    """A member's parts over all pots and levels; the lead's less the public-health share."""
    name = line["key"].partition(".")[2]
    found = _over_all_pots(source, name)
    if name == source.given["lead"] and source.has_line("public_health_fen"):
        return found - source.line("public_health_fen")
    return found


def public_health(source: Source, line: Line) -> Term:
    """The public-health share of the lead's own total."""
    gets = source.keep("牵头医院分得合计 lead total", _over_all_pots(source, source.given["lead"]))
    return rounded(gets * source.rule(line, ".ratio"), source.keep, line["label"])


def public_health_part(source: Source, line: Line) -> Term:
    """One institution's part of the public-health share."""
    names = list(source.rule_value(line)["split"])

    def table() -> list[Term]:
        weights = [(name, _weight(source, line, name)) for name in names]
        return split(source, "公共卫生机构 public health", source.line("public_health_fen"), weights)

    return once(source, "public_health", table)[names.index(line["key"].partition(".")[2])]


def _weight(source: Source, line: Line, name: str) -> Term:
    part = source.rule_value(line)["split"][name]
    try:
        return source.rule(line, f".split.{name}")
    except NotExact:
        return number(Decimal(part))


def primary(source: Source, line: Line) -> Term:
    """Townships and villages together."""
    return source.line("tiers.township") + source.line("tiers.village")
